//! A leg's place on a worker: the pure machine between its packets and its rings.

use std::sync::Arc;

use callwright_leg_core::MediaLeg;
use callwright_model::{
    BothSides, Gone, Heard, LegEvent, LegFact, LegId, MediaPath, Mix, MonoTime, PacketIo, Road, SayFrame,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::board::Board;

pub(crate) struct Slot {
    pub(crate) leg: LegId,
    pub(crate) media: MediaLeg,
    pub(crate) peer: Option<LegId>,
    /// Whom it hears beside the agent.
    pub(crate) mix: Mix,
    pub(crate) published: callwright_leg_core::LegStatistics,
    io: Box<dyn PacketIo>,
    heard: rtrb::Producer<Heard>,
    heard_signal: Arc<Notify>,
    say: rtrb::Consumer<SayFrame>,
    events: Sender<LegEvent>,
    tap: Option<rtrb::Producer<BothSides>>,
    ticks: u64,
    pub(crate) board: Arc<Board>,
}

/// Whether a leg stays on its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    Here,
    Over,
}

impl Slot {
    #[expect(clippy::too_many_arguments, reason = "called once, with everything a leg is made of")]
    pub(crate) fn new(
        leg: LegId,
        media: MediaLeg,
        io: Box<dyn PacketIo>,
        heard: rtrb::Producer<Heard>,
        heard_signal: Arc<Notify>,
        say: rtrb::Consumer<SayFrame>,
        events: Sender<LegEvent>,
        tap: Option<rtrb::Producer<BothSides>>,
        board: Arc<Board>,
    ) -> Self {
        let published = media.statistics();
        Self {
            leg,
            media,
            peer: None,
            mix: Mix::default(),
            published,
            io,
            heard,
            heard_signal,
            say,
            events,
            tap,
            ticks: 0,
            board,
        }
    }

    /// Whether somebody listens in.
    pub(crate) fn is_tapped(&self) -> bool {
        self.tap.is_some()
    }

    /// The shell was too late for so many frames.
    pub(crate) fn skip(&mut self, frames: u32) {
        self.ticks += u64::from(frames);
        self.media.handle_skipped(frames);
    }

    /// Hands both sides of this tick to whoever listens in. When they are too slow it is lost to them, which the number of the next
    /// tick tells.
    pub(crate) fn tap(&mut self, now: MonoTime) {
        let tick = self.ticks;
        self.ticks += 1;
        if let Some(tap) = &mut self.tap
            && !self.media.is_over()
        {
            let (heard, sent) = (*self.media.heard_frame(), *self.media.sent_frame());
            // A ring that is full is told by the gap.
            let _full = tap.push(BothSides { tick, at: now, heard, sent });
        }
    }

    pub(crate) fn receive(&mut self, buffer: &mut [u8], now: MonoTime) {
        for _ in 0..DATAGRAMS_A_TICK {
            match self.io.receive(buffer) {
                Some(length) => self.media.handle_datagram(&buffer[..length], now),
                None => return,
            }
        }
    }

    /// The other end is elsewhere, or has other keys.
    pub(crate) fn redirect(&mut self, path: &MediaPath) {
        self.io.redirect(path);
    }

    pub(crate) fn speak(&mut self, buffer: &mut [u8], now: MonoTime) {
        let Self { media, say, .. } = self;
        match self.io.road() {
            Road::Open => media.speak(&mut || say.pop().ok(), now),
            Road::Opening => media.wait(),
            Road::Barred => media.handle_gone(Gone::Unsecured, now),
        }
        self.send(buffer, now);
    }

    /// Sends what the leg has ready.
    pub(crate) fn send(&mut self, buffer: &mut [u8], now: MonoTime) {
        while let Some(length) = self.media.poll_datagram(buffer) {
            if self.io.send(&buffer[..length]).is_err() {
                self.media.handle_gone(Gone::Closed, now);
            }
        }
    }

    /// Passes on what the leg heard and found out.
    pub(crate) fn deliver(&mut self, now: MonoTime) -> Stay {
        self.deliver_heard();
        // The channel lies elsewhere in memory, where looking at it in every tick costs more than all else that an idle leg does here.
        if !self.media.has_fact() && !self.ticks.is_multiple_of(TICKS_UNWATCHED) {
            return Stay::Here;
        }
        loop {
            match self.events.try_reserve() {
                Ok(permit) => {
                    let Some(fact) = self.media.poll_fact() else { return Stay::Here };
                    let over = matches!(fact, LegFact::Gone(_));
                    permit.send(LegEvent { leg: self.leg, at: now, fact });
                    if over {
                        return Stay::Over;
                    }
                }
                Err(TrySendError::Full(())) => return Stay::Here,
                Err(TrySendError::Closed(())) => {
                    tracing::debug!(leg = %self.leg, "nobody listens to this leg any more");
                    return Stay::Over;
                }
            }
        }
    }

    fn deliver_heard(&mut self) {
        let mut pushed = false;
        while let Some(item) = self.media.peek_heard() {
            if self.heard.is_full() {
                if !matches!(item, Heard::Frame(_)) {
                    break;
                }
                self.media.drop_heard();
                continue;
            }
            if let Some(item) = self.media.poll_heard() {
                // There is room: only this thread fills the ring.
                pushed |= self.heard.push(item).is_ok();
            }
        }
        if pushed {
            self.heard_signal.notify_one();
        }
    }
}

/// A leg that has nothing to tell finds out within 200 ms that nobody listens to it any more.
const TICKS_UNWATCHED: u64 = 10;

/// One tick brings one packet, or a few after a pause of the network; more is a flood and can wait for the next tick.
const DATAGRAMS_A_TICK: usize = 32;
