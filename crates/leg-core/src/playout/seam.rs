//! Where a tone makes way for something else, or comes back: without a click.

use callwright_model::{FRAME_SAMPLES, Frame};
use callwright_turn_core::Sounding;

use super::Outgoing;

/// Follows what goes out, and rounds the edges of tones. Speech begins and ends by itself, and is cut where the floor wants it.
#[derive(Debug, Default)]
pub(super) struct Seam {
    /// The last sample of a tone that has just been sent.
    tone_at: Option<i16>,
    /// Another tone takes its place.
    changed: bool,
}

impl Seam {
    /// The tone is exchanged.
    pub(super) fn changes(&mut self) {
        self.changed = true;
    }

    /// Fits a frame to the one before it, and tells what it is by then.
    pub(super) fn join(&mut self, out: &mut Outgoing, sounding: Sounding) -> Sounding {
        let is_tone = sounding == Sounding::Tone;
        let changed = std::mem::take(&mut self.changed);
        let before = self.tone_at.take();
        if is_tone {
            self.tone_at = Some(out.frame().0[FRAME_SAMPLES - 1]);
        }
        match before {
            Some(level) if !is_tone || changed => {
                lead_out(out.sound(), level);
                // The end of the tone is still a tone.
                if sounding == Sounding::Nothing && level != 0 { Sounding::Tone } else { sounding }
            }
            Some(_) => sounding,
            None => {
                if is_tone {
                    fade_in(out.sound());
                }
                sounding
            }
        }
    }
}

/// Lets what was there before die away under the start of the frame.
fn lead_out(out: &mut Frame, level: i16) {
    for (n, sample) in out.0.iter_mut().take(SAMPLES).enumerate() {
        let left = i32::from(level) * (SAMPLES - n) as i32 / (SAMPLES + 1) as i32;
        *sample = (i32::from(*sample) + left).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }
}

fn fade_in(out: &mut Frame) {
    for (n, sample) in out.0.iter_mut().take(SAMPLES).enumerate() {
        *sample = (i32::from(*sample) * n as i32 / SAMPLES as i32) as i16;
    }
}

/// 4 ms: the steps that are left are smaller than those of the tones themselves.
const SAMPLES: usize = 64;
