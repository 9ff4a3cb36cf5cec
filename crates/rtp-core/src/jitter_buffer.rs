//! The adaptive jitter buffer: packets in as they come, sound out in order and on time.
//!
//! It knows of each packet when it came, where it belongs on the stream's clock, and how long it plays. From the first
//! two it learns the network's delay at its best (`base`) and how much longer packets usually take (`target`). A packet
//! is due `target` after `base`. When it is asked for sound that is not there it has the sound concealed and waits with
//! the stream's clock, because a packet that is late is worth playing later; when the next packet proves that the sound
//! was lost, what was concealed counts as played. So a late packet raises the delay and a lost one does not. Lowering the
//! delay is the [`AudioReceiver`](crate::AudioReceiver)'s part, for it knows which sound can be left out unheard.

use std::time::Duration;

use callwright_model::MonoTime;

use crate::statistics::arrival_ticks;
use delay::DelayEstimator;
use store::{Entry, PacketStore};

mod delay;
mod store;

/// How a receiver trades delay against loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// The caller's sound is delayed at least so much: room for the tick's own rhythm.
    pub target_min: Duration,
    /// And by choice never more than so much; worse packets count as lost.
    pub target_max: Duration,
    /// The delay before the network is known.
    pub target_start: Duration,
    /// What waits beyond this is thrown away at once: after a stall of the network the caller is heard now, not then.
    pub buffered_max: Duration,
    /// After this long without a packet the stream counts as paused.
    pub paused_after: Duration,
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            target_min: Duration::from_millis(20),
            target_max: Duration::from_millis(200),
            target_start: Duration::from_millis(40),
            buffered_max: Duration::from_millis(400),
            paused_after: Duration::from_millis(500),
        }
    }
}

/// A packet for the buffer.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Its sequence number, extended so that it never wraps.
    pub sequence: u64,
    /// Its timestamp.
    pub timestamp: u32,
    /// Whether it starts a talk spurt.
    pub marker: bool,
    /// How long it plays, in ticks of the stream's clock.
    pub ticks: u32,
    /// Its payload.
    pub payload: &'a [u8],
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insertion {
    /// It waits for its turn.
    Queued,
    /// It waits, and all that was before is forgotten: its timestamp belongs to another stretch of time.
    Restarted,
    /// Its time is over.
    Late,
    /// It waits already.
    Duplicate,
    /// It is larger than any packet of sound.
    TooLarge,
}

/// What to play next.
#[derive(Debug, PartialEq, Eq)]
pub enum Play<'a> {
    /// This packet.
    Packet {
        /// Its payload.
        payload: &'a [u8],
    },
    /// Sound is missing: invent some.
    Conceal {
        /// How much, in ticks of the stream's clock.
        ticks: u32,
        /// The packet that follows on the missing one, which may carry a copy of it.
        next: Option<&'a [u8]>,
    },
    /// There is no stream at present.
    Silence,
}

/// Puts packets in order and decides when each is due.
#[derive(Debug)]
pub struct JitterBuffer {
    clock_rate: u32,
    /// The limits of the config in ticks of the stream's clock.
    limits: Limits,
    state: State,
    store: PacketStore,
    delay: DelayEstimator,
    /// The last timestamp seen, raw and extended.
    reference: Option<(u32, i64)>,
    newest: Newest,
    /// From this packet on nothing is to come until somebody speaks again.
    pause: Option<u64>,
    skipped: u64,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    target_min: i64,
    target_max: i64,
    target_start: i64,
    buffered_max: i64,
    paused_after: i64,
    frame: i64,
    jump: i64,
}

impl Limits {
    fn new(clock_rate: u32, config: &ReceiverConfig) -> Self {
        let ticks = |length: Duration| (length.as_micros() * u128::from(clock_rate) / 1_000_000) as i64;
        Self {
            target_min: ticks(config.target_min),
            target_max: ticks(config.target_max.max(config.target_min)),
            target_start: ticks(config.target_start),
            buffered_max: ticks(config.buffered_max),
            paused_after: ticks(config.paused_after),
            frame: i64::from(clock_rate / 50),
            jump: ticks(JUMP),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing is due yet.
    Waiting,
    Playing {
        /// Where on the stream's clock the next sound belongs.
        timestamp: i64,
        /// The packet that should hold it.
        sequence: u64,
        /// Ticks concealed while waiting at this place.
        held: i64,
    },
}

/// The packet furthest ahead.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    sequence: u64,
    timestamp: i64,
    end: i64,
}

impl JitterBuffer {
    /// An empty buffer for a stream whose timestamps count at this rate; the only place that allocates.
    #[must_use]
    pub fn new(clock_rate: u32, config: &ReceiverConfig) -> Self {
        Self {
            clock_rate,
            limits: Limits::new(clock_rate, config),
            state: State::Waiting,
            store: PacketStore::new(),
            delay: DelayEstimator::new(clock_rate),
            reference: None,
            newest: Newest::default(),
            pause: None,
            skipped: 0,
        }
    }

    /// Takes a packet. Duplicates may be left to it; sequence numbers that start over are [`JitterBuffer::reset`]'s.
    pub fn insert(&mut self, packet: &Incoming<'_>, now: MonoTime) -> Insertion {
        if packet.payload.len() > PacketStore::PAYLOAD_MAX {
            return Insertion::TooLarge;
        }
        let mut timestamp = self.extend(packet.timestamp);
        let arrival = arrival_ticks(now, self.clock_rate) as i64;
        let restarted = self.is_elsewhere(packet, timestamp, arrival);
        if restarted {
            self.reset();
            timestamp = self.extend(packet.timestamp);
        }
        self.reference = Some((packet.timestamp, timestamp));
        self.delay.observe(arrival - timestamp, now);
        let entry =
            Entry { sequence: packet.sequence, timestamp, ticks: packet.ticks, marker: packet.marker };
        if let State::Playing { timestamp: due, .. } = self.state
            && entry.end() <= due
        {
            return Insertion::Late;
        }
        match self.store.insert(entry, packet.payload) {
            store::Stored::Fresh => {}
            store::Stored::Evicted => self.skipped += 1,
            store::Stored::Duplicate => return Insertion::Duplicate,
            store::Stored::Behind => return Insertion::Late,
        }
        if self.pause.is_some_and(|pause| packet.sequence >= pause) {
            self.pause = None;
        }
        if packet.sequence >= self.newest.sequence {
            self.newest = Newest { sequence: packet.sequence, timestamp, end: entry.end() };
        }
        if restarted { Insertion::Restarted } else { Insertion::Queued }
    }

    /// What to play next. `pending` is how much of what was given out before has not been played yet, in ticks.
    pub fn next(&mut self, now: MonoTime, pending: u32) -> Play<'_> {
        let now = arrival_ticks(now, self.clock_rate) as i64;
        loop {
            let Some(entry) = self.store.first() else {
                return self.run_dry();
            };
            let (due, sequence, held) = match self.state {
                State::Waiting => {
                    let waited = now - entry.timestamp - self.delay.base().unwrap_or(now - entry.timestamp);
                    let full = self.newest.end - entry.timestamp > self.limits.buffered_max;
                    if waited < self.target() && !full {
                        return Play::Silence;
                    }
                    (entry.timestamp, entry.sequence, 0)
                }
                State::Playing { timestamp, sequence, held } => (timestamp, sequence, held),
            };
            self.state = State::Playing { timestamp: due, sequence, held };
            if self.skip_if_overfull(due, pending) {
                continue;
            }
            if entry.end() <= due {
                self.store.drop_first();
                self.skipped += 1;
                continue;
            }
            let gap = (entry.timestamp - due).max(0);
            // A packet that starts a spurt after a pause may wait until it is as late as its followers will be.
            let starts_spurt = entry.marker || (entry.sequence == sequence && gap > 0);
            if held > 0
                && starts_spurt
                && now - entry.timestamp - self.delay.base().unwrap_or(0) < self.target()
            {
                self.state = State::Waiting;
                return Play::Silence;
            }
            let gap = gap - held.min(gap);
            if gap == 0 {
                self.state = State::Playing { timestamp: entry.end(), sequence: entry.sequence + 1, held: 0 };
                return Play::Packet { payload: self.store.take_first() };
            }
            let before = entry.timestamp - gap;
            let is_last = gap <= i64::from(entry.ticks);
            let piece = if is_last { gap } else { (gap - i64::from(entry.ticks)).min(self.limits.frame) };
            let was_lost = entry.sequence > sequence;
            self.state = State::Playing { timestamp: before + piece, sequence, held: 0 };
            let next = (is_last && was_lost).then(|| self.store.first_payload());
            return Play::Conceal { ticks: piece as u32, next };
        }
    }

    /// Forgets everything, for a stream begins whose timestamps count at this rate.
    pub fn begin_at(&mut self, clock_rate: u32, config: &ReceiverConfig) {
        self.clock_rate = clock_rate;
        self.limits = Limits::new(clock_rate, config);
        self.delay = DelayEstimator::new(clock_rate);
        self.reset();
    }

    /// The other end has said that it is silent: what does not come from this packet on is not missing.
    pub fn expect_pause(&mut self, sequence: u64) {
        self.pause = Some(sequence);
    }

    /// Forgets the stream, for another begins. What is known of the network's jitter stays.
    pub fn reset(&mut self) {
        self.state = State::Waiting;
        self.store.clear();
        self.delay.rebase();
        self.reference = None;
        self.newest = Newest::default();
        self.pause = None;
    }

    /// How long a packet is delayed in all over the fastest one, counting what is still to be played; zero while there is
    /// no stream.
    #[must_use]
    pub fn delay(&self, now: MonoTime, pending: u32) -> Duration {
        self.duration(self.delay_ticks(now, pending).unwrap_or(0))
    }

    /// The delay that the network asks for.
    #[must_use]
    pub fn target_delay(&self) -> Duration {
        self.duration(self.target())
    }

    /// How much sound waits here.
    #[must_use]
    pub fn buffered(&self) -> Duration {
        match (self.state, self.store.first()) {
            (_, None) => Duration::ZERO,
            (State::Waiting, Some(entry)) => self.duration(self.newest.end - entry.timestamp),
            (State::Playing { timestamp, .. }, Some(_)) => self.duration(self.newest.end - timestamp),
        }
    }

    /// By how much the delay exceeds its target, in ticks; negative when it should be longer. Never more than waits here,
    /// so that leaving that much out does not make the stream run dry. `None` while there is no stream.
    pub(crate) fn surplus(&self, now: MonoTime, pending: u32) -> Option<i64> {
        let State::Playing { timestamp, .. } = self.state else { return None };
        let waiting = (self.newest.end - timestamp).max(0);
        Some((self.delay_ticks(now, pending)? - self.target()).min(waiting))
    }

    /// Whether the packet that was given out last came only just in time for a frame of so many ticks, as late as packets usually are.
    pub(crate) fn is_nearly_dry(&self, now: MonoTime, frame: u32) -> bool {
        let margin = self.delay_ticks(now, frame);
        let usual = self.delay.usual().map(|usual| usual.min(self.limits.target_max));
        margin.zip(usual).is_some_and(|(margin, usual)| margin <= usual)
    }

    /// Packets thrown away unplayed: overfull, or overtaken.
    pub(crate) const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn delay_ticks(&self, now: MonoTime, pending: u32) -> Option<i64> {
        let State::Playing { timestamp, .. } = self.state else { return None };
        let base = self.delay.base()?;
        Some(arrival_ticks(now, self.clock_rate) as i64 - (timestamp - i64::from(pending)) - base)
    }

    fn target(&self) -> i64 {
        self.delay
            .usual()
            .unwrap_or(self.limits.target_start)
            .clamp(self.limits.target_min, self.limits.target_max)
    }

    fn run_dry(&mut self) -> Play<'_> {
        match &mut self.state {
            State::Waiting => Play::Silence,
            State::Playing { sequence, .. } if self.pause.is_some_and(|pause| pause >= *sequence) => {
                self.state = State::Waiting;
                Play::Silence
            }
            State::Playing { held, .. } if *held >= self.limits.paused_after => {
                self.state = State::Waiting;
                Play::Silence
            }
            State::Playing { held, .. } => {
                *held += self.limits.frame;
                Play::Conceal { ticks: self.limits.frame as u32, next: None }
            }
        }
    }

    /// After a stall everything comes at once: goes on near its end.
    fn skip_if_overfull(&mut self, due: i64, pending: u32) -> bool {
        if self.newest.end - due + i64::from(pending) <= self.limits.buffered_max {
            return false;
        }
        let resume = self.newest.end - self.target();
        let mut skipped = false;
        while let Some(entry) = self.store.first()
            && entry.timestamp < resume
            && entry.sequence < self.newest.sequence
        {
            self.store.drop_first();
            self.skipped += 1;
            skipped = true;
        }
        if let Some(entry) = self.store.first() {
            skipped |= entry.timestamp != due;
            self.state = State::Playing { timestamp: entry.timestamp, sequence: entry.sequence, held: 0 };
        }
        skipped
    }

    fn extend(&self, timestamp: u32) -> i64 {
        self.reference.map_or(i64::from(timestamp), |(raw, extended)| {
            extended + i64::from(timestamp.wrapping_sub(raw) as i32)
        })
    }

    /// Whether a timestamp cannot belong to the stretch of time that the packets before it were in.
    fn is_elsewhere(&self, packet: &Incoming<'_>, timestamp: i64, arrival: i64) -> bool {
        let Some(base) = self.delay.base() else { return false };
        let goes_back = packet.sequence > self.newest.sequence && timestamp < self.newest.timestamp;
        self.reference.is_some() && (goes_back || (arrival - timestamp - base).abs() > self.limits.jump)
    }

    fn duration(&self, ticks: i64) -> Duration {
        Duration::from_micros(ticks.max(0) as u64 * 1_000_000 / u64::from(self.clock_rate))
    }
}

/// A timestamp that is this far from where the arrival puts it counts from another zero: no network delays that long and
/// still delivers.
const JUMP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
