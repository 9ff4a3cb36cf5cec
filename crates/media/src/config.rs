//! What can be set about the media workers.

use std::ops::RangeInclusive;

use callwright_leg_core::LegConfig;

/// Settings of all media of a process.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaConfig {
    /// Worker threads; each serves the legs of the calls pinned to it. 0 means one per core.
    pub workers: usize,
    /// UDP ports for RTP. Each leg takes an even one and the odd one above it for RTCP.
    pub ports: RangeInclusive<u16>,
    /// Items of heard sound that wait for the recogniser, 20 ms each. When it does not keep up longer than this, frames are
    /// lost (and counted); boundaries of turns never are.
    pub heard_frames: usize,
    /// Frames of speech that the synthesiser may be ahead, 20 ms each. It waits when they are used up.
    pub say_frames: usize,
    /// Commands that wait for one worker. When they are used up, commands are lost (and counted); `Remove` never is.
    pub commands: usize,
    /// What each leg is made with.
    pub leg: LegConfig,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            workers: 0,
            ports: 20_000..=29_999,
            heard_frames: 250,
            say_frames: 100,
            commands: 4_096,
            leg: LegConfig::default(),
        }
    }
}
