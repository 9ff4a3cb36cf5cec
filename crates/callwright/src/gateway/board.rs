//! One call's switchboard: its legs with their ears, mouths and telephones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use callwright_call_core::queue::Wish;
use callwright_conversation::{Ending, Fact, HUMAN_LEGS, Happening, HumanFact, Moment, Switchboard, Wanted};
use callwright_dialogue_core::{Pack, Question};
use callwright_media::LegSetup;
use callwright_model::{
    AudioFormat, BothSides, CallId, Gone, Hints, LegCommand, LegEvent, LegFact, LegId, LegRole, LikelySay,
    MonoTime, PacketIo, Say, Supervise, TryOutcome, TurnId,
};
use callwright_sip::{Reason, SipLegControl};
use callwright_speech::{Ear, Listening, Mouth};
use callwright_webrtc::SessionId;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::gateway::observe::Observer;
use crate::gateway::supervise::Supervisor;
use crate::gateway::tape::TapeOperator;
use crate::gateway::transfers::Move;
use crate::gateway::{Shared, ring};
use crate::journal::Recorder;
use crate::lines::LoadedLine;

/// The switchboard. The conversation owns it; tasks that ring telephones share its legs.
pub(crate) struct Board {
    legs: Legs,
    pub(crate) caller: LegId,
    /// The trunk that the caller came by.
    pub(crate) trunk: Option<String>,
    /// Place of the line in the configuration.
    line: usize,
    pack: Arc<Pack>,
    observer: Observer,
    recorder: Option<Recorder>,
    tape: Option<TapeOperator>,
    /// Who waits to hear whether whom we called is there.
    reached: Option<oneshot::Sender<TryOutcome>>,
}

/// The legs of one call. Clones are the same legs.
#[derive(Clone)]
pub(crate) struct Legs {
    pub(crate) shared: Arc<Shared>,
    pub(crate) call: CallId,
    pub(crate) facts: mpsc::Sender<Fact>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) legs: BTreeMap<LegId, Leg>,
    /// Legs that were hung up; one whose telephone was still being dialled must not come to life afterwards.
    over: BTreeSet<LegId>,
    /// Legs that had a telephone at some time.
    known: BTreeSet<LegId>,
    /// Whom the queue has found last, by place in its list.
    pub(crate) found: Vec<usize>,
    /// A human moves the caller on.
    pub(crate) moving: Move,
    pub(crate) supervisor: Supervisor,
    /// Legs that were named here and not by the call.
    pub(crate) named: u64,
}

/// How a leg is hung up.
pub(crate) enum Phone {
    /// A SIP call, ringing or answered.
    Sip(SipLegControl),
    /// A browser.
    Browser(SessionId),
    /// This machine's own microphone: it goes silent with its leg.
    #[cfg(feature = "talk")]
    Card,
}

pub(crate) struct Leg {
    /// One, but for a human's that ring together; each with its number among them.
    pub(crate) phones: Vec<(usize, Phone)>,
    /// There once the leg has sound.
    voice: Option<(Ear, Mouth)>,
}

impl Board {
    pub(crate) fn new(
        shared: Arc<Shared>,
        call: CallId,
        caller: LegId,
        line: &LoadedLine,
        trunk: Option<String>,
        facts: mpsc::Sender<Fact>,
    ) -> Self {
        let observer = Observer::new(Arc::clone(&shared), call, caller, line);
        let recogniser = shared.speech.recogniser();
        let journal = shared.journal.as_ref();
        let recorder =
            journal.map(|journal| Recorder::new(journal, line.clone(), recogniser.to_owned(), trunk.clone()));
        let legs = Legs { shared, call, facts, table: Arc::default() };
        let pack = Arc::clone(&line.pack);
        let lines = &legs.shared.config.lines;
        // Every line that answers is in the configuration.
        let line = lines.iter().position(|other| other.name == line.line.name).unwrap_or(usize::MAX);
        Self { legs, caller, trunk, line, pack, observer, recorder, tape: None, reached: None }
    }

    /// From here on a recording is told what it may keep.
    pub(crate) fn record(&mut self, tape: TapeOperator) {
        self.tape = Some(tape);
    }

    /// Whether whom we called is there is told once it is known.
    pub(crate) fn report_to(&mut self, reached: oneshot::Sender<TryOutcome>) {
        self.reached = Some(reached);
    }

    fn tell_reached(&mut self, happening: &Happening) {
        let outcome = if let Happening::Ended(ending) = happening {
            match ending {
                Ending::Machine => TryOutcome::Machine,
                Ending::Caller
                | Ending::Agent
                | Ending::Transferred
                | Ending::TransferredInDoubt
                | Ending::Drained => TryOutcome::NoAnswer,
            }
        } else if matches!(happening, Happening::Reached) {
            TryOutcome::Talked
        } else {
            return;
        };
        if let Some(reached) = self.reached.take() {
            // The gateway stops, and has given the lease back.
            let _ = reached.send(outcome);
        }
    }

    pub(crate) fn legs(&self) -> Legs {
        self.legs.clone()
    }
}

impl Legs {
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a telephone that rings: it can be hung up from now on. `false` when the call no longer wants it.
    pub(crate) fn ringing(&self, leg: LegId, number: usize, phone: Phone) -> bool {
        let mut table = self.table();
        // One that was answered wants no other to ring.
        let answered = table.legs.get(&leg).is_some_and(|leg| leg.voice.is_some());
        let wanted = !answered && !table.over.contains(&leg);
        if wanted {
            table.known.insert(leg);
            let ringing = table.legs.entry(leg).or_insert_with(|| Leg { phones: Vec::new(), voice: None });
            ringing.phones.push((number, phone));
        }
        wanted
    }

    /// Of the telephones that ring for a leg one was answered: the others are hung up.
    pub(crate) fn stop_others(&self, leg: LegId, answered: usize) {
        let others: Vec<_> = match self.table().legs.get_mut(&leg) {
            Some(leg) => leg.phones.extract_if(.., |(number, _)| *number != answered).collect(),
            None => Vec::new(),
        };
        others.into_iter().for_each(|(_, phone)| phone.hang_up(&self.shared));
    }

    /// A leg has come to no keys: its telephone is told why it is hung up.
    fn tell_unsecured(&self, leg: LegId) {
        if let Some(leg) = self.table().legs.get(&leg) {
            for (_, phone) in &leg.phones {
                match phone {
                    Phone::Sip(control) => control.hangup_because(Reason::sip(488, "DTLS-SRTP failed")),
                    Phone::Browser(_) => {}
                    #[cfg(feature = "talk")]
                    Phone::Card => {}
                }
            }
        }
    }

    /// Forgets a telephone that is over.
    pub(crate) fn forget(&self, leg: LegId) {
        let mut table = self.table();
        table.legs.remove(&leg);
        table.supervisor.forget(leg);
    }

    /// Gives a leg sound: media, ears and mouth. Into `tap` go both sides of it, for a recording.
    #[expect(clippy::too_many_arguments, reason = "everything that a leg is made of")]
    pub(crate) fn attach(
        &self,
        leg: LegId,
        role: LegRole,
        io: Box<dyn PacketIo>,
        format: AudioFormat,
        phone: Phone,
        hints: Hints,
        tap: Option<rtrb::Producer<BothSides>>,
    ) -> Result<()> {
        let shared = &self.shared;
        if self.table().over.contains(&leg) {
            bail!("the leg was hung up meanwhile");
        }
        let (events, mut happened) = mpsc::channel(EVENTS_WAITING);
        let ports = shared.media.add_leg(LegSetup {
            call: self.call,
            leg,
            role,
            io,
            format,
            voice_activity: shared.speech.voice_activity(),
            events,
            tap,
        })?;
        let (reports, mut recognised) = mpsc::channel(EVENTS_WAITING);
        let ear = shared.speech.listen(Listening {
            heard: ports.heard,
            signal: ports.heard_signal,
            language: hints.language,
            hints,
            reports,
        });
        let mouth = shared.speech.mouth(ports.say);
        {
            let mut table = self.table();
            table.known.insert(leg);
            table.legs.insert(leg, Leg { phones: vec![(0, phone)], voice: Some((ear, mouth)) });
        }
        // The call's one inbox takes what its legs tell. Facts wait for room: none of them may be lost.
        let facts = self.facts.clone();
        tokio::spawn(async move {
            while let Some(event) = happened.recv().await {
                if facts.send(Fact::Leg(event)).await.is_err() {
                    return;
                }
            }
        });
        let facts = self.facts.clone();
        tokio::spawn(async move {
            while let Some(report) = recognised.recv().await {
                if facts.send(Fact::Recognised(leg, report)).await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    /// Tells the call a fact. The inbox of a call that is over takes none.
    pub(crate) fn inform(&self, fact: Fact) {
        let facts = self.facts.clone();
        tokio::spawn(async move { drop(facts.send(fact).await) });
    }

    /// Tells the call that a leg is gone, if its telephone is not in the table any more.
    fn probe(&self, leg: LegId) {
        {
            let table = self.table();
            if table.legs.contains_key(&leg) || !table.known.contains(&leg) {
                return;
            }
        }
        warn!(%leg, "a call has not noticed that a telephone was hung up");
        self.inform(if leg.0 < HUMAN_LEGS { Fact::CallerGone } else { Fact::Human(leg, HumanFact::Gone) });
    }

    /// Ends a leg, whatever state it is in.
    pub(crate) fn hang_up(&self, leg: LegId) {
        self.shared.media.command(leg, LegCommand::Remove);
        let removed = {
            let mut table = self.table();
            table.over.insert(leg);
            table.supervisor.forget(leg);
            table.legs.remove(&leg)
        };
        if let Some(removed) = removed {
            removed.phones.into_iter().for_each(|(_, phone)| phone.hang_up(&self.shared));
        }
    }
}

impl Phone {
    fn hang_up(self, shared: &Shared) {
        match self {
            Self::Sip(control) => control.hangup(),
            Self::Browser(session) => {
                shared.browser.close(&session);
            }
            #[cfg(feature = "talk")]
            Self::Card => {}
        }
    }
}

impl Switchboard for Board {
    fn command(&mut self, leg: LegId, command: LegCommand) {
        self.legs.shared.media.command(leg, command);
    }

    fn say(&mut self, leg: LegId, say: Say) {
        if let Some(Leg { voice: Some((_, mouth)), .. }) = self.legs.table().legs.get(&leg) {
            mouth.say(say);
        }
    }

    fn prepare(&mut self, leg: LegId, says: Vec<LikelySay>) {
        if let Some(Leg { voice: Some((_, mouth)), .. }) = self.legs.table().legs.get(&leg) {
            mouth.prepare(says);
        }
    }

    fn interpret(&mut self, number: u32, question: Question) {
        // Without a model no dialogue asks.
        if let Some(model) = &self.legs.shared.language_model {
            model.answer(Arc::clone(&self.pack), number, question, self.legs.facts.clone());
        }
    }

    fn stop(&mut self, leg: LegId, turn: TurnId) {
        if let Some(Leg { voice: Some((_, mouth)), .. }) = self.legs.table().legs.get(&leg) {
            mouth.stop(turn);
        }
    }

    fn expect(&mut self, leg: LegId, hints: Hints) {
        if let Some(Leg { voice: Some((ear, _)), .. }) = self.legs.table().legs.get(&leg) {
            ear.expect(hints);
        }
    }

    fn seek(&mut self, leg: LegId, wanted: Wanted) {
        let Wanted { language, skills, priority } = wanted;
        let wish = Wish { line: self.line, language, skills, priority };
        tokio::spawn(ring::find(self.legs(), leg, wish));
    }

    fn dial(&mut self, leg: LegId) {
        tokio::spawn(ring::ring(self.legs(), leg));
    }

    fn engaged(&mut self, talks: bool) {
        let shared = &self.legs.shared;
        let now = shared.media.now();
        if talks {
            shared.humans.taken(self.legs.call, now);
        } else {
            shared.humans.leave(self.legs.call, now);
        }
    }

    fn dial_target(&mut self, leg: LegId) {
        self.legs.dial_target(leg);
    }

    fn dial_supervisor(&mut self, leg: LegId) {
        self.legs.dial_supervisor(leg);
    }

    fn refer(&mut self, replaces: Option<LegId>) {
        self.refer_caller(replaces);
    }

    fn move_answered(&mut self, _leg: LegId, taken: bool) {
        self.legs.move_answered(taken);
    }

    fn moved(&mut self, _leg: LegId, worked: bool) {
        self.legs.moved(worked);
    }

    fn probe(&mut self, leg: LegId) {
        self.legs.probe(leg);
    }

    fn hang_up(&mut self, leg: LegId) {
        self.legs.hang_up(leg);
    }

    fn tell(&mut self, happening: Happening) {
        self.legs.shared.capture.tell(self.legs.call, &happening);
        if let Happening::Supervised { what: None | Some(Supervise::TakeOver), .. } = happening {
            // The phone is nobody's or the human's from now on: there may be another supervisor.
            self.legs.table().supervisor = Supervisor::Nobody;
        }
        self.tell_reached(&happening);
        self.observer.tell(happening);
    }

    fn record(&mut self, at: MonoTime, moment: Moment<'_>) {
        if let Moment::Fact(Fact::Leg(LegEvent { leg, fact: LegFact::Gone(Gone::Unsecured), .. })) = moment {
            self.legs.tell_unsecured(*leg);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.record(at, moment);
        }
        if let Some(tape) = &mut self.tape {
            tape.follow(at, moment);
        }
    }
}

impl Drop for Board {
    /// Whatever ended the conversation, no telephone stays off the hook.
    fn drop(&mut self) {
        let legs: Vec<LegId> = self.legs.table().legs.keys().copied().collect();
        for leg in legs {
            self.legs.hang_up(leg);
        }
        self.engaged(false);
    }
}

/// Facts of one leg that may wait for the call's inbox.
const EVENTS_WAITING: usize = 256;
