//! Keys pressed on a telephone, as RTP packets (RFC 4733).

use std::time::Duration;

use callwright_model::MonoTime;
use thiserror::Error;

/// Turns packets of events into digits: each press once, at its start, however often it is repeated.
#[derive(Debug, Clone, Default)]
pub struct DtmfReceiver {
    pressed: Option<Press>,
    /// Timestamps of the presses before: their last packets are sent three times and may come late.
    finished: [Option<u32>; FINISHED],
    finished_next: usize,
}

#[derive(Debug, Clone, Copy)]
struct Press {
    timestamp: u32,
    code: u8,
    seen: MonoTime,
}

impl DtmfReceiver {
    /// No key pressed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the timestamp and the payload of a packet; the digit if it is a new press. Events that are no digits (flash,
    /// tones of modems) and junk are ignored.
    pub fn handle(&mut self, timestamp: u32, payload: &[u8], now: MonoTime) -> Option<char> {
        let &[code, flags, ..] = payload.first_chunk::<4>()?;
        let digit = char::from(*DIGITS.get(usize::from(code))?);
        let is_end = flags & END_BIT != 0;
        self.expire(now);
        if self.finished.contains(&Some(timestamp)) {
            return None;
        }
        if let Some(pressed) = &mut self.pressed {
            let later = timestamp.wrapping_sub(pressed.timestamp);
            // A press longer than the duration field holds goes on under a timestamp that is that much later.
            let goes_on = later == 0 || (later == u32::from(u16::MAX) && code == pressed.code);
            if goes_on {
                *pressed = Press { timestamp, code, seen: now };
                if is_end {
                    self.finish();
                }
                return None;
            }
            if later > u32::MAX / 2 {
                return None;
            }
        }
        self.finish();
        self.pressed = Some(Press { timestamp, code, seen: now });
        if is_end {
            self.finish();
        }
        Some(digit)
    }

    /// The key that is held down, if any.
    #[must_use]
    pub fn held(&self, now: MonoTime) -> Option<char> {
        let pressed = self.pressed.filter(|pressed| now.since(pressed.seen) < RELEASED)?;
        DIGITS.get(usize::from(pressed.code)).map(|&digit| char::from(digit))
    }

    fn expire(&mut self, now: MonoTime) {
        if self.pressed.is_some_and(|pressed| now.since(pressed.seen) >= RELEASED) {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(pressed) = self.pressed.take() {
            self.finished[self.finished_next] = Some(pressed.timestamp);
            self.finished_next = (self.finished_next + 1) % FINISHED;
        }
    }
}

/// A packet of an event, to be sent instead of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// That of the press's start, for all its packets.
    pub timestamp: u32,
    /// Set on the first packet.
    pub marker: bool,
    /// The payload.
    pub payload: [u8; 4],
}

/// Why a press is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DtmfSendError {
    /// There is no such key.
    #[error("not a telephone key")]
    NotAKey,
    /// Too many are waiting.
    #[error("too many keys are waiting to be sent")]
    Full,
    /// Offer and answer have not agreed on telephone events.
    #[error("telephone events were not agreed on")]
    NotAgreed,
}

/// Sends presses one after the other, a packet each 20 ms.
#[derive(Debug, Clone)]
pub struct DtmfSender {
    clock_rate: u32,
    state: Sending,
    waiting: [(u8, u32); WAITING],
    waiting_len: usize,
}

#[derive(Debug, Clone, Copy)]
enum Sending {
    Idle,
    Press { code: u8, timestamp: u32, sent: u32, length: u32 },
    Release { code: u8, timestamp: u32, length: u32, left: u8 },
    Pause { ticks: u32 },
}

impl DtmfSender {
    /// Nothing to send, on a stream whose timestamps count at this rate.
    #[must_use]
    pub const fn new(clock_rate: u32) -> Self {
        Self { clock_rate, state: Sending::Idle, waiting: [(0, 0); WAITING], waiting_len: 0 }
    }

    /// Lines up a press. Its length is rounded up to a packet and kept between 40 ms and what one event can tell (1.3 s at
    /// 48 kHz, 8 s at 8 kHz).
    ///
    /// # Errors
    /// [`DtmfSendError::NotAKey`] for what is not `0`-`9`, `*`, `#`, `A`-`D`; [`DtmfSendError::Full`] behind 32 others.
    pub fn press(&mut self, digit: char, length: Duration) -> Result<(), DtmfSendError> {
        let digit = u8::try_from(digit.to_ascii_uppercase()).map_err(|_| DtmfSendError::NotAKey)?;
        let code = DIGITS.iter().position(|&key| key == digit).ok_or(DtmfSendError::NotAKey)?;
        let slot = self.waiting.get_mut(self.waiting_len).ok_or(DtmfSendError::Full)?;
        let step = self.clock_rate / 50;
        let wished = length.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        let packets = (wished.min(u128::from(u32::MAX)) as u32).div_ceil(step);
        *slot = (code as u8, packets.clamp(2, u32::from(u16::MAX) / step) * step);
        self.waiting_len += 1;
        Ok(())
    }

    /// Whether sound is being replaced.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, Sending::Idle) && self.waiting_len == 0
    }

    /// This tick's packet, or `None` when sound is to be sent. `timestamp` is that of the sound of this tick.
    pub fn next(&mut self, timestamp: u32) -> Option<EventPacket> {
        let step = self.clock_rate / 50;
        if let Sending::Idle = self.state {
            if self.waiting_len == 0 {
                return None;
            }
            let (code, length) = self.waiting[0];
            self.waiting.copy_within(1.., 0);
            self.waiting_len -= 1;
            self.state = Sending::Press { code, timestamp, sent: 0, length };
        }
        match &mut self.state {
            Sending::Idle => None,
            &mut Sending::Press { code, timestamp, sent, length } => {
                let sent = sent + step;
                self.state = if sent < length {
                    Sending::Press { code, timestamp, sent, length }
                } else {
                    Sending::Release { code, timestamp, length, left: RELEASE_PACKETS }
                };
                Some(EventPacket { timestamp, marker: sent == step, payload: event(code, false, sent) })
            }
            &mut Sending::Release { code, timestamp, length, left } => {
                self.state = if left > 1 {
                    Sending::Release { code, timestamp, length, left: left - 1 }
                } else {
                    Sending::Pause { ticks: PAUSE_TICKS }
                };
                Some(EventPacket { timestamp, marker: false, payload: event(code, true, length) })
            }
            Sending::Pause { ticks } => {
                *ticks -= 1;
                if *ticks == 0 {
                    self.state = Sending::Idle;
                }
                None
            }
        }
    }
}

fn event(code: u8, is_end: bool, duration: u32) -> [u8; 4] {
    let [high, low] = (duration.min(u32::from(u16::MAX)) as u16).to_be_bytes();
    [code, if is_end { END_BIT | VOLUME } else { VOLUME }, high, low]
}

/// The keys in the order of their event codes.
const DIGITS: &[u8; 16] = b"0123456789*#ABCD";
const END_BIT: u8 = 0x80;
/// -10 dBm0, as most telephones send.
const VOLUME: u8 = 10;
/// A key whose packets stop is taken for released: ten packets of the usual 20 ms.
const RELEASED: Duration = Duration::from_millis(200);
/// Presses remembered: at ten a second, their repetitions come within half a second.
const FINISHED: usize = 8;
/// RFC 4733: the last packet is sent three times.
const RELEASE_PACKETS: u8 = 3;
/// 60 ms of sound between two presses: receivers want at least 40 to tell them apart.
const PAUSE_TICKS: u32 = 3;
/// A card number with some keys to spare.
const WAITING: usize = 32;

#[cfg(test)]
mod tests;
