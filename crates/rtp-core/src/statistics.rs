//! Who sends to us, and how well it arrives: sequence numbers, loss, jitter, by RFC 3550 appendix A.

mod bursts;

use std::time::Duration;

use callwright_model::MonoTime;

use self::bursts::Bursts;
pub use self::bursts::{BurstSummary, GAP_MIN};
use crate::packet::RtpHeader;
use crate::rtcp::ReportBlock;

/// Whether a packet belongs to the stream that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It does.
    Accepted {
        /// Its sequence number, extended so that it never wraps.
        sequence: u64,
        /// The stream begins anew with it (another source, or the old one started over): forget what is buffered.
        restarted: bool,
    },
    /// It came before.
    Duplicate,
    /// It is so late that nobody can tell whether it came before.
    Old,
    /// It seems to start another stream; its successor will tell. Drop it.
    Probation,
}

/// Figures of a stream since its first packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamSummary {
    /// Packets that came, without duplicates.
    pub received: u64,
    /// Packets that should have come and did not.
    pub lost: u64,
    /// Runs of packets that were not there when a later one came.
    pub gaps: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// Times that another stream began.
    pub restarts: u64,
    /// Interarrival jitter.
    pub jitter: Duration,
}

/// Follows one stream of packets.
#[derive(Debug, Clone)]
pub struct StreamStatistics {
    clock_rate: u32,
    stream: Option<Stream>,
    /// The next packet that would prove another stream: its source and sequence number.
    candidate: Option<(u32, u16)>,
    /// Counts of streams that ended.
    before: StreamSummary,
    duplicates: u64,
    reordered: u64,
    gaps: u64,
    bursts: Bursts,
}

#[derive(Debug, Clone)]
struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
    /// Which of the last 64 packets came: bit n stands for `highest - n`.
    seen: u64,
    received: u64,
    /// In sixteenths of a tick, as the RFC computes it.
    jitter: u32,
    transit: Option<u32>,
    /// Timestamp of the last packet that was sent at its time, and ticks from one to the next.
    timestamp: u32,
    packet_ticks: u32,
    last_arrival: MonoTime,
    expected_prior: u64,
    received_prior: u64,
}

impl StreamStatistics {
    /// Before the first packet of a stream whose timestamps count at this rate.
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            stream: None,
            candidate: None,
            before: StreamSummary::default(),
            duplicates: 0,
            reordered: 0,
            gaps: 0,
            bursts: Bursts::default(),
        }
    }

    /// Takes a packet. `timed` tells that its timestamp is that of its sending; those of telephone events are not.
    pub fn handle(&mut self, header: &RtpHeader, timed: bool, now: MonoTime) -> Admission {
        let Some(stream) = &mut self.stream else {
            return self.restart(header, timed, now);
        };
        if stream.ssrc != header.ssrc {
            let silent = now.since(stream.last_arrival) >= SILENT;
            return self.consider(header, timed, now, silent);
        }
        let ahead = header.sequence.wrapping_sub(stream.highest as u16);
        if (1..DROPOUT_MAX).contains(&ahead) {
            stream.highest += u64::from(ahead);
            self.gaps += u64::from(ahead > 1);
            // One that comes after all counts as lost here, for whoever plays it had to do without.
            (1..ahead).for_each(|_| self.bursts.lost());
            self.bursts.received();
            if ahead == 1 && timed {
                stream.packet_ticks = header.timestamp.wrapping_sub(stream.timestamp);
            }
            stream.seen = if ahead < 64 { stream.seen << ahead | 1 } else { 1 };
        } else {
            let behind = (stream.highest as u16).wrapping_sub(header.sequence);
            if behind > MISORDER_MAX {
                return self.consider(header, timed, now, false);
            }
            if behind >= 64 {
                return Admission::Old;
            }
            if stream.seen & 1 << behind != 0 {
                self.duplicates += 1;
                return Admission::Duplicate;
            }
            stream.seen |= 1 << behind;
            self.reordered += 1;
            stream.first = stream.first.min(stream.highest - u64::from(behind));
        }
        self.candidate = None;
        stream.receive(header, timed, now, self.clock_rate);
        let behind = (stream.highest as u16).wrapping_sub(header.sequence);
        Admission::Accepted { sequence: stream.highest - u64::from(behind), restarted: false }
    }

    /// Another stream is to come, whose timestamps count at this rate; counts go on.
    pub fn begin_at(&mut self, clock_rate: u32) {
        self.close();
        self.clock_rate = clock_rate;
    }

    /// The source that is followed.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    /// Figures so far.
    #[must_use]
    pub fn summary(&self) -> StreamSummary {
        let mut summary = StreamSummary {
            duplicates: self.duplicates,
            reordered: self.reordered,
            gaps: self.gaps,
            ..self.before
        };
        if let Some(stream) = &self.stream {
            summary.received += stream.received;
            summary.lost += stream.expected().saturating_sub(stream.received);
            let micros = u64::from(stream.jitter >> 4) * 1_000_000 / u64::from(self.clock_rate);
            summary.jitter = Duration::from_micros(micros);
        }
        summary
    }

    /// Whether losses came one by one or in bursts. The lengths are in packets.
    #[must_use]
    pub fn bursts(&self) -> BurstSummary {
        self.bursts.summary()
    }

    /// How much sound a packet of the stream holds, as far as its timestamps tell.
    #[must_use]
    pub fn packet_length(&self) -> Duration {
        let ticks = self.stream.as_ref().map_or(0, |stream| stream.packet_ticks);
        let length = Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(self.clock_rate.max(1)));
        if length.is_zero() || length > PACKET_MAX { USUAL_PACKET } else { length }
    }

    /// What a receiver report says about the stream since the last one; the times of the last sender report are the
    /// caller's to fill in. `None` before the first packet.
    pub fn report_block(&mut self) -> Option<ReportBlock> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let expected_interval = expected - stream.expected_prior;
        let received_interval = stream.received - stream.received_prior;
        (stream.expected_prior, stream.received_prior) = (expected, stream.received);
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: expected.saturating_sub(stream.received).min(0x7F_FFFF) as u32,
            highest_sequence: (stream.highest - CYCLE) as u32,
            jitter: stream.jitter >> 4,
            last_sender_report: 0,
            delay_since_sender_report: 0,
        })
    }

    /// Two packets in a row make another stream; one is enough when the old one has fallen silent.
    fn consider(&mut self, header: &RtpHeader, timed: bool, now: MonoTime, silent: bool) -> Admission {
        if silent || self.candidate == Some((header.ssrc, header.sequence)) {
            return self.restart(header, timed, now);
        }
        self.candidate = Some((header.ssrc, header.sequence.wrapping_add(1)));
        Admission::Probation
    }

    /// Ends the stream that is followed, and tells whether there was one.
    fn close(&mut self) -> bool {
        self.candidate = None;
        let Some(old) = self.stream.take() else { return false };
        self.before.received += old.received;
        self.before.lost += old.expected().saturating_sub(old.received);
        self.before.restarts += 1;
        true
    }

    fn restart(&mut self, header: &RtpHeader, timed: bool, now: MonoTime) -> Admission {
        let restarted = self.close();
        // One cycle up, so that a packet from before the first has a number too.
        let sequence = CYCLE + u64::from(header.sequence);
        let mut stream = Stream {
            ssrc: header.ssrc,
            first: sequence,
            highest: sequence,
            seen: 1,
            received: 0,
            jitter: 0,
            transit: None,
            timestamp: header.timestamp,
            packet_ticks: 0,
            last_arrival: now,
            expected_prior: 0,
            received_prior: 0,
        };
        stream.receive(header, timed, now, self.clock_rate);
        self.stream = Some(stream);
        Admission::Accepted { sequence, restarted }
    }
}

impl Stream {
    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn receive(&mut self, header: &RtpHeader, timed: bool, now: MonoTime, clock_rate: u32) {
        self.received += 1;
        self.last_arrival = now;
        if !timed {
            return;
        }
        let transit = (arrival_ticks(now, clock_rate) as u32).wrapping_sub(header.timestamp);
        if let Some(last) = self.transit {
            let difference = (transit.wrapping_sub(last) as i32).unsigned_abs().min(clock_rate);
            self.jitter = self.jitter.saturating_add(difference).saturating_sub((self.jitter + 8) >> 4);
        }
        self.transit = Some(transit);
        self.timestamp = header.timestamp;
    }
}

/// A time in ticks of an RTP clock.
pub(crate) fn arrival_ticks(now: MonoTime, clock_rate: u32) -> u64 {
    let (seconds, micros) = (now.0 / 1_000_000, now.0 % 1_000_000);
    seconds * u64::from(clock_rate) + micros * u64::from(clock_rate) / 1_000_000
}

/// RFC 3550 A.1: a jump of less than this forward is loss.
const DROPOUT_MAX: u16 = 3_000;
/// RFC 3550 A.1: a step of up to this backward is reordering.
const MISORDER_MAX: u16 = 100;
/// A source that has not been heard for this long is replaced at once: ten packets.
const SILENT: Duration = Duration::from_millis(200);
const CYCLE: u64 = 1 << 16;
/// What nearly everybody sends, and as much as anybody does (RFC 8866 knows no limit; 120 ms is what we play).
const USUAL_PACKET: Duration = Duration::from_millis(20);
const PACKET_MAX: Duration = Duration::from_millis(120);

#[cfg(test)]
mod tests;
