//! Interpretation of utterances and the dialogue manager.
//!
//! [`Pack::load`] reads what a skill pack says about talking: inputs, sentences, examples; it trains the interpreter and
//! reports every mistake at once. A [`Dialogue`] then holds one call's conversation. It is a pure machine: hand it a fact with
//! its time (`handle_*`), drain [`Dialogue::poll_output`] to `None`, call [`Dialogue::handle_timeout`] when the time of
//! [`Dialogue::poll_timeout`] has come.
//!
//! Invariants:
//! - A sentence of kind [`SayKind::Claim`] is rendered from a `model::Claim`, which exists only with receipts.
//! - A plan is executed only after its read-back was heard and answered with an explicit yes.
//! - Until it has ended or a human has taken over, a dialogue always has a timer; each of them leads to speech.
//! - What the caller must know (a claim, a failure) is said again until it was heard.
//!
//! It never acts, never decides what is allowed, never reads a clock, and knows nothing of sound.

mod call_back;
mod call_time;
mod clauses;
mod clock;
mod dialogue;
mod interpret;
mod language;
mod lexicon;
mod output;
mod pack;
mod progress;
mod sensitive;
mod slots;
mod sort;
mod sounds;
mod understand;
mod verbalise;
mod wish;
mod words;

pub use call_back::{CallBacks, CalledBack, Window};
pub use clock::Clock;
pub use dialogue::Dialogue;
pub use interpret::{Asked, Fault, InterpretId, Prompt, Proposal, Question, REPAIR, Slot};
pub use language::{detect, requested};
pub use lexicon::checklist::{LanguageItem, language_checklist};
pub use output::{
    AskId, Briefing, DialogueConfig, Limits, Manner, Note, Output, Played, SayKind, Saying, Timer,
    TransferReason, TransferResult,
};
pub use pack::{Mention, Pack, SkillHead};
pub use sensitive::{is_sensitive, without_sensitive};
pub use slots::{
    Taken, choice, closed, date, date_time, duration, email, filled, money, name, number, phone, time_of_day,
    value as slot_value, yes_or_no,
};
pub use sort::sort_of;
pub use understand::{
    Evidence, Explanation, Intent, Interpreter, Judged, Kind, Measured, Reading, SlotsMeasured, Span, Tagger,
};
pub use verbalise::{spelled, spoken, written};
pub use wish::{HumanWish, human_wish, is_machine};
