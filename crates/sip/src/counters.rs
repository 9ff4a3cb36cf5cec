//! What was counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, and two levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SipStatistics {
    /// Incoming calls handed to the owner.
    pub calls_offered: u64,
    /// Outgoing calls placed.
    pub calls_placed: u64,
    /// Calls refused because the source may not call.
    pub refused_source: u64,
    /// Calls refused because there was no room, or the gateway was overloaded.
    pub refused_full: u64,
    /// Calls refused because the gateway was draining.
    pub refused_draining: u64,
    /// Calls refused because the call whose place they would take is not here, or may not be taken.
    pub refused_replaces: u64,
    /// Requests answered with an error of their own making: 400, 405, 415, 420, 505, 513.
    pub refused_malformed: u64,
    /// Datagrams that were not SIP, dropped.
    pub dropped_junk: u64,
    /// Datagrams, requests and connections dropped because too many were waiting.
    pub dropped_overload: u64,
    /// Requests that were asked whose they are.
    pub challenged: u64,
    /// Requests refused because their source had given too many wrong passwords.
    pub refused_tries: u64,
    /// Wrong passwords and unknown users.
    pub refused_password: u64,
    /// Connections cut because their peer was too slow: to say something, to end a message, or to read.
    pub cut_slow: u64,
    /// Connections whose TLS or WebSocket handshake failed.
    pub failed_handshakes: u64,
    /// Events of legs (keys pressed, re-INVITEs) dropped because their owner did not read.
    pub dropped_events: u64,
    /// Fields that only tell something (`User-to-User`, `Diversion`, `History-Info`, `Referred-By`, `Reason`) and could not be read.
    pub ignored_fields: u64,
    /// Incoming calls at this moment.
    pub calls_incoming_now: u64,
    /// Dialogs that the library holds at this moment; 0 when all calls are over.
    pub dialogs_now: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls_offered: Counter,
    pub(crate) calls_placed: Counter,
    pub(crate) refused_source: Counter,
    pub(crate) refused_full: Counter,
    pub(crate) refused_draining: Counter,
    pub(crate) refused_malformed: Counter,
    pub(crate) refused_replaces: Counter,
    pub(crate) dropped_junk: Counter,
    pub(crate) dropped_overload: Counter,
    pub(crate) challenged: Counter,
    pub(crate) refused_tries: Counter,
    pub(crate) refused_password: Counter,
    pub(crate) cut_slow: Counter,
    pub(crate) failed_handshakes: Counter,
    pub(crate) dropped_events: Counter,
    pub(crate) ignored_fields: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn snapshot(&self, calls_incoming_now: u64, dialogs_now: u64) -> SipStatistics {
        SipStatistics {
            calls_offered: self.calls_offered.value(),
            calls_placed: self.calls_placed.value(),
            refused_source: self.refused_source.value(),
            refused_full: self.refused_full.value(),
            refused_draining: self.refused_draining.value(),
            refused_malformed: self.refused_malformed.value(),
            refused_replaces: self.refused_replaces.value(),
            dropped_junk: self.dropped_junk.value(),
            dropped_overload: self.dropped_overload.value(),
            challenged: self.challenged.value(),
            refused_tries: self.refused_tries.value(),
            refused_password: self.refused_password.value(),
            cut_slow: self.cut_slow.value(),
            failed_handshakes: self.failed_handshakes.value(),
            dropped_events: self.dropped_events.value(),
            ignored_fields: self.ignored_fields.value(),
            calls_incoming_now,
            dialogs_now,
        }
    }
}
