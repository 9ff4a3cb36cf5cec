//! Legs on one media thread: idle ones, and pairs that are bridged.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use callwright_media::{LegPorts, LegSetup, Media, MediaConfig};
use callwright_model::{
    AudioFormat, CallId, Codec, DtmfFormat, Frame, LegCommand, LegEvent, LegId, LegRole, MediaPath,
    Protection, VoiceActivity,
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::cores::{self, AROUND, MEASURED};
use super::phones::{Phones, Traffic};
use super::sound::Sound;
use crate::memory::resident_bytes;

/// What the legs of a measurement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Legs {
    /// Nobody speaks on them, and the agent waits.
    Idle,
    /// Bridged by twos, with these codecs; recorded callers speak on both ends.
    Pairs(Codec, Codec),
}

/// What one load was like.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Loaded {
    /// Legs.
    pub legs: usize,
    /// Share of its core that the media thread ran.
    pub share: f64,
    /// Frames that it sent too late or not at all.
    pub missed: u64,
    /// RTP packets to it.
    pub sent: u64,
    /// RTP packets from it.
    pub received: u64,
    /// RTP packets that it owed.
    pub lost: u64,
    /// What a leg costs in memory.
    pub bytes_a_leg: u64,
}

impl Loaded {
    /// Whether everybody heard everything, in time.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.missed == 0 && self.lost == 0
    }
}

/// So many idle legs. A load that was not held is tried once more: a machine that stands still for a moment is not held against it.
///
/// # Errors
/// When sockets or threads cannot be had.
pub fn idle(legs: usize) -> Result<Loaded> {
    let loaded = load(Legs::Idle, legs)?;
    if loaded.is_held() {
        return Ok(loaded);
    }
    // The second time they find memory that is there already.
    Ok(Loaded { bytes_a_leg: loaded.bytes_a_leg, ..load(Legs::Idle, legs)? })
}

/// So many bridged pairs, as [`idle`].
fn pairs(one: Codec, other: Codec, pairs: usize) -> Result<Loaded> {
    let loaded = load(Legs::Pairs(one, other), pairs * 2)?;
    if loaded.is_held() { Ok(loaded) } else { load(Legs::Pairs(one, other), pairs * 2) }
}

/// The most pairs that were held, found in steps of a tenth: up from a number of them, or down where not even those were. None, with the
/// load of one pair, where one is too many.
///
/// # Errors
/// When sockets or threads cannot be had.
pub fn most(one: Codec, other: Codec, from: usize) -> Result<(usize, Loaded)> {
    let mut held = None;
    let mut next = from;
    loop {
        let loaded = pairs(one, other, next)?;
        let tenth = (next / 10).max(1);
        match held {
            _ if loaded.is_held() && next < from => return Ok((next, loaded)),
            _ if loaded.is_held() => {
                held = Some((next, loaded));
                next += tenth;
            }
            Some(held) => return Ok(held),
            None if next == 1 => return Ok((0, loaded)),
            None => next -= tenth,
        }
    }
}

fn load(kind: Legs, legs: usize) -> Result<Loaded> {
    let media = start()?;
    cores::pin(AROUND)?;
    let before = resident_bytes("self")?;
    let mut load = Load { media, phones: Phones::default(), kept: Vec::new() };
    load.connect(kind, legs)?;
    load.phones.talk(WARM_UP);
    let after = resident_bytes("self")?;
    let (ran, missed, begun) = (cores::ran(WORKER)?, load.media.frames_missed(), Instant::now());
    let Traffic { sent, received, lost } = load.phones.talk(MEASURE);
    let share = (cores::ran(WORKER)? - ran).as_secs_f64() / begun.elapsed().as_secs_f64();
    let missed = load.media.frames_missed() - missed;
    load.media.shutdown();
    let bytes_a_leg = after.saturating_sub(before) / legs as u64;
    Ok(Loaded { legs, share, missed, sent, received, lost, bytes_a_leg })
}

/// Media of one thread, on the core that is measured.
fn start() -> Result<Media> {
    let started = thread::spawn(|| -> Result<Media> {
        cores::pin(MEASURED)?;
        let config = MediaConfig { workers: 1, ports: PORTS, commands: ORDERS, ..MediaConfig::default() };
        Ok(Media::start(config)?)
    });
    started.join().map_err(|_| anyhow!("starting the media thread panicked"))?
}

struct Load {
    media: Media,
    phones: Phones,
    /// A leg whose queues are gone is gone as well.
    kept: Vec<(LegPorts, mpsc::Receiver<LegEvent>)>,
}

impl Load {
    fn connect(&mut self, kind: Legs, legs: usize) -> Result<()> {
        let (codecs, sounds) = match kind {
            Legs::Idle => ([Codec::Pcmu; 2], [Sound::silence(Codec::Pcmu)?, Sound::silence(Codec::Pcmu)?]),
            Legs::Pairs(one, other) => ([one, other], [Sound::speech(one)?, Sound::speech(other)?]),
        };
        let sounds = sounds.map(Arc::new);
        for nth in 0..legs {
            self.add(nth as u64, codecs[nth % 2], &sounds[nth % 2])?;
            if nth % 2 == 1 && kind != Legs::Idle {
                let with = LegId(nth as u64 - 1);
                self.media.command(LegId(nth as u64), LegCommand::Bridge { with });
            }
        }
        Ok(())
    }

    fn add(&mut self, nth: u64, codec: Codec, sound: &Arc<Sound>) -> Result<()> {
        let phone = self.phones.next()?;
        let mut io = self.media.bind(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        io.connect(&MediaPath { remote: phone, remote_rtcp: phone, protection: Protection::Clear });
        self.phones.add(io.local_addr(), sound);
        let (events, told) = mpsc::channel(16);
        let payload_type = payload_type(codec);
        let dtmf = DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() };
        let ports = self.media.add_leg(LegSetup {
            call: CallId(0),
            leg: LegId(nth),
            role: LegRole::Caller,
            io: Box::new(io),
            format: AudioFormat {
                codec,
                payload_type_in: payload_type,
                payload_type_out: payload_type,
                // As with most telephones; without, keys are listened for in the sound.
                dtmf_in: Some(dtmf),
                dtmf_out: Some(dtmf),
                comfort_noise_in: None,
                comfort_noise_out: None,
                packet_ms_out: 20,
                voip_metrics_out: false,
            },
            voice_activity: Box::new(Nobody),
            events,
            tap: None,
        })?;
        self.kept.push((ports, told));
        Ok(())
    }
}

/// On idle lines a detector rests, and of bridged legs nobody listens: what it costs is no part of this.
struct Nobody;

impl VoiceActivity for Nobody {
    fn probability(&mut self, _: &Frame) -> f32 {
        0.0
    }

    fn reset(&mut self) {}
}

/// As in an offer of ours.
pub(super) const fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    }
}

const WORKER: &str = "media-0";
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=31_999;
/// All legs and bridges of a load may wait at once.
const ORDERS: usize = 1 << 14;
/// Buffers find their depth, and lines are found quiet.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURE: Duration = Duration::from_secs(4);
