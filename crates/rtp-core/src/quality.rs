//! How good a call sounds by what arrives of it: the E-model (ITU-T G.107), with all that concerns telephones and rooms at its default.

use std::time::Duration;

/// What the estimate rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Arrived {
    /// Packets that should have come.
    pub expected: u64,
    /// Those that did not, or not in time.
    pub missing: u64,
    /// Runs of packets that did not come.
    pub gaps: u64,
    /// From mouth to ear, one way.
    pub delay: Duration,
}

/// An estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// The rating R, 0 to 93.2.
    pub rating: f32,
    /// The mean opinion score of G.107 annex B, 1 to 4.4.
    pub mos: f32,
}

impl Quality {
    /// The estimate for a stream. All codecs of ours count as G.711 with concealment (G.113 appendix I): on this scale, which ends at the
    /// best of narrow band, there are no figures for wider ones.
    #[must_use]
    pub fn of(arrived: &Arrived) -> Self {
        let share = arrived.missing as f32 / arrived.expected.max(1) as f32;
        let share = share.clamp(0.0, 1.0);
        let loss = share * 100.0;
        let ms = arrived.delay.as_secs_f32() * 1_000.0;
        let from_delay = 0.024 * ms + 0.11 * (ms - 177.3).max(0.0);
        let from_loss = 95.0 * loss / (loss / burst_ratio(arrived, share) + ROBUSTNESS);
        let rating = (BEST - from_delay - from_loss).max(0.0);
        Self { rating, mos: opinion(rating) }
    }
}

/// How much longer the runs of missing packets are than they would be if each was lost by itself (G.107 section 7.2), from 1 to 8.
fn burst_ratio(arrived: &Arrived, share: f32) -> f32 {
    if arrived.gaps == 0 || share >= 1.0 {
        return 1.0;
    }
    let run = arrived.missing as f32 / arrived.gaps as f32;
    (run * (1.0 - share)).clamp(1.0, 8.0)
}

fn opinion(rating: f32) -> f32 {
    let r = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// What is left of R without delay and loss, all else at its default.
const BEST: f32 = 93.2;
/// Bpl of G.711 with concealment.
const ROBUSTNESS: f32 = 25.1;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(loss_percent: u64, gaps: u64, delay_ms: u64) -> Quality {
        let delay = Duration::from_millis(delay_ms);
        Quality::of(&Arrived { expected: 10_000, missing: loss_percent * 100, gaps, delay })
    }

    /// R by hand from the formulas of G.107, and the opinion from its annex B.
    #[test]
    fn ratings_are_those_of_the_recommendation() {
        for (loss, gaps, delay, rating, mos) in [
            (0, 0, 0, 93.2, 4.41),
            (0, 0, 100, 90.8, 4.36),
            (0, 0, 300, 72.5, 3.71),
            (1, 100, 0, 89.6, 4.33),
            (5, 500, 0, 77.4, 3.92),
            (10, 1_000, 150, 62.5, 3.23),
        ] {
            let quality = of(loss, gaps, delay);
            assert!((quality.rating - rating).abs() < 0.3, "{loss} % {delay} ms: {quality:?}");
            assert!((quality.mos - mos).abs() < 0.03, "{loss} % {delay} ms: {quality:?}");
        }
    }

    #[test]
    fn losses_in_bursts_are_worse_and_everything_lost_is_no_call() {
        assert!(of(5, 50, 0).mos < of(5, 500, 0).mos - 0.1);
        assert!(of(100, 1, 2_000).mos < 1.05);
        let nothing = Quality::of(&Arrived::default());
        assert!((nothing.rating - BEST).abs() < 0.01);
        let odd = Quality::of(&Arrived { expected: 1, missing: 50, gaps: 9, delay: Duration::MAX });
        assert!(odd.mos.is_finite() && odd.rating >= 0.0);
    }
}
