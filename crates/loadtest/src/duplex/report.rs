//! The figures of a run, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::figures::{Counts, Figures, Intervals, Panel};
use super::judge::Event;
use super::line::Disturbance;
use super::profile::Profile;
use crate::report::{CallReport, Network, Outcome};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DuplexReport {
    /// Who was called.
    pub to: String,
    /// The conditions.
    pub profile: Profile,
    /// What was said.
    pub conversation: String,
    /// Where chance began.
    pub seed: u64,
    /// How long the run took.
    pub seconds: f64,
    /// The most calls at one time.
    pub concurrent_max: u64,
    /// The eight figures, at frames of 20 ms.
    pub figures: Figures,
    /// The same at ticks of 200 ms, as the benchmark measures.
    pub figures_200ms: Figures,
    /// How sure the figures at 20 ms are.
    pub intervals: Intervals,
    /// How sure those at 200 ms are.
    pub intervals_200ms: Intervals,
    /// What the figures at 20 ms rest on.
    pub counts: Counts,
    /// What those at 200 ms rest on.
    pub counts_200ms: Counts,
    /// Both directions of all calls.
    pub network: DuplexNetwork,
    /// Calls placed again because the other end had hung up before the caller said goodbye.
    pub continued: u64,
    /// How often each outcome occurred.
    pub outcomes: BTreeMap<String, u64>,
    /// Every judgement at 20 ms.
    pub events: Vec<Event>,
    /// Every call.
    pub calls: Vec<DuplexCall>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DuplexCall {
    /// Its number, from 1.
    pub call: u64,
    /// The number of the call that it goes on from.
    pub continues: Option<u64>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// From INVITE to 200.
    pub setup_s: Option<f64>,
    /// From 200 to the end.
    pub length_s: f64,
    /// What was done to the caller's sound.
    pub disturbances: Vec<Placed>,
    /// The received stream.
    pub network: Network,
    /// The recording: caller left, agent right.
    pub recording: Option<PathBuf>,
}

/// A disturbance with its place in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// From.
    pub start_s: f64,
    /// To.
    pub end_s: f64,
    /// What.
    #[serde(flatten)]
    pub disturbance: Disturbance,
}

/// Packets in both directions, summed over calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct DuplexNetwork {
    /// Packets of the callers, sent or lost on purpose.
    pub own_packets: u64,
    /// Share of them that was lost on purpose.
    pub own_loss: f64,
    /// Packets received from the agent.
    pub packets: u64,
    /// Packets of the agent that never came.
    pub lost: u64,
    /// Packets' worth of its sound that came too late to be heard.
    pub late: u64,
    /// The worst jitter of a call at its end, in milliseconds.
    pub jitter_ms_max: f64,
    /// The latest that a packet of ours left, after its time: above a few milliseconds this machine was too busy, and latencies
    /// look longer than they are.
    pub own_lateness_ms_max: f64,
}

impl DuplexCall {
    pub(super) fn of(report: CallReport, continues: Option<u64>, disturbances: &[Disturbance]) -> Self {
        let seconds = |samples: callwright_model::Samples| samples.duration().as_secs_f64();
        let placed = |disturbance: &Disturbance| Placed {
            start_s: seconds(disturbance.place.start),
            end_s: seconds(disturbance.place.end),
            disturbance: disturbance.clone(),
        };
        Self {
            call: report.call,
            continues,
            outcome: report.outcome,
            setup_s: report.setup_s,
            length_s: report.length_s,
            disturbances: disturbances.iter().map(placed).collect(),
            network: report.network,
            recording: report.recording,
        }
    }

    fn packets_lost_on_purpose(&self) -> u64 {
        let lost = self
            .disturbances
            .iter()
            .filter(|placed| matches!(placed.disturbance.kind, super::line::DisturbanceKind::Lost));
        lost.map(|placed| ((placed.end_s - placed.start_s) * 50.0).round() as u64).sum()
    }
}

impl DuplexNetwork {
    pub(super) fn of(calls: &[DuplexCall]) -> Self {
        let sum = |count: &dyn Fn(&DuplexCall) -> u64| calls.iter().map(count).sum::<u64>();
        let most = |value: &dyn Fn(&DuplexCall) -> f64| calls.iter().map(value).fold(0.0, f64::max);
        let own_packets = sum(&|call| (call.length_s * 50.0) as u64);
        Self {
            own_packets,
            own_loss: sum(&DuplexCall::packets_lost_on_purpose) as f64 / own_packets.max(1) as f64,
            packets: sum(&|call| call.network.packets),
            lost: sum(&|call| call.network.lost),
            late: sum(&|call| call.network.late),
            jitter_ms_max: most(&|call| call.network.jitter_ms),
            own_lateness_ms_max: most(&|call| call.network.own_lateness_ms_max),
        }
    }
}

impl DuplexReport {
    /// Whether every caller got to say goodbye, in one call or in several.
    #[must_use]
    pub fn all_said_goodbye(&self) -> bool {
        let cut =
            self.calls.iter().filter(|call| matches!(call.outcome, Outcome::HungUpEarly { .. })).count();
        let good = self.calls.iter().filter(|call| call.outcome == Outcome::Completed).count();
        !self.calls.is_empty() && good + cut == self.calls.len() && cut as u64 == self.continued
    }
}

impl fmt::Display for DuplexReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.len();
        let minutes = self.calls.iter().map(|call| call.length_s).sum::<f64>() / 60.0;
        writeln!(
            f,
            "`{}` over `{}` to {}: {calls} calls, {minutes:.1} minutes of talk in {:.0} s, at most {} at one time, seed {}",
            self.conversation, self.profile.name, self.to, self.seconds, self.concurrent_max, self.seed
        )?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "  {count:>5}  {outcome}")?;
        }
        if self.continued > 0 {
            writeln!(f, "  {:>5}  placed again after an early end", self.continued)?;
        }
        writeln!(f, "\n{:<44}{:>9}{:>9}   {:<17}{:>11}", "", "20 ms", "200 ms", "95 % (20 ms)", "events")?;
        let (a, b, i, c) = (&self.figures, &self.figures_200ms, &self.intervals, &self.counts);
        let of = |part: u64, whole: u64| format!("{part}/{whole}");
        let answered = of(c.answered, c.turns);
        let yielded = of(c.yielded, c.interruptions);
        for (name, fine, coarse, sure, count) in [
            (
                "L_R   response latency, s",
                a.response_latency,
                b.response_latency,
                i.response_latency,
                c.answered.to_string(),
            ),
            (
                "L_Y   yield latency, s",
                a.yield_latency,
                b.yield_latency,
                i.yield_latency,
                c.yielded.to_string(),
            ),
            ("R_R   turns answered", a.response_rate, b.response_rate, i.response_rate, answered),
            ("R_Y   interruptions yielded to", a.yield_rate, b.yield_rate, i.yield_rate, yielded),
            (
                "I_A   agent cut in, per turn",
                a.agent_interruptions,
                b.agent_interruptions,
                i.agent_interruptions,
                of(c.agent_interruptions, c.turns),
            ),
            (
                "S_BC  backchannels talked through",
                a.backchannel,
                b.backchannel,
                i.backchannel,
                of(c.backchannels_right, c.backchannels),
            ),
            ("S_VT  vocal tics ignored", a.tic, b.tic, i.tic, of(c.tics_right, c.tics)),
            (
                "S_ND  side talk ignored",
                a.side_talk,
                b.side_talk,
                i.side_talk,
                of(c.side_talk_right, c.side_talk),
            ),
        ] {
            let number =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
            let sure = sure.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"));
            writeln!(f, "{name:<44}{:>9}{:>9}   {sure:<17}{count:>11}", number(fine), number(coarse))?;
        }
        writeln!(
            f,
            "\ntics over the agent {} of {}, side talk {} of {}; {} events not counted; a figure of fewer than {} events is not given",
            c.tics_over_agent,
            c.tics,
            c.side_talk_over_agent,
            c.side_talk,
            c.not_counted,
            super::EVENTS_MIN
        )?;
        let n = &self.network;
        writeln!(
            f,
            "network: {:.2} % of our packets lost on purpose; of the agent's {} packets {} lost, {} late; jitter {:.1} ms, own clock \
             late {:.1} ms at worst",
            n.own_loss * 100.0,
            n.packets,
            n.lost,
            n.late,
            n.jitter_ms_max,
            n.own_lateness_ms_max
        )
    }
}

/// The panels at both grids with everything around them.
pub(super) struct Run {
    pub(super) to: String,
    pub(super) profile: Profile,
    pub(super) conversation: String,
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) concurrent_max: u64,
    pub(super) calls: Vec<DuplexCall>,
    pub(super) events: Vec<Event>,
    pub(super) events_200ms: Vec<Event>,
}

impl From<Run> for DuplexReport {
    fn from(run: Run) -> Self {
        let (fine, coarse) = (Panel::of(&run.events), Panel::of(&run.events_200ms));
        let mut outcomes = BTreeMap::new();
        for call in &run.calls {
            *outcomes.entry(call.outcome.to_string()).or_insert(0) += 1;
        }
        Self {
            to: run.to,
            profile: run.profile,
            conversation: run.conversation,
            seed: run.seed,
            seconds: run.seconds,
            concurrent_max: run.concurrent_max,
            figures: fine.figures,
            figures_200ms: coarse.figures,
            intervals: fine.intervals,
            intervals_200ms: coarse.intervals,
            counts: fine.counts,
            counts_200ms: coarse.counts,
            network: DuplexNetwork::of(&run.calls),
            continued: run.calls.iter().filter(|call| call.continues.is_some()).count() as u64,
            outcomes,
            events: run.events,
            calls: run.calls,
        }
    }
}
