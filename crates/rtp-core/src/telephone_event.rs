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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> MonoTime {
        MonoTime::from_millis(ms)
    }

    #[test]
    fn a_press_is_told_once_at_its_start() {
        let mut receiver = DtmfReceiver::new();
        assert_eq!(receiver.handle(1_000, &event(5, false, 160), at(0)), Some('5'));
        assert_eq!(receiver.held(at(10)), Some('5'));
        for n in 1..5 {
            assert_eq!(receiver.handle(1_000, &event(5, false, 160 * (n + 1)), at(20 * u64::from(n))), None);
        }
        for n in 0..3 {
            assert_eq!(receiver.handle(1_000, &event(5, true, 960), at(100 + 20 * n)), None);
        }
        assert_eq!(receiver.held(at(160)), None);
        assert_eq!(receiver.handle(3_000, &event(5, false, 160), at(300)), Some('5'), "the same key again");
    }

    #[test]
    fn a_press_of_which_only_the_end_arrives_is_told() {
        let mut receiver = DtmfReceiver::new();
        assert_eq!(receiver.handle(7, &event(11, true, 800), at(0)), Some('#'));
        assert_eq!(receiver.handle(7, &event(11, true, 800), at(20)), None);
    }

    #[test]
    fn a_missing_end_does_not_block_the_next_key() {
        let mut receiver = DtmfReceiver::new();
        assert_eq!(receiver.handle(100, &event(1, false, 160), at(0)), Some('1'));
        assert_eq!(receiver.handle(2_000, &event(2, false, 160), at(240)), Some('2'));
        assert_eq!(receiver.handle(100, &event(1, true, 800), at(250)), None, "the end of the first, late");
        assert_eq!(receiver.held(at(500)), None, "released by silence");
        assert_eq!(receiver.handle(2_000, &event(2, true, 800), at(600)), None, "its end, later still");
    }

    #[test]
    fn a_press_longer_than_its_field_stays_one() {
        let mut receiver = DtmfReceiver::new();
        assert_eq!(receiver.handle(0, &event(3, false, 65_535), at(0)), Some('3'));
        assert_eq!(receiver.handle(65_535, &event(3, false, 160), at(20)), None);
        assert_eq!(receiver.handle(65_535, &event(3, true, 320), at(40)), None);
    }

    #[test]
    fn events_that_are_no_keys_are_ignored() {
        let mut receiver = DtmfReceiver::new();
        assert_eq!(receiver.handle(0, &event(16, false, 160), at(0)), None, "flash");
        assert_eq!(receiver.handle(0, &[1, 0, 0], at(0)), None, "too short");
    }

    #[test]
    fn what_is_sent_is_heard_at_both_clocks() {
        for clock_rate in [8_000, 48_000] {
            let mut sender = DtmfSender::new(clock_rate);
            let mut receiver = DtmfReceiver::new();
            for digit in "1199*#d".chars() {
                sender.press(digit, Duration::from_millis(100)).expect("room");
            }
            let (mut heard, mut packets) = (String::new(), Vec::new());
            for tick in 0..120u32 {
                let timestamp = (u32::MAX - 1_000).wrapping_add(tick * (clock_rate / 50));
                if let Some(packet) = sender.next(timestamp) {
                    packets.push(packet);
                    heard.extend(receiver.handle(
                        packet.timestamp,
                        &packet.payload,
                        at(u64::from(tick) * 20),
                    ));
                }
            }
            assert_eq!(heard, "1199*#D");
            assert!(sender.is_idle());
            let first: Vec<_> = packets.iter().filter(|p| p.timestamp == packets[0].timestamp).collect();
            assert_eq!(first.len(), 8, "five of 20 ms and the end three times");
            assert_eq!(first.iter().filter(|p| p.marker).count(), 1);
            assert!(first[0].marker);
            assert_eq!(first.iter().filter(|p| p.payload[1] & END_BIT != 0).count(), 3);
            let duration = |p: &EventPacket| u32::from(u16::from_be_bytes([p.payload[2], p.payload[3]]));
            assert_eq!(duration(first[0]), clock_rate / 50);
            assert_eq!(duration(first[7]), clock_rate / 10);
        }
    }

    #[test]
    fn what_is_no_key_and_what_is_too_much_is_refused() {
        let mut sender = DtmfSender::new(8_000);
        assert_eq!(sender.press('x', Duration::ZERO), Err(DtmfSendError::NotAKey));
        assert_eq!(sender.press('é', Duration::ZERO), Err(DtmfSendError::NotAKey));
        for _ in 0..WAITING {
            sender.press('1', Duration::MAX).expect("room");
        }
        assert_eq!(sender.press('1', Duration::ZERO), Err(DtmfSendError::Full));
    }

    proptest! {
        #[test]
        fn lost_and_reordered_packets_never_double_a_key(
            digits in prop::collection::vec(0usize..16, 1..12), fates in prop::collection::vec((0u8..10, 0usize..3), 200),
        ) {
            let mut sender = DtmfSender::new(8_000);
            for &digit in &digits {
                sender.press(char::from(DIGITS[digit]), Duration::from_millis(80)).expect("room");
            }
            let mut packets = Vec::new();
            for tick in 0..digits.len() * 12 {
                if let Some(packet) = sender.next(tick as u32 * 160) {
                    let (lost, late) = fates[tick % fates.len()];
                    if lost > 2 {
                        packets.push((tick + late, packet));
                    }
                }
            }
            packets.sort_by_key(|(tick, _)| *tick);
            let mut receiver = DtmfReceiver::new();
            let heard: Vec<char> = packets
                .iter()
                .filter_map(|(tick, packet)| receiver.handle(packet.timestamp, &packet.payload, at(*tick as u64 * 20)))
                .collect();
            // Seven packets a press: all lost hardly ever, but never more digits than presses.
            prop_assert!(heard.len() <= digits.len());
        }

        #[test]
        fn junk_never_panics(packets in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..8)), 0..50)) {
            let mut receiver = DtmfReceiver::new();
            for (n, (timestamp, payload)) in packets.iter().enumerate() {
                let _ = receiver.handle(*timestamp, payload, at(n as u64 * 20));
            }
        }
    }
}
