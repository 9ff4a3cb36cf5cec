//! What the agent made of each thing that the caller did, from nothing but where both sounded. The definitions are those of the
//! public tau-voice benchmark.
//!
//! - A turn, or an interruption, that ended with the agent silent wants an **answer**: the agent's next segment must start
//!   before the caller speaks to it again. The last thing said in a call, when nothing follows it, is not judged.
//! - An interruption that begins while the agent sounds wants it to **yield**: to be silent within 2.0 s. So does a turn that
//!   happens to begin just after the agent went on.
//! - A **backchannel**, a **tic** and **side talk** that begin while the agent sounds want it to talk on: it errs when it stops
//!   within 1.0 s of their beginning. Tics and side talk that begin in its silence want no answer: it errs when a segment starts
//!   before 2.0 s after their end. A backchannel in silence is not judged.
//! - The agent **interrupts** when a segment of it starts while the caller speaks: a turn, an interruption or a backchannel.
//!
//! An agent that was at the end of what it had to say did not stop *for* anything. Where [`Heard::own_end`] tells so, and where it
//! stops sooner than anything could have made it, there was nothing to yield or to talk on with, and the event is not counted.

use std::time::Duration;

use callwright_model::Samples;
use serde::Serialize;

use crate::detect::Segment;
use crate::measure::{Kind, Said, YIELD_WITHIN};

/// A stretch during which the agent sounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Where.
    pub place: Segment,
    /// It is known to end where it ends when nobody speaks over it.
    pub own_end: bool,
}

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Is it answered: L_R and R_R.
    Response,
    /// Does the agent yield: L_Y and R_Y.
    Yield,
    /// Does the agent cut in: I_A.
    AgentInterruption,
    /// S_BC.
    Backchannel,
    /// S_VT.
    Tic,
    /// S_ND.
    SideTalk,
}

/// What the agent did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// Began to speak, after or while.
    Spoke,
    /// Fell silent, or ended what it had to say.
    Stopped,
    /// Went on speaking.
    TalkedOn,
    /// Was and stayed silent.
    StayedSilent,
}

/// Whether that was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A hit.
    Right,
    /// A miss.
    Wrong,
    /// Nothing can be said.
    NotCounted,
}

/// One judgement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The number of the call.
    pub call: u64,
    /// What is judged.
    pub figure: Figure,
    /// What the caller did.
    pub kind: Kind,
    /// What was said.
    pub name: String,
    /// From the first sound of it, in seconds since the media started.
    pub start_s: f64,
    /// To the last.
    pub end_s: f64,
    /// The agent was sounding when it began.
    pub agent_speaking: bool,
    /// What the agent did.
    pub did: Did,
    /// Whether that was right.
    pub verdict: Verdict,
    /// Until it did so: from the end of a turn to the answer, from the beginning of anything else.
    pub latency_s: Option<f64>,
}

/// Judges one call. `length` is the call's, `tick` the grid on which everything is laid before it is compared.
#[must_use]
pub fn judge(call: u64, said: &[Said], heard: &[Heard], length: Samples, tick: Duration) -> Vec<Event> {
    let grid = Grid(Samples::of(tick).0.max(1));
    let said: Vec<Said> =
        said.iter().map(|said| Said { speech: grid.segment(said.speech), ..said.clone() }).collect();
    let heard: Vec<Heard> =
        heard.iter().map(|heard| Heard { place: grid.segment(heard.place), ..*heard }).collect();
    let court = Court { call, said: &said, heard: &heard, length };
    let mut events = Vec::new();
    for (place, this) in said.iter().enumerate() {
        if this.kind.takes_floor() {
            events.extend(court.yields(this));
            events.extend(court.answers(place, this));
        } else {
            events.extend(court.ignores(place, this));
        }
        events.extend(court.cuts_in(this));
    }
    events
}

/// Positions to the nearest tick: a tick counts as sounding when most of it does.
struct Grid(u64);

impl Grid {
    fn segment(&self, segment: Segment) -> Segment {
        let near = |position: Samples| Samples((position.0 + self.0 / 2) / self.0 * self.0);
        Segment { start: near(segment.start), end: near(segment.end) }
    }
}

struct Court<'a> {
    call: u64,
    said: &'a [Said],
    heard: &'a [Heard],
    length: Samples,
}

impl Court<'_> {
    /// What the agent was saying at this moment.
    fn sounding_at(&self, at: Samples) -> Option<&Heard> {
        self.heard.iter().find(|heard| heard.place.start < at && heard.place.end > at)
    }

    /// When the caller next speaks to the agent.
    fn spoken_to_again(&self, place: usize) -> Option<Samples> {
        self.said[place + 1..].iter().find(|later| later.kind.takes_floor()).map(|later| later.speech.start)
    }

    fn event(
        &self,
        figure: Figure,
        this: &Said,
        did: Did,
        verdict: Verdict,
        latency: Option<Samples>,
    ) -> Event {
        let seconds = |position: Samples| position.duration().as_secs_f64();
        Event {
            call: self.call,
            figure,
            kind: this.kind,
            name: this.name.clone(),
            start_s: seconds(this.speech.start),
            end_s: seconds(this.speech.end),
            agent_speaking: self.sounding_at(this.speech.start).is_some(),
            did,
            verdict,
            latency_s: latency.map(seconds),
        }
    }

    fn yields(&self, this: &Said) -> Option<Event> {
        let over = self.sounding_at(this.speech.start)?;
        let after = over.place.end - this.speech.start;
        let stopped = after.duration() <= YIELD_WITHIN;
        let (did, verdict) = match (stopped, over.own_end || after.duration() < REACTION_MIN) {
            (true, true) => (Did::Stopped, Verdict::NotCounted),
            (true, false) => (Did::Stopped, Verdict::Right),
            (false, _) => (Did::TalkedOn, Verdict::Wrong),
        };
        Some(self.event(Figure::Yield, this, did, verdict, Some(after).filter(|_| stopped)))
    }

    fn answers(&self, place: usize, this: &Said) -> Option<Event> {
        let end = this.speech.end;
        if self.sounding_at(end).is_some() {
            return None;
        }
        let again = self.spoken_to_again(place);
        let answer = self.heard.iter().map(|heard| heard.place.start).find(|&start| start >= end);
        let in_time = answer.filter(|&start| again.is_none_or(|again| start <= again));
        match (in_time, again) {
            (Some(start), _) => {
                Some(self.event(Figure::Response, this, Did::Spoke, Verdict::Right, Some(start - end)))
            }
            (None, Some(_)) => {
                Some(self.event(Figure::Response, this, Did::StayedSilent, Verdict::Wrong, None))
            }
            (None, None) => None,
        }
    }

    fn ignores(&self, place: usize, this: &Said) -> Option<Event> {
        let figure = match this.kind {
            Kind::Backchannel => Figure::Backchannel,
            Kind::Tic => Figure::Tic,
            Kind::SideTalk => Figure::SideTalk,
            Kind::Turn | Kind::Interruption | Kind::Keys => return None,
        };
        let Segment { start, end } = this.speech;
        if let Some(over) = self.sounding_at(start) {
            let after = over.place.end - start;
            let stopped = after.duration() <= STOPS_WITHIN;
            let (did, verdict) = match (stopped, over.own_end || after.duration() < REACTION_MIN) {
                (true, true) => (Did::Stopped, Verdict::NotCounted),
                (true, false) => (Did::Stopped, Verdict::Wrong),
                (false, _) => (Did::TalkedOn, Verdict::Right),
            };
            return Some(self.event(figure, this, did, verdict, Some(after).filter(|_| stopped)));
        }
        if figure == Figure::Backchannel {
            return Some(self.event(figure, this, Did::StayedSilent, Verdict::NotCounted, None));
        }
        let window = end + Samples::of(ANSWERS_WITHIN);
        // What comes after the caller's next turn is an answer to that.
        let until = self.spoken_to_again(place).map_or(window, |again| again.min(window));
        let answer =
            self.heard.iter().map(|heard| heard.place.start).find(|&from| from >= start && from <= until);
        Some(match answer {
            Some(from) => self.event(figure, this, Did::Spoke, Verdict::Wrong, Some(from - start)),
            // The call was over before it was clear.
            None if until > self.length => {
                self.event(figure, this, Did::StayedSilent, Verdict::NotCounted, None)
            }
            None => self.event(figure, this, Did::StayedSilent, Verdict::Right, None),
        })
    }

    fn cuts_in(&self, this: &Said) -> Vec<Event> {
        let speaks = match this.kind {
            Kind::Turn | Kind::Interruption | Kind::Backchannel => true,
            Kind::Tic | Kind::SideTalk | Kind::Keys => false,
        };
        let Segment { start, end } = this.speech;
        self.heard
            .iter()
            .filter(|heard| speaks && heard.place.start >= start && heard.place.start < end)
            .map(|heard| {
                let latency = Some(heard.place.start - start);
                self.event(Figure::AgentInterruption, this, Did::Spoke, Verdict::Wrong, latency)
            })
            .collect()
    }
}

/// No agent stops for a sound sooner than this: half of it goes into packets and jitter buffers both ways.
const REACTION_MIN: Duration = Duration::from_millis(160);
/// Stopping for a backchannel, a tic or side talk within this is an error; the figure of the benchmark.
const STOPS_WITHIN: Duration = Duration::from_secs(1);
/// Answering a tic or side talk within this after its end is an error; the figure of the benchmark.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
