//! What happens on the caller's side, while it happens.

use std::time::Duration;

use serde::Serialize;

use crate::measure::Kind;

/// A happening with its place in the call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartyEvent {
    /// The number of the call, counted from 1 by whoever places or takes the calls.
    pub call: u64,
    /// Since the media started; zero before.
    pub at: Duration,
    /// What.
    pub fact: PartyFact,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PartyFact {
    /// The other end rings, or we are rung.
    Ringing,
    /// The call is up.
    Answered {
        /// From INVITE to 200.
        setup: Duration,
    },
    /// We begin to say something.
    SayStarted {
        /// The clip's name.
        name: String,
        /// Its words, when known.
        words: Option<String>,
        /// What it is meant to be.
        kind: Kind,
    },
    /// The last sound of it is out.
    SayEnded {
        /// The clip's name.
        name: String,
    },
    /// Keys were pressed.
    Pressed {
        /// Which.
        keys: String,
    },
    /// The other end began to sound.
    HeardStart {
        /// Since the end of our speech, where this is the answer to it.
        response_latency: Option<Duration>,
    },
    /// The other end fell silent.
    HeardStop {
        /// Since the start of our interruption, where this is the answer to it.
        yield_latency: Option<Duration>,
    },
    /// The other end pressed a key.
    HeardKey {
        /// Which.
        key: char,
    },
    /// The call is over.
    Ended {
        /// How.
        outcome: crate::Outcome,
    },
}

/// Takes happenings as they come. Called from the thread that moves the sound: hand them on, do nothing slow.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn observe(&self, event: PartyEvent);
}

impl<F: Fn(PartyEvent) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: PartyEvent) {
        self(event);
    }
}

/// Ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn observe(&self, _: PartyEvent) {}
}
