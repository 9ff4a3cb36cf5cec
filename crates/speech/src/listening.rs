//! One leg's way from its ring of sound to its utterances.

mod in_step;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::{Expect, Frame, Heard, Hints, Language, Pii, Recognised, TurnId, Utterance};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, warn};

use crate::RecogniseError;
use crate::recogniser::{GivenUp, Hearing, Reading, Recogniser};
use crate::scheduler::{Place, Queue, Urgency};
use crate::turn_model::TurnModel;
pub use in_step::StepEar;

/// What it takes to listen to a leg.
pub struct Listening {
    /// The leg's sound and turn boundaries.
    pub heard: rtrb::Consumer<Heard>,
    /// Told by the leg when something is in the ring.
    pub signal: Arc<Notify>,
    /// The caller's language until [`Ear::expect`] says another.
    pub language: Language,
    /// What is expected at first.
    pub hints: Hints,
    /// Where words go. Finals wait when it is full, words so far are left out.
    pub reports: mpsc::Sender<Recognised>,
}

/// Listens to one leg until dropped.
pub struct Ear {
    leg: Arc<Leg>,
    queue: Arc<Queue>,
    _open: oneshot::Sender<()>,
}

impl Ear {
    /// What is expected of the caller from now on, also in a turn that has begun but not ended.
    pub fn expect(&self, hints: Hints) {
        self.leg.expect(Arc::new(hints), &self.queue);
    }

    pub(crate) fn open(
        listening: Listening,
        recogniser: Arc<dyn Recogniser>,
        turn_model: Option<Arc<dyn TurnModel>>,
        queue: &Arc<Queue>,
        limits: Limits,
        runtime: &tokio::runtime::Handle,
    ) -> Self {
        let Listening { heard, signal, language, mut hints, reports } = listening;
        hints.language = language;
        let (outbox, letters) = mpsc::unbounded_channel();
        let given_up = GivenUp::default();
        let ears = Ears {
            hearing: recogniser.hearing(given_up.clone()),
            recogniser,
            turn_model,
            turn: None,
            ahead: true,
            limits,
            outbox,
        };
        let hints = Arc::new(hints);
        let leg = Arc::new(Leg {
            mailbox: Mutex::new(Mailbox {
                items: VecDeque::new(),
                hints: Arc::clone(&hints),
                prepare: false,
                place: None,
                working: false,
                ending: false,
            }),
            ears: Mutex::new(ears),
            given_up,
            partial_stop: GivenUp::default(),
            partial_frames: limits.partial_frames,
        });
        leg.expect(hints, queue);
        let (open, closed) = oneshot::channel();
        runtime.spawn(pump(heard, signal, Arc::clone(&leg), Arc::clone(queue), closed));
        runtime.spawn(deliver(letters, reports));
        Self { leg, queue: Arc::clone(queue), _open: open }
    }
}

/// Limits of one leg.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Frames between two reports of words so far.
    pub(crate) partial_frames: usize,
    /// Longest turn.
    pub(crate) turn_samples_max: usize,
}

/// Moves what the leg heard from its ring to its mailbox.
async fn pump(
    mut heard: rtrb::Consumer<Heard>,
    signal: Arc<Notify>,
    leg: Arc<Leg>,
    queue: Arc<Queue>,
    mut closed: oneshot::Receiver<()>,
) {
    let mut items = Vec::new();
    loop {
        let over = heard.is_abandoned();
        while let Ok(item) = heard.pop() {
            items.push(item);
        }
        if !items.is_empty() {
            leg.post(&mut items, &queue);
        }
        if over {
            return;
        }
        tokio::select! {
            // The timeout sees a leg that went away without a word.
            _ = tokio::time::timeout(ABANDONED_CHECK, signal.notified()) => {}
            _ = &mut closed => {
                leg.given_up.set(true);
                leg.partial_stop.set(true);
                return;
            }
        }
    }
}

/// Hands reports on: finals wait for room, words so far do not.
async fn deliver(mut letters: mpsc::UnboundedReceiver<Recognised>, reports: mpsc::Sender<Recognised>) {
    while let Some(report) = letters.recv().await {
        let gone = match report {
            Recognised::Final(_) => reports.send(report).await.is_err(),
            Recognised::Partial { .. } | Recognised::Provisional(_) | Recognised::TurnVote { .. } => {
                match reports.try_send(report) {
                    Ok(()) => false,
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        partial_dropped();
                        false
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => true,
                }
            }
        };
        if gone {
            return;
        }
    }
}

/// A leg as the scheduler's threads see it.
pub(crate) struct Leg {
    mailbox: Mutex<Mailbox>,
    ears: Mutex<Ears>,
    given_up: GivenUp,
    /// Stops the pass over words so far, should one run.
    partial_stop: GivenUp,
    partial_frames: usize,
}

struct Mailbox {
    items: VecDeque<(Heard, Instant)>,
    hints: Arc<Hints>,
    prepare: bool,
    place: Option<Place>,
    working: bool,
    /// The final words of a turn are being made.
    ending: bool,
}

impl Mailbox {
    /// What is to be done, if anything, and since when.
    fn work(&self, partial_frames: usize) -> Option<(Urgency, Instant)> {
        let of = |wanted: fn(&Heard) -> bool| {
            self.items.iter().find(|(item, _)| wanted(item)).map(|(_, since)| *since)
        };
        if let Some(since) = of(|item| matches!(item, Heard::End { .. })) {
            return Some((Urgency::Final, since));
        }
        if let Some(since) = of(|item| matches!(item, Heard::Pause { .. })) {
            return Some((Urgency::Speculative, since));
        }
        if self.prepare {
            return Some((Urgency::Prepare, Instant::now()));
        }
        let discarded = of(|item| matches!(item, Heard::Discard { .. })).is_some();
        let (_, since) = self.items.front()?;
        (discarded || self.items.len() >= partial_frames).then_some((Urgency::Partial, *since))
    }
}

impl Leg {
    fn post(self: &Arc<Self>, items: &mut Vec<Heard>, queue: &Queue) {
        let now = Instant::now();
        let mut mailbox = self.mailbox();
        // The flag is the engine's and knows no turns: it must not spoil the words of one that ended before.
        let is_end = |item: &Heard| matches!(item, Heard::End { .. });
        let ends = mailbox.ending || mailbox.items.iter().map(|(item, _)| item).chain(&*items).any(is_end);
        if !ends && items.iter().any(|item| matches!(item, Heard::Discard { .. })) {
            self.given_up.set(true);
        }
        // Words so far are worth nothing once the pass over the whole turn can begin.
        let settles = |item: &Heard| match item {
            Heard::Pause { .. } | Heard::End { .. } | Heard::Discard { .. } => true,
            Heard::Start { .. } | Heard::Frame(_) | Heard::GoesOn { .. } => false,
        };
        let settled = items.iter().any(settles);
        mailbox.items.extend(items.drain(..).map(|item| (item, now)));
        if settled {
            self.partial_stop.set(true);
        }
        self.enqueue(&mut mailbox, queue);
    }

    fn expect(self: &Arc<Self>, hints: Arc<Hints>, queue: &Queue) {
        let mut mailbox = self.mailbox();
        mailbox.hints = hints;
        mailbox.prepare = true;
        self.enqueue(&mut mailbox, queue);
    }

    fn enqueue(self: &Arc<Self>, mailbox: &mut Mailbox, queue: &Queue) {
        if mailbox.working {
            return;
        }
        let Some((urgency, since)) = mailbox.work(self.partial_frames) else { return };
        if mailbox.place.is_none_or(|(old, ..)| urgency < old) {
            mailbox.place = Some(queue.enter(self, urgency, since, mailbox.place));
        }
    }

    /// Does all that waits, on a thread of the scheduler.
    pub(crate) fn work(self: &Arc<Self>, queue: &Queue) {
        let (items, hints, prepare) = {
            let mut mailbox = self.mailbox();
            mailbox.place = None;
            mailbox.working = true;
            mailbox.ending = mailbox.items.iter().any(|(item, _)| matches!(item, Heard::End { .. }));
            (
                std::mem::take(&mut mailbox.items),
                Arc::clone(&mailbox.hints),
                std::mem::take(&mut mailbox.prepare),
            )
        };
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        let sound = !items.is_empty();
        ears.ahead = !queue.is_strained();
        // Nobody works ahead any more with a reading made at a pause once the turn is known to be over.
        let over = items.iter().rposition(|(item, _)| matches!(item, Heard::End { .. })).unwrap_or(0);
        // Any turn that ended in this batch has its final at the end of it.
        let ended: Vec<Instant> = items
            .iter()
            .filter(|(item, _)| matches!(item, Heard::End { .. }))
            .map(|(_, asked)| *asked)
            .collect();
        for (place, (item, asked)) in items.into_iter().enumerate() {
            if place < over && matches!(item, Heard::Pause { .. }) {
                continue;
            }
            ears.hear(item, asked, &hints, &self.given_up);
        }
        let now = Instant::now();
        for asked in ended {
            queue.final_done(now, now.duration_since(asked));
        }
        if sound {
            ears.extend();
            let late = || {
                let mailbox = self.mailbox();
                mailbox.work(usize::MAX).is_some_and(|(urgency, _)| urgency <= Urgency::Speculative)
            };
            ears.report_partial(&self.partial_stop, late, Some(queue));
        }
        if prepare {
            ears.recogniser.prepare(&hints);
        }
        drop(ears);
        let mut mailbox = self.mailbox();
        (mailbox.working, mailbox.ending) = (false, false);
        self.enqueue(&mut mailbox, queue);
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn being heard, and the engine's side of the leg.
struct Ears {
    hearing: Box<dyn Hearing>,
    recogniser: Arc<dyn Recogniser>,
    turn_model: Option<Arc<dyn TurnModel>>,
    turn: Option<Turn>,
    /// Whether there is time to make words at a pause that may not be the end.
    ahead: bool,
    limits: Limits,
    outbox: mpsc::UnboundedSender<Recognised>,
}

struct Turn {
    id: TurnId,
    hints: Arc<Hints>,
    audio: Vec<i16>,
    pass: Pass,
    /// Words last reported, and how sure they were in tenths.
    reported: (String, Option<u8>),
    /// Time that passes over this turn have taken.
    spent: Duration,
}

/// How far the engine is with a turn.
enum Pass {
    /// It has taken this many samples.
    Open { taken: usize },
    /// It has taken this many samples, and made a reading at a pause, which holds until the caller speaks on.
    Settled { taken: usize, reading: Reading, took: Duration },
    /// It failed; the turn will have no words.
    Failed,
}

impl Ears {
    fn hear(&mut self, item: Heard, asked: Instant, hints: &Arc<Hints>, given_up: &GivenUp) {
        match item {
            Heard::Start { turn, .. } => {
                self.hearing.forget();
                given_up.set(false);
                self.turn = Some(Turn {
                    id: turn,
                    hints: Arc::clone(hints),
                    audio: Vec::new(),
                    pass: Pass::Open { taken: 0 },
                    reported: Default::default(),
                    spent: Duration::ZERO,
                });
                self.begin();
            }
            Heard::Frame(frame) => self.frame(&frame),
            Heard::GoesOn { turn } => {
                if self.turn.as_ref().is_some_and(|current| current.id == turn) {
                    self.goes_on();
                }
            }
            Heard::Pause { turn } => {
                if self.turn.as_ref().is_some_and(|current| current.id == turn) {
                    // Before the words: the floor waits for the vote, and nobody for the words yet.
                    self.vote(asked, hints);
                    if self.ahead {
                        let reading = self.settle(hints);
                        self.report_provisional(turn, reading, hints.language);
                    }
                }
            }
            Heard::End { turn, .. } => {
                let reading = match self.turn.as_ref() {
                    Some(current) if current.id == turn => self.settle(hints),
                    // Its start was lost; the conversation waits for it all the same.
                    Some(_) | None => Reading::default(),
                };
                self.report_final(turn, reading, asked, hints.language);
                self.turn = None;
                self.hearing.forget();
            }
            Heard::Discard { turn } => {
                if self.turn.as_ref().is_some_and(|current| current.id == turn) {
                    self.turn = None;
                    self.hearing.forget();
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let Some(turn) = &mut self.turn else { return };
        if turn.audio.len() + frame.0.len() > self.limits.turn_samples_max {
            return;
        }
        turn.audio.extend_from_slice(&frame.0);
    }

    /// The caller speaks on: what was made at the pause was made in vain.
    fn goes_on(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        if let Pass::Settled { taken, took, .. } = &turn.pass {
            let taken = *taken;
            let wasted = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            metrics::counter!("callwright_speculation_wasted_ms_total", "part" => "recognition")
                .increment(wasted);
            if self.hearing.goes_on() {
                turn.pass = Pass::Open { taken };
            } else {
                turn.pass = Pass::Open { taken: 0 };
                self.begin();
            }
        }
    }

    fn begin(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        let started = Instant::now();
        if let Err(error) = self.hearing.begin(&turn.hints) {
            turn.fail(&error);
        }
        turn.spent += started.elapsed();
    }

    /// Gives the engine what it has not taken yet.
    fn extend(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        let Pass::Open { taken } = &mut turn.pass else { return };
        let started = Instant::now();
        let result = self.hearing.extend(&turn.audio[*taken..]);
        *taken = turn.audio.len();
        if let Err(error) = result {
            turn.fail(&error);
        }
        turn.spent += started.elapsed();
    }

    /// The reading of the turn so far, made only if there is none that still holds.
    fn settle(&mut self, hints: &Arc<Hints>) -> Reading {
        let Some(turn) = &mut self.turn else { return Reading::default() };
        if !Arc::ptr_eq(&turn.hints, hints) {
            turn.hints = Arc::clone(hints);
            turn.pass = Pass::Open { taken: 0 };
            self.begin();
        }
        let Some(turn) = &mut self.turn else { return Reading::default() };
        let taken = match &turn.pass {
            Pass::Settled { reading, .. } => return reading.clone(),
            Pass::Failed => return Reading::default(),
            Pass::Open { taken } => *taken,
        };
        let started = Instant::now();
        let reading = self.hearing.finish(&turn.audio);
        let took = started.elapsed();
        turn.spent += took;
        match reading {
            Ok(reading) => {
                turn.pass = Pass::Settled { taken, reading: reading.clone(), took };
                reading
            }
            Err(error) => {
                turn.fail(&error);
                Reading::default()
            }
        }
    }

    /// Asks the turn model about the pause, where its answer can count and is still in time.
    fn vote(&mut self, asked: Instant, hints: &Hints) {
        let (Some(model), Some(turn)) = (&self.turn_model, &self.turn) else { return };
        let counts = match hints.expect {
            Expect::Anything
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name => true,
            Expect::YesNo | Expect::Choice { .. } | Expect::Code { .. } | Expect::Digits { .. } => false,
        };
        if !counts || asked.elapsed() > VOTE_LATE {
            return;
        }
        let started = Instant::now();
        match model.complete(&turn.audio) {
            Ok(complete) => {
                metrics::histogram!("callwright_speech_turn_vote_seconds")
                    .record(started.elapsed().as_secs_f64());
                let _ = self.outbox.send(Recognised::TurnVote { turn: turn.id, complete });
            }
            Err(reason) => {
                warn!(turn = %turn.id, reason, "the turn model failed: the floor decides without it")
            }
        }
    }

    fn report_partial(&mut self, stop: &GivenUp, late: impl Fn() -> bool, queue: Option<&Queue>) {
        let Self { turn, hearing, outbox, .. } = self;
        let Some(turn) = turn else { return };
        let reading = match &turn.pass {
            Pass::Settled { reading, .. } => reading.clone(),
            Pass::Failed => return,
            Pass::Open { .. } => {
                // Before the look into the mailbox: whoever posts what is more urgent sets it after posting.
                stop.set(false);
                if late() {
                    return partial_dropped();
                }
                let started = Instant::now();
                let mut partial = || hearing.partial(&turn.audio, stop);
                let made = match queue {
                    Some(queue) => queue.unless_final_waits(stop, &mut partial),
                    None => Some(partial()),
                };
                turn.spent += started.elapsed();
                match made {
                    Some(Some(reading)) => reading,
                    Some(None) if !stop.is_set() => return,
                    Some(None) | None => return partial_dropped(),
                }
            }
        };
        let Reading { words, confidence, .. } = reading;
        // The same words may turn out to fit worse and worse.
        let news = (words.clone(), confidence.map(|confidence| (confidence * 10.0) as u8));
        if words.is_empty() || news == turn.reported {
            return;
        }
        turn.reported = news;
        // The receiver goes away with the leg; then nobody waits for words either.
        let _ = outbox.send(Recognised::Partial { turn: turn.id, words: Pii::new(words), confidence });
    }

    /// What the final will be if the caller has finished. It equals the final then, letter for letter: whoever works ahead with it
    /// compares them.
    fn report_provisional(&mut self, turn: TurnId, reading: Reading, language: Language) {
        if !reading.words.is_empty() {
            let _ = self.outbox.send(Recognised::Provisional(utterance(turn, reading, language)));
        }
    }

    fn report_final(&mut self, turn: TurnId, reading: Reading, asked: Instant, language: Language) {
        metrics::histogram!("callwright_speech_final_seconds", "engine" => self.recogniser.name())
            .record(asked.elapsed().as_secs_f64());
        if let Some(turn) = self.turn.as_ref().filter(|turn| !turn.audio.is_empty()) {
            let seconds = turn.audio.len() as f64 / f64::from(callwright_model::SAMPLE_RATE);
            metrics::histogram!("callwright_speech_realtime_factor", "engine" => self.recogniser.name())
                .record(turn.spent.as_secs_f64() / seconds);
        }
        let _ = self.outbox.send(Recognised::Final(utterance(turn, reading, language)));
    }
}

fn utterance(turn: TurnId, reading: Reading, language: Language) -> Utterance {
    Utterance {
        turn,
        words: Pii::new(reading.words),
        alternatives: reading.alternatives,
        confidence: reading.confidence,
        language: reading.language.unwrap_or(language),
        identified: reading.identified,
    }
}

impl Turn {
    fn fail(&mut self, error: &RecogniseError) {
        self.pass = Pass::Failed;
        match error {
            RecogniseError::GivenUp => debug!(turn = %self.id, "recognition given up"),
            RecogniseError::Language { .. } | RecogniseError::Engine { .. } => {
                metrics::counter!("callwright_speech_recognition_errors_total").increment(1);
                warn!(turn = %self.id, %error, "a turn is not recognised");
            }
        }
    }
}

fn partial_dropped() {
    metrics::counter!("callwright_speech_partials_dropped_total").increment(1);
}

/// A vote that comes when the floor has waited out the pause by itself is of no use.
const VOTE_LATE: Duration = Duration::from_millis(300);
/// A leg that went away is noticed within this time; it costs a wake-up.
const ABANDONED_CHECK: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
