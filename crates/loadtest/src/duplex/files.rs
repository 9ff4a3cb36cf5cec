//! What lies beside the recording of a call: its markers for an audio editor, its ticks for other programs, its picture.

use std::fmt::Write as _;
use std::path::Path;

use callwright_model::Samples;
use serde::Serialize;

use super::judge::{Did, Event, Figure, Heard, Verdict};
use super::line::{Disturbance, DisturbanceKind};
use super::picture;
use super::trace::Levels;
use crate::detect::Segment;
use crate::measure::{Kind, Said};

/// Everything that is known of a call.
pub(super) struct View<'a> {
    pub(super) call: u64,
    pub(super) profile: &'a str,
    pub(super) length: Samples,
    pub(super) said: &'a [Said],
    pub(super) heard: &'a [Heard],
    pub(super) events: &'a [Event],
    pub(super) disturbances: &'a [Disturbance],
    pub(super) levels: &'a Levels,
}

impl View<'_> {
    /// Writes `call-N.markers.txt`, `call-N.ticks.json` and `call-N.svg`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), String> {
        let files =
            [("markers.txt", self.markers()), ("ticks.json", self.ticks()?), ("svg", picture::draw(self))];
        for (ending, text) in files {
            let path = folder.join(format!("call-{}.{ending}", self.call));
            std::fs::write(&path, text)
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        Ok(())
    }

    /// Labels as Audacity imports them: start, end and text, divided by tabs.
    fn markers(&self) -> String {
        let mut lines: Vec<(f64, f64, String)> =
            self.events.iter().map(|event| (event.start_s, event.end_s, told(event))).collect();
        let seconds =
            |segment: Segment| (segment.start.duration().as_secs_f64(), segment.end.duration().as_secs_f64());
        lines.extend(self.heard.iter().map(|heard| {
            let (start, end) = seconds(heard.place);
            (start, end, "agent".to_owned())
        }));
        lines.extend(self.disturbances.iter().map(|disturbance| {
            let (start, end) = seconds(disturbance.place);
            (start, end, disturbance_name(&disturbance.kind))
        }));
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        lines.iter().fold(String::new(), |mut text, (start, end, label)| {
            let _ = writeln!(text, "{start:.3}\t{end:.3}\t{label}");
            text
        })
    }

    fn ticks(&self) -> Result<String, String> {
        let count = self.length.0.div_ceil(TICK);
        let ticks = (0..count).map(|number| {
            let place = Segment { start: Samples(number * TICK), end: Samples((number + 1) * TICK) };
            let said = self.said.iter().find(|said| fills(said.speech, place));
            Tick {
                t: (number * TICK) as f64 / 16_000.0,
                caller: said.is_some(),
                agent: self.heard.iter().any(|heard| fills(heard.place, place)),
                event: said.map(|said| said.kind),
            }
        });
        let whole = Ticks { call: self.call, tick_s: TICK as f64 / 16_000.0, ticks: ticks.collect() };
        serde_json::to_string(&whole).map_err(|error| error.to_string())
    }
}

#[derive(Serialize)]
struct Ticks {
    call: u64,
    tick_s: f64,
    ticks: Vec<Tick>,
}

#[derive(Serialize)]
struct Tick {
    /// Its beginning, in seconds since the media started.
    t: f64,
    caller: bool,
    agent: bool,
    /// What the caller's sound is.
    event: Option<Kind>,
}

/// Whether a segment takes most of a tick.
fn fills(segment: Segment, tick: Segment) -> bool {
    let (start, end) = (segment.start.max(tick.start), segment.end.min(tick.end));
    (end - start).0 * 2 >= (tick.end - tick.start).0
}

pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Turn => "turn",
        Kind::Interruption => "interruption",
        Kind::Backchannel => "backchannel",
        Kind::Tic => "tic",
        Kind::SideTalk => "side talk",
        Kind::Keys => "keys",
    }
}

pub(super) fn disturbance_name(kind: &DisturbanceKind) -> String {
    match kind {
        DisturbanceKind::Burst { name, snr_db } => format!("noise: {name} at {snr_db:.0} dB SNR"),
        DisturbanceKind::Muffled => "muffled".to_owned(),
        DisturbanceKind::Lost => "lost".to_owned(),
    }
}

/// A judgement as a sentence.
fn told(event: &Event) -> String {
    let verdict = match event.verdict {
        Verdict::Right => "",
        Verdict::Wrong => "WRONG: ",
        Verdict::NotCounted => "not counted: ",
    };
    let after = event.latency_s.map_or_else(String::new, |latency| format!(" after {latency:.2} s"));
    let did = match (event.figure, event.did) {
        (Figure::AgentInterruption, _) => "agent cut in",
        (Figure::Response, Did::Spoke) => "answered",
        (Figure::Response, _) => "not answered",
        (_, Did::Spoke) => "agent spoke",
        (_, Did::Stopped) => "agent stopped",
        (_, Did::TalkedOn) => "agent talked on",
        (_, Did::StayedSilent) => "agent stayed silent",
    };
    format!("{verdict}{} \"{}\": {did}{after}", kind_name(event.kind), event.name)
}

/// 200 ms: the benchmark's.
const TICK: u64 = 3_200;

#[cfg(test)]
pub(super) mod tests;
