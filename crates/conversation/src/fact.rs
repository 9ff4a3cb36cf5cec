//! What a conversation is told, and what it wants done.

use std::collections::BTreeSet;
use std::time::Duration;

use callwright_call_core::call::{Hold, How, Refer, Supervise};
use callwright_dialogue_core::{AskId, Briefing, Fault, Proposal, Question};
use callwright_model::{
    Hints, Language, LegCommand, LegEvent, LegId, LikelySay, MonoTime, Pii, PlanEvent, PlanId, PlanReply,
    PlanRequest, PromiseTerms, Recalled, Recognised, Say, TurnId,
};
use serde::{Deserialize, Serialize};

use crate::{ConversationConfig, Happening};

/// Something that a conversation is told. One inbox takes them all, in the order in which they became known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A leg's media tells something.
    Leg(LegEvent),
    /// The recogniser of a leg reports.
    Recognised(LegId, Recognised),
    /// The action core's answer to a question; `None` when it could not be reached.
    Plan(AskId, Option<PlanReply>),
    /// The action core's answer to a guess; `None` when there is none.
    Speculated(u32, Option<PlanReply>),
    /// What a language model makes of what it was asked.
    Interpreted(u32, Result<Proposal, Fault>),
    /// A running plan moved on.
    PlanEvent(PlanEvent),
    /// A running plan cannot be watched any more; it may still run.
    PlanLost(PlanId),
    /// What the action core remembers of the caller; `None` when it could not tell.
    Recalled(AskId, Option<Recalled>),
    /// Whether the action core has kept that this caller wants to be called back.
    CallBackKept(bool),
    /// A line of text typed instead of spoken.
    Typed(Pii<String>),
    /// The human's phone.
    Human(LegId, HumanFact),
    /// Somebody holds the line, or does not any more.
    Held(LegId, Hold),
    /// What became of our REFER of the caller.
    Refer(Refer),
    /// A human's phone asks us to move the caller on to somebody else.
    MoveAsked(LegId),
    /// Another phone has taken the place of a leg's.
    Replaced {
        /// The leg that was replaced.
        leg: LegId,
        /// The leg of the phone that took its place.
        by: LegId,
    },
    /// A supervisor wants to do this; `None`: to leave.
    Supervise {
        /// What.
        what: Option<Supervise>,
        /// Who wants it, as the operator names them.
        by: String,
    },
    /// The caller hung up, or their connection was lost.
    CallerGone,
    /// The gateway is about to stop: end the call in a civil way.
    Drain,
}

/// How it goes with a human: from being looked for to having hung up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HumanFact {
    /// Nobody is free: the caller waits at this place, for about so many minutes if that is known.
    Waiting {
        /// From 1.
        place: usize,
        /// Whole minutes.
        minutes: Option<u64>,
    },
    /// Somebody was found, and is reserved.
    Found {
        /// Place in the list of humans; of several who are rung together, the first's.
        human: usize,
        /// How the caller comes to them.
        how: How,
        /// What they are briefed in; without it in the usual language.
        language: Option<Language>,
    },
    /// Nobody will come.
    Nobody {
        /// Why, for the operator.
        why: String,
        /// Somebody was there: rung, or waited for.
        tried: bool,
    },
    /// It rings.
    Ringing,
    /// Somebody, or something, answered; the leg has sound.
    Answered,
    /// It was not answered: busy, declined, unreachable. For the operator.
    Refused(String),
    /// It was hung up.
    Gone,
}

/// Whom a caller needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// What they speak.
    pub language: Language,
    /// What the human must be able to do.
    pub skills: BTreeSet<String>,
    /// Higher ones come first.
    pub priority: u8,
}

/// Something that a conversation wants done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Tell a leg's media.
    Command(LegId, LegCommand),
    /// Say something on a leg.
    Say(LegId, Say),
    /// Stop making sound for this turn and older ones.
    Stop(LegId, TurnId),
    /// What a leg's recogniser shall expect.
    Expect(LegId, Hints),
    /// Ask the action core.
    Plan(AskId, PlanRequest),
    /// Ask the action core what it would answer, by number of the guess. Nobody hears of it.
    Speculate(u32, PlanRequest),
    /// Ask the language model; a [`Fact::Interpreted`] with this number answers. Nobody waits for one that comes late.
    Interpret(u32, Question),
    /// Get the sound ready of what will probably be said on a leg; it takes the place of what was made ready before.
    Prepare(LegId, Vec<LikelySay>),
    /// A guess came true, or it did not and so much work was for nothing. For the counters.
    Speculated {
        /// Whether the caller said what was foreseen.
        right: bool,
        /// Time that planning took for nothing.
        wasted: Duration,
    },
    /// Ask the action core what it remembers of a plan's caller from other calls; a [`Fact::Recalled`] answers.
    Recall(AskId, PlanId),
    /// Have it kept that the caller has heard how a plan ended.
    Heard(PlanId),
    /// Have a plan carried out.
    Execute(PlanId, Pii<String>),
    /// Have the queue find a human. Who was found before has not taken the call.
    Seek {
        /// What their leg shall be called; [`HumanFact`]s about it answer.
        leg: LegId,
        /// Whom the caller needs.
        wanted: Wanted,
    },
    /// Ring who was found last.
    Dial {
        /// What the new leg shall be called.
        leg: LegId,
    },
    /// Who was found last has the call (`true`), or the call has nobody and looks for nobody (`false`).
    Engaged(bool),
    /// Ring whom the human's REFER names.
    DialTarget {
        /// What the new leg shall be called.
        leg: LegId,
    },
    /// Ring the supervisor who asked for it.
    DialSupervisor {
        /// What the new leg shall be called.
        leg: LegId,
    },
    /// Ask the caller's network to call who was found last by itself; a [`Fact::Refer`] answers.
    Refer {
        /// The leg whose place the caller's network shall take.
        replaces: Option<LegId>,
    },
    /// Answer a human's REFER: taken or not.
    MoveAnswered {
        /// The human's leg.
        leg: LegId,
        /// It is being done.
        taken: bool,
    },
    /// Tell the human's phone how its REFER went.
    Moved {
        /// The human's leg.
        leg: LegId,
        /// The caller is with whom it named.
        worked: bool,
    },
    /// See whether a leg's telephone is still there; one that is not has hung up.
    Probe(LegId),
    /// Have it kept that somebody must call this caller back; a [`Fact::CallBackKept`] answers.
    CallBack {
        /// Whom to call.
        number: Pii<String>,
        /// What whoever calls must know.
        briefing: Briefing,
        /// What was promised of it; `None`: no time.
        terms: Option<PromiseTerms>,
    },
    /// End a leg, whatever state it is in.
    Hangup(LegId),
    /// For everyone who watches.
    Tell(Happening),
}

/// One thing that goes into the machine of a call or comes out of it. All of them in order, with their times, are the call: given
/// the same again, the machine does the same again.
#[derive(Debug, Clone, Copy)]
pub enum Moment<'a> {
    /// The machine is made. The first of every call.
    Began(&'a ConversationConfig),
    /// It is told something.
    Fact(&'a Fact),
    /// The time that it asked for has come.
    Timer,
    /// It wants something done.
    Act(&'a Act),
}

/// What the binary lends to a conversation: legs, ears, mouths and telephones. None of these may block; what they lead to
/// comes back as a [`Fact`].
pub trait Switchboard: Send {
    /// Tells a leg's media something.
    fn command(&mut self, leg: LegId, command: LegCommand);
    /// Says something on a leg.
    fn say(&mut self, leg: LegId, say: Say);
    /// Asks the language model.
    fn interpret(&mut self, number: u32, question: Question);
    /// Gets sound ready; an empty list forgets what was made ready.
    fn prepare(&mut self, leg: LegId, says: Vec<LikelySay>);
    /// Forgets all sound that answers this turn or an older one.
    fn stop(&mut self, leg: LegId, turn: TurnId);
    /// Tells a leg's recogniser what to expect.
    fn expect(&mut self, leg: LegId, hints: Hints);
    /// Has a human found; see [`Act::Seek`].
    fn seek(&mut self, leg: LegId, wanted: Wanted);
    /// Rings who was found.
    fn dial(&mut self, leg: LegId);
    /// See [`Act::Engaged`].
    fn engaged(&mut self, talks: bool);
    /// Rings whom a human's phone named in its REFER.
    fn dial_target(&mut self, leg: LegId);
    /// Rings the supervisor who asked for it.
    fn dial_supervisor(&mut self, leg: LegId);
    /// Asks the caller's network to take the caller to who was found, in the place of one of our legs or anew.
    fn refer(&mut self, replaces: Option<LegId>);
    /// Answers the REFER of a human's phone.
    fn move_answered(&mut self, leg: LegId, taken: bool);
    /// Tells a human's phone how its REFER went.
    fn moved(&mut self, leg: LegId, worked: bool);
    /// Tells by a [`HumanFact::Gone`] or a [`Fact::CallerGone`] if a leg's telephone is not there any more.
    fn probe(&mut self, leg: LegId);
    /// Ends a leg.
    fn hang_up(&mut self, leg: LegId);
    /// Tells everyone who watches.
    fn tell(&mut self, happening: Happening);
    /// Writes down what went into the machine or came out of it, for those who want a call's journal.
    fn record(&mut self, at: MonoTime, moment: Moment<'_>);
}
