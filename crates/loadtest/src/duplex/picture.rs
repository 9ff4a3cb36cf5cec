//! A call as a picture: both voices, who spoke when, what the caller did, what the agent made of it and how fast, in rows of half
//! a minute. Plain SVG.

use std::fmt::Write as _;

use super::files::{View, disturbance_name, kind_name};
use super::judge::{Did, Event, Figure, Verdict};
use super::line::DisturbanceKind;
use super::trace::Levels;
use crate::detect::Segment;
use crate::measure::Kind;

/// Draws a call.
pub(super) fn draw(view: &View<'_>) -> String {
    let length = view.length.duration().as_secs_f64();
    let rows = ((length / ROW_S).ceil() as usize).max(1);
    let height = TOP + rows as f64 * ROW;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Inter, Helvetica, Arial, sans-serif\" font-size=\"11\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    head(&mut svg, view, length);
    for row in 0..rows {
        let from = row as f64 * ROW_S;
        let strip = Strip { view, from, until: (from + ROW_S).min(length), y: TOP + row as f64 * ROW };
        strip.draw(&mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

fn head(svg: &mut String, view: &View<'_>, length: f64) {
    let wrong = view.events.iter().filter(|event| event.verdict == Verdict::Wrong).count();
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"30\" font-size=\"18\" font-weight=\"600\" fill=\"#1f2933\">Call {} <tspan fill=\"#7b8794\" \
         font-weight=\"400\">over {}, {:.0} s; {} judgements, {wrong} wrong</tspan></text>",
        view.call,
        escaped(view.profile),
        length,
        view.events.iter().filter(|event| event.verdict != Verdict::NotCounted).count()
    );
    let mut x = LEFT;
    for kind in [Kind::Turn, Kind::Interruption, Kind::Backchannel, Kind::Tic, Kind::SideTalk] {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"46\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{}\"/><text class=\"l\" x=\"{}\" y=\"56\">{}</text>",
            colour(kind),
            x + 17.0,
            kind_name(kind)
        );
        x += 34.0 + kind_name(kind).len() as f64 * 6.2;
    }
    for (fill, name) in
        [(AGENT, "agent"), (NOISE, "burst of noise"), (MUFFLED, "muffled"), (LOST, "packets lost")]
    {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"46\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{fill}\"/><text class=\"l\" x=\"{}\" y=\"56\">{name}</text>",
            x + 17.0
        );
        x += 34.0 + name.len() as f64 * 6.2;
    }
    let _ = writeln!(
        svg,
        "<text class=\"l\" x=\"{x}\" y=\"56\"><tspan class=\"ok\">\u{2713}</tspan> right  <tspan class=\"bad\">\u{2717}</tspan> wrong  \
         <tspan fill=\"#7b8794\">\u{2013}</tspan> not counted; seconds to the answer or the stop</text>"
    );
}

/// Half a minute of it.
struct Strip<'a> {
    view: &'a View<'a>,
    from: f64,
    until: f64,
    y: f64,
}

impl Strip<'_> {
    fn draw(&self, svg: &mut String) {
        self.grid(svg);
        for disturbance in self.view.disturbances {
            let fill = match disturbance.kind {
                DisturbanceKind::Burst { .. } => NOISE,
                DisturbanceKind::Muffled => MUFFLED,
                DisturbanceKind::Lost => LOST,
            };
            let (y, height) = match disturbance.kind {
                DisturbanceKind::Lost => (CALLER + LANE - 4.0, 4.0),
                DisturbanceKind::Burst { .. } | DisturbanceKind::Muffled => (CALLER, LANE),
            };
            self.area(svg, disturbance.place, (y, height), fill, &disturbance_name(&disturbance.kind));
        }
        for said in self.view.said {
            let title = format!("{}: {}", kind_name(said.kind), said.name);
            self.area(svg, said.speech, (CALLER, LANE), &format!("{}26", colour(said.kind)), &title);
            self.area(svg, said.speech, (CALLER + LANE, 3.0), colour(said.kind), &title);
        }
        for heard in self.view.heard {
            self.area(svg, heard.place, (AGENT_LANE, LANE), AGENT_PALE, "agent");
            self.area(svg, heard.place, (AGENT_LANE - 3.0, 3.0), AGENT, "agent");
        }
        self.wave(svg, &self.view.levels.own, CALLER, "#52606d");
        self.wave(svg, &self.view.levels.other, AGENT_LANE, AGENT);
        self.labels(svg);
    }

    fn grid(&self, svg: &mut String) {
        let right = self.x(self.until);
        for (lane, name) in [(CALLER, "caller"), (AGENT_LANE, "agent")] {
            let y = self.y + lane;
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"{LANE}\" fill=\"#f5f7fa\"/>\
                 <text class=\"l\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
                right - LEFT,
                LEFT - 10.0,
                y + LANE / 2.0 + 4.0
            );
        }
        let mut second = self.from;
        while second <= self.until {
            let x = self.x(second);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\" stroke=\"#e4e7eb\"/><text class=\"t\" x=\"{x:.1}\" y=\"{}\">{}:{:02}</text>",
                self.y + CALLER,
                self.y + AGENT_LANE + LANE,
                self.y + CALLER - 5.0,
                second as u64 / 60,
                second as u64 % 60
            );
            second += 5.0;
        }
    }

    /// The part of a segment that lies in this row, as a rectangle.
    fn area(&self, svg: &mut String, place: Segment, (y, height): (f64, f64), fill: &str, title: &str) {
        let start = place.start.duration().as_secs_f64().max(self.from);
        let end = place.end.duration().as_secs_f64().min(self.until);
        if end <= start {
            return;
        }
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{}\" width=\"{:.1}\" height=\"{height}\" fill=\"{fill}\"><title>{}</title></rect>",
            self.x(start),
            self.y + y,
            (end - start) * SCALE,
            escaped(title)
        );
    }

    /// Loudness, mirrored, in points of 50 ms.
    fn wave(&self, svg: &mut String, levels: &[f32], lane: f64, fill: &str) {
        let block = |seconds: f64| (seconds * 16_000.0 / Levels::BLOCK as f64) as usize;
        let shown = levels.get(block(self.from)..block(self.until).min(levels.len())).unwrap_or_default();
        let middle = self.y + lane + LANE / 2.0;
        let tall = |blocks: &[f32]| {
            let loudest = blocks.iter().copied().fold(-100.0_f32, f32::max);
            f64::from(((loudest + 55.0) / 45.0).clamp(0.0, 1.0)) * (LANE / 2.0 - 2.0)
        };
        let heights: Vec<f64> = shown.chunks(5).map(tall).collect();
        let x = |at: usize| LEFT + at as f64 * 0.05 * SCALE;
        let mut path = String::new();
        for (at, height) in heights.iter().enumerate() {
            let _ =
                write!(path, "{}{:.1} {:.1}", if at == 0 { "M" } else { "L" }, x(at), middle - height - 0.4);
        }
        for (at, height) in heights.iter().enumerate().rev() {
            let _ = write!(path, "L{:.1} {:.1}", x(at), middle + height + 0.4);
        }
        let _ = writeln!(svg, "<path d=\"{path}Z\" fill=\"{fill}\" opacity=\"0.75\"/>");
    }

    /// What was said and what came of it, between the lanes; where texts would meet, one line lower.
    fn labels(&self, svg: &mut String) {
        let mut free = [0.0_f64; 3];
        let here = |event: &&Event| event.start_s >= self.from && event.start_s < self.from + ROW_S;
        for said in self.view.said {
            let start = said.speech.start.duration().as_secs_f64();
            if start < self.from || start >= self.from + ROW_S {
                continue;
            }
            let of_this = |event: &&Event| event.kind == said.kind && (event.start_s - start).abs() < 0.021;
            let verdicts: Vec<&Event> = self.view.events.iter().filter(here).filter(of_this).collect();
            let name: String = said.name.chars().take(NAME_MAX).collect();
            let name =
                if name.len() < said.name.len() { format!("{}\u{2026}", name.trim_end()) } else { name };
            let width = (name.chars().count() as f64 + verdicts.len() as f64 * 7.5) * 5.7 + 8.0;
            let x = self.x(start).min(WIDTH - RIGHT - width).max(LEFT);
            let line = (0..free.len()).find(|&line| free[line] <= x).unwrap_or(0);
            free[line] = x + width;
            let marks: String = verdicts.iter().map(|event| mark(event)).collect();
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\">{}{marks}</text>",
                self.y + CALLER + LANE + 16.0 + line as f64 * 13.0,
                colour(said.kind),
                escaped(&name)
            );
        }
        for event in self.view.events.iter().filter(here).filter(|event| event.verdict != Verdict::NotCounted)
        {
            self.latency(svg, event);
        }
    }

    /// From the end of a turn to the answer, or from an interruption to the stop, as a line above the agent.
    fn latency(&self, svg: &mut String, event: &Event) {
        let Some(latency) = event.latency_s else { return };
        let from = match event.figure {
            Figure::Response => event.end_s,
            Figure::Yield
            | Figure::AgentInterruption
            | Figure::Backchannel
            | Figure::Tic
            | Figure::SideTalk => event.start_s,
        };
        let (start, end) = (self.x(from), self.x((from + latency).min(self.until)));
        if end <= start {
            return;
        }
        let y = self.y + AGENT_LANE - 7.0;
        let stroke = if event.verdict == Verdict::Right { RIGHT_COLOUR } else { WRONG_COLOUR };
        let _ = writeln!(
            svg,
            "<path d=\"M{start:.1} {}v6M{start:.1} {y}H{end:.1}M{end:.1} {}v6\" stroke=\"{stroke}\" stroke-width=\"1.5\" fill=\"none\"/>",
            y - 3.0,
            y - 3.0
        );
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds - self.from) * SCALE
    }
}

/// A check or a cross with the seconds it took.
fn mark(event: &Event) -> String {
    let seconds = event.latency_s.map_or_else(String::new, |latency| format!(" {latency:.2}"));
    let what = match (event.figure, event.did) {
        (Figure::AgentInterruption, _) => " cut in",
        (Figure::Yield, Did::TalkedOn) => " talked on",
        (Figure::Response, Did::StayedSilent) => " no answer",
        (Figure::Backchannel | Figure::Tic | Figure::SideTalk, Did::Stopped) => " stopped",
        (Figure::Backchannel | Figure::Tic | Figure::SideTalk, Did::Spoke) => " spoke",
        (_, Did::Spoke | Did::Stopped | Did::TalkedOn | Did::StayedSilent) => "",
    };
    match event.verdict {
        Verdict::Right => format!(" <tspan class=\"ok\">\u{2713}{seconds}</tspan>"),
        Verdict::Wrong => format!(" <tspan class=\"bad\">\u{2717}{what}{seconds}</tspan>"),
        Verdict::NotCounted => " <tspan fill=\"#7b8794\">\u{2013}</tspan>".to_owned(),
    }
}

const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Turn | Kind::Keys => "#2563eb",
        Kind::Interruption => "#d9480f",
        Kind::Backchannel => "#2b8a3e",
        Kind::Tic => "#9c36b5",
        Kind::SideTalk => "#8a6116",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Seconds in a row: at this width a syllable is still to be seen.
const ROW_S: f64 = 30.0;
const WIDTH: f64 = 1_480.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const SCALE: f64 = (WIDTH - LEFT - RIGHT) / ROW_S;
const TOP: f64 = 84.0;
const ROW: f64 = 200.0;
/// Within a row.
const CALLER: f64 = 16.0;
const LANE: f64 = 52.0;
const AGENT_LANE: f64 = 126.0;
const NAME_MAX: usize = 34;
const AGENT: &str = "#0b7285";
const AGENT_PALE: &str = "#0b728520";
const NOISE: &str = "#f9c74f80";
const MUFFLED: &str = "#9aa5b180";
const LOST: &str = "#e03131";
const RIGHT_COLOUR: &str = "#2b8a3e";
const WRONG_COLOUR: &str = "#e03131";
const STYLE: &str = ".l{fill:#52606d}.t{fill:#9aa5b1;font-size:10px;text-anchor:middle}.ok{fill:#2b8a3e;font-weight:600}\
                     .bad{fill:#e03131;font-weight:600}";

#[cfg(test)]
mod tests;
