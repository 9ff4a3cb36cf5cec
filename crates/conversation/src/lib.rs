//! One task per call: the dialogue, the call's control and the action core's client, joined.
//!
//! [`Conversation`] is the pure half: facts of the legs, the recogniser, the action core and the human's phone go in, each
//! with its time; [`Act`]s come out. [`run`] is the thin shell around it: one task that owns the machine, an inbox of
//! [`Fact`]s, and a [`Switchboard`] through which the binary lends it legs, ears and mouths. Nothing asks back and waits.
//!
//! Invariants:
//! - Until the call is over there is always a timer, and each timer leads to speech, a human or the end.
//! - A say carries the last turn that the floor has ended on its leg. When the floor has moved on meanwhile, the leg drops it
//!   and tells, and the dialogue says what still matters at the next chance.
//! - A plan that was agreed to is never stopped from here, neither by barge-in nor by hang-up.
//!
//! What it does not do: decide what is understood (dialogue-core) or allowed (the action core), or touch sound.

mod fact;
mod happening;
mod human;
mod machine;
mod task;
mod turns;

pub use fact::{Act, Fact, HumanFact, Moment, Switchboard, Wanted};
pub use happening::{Ending, Happening};
pub use human::{HumanConfig, KEYS_MAX};
pub use machine::{Conversation, ConversationConfig, HUMAN_LEGS, HUMANS_PER_CALL, PromiseRules};
pub use task::{CallSetup, run};
