//! Tells whether what is heard is what was sent a while ago, before an echo canceller has learnt that.

use callwright_model::{FRAME_MS, FRAME_SAMPLES, Frame};

/// What of the sound heard lately is our own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Own {
    /// Which share of its power is explained by what was sent, at the delay that explains it best, 0 to 1.
    pub share: f32,
    /// That delay.
    pub delay_ms: u32,
}

/// Compares the sound heard with that sent, at every delay up to 1.2 s.
///
/// A canceller needs a second or two of speech to learn a line, and learns anew when the delay changes. Until then it lets the echo
/// pass, which is a voice like any other. But two sounds that differ only in delay and level show it at once: over a fifth of a second
/// they agree at one delay far better than the voices of two people do at the best of all delays.
///
/// Works at 2 kHz, where voices have most of their power, on differences of samples, which takes from voices the low pitch that they
/// have in common. Costs some 13 us a frame; allocates only when made.
pub struct OwnVoice {
    /// What was sent, oldest first: as long as the longest delay and a frame.
    sent: Box<[f32]>,
    sent_edge: f32,
    heard_edge: f32,
    /// For each delay, the longest first, the product of what was sent and what was heard, and the power of what was sent. All sums fade.
    products: Box<[f32]>,
    sent_power: Box<[f32]>,
    heard_power: f32,
}

impl OwnVoice {
    /// The longest delay that it looks for, in milliseconds.
    pub const DELAY_MS_MAX: u32 = (DELAYS / BLOCK) as u32 * FRAME_MS;

    /// One that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sent: vec![0.0; DELAYS + BLOCK].into_boxed_slice(),
            sent_edge: 0.0,
            heard_edge: 0.0,
            products: vec![0.0; DELAYS].into_boxed_slice(),
            sent_power: vec![0.0; DELAYS].into_boxed_slice(),
            heard_power: 0.0,
        }
    }

    /// Takes the frame just sent and the one just received, echo and all.
    pub fn process(&mut self, sent: &Frame, heard: &Frame) -> Own {
        self.sent.copy_within(BLOCK.., 0);
        let newest = narrow(sent, &mut self.sent_edge);
        self.sent[DELAYS..].copy_from_slice(&newest);
        let heard = narrow(heard, &mut self.heard_edge);
        self.heard_power = FADE * self.heard_power + heard.iter().map(|sample| sample * sample).sum::<f32>();
        for product in &mut self.products {
            *product *= FADE;
        }
        // All delays at once for four samples of what was heard: the compiler makes vectors of that.
        for (nth, heard) in heard.chunks_exact(4).enumerate() {
            let sent = self.sent[4 * nth + 1..].windows(4);
            for (product, sent) in self.products.iter_mut().zip(sent) {
                *product += heard[0] * sent[0] + heard[1] * sent[1] + heard[2] * sent[2] + heard[3] * sent[3];
            }
        }
        self.best()
    }

    /// The delay at which both sounds agree best.
    fn best(&mut self) -> Own {
        // Share and delay, the share as a fraction: a division takes longer than all else that is done for a delay.
        let (mut above, mut below, mut at) = (0.0, 1.0, 0);
        let heard_power = self.heard_power.max(QUIET);
        // Exact to the last bit of each sample, for loud and quiet sound follow each other in it.
        let mut power: f64 = self.sent[1..=BLOCK].iter().map(|&sample| f64::from(sample).powi(2)).sum();
        for (place, (product, sent_power)) in self.products.iter().zip(&mut self.sent_power).enumerate() {
            *sent_power = FADE * *sent_power + power.max(0.0) as f32;
            let (agreement, most) = (product * product, sent_power.max(QUIET) * heard_power);
            if agreement * below > above * most {
                (above, below, at) = (agreement, most, place);
            }
            if let Some(&newer) = self.sent.get(place + 1 + BLOCK) {
                power += f64::from(newer).powi(2) - f64::from(self.sent[place + 1]).powi(2);
            }
        }
        let delay_ms = (DELAYS - 1 - at) as u32 * FRAME_MS / BLOCK as u32;
        Own { share: (above / below).min(1.0), delay_ms }
    }

    /// Forgets what was sent and heard.
    pub fn reset(&mut self) {
        self.sent.fill(0.0);
        self.products.fill(0.0);
        self.sent_power.fill(0.0);
        (self.heard_power, self.sent_edge, self.heard_edge) = (0.0, 0.0, 0.0);
    }
}

impl Default for OwnVoice {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame at 2 kHz and full scale 1, each sample less most of the one before.
fn narrow(frame: &Frame, edge: &mut f32) -> [f32; BLOCK] {
    let mut narrow = [0.0; BLOCK];
    for (samples, slot) in frame.0.chunks_exact(FRAME_SAMPLES / BLOCK).zip(&mut narrow) {
        let sum: f32 = samples.iter().map(|&sample| f32::from(sample)).sum();
        let sample = sum / (32_768.0 * samples.len() as f32);
        *slot = sample - 0.9 * *edge;
        *edge = sample;
    }
    narrow
}

/// Samples of a frame at 2 kHz.
const BLOCK: usize = 40;
/// 1.2 s: two satellite hops and the jitter buffers at their ends.
const DELAYS: usize = 2_400;
/// A frame counts half after seven: sounds are compared over a fifth of a second.
const FADE: f32 = 0.9;
/// The power of a frame at -80 dBFS, below which nothing is compared.
const QUIET: f32 = 40.0 * 1e-8;

#[cfg(test)]
mod tests;
