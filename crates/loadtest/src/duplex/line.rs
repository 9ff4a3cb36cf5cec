//! What stands between the caller's mouth and the wire: noise, bursts, muffling, drift, echo, loss. A pure machine: sound comes
//! in by frames with their place on the timeline, and what was done to it is written down as ground truth.

use std::collections::VecDeque;
use std::sync::Arc;

use callwright_model::{FRAME_SAMPLES, Frame, SAMPLE_RATE, Samples};
use serde::Serialize;

use super::dice::Dice;
use super::generate::Sounds;
use super::generate::shape::{Muffler, clamp, decibels};
use super::profile::{Echo, Profile};
use crate::clip::Clip;
use crate::detect::Segment;

/// Something that the line did, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disturbance {
    /// What.
    #[serde(flatten)]
    pub kind: DisturbanceKind,
    /// Where on the call's timeline.
    #[serde(skip)]
    pub place: Segment,
}

/// What a line does besides its steady noise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum DisturbanceKind {
    /// A loud sound from around the caller.
    Burst {
        /// Which.
        name: String,
        /// How far below the voice.
        snr_db: f32,
    },
    /// The voice was dull.
    Muffled,
    /// Packets were not sent.
    Lost,
}

#[derive(Debug)]
pub(crate) struct Line {
    profile: Arc<Profile>,
    dice: Dice,
    babble: Arc<[i16]>,
    babble_at: usize,
    noise_drift: Drift,
    level_drift: Drift,
    bursts: Bursts,
    muffling: Muffling,
    loss: Loss,
    echo: Option<EchoPath>,
    log: Vec<Disturbance>,
}

impl Line {
    pub(crate) fn new(profile: Arc<Profile>, sounds: &Sounds, seed: u64) -> Self {
        let mut dice = Dice::new(seed, "line");
        let babble = Arc::clone(&sounds.babble);
        Self {
            babble_at: dice.below(babble.len()),
            babble,
            noise_drift: Drift::new(profile.noise_drift_db, &mut dice),
            level_drift: Drift::new(profile.level_drift_db, &mut dice),
            bursts: Bursts::new(&profile, sounds.bursts.clone(), &mut dice),
            muffling: Muffling { stretches: VecDeque::new(), filter: Muffler::new(profile.muffle_hz) },
            loss: Loss::new(&profile, &mut dice),
            echo: profile.echo.map(EchoPath::new),
            profile,
            dice,
            log: Vec::new(),
        }
    }

    /// The caller takes a turn whose speech lies here: part of it may be muffled.
    pub(crate) fn handle_turn(&mut self, speech: Segment) {
        if !self.dice.chance(self.profile.muffle_probability) {
            return;
        }
        let length = Samples(self.profile.muffle_ms * u64::from(SAMPLE_RATE) / 1_000);
        let room = (speech.end - speech.start).0.saturating_sub(length.0);
        let start = speech.start + Samples(self.dice.below(room as usize + 1) as u64);
        let place = Segment { start, end: start + length };
        self.muffling.stretches.push_back(place);
        self.log.push(Disturbance { kind: DisturbanceKind::Muffled, place });
    }

    /// What the caller's ear heard next.
    pub(crate) fn handle_heard(&mut self, samples: &[i16]) {
        if let Some(echo) = &mut self.echo {
            echo.heard.extend(samples);
        }
    }

    /// Turns the frame that the caller speaks into what goes out; tells whether it is sent at all.
    pub(crate) fn handle_frame(&mut self, from: Samples, frame: &mut Frame) -> bool {
        let seconds = from.0 as f64 / f64::from(SAMPLE_RATE);
        let noise = self.profile.noise_snr_db.map_or(0.0, |snr| decibels(self.noise_drift.db(seconds) - snr));
        let line = decibels(self.level_drift.db(seconds));
        if let Some(burst) = self.bursts.due(from, &mut self.dice) {
            self.log.push(burst);
        }
        for (place, sample) in frame.0.iter_mut().enumerate() {
            let at = from.0 + place as u64;
            let mut sound = self.muffling.pass(at, f32::from(*sample));
            if !self.babble.is_empty() {
                sound += f32::from(self.babble[self.babble_at]) * noise;
                self.babble_at = (self.babble_at + 1) % self.babble.len();
            }
            sound += self.bursts.next();
            if let Some(echo) = &mut self.echo {
                sound += echo.at(at);
            }
            *sample = clamp(sound * line);
        }
        let sent = self.loss.next(&mut self.dice);
        if !sent {
            self.lost(from);
        }
        sent
    }

    /// What it has done so far.
    pub(crate) fn into_log(self) -> Vec<Disturbance> {
        let mut log = self.log;
        log.sort_by_key(|disturbance| disturbance.place.start);
        log
    }

    fn lost(&mut self, from: Samples) {
        let end = from + Samples(FRAME_SAMPLES as u64);
        let last = self.log.iter_mut().rev().find(|done| done.kind == DisturbanceKind::Lost);
        match last {
            Some(last) if last.place.end == from => last.place.end = end,
            Some(_) | None => {
                let place = Segment { start: from, end };
                self.log.push(Disturbance { kind: DisturbanceKind::Lost, place });
            }
        }
    }
}

/// A level that goes up and down: two slow waves that never meet in step.
#[derive(Debug)]
struct Drift {
    db: f32,
    phases: [f64; 2],
}

impl Drift {
    fn new(db: f32, dice: &mut Dice) -> Self {
        Self { db, phases: [dice.unit(), dice.unit()] }
    }

    fn db(&self, seconds: f64) -> f32 {
        let wave = |period: f64, phase: f64| ((seconds / period + phase) * std::f64::consts::TAU).sin();
        self.db * (0.6 * wave(23.0, self.phases[0]) + 0.4 * wave(9.0, self.phases[1])) as f32
    }
}

#[derive(Debug)]
struct Bursts {
    clips: Vec<Clip>,
    per_minute: f64,
    snr_db: [f32; 2],
    next: u64,
    playing: Option<(Clip, usize, f32)>,
}

impl Bursts {
    fn new(profile: &Profile, clips: Vec<Clip>, dice: &mut Dice) -> Self {
        let per_minute = if clips.is_empty() { 0.0 } else { profile.bursts_per_minute };
        let mut bursts =
            Self { clips, per_minute, snr_db: profile.burst_snr_db, next: u64::MAX, playing: None };
        // The first one comes anywhere within its minute.
        bursts.plan(0, 0.0, dice);
        bursts
    }

    fn plan(&mut self, from: u64, least: f64, dice: &mut Dice) {
        if self.per_minute > 0.0 {
            let minutes = dice.between(least, 2.0 - least) / self.per_minute;
            self.next = from + (minutes * 60.0 * f64::from(SAMPLE_RATE)) as u64;
        }
    }

    fn due(&mut self, from: Samples, dice: &mut Dice) -> Option<Disturbance> {
        if from.0 < self.next {
            return None;
        }
        self.plan(from.0, 0.3, dice);
        let clip = self.clips[dice.below(self.clips.len())].clone();
        let snr_db = dice.between(self.snr_db[0].into(), self.snr_db[1].into()) as f32;
        let kind = DisturbanceKind::Burst { name: clip.name.clone(), snr_db };
        let place = Segment { start: from + clip.speech.start, end: from + clip.speech.end };
        self.playing = Some((clip, 0, decibels(-snr_db)));
        Some(Disturbance { kind, place })
    }

    fn next(&mut self) -> f32 {
        let Some((clip, at, gain)) = &mut self.playing else { return 0.0 };
        let Some(&sample) = clip.samples.get(*at) else {
            self.playing = None;
            return 0.0;
        };
        *at += 1;
        f32::from(sample) * *gain
    }
}

#[derive(Debug)]
struct Muffling {
    stretches: VecDeque<Segment>,
    filter: Muffler,
}

impl Muffling {
    fn pass(&mut self, at: u64, sample: f32) -> f32 {
        // The filter hears everything, so that it does not click when it comes in.
        let dull = self.filter.pass(sample);
        let Some(stretch) = self.stretches.front() else { return sample };
        if at >= stretch.end.0 {
            self.stretches.pop_front();
            return sample;
        }
        if at >= stretch.start.0 { dull } else { sample }
    }
}

/// Loses packets in a row: three bursts, then a drop, after gaps that keep the share.
#[derive(Debug)]
struct Loss {
    share: f64,
    burst_ms: u64,
    drop_ms: u64,
    events: u64,
    state: LossState,
}

#[derive(Debug, Clone, Copy)]
enum LossState {
    Sending { frames: u64 },
    Losing { frames: u64 },
}

impl Loss {
    fn new(profile: &Profile, dice: &mut Dice) -> Self {
        let mut loss = Self {
            share: profile.loss,
            burst_ms: profile.loss_burst_ms,
            drop_ms: profile.drop_ms,
            events: 0,
            state: LossState::Sending { frames: u64::MAX },
        };
        loss.state = loss.gap(dice);
        loss
    }

    fn gap(&self, dice: &mut Dice) -> LossState {
        if self.share <= 0.0 {
            return LossState::Sending { frames: u64::MAX };
        }
        let mean_lost = (3.0 * self.burst_ms as f64 + self.drop_ms as f64) / 4.0 / 20.0;
        let mean_sent = mean_lost * (1.0 - self.share) / self.share;
        LossState::Sending { frames: dice.between(0.3 * mean_sent, 1.7 * mean_sent).round() as u64 }
    }

    /// Whether the next packet is sent.
    fn next(&mut self, dice: &mut Dice) -> bool {
        loop {
            match &mut self.state {
                LossState::Sending { frames: 0 } => {
                    self.events += 1;
                    let ms = if self.events.is_multiple_of(4) { self.drop_ms } else { self.burst_ms };
                    // 150 ms are seven packets and a half: seven or eight, by chance.
                    let frames = (ms as f64 / 20.0 + dice.unit()).floor() as u64;
                    self.state = LossState::Losing { frames };
                }
                LossState::Losing { frames: 0 } => self.state = self.gap(dice),
                LossState::Sending { frames } => {
                    *frames -= 1;
                    return true;
                }
                LossState::Losing { frames } => {
                    *frames -= 1;
                    return false;
                }
            }
        }
    }
}

/// The agent's voice on its way from the earpiece into the microphone.
#[derive(Debug)]
struct EchoPath {
    delay: u64,
    gain: f32,
    /// Position of the first of `heard`.
    from: u64,
    heard: VecDeque<i16>,
}

impl EchoPath {
    fn new(echo: Echo) -> Self {
        Self {
            delay: echo.delay_ms * u64::from(SAMPLE_RATE) / 1_000,
            gain: decibels(echo.db),
            from: 0,
            heard: VecDeque::new(),
        }
    }

    /// What comes back at this moment; silence where nothing has been heard yet.
    fn at(&mut self, at: u64) -> f32 {
        let Some(place) = at.checked_sub(self.delay) else { return 0.0 };
        while self.from < place && self.heard.pop_front().is_some() {
            self.from += 1;
        }
        let heard = if self.from == place { self.heard.front().copied() } else { None };
        heard.map_or(0.0, |sample| f32::from(sample) * self.gain)
    }
}

#[cfg(test)]
mod tests;
