//! What a call could promise, and whom it called back, in the header of its journal: without it the call would not replay.

use std::time::Duration;

use callwright_conversation::{ConversationConfig, PromiseRules};
use callwright_dialogue_core::{CallBacks, CalledBack, Clock};
use callwright_model::Pii;
use serde::{Deserialize, Serialize};

/// Everything of a conversation's set-up that is about calls back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Promises {
    /// Times could be promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<Times>,
    /// The agent has called; with what was known of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    called: Option<Pii<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Times {
    clock: Clock,
    open: Vec<(u64, u64)>,
    soonest_ms: u64,
    window_ms: u64,
    tries: u32,
    pause_ms: u64,
}

impl Promises {
    pub(super) fn of(config: &ConversationConfig) -> Self {
        let PromiseRules { tries_max, pause, line: _ } = &config.promises;
        let times = config.dialogue.call_backs.as_ref().map(|it| Times {
            clock: it.clock,
            open: it.open.clone(),
            soonest_ms: millis(it.soonest),
            window_ms: millis(it.window),
            tries: *tries_max,
            pause_ms: millis(*pause),
        });
        let called = config.dialogue.called.as_ref().map(|called| called.briefing.clone());
        Self { times, called }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.times.is_none() && self.called.is_none()
    }

    /// Sets a conversation of a line up as it was.
    pub(super) fn restore(&self, line: &str, config: &mut ConversationConfig) {
        config.dialogue.called = self.called.clone().map(|briefing| CalledBack { briefing });
        let Some(times) = &self.times else { return };
        config.promises = PromiseRules {
            line: line.to_owned(),
            tries_max: times.tries,
            pause: Duration::from_millis(times.pause_ms),
        };
        config.dialogue.call_backs = Some(CallBacks {
            clock: times.clock,
            open: times.open.clone(),
            soonest: Duration::from_millis(times.soonest_ms),
            window: Duration::from_millis(times.window_ms),
        });
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
