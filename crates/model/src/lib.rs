//! The words every crate shares.
//!
//! Plain data: identities, time, frames of sound, what was heard, what is to be said, what was done. Nothing here reads a
//! clock, opens a file or knows a protocol. Shells meet in these types and in the two traits at the edge of a leg:
//! [`PacketIo`] (where a leg's datagrams come from and go to) and [`VoiceActivity`] (how likely a frame is speech).

mod call;
mod dtls;
mod expect;
mod frame;
mod id;
mod language;
mod leg;
mod pack;
mod pii;
mod plan;
mod problem;
mod promise;
mod recall;
mod secret;
mod speech;
mod srtp;
mod time;
mod turn;
mod value;
pub mod yaml;

pub use call::{Hold, How, Party, Refer, Supervise};
pub use dtls::{DtlsPeer, DtlsSide, Fingerprint, FingerprintHash, NoFingerprint, Protection};
pub use expect::{Expect, Hints};
pub use frame::{BothSides, FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE};
pub use id::{CallId, LegId, PlanId, SayId, TurnId};
pub use language::{Language, LanguageError};
pub use leg::{
    AudioFormat, Codec, DtmfFormat, Gone, LegCommand, LegEvent, LegFact, LegRole, MIX_MAX, MediaPath, Mix,
    PacketIo, Road, Source, Tone, VoiceActivity,
};
pub use pack::{
    ActionKind, Bounds, Idempotency, InputSpec, Lean, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, PackSource,
    SlotType,
};
pub use pii::Pii;
pub use plan::{Claim, NeedWhy, PlanEvent, PlanFact, PlanReply, PlanRequest, Receipt, StepState, StepView};
pub use problem::{Problem, Severity};
pub use promise::{CallTry, Promise, PromiseTerms, Standing, TryOutcome};
pub use recall::{MemoryRules, PastPlan, PastStanding, Recalled};
pub use secret::{Secret, SecretRef};
pub use speech::{
    Alternative, Heard, Identified, LikelySay, Recognised, Say, SayFrame, SaySource, Utterance, Voice,
    split_at_word, word_count,
};
pub use srtp::{SrtpKeys, SrtpMaster, SrtpSuite};
pub use time::{MonoTime, Samples, utc};
pub use turn::{Evidence, Progress, Rule, Thought, UtteranceSort, Verdict};
pub use value::{Money, Record, Value};
