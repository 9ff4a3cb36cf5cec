//! A telephone that does what a test says: it holds, transfers, presses keys, and tells by pure tones who hears whom.
//!
//! Its signalling is the gateway's own library, which other tests hold against peers nobody here wrote; its sound is not.

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::time::Duration;

use callwright_audio_core::g711::Law;
use callwright_call_core::sdp::{self, Agreed, Direction, LocalMedia, SessionDescription};
use callwright_model::Codec;
use callwright_sip::{
    IncomingCall, OutgoingCall, Replaces, SipConfig, SipEndpoint, SipEvent, SipLeg, SipLegEvent,
};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// A pure tone, by which somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Low,
    Middle,
    High,
}

impl Tone {
    const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    /// Whole periods in 20 ms, so that one tone leaves nothing in the bins of the others.
    const fn hz(self) -> f64 {
        match self {
            Self::Low => 650.0,
            Self::Middle => 1_150.0,
            Self::High => 1_750.0,
        }
    }
}

/// What a telephone says.
#[derive(Debug, Clone, Default)]
pub enum Says {
    /// Packets of silence.
    #[default]
    Silence,
    /// A tone.
    Tone(Tone),
    /// A recording, once, and then silence.
    Clip(Vec<i16>),
}

/// What was heard so far.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    /// Frames of 20 ms that passed, heard or not.
    frames: u64,
    /// Packets in which each tone had been there for a while.
    tones: [u64; 3],
    /// Packets with sound in which no such tone was.
    other: u64,
}

/// A switched-on telephone.
pub struct Telephone {
    pub endpoint: SipEndpoint,
    calls: mpsc::Receiver<SipEvent>,
    name: &'static str,
}

/// A telephone in a call.
pub struct Talk {
    pub leg: SipLeg,
    ours: SessionDescription,
    media: LocalMedia,
    says: watch::Sender<Says>,
    keys: mpsc::UnboundedSender<char>,
    heard: watch::Receiver<Heard>,
    name: &'static str,
}

impl Telephone {
    pub async fn start(name: &'static str) -> Self {
        let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        let started = SipEndpoint::start(SipConfig { listen, ..SipConfig::default() }).await;
        let (endpoint, calls) = started.expect("a free port on loopback");
        Self { endpoint, calls, name }
    }

    pub fn address(&self) -> String {
        format!("sip:{}@{}", self.name, self.endpoint.local_addresses()[0])
    }

    /// Calls somebody, in the place of another's call if it is named.
    pub async fn call(&self, to: &str, replaces: Option<Replaces>) -> Talk {
        let (socket, media) = sound().await;
        let ours = sdp::offer(&media);
        let mut call = OutgoingCall::new(to, self.address(), ours.to_string());
        call.replaces = replaces;
        let mut leg = self.endpoint.invite(call).await.expect("it goes out");
        let theirs = loop {
            match next(&mut leg, self.name).await {
                SipLegEvent::Answered { sdp } => break sdp.expect("an answer"),
                SipLegEvent::Ringing { .. } => {}
                other => panic!("{} calls {to}: {other:?}", self.name),
            }
        };
        let agreed = sdp::accept(&ours, &theirs.parse().expect("it reads")).expect("a codec in common");
        Talk::begin(self.name, leg, ours, media, socket, agreed)
    }

    /// Waits to be rung.
    pub async fn rung(&mut self) -> IncomingCall {
        match timeout(PATIENCE, self.calls.recv()).await {
            Ok(Some(SipEvent::Incoming(call))) => call,
            Ok(None) => panic!("{} is switched off", self.name),
            Err(_) => panic!("{} is not rung", self.name),
        }
    }

    pub async fn answer(&mut self) -> Talk {
        let call = self.rung().await;
        self.takes_call(call).await
    }

    pub async fn takes_call(&self, call: IncomingCall) -> Talk {
        let (socket, media) = sound().await;
        let offer: SessionDescription =
            call.offer.as_deref().expect("an offer").parse().expect("an offer that reads");
        let (ours, agreed) = sdp::answer(&offer, &media).expect("a codec in common");
        let mut leg = call.accept(ours.to_string());
        match next(&mut leg, self.name).await {
            SipLegEvent::Established { .. } => {}
            other => panic!("{} answers: {other:?}", self.name),
        }
        Talk::begin(self.name, leg, ours, media, socket, agreed)
    }

    /// Nobody has rung it since.
    pub fn was_left_alone(&mut self) -> bool {
        self.calls.try_recv().is_err()
    }
}

impl Talk {
    fn begin(
        name: &'static str,
        leg: SipLeg,
        ours: SessionDescription,
        media: LocalMedia,
        socket: UdpSocket,
        agreed: Agreed,
    ) -> Self {
        let (says, saying) = watch::channel(Says::Silence);
        let (keys, pressed) = mpsc::unbounded_channel();
        let (hears, heard) = watch::channel(Heard::default());
        tokio::spawn(talk(socket, agreed, saying, pressed, hears));
        Self { leg, ours, media, says, keys, heard, name }
    }

    pub fn says(&self, what: Says) {
        self.says.send_replace(what);
    }

    /// Presses keys (RFC 4733).
    pub fn press(&self, keys: &str) {
        for key in keys.chars() {
            self.keys.send(key).expect("its sound lasts as long as it does");
        }
    }

    /// The next event of the call, which goes on.
    pub async fn event(&mut self) -> SipLegEvent {
        match next(&mut self.leg, self.name).await {
            SipLegEvent::Ended(end) => panic!("the call of {} is over: {end:?}", self.name),
            event => event,
        }
    }

    /// Waits for the call to end.
    pub async fn is_hung_up(&mut self) {
        loop {
            if let SipLegEvent::Ended(_) = next(&mut self.leg, self.name).await {
                return;
            }
        }
    }

    /// Holds the line in this way, or resumes it by `SendRecv`, and waits until that is agreed.
    pub async fn hold(&mut self, direction: Direction) {
        self.media.direction = direction;
        self.ours = sdp::reoffer(&self.ours, &self.media);
        self.leg.control().reinvite(self.ours.to_string()).expect("it is free");
        loop {
            match self.event().await {
                SipLegEvent::Reinvited { .. } => return,
                SipLegEvent::ReinviteRefused { status } => panic!("{} may not hold: {status}", self.name),
                _ => {}
            }
        }
    }

    async fn until(&self, what: &str, holds: impl Fn(Heard, Heard) -> bool) {
        let mut heard = self.heard.clone();
        let before = *heard.borrow_and_update();
        let waited =
            timeout(PATIENCE, heard.wait_for(|now| holds(before, *now))).await.map(|held| held.is_ok());
        let now = *self.heard.borrow();
        assert_eq!(waited, Ok(true), "{} does not hear {what}: {before:?}, then {now:?}", self.name);
    }

    /// Waits until it hears a tone.
    pub async fn hears(&self, tone: Tone) {
        self.until(&format!("{tone:?}"), |before, now| {
            now.tones[tone as usize] >= before.tones[tone as usize] + 5
        })
        .await;
    }

    /// Waits until it hears something that is nobody's tone: the agent, or hold sound.
    pub async fn hears_us(&self) {
        self.until("us", |before, now| now.other >= before.other + 25).await;
    }

    /// Waits until it has sent so many frames.
    pub async fn passes(&self, frames: usize) {
        self.until("the end", |before, now| now.frames >= before.frames + frames as u64).await;
    }

    /// For a second it hears none of these tones.
    pub async fn hears_none_of(&self, tones: &[Tone]) {
        let before = *self.heard.borrow();
        self.passes(50).await;
        let now = *self.heard.borrow();
        for tone in tones {
            let place = *tone as usize;
            assert_eq!(before.tones[place], now.tones[place], "{} hears {tone:?}", self.name);
        }
    }
}

async fn next(leg: &mut SipLeg, name: &str) -> SipLegEvent {
    match timeout(PATIENCE, leg.next()).await {
        Ok(Some(event)) => event,
        Ok(None) => panic!("the call of {name} is over"),
        Err(_) => panic!("nothing happens to the call of {name}"),
    }
}

async fn sound() -> (UdpSocket, LocalMedia) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let at = socket.local_addr().expect("it is bound");
    (socket, LocalMedia::new(at.ip(), at.port(), &[Codec::Pcmu], u64::from(at.port())))
}

/// Sends a packet every 20 ms and listens to what has come, until the telephone is put down.
async fn talk(
    socket: UdpSocket,
    agreed: Agreed,
    mut saying: watch::Receiver<Says>,
    mut pressed: mpsc::UnboundedReceiver<char>,
    hears: watch::Sender<Heard>,
) {
    let mut stream = Stream { sequence: 1, timestamp: 0, format: agreed.format.payload_type_out };
    let events = agreed.format.dtmf_out.map_or(101, |dtmf| dtmf.payload_type);
    let mut frames = interval(Duration::from_millis(20));
    frames.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut says = Says::Silence;
    let mut key: Option<(u8, u16)> = None;
    let mut ears = Ears::default();
    let mut datagram = [0; 2_048];
    while hears.receiver_count() > 0 {
        frames.tick().await;
        if saying.has_changed().unwrap_or(false) {
            says = saying.borrow_and_update().clone();
        }
        if key.is_none() {
            key = pressed.try_recv().ok().and_then(|key| Some((u8::try_from(KEYS.find(key)?).ok()?, 0)));
        }
        let packet = match &mut key {
            Some((event, step)) => {
                let packet = stream.event(events, *event, *step);
                *step += 1;
                if *step == KEY_STEPS {
                    key = None;
                }
                packet
            }
            None => stream.voice(&mut says),
        };
        // Who has hung up does not receive it.
        let _ = socket
            .try_send_to(&packet, agreed.remote)
            .or_else(|_| socket.try_send_to(&packet, agreed.remote));
        hears.send_modify(|heard| {
            heard.frames += 1;
            while let Ok(length) = socket.try_recv(&mut datagram) {
                ears.take(&datagram[..length], agreed.format.payload_type_in, heard);
            }
        });
    }
}

struct Stream {
    sequence: u16,
    timestamp: u32,
    format: u8,
}

impl Stream {
    fn header(&mut self, payload_type: u8, marker: bool, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type | if marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(u32::from(self.format).wrapping_add(77).to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    fn voice(&mut self, says: &mut Says) -> Vec<u8> {
        let mut packet = self.header(self.format, false, self.timestamp);
        let at = self.timestamp;
        let mut frame = [0_i16; SAMPLES];
        match says {
            Says::Silence => {}
            Says::Tone(tone) => {
                for (place, sample) in frame.iter_mut().enumerate() {
                    let time = f64::from(at) + place as f64;
                    *sample = ((time * tone.hz() * TAU / 8_000.0).sin() * 4_000.0) as i16;
                }
            }
            Says::Clip(clip) => {
                let length = clip.len().min(SAMPLES);
                frame[..length].copy_from_slice(&clip[..length]);
                clip.drain(..length);
            }
        }
        packet.extend(frame.iter().map(|sample| Law::Mu.encode(*sample)));
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
        packet
    }

    /// A packet of a key that is held for `KEY_STEPS`: all bear the time of its beginning, the last three its end.
    fn event(&mut self, payload_type: u8, event: u8, step: u16) -> Vec<u8> {
        let began = self.timestamp.wrapping_sub(u32::from(step) * SAMPLES as u32);
        let ends = step + 3 >= KEY_STEPS;
        let mut packet = self.header(payload_type, step == 0, began);
        packet.extend([event, if ends { 0x8A } else { 0x0A }]);
        packet.extend((step.min(KEY_STEPS - 3) * SAMPLES as u16 + 160).to_be_bytes());
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
        packet
    }
}

/// How long each tone has lasted, in packets: how many come between two looks is the machine's business.
#[derive(Default)]
struct Ears {
    runs: [u32; 3],
}

impl Ears {
    fn take(&mut self, datagram: &[u8], payload_type: u8, heard: &mut Heard) {
        let voice = datagram.len() > 12 && datagram[0] >> 6 == 2 && datagram[1] & 0x7F == payload_type;
        if !voice {
            return;
        }
        let samples: Vec<f64> = datagram[12..].iter().map(|code| f64::from(Law::Mu.decode(*code))).collect();
        let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64;
        let sounds = power.sqrt() > 60.0;
        for tone in Tone::ALL {
            let share = power_at(&samples, tone.hz()) / power.max(1.0);
            let run = &mut self.runs[tone as usize];
            *run = if sounds && share > 0.15 { *run + 1 } else { 0 };
        }
        let there = self.runs.map(|run| run >= RUN);
        for (count, there) in heard.tones.iter_mut().zip(there) {
            *count += u64::from(there);
        }
        heard.other += u64::from(sounds && there == [false; 3]);
    }
}

/// The power of one frequency (Goertzel).
fn power_at(samples: &[f64], hz: f64) -> f64 {
    let step = 2.0 * (TAU * hz / 8_000.0).cos();
    let (one, two) = samples.iter().fold((0.0, 0.0), |(one, two), sample| (sample + step * one - two, one));
    let length = samples.len() as f64;
    2.0 * (one * one + two * two - step * one * two) / (length * length)
}

const PATIENCE: Duration = Duration::from_secs(40);
/// 20 ms at 8 kHz.
const SAMPLES: usize = 160;
/// 160 ms.
const KEY_STEPS: u16 = 8;
/// Longer than any harmonic of a voice stays in one bin.
const RUN: u32 = 10;
const KEYS: &str = "0123456789*#ABCD";

#[test]
fn tones_are_told_from_each_other() {
    for said in Tone::ALL {
        let mut stream = Stream { sequence: 0, timestamp: 0, format: 0 };
        let (mut ears, mut heard) = (Ears::default(), Heard::default());
        for _ in 0..30 {
            ears.take(&stream.voice(&mut Says::Tone(said)), 0, &mut heard);
        }
        for tone in Tone::ALL {
            assert_eq!(heard.tones[tone as usize] > 0, tone == said, "{tone:?} of {said:?}");
        }
    }
}
