//! The same conversations in virtual time, with an agent in the same process: no socket and no clock stands between the two, so
//! that a seed gives the same call, sample for sample, and a call takes as long as it takes to compute.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use callwright_model::{FRAME_SAMPLES, Frame, Samples};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::line::Line;
use super::plan::Plan;
use super::report::DuplexReport;
use super::run::{AGAIN, AGAIN_MAX, DuplexConfig, DuplexProgress, Spoken, prepare, sum_up};
use super::trace::{Levels, Trace};
use crate::clip::Clip;
use crate::detect::{Detector, Hearing, Segment, Sound};
use crate::error::LoadError;
use crate::measure::{Kind, Said};
use crate::phone::PhoneResult;
use crate::phones::Record;
use crate::recording::Recording;
use crate::report::{Network, Outcome};
use crate::script::Act;

/// The agent's end of a line, a frame at a time.
pub trait Agent {
    /// Takes the caller's next 20 ms, or hears that they were lost, and gives its own. `None` once it has hung up.
    fn exchange(&mut self, frame: Option<&Frame>) -> Option<Frame>;
}

/// Picks up a call of this number, or says why it cannot.
pub type Answer<'a> = dyn Fn(u64) -> Result<Box<dyn Agent>, String> + Sync + 'a;

/// Has all conversations with agents made by `answer`, `concurrent` at a time, and judges them. When `stop` is cancelled, calls that
/// run are given up and what has ended counts.
///
/// # Errors
/// When the run cannot begin: a setting without meaning, no folder.
pub fn simulate(
    config: DuplexConfig,
    answer: &Answer<'_>,
    stop: &CancellationToken,
    progress: &(dyn Fn(DuplexProgress) + Sync),
) -> Result<DuplexReport, LoadError> {
    prepare(&config)?;
    let profile = Arc::new(config.profile.clone());
    let started = Instant::now();
    let (next, over) = (AtomicU64::new(1), AtomicU64::new(0));
    let spoken: Mutex<Vec<Spoken>> = Mutex::default();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > config.calls {
                return;
            }
            let plan = Plan::new(Arc::clone(&profile), Arc::clone(&config.sounds), config.seed, number);
            let Some(plan) = plan else { return };
            let calls = converse(number, plan, config.wav_dir.as_deref(), answer, stop);
            if stop.is_cancelled() {
                return;
            }
            let over = over.fetch_add(1, Ordering::Relaxed) + 1;
            for call in &calls {
                progress(DuplexProgress::of(call, over, config.calls, started));
            }
            spoken.lock().unwrap_or_else(PoisonError::into_inner).extend(calls);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..config.concurrent.min(config.calls) {
            scope.spawn(work);
        }
    });
    let mut spoken = spoken.into_inner().unwrap_or_else(PoisonError::into_inner);
    spoken.sort_by_key(|call| call.record.report.call);
    sum_up(config, started.elapsed(), &spoken)
}

/// One caller, who calls again when the agent hangs up in the middle.
fn converse(
    number: u64,
    plan: Plan,
    folder: Option<&Path>,
    answer: &Answer<'_>,
    stop: &CancellationToken,
) -> Vec<Spoken> {
    let mut calls: Vec<Spoken> = Vec::new();
    let mut plan = Some(plan);
    while let Some(this) = plan.take() {
        let number = number + calls.len() as u64 * AGAIN;
        let continues = calls.last().map(|call| call.record.report.call);
        let recording = folder.map(|folder| folder.join(format!("call-{number}.wav")));
        let name = this.profile.name.clone();
        let seed = this.seed;
        let telephone = Telephone::new(this, recording.as_deref());
        let result = match answer(number) {
            Ok(mut agent) => telephone.talk(agent.as_mut(), stop),
            Err(what) => telephone.finish(Outcome::Error { what }, Samples(0)),
        };
        let early = matches!(result.outcome, Outcome::HungUpEarly { .. });
        if early && calls.len() < AGAIN_MAX {
            plan = result.trace.as_ref().map(|trace| Plan { seed: seed ^ number, ..trace.rest.clone() });
        }
        calls.push(Spoken { record: Record::of(number, name, result), continues });
    }
    calls
}

/// A caller's telephone.
struct Telephone {
    caller: Caller,
    line: Line,
    saying: Option<(Clip, usize)>,
    said: Vec<Said>,
    detector: Detector,
    heard: Vec<Segment>,
    levels: Levels,
    recording: Option<Result<Recording, String>>,
}

impl Telephone {
    fn new(plan: Plan, recording: Option<&Path>) -> Self {
        Self {
            line: Line::new(Arc::clone(&plan.profile), &plan.sounds, plan.seed),
            caller: Caller::new(plan),
            saying: None,
            said: Vec::new(),
            detector: Detector::new(Hearing::default()),
            heard: Vec::new(),
            levels: Levels::default(),
            recording: recording.map(Recording::create),
        }
    }

    fn talk(mut self, agent: &mut dyn Agent, stop: &CancellationToken) -> PhoneResult {
        let mut number = 0_u64;
        let outcome = loop {
            let from = Samples(number * FRAME_SAMPLES as u64);
            number += 1;
            let now = Samples(number * FRAME_SAMPLES as u64);
            let mut frame = self.mouth(from);
            let sent = self.line.handle_frame(from, &mut frame);
            if !sent {
                frame = Frame::SILENCE;
            }
            let Some(heard) = agent.exchange(sent.then_some(&frame)) else {
                break if self.caller.may_end() {
                    Outcome::Completed
                } else {
                    Outcome::HungUpEarly { step: self.caller.step() }
                };
            };
            self.hear(&frame, &heard);
            self.caller.handle_tick(now);
            let mut over = false;
            while let Some(act) = self.caller.poll_output() {
                match act {
                    Act::Say { clip, kind } => self.begin(clip, kind, now),
                    Act::Hangup => over = true,
                    // A conversation has neither keys nor conditions.
                    Act::Dtmf(_) | Act::Fail { .. } => {}
                }
            }
            if over {
                break Outcome::Completed;
            }
            if stop.is_cancelled() {
                break Outcome::Cancelled;
            }
        };
        self.finish(outcome, Samples(number * FRAME_SAMPLES as u64))
    }

    fn begin(&mut self, clip: Clip, kind: Kind, from: Samples) {
        let speech = Segment { start: from + clip.speech.start, end: from + clip.speech.end };
        self.said.push(Said { name: clip.name.clone(), kind, speech });
        if kind == Kind::Turn {
            self.line.handle_turn(speech);
        }
        self.saying = Some((clip, 0));
    }

    /// What is said from here on for a frame.
    fn mouth(&mut self, from: Samples) -> Frame {
        let mut frame = Frame::SILENCE;
        if let Some((clip, at)) = &mut self.saying {
            let rest = &clip.samples[*at..];
            let count = rest.len().min(FRAME_SAMPLES);
            frame.0[..count].copy_from_slice(&rest[..count]);
            *at += count;
            if *at >= clip.samples.len() {
                self.saying = None;
                self.caller.handle_said(Samples(from.0 + FRAME_SAMPLES as u64));
            }
        }
        frame
    }

    fn hear(&mut self, own: &Frame, other: &Frame) {
        if let Some(Ok(recording)) = &mut self.recording
            && let Err(what) = recording.write(&own.0, &other.0)
        {
            self.recording = Some(Err(what));
        }
        self.levels.handle_samples(&own.0, &other.0);
        self.line.handle_heard(&other.0);
        self.detector.handle_samples(&other.0);
        while let Some(sound) = self.detector.poll_output() {
            self.caller.handle_sound(sound);
            if let Sound::Stopped(segment) = sound {
                self.heard.push(segment);
            }
        }
    }

    fn finish(mut self, mut outcome: Outcome, length: Samples) -> PhoneResult {
        self.heard.extend(self.detector.sounding());
        for said in &mut self.said {
            said.speech.end = said.speech.end.min(length);
        }
        let recording =
            match self.recording.map(|recording| recording.and_then(Recording::finish)).transpose() {
                Ok(path) => path,
                Err(what) => {
                    outcome = Outcome::Error { what };
                    None
                }
            };
        let trace =
            Trace { levels: self.levels, disturbances: self.line.into_log(), rest: self.caller.into_rest() };
        PhoneResult {
            outcome,
            length,
            said: self.said,
            heard: self.heard,
            keys_heard: String::new(),
            network: Network::default(),
            recording,
            trace: Some(trace),
        }
    }
}
