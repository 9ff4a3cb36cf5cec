//! Finds an echo that comes back later than the canceller reaches.

use callwright_audio_core::Own;

pub(crate) struct EchoWatch {
    delay_ms: u32,
    ticks: u32,
    found: bool,
}

impl EchoWatch {
    pub(crate) const fn new() -> Self {
        Self { delay_ms: 0, ticks: 0, found: false }
    }

    /// What is our own in one tick. True once, when a late echo is certain.
    pub(crate) fn handle_tick(&mut self, own: Own) -> bool {
        if self.found || own.share < SHARE_MIN {
            return false;
        }
        if own.delay_ms.abs_diff(self.delay_ms) > DELAY_MS_SAME {
            (self.delay_ms, self.ticks) = (own.delay_ms, 0);
        }
        self.ticks += 1;
        self.found = self.ticks >= TICKS && self.delay_ms >= EARLIEST_MS;
        self.found
    }
}

/// Half of what is heard is our own.
const SHARE_MIN: f32 = 0.5;
/// A jitter buffer moves an echo by more, a clock that drifts by less.
const DELAY_MS_SAME: u32 = 5;
/// A second of speech at one delay. Two voices are alike for as long as the comparison looks back, a fifth of that, and then at another
/// delay.
const TICKS: u32 = 50;
/// The canceller reaches half a second. Jitter buffers on the way, ours among them, must not make a late echo of one that it reaches.
const EARLIEST_MS: u32 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(delays: impl IntoIterator<Item = (f32, u32)>) -> Option<usize> {
        let mut watch = EchoWatch::new();
        delays.into_iter().position(|(share, delay_ms)| watch.handle_tick(Own { share, delay_ms }))
    }

    #[test]
    fn a_second_at_one_late_delay_is_an_echo_pauses_aside() {
        let with_pauses =
            |delay_ms| (0..400_u16).map(move |n| (if n % 4 == 0 { 0.1 } else { 0.8 }, delay_ms));
        assert!(found(with_pauses(830)).is_some_and(|ticks| ticks < 75));
        assert_eq!(found(with_pauses(540)), None, "the canceller's");
        assert_eq!(found((0..400).map(|_| (0.4, 830))), None, "somebody else");
        assert_eq!(
            found((0..400).map(|n| (0.9, 700 + n / 20 * 7))),
            None,
            "likeness by chance, each time at another delay"
        );
    }

    #[test]
    fn it_is_told_once() {
        let mut watch = EchoWatch::new();
        let told = (0..400).filter(|_| watch.handle_tick(Own { share: 0.9, delay_ms: 830 })).count();
        assert_eq!(told, 1);
    }
}
