//! What telecom engineers look at: signalling and the beginnings of packets, without secrets. The last calls are kept in memory, and
//! a Homer collector is told as they happen, if the configuration names one.
//!
//! One task takes what the endpoint and the legs saw, hides what is secret, and only then keeps and tells it. Nobody waits for it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use callwright_capture_core::hep::{self, Agent, Protocol, Record};
use callwright_capture_core::{Packet, Shelf, ShelfLimits, What, call_id, mask, pcap};
use callwright_conversation::Happening;
use callwright_media::RtpSocket;
use callwright_model::{CallId, MediaPath, PacketIo, Pii};
use callwright_sip::{SeenMessage, SipTap, Transport};
use metrics::counter;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use crate::config::{Capture as Settings, Hep};
use crate::gateway::capture_io::{Beginning, TappedIo};

/// Captures of calls. Without settings it does nothing.
pub(crate) struct Capture {
    state: Mutex<State>,
    settings: Settings,
    collector: Option<Collector>,
    tap: Option<SipTap>,
    /// Beginnings of packets that legs could not hand over.
    sound_lost: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    shelf: Shelf,
    sound: Vec<Sound>,
    /// Legs of calls that run, by their `Call-ID`, the caller's first.
    calls: Vec<(CallId, Vec<String>)>,
}

/// Where the beginnings of a leg's packets come from.
struct Sound {
    leg: String,
    local: SocketAddr,
    seen: rtrb::Consumer<Beginning>,
}

struct Collector {
    socket: UdpSocket,
    /// Our end, which a log's records are from.
    ours: SocketAddr,
    theirs: SocketAddr,
    agent: Agent,
}

impl Capture {
    /// Begins to look on, if anything is to be kept or told: then the endpoint is to have the tap.
    ///
    /// # Errors
    /// When the collector's address cannot be used.
    pub(crate) fn start(settings: &Settings, hep: Option<&Hep>) -> Result<(Arc<Self>, Option<SipTap>)> {
        let collector = hep.map(Collector::new).transpose()?;
        let on = settings.legs > 0 || collector.is_some();
        let (tap, messages) = if on {
            let (tap, messages) = SipTap::new(MESSAGES_WAITING);
            (Some(tap), Some(messages))
        } else {
            (None, None)
        };
        let limits = ShelfLimits { legs: settings.legs, ..ShelfLimits::default() };
        let capture = Arc::new(Self {
            state: Mutex::new(State { shelf: Shelf::new(limits), ..State::default() }),
            settings: settings.clone(),
            collector,
            tap: tap.clone(),
            sound_lost: Arc::default(),
        });
        if let Some(messages) = messages {
            tokio::spawn(look_on(Arc::clone(&capture), messages));
        }
        Ok((capture, tap))
    }

    /// A leg belongs to a call.
    pub(crate) fn link(&self, call: CallId, leg: &str) {
        if self.tap.is_none() {
            return;
        }
        let mut state = self.state();
        if self.settings.legs > 0 {
            state.shelf.link(call, leg);
        }
        match state.calls.iter_mut().find(|(other, _)| *other == call) {
            Some((_, legs)) if legs.len() < LEGS_MAX => legs.push(leg.to_owned()),
            Some(_) => {}
            None => {
                // A phone may be linked to a call that has just ended: nobody takes it out again.
                if state.calls.len() >= CALLS_MAX {
                    state.calls.remove(0);
                }
                state.calls.push((call, vec![leg.to_owned()]));
            }
        }
    }

    /// A leg's packets. They are looked at on their way only when somebody wants to know.
    pub(crate) fn sound(&self, leg: &str, socket: RtpSocket, path: &MediaPath) -> Box<dyn PacketIo> {
        let kept = self.settings.legs > 0 && self.settings.rtp;
        if !kept && self.collector.is_none() {
            return Box::new(socket);
        }
        let local = socket.local_addr();
        let (seen, beginnings) = rtrb::RingBuffer::new(BEGINNINGS_WAITING);
        let sound = Sound { leg: leg.to_owned(), local, seen: beginnings };
        self.state().sound.push(sound);
        Box::new(TappedIo::new(Box::new(socket), *path, seen, kept, Arc::clone(&self.sound_lost)))
    }

    /// Tells the collector what a call comes to: states, not words.
    pub(crate) fn tell(&self, call: CallId, happening: &Happening) {
        let Some(collector) = &self.collector else { return };
        let (event, more) = match happening {
            Happening::TransferState { state, .. } => ("transfer", json!({ "state": state })),
            Happening::Held { who, on } => ("hold", json!({ "who": who, "on": on })),
            Happening::Ended(ending) => ("ended", json!({ "by": ending })),
            _ => return,
        };
        let legs = self.state().calls.iter().find(|(other, _)| *other == call).map(|(_, legs)| legs.clone());
        let legs = legs.unwrap_or_default();
        let line = json!({ "event": event, "call": call, "legs": legs, "detail": more });
        collector.log(legs.first().map_or("", String::as_str), &line);
    }

    /// A call is over.
    pub(crate) fn over(&self, call: CallId) {
        self.state().calls.retain(|(other, _)| *other != call);
    }

    /// A file of a call, named by its identity or by the `Call-ID` of a leg. `None` when nothing is kept of it.
    pub(crate) fn pcap(&self, name: &str) -> Option<Pii<Vec<u8>>> {
        let mut state = self.state();
        self.take_sound(&mut state);
        let packets = match name.parse::<CallId>() {
            Ok(call) => state.shelf.call(call),
            Err(_) => state.shelf.leg(name),
        };
        drop(state);
        (!packets.is_empty()).then(|| Pii::new(pcap::file(&packets)))
    }

    fn message(&self, message: SeenMessage) {
        let SeenMessage { at, transport, source, destination, bytes: mut payload } = message;
        mask(&mut payload);
        let Some(leg) = call_id(&payload).map(str::to_owned) else { return };
        let length = payload.len();
        let tcp = transport != Transport::Udp;
        let packet =
            Packet { unix_us: micros(at), source, destination, tcp, what: What::Sip, length, payload };
        self.put(&mut self.state(), &leg, packet);
    }

    fn put(&self, state: &mut State, leg: &str, packet: Packet) {
        if let Some(collector) = &self.collector {
            collector.packet(&packet, leg);
        }
        if self.settings.legs > 0 && (packet.what == What::Sip || self.settings.rtp) {
            state.shelf.put(leg, packet);
        }
    }

    /// Takes what the legs have seen, and forgets legs that are gone.
    fn take_sound(&self, state: &mut State) {
        let mut sounds = std::mem::take(&mut state.sound);
        for sound in &mut sounds {
            while let Ok(beginning) = sound.seen.pop() {
                self.put(state, &sound.leg, beginning.packet(sound.local));
            }
        }
        sounds.retain(|sound| !sound.seen.is_abandoned());
        state.sound = sounds;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector {
    fn new(hep: &Hep) -> Result<Self> {
        let any: SocketAddr =
            if hep.collector.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let refused = || format!("`telemetry.hep`: {} cannot be sent to", hep.collector);
        let socket = UdpSocket::bind(any).with_context(refused)?;
        socket.connect(hep.collector).with_context(refused)?;
        socket.set_nonblocking(true).with_context(refused)?;
        let password = hep.password().map_err(|why| anyhow::anyhow!("`telemetry.hep_password`: {why}"))?;
        let agent = Agent { id: hep.id, password, name: "callwright".to_owned() };
        tracing::info!(collector = %hep.collector, "signalling goes to a collector, without its secrets");
        Ok(Self { ours: socket.local_addr().with_context(refused)?, socket, theirs: hep.collector, agent })
    }

    fn packet(&self, packet: &Packet, leg: &str) {
        match hep::packet(&self.agent, packet, leg) {
            Some(datagram) => self.send(&datagram),
            None if packet.what == What::Sip => lost("collector", 1),
            // Sound, and control packets without a report.
            None => {}
        }
    }

    fn log(&self, correlation: &str, line: &Json) {
        let line = line.to_string();
        let record = Record {
            unix_us: micros(SystemTime::now()),
            source: self.ours,
            destination: self.theirs,
            tcp: false,
            protocol: Protocol::Log,
            correlation,
            payload: line.as_bytes(),
        };
        if let Some(datagram) = hep::encode(&self.agent, &record) {
            self.send(&datagram);
        }
    }

    /// A full buffer of the system, or a collector that is not there, loses it.
    fn send(&self, datagram: &[u8]) {
        if self.socket.send(datagram).is_err() {
            lost("collector", 1);
        }
    }
}

/// Until the endpoint is gone.
async fn look_on(capture: Arc<Capture>, mut messages: mpsc::Receiver<SeenMessage>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let mut told = (0, 0);
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(message) => capture.message(message),
                None => return,
            },
            _ = tick.tick() => {
                capture.take_sound(&mut capture.state());
                let now = (
                    capture.tap.as_ref().map_or(0, SipTap::lost),
                    capture.sound_lost.load(Ordering::Relaxed),
                );
                lost("message", now.0 - told.0);
                lost("sound", now.1 - told.1);
                told = now;
            }
        }
    }
}

fn lost(what: &'static str, count: u64) {
    if count > 0 {
        counter!("callwright_capture_lost_total", "what" => what).increment(count);
    }
}

pub(super) fn micros(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}

/// A second of 300 set-ups a second, with some 12 messages each.
const MESSAGES_WAITING: usize = 4_096;
/// Half a second of a leg, both ways.
const BEGINNINGS_WAITING: usize = 64;
/// Five times as often as a ring of beginnings is full.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// More than one gateway has at a time.
const CALLS_MAX: usize = 4_096;
/// A call has a caller, a human, whoever those move it on to, and a supervisor; ringing others in turn makes more.
const LEGS_MAX: usize = 32;
