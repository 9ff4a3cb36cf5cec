//! One party's telephone once the call is up: sends 20 ms packets on a steady clock, listens, and walks its script.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callwright_audio_core::Encoder;
use callwright_model::{AudioFormat, FRAME_MS, FRAME_SAMPLES, Frame, Samples};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::clip::Clip;
use crate::detect::{Detector, Hearing, Segment, Sound};
use crate::duplex::{Caller, Levels, Line, Plan, Trace};
use crate::event::{Observer, PartyEvent, PartyFact};
use crate::measure::{Kind, Said};
use crate::mind::Mind;
use crate::playout::{LATE_MAX, Playout};
use crate::recording::Recording;
use crate::report::{Network, Outcome};
use crate::rtp::{Packet, Reception, Sender, event_payload, telephone_event};
use crate::scenario::Scenario;
use crate::script::{Act, Script};
use crate::track::Track;

/// What a phone needs to know when the call is up.
pub(crate) struct PhoneSetup {
    pub(crate) call: u64,
    pub(crate) socket: UdpSocket,
    pub(crate) format: AudioFormat,
    pub(crate) remote: SocketAddr,
    pub(crate) part: Part,
    pub(crate) recording: Option<PathBuf>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
}

/// What a party is to do.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Walk a script.
    Scenario(Arc<Scenario>),
    /// Play a conversation over an impaired line.
    Conversation(Box<Plan>),
}

impl Part {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Scenario(scenario) => &scenario.name,
            Self::Conversation(plan) => &plan.profile.name,
        }
    }
}

/// What the call's control tells the phone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// The other end moved.
    Remote(SocketAddr),
    /// The other end pressed a key, told by signalling.
    Key(char),
    /// The call is over.
    Ended,
}

/// What remains of a phone.
pub(crate) struct PhoneResult {
    pub(crate) outcome: Outcome,
    pub(crate) length: Samples,
    pub(crate) said: Vec<Said>,
    pub(crate) heard: Vec<Segment>,
    pub(crate) keys_heard: String,
    pub(crate) network: Network,
    pub(crate) recording: Option<PathBuf>,
    /// What is known besides of a conversation.
    pub(crate) trace: Option<Trace>,
}

/// The scripted party with everything it holds.
pub(crate) struct Phone {
    call: u64,
    socket: UdpSocket,
    format: AudioFormat,
    remote: SocketAddr,
    observer: Arc<dyn Observer>,
    orders: mpsc::UnboundedReceiver<Order>,
    started: Instant,
    mind: Mind,
    mouth: Mouth,
    /// What stands between mouth and wire; without it sound goes out as it is.
    line: Option<Line>,
    encoder: Encoder,
    sender: Sender,
    said: Vec<Said>,
    ear: Ear,
    lateness_max: Duration,
}

/// What is going out.
enum Mouth {
    Silent,
    Saying { clip: Clip, at: usize },
    Pressing { keys: VecDeque<char>, frame: u32, timestamp: u32 },
}

/// What comes in.
struct Ear {
    playout: Playout,
    reception: Reception,
    own: Track,
    other: Track,
    detector: Detector,
    heard: Vec<Segment>,
    keys: String,
    /// The RTP timestamp of the key event that was told last.
    key_told: Option<u32>,
    recording: Option<Recording>,
    left: Vec<i16>,
    right: Vec<i16>,
    levels: Option<Levels>,
}

impl Phone {
    /// Puts the phone together; the call's media start now.
    pub(crate) fn new(setup: PhoneSetup) -> Result<Self, String> {
        let codec = setup.format.codec;
        let recording = setup.recording.as_deref().map(Recording::create).transpose()?;
        let (mind, line) = match setup.part {
            Part::Scenario(scenario) => (Mind::Script(Script::new(scenario)), None),
            Part::Conversation(plan) => {
                let line = Line::new(Arc::clone(&plan.profile), &plan.sounds, plan.seed);
                (Mind::Caller(Box::new(Caller::new(*plan))), Some(line))
            }
        };
        let ear = Ear {
            playout: Playout::new(codec)?,
            reception: Reception::default(),
            own: Track::default(),
            other: Track::default(),
            detector: Detector::new(Hearing::default()),
            heard: Vec::new(),
            keys: String::new(),
            key_told: None,
            recording,
            left: Vec::new(),
            right: Vec::new(),
            levels: line.is_some().then(Levels::default),
        };
        let port = setup.socket.local_addr().map_or(0, |address| address.port());
        Ok(Self {
            call: setup.call,
            socket: setup.socket,
            format: setup.format,
            remote: setup.remote,
            observer: setup.observer,
            orders: setup.orders,
            started: Instant::now(),
            mind,
            mouth: Mouth::Silent,
            line,
            encoder: Encoder::new(codec).map_err(|error| error.to_string())?,
            sender: Sender::new(setup.call << 16 | u64::from(port)),
            said: Vec::new(),
            ear,
            lateness_max: Duration::ZERO,
        })
    }

    /// Talks until the script or the other end ends it. The caller hangs up afterwards.
    pub(crate) async fn run(mut self) -> PhoneResult {
        let outcome = match self.talk().await {
            Ok(outcome) => outcome,
            Err(what) => Outcome::Error { what },
        };
        self.finish(outcome)
    }

    async fn talk(&mut self) -> Result<Outcome, String> {
        let frame = Duration::from_millis(FRAME_MS.into());
        let mut clock = interval_at(self.started + frame, frame);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut number: u64 = 0;
        let mut datagram = [0_u8; 2_048];
        loop {
            tokio::select! {
                biased;
                due = clock.tick() => {
                    number += 1;
                    self.lateness_max = self.lateness_max.max(due.elapsed());
                    if let Some(outcome) = self.tick(number)? {
                        return Ok(outcome);
                    }
                }
                received = self.socket.recv_from(&mut datagram) => match received {
                    Ok((length, _)) => self.datagram(&datagram[..length]),
                    // What the other end's machine says about a closed port; it may open yet.
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(format!("the RTP socket fails: {error}")),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Remote(remote)) => self.remote = remote,
                    Some(Order::Key(key)) => self.heard_key(key),
                    Some(Order::Ended) if self.mind.may_end() => return Ok(Outcome::Completed),
                    Some(Order::Ended) => return Ok(Outcome::HungUpEarly { step: self.mind.step() }),
                    None => return Ok(Outcome::Cancelled),
                },
            }
        }
    }

    /// Every 20 ms. What is sent at the end of frame `number` was said during it.
    fn tick(&mut self, number: u64) -> Result<Option<Outcome>, String> {
        let now = Samples(number * FRAME_SAMPLES as u64);
        // Packets may still come for the moments just past, so the ear listens a little behind.
        let heard_to = now.0.saturating_sub(LATE_MAX.unsigned_abs());
        self.listen(heard_to)?;
        self.mind.handle_tick(now);
        let from = Samples(now.0 - FRAME_SAMPLES as u64);
        let mut outcome = None;
        while let Some(act) = self.mind.poll_output() {
            match act {
                Act::Say { clip, kind } => self.begin_saying(clip, kind, from),
                Act::Dtmf(keys) => self.begin_pressing(keys, from),
                Act::Fail { step, why } => outcome = Some(Outcome::ScenarioFailed { step, why }),
                Act::Hangup => outcome = Some(Outcome::Completed),
            }
        }
        self.send(from)?;
        if outcome.is_some() {
            // The last words before hanging up have been heard when they have arrived.
            self.listen(now.0)?;
        }
        Ok(outcome)
    }

    fn begin_saying(&mut self, clip: Clip, kind: Kind, from: Samples) {
        let speech = Segment { start: from + clip.speech.start, end: from + clip.speech.end };
        self.said.push(Said { name: clip.name.clone(), kind, speech });
        if let (Kind::Turn, Some(line)) = (kind, &mut self.line) {
            line.handle_turn(speech);
        }
        self.tell(PartyFact::SayStarted { name: clip.name.clone(), words: clip.words.clone(), kind });
        self.mouth = Mouth::Saying { clip, at: 0 };
    }

    fn begin_pressing(&mut self, keys: String, from: Samples) {
        let length = Samples(keys.chars().count() as u64 * u64::from(KEY_FRAMES) * FRAME_SAMPLES as u64);
        self.tell(PartyFact::Pressed { keys: keys.clone() });
        let pressed: VecDeque<char> = keys.chars().collect();
        self.said.push(Said {
            name: keys,
            kind: Kind::Keys,
            speech: Segment { start: from, end: from + length },
        });
        self.mouth = Mouth::Pressing { keys: pressed, frame: 0, timestamp: self.sender.timestamp() };
    }

    /// Sends the frame that was said from this position on.
    fn send(&mut self, from: Samples) -> Result<(), String> {
        let mut frame = Frame::SILENCE;
        match &mut self.mouth {
            Mouth::Silent => {}
            Mouth::Saying { clip, at } => {
                let rest = &clip.samples[*at..];
                let count = rest.len().min(FRAME_SAMPLES);
                frame.0[..count].copy_from_slice(&rest[..count]);
                *at += count;
                if *at >= clip.samples.len() {
                    let name = clip.name.clone();
                    self.mouth = Mouth::Silent;
                    self.mind.handle_said(Samples(from.0 + FRAME_SAMPLES as u64));
                    self.tell(PartyFact::SayEnded { name });
                }
            }
            Mouth::Pressing { .. } => {
                if self.send_key(from)? {
                    return Ok(());
                }
            }
        }
        let sent = self.line.as_mut().is_none_or(|line| line.handle_frame(from, &mut frame));
        if !sent {
            self.sender.skip();
            self.sender.advance(self.format.codec);
            return Ok(());
        }
        self.ear.own.write(from.0, &frame.0);
        let mut datagram = [0_u8; 12 + Encoder::PAYLOAD_MAX];
        let (head, payload) =
            datagram.split_first_chunk_mut::<12>().ok_or("a datagram has room for its header")?;
        let length = self.encoder.encode(&frame, payload).map_err(|error| error.to_string())?;
        self.sender.header(self.format.payload_type_out, from.0 == 0, self.sender.timestamp(), head);
        self.sender.advance(self.format.codec);
        self.transmit(&datagram[..12 + length]);
        Ok(())
    }

    /// A key is pressed for 100 ms, then 60 ms are silent; its last packet is sent three times (RFC 4733 section 2.5.1.4).
    /// Tells whether a key took the frame's place.
    fn send_key(&mut self, from: Samples) -> Result<bool, String> {
        let Mouth::Pressing { keys, frame, timestamp } = &mut self.mouth else { return Ok(false) };
        let Some(events) = self.format.dtmf_out else {
            return Err("the other end takes no telephone events, so no key can be pressed".to_owned());
        };
        let Some(&key) = keys.front() else {
            self.mouth = Mouth::Silent;
            self.mind.handle_said(from);
            return Ok(false);
        };
        let number = *frame;
        if number == 0 {
            *timestamp = self.sender.timestamp();
        }
        let event_timestamp = *timestamp;
        *frame += 1;
        if *frame == KEY_FRAMES {
            *frame = 0;
            keys.pop_front();
        }
        if number >= KEY_PRESSED_FRAMES {
            return Ok(false);
        }
        let end = number + 1 == KEY_PRESSED_FRAMES;
        let ticks = (number + 1) * (events.clock_rate / 50);
        let payload = event_payload(key, end, u16::try_from(ticks).unwrap_or(u16::MAX))
            .ok_or_else(|| format!("`{key}` is no key"))?;
        for copy in 0..if end { 3 } else { 1 } {
            let mut datagram = [0; 16];
            let (head, event) =
                datagram.split_first_chunk_mut::<12>().ok_or("a datagram has room for its header")?;
            self.sender.header(events.payload_type, number == 0 && copy == 0, event_timestamp, head);
            event.copy_from_slice(&payload);
            self.transmit(&datagram);
        }
        self.sender.advance(self.format.codec);
        Ok(true)
    }

    fn transmit(&self, datagram: &[u8]) {
        // What cannot be sent at once is lost, as on any network; the other end counts it.
        let _ = self.socket.try_send_to(datagram, self.remote);
    }

    fn datagram(&mut self, datagram: &[u8]) {
        let arrival = self.started.elapsed();
        let Some(packet) = Packet::parse(datagram) else { return };
        let voice = packet.payload_type == self.format.payload_type_in;
        let key = self.format.dtmf_in.is_some_and(|events| events.payload_type == packet.payload_type);
        if !voice && !key {
            return;
        }
        let arrival_ms = arrival.as_secs_f64() * 1_000.0;
        self.ear.reception.handle_packet(&packet, self.format.codec, voice, arrival_ms);
        if voice {
            self.ear.playout.handle_packet(&packet, Samples::of(arrival).0, &mut self.ear.other);
        } else if let Some((key, _)) = telephone_event(packet.payload)
            && self.ear.key_told != Some(packet.timestamp)
        {
            self.ear.key_told = Some(packet.timestamp);
            self.heard_key(key);
        }
    }

    fn heard_key(&mut self, key: char) {
        self.ear.keys.push(key);
        self.tell(PartyFact::HeardKey { key });
    }

    /// Hears, and records, everything up to a position.
    fn listen(&mut self, position: u64) -> Result<(), String> {
        let ear = &mut self.ear;
        ear.own.read_to(position, &mut ear.left);
        ear.other.read_to(position, &mut ear.right);
        if let Some(recording) = &mut ear.recording {
            recording.write(&ear.left, &ear.right)?;
        }
        if let Some(levels) = &mut ear.levels {
            levels.handle_samples(&ear.left, &ear.right);
        }
        if let Some(line) = &mut self.line {
            line.handle_heard(&ear.right);
        }
        ear.detector.handle_samples(&ear.right);
        while let Some(sound) = self.ear.detector.poll_output() {
            self.mind.handle_sound(sound);
            match sound {
                Sound::Started(start) => {
                    let answered = self.last_said().filter(|said| said.speech.end <= start);
                    let response_latency = answered
                        .filter(|said| !self.ear.heard.iter().any(|heard| heard.start >= said.speech.end))
                        .map(|said| (start - said.speech.end).duration());
                    self.tell(PartyFact::HeardStart { response_latency });
                }
                Sound::Stopped(segment) => {
                    let over = self.last_said().filter(|said| {
                        let speech = said.speech;
                        said.kind == Kind::Interruption
                            && segment.start < speech.start
                            && segment.end > speech.start
                    });
                    let yield_latency = over.map(|said| (segment.end - said.speech.start).duration());
                    self.ear.heard.push(segment);
                    self.tell(PartyFact::HeardStop { yield_latency });
                }
            }
        }
        Ok(())
    }

    fn last_said(&self) -> Option<&Said> {
        self.said.iter().rev().find(|said| said.kind.takes_floor())
    }

    fn tell(&self, fact: PartyFact) {
        self.observer.observe(PartyEvent { call: self.call, at: self.started.elapsed(), fact });
    }

    fn finish(mut self, outcome: Outcome) -> PhoneResult {
        let length = Samples::of(self.started.elapsed());
        let mut outcome = outcome;
        if let Err(what) = self.listen(length.0) {
            outcome = Outcome::Error { what };
        }
        self.ear.heard.extend(self.ear.detector.sounding());
        let recording = match self.ear.recording.take().map(Recording::finish).transpose() {
            Ok(path) => path,
            Err(what) => {
                outcome = Outcome::Error { what };
                None
            }
        };
        // What was not said to its end because the call was over ended with the call.
        for said in &mut self.said {
            said.speech.end = said.speech.end.min(length);
        }
        let trace = match (self.mind, self.line, self.ear.levels) {
            (Mind::Caller(caller), Some(line), Some(levels)) => {
                Some(Trace { levels, disturbances: line.into_log(), rest: caller.into_rest() })
            }
            (Mind::Caller(_) | Mind::Script(_), _, _) => None,
        };
        PhoneResult {
            outcome,
            length,
            said: self.said,
            heard: self.ear.heard,
            keys_heard: self.ear.keys,
            network: Network {
                packets: self.ear.reception.received,
                lost: self.ear.reception.lost(),
                corrupt: self.ear.playout.corrupt,
                late: self.ear.other.dropped() / FRAME_SAMPLES as u64,
                jitter_ms: self.ear.reception.jitter_ms(),
                own_lateness_ms_max: self.lateness_max.as_secs_f64() * 1_000.0,
            },
            recording,
            trace,
        }
    }
}

/// 100 ms: what telephones press, and enough for every detector.
const KEY_PRESSED_FRAMES: u32 = 5;
/// With the 60 ms of silence after it.
const KEY_FRAMES: u32 = KEY_PRESSED_FRAMES + 3;
