//! The eight figures of a run, with the counts behind them and how sure they are.

use serde::Serialize;

use super::dice::Dice;
use super::judge::{Event, Figure, Verdict};

/// The figures by the names of the benchmark. One that rests on fewer than [`EVENTS_MIN`] events is not given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Mean seconds from the end of a turn to the answer.
    #[serde(rename = "L_R")]
    pub response_latency: Option<f64>,
    /// Mean seconds from the start of an interruption to the agent's silence.
    #[serde(rename = "L_Y")]
    pub yield_latency: Option<f64>,
    /// Share of turns that were answered.
    #[serde(rename = "R_R")]
    pub response_rate: Option<f64>,
    /// Share of interruptions that were yielded to.
    #[serde(rename = "R_Y")]
    pub yield_rate: Option<f64>,
    /// Times that the agent cut in, per turn.
    #[serde(rename = "I_A")]
    pub agent_interruptions: Option<f64>,
    /// Share of backchannels that were talked through.
    #[serde(rename = "S_BC")]
    pub backchannel: Option<f64>,
    /// Share of tics that were ignored.
    #[serde(rename = "S_VT")]
    pub tic: Option<f64>,
    /// Share of side talk that was ignored.
    #[serde(rename = "S_ND")]
    pub side_talk: Option<f64>,
}

/// Ninety-five times of a hundred the true value lies in here: Wilson's interval of a share, a bootstrap of a mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Intervals {
    /// Of [`Figures::response_latency`].
    #[serde(rename = "L_R")]
    pub response_latency: Option<[f64; 2]>,
    /// Of [`Figures::yield_latency`].
    #[serde(rename = "L_Y")]
    pub yield_latency: Option<[f64; 2]>,
    /// Of [`Figures::response_rate`].
    #[serde(rename = "R_R")]
    pub response_rate: Option<[f64; 2]>,
    /// Of [`Figures::yield_rate`].
    #[serde(rename = "R_Y")]
    pub yield_rate: Option<[f64; 2]>,
    /// Of [`Figures::agent_interruptions`].
    #[serde(rename = "I_A")]
    pub agent_interruptions: Option<[f64; 2]>,
    /// Of [`Figures::backchannel`].
    #[serde(rename = "S_BC")]
    pub backchannel: Option<[f64; 2]>,
    /// Of [`Figures::tic`].
    #[serde(rename = "S_VT")]
    pub tic: Option<[f64; 2]>,
    /// Of [`Figures::side_talk`].
    #[serde(rename = "S_ND")]
    pub side_talk: Option<[f64; 2]>,
}

/// How much was judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Turns and interruptions that wanted an answer.
    pub turns: u64,
    /// Of them, answered.
    pub answered: u64,
    /// Times the caller spoke over the agent to be heard.
    pub interruptions: u64,
    /// Of them, yielded to.
    pub yielded: u64,
    /// Times the agent cut in.
    pub agent_interruptions: u64,
    /// Backchannels over the agent.
    pub backchannels: u64,
    /// Of them, talked through.
    pub backchannels_right: u64,
    /// Tics.
    pub tics: u64,
    /// Of them, ignored.
    pub tics_right: u64,
    /// Of all tics, those over the agent.
    pub tics_over_agent: u64,
    /// Things said to somebody else.
    pub side_talk: u64,
    /// Of them, ignored.
    pub side_talk_right: u64,
    /// Of all side talk, that over the agent.
    pub side_talk_over_agent: u64,
    /// Events of which nothing could be said, such as when the agent was at its own end.
    pub not_counted: u64,
}

/// All of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Panel {
    /// The figures.
    pub figures: Figures,
    /// How sure they are.
    pub intervals: Intervals,
    /// What they rest on.
    pub counts: Counts,
}

impl Panel {
    /// Sums up judgements.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let counts = Counts::of(events);
        let latencies = |figure| {
            let right =
                events.iter().filter(move |event| event.figure == figure && event.verdict == Verdict::Right);
            right.filter_map(|event| event.latency_s).collect::<Vec<f64>>()
        };
        let (response, silence) = (latencies(Figure::Response), latencies(Figure::Yield));
        let share = |part: u64, whole: u64| (whole >= EVENTS_MIN).then(|| part as f64 / whole as f64);
        let sure = |part: u64, whole: u64| (whole >= EVENTS_MIN).then(|| wilson(part, whole));
        let c = &counts;
        Self {
            figures: Figures {
                response_latency: mean(&response),
                yield_latency: mean(&silence),
                response_rate: share(c.answered, c.turns),
                yield_rate: share(c.yielded, c.interruptions),
                agent_interruptions: share(c.agent_interruptions, c.turns),
                backchannel: share(c.backchannels_right, c.backchannels),
                tic: share(c.tics_right, c.tics),
                side_talk: share(c.side_talk_right, c.side_talk),
            },
            intervals: Intervals {
                response_latency: bootstrap(&response),
                yield_latency: bootstrap(&silence),
                response_rate: sure(c.answered, c.turns),
                yield_rate: sure(c.yielded, c.interruptions),
                // It can in principle be more than one a turn; then the interval ends at one.
                agent_interruptions: sure(c.agent_interruptions.min(c.turns), c.turns),
                backchannel: sure(c.backchannels_right, c.backchannels),
                tic: sure(c.tics_right, c.tics),
                side_talk: sure(c.side_talk_right, c.side_talk),
            },
            counts,
        }
    }
}

impl Counts {
    fn of(events: &[Event]) -> Self {
        let mut counts = Self::default();
        for event in events {
            let right = u64::from(event.verdict == Verdict::Right);
            if event.verdict == Verdict::NotCounted {
                counts.not_counted += 1;
                continue;
            }
            let over = u64::from(event.agent_speaking);
            match event.figure {
                Figure::Response => {
                    counts.turns += 1;
                    counts.answered += right;
                }
                Figure::Yield => {
                    counts.interruptions += 1;
                    counts.yielded += right;
                }
                Figure::AgentInterruption => counts.agent_interruptions += 1,
                Figure::Backchannel => {
                    counts.backchannels += 1;
                    counts.backchannels_right += right;
                }
                Figure::Tic => {
                    counts.tics += 1;
                    counts.tics_right += right;
                    counts.tics_over_agent += over;
                }
                Figure::SideTalk => {
                    counts.side_talk += 1;
                    counts.side_talk_right += right;
                    counts.side_talk_over_agent += over;
                }
            }
        }
        counts
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (values.len() as u64 >= EVENTS_MIN).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Wilson's score interval, which stays inside 0 to 1 and is honest where the share is near one of them.
fn wilson(part: u64, whole: u64) -> [f64; 2] {
    let (n, p) = (whole as f64, part as f64 / whole as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// Percentiles of the means of samples drawn with replacement. The dice are always the same, so the same events give the same
/// interval.
fn bootstrap(values: &[f64]) -> Option<[f64; 2]> {
    if (values.len() as u64) < EVENTS_MIN {
        return None;
    }
    let mut dice = Dice::new(1, "bootstrap");
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..values.len()).map(|_| values[dice.below(values.len())]).sum::<f64>() / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((share * RESAMPLES as f64) as usize).min(RESAMPLES - 1)];
    Some([at(0.025), at(0.975)])
}

/// Fewer events show nothing; the benchmark's own rule.
pub const EVENTS_MIN: u64 = 10;
/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_964;
/// Twice the usual thousand, so that fifty means lie outside at each end.
const RESAMPLES: usize = 2_000;

#[cfg(test)]
mod tests;
