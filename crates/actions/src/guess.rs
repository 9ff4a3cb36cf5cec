//! Plans bound for what a caller has probably just said: beside the drafts, seen by nobody, until the real question comes.
//!
//! A guess is a copy. Nothing of it is told, journalled or carried out; the next real question of the same call either takes it
//! over, when it asks for exactly the same, or drops it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::{CallId, PlanId, PlanReply, PlanRequest, Record};
use callwright_wire::actions::CoreError;

use crate::draft::Draft;

/// One guess for each call at most: the latest.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<BTreeMap<CallId, Guess>>);

struct Guess {
    asked: Asked,
    work: Arc<tokio::sync::Mutex<Guessed>>,
    since: Instant,
}

/// What was asked, as far as it decides the answer.
#[derive(PartialEq)]
struct Asked {
    plan: Option<PlanId>,
    pack: String,
    skill: String,
    inputs: Record,
}

/// The copy and what binding it led to; no reply yet, or none ever, when the asker went away.
pub(crate) struct Guessed {
    pub(crate) draft: Draft,
    pub(crate) reply: Option<Result<PlanReply, CoreError>>,
}

impl Guesses {
    /// Makes room for a guess. It takes the place of the call's last one.
    pub(crate) fn begin(
        &self,
        request: &PlanRequest,
        draft: Draft,
        calls_max: usize,
    ) -> Result<Arc<tokio::sync::Mutex<Guessed>>, CoreError> {
        let work = Arc::new(tokio::sync::Mutex::new(Guessed { draft, reply: None }));
        let mut guesses = self.lock();
        guesses.retain(|_, guess| guess.since.elapsed() < GUESS_LASTS);
        if guesses.len() >= calls_max && !guesses.contains_key(&request.call) {
            return Err(CoreError::Busy("too many plans are guessed".to_owned()));
        }
        let guess = Guess { asked: Asked::of(request), work: Arc::clone(&work), since: Instant::now() };
        guesses.insert(request.call, guess);
        Ok(work)
    }

    /// Takes the call's guess out; it comes back only when it answers this very question.
    pub(crate) fn take(&self, request: &PlanRequest) -> Option<Arc<tokio::sync::Mutex<Guessed>>> {
        let guess = self.lock().remove(&request.call)?;
        (guess.asked == Asked::of(request) && guess.since.elapsed() < GUESS_LASTS).then_some(guess.work)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CallId, Guess>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    fn of(request: &PlanRequest) -> Self {
        Self {
            plan: request.plan.clone(),
            pack: request.pack.clone(),
            skill: request.skill.clone(),
            inputs: request.inputs.clone(),
        }
    }
}

/// What was read for a guess is this old at most when it is used; the guess itself comes true within a second or never.
const GUESS_LASTS: Duration = Duration::from_secs(10);
