//! A human is found for a call, and their telephones ring.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use callwright_call_core::queue::{Nobody, Output, Wish};
use callwright_conversation::{Fact, HumanFact};
use callwright_model::{LegCommand, LegId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::debug;

use super::phone::{Callee, place};
use crate::gateway::board::Legs;

/// Has the queue find somebody, and tells the call whom.
pub(crate) async fn find(legs: Legs, leg: LegId, wish: Wish) {
    let shared = &legs.shared;
    let told = shared.humans.seek(legs.call, wish, shared.media.now());
    let fact = match wait(&legs, leg, told).await {
        Some(Ok(humans)) => {
            let how = shared.humans.way(&humans);
            let human = humans.first().copied().unwrap_or_default();
            // One of several may be any of them.
            let alone = humans.first().filter(|_| humans.len() == 1);
            let language = alone.and_then(|at| shared.humans.person(*at)?.languages.first().copied());
            legs.table().found = humans;
            HumanFact::Found { human, how, language }
        }
        Some(Err(why)) => HumanFact::Nobody { why: reason(why).to_owned(), tried: was_there(why) },
        // The call looks for somebody else by now, or for nobody.
        None => return,
    };
    drop(legs.facts.send(Fact::Human(leg, fact)).await);
}

/// Waits for an offer, and tells the call where it stands.
async fn wait(
    legs: &Legs,
    leg: LegId,
    mut told: mpsc::Receiver<Output>,
) -> Option<Result<Vec<usize>, Nobody>> {
    let mut stands = None;
    loop {
        match tokio::time::timeout(STANDS_EVERY, told.recv()).await {
            Ok(None) => return None,
            Ok(Some(Output::Nobody { why, .. })) => return Some(Err(why)),
            Ok(Some(Output::Offer { humans, .. })) => return Some(Ok(humans)),
            Ok(Some(Output::Waits { place, minutes, .. })) => {
                stands = Some(HumanFact::Waiting { place, minutes });
            }
            // The call does not wait for a queue that says nothing.
            Err(_) => {}
        }
        if let Some(fact) = stands.clone() {
            legs.facts.send(Fact::Human(leg, fact)).await.ok()?;
        }
    }
}

/// Rings all phones of all who were found at once, and follows whoever answers to the end.
pub(crate) async fn ring(legs: Legs, leg: LegId) {
    let shared = &legs.shared;
    let won = Arc::new(AtomicBool::new(false));
    let mut calls = JoinSet::new();
    let found = legs.table().found.clone();
    for (human, person) in found.into_iter().filter_map(|at| Some((at, shared.humans.person(at)?))) {
        for address in person.addresses.iter().take(PHONES_MAX) {
            let rival = Rival { human, number: calls.len(), won: Arc::clone(&won) };
            let callee = Callee {
                name: person.name.clone(),
                address: address.clone(),
                replaces: None,
                referred_by: None,
                rival: Some(rival),
            };
            let legs = legs.clone();
            calls.spawn(async move { place(&legs, leg, callee).await });
        }
    }
    let mut refused = Vec::new();
    while let Some(done) = calls.join_next().await {
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => refused.push(format!("{error:#}")),
            Err(error) => refused.push(error.to_string()),
        }
    }
    let outcome =
        if won.load(Ordering::Acquire) { HumanFact::Gone } else { HumanFact::Refused(refused.join("; ")) };
    shared.media.command(leg, LegCommand::Remove);
    legs.forget(leg);
    debug!(?outcome, "a human's phones are done");
    drop(legs.facts.send(Fact::Human(leg, outcome)).await);
}

/// One of the phones that ring for one leg: the first that is answered has the call.
pub(crate) struct Rival {
    human: usize,
    pub(crate) number: usize,
    won: Arc<AtomicBool>,
}

impl Rival {
    /// This one was answered. False when another was before; else the others stop ringing, and their owners are free.
    pub(crate) fn wins(&self, legs: &Legs, leg: LegId) -> bool {
        if self.won.swap(true, Ordering::AcqRel) {
            return false;
        }
        legs.shared.humans.answered(legs.call, self.human, legs.shared.media.now());
        legs.stop_others(leg, self.number);
        true
    }
}

/// For the operator.
fn reason(why: Nobody) -> &'static str {
    match why {
        Nobody::Unfit => "nobody takes such callers",
        Nobody::Closed => "it is nobody's working time",
        Nobody::Away => "everybody has paused, or their phones cannot be reached",
        Nobody::Tried => "everybody was rung",
        Nobody::Full => "too many wait",
        Nobody::TooLong => "the caller has waited for too long",
    }
}

/// Whether there was anybody who might have come.
fn was_there(why: Nobody) -> bool {
    match why {
        Nobody::Unfit | Nobody::Closed | Nobody::Away => false,
        Nobody::Tried | Nobody::Full | Nobody::TooLong => true,
    }
}

/// How often a call that waits is told that it still does; its own patience is three times as long.
const STANDS_EVERY: Duration = Duration::from_secs(10);
/// Phones of one human.
const PHONES_MAX: usize = 4;
