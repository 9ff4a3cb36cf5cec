//! A circuit breaker: whether a system is worth calling now, by what became of the calls before.
//!
//! Closed, every call goes through. After so many calls in a row without an answer, all within a while, it opens and nothing is called
//! for a time; then one call goes through to try, and what becomes of it closes or opens the breaker again. The pattern is of Michael
//! Nygard's "Release It!" (2007). A refusal is an answer: a system that says no is well.
//!
//! The machine has no clock; [`crate::breakers`] drives it.

use std::collections::VecDeque;
use std::time::Duration;

/// When a system is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// So many calls in a row without an answer open the breaker; 0 never does. A larger number leaves callers waiting for a dead
    /// system's timeouts longer, a smaller one lets a moment's trouble refuse reads.
    pub failures: u32,
    /// All of them within this time: a system that is asked once an hour is not judged by last night.
    pub within: Duration,
    /// For how long nothing is called before one call tries. Reads are refused for as long, and writes wait.
    pub open: Duration,
}

impl Default for BreakerConfig {
    /// Five is more than the attempts of one plan, so that no plan alone opens it; two seconds are what a caller bears to wait.
    fn default() -> Self {
        Self { failures: 5, within: Duration::from_secs(10), open: Duration::from_secs(2) }
    }
}

/// The machine of one system.
#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// With the times of the calls without an answer since the last answer.
    Closed { failed: VecDeque<Duration> },
    /// Nothing is called until then.
    Open { until: Duration },
    /// One call is under way to try.
    Trying,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// As any other.
    Free,
    /// To try whether the system is back.
    Try,
    /// Not now. After this time another may try; less when an answer comes before.
    Shut(Duration),
}

/// What the outcome of a call changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The system is left alone from here on.
    Opened,
    /// It is still not there.
    StaysOpen,
    /// It is back.
    Closed,
}

impl Breaker {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self { config, state: State::Closed { failed: VecDeque::new() } }
    }

    /// Asks for a call. Whoever is to try must tell what became of it.
    pub(crate) fn ask(&mut self, now: Duration) -> Pass {
        match self.state {
            State::Closed { .. } => Pass::Free,
            State::Open { until } if now < until => Pass::Shut(until.saturating_sub(now)),
            State::Open { .. } => {
                self.state = State::Trying;
                Pass::Try
            }
            State::Trying => Pass::Shut(self.config.open),
        }
    }

    /// A call had an answer: whenever it was made, the system is there.
    pub(crate) fn answered(&mut self) -> Option<Change> {
        let was_closed = matches!(self.state, State::Closed { .. });
        self.state = State::Closed { failed: VecDeque::new() };
        (!was_closed).then_some(Change::Closed)
    }

    /// A call had no answer. One that was under way when the breaker opened says nothing new.
    pub(crate) fn unanswered(&mut self, tried: bool, now: Duration) -> Option<Change> {
        let until = now.saturating_add(self.config.open);
        let Self { config, state } = self;
        match state {
            State::Closed { failed } => {
                let failures = usize::try_from(config.failures).unwrap_or(usize::MAX);
                if failures == 0 {
                    return None;
                }
                while failed.front().is_some_and(|at| now.saturating_sub(*at) > config.within)
                    || failed.len() >= failures
                {
                    failed.pop_front();
                }
                failed.push_back(now);
                if failed.len() < failures {
                    return None;
                }
                self.state = State::Open { until };
                Some(Change::Opened)
            }
            State::Trying if tried => {
                self.state = State::Open { until };
                Some(Change::StaysOpen)
            }
            State::Trying | State::Open { .. } => None,
        }
    }

    /// Whoever was to try has not: the next who asks is to.
    pub(crate) fn given_up(&mut self, now: Duration) {
        if self.state == State::Trying {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script against a breaker that opens for 2 s after three failures within 10 s. Each line is a time in ms, what happens,
    /// and what is said of it.
    fn check(script: &[&str]) {
        let config =
            BreakerConfig { failures: 3, within: Duration::from_secs(10), open: Duration::from_secs(2) };
        let mut breaker = Breaker::new(config);
        for line in script {
            let (at, rest) = line.split_once(' ').expect("a time");
            let (what, wanted) = rest.split_once(" -> ").unwrap_or((rest, ""));
            let now = Duration::from_millis(at.parse().expect("a number"));
            let told = match what {
                "ask" => match breaker.ask(now) {
                    Pass::Free => "free".to_owned(),
                    Pass::Try => "try".to_owned(),
                    Pass::Shut(left) => format!("shut {}", left.as_millis()),
                },
                "answer" => said(breaker.answered()),
                "none" => said(breaker.unanswered(false, now)),
                "tried in vain" => said(breaker.unanswered(true, now)),
                "given up" => {
                    breaker.given_up(now);
                    String::new()
                }
                other => panic!("{other} is no verb"),
            };
            assert_eq!(told, wanted, "{line}");
        }
    }

    fn said(change: Option<Change>) -> String {
        change.map(|change| format!("{change:?}").to_lowercase()).unwrap_or_default()
    }

    #[test]
    fn calls_in_a_row_without_an_answer_open_it() {
        check(&[
            "0 none",
            "1 none",
            "2 ask -> free",
            "3 none -> opened",
            "4 ask -> shut 1999",
            "2002 ask -> shut 1",
        ]);
    }

    #[test]
    fn an_answer_in_between_begins_the_row_anew() {
        check(&["0 none", "1 none", "2 answer", "3 none", "4 none", "5 ask -> free", "6 none -> opened"]);
    }

    #[test]
    fn failures_that_lie_long_apart_are_no_row() {
        check(&[
            "0 none",
            "6000 none",
            "12000 none",
            "18000 ask -> free",
            "18001 none",
            "18002 none -> opened",
        ]);
    }

    #[test]
    fn one_call_tries_and_the_others_wait_for_it() {
        check(&[
            "0 none",
            "0 none",
            "0 none -> opened",
            "2000 ask -> try",
            "2001 ask -> shut 2000",
            "2100 answer -> closed",
            "2101 ask -> free",
        ]);
    }

    #[test]
    fn what_tried_in_vain_opens_it_for_as_long_again() {
        check(&[
            "0 none",
            "0 none",
            "0 none -> opened",
            "2000 ask -> try",
            // It was under way before the breaker opened.
            "2001 none",
            "2002 ask -> shut 2000",
            "3000 tried in vain -> staysopen",
            "4999 ask -> shut 1",
            "5000 ask -> try",
        ]);
    }

    #[test]
    fn a_late_answer_closes_it_at_once() {
        check(&["0 none", "0 none", "0 none -> opened", "100 answer -> closed", "101 ask -> free"]);
    }

    #[test]
    fn a_trial_that_is_given_up_is_the_next_ones() {
        check(&[
            "0 none",
            "0 none",
            "0 none -> opened",
            "2000 ask -> try",
            "2500 given up",
            "2501 ask -> try",
        ]);
    }

    #[test]
    fn none_is_opened_where_that_is_not_wanted() {
        let mut breaker = Breaker::new(BreakerConfig { failures: 0, ..BreakerConfig::default() });
        for at in 0..100 {
            assert_eq!(breaker.unanswered(false, Duration::from_millis(at)), None);
        }
        assert_eq!(breaker.ask(Duration::from_millis(100)), Pass::Free);
    }
}
