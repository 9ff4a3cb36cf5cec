//! Finds an echo that comes back later than the canceller reaches: the levels of what was sent and of what is heard rise and
//! fall together, so much apart.

use std::collections::VecDeque;

pub(crate) struct EchoWatch {
    sent: VecDeque<f32>,
    heard: VecDeque<f32>,
    ticks: u32,
    /// The delay found last, in ticks, and how often in a row.
    suspected: (usize, u8),
    found: bool,
}

impl EchoWatch {
    pub(crate) fn new() -> Self {
        Self {
            sent: VecDeque::with_capacity(SPAN + LATEST),
            heard: VecDeque::with_capacity(SPAN + LATEST),
            ticks: 0,
            suspected: (0, 0),
            found: false,
        }
    }

    /// The levels of one tick: what was sent in it and what was heard, echo cancelled. True once, when a late echo is certain.
    pub(crate) fn handle_tick(&mut self, sent_dbfs: f32, heard_dbfs: f32) -> bool {
        if self.found {
            return false;
        }
        for (levels, level) in [(&mut self.sent, sent_dbfs), (&mut self.heard, heard_dbfs)] {
            if levels.len() == SPAN + LATEST {
                levels.pop_front();
            }
            levels.push_back((level - QUIET_DBFS).max(0.0));
        }
        self.ticks += 1;
        if !self.ticks.is_multiple_of(LOOK_EVERY) || self.sent.len() < SPAN + LATEST {
            return false;
        }
        self.suspected = match (self.delay(), self.suspected) {
            (Some(delay), (before, times)) if times > 0 && before.abs_diff(delay) <= 2 => (delay, times + 1),
            (Some(delay), _) if delay >= EARLIEST => (delay, 1),
            (Some(_) | None, _) => (0, 0),
        };
        self.found = self.suspected.1 >= TIMES;
        self.found
    }

    /// The delay at which both go together best, if they do at all.
    fn delay(&self) -> Option<usize> {
        let heard = |n: usize| self.heard[LATEST + n];
        let mean_heard = mean(heard);
        let power_heard = power(heard, mean_heard);
        let loud = (0..SPAN).filter(|&n| self.sent[LATEST + n] > 0.0).count();
        if loud < SPAN / 3 || power_heard < 1.0 {
            return None;
        }
        let mut best = (LIKENESS_MIN, None);
        for delay in 0..LATEST {
            let sent = |n: usize| self.sent[LATEST + n - delay];
            let mean_sent = mean(sent);
            let together: f32 = (0..SPAN).map(|n| (sent(n) - mean_sent) * (heard(n) - mean_heard)).sum();
            let likeness = together / (power(sent, mean_sent) * power_heard).sqrt().max(1.0);
            if likeness > best.0 {
                best = (likeness, Some(delay));
            }
        }
        best.1
    }
}

fn mean(level: impl Fn(usize) -> f32) -> f32 {
    (0..SPAN).map(level).sum::<f32>() / SPAN as f32
}

fn power(level: impl Fn(usize) -> f32, mean: f32) -> f32 {
    (0..SPAN).map(|n| (level(n) - mean).powi(2)).sum()
}

/// Levels are compared over 6 s: two dozen words, whose rhythm no other sound shares.
const SPAN: usize = 300;
/// Looks in a row that must agree: over 2 s in which half of the 6 are other words.
const TIMES: u8 = 4;
/// Up to 1.5 s; two satellite hops are shorter.
const LATEST: usize = 75;
/// The canceller reaches 500 ms; what comes later is ours to find.
const EARLIEST: usize = 26;
/// Half a second between two looks.
const LOOK_EVERY: u32 = 25;
/// Levels of independent speech are alike to 0.5 at the best of 75 delays now and then, an echo to 0.9 and more.
const LIKENESS_MIN: f32 = 0.65;
/// Nothing below this counts as sound.
const QUIET_DBFS: f32 = -60.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels like a voice's, from a seed: syllables and pauses.
    fn voice(seed: u64, ticks: usize) -> Vec<f32> {
        let mut state = seed | 1;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f32 / (1_u64 << 31) as f32
        };
        let mut levels = Vec::new();
        while levels.len() < ticks {
            let (loud, length) = (random() < 0.75, 4 + (random() * 12.0) as usize);
            let level = if loud { -20.0 - 12.0 * random() } else { -75.0 };
            levels.extend(std::iter::repeat_n(level, length));
        }
        levels.truncate(ticks);
        levels
    }

    fn found(sent: &[f32], heard: impl Fn(usize) -> f32) -> bool {
        let mut watch = EchoWatch::new();
        (0..sent.len()).any(|n| watch.handle_tick(sent[n], heard(n)))
    }

    #[test]
    fn an_echo_after_800_ms_is_found_and_one_the_canceller_reaches_is_not_reported() {
        for seed in 1..20 {
            let sent = voice(seed, 1_000);
            let echo = |delay: usize| {
                let sent = sent.clone();
                move |n: usize| n.checked_sub(delay).map_or(-80.0, |n| sent[n] - 12.0)
            };
            assert!(found(&sent, echo(40)), "seed {seed}");
            assert!(!found(&sent, echo(10)), "seed {seed}");
        }
    }

    #[test]
    fn two_people_are_no_echo_of_each_other() {
        for seed in 1..100 {
            let (sent, heard) = (voice(seed, 1_500), voice(seed + 1_000, 1_500));
            assert!(!found(&sent, |n| heard[n]), "seed {seed}");
        }
    }
}
