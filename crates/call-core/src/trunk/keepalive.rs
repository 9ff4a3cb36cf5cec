//! Whether a trunk lives: OPTIONS are sent to it, and several without an answer mark it down.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::MonoTime;

use super::jittered;

/// How a trunk is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepaliveConfig {
    /// Pause between two OPTIONS; zero means that none are sent and the trunk counts as up.
    pub every: Duration,
    /// So many in a row without a good answer mark it down.
    pub misses_max: u32,
    /// So many good answers in a row mark it up again.
    pub answers_min: u32,
}

/// What is known of a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It may be called. The first calls need not wait for the first answer.
    Up {
        /// OPTIONS in a row that had no good answer.
        misses: u32,
    },
    /// Calls avoid it.
    Down {
        /// Good answers in a row since.
        answers: u32,
        /// Since when.
        since: MonoTime,
    },
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepaliveOutput {
    /// Send OPTIONS, and tell [`Keepalive::handle_answer`] what came of it.
    Ask,
    /// It is down from now on.
    WentDown,
    /// It is up again.
    CameUp,
}

/// The machine.
#[derive(Debug)]
pub struct Keepalive {
    config: KeepaliveConfig,
    health: Health,
    /// When the next OPTIONS goes; `None` while one is under way, or when none are sent.
    next: Option<MonoTime>,
    seed: u64,
    outputs: VecDeque<KeepaliveOutput>,
}

impl Keepalive {
    /// The first OPTIONS goes at once.
    #[must_use]
    pub fn new(config: KeepaliveConfig, seed: u64, now: MonoTime) -> Self {
        let next = (!config.every.is_zero()).then_some(now);
        Self { config, health: Health::Up { misses: 0 }, next, seed, outputs: VecDeque::new() }
    }

    /// What is known.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// The OPTIONS under way was answered well, or it was not: silence, or a status that says that no call would be taken.
    pub fn handle_answer(&mut self, good: bool, now: MonoTime) {
        self.next = Some(now + jittered(self.config.every, SOONEST, &mut self.seed));
        let next = match (self.health, good) {
            (Health::Up { .. }, true) => Health::Up { misses: 0 },
            (Health::Up { misses }, false) if misses + 1 >= self.config.misses_max => {
                self.outputs.push_back(KeepaliveOutput::WentDown);
                Health::Down { answers: 0, since: now }
            }
            (Health::Up { misses }, false) => Health::Up { misses: misses + 1 },
            (Health::Down { answers, .. }, true) if answers + 1 >= self.config.answers_min => {
                self.outputs.push_back(KeepaliveOutput::CameUp);
                Health::Up { misses: 0 }
            }
            (Health::Down { answers, since }, true) => Health::Down { answers: answers + 1, since },
            (Health::Down { since, .. }, false) => Health::Down { answers: 0, since },
        };
        self.health = next;
    }

    /// The asked-for time has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        if self.next.is_some_and(|next| next <= now) {
            self.next = None;
            self.outputs.push_back(KeepaliveOutput::Ask);
        }
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<KeepaliveOutput> {
        self.outputs.pop_front()
    }

    /// When [`Keepalive::handle_timeout`] is to be called.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<MonoTime> {
        self.next
    }
}

/// Spread enough that trunks do not all ask in one moment, and still nearly what was configured.
const SOONEST: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds answers (`+` good, `-` none) and writes what comes out: `D` down, `U` up, `.` nothing.
    fn run(misses_max: u32, answers_min: u32, answers: &str) -> String {
        let config = KeepaliveConfig { every: Duration::from_secs(30), misses_max, answers_min };
        let mut machine = Keepalive::new(config, 7, MonoTime::ZERO);
        let mut told = String::new();
        for answer in answers.chars() {
            let due = machine.poll_timeout().expect("a next OPTIONS");
            machine.handle_timeout(due);
            assert_eq!(machine.poll_output(), Some(KeepaliveOutput::Ask));
            assert_eq!(machine.poll_timeout(), None, "one at a time");
            machine.handle_answer(answer == '+', due);
            let next = machine.poll_timeout().expect("a next OPTIONS").since(due);
            assert!((27.0..=30.0).contains(&next.as_secs_f64()), "{next:?}");
            told.push(match machine.poll_output() {
                Some(KeepaliveOutput::WentDown) => 'D',
                Some(KeepaliveOutput::CameUp) => 'U',
                Some(KeepaliveOutput::Ask) => '?',
                None => '.',
            });
        }
        told
    }

    #[test]
    fn so_many_misses_in_a_row_mark_it_down_and_so_many_answers_up() {
        for (misses, answers, given, expected) in [
            (3, 2, "+--+---", "......D"),
            (3, 2, "---+-++", "..D...U"),
            (1, 1, "-+-+", "DUDU"),
            (2, 1, "--+--+", ".DU.DU"),
        ] {
            assert_eq!(run(misses, answers, given), expected, "{given}");
        }
    }

    #[test]
    fn none_are_sent_when_none_are_wanted() {
        let config = KeepaliveConfig { every: Duration::ZERO, misses_max: 3, answers_min: 1 };
        let mut machine = Keepalive::new(config, 7, MonoTime::ZERO);
        machine.handle_timeout(MonoTime::from_millis(1_000_000));
        assert_eq!((machine.poll_output(), machine.poll_timeout()), (None, None));
        assert_eq!(machine.health(), Health::Up { misses: 0 });
    }
}
