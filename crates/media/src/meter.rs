//! The worker's metrics. Counters of legs are plain integers, brought here once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callwright_leg_core::LegStatistics;
use callwright_model::{LegRole, MonoTime};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

pub(crate) struct Meter {
    /// Of all workers, for whoever decides whether new calls are taken.
    missed_in_all: Arc<AtomicU64>,
    next: MonoTime,
    lateness: Histogram,
    missed: Counter,
    received: Counter,
    sent: Counter,
    lost: Counter,
    concealed: Counter,
    malformed: Counter,
    heard_dropped: Counter,
    says_dropped: Counter,
    facts_dropped: Counter,
    legs: Gauge,
    legs_told: usize,
}

impl Meter {
    pub(crate) fn new(now: MonoTime, missed_in_all: Arc<AtomicU64>) -> Self {
        Self {
            missed_in_all,
            next: now + PERIOD,
            lateness: histogram!("callwright_media_frame_lateness_seconds"),
            missed: counter!("callwright_media_frame_deadline_missed_total"),
            received: counter!("callwright_media_packets_received_total"),
            sent: counter!("callwright_media_packets_sent_total"),
            lost: counter!("callwright_media_packets_lost_total"),
            concealed: counter!("callwright_media_frames_concealed_total"),
            malformed: counter!("callwright_media_packets_malformed_total"),
            heard_dropped: counter!("callwright_media_heard_frames_dropped_total"),
            says_dropped: counter!("callwright_media_say_frames_stale_total"),
            facts_dropped: counter!("callwright_media_events_dropped_total"),
            legs: gauge!("callwright_media_legs"),
            legs_told: 0,
        }
    }

    /// A tick's last frame was sent this long after it was due.
    pub(crate) fn tick(&self, lateness: Duration) {
        self.lateness.record(lateness.as_secs_f64());
        if lateness > MISSED {
            self.skipped(1);
        }
    }

    /// These frames were never sent: the worker was too late for them.
    pub(crate) fn skipped(&self, frames: u64) {
        self.missed.increment(frames);
        self.missed_in_all.fetch_add(frames, Ordering::Relaxed);
    }

    pub(crate) fn is_due(&self, now: MonoTime) -> bool {
        now >= self.next
    }

    /// Takes fresh handles, so that it does not matter whether the process installed its recorder before or after.
    pub(crate) fn begin(&mut self, now: MonoTime, legs: usize) {
        let told = self.legs_told;
        *self = Self::new(now, Arc::clone(&self.missed_in_all));
        self.legs_told = legs;
        self.legs.increment(legs as f64 - told as f64);
    }

    /// A leg is over.
    pub(crate) fn over(&self, role: LegRole, figures: &LegStatistics) {
        let role = match role {
            LegRole::Caller => "caller",
            LegRole::Called => "called",
            LegRole::Human => "human",
        };
        if let Some(mos) = figures.mos_100th {
            histogram!("callwright_media_mos", "role" => role).record(f64::from(mos) / 100.0);
        }
        if let Some(mos) = figures.peer_mos_100th {
            histogram!("callwright_media_peer_mos", "role" => role).record(f64::from(mos) / 100.0);
        }
    }

    pub(crate) fn add(&self, now: &LegStatistics, before: &LegStatistics) {
        self.received.increment(now.packets_in.saturating_sub(before.packets_in));
        self.sent.increment(now.packets_out.saturating_sub(before.packets_out));
        self.lost.increment(now.lost.saturating_sub(before.lost));
        self.concealed.increment(now.frames_concealed.saturating_sub(before.frames_concealed));
        self.malformed.increment(now.malformed.saturating_sub(before.malformed));
        self.heard_dropped.increment(now.heard_dropped.saturating_sub(before.heard_dropped));
        self.says_dropped.increment(now.says_stale.saturating_sub(before.says_stale));
        self.facts_dropped.increment(now.facts_dropped.saturating_sub(before.facts_dropped));
    }
}

const PERIOD: Duration = Duration::from_secs(1);

/// A frame this late is a gap for a peer with the smallest jitter buffer, one frame.
const MISSED: Duration = Duration::from_millis(20);
