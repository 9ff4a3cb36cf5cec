//! What the network's delay is at its best and how much longer packets usually take.

use callwright_model::MonoTime;

/// Learns from the transit times of packets: arrival minus timestamp, in ticks, from an unknown zero.
#[derive(Debug)]
pub(super) struct DelayEstimator {
    bin_ticks: i64,
    /// The smallest transit time of each of the last periods.
    minima: [i64; PERIODS],
    period: u64,
    base: Option<i64>,
    /// How many of the last packets took how much longer than the fastest, in bins.
    histogram: [u16; BINS],
    recent: [u8; PACKETS],
    recent_next: usize,
    recent_len: usize,
}

impl DelayEstimator {
    pub fn new(clock_rate: u32) -> Self {
        Self {
            bin_ticks: i64::from(clock_rate / 1_000 * BIN_MS),
            minima: [i64::MAX; PERIODS],
            period: 0,
            base: None,
            histogram: [0; BINS],
            recent: [0; PACKETS],
            recent_next: 0,
            recent_len: 0,
        }
    }

    pub fn observe(&mut self, transit: i64, now: MonoTime) {
        let period = now.as_millis() / PERIOD_MS;
        for passed in (self.period + 1..=period).take(PERIODS) {
            self.minima[passed as usize % PERIODS] = i64::MAX;
        }
        // When more periods passed than are kept, all of them are empty; which ones were cleared no longer matters.
        if period.saturating_sub(self.period) >= PERIODS as u64 {
            self.minima = [i64::MAX; PERIODS];
        }
        self.period = self.period.max(period);
        let minimum = &mut self.minima[self.period as usize % PERIODS];
        *minimum = transit.min(*minimum);
        let base = self.minima.iter().copied().min().unwrap_or(transit);
        self.base = Some(base);
        let bin = ((transit - base) / self.bin_ticks).clamp(0, BINS as i64 - 1) as u8;
        if self.recent_len == PACKETS {
            self.histogram[usize::from(self.recent[self.recent_next])] -= 1;
        } else {
            self.recent_len += 1;
        }
        self.recent[self.recent_next] = bin;
        self.histogram[usize::from(bin)] += 1;
        self.recent_next = (self.recent_next + 1) % PACKETS;
    }

    /// The transit time of the fastest packet of late.
    pub fn base(&self) -> Option<i64> {
        self.base
    }

    /// How much longer than the fastest all but the worst packets took; `None` before enough have come.
    pub fn usual(&self) -> Option<i64> {
        if self.recent_len < PACKETS_MIN {
            return None;
        }
        let mut left = self.recent_len * WORST_PER_MILLE / 1_000;
        for (bin, &count) in self.histogram.iter().enumerate().rev() {
            if usize::from(count) > left {
                return Some((bin as i64 + 1) * self.bin_ticks);
            }
            left -= usize::from(count);
        }
        None
    }

    /// The stream's clock starts over; what is known of the jitter stays.
    pub fn rebase(&mut self) {
        self.minima = [i64::MAX; PERIODS];
        self.base = None;
    }
}

/// The fastest packet is looked for in the last three seconds: long enough to meet an undelayed one, short enough to
/// follow a route that changed and a clock that drifts.
const PERIODS: usize = 12;
const PERIOD_MS: u64 = 250;
/// Five seconds of 20 ms packets.
const PACKETS: usize = 250;
/// One second: before that, the config's guess is better.
const PACKETS_MIN: usize = 50;
/// Finer than this is the tick's own grain.
const BIN_MS: u32 = 5;
/// 320 ms, beyond any target.
const BINS: usize = 64;
/// Two packets in a hundred may be late: concealing that many is not heard, waiting for them is.
const WORST_PER_MILLE: usize = 20;
