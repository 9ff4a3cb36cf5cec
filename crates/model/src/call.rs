//! Words about a call over several legs, as its machine, telephones and those who watch use them.

use serde::{Deserialize, Serialize};

/// How a caller comes to a human.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The human is rung, briefed and asked by us, and the two are bridged by us.
    #[default]
    Warm,
    /// The caller's own network is asked to call the human (REFER); nobody is briefed.
    Blind,
    /// As warm; then the caller's network is asked to take our place with the human (REFER with Replaces).
    Attended,
}

/// Whose leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who called.
    Caller,
    /// The human who has the call, or is asked to take it.
    Human,
    /// Whom the human moves the caller on to.
    Target,
    /// Who looks after agents and humans.
    Supervisor,
}

/// What somebody who puts us on hold sends meanwhile (RFC 3264 section 8.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// They do not hold.
    #[default]
    Off,
    /// `sendonly`: a sound of their own.
    Music,
    /// `inactive`: nothing.
    Silent,
}

/// What became of a REFER of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refer {
    /// It was taken (202), or a NOTIFY says that it goes on.
    Progress,
    /// The caller talks with the human: a NOTIFY of 2xx.
    Done,
    /// It was refused, or a NOTIFY says that it failed.
    Failed,
}

/// What a supervisor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervise {
    /// Hears everything, is heard by nobody.
    Listen,
    /// Is heard by the human only.
    Whisper,
    /// Is heard by everybody.
    Barge,
    /// Takes the call in the human's or the agent's place.
    TakeOver,
}
