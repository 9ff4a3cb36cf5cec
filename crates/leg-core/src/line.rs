//! The wire side of a leg: RTP and RTCP in, RTP and RTCP out.

use std::time::Duration;

use callwright_model::{AudioFormat, Frame, MonoTime};
use callwright_rtp_core as rtp;
use callwright_rtp_core::rtcp::VoipMetrics;
use callwright_rtp_core::{
    Admission, AudioReceiver, AudioSender, DatagramKind, DropReason, ReceiverConfig, RtcpReporter, RtpPacket,
};

use crate::bridge::{Packet, Relay};
use crate::config::LegConfig;
use crate::error::LegError;
use crate::outbox::Outbox;
use crate::statistics::LegStatistics;

pub(crate) struct Line {
    format: AudioFormat,
    receiver: AudioReceiver,
    sender: AudioSender,
    reporter: RtcpReporter,
    outbox: Outbox,
    buffer: ReceiverConfig,
    /// Frames of silence in a row, where silence need not be sent.
    silent_frames: u32,
    malformed: u64,
    /// The peer's last word on loss that the encoder was told.
    loss_told: u8,
}

/// What a datagram was to the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nothing of this leg's.
    Nothing,
    /// A sign of life without sound: a report, what comes in doubt.
    Alive,
    /// Sound, or a telephone event that says nothing new.
    Sound,
    /// Word that nobody speaks: nothing may come for long.
    Comfort,
    /// A key was pressed.
    Digit(char),
}

impl Line {
    pub(crate) fn new(
        format: &AudioFormat,
        seed: u64,
        config: &LegConfig,
        now: MonoTime,
    ) -> Result<Self, LegError> {
        let sender = AudioSender::new(*format, seed)?;
        let name = format!("{seed:016x}");
        Ok(Self {
            format: *format,
            receiver: AudioReceiver::new(*format, config.receiver.clone())?,
            reporter: RtcpReporter::new(sender.ssrc(), seed, &name, now),
            sender,
            outbox: Outbox::new(),
            buffer: config.receiver.clone(),
            silent_frames: 0,
            malformed: 0,
            loss_told: 0,
        })
    }

    /// Takes a datagram. With a `relay`, sound goes there as it is instead of into the jitter buffer.
    pub(crate) fn handle_datagram(
        &mut self,
        datagram: &[u8],
        relay: Option<&mut Relay>,
        now: MonoTime,
    ) -> Arrival {
        match DatagramKind::of(datagram) {
            DatagramKind::Rtp => {}
            DatagramKind::Rtcp => {
                let heard = self.reporter.handle_datagram(datagram, now);
                self.malformed += u64::from(heard.malformed);
                self.heed_loss();
                return if heard.malformed { Arrival::Nothing } else { Arrival::Alive };
            }
            DatagramKind::Other => {
                self.malformed += 1;
                return Arrival::Nothing;
            }
        }
        let Ok(packet) = RtpPacket::parse(datagram) else {
            self.malformed += 1;
            return Arrival::Nothing;
        };
        match relay {
            Some(relay) if packet.header.payload_type == self.format.payload_type_in => {
                self.pass_on(&packet, relay, now)
            }
            Some(_) | None => match self.receiver.handle_packet(&packet, now) {
                rtp::Arrival::Audio | rtp::Arrival::Event => Arrival::Sound,
                rtp::Arrival::Comfort => Arrival::Comfort,
                rtp::Arrival::Digit(digit) => Arrival::Digit(digit),
                rtp::Arrival::Dropped(DropReason::Malformed | DropReason::OtherStream) => Arrival::Nothing,
                rtp::Arrival::Dropped(DropReason::Duplicate | DropReason::Late | DropReason::PayloadType) => {
                    Arrival::Alive
                }
            },
        }
    }

    /// Goes on with what has been agreed anew.
    pub(crate) fn agree(&mut self, format: &AudioFormat) -> Result<(), LegError> {
        self.receiver.agree(*format)?;
        self.sender.agree(*format)?;
        self.format = *format;
        Ok(())
    }

    /// Whether what is sent has nothing above 4 kHz.
    pub(crate) fn expect_narrow(&mut self, narrow: bool) {
        self.sender.expect_narrow(narrow);
    }

    /// The frame that is due.
    pub(crate) fn receive_frame(&mut self, frame: &mut Frame, now: MonoTime) {
        self.receiver.tick(now, frame);
    }

    /// Sends a frame, or the telephone event that takes its place, or nothing where silence is agreed to be silent.
    pub(crate) fn send_frame(&mut self, frame: &Frame) {
        let may_rest = self.format.comfort_noise_out.is_some() && *frame == Frame::SILENCE;
        self.silent_frames = if may_rest { self.silent_frames.saturating_add(1) } else { 0 };
        if let Some(rested) = self.silent_frames.checked_sub(SILENT_MIN) {
            return self.rest(rested);
        }
        let Self { sender, outbox, .. } = self;
        // What cannot be encoded is a frame lost; the stream's clock has moved on.
        outbox.put(|datagram| sender.send(frame, datagram).unwrap_or(0));
        while outbox.put(|datagram| sender.send_more(datagram).unwrap_or(0)) {}
    }

    /// Sends nothing but keys, and now and then how loud the silence is.
    fn rest(&mut self, rested: u32) {
        let Self { sender, outbox, .. } = self;
        let pressed = outbox.put(|datagram| sender.send_pending_event(datagram).ok().flatten().unwrap_or(0));
        if !pressed && rested.is_multiple_of(COMFORT_EVERY) {
            outbox.put(|datagram| sender.send_comfort(COMFORT_LEVEL, datagram).unwrap_or(0));
        }
        sender.pause();
    }

    /// Sends another leg's packet as ours.
    pub(crate) fn relay(&mut self, packet: &Packet) {
        let Self { sender, outbox, .. } = self;
        outbox.put(|datagram| sender.forward(&packet.as_rtp(), datagram).unwrap_or(0));
    }

    /// Sends the telephone event that is due between packets relayed.
    pub(crate) fn send_event(&mut self) {
        let Self { sender, outbox, .. } = self;
        outbox.put(|datagram| sender.send_pending_event(datagram).ok().flatten().unwrap_or(0));
    }

    /// Lines up a key press. What is no key, or not agreed on, is a bug of whoever asked, and harmless.
    pub(crate) fn send_digit(&mut self, digit: char, length: Duration) {
        if let Err(error) = self.sender.press(digit, length) {
            tracing::debug!(%error, "a key is not sent");
        }
    }

    /// Sends a report when one is due.
    pub(crate) fn report(&mut self, now: MonoTime) {
        if now < self.reporter.poll_timeout() {
            return;
        }
        self.tell_quality();
        let Self { receiver, sender, reporter, outbox, .. } = self;
        outbox.put(|datagram| reporter.report(sender.info(), receiver.statistics_mut(), now, datagram));
    }

    /// Sends the last report.
    pub(crate) fn say_goodbye(&mut self, now: MonoTime) {
        self.tell_quality();
        let Self { receiver, sender, reporter, outbox, .. } = self;
        outbox.put(|datagram| reporter.goodbye(sender.info(), receiver.statistics_mut(), now, datagram));
    }

    /// Time for this many frames passed in which nothing was sent.
    pub(crate) fn skip(&mut self, frames: u32) {
        for _ in 0..frames.min(SKIPPED_MAX) {
            self.sender.pause();
        }
    }

    pub(crate) fn poll_datagram(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.outbox.take(buffer)
    }

    pub(crate) fn statistics(&self) -> LegStatistics {
        let (stream, counters) = (self.receiver.statistics().summary(), self.receiver.counters());
        LegStatistics {
            packets_in: stream.received,
            packets_out: self.sender.info().packets,
            lost: stream.lost,
            late: counters.packets_late,
            frames_concealed: counters.frames_concealed,
            malformed: self.malformed + counters.packets_malformed,
            jitter: stream.jitter,
            round_trip: self.reporter.round_trip(),
            // From 100 to 450.
            mos_100th: self.quality().map(|quality| (quality.mos * 100.0).round() as u16),
            peer_mos_100th: self.peer_mos_100th(),
            peer_lost_256th: self.reporter.remote().map_or(0, |block| block.fraction_lost),
            ..LegStatistics::default()
        }
    }

    /// With half of the way there and back, what waits here, and a packet at either end.
    fn quality(&self) -> Option<rtp::Quality> {
        let delay = self.reporter.round_trip().unwrap_or_default() / 2 + self.waits();
        Some(rtp::Quality::of(&rtp::Arrived { delay, ..self.arrived()? }))
    }

    /// What came of the other end's sound, without its delay; `None` before the first packet.
    fn arrived(&self) -> Option<rtp::Arrived> {
        let (stream, counters) = (self.receiver.statistics().summary(), self.receiver.counters());
        (stream.received > 0).then(|| rtp::Arrived {
            expected: stream.received + stream.lost,
            missing: stream.lost + counters.packets_late + counters.packets_skipped,
            gaps: stream.gaps,
            delay: Duration::ZERO,
        })
    }

    fn waits(&self) -> Duration {
        self.receiver.jitter_buffer().target_delay() + PACKETS
    }

    fn peer_mos_100th(&self) -> Option<u16> {
        let told = self.reporter.voip_metrics()?;
        Some(u16::from(told.talking_mos_10th.or(told.listening_mos_10th)?) * 10)
    }

    /// Has the next report say how the other end sounds here, where it wants to know.
    fn tell_quality(&mut self) {
        if self.format.voip_metrics_out
            && let Some(metrics) = self.voip_metrics()
        {
            self.reporter.tell(metrics);
        }
    }

    fn voip_metrics(&self) -> Option<VoipMetrics> {
        let statistics = self.receiver.statistics();
        let (stream, counters, bursts) =
            (statistics.summary(), self.receiver.counters(), statistics.bursts());
        let (quality, heard) = (self.quality()?, rtp::Quality::of(&self.arrived()?));
        let expected = (stream.received + stream.lost) as f32;
        let share = |part: f32| (part * 256.0) as u8;
        let part = |packets: u64| share(packets as f32 / expected);
        let lasts = |packets: f32| ms(statistics.packet_length().mul_f32(packets.min(LONGEST)));
        let tenth = |quality: rtp::Quality| Some((quality.mos * 10.0).round() as u8);
        let buffer_ms = ms(self.receiver.jitter_buffer().target_delay());
        Some(VoipMetrics {
            ssrc: statistics.ssrc()?,
            lost_256th: part(stream.lost),
            discarded_256th: part(counters.packets_late + counters.packets_skipped),
            burst_256th: share(bursts.burst_density),
            gap_256th: share(bursts.gap_density),
            burst_ms: lasts(bursts.burst_packets),
            gap_ms: lasts(bursts.gap_packets),
            round_trip_ms: ms(self.reporter.round_trip().unwrap_or_default()),
            end_delay_ms: ms(self.waits()),
            signal_dbm: None,
            noise_dbm: None,
            echo_loss_db: None,
            gap_min: rtp::GAP_MIN,
            rating: Some(quality.rating.round() as u8),
            external_rating: None,
            listening_mos_10th: tenth(heard),
            talking_mos_10th: tenth(quality),
            receiver: CONCEALS_AND_ADAPTS,
            buffer_ms,
            buffer_max_ms: ms(self.buffer.target_max),
            buffer_limit_ms: ms(self.buffer.buffered_max),
        })
    }

    fn pass_on(&mut self, packet: &RtpPacket<'_>, relay: &mut Relay, now: MonoTime) -> Arrival {
        match self.receiver.statistics_mut().handle(&packet.header, true, now) {
            Admission::Accepted { .. } => {
                relay.put(&packet.header, packet.payload);
                Arrival::Sound
            }
            Admission::Duplicate | Admission::Old => Arrival::Alive,
            Admission::Probation => Arrival::Nothing,
        }
    }

    /// Lets the encoder spend as much on redundancy as the peer's losses ask for.
    fn heed_loss(&mut self) {
        let lost = self.reporter.remote().map_or(0, |block| block.fraction_lost);
        if lost != self.loss_told {
            self.loss_told = lost;
            self.sender.expect_loss((u32::from(lost) * 100 / 256) as u8);
        }
    }
}

/// In milliseconds, at most as many as a report has room for.
fn ms(length: Duration) -> u16 {
    u16::try_from(length.as_millis()).unwrap_or(u16::MAX)
}

/// As RFC 3611, section 4.7.6 packs it: losses are concealed by more than repetition, the buffer is adaptive, at a rate not told.
const CONCEALS_AND_ADAPTS: u8 = 0b1011_0000;
/// Packets beyond which a length is the longest that a report can tell, whatever they hold.
const LONGEST: f32 = 100_000.0;

/// Pauses between words are sent as they are: a stream that stops and begins anew in the middle of a sentence is heard.
const SILENT_MIN: u32 = 25;
/// Every two seconds, for a packet may be lost, and a NAT or who waits for packets wants to see some.
const COMFORT_EVERY: u32 = 100;
/// In -dBov: a quiet room, so that the line does not seem dead.
const COMFORT_LEVEL: u8 = 70;

/// Sound is packed and played 20 ms at a time.
const PACKETS: Duration = Duration::from_millis(40);

/// A machine that slept for longer than ten seconds has lost its calls anyway.
const SKIPPED_MAX: u32 = 500;
