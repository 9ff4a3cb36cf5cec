//! What can be set about a leg.

use std::time::Duration;

use callwright_rtp_core::ReceiverConfig;
use callwright_turn_core::FloorConfig;

/// What changes for the caller is told on each field.
#[derive(Debug, Clone, PartialEq)]
pub struct LegConfig {
    /// Who may speak.
    pub floor: FloorConfig,
    /// How much softer the agent speaks while it is open whether it was interrupted.
    pub duck_db: f32,
    /// How fast it becomes softer. Shorter clicks, longer sounds as if it did not care.
    pub duck_ramp: Duration,
    /// How fast the full voice comes back.
    pub restore_ramp: Duration,
    /// Sound kept from before an onset, for the recogniser: the detector sees an onset late, and soft consonants later.
    pub preroll: Duration,
    /// Whether what we sent is taken out of what we hear.
    pub echo_cancelling: bool,
    /// How long after the last sound of ours an echo may still arrive.
    pub echo_tail: Duration,
    /// Level below which a line is quiet and the voice activity detector rests.
    pub quiet_dbfs: f32,
    /// How long a line must be quiet before the detector rests.
    pub quiet_after: Duration,
    /// Without any packet for this long the leg is gone.
    pub timeout: Duration,
    /// The same before the first packet: the path may open late.
    pub timeout_at_start: Duration,
    /// Whether keys are listened for in the sound where no other way was agreed on for them.
    pub keys_in_sound: bool,
    /// How the jitter buffer weighs delay against loss.
    pub receiver: ReceiverConfig,
}

impl Default for LegConfig {
    fn default() -> Self {
        Self {
            floor: FloorConfig::default(),
            duck_db: -12.0,
            duck_ramp: Duration::from_millis(30),
            restore_ramp: Duration::from_millis(40),
            preroll: Duration::from_millis(300),
            echo_cancelling: true,
            echo_tail: Duration::from_millis(600),
            quiet_dbfs: -62.0,
            quiet_after: Duration::from_secs(1),
            timeout: Duration::from_secs(30),
            timeout_at_start: Duration::from_secs(60),
            keys_in_sound: true,
            receiver: ReceiverConfig::default(),
        }
    }
}
