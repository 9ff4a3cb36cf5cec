//! What decides for a party: a written script, or a caller who plays a conversation.

use callwright_model::Samples;

use crate::detect::Sound;
use crate::duplex::Caller;
use crate::script::{Act, Script};

#[derive(Debug)]
pub(crate) enum Mind {
    Script(Script),
    Caller(Box<Caller>),
}

impl Mind {
    pub(crate) fn handle_sound(&mut self, sound: Sound) {
        match self {
            Self::Script(script) => script.handle_sound(sound),
            Self::Caller(caller) => caller.handle_sound(sound),
        }
    }

    pub(crate) fn handle_said(&mut self, now: Samples) {
        match self {
            Self::Script(script) => script.handle_said(now),
            Self::Caller(caller) => caller.handle_said(now),
        }
    }

    pub(crate) fn handle_tick(&mut self, now: Samples) {
        match self {
            Self::Script(script) => script.handle_tick(now),
            Self::Caller(caller) => caller.handle_tick(now),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Act> {
        match self {
            Self::Script(script) => script.poll_output(),
            Self::Caller(caller) => caller.poll_output(),
        }
    }

    pub(crate) fn may_end(&self) -> bool {
        match self {
            Self::Script(script) => script.may_end(),
            Self::Caller(caller) => caller.may_end(),
        }
    }

    pub(crate) fn step(&self) -> usize {
        match self {
            Self::Script(script) => script.step(),
            Self::Caller(caller) => caller.step(),
        }
    }
}
