//! When to report on a stream, and what the other side reports.

use std::time::Duration;

use callwright_model::MonoTime;

use crate::random::SeededRandom;
use crate::rtcp::{Compound, CompoundWriter, Item, ReportBlock, RtcpError, SenderReport, VoipMetrics};
use crate::sender::SenderInfo;
use crate::statistics::StreamStatistics;

/// What a control datagram said that somebody may care about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtcpHeard {
    /// The other side leaves.
    pub goodbye: bool,
    /// It was cut short or no RTCP; what could be read was used.
    pub malformed: bool,
}

/// Reports on one leg's two streams every five seconds or so.
#[derive(Debug, Clone)]
pub struct RtcpReporter {
    ssrc: u32,
    name: [u8; NAME_MAX],
    name_len: usize,
    random: SeededRandom,
    due: MonoTime,
    /// The last sender report: the middle of its NTP time, and when it came.
    last_report: Option<(u32, MonoTime)>,
    round_trip: Option<Duration>,
    remote: Option<ReportBlock>,
    /// How our stream sounds there, by the other side.
    voip: Option<VoipMetrics>,
    /// How theirs sounds here, for the next report.
    ours: Option<VoipMetrics>,
    packets_reported: u64,
}

impl RtcpReporter {
    /// A reporter for the stream `ssrc`. `name` stays the same for all streams of a call and should not tell who we are;
    /// it is cut at 64 bytes.
    #[must_use]
    pub fn new(ssrc: u32, seed: u64, name: &str, now: MonoTime) -> Self {
        let name_len = name.len().min(NAME_MAX);
        let mut bytes = [0; NAME_MAX];
        bytes[..name_len].copy_from_slice(&name.as_bytes()[..name_len]);
        let mut reporter = Self {
            ssrc,
            name: bytes,
            name_len,
            random: SeededRandom::new(seed ^ u64::from(ssrc)),
            due: now,
            last_report: None,
            round_trip: None,
            remote: None,
            voip: None,
            ours: None,
            packets_reported: 0,
        };
        // RFC 3550: the first report comes after half the usual time.
        reporter.due = now + reporter.interval() / 2;
        reporter
    }

    /// Takes a control datagram of the other side.
    pub fn handle_datagram(&mut self, datagram: &[u8], now: MonoTime) -> RtcpHeard {
        let mut heard = RtcpHeard::default();
        for item in Compound::new(datagram) {
            match item {
                Ok(Item::SenderReport { sent, blocks, .. }) => {
                    self.last_report = Some(((sent.ntp >> 16) as u32, now));
                    blocks.iter().for_each(|block| self.hear_block(block, now));
                }
                Ok(Item::ReceiverReport { blocks, .. }) => {
                    blocks.iter().for_each(|block| self.hear_block(block, now));
                }
                Ok(Item::Goodbye { .. }) => heard.goodbye = true,
                Ok(Item::VoipMetrics { metrics, .. }) => {
                    if metrics.ssrc == self.ssrc {
                        self.voip = Some(metrics);
                    }
                }
                Ok(Item::Cname { .. } | Item::Other { .. }) => {}
                Err(RtcpError::Truncated | RtcpError::Version) => heard.malformed = true,
            }
        }
        heard
    }

    /// When the next report is due.
    #[must_use]
    pub const fn poll_timeout(&self) -> MonoTime {
        self.due
    }

    /// The next report, and only that, tells this too.
    pub fn tell(&mut self, metrics: VoipMetrics) {
        self.ours = Some(metrics);
    }

    /// Writes a report into `datagram`, tells its length (0 when there is no room) and chooses the next time.
    pub fn report(
        &mut self,
        sent: SenderInfo,
        received: &mut StreamStatistics,
        now: MonoTime,
        datagram: &mut [u8],
    ) -> usize {
        self.due = now + self.interval();
        let mut writer = CompoundWriter::new(datagram);
        self.write(&mut writer, sent, received, now);
        writer.len()
    }

    /// Writes the last report, with a goodbye.
    pub fn goodbye(
        &mut self,
        sent: SenderInfo,
        received: &mut StreamStatistics,
        now: MonoTime,
        datagram: &mut [u8],
    ) -> usize {
        let mut writer = CompoundWriter::new(datagram);
        self.write(&mut writer, sent, received, now);
        writer.goodbye(self.ssrc);
        writer.len()
    }

    /// The way there and back, by the other side's last report.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// How our stream sounds there, by what the other side said last.
    #[must_use]
    pub const fn voip_metrics(&self) -> Option<&VoipMetrics> {
        self.voip.as_ref()
    }

    /// What the other side said about our stream last.
    #[must_use]
    pub const fn remote(&self) -> Option<&ReportBlock> {
        self.remote.as_ref()
    }

    fn write(
        &mut self,
        writer: &mut CompoundWriter<'_>,
        sent: SenderInfo,
        received: &mut StreamStatistics,
        now: MonoTime,
    ) {
        let block = received.report_block().map(|block| {
            let Some((middle, came)) = self.last_report else { return block };
            let delay = now.since(came).as_micros() * 65_536 / 1_000_000;
            ReportBlock {
                last_sender_report: middle,
                delay_since_sender_report: u32::try_from(delay).unwrap_or(u32::MAX),
                ..block
            }
        });
        let has_sent = sent.packets > self.packets_reported;
        self.packets_reported = sent.packets;
        let report = has_sent.then(|| SenderReport {
            ntp: ntp(now),
            timestamp: sent.timestamp,
            packets: sent.packets as u32,
            octets: sent.octets as u32,
        });
        writer.report(self.ssrc, report, block.as_ref()).cname(self.ssrc, &self.name[..self.name_len]);
        if let Some(metrics) = self.ours.take() {
            writer.voip_metrics(self.ssrc, &metrics);
        }
    }

    fn hear_block(&mut self, block: ReportBlock, now: MonoTime) {
        if block.ssrc != self.ssrc {
            return;
        }
        self.remote = Some(block);
        if block.last_sender_report != 0 {
            let middle = (ntp(now) >> 16) as u32;
            let away = middle.wrapping_sub(block.last_sender_report);
            // A peer that makes its figures up would give us centuries or less than nothing.
            if let Some(way) = away.checked_sub(block.delay_since_sender_report).filter(|&way| way < 60 << 16)
            {
                self.round_trip = Some(Duration::from_micros(u64::from(way) * 1_000_000 / 65_536));
            }
        }
    }

    /// Between half and one and a half times the usual, so that legs don't report in step.
    const fn interval(&mut self) -> Duration {
        let usual = INTERVAL.as_micros() as u64;
        Duration::from_micros(usual / 2 + self.random.next_u64() % usual)
    }
}

/// Our time as NTP writes it. It counts from our own start: RFC 3550 wants differences, not the time of day.
const fn ntp(now: MonoTime) -> u64 {
    let (seconds, micros) = (now.0 / 1_000_000, now.0 % 1_000_000);
    // One second on, so that the first report's time is never the zero that means "none".
    ((seconds + 1) << 32) | ((micros << 32) / 1_000_000)
}

/// RFC 3550's usual interval for a session of two.
const INTERVAL: Duration = Duration::from_secs(5);
/// A call's name is a number; sixty-four bytes hold it and a host's name.
const NAME_MAX: usize = 64;

#[cfg(test)]
mod tests;
