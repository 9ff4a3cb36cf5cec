//! What the agent says in a tick, which is mostly nothing.

use callwright_model::Frame;

/// A frame of sound. Silence after silence is not written again: of a leg that waits, a frame's worth of memory stays untouched.
pub(crate) struct Outgoing {
    frame: Frame,
    silent: bool,
}

impl Outgoing {
    pub(crate) const fn new() -> Self {
        Self { frame: Frame::SILENCE, silent: true }
    }

    pub(crate) const fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn silence(&mut self) {
        if !self.silent {
            *self = Self::new();
        }
    }

    /// The frame, to be written.
    pub(crate) fn sound(&mut self) -> &mut Frame {
        self.silent = false;
        &mut self.frame
    }
}
