//! One thread: every 20 ms, for all its legs in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use callwright_model::{AudioFormat, Gone, LegCommand, LegId, MediaPath, Mix, MonoTime, Source};

use crate::clock::{Clock, FRAME, Pace};
use crate::meter::Meter;
use crate::slot::{Slot, Stay};

pub(crate) enum Order {
    Add(Box<Slot>),
    Command { leg: LegId, command: LegCommand },
    Redirect { leg: LegId, path: Box<MediaPath> },
    Agree { leg: LegId, format: Box<AudioFormat> },
}

pub(crate) struct Worker {
    clock: Clock,
    orders: Receiver<Order>,
    removals: Receiver<LegId>,
    leaving: Vec<LegId>,
    stop: Arc<AtomicBool>,
    /// Ordered by leg, so that one order of commands gives one order of work. Boxed, for legs are large and come and go in the middle.
    slots: Vec<Box<Slot>>,
    /// The leg of each slot, close together: a peer is found by bisection in every tick.
    legs: Vec<LegId>,
    /// Those that hear several others.
    mixing: Vec<LegId>,
    /// The places of those, of whom they hear, and of whom all these are bridged with, in this tick.
    company: Vec<usize>,
    buffer: Box<[u8; DATAGRAM_MAX]>,
    meter: Meter,
}

impl Worker {
    pub(crate) fn new(
        clock: Clock,
        orders: Receiver<Order>,
        removals: Receiver<LegId>,
        stop: Arc<AtomicBool>,
        frames_missed: Arc<AtomicU64>,
    ) -> Self {
        Self {
            clock,
            orders,
            removals,
            leaving: Vec::with_capacity(SLOTS),
            stop,
            slots: Vec::with_capacity(SLOTS),
            legs: Vec::with_capacity(SLOTS),
            mixing: Vec::with_capacity(3 * COMPANIES),
            company: Vec::with_capacity(16 * COMPANIES),
            buffer: Box::new([0; DATAGRAM_MAX]),
            meter: Meter::new(clock.now(), frames_missed),
        }
    }

    pub(crate) fn run(mut self) {
        raise_priority();
        let mut pace = Pace::start(self.clock.now());
        while !self.stop.load(Ordering::Acquire) {
            self.clock.sleep_until(pace.deadline());
            let owed = pace.wake(self.clock.now());
            for nth in 0..owed.ticks {
                self.tick();
                self.meter.tick(self.clock.now().since(owed.since + FRAME * nth));
            }
            if owed.skipped > 0 {
                self.meter.skipped(u64::from(owed.skipped));
                tracing::debug!(skipped = owed.skipped, "the media worker was too late for some frames");
                for slot in &mut self.slots {
                    slot.skip(owed.skipped);
                }
            }
            self.publish();
        }
        self.close();
    }

    /// What is known of a leg fills a processor's cache. So a leg is worked from its packets to its facts before the next one is looked at,
    /// and so is a bridged pair; only those that hear several others wait for each other.
    fn tick(&mut self) {
        self.take_orders();
        self.find_company();
        let mut over = false;
        for place in 0..self.slots.len() {
            if self.company.binary_search(&place).is_ok() {
                continue;
            }
            match self.peer(place) {
                None => {
                    self.listen(place);
                    over |= self.speak(place) == Stay::Over;
                }
                Some(peer) if place < peer => {
                    self.listen(place);
                    self.listen(peer);
                    self.cross_bridge(place, peer);
                    over |= self.speak(place) == Stay::Over;
                    over |= self.speak(peer) == Stay::Over;
                }
                // It has been worked with its peer.
                Some(_) => {}
            }
        }
        over |= self.work_company() == Stay::Over;
        if over {
            self.let_go();
        }
    }

    fn listen(&mut self, place: usize) {
        let now = self.clock.now();
        let slot = &mut self.slots[place];
        slot.receive(&mut *self.buffer, now);
        slot.media.listen(now);
    }

    fn speak(&mut self, place: usize) -> Stay {
        let now = self.clock.now();
        let slot = &mut self.slots[place];
        slot.speak(&mut *self.buffer, now);
        slot.tap(now);
        let stay = slot.deliver(now);
        if stay == Stay::Over {
            slot.board.close(&slot.media.statistics());
        }
        stay
    }

    fn find_company(&mut self) {
        let Self { mixing, company, slots, legs, .. } = self;
        let place = |leg: LegId| legs.binary_search(&leg).ok();
        company.clear();
        mixing.retain(|leg| {
            let mix = place(*leg).map(|place| slots[place].mix).unwrap_or_default();
            if mix.is_empty() {
                return false;
            }
            let heard = mix.hears.into_iter().flatten().map(Source::leg);
            for member in heard.chain([*leg]).filter_map(place) {
                let peer = slots[member].peer.and_then(place);
                company.extend([member].into_iter().chain(peer));
            }
            true
        });
        company.sort_unstable();
        company.dedup();
    }

    fn work_company(&mut self) -> Stay {
        let mut stay = Stay::Here;
        let members = 0..self.company.len();
        for member in members.clone() {
            self.listen(self.company[member]);
        }
        for member in members.clone() {
            let place = self.company[member];
            if let Some(peer) = self.peer(place).filter(|peer| place < *peer) {
                self.cross_bridge(place, peer);
            }
        }
        self.cross_mixes();
        for member in members {
            if self.speak(self.company[member]) == Stay::Over {
                stay = Stay::Over;
            }
        }
        stay
    }

    /// Whoever removes a leg has added it before. So removals are read before the orders and obeyed when all orders that
    /// were there have been: a leg is never removed before it came.
    fn take_orders(&mut self) {
        let now = self.clock.now();
        self.leaving.extend(self.removals.try_iter());
        let drained = (0..ORDERS_A_TICK).find_map(|_| match self.orders.try_recv() {
            Ok(order) => {
                self.obey(order, now);
                None
            }
            Err(_empty) => Some(()),
        });
        if drained.is_none() {
            return;
        }
        while let Some(leg) = self.leaving.pop() {
            if let Some(place) = self.place(leg) {
                self.slots[place].media.handle_gone(Gone::Removed, now);
            }
        }
    }

    fn obey(&mut self, order: Order, now: MonoTime) {
        match order {
            Order::Add(slot) => {
                let place = self.legs.partition_point(|other| *other < slot.leg);
                self.legs.insert(place, slot.leg);
                self.slots.insert(place, slot);
            }
            Order::Redirect { leg, path } => {
                if let Some(place) = self.place(leg) {
                    self.slots[place].redirect(&path);
                }
            }
            Order::Agree { leg, format } => self.agree(leg, *format),
            Order::Command { leg, command: LegCommand::Bridge { with } } => self.bridge(leg, with),
            Order::Command { leg, command: LegCommand::Mix(mix) } => self.mix(leg, mix),
            Order::Command { leg, command: LegCommand::Unbridge } => self.unbridge(leg),
            Order::Command { leg, command } => {
                if let Some(place) = self.place(leg) {
                    self.slots[place].media.handle_command(&command, now);
                }
            }
        }
    }

    /// A bridge is made anew, for whether packets may pass as they are depends on the codecs.
    fn agree(&mut self, leg: LegId, format: AudioFormat) {
        let Some(place) = self.place(leg) else { return };
        if let Err(error) = self.slots[place].media.handle_format(format) {
            tracing::warn!(%leg, %error, "a leg stays with its codec");
            return;
        }
        if let Some(other) = self.slots[place].peer.and_then(|peer| self.place(peer)) {
            self.join(place, other);
        }
    }

    fn bridge(&mut self, leg: LegId, with: LegId) {
        let (Some(one), Some(other)) = (self.place(leg), self.place(with)) else {
            tracing::warn!(%leg, %with, "cannot bridge: one of the legs is gone or belongs to another call");
            return;
        };
        if one == other || self.slots[one].peer == Some(with) {
            return;
        }
        self.unbridge(leg);
        self.unbridge(with);
        self.join(one, other);
    }

    fn join(&mut self, one: usize, other: usize) {
        let now = self.clock.now();
        let as_frames = [one, other].into_iter().any(|place| {
            let slot = &self.slots[place];
            slot.is_tapped() || slot.media.listens_for_keys()
        });
        for (this, that) in [(one, other), (other, one)] {
            let format = self.slots[that].media.format();
            self.slots[this].peer = Some(self.slots[that].leg);
            self.slots[this].media.handle_bridged(&format, as_frames, now);
        }
    }

    fn unbridge(&mut self, leg: LegId) {
        let Some(place) = self.place(leg) else { return };
        let now = self.clock.now();
        let peer = self.slots[place].peer.take();
        let mix = std::mem::take(&mut self.slots[place].mix);
        if peer.is_some() || !mix.is_empty() {
            self.slots[place].media.handle_unbridged(now);
        }
        if let Some(place) = peer.and_then(|peer| self.place(peer))
            && self.slots[place].peer.take().is_some()
        {
            self.slots[place].media.handle_unbridged(now);
        }
    }

    /// Carries sound between the legs of a pair: packets as they are where the codec is the same, else frames.
    fn cross_bridge(&mut self, one: usize, other: usize) {
        let (low, high) = self.slots.split_at_mut(other);
        let (one, other) = (&mut low[one].media, &mut high[0].media);
        one.cross_to(other);
        other.cross_to(one);
    }

    fn mix(&mut self, leg: LegId, mix: Mix) {
        let Some(place) = self.place(leg) else { return };
        if self.slots[place].peer.is_some() || mix.is_empty() {
            self.unbridge(leg);
        }
        if !mix.is_empty() {
            let now = self.clock.now();
            self.slots[place].mix = mix;
            if !self.mixing.contains(&leg) {
                self.mixing.push(leg);
            }
            self.slots[place].media.handle_mixed(mix.listens, now);
        }
    }

    /// Adds up, for each leg that hears several, what those say; and sends their keys on to it.
    fn cross_mixes(&mut self) {
        for member in 0..self.company.len() {
            let to = self.company[member];
            for source in self.slots[to].mix.hears.into_iter().flatten() {
                let Some(from) = self.place(source.leg()) else { continue };
                let media = &self.slots[from].media;
                let sound = match source {
                    Source::Voice(_) => *media.heard_frame(),
                    Source::Agent(_) => *media.said_frame(),
                };
                self.slots[to].media.mix_in(&sound);
            }
        }
        for member in 0..self.company.len() {
            let from = self.company[member];
            let Some(key) = self.slots[from].media.take_key() else { continue };
            let leg = self.slots[from].leg;
            for hearer in 0..self.company.len() {
                let to = &mut self.slots[self.company[hearer]];
                if to.mix.has_voice(leg) {
                    to.media.pass_key(key);
                }
            }
        }
    }

    fn let_go(&mut self) {
        let mut place = 0;
        while place < self.slots.len() {
            if self.slots[place].board.is_over() {
                self.unbridge(self.slots[place].leg);
                self.legs.remove(place);
                let gone = self.slots.remove(place);
                self.meter.add(&gone.media.statistics(), &gone.published);
                self.meter.over(gone.media.role(), &gone.media.statistics());
            } else {
                place += 1;
            }
        }
    }

    fn publish(&mut self) {
        let now = self.clock.now();
        if !self.meter.is_due(now) {
            return;
        }
        self.meter.begin(now, self.slots.len());
        for slot in &mut self.slots {
            let figures = slot.media.statistics();
            self.meter.add(&figures, &slot.published);
            slot.published = figures;
            slot.board.put(&figures);
        }
    }

    fn close(&mut self) {
        self.take_orders();
        let now = self.clock.now();
        for slot in &mut self.slots {
            slot.media.handle_gone(Gone::Removed, now);
            slot.send(&mut *self.buffer, now);
            // A full queue of a conversation that ends with the process is left as it is.
            let _full = slot.deliver(now);
            slot.board.close(&slot.media.statistics());
        }
        self.slots.clear();
        self.legs.clear();
    }

    fn place(&self, leg: LegId) -> Option<usize> {
        self.legs.binary_search(&leg).ok()
    }

    fn peer(&self, place: usize) -> Option<usize> {
        self.place(self.slots[place].peer?)
    }
}

/// Frames are due at fixed times while recognisers want every cycle: ask the kernel to run us as soon as we wake, or at least
/// to prefer us. Allowed to root and with `CAP_SYS_NICE` only; without it media is as late as the machine is busy.
fn raise_priority() {
    let real_time = libc::sched_param { sched_priority: 1 };
    // SAFETY: takes and returns plain integers and reads the one parameter; 0 names the calling thread on Linux.
    let refused = unsafe {
        libc::sched_setscheduler(0, libc::SCHED_RR, &raw const real_time) != 0
            && libc::setpriority(libc::PRIO_PROCESS, 0, NICE) != 0
    };
    if refused {
        tracing::debug!("media threads run at normal priority");
    }
}

/// Where real time is refused: above what the usual media clients use for latency-sensitive threads, below what starves the
/// kernel's own.
const NICE: libc::c_int = -11;

/// No RTP packet of 20 ms is larger than an Ethernet frame.
const DATAGRAM_MAX: usize = 2_048;

/// Legs that fit before the list grows: the capacity asked of one core.
const SLOTS: usize = 2_048;

/// Calls with several people that fit before the lists grow: three legs of each hear three others.
const COMPANIES: usize = 64;

/// Keeps one tick short when many calls begin at once; what is left comes 20 ms later.
const ORDERS_A_TICK: usize = 256;
