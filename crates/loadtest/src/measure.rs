//! What is measured, from nothing but when each party sounded at the caller's ear.
//!
//! **The timeline.** Positions count 16 kHz samples since the caller's media started. What the caller says lies where it left
//! the mouth: the 20 ms of a packet end when the packet is sent. What the caller hears lies where it reached the ear: a packet
//! begins to sound when it arrives, and later ones follow by their RTP timestamps. So packing time, network, the gateway's
//! jitter buffer and its own packing are all inside a latency.
//!
//! **Response latency** (L_R): from the end of speech in the caller's clip - not of the file, which may end in silence - to the
//! start of the first segment of the agent after it, before the caller speaks again. A turn during which the agent began
//! to speak, or that the agent talked through, has none.
//!
//! **Yield latency** (L_Y): from the start of speech in an interruption to the last sound of the agent's segment that it fell
//! into. An agent that sounds for longer than [`YIELD_WITHIN`] did not yield and has none; it lowers the yield rate instead.
//! When the agent happened to have finished just before, the interruption was an ordinary turn.
//!
//! **Dead air**: the longest stretch in which neither party sounds.

use std::time::Duration;

use callwright_model::Samples;
use serde::Serialize;

use crate::detect::Segment;

/// Longest sounding on after an interruption that still counts as yielding; the figure of the public tau-voice benchmark.
pub const YIELD_WITHIN: Duration = Duration::from_secs(2);

/// What something that the caller said was meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Said when the agent had finished.
    Turn,
    /// Said over the agent, to be heard.
    Interruption,
    /// Said over the agent, who is to go on.
    Backchannel,
    /// A cough, a sneeze, an "um": means nothing.
    Tic,
    /// Said to somebody else.
    SideTalk,
    /// Pressed keys.
    Keys,
}

impl Kind {
    /// Whether it is said to be answered.
    #[must_use]
    pub const fn takes_floor(self) -> bool {
        match self {
            Self::Turn | Self::Interruption | Self::Keys => true,
            Self::Backchannel | Self::Tic | Self::SideTalk => false,
        }
    }
}

/// Something that the caller said, with where its speech lies on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The clip's name, or the keys.
    pub name: String,
    /// What it was meant to be.
    pub kind: Kind,
    /// From the first sound of speech to the last.
    pub speech: Segment,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    /// The clip's name, or the keys.
    pub name: String,
    /// What it was meant to be.
    pub kind: Kind,
    /// Start of speech, seconds since the media started.
    pub start_s: f64,
    /// End of speech.
    pub end_s: f64,
    /// From the end of speech to the agent's first sound.
    pub response_latency_s: Option<f64>,
    /// From the start of speech to the agent's last sound, where the caller spoke over it.
    pub yield_latency_s: Option<f64>,
    /// Whether the agent fell silent in time; `None` when it was silent anyway.
    pub yielded: Option<bool>,
    /// The agent began to speak while the caller was speaking.
    pub agent_interrupted: bool,
}

/// Measures each thing said against the agent's segments. Both in order of time.
#[must_use]
pub fn measure(said: &[Said], agent: &[Segment]) -> Vec<Turn> {
    said.iter()
        .enumerate()
        .map(|(place, this)| {
            // What comes after a backchannel's words belongs to the turn before it.
            let next = said[place + 1..].iter().find(|later| later.kind.takes_floor());
            let limit = next.map_or(Samples(u64::MAX), |next| next.speech.start);
            turn(this, agent, limit)
        })
        .collect()
}

fn turn(this: &Said, agent: &[Segment], limit: Samples) -> Turn {
    let Segment { start, end } = this.speech;
    let over = agent.iter().find(|segment| segment.start < start && segment.end > start);
    let sounded_on = over.map(|segment| (segment.end - start).duration());
    let yielded = sounded_on.map(|length| length <= YIELD_WITHIN);
    let agent_interrupted = agent.iter().any(|segment| segment.start >= start && segment.start < end);
    let talked_through = over.is_some_and(|segment| segment.end > end) && yielded == Some(false);
    let answered = this.kind.takes_floor() && !agent_interrupted && !talked_through;
    let answer = agent.iter().map(|segment| segment.start).find(|&from| from >= end);
    let answer = answer.filter(|&from| answered && from < limit);
    Turn {
        name: this.name.clone(),
        kind: this.kind,
        start_s: start.duration().as_secs_f64(),
        end_s: end.duration().as_secs_f64(),
        response_latency_s: answer.map(|from| (from - end).duration().as_secs_f64()),
        yield_latency_s: match (this.kind, yielded) {
            (Kind::Interruption, Some(true)) => sounded_on.map(|length| length.as_secs_f64()),
            _ => None,
        },
        yielded,
        agent_interrupted,
    }
}

/// The longest stretch up to `end` in which nobody sounds. Segments need not be in order.
#[must_use]
pub fn dead_air(said: &[Said], agent: &[Segment], end: Samples) -> Duration {
    let mut all: Vec<Segment> = said.iter().map(|said| said.speech).chain(agent.iter().copied()).collect();
    all.sort_by_key(|segment| segment.start);
    let mut silent_from = Samples(0);
    let mut longest = Samples(0);
    for segment in all {
        longest = longest.max(segment.start - silent_from);
        silent_from = silent_from.max(segment.end);
    }
    longest.max(end - silent_from).duration()
}

#[cfg(test)]
mod tests;
