//! The figures of one call and of a run, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::measure::{Kind, Turn};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The scenario was played to its end.
    Completed,
    /// The other end refused the call.
    Refused {
        /// SIP status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// Nobody answered.
    NoAnswer,
    /// The other end did not do what the scenario expects of it.
    ScenarioFailed {
        /// Which step, from 1.
        step: usize,
        /// What was missing.
        why: String,
    },
    /// The other end hung up in the middle of the scenario.
    HungUpEarly {
        /// The step that was being done, from 1.
        step: usize,
    },
    /// The owner of this side ended it.
    Cancelled,
    /// The call could not be made or went on without media: our side or the network.
    Error {
        /// What happened.
        what: String,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Refused { status, reason } => write!(f, "refused with {status} {reason}"),
            Self::NoAnswer => f.write_str("not answered"),
            Self::ScenarioFailed { step, why } => write!(f, "failed at step {step}: {why}"),
            Self::HungUpEarly { step } => write!(f, "the other end hung up during step {step}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Error { what } => write!(f, "error: {what}"),
        }
    }
}

/// What one call came to, seen from the scripted party.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallReport {
    /// Its number in the run, from 1.
    pub call: u64,
    /// The scenario's name.
    pub scenario: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// From INVITE to 200.
    pub setup_s: Option<f64>,
    /// From 200 to the end.
    pub length_s: f64,
    /// Everything that was said, with its latencies.
    pub turns: Vec<Turn>,
    /// Stretches during which the other end sounded: start and end in seconds.
    pub heard_s: Vec<(f64, f64)>,
    /// Keys that the other end pressed.
    pub keys_heard: String,
    /// The longest stretch in which nobody sounded.
    pub dead_air_s: f64,
    /// The received stream.
    pub network: Network,
    /// Where the recording is, if one was made: caller left, agent right.
    pub recording: Option<PathBuf>,
}

/// The quality of a received RTP stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Network {
    /// Packets received.
    pub packets: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets whose payload was none of the codec's.
    pub corrupt: u64,
    /// Packets' worth of sound that came too late to be heard.
    pub late: u64,
    /// Interarrival jitter at the end, RFC 3550, in milliseconds.
    pub jitter_ms: f64,
    /// The latest that a packet of ours left, after its time: above a few milliseconds our own machine was too busy, and
    /// latencies look longer than they are.
    pub own_lateness_ms_max: f64,
}

/// Mean, median, 95th percentile and largest of a quantity, and how often it was measured. Without a measurement there are
/// no figures rather than zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// How many.
    pub n: usize,
}

impl Spread {
    /// Of these values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let n = values.len();
        // Nearest rank: the smallest value that at least this share of all values does not exceed.
        let rank = |share: f64| values.get(((share * n as f64).ceil() as usize).saturating_sub(1)).copied();
        let mean = (n > 0).then(|| values.iter().sum::<f64>() / n as f64);
        Self { mean, p50: rank(0.5), p95: rank(0.95), max: values.last().copied(), n }
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadReport {
    /// Who was called.
    pub to: String,
    /// The scenario's name.
    pub scenario: String,
    /// Calls placed.
    pub calls_placed: u64,
    /// Calls whose scenario was played to the end.
    pub calls_completed: u64,
    /// The most calls at one time.
    pub concurrent_max: u64,
    /// How long the run took.
    pub seconds: f64,
    /// How often each outcome occurred.
    pub outcomes: BTreeMap<String, u64>,
    /// From the end of the caller's speech to the agent's first sound.
    pub response_latency_s: Spread,
    /// From the start of an interruption to the agent's silence.
    pub yield_latency_s: Spread,
    /// Share of turns that were answered before the caller had to speak again, and of how many.
    pub response_rate: Share,
    /// Share of interruptions after which the agent was silent within two seconds.
    pub yield_rate: Share,
    /// Times the agent began while the caller was speaking, per turn.
    pub agent_interruptions: Share,
    /// From INVITE to 200.
    pub setup_s: Spread,
    /// The longest common silence of each call.
    pub dead_air_s: Spread,
    /// Jitter at the end of each call, in milliseconds.
    pub jitter_ms: Spread,
    /// How late our own packets left at worst in each call, in milliseconds.
    pub own_lateness_ms: Spread,
    /// Share of packets that never came.
    pub loss: Share,
    /// Every call.
    pub calls: Vec<CallReport>,
}

/// A part of a whole, with the count that it was taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Share {
    /// 0 to 1; `None` of nothing.
    pub share: Option<f64>,
    /// Of how many.
    pub n: u64,
}

impl Share {
    /// So many of so many.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        Self { share: (whole > 0).then(|| part as f64 / whole as f64), n: whole }
    }
}

impl LoadReport {
    /// Sums up calls.
    #[must_use]
    pub fn of(
        to: String,
        scenario: String,
        concurrent_max: u64,
        seconds: f64,
        calls: Vec<CallReport>,
    ) -> Self {
        let mut outcomes = BTreeMap::new();
        for call in &calls {
            *outcomes.entry(call.outcome.to_string()).or_insert(0) += 1;
        }
        let turns = || calls.iter().flat_map(|call| &call.turns);
        let count = |wanted: &dyn Fn(&&Turn) -> bool| turns().filter(wanted).count() as u64;
        // The last thing said may be a goodbye, after which the caller hangs up: no answer is due.
        let last = |call: &CallReport| call.turns.iter().rposition(|turn| turn.kind.takes_floor());
        let due: Vec<&Turn> = calls
            .iter()
            .flat_map(|call| {
                call.turns.iter().enumerate().filter(move |(place, _)| Some(*place) != last(call))
            })
            .map(|(_, turn)| turn)
            .filter(|turn| turn.kind.takes_floor())
            .collect();
        let answered = due.iter().filter(|turn| turn.response_latency_s.is_some()).count() as u64;
        let yields = |turn: &&Turn| turn.kind == Kind::Interruption && turn.yielded.is_some();
        let packets: u64 = calls.iter().map(|call| call.network.packets).sum();
        let lost: u64 = calls.iter().map(|call| call.network.lost).sum();
        let up = || calls.iter().filter(|call| call.setup_s.is_some());
        Self {
            to,
            scenario,
            calls_placed: calls.len() as u64,
            calls_completed: calls.iter().filter(|call| call.outcome == Outcome::Completed).count() as u64,
            concurrent_max,
            seconds,
            outcomes,
            response_latency_s: Spread::of(turns().filter_map(|turn| turn.response_latency_s)),
            yield_latency_s: Spread::of(turns().filter_map(|turn| turn.yield_latency_s)),
            response_rate: Share::of(answered, due.len() as u64),
            yield_rate: Share::of(
                count(&|turn| yields(turn) && turn.yielded == Some(true)),
                count(&|turn| yields(turn)),
            ),
            agent_interruptions: Share::of(count(&|turn| turn.agent_interrupted), turns().count() as u64),
            setup_s: Spread::of(calls.iter().filter_map(|call| call.setup_s)),
            dead_air_s: Spread::of(up().map(|call| call.dead_air_s)),
            jitter_ms: Spread::of(up().map(|call| call.network.jitter_ms)),
            own_lateness_ms: Spread::of(up().map(|call| call.network.own_lateness_ms_max)),
            loss: Share::of(lost, packets + lost),
            calls,
        }
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} calls to {} completed `{}` in {:.1} s, at most {} at one time",
            self.calls_completed,
            self.calls_placed,
            self.to,
            self.scenario,
            self.seconds,
            self.concurrent_max
        )?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "  {count:>5}  {outcome}")?;
        }
        writeln!(f, "{:<28}{:>9}{:>9}{:>9}{:>9}{:>7}", "", "mean", "p50", "p95", "max", "n")?;
        row(f, "response latency, s", self.response_latency_s, 3)?;
        row(f, "yield latency, s", self.yield_latency_s, 3)?;
        row(f, "set-up, s", self.setup_s, 3)?;
        row(f, "longest silence, s", self.dead_air_s, 3)?;
        row(f, "jitter, ms", self.jitter_ms, 1)?;
        row(f, "own clock late, ms", self.own_lateness_ms, 1)?;
        share(f, "turns answered", self.response_rate)?;
        share(f, "interruptions yielded to", self.yield_rate)?;
        share(f, "turns the agent cut into", self.agent_interruptions)?;
        share(f, "packets lost", self.loss)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, spread: Spread, digits: usize) -> fmt::Result {
    write!(f, "{name:<28}")?;
    for value in [spread.mean, spread.p50, spread.p95, spread.max] {
        match value {
            Some(value) => write!(f, "{value:>9.digits$}")?,
            None => write!(f, "{:>9}", "-")?,
        }
    }
    writeln!(f, "{:>7}", spread.n)
}

fn share(f: &mut fmt::Formatter<'_>, name: &str, share: Share) -> fmt::Result {
    match share.share {
        Some(value) => writeln!(f, "{name:<28}{:>8.2}%{:>34}", value * 100.0, share.n),
        None => writeln!(f, "{name:<28}{:>9}{:>34}", "-", share.n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(kind: Kind, response: Option<f64>, silence: Option<f64>, yielded: Option<bool>) -> Turn {
        Turn {
            name: "a".to_owned(),
            kind,
            start_s: 0.0,
            end_s: 1.0,
            response_latency_s: response,
            yield_latency_s: silence,
            yielded,
            agent_interrupted: false,
        }
    }

    fn call(outcome: Outcome, turns: Vec<Turn>) -> CallReport {
        CallReport {
            call: 1,
            scenario: "s".to_owned(),
            outcome,
            setup_s: Some(0.01),
            length_s: 10.0,
            turns,
            heard_s: Vec::new(),
            keys_heard: String::new(),
            dead_air_s: 1.5,
            network: Network {
                packets: 99,
                lost: 1,
                jitter_ms: 0.5,
                own_lateness_ms_max: 1.0,
                ..Network::default()
            },
            recording: None,
        }
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let spread = Spread::of((1..=100).map(f64::from));
        assert_eq!(
            (spread.p50, spread.p95, spread.max, spread.n),
            (Some(50.0), Some(95.0), Some(100.0), 100)
        );
        assert_eq!(spread.mean, Some(50.5));
        assert_eq!(Spread::of([0.25]).p95, Some(0.25));
        assert_eq!(Spread::of([]), Spread::default());
    }

    #[test]
    fn a_run_is_summed_up() {
        let turns = vec![
            turn(Kind::Turn, Some(0.4), None, None),
            turn(Kind::Interruption, Some(0.6), Some(0.3), Some(true)),
            turn(Kind::Turn, None, None, None),
        ];
        let refused = Outcome::Refused { status: 486, reason: "Busy Here".to_owned() };
        let calls = vec![call(Outcome::Completed, turns), call(refused, Vec::new())];
        let report = LoadReport::of("sip:a".to_owned(), "s".to_owned(), 2, 12.0, calls);
        assert_eq!((report.calls_placed, report.calls_completed), (2, 1));
        assert_eq!(report.response_latency_s.mean, Some(0.5));
        assert_eq!(report.response_rate, Share::of(2, 2), "the goodbye needs no answer");
        assert_eq!(report.yield_rate, Share::of(1, 1));
        assert_eq!(report.loss.share, Some(0.01));
        let table = report.to_string();
        assert!(table.contains("1  refused with 486 Busy Here"), "{table}");
        assert!(
            table.contains("response latency, s             0.500    0.400    0.600    0.600      2"),
            "{table}"
        );
        let json = serde_json::to_value(&report).expect("plain data");
        assert_eq!(json["calls"][1]["outcome"], "refused");
        assert_eq!(json["yield_latency_s"]["n"], 1);
    }
}
