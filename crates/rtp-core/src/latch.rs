//! Symmetric RTP (RFC 4961): which of the sources that send to our port is the other end.
//!
//! Behind a NAT the address in a peer's description is not where its packets come from, so we answer to where they do come
//! from. That must not let a stranger who guesses a port take the call over:
//!
//! - A source counts once it has sent `PROOFS` packets in a row of one stream; from the signalled address, or when the
//!   packet was decrypted, one is enough.
//! - A source that is nearer to what was signalled (the address itself, then its host, then anything) takes over from one
//!   that is further away. Never the other way round.
//! - Between equals the source stays, unless it has been silent for `SILENT` and another stream begins at the same host.
//! - A stream may go on from anywhere once its source has been silent for `REBOUND`, as when a NAT forgot it: whoever knows its
//!   name and number sees the call's packets anyhow.
//! - Once another address is signalled, everything begins anew.

use std::net::SocketAddr;
use std::time::Duration;

use callwright_model::MonoTime;

/// Follows the source of one leg's packets.
#[derive(Debug, Clone, Default)]
pub struct Latch {
    signalled: Option<SocketAddr>,
    latched: Option<Latched>,
    candidate: Option<Candidate>,
}

/// What of a packet tells whether a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Its synchronisation source.
    pub ssrc: u32,
    /// Its sequence number.
    pub sequence: u16,
}

#[derive(Debug, Clone, Copy)]
struct Latched {
    source: SocketAddr,
    near: Nearness,
    stream: Stream,
    last: MonoTime,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: SocketAddr,
    stream: Stream,
    packets: u32,
}

/// How much a source is like what was signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Elsewhere,
    Host,
    Address,
}

impl Latch {
    /// The other end's description names this address. Another one than before makes us listen anew, and packets go there
    /// until a source is found.
    pub fn signal(&mut self, address: SocketAddr) {
        if self.signalled.replace(address) != Some(address) {
            self.latched = None;
            self.candidate = None;
        }
    }

    /// Where packets go: to the source, or as long as there is none, to the signalled address.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latched.map(|latched| latched.source).or(self.signalled)
    }

    /// Whether a packet is the other end's. `proved` says that it was decrypted with the other end's key.
    pub fn accept(&mut self, source: SocketAddr, stream: Stream, proved: bool, now: MonoTime) -> bool {
        let near = self.nearness(source);
        let taken = match &self.latched {
            Some(latched) if latched.source == source => true,
            Some(latched) => self.replaces(latched, near, source, stream, proved, now),
            None => true,
        };
        if !taken {
            return false;
        }
        let known = self.latched.is_some_and(|latched| latched.source == source);
        if !known && !proved && near < Nearness::Address && !self.is_in_a_row(source, stream) {
            return false;
        }
        self.candidate = None;
        self.latched = Some(Latched { source, near, stream, last: now });
        true
    }

    /// Whether a packet that names no stream, such as a report, comes from the other end's host.
    #[must_use]
    pub fn is_from_host(&self, source: SocketAddr) -> bool {
        self.remote().is_some_and(|remote| remote.ip() == source.ip())
    }

    fn replaces(
        &self,
        old: &Latched,
        near: Nearness,
        source: SocketAddr,
        stream: Stream,
        proved: bool,
        now: MonoTime,
    ) -> bool {
        let silent = now.since(old.last);
        let goes_on = stream.ssrc == old.stream.ssrc
            && (1..GAP_MAX).contains(&stream.sequence.wrapping_sub(old.stream.sequence));
        let same_host = near >= Nearness::Host || source.ip() == old.source.ip();
        near > old.near
            || ((goes_on || proved) && silent >= REBOUND)
            || (near >= old.near && same_host && silent >= SILENT)
    }

    fn is_in_a_row(&mut self, source: SocketAddr, stream: Stream) -> bool {
        let follows = self.candidate.filter(|candidate| {
            let next = Stream { sequence: candidate.stream.sequence.wrapping_add(1), ..candidate.stream };
            candidate.source == source && next == stream
        });
        let packets = follows.map_or(0, |candidate| candidate.packets) + 1;
        self.candidate = Some(Candidate { source, stream, packets });
        packets >= PROOFS
    }

    fn nearness(&self, source: SocketAddr) -> Nearness {
        match self.signalled {
            Some(signalled) if signalled == source => Nearness::Address,
            Some(signalled) if signalled.ip() == source.ip() => Nearness::Host,
            Some(_) | None => Nearness::Elsewhere,
        }
    }
}

/// Packets in a row that make a source: as many as RFC 3550 (A.1) wants of a new stream, and one for certainty.
const PROOFS: u32 = 3;
/// Five packets: a NAT that gives a stream another port loses as much.
const REBOUND: Duration = Duration::from_millis(100);
/// Longer than any network holds packets up. Pauses of speech may be as long, hence the condition on the host.
const SILENT: Duration = Duration::from_secs(1);
/// A stream that is further ahead than a minute is another one.
const GAP_MAX: u16 = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNALLED: &str = "192.0.2.7:4000";

    /// `at source ssrc sequence -> taken`, with `!` before the time for a packet that was decrypted. Sources: `=` is the
    /// signalled address, `:N` another port of its host, anything else an address.
    fn check(script: &[&str]) {
        let mut latch = Latch::default();
        let signalled: SocketAddr = SIGNALLED.parse().expect("an address");
        latch.signal(signalled);
        for line in script {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [at, source, ssrc, sequence, _, expected] = words[..] else { panic!("{line}") };
            let address = |text: &str| match text {
                "=" => signalled,
                port if port.starts_with(':') => format!("192.0.2.7{port}").parse().expect("an address"),
                other => other.parse().expect("an address"),
            };
            let stream = Stream {
                ssrc: ssrc.parse().expect("a number"),
                sequence: sequence.parse().expect("a number"),
            };
            let at_ms = at.trim_start_matches('!').parse().expect("milliseconds");
            let taken =
                latch.accept(address(source), stream, at.starts_with('!'), MonoTime::from_millis(at_ms));
            assert_eq!(taken.to_string(), expected, "{line} in {script:#?}");
            if taken {
                assert_eq!(latch.remote(), Some(address(source)), "{line}");
            }
        }
    }

    #[test]
    fn the_signalled_address_is_taken_at_once_and_others_after_three_in_a_row() {
        check(&["0 = 7 1 -> true"]);
        check(&["0 :9 7 1 -> false", "20 :9 7 2 -> false", "40 :9 7 3 -> true"]);
        check(&[
            "0 198.51.100.1:9 7 1 -> false",
            "20 198.51.100.1:9 7 3 -> false",
            "40 198.51.100.1:9 7 4 -> false",
            "60 198.51.100.1:9 7 5 -> true",
        ]);
        check(&["!0 198.51.100.1:9 7 1 -> true"]);
    }

    #[test]
    fn a_stranger_who_comes_first_gives_way_to_the_signalled_host_and_never_takes_over() {
        check(&[
            "0 203.0.113.1:9 666 1 -> false",
            "20 203.0.113.1:9 666 2 -> false",
            "40 203.0.113.1:9 666 3 -> true",
            "50 = 7 1 -> true",
            "60 203.0.113.1:9 666 4 -> false",
            // Not even when the other end is silent for a minute, nor by guessing the stream's name.
            "60000 203.0.113.1:9 666 5 -> false",
            "60020 203.0.113.1:9 666 6 -> false",
            "60040 203.0.113.1:9 666 7 -> false",
            "60060 203.0.113.1:9 7 60000 -> false",
        ]);
    }

    #[test]
    fn between_strangers_the_first_stays_while_it_speaks() {
        check(&[
            "0 203.0.113.1:9 7 1 -> false",
            "20 203.0.113.1:9 7 2 -> false",
            "40 203.0.113.1:9 7 3 -> true",
            "50 203.0.113.2:9 8 1 -> false",
            "60 203.0.113.1:9 7 4 -> true",
            "70 203.0.113.2:9 8 2 -> false",
            "90 203.0.113.2:9 8 3 -> false",
            "110 203.0.113.2:9 8 4 -> false",
        ]);
    }

    #[test]
    fn a_stream_may_go_on_from_another_port_once_the_old_one_is_silent() {
        check(&[
            "0 = 7 1 -> true",
            "20 :9 7 2 -> false",
            "100 :9 7 5 -> false",
            "120 :9 7 6 -> false",
            "140 :9 7 7 -> true",
            "160 = 7 8 -> true",
        ]);
        // Another stream of the same host has to wait longer.
        check(&["0 = 7 1 -> true", "900 :9 8 1 -> false", "920 :9 8 2 -> false", "940 :9 8 3 -> false"]);
    }

    #[test]
    fn another_signalled_address_begins_anew() {
        let mut latch = Latch::default();
        let (first, second): (SocketAddr, SocketAddr) =
            (SIGNALLED.parse().expect("an address"), "198.51.100.9:6000".parse().expect("an address"));
        latch.signal(first);
        let stream = Stream { ssrc: 7, sequence: 1 };
        assert!(latch.accept(first, stream, false, MonoTime::ZERO));
        latch.signal(first);
        assert_eq!(latch.remote(), Some(first));
        latch.signal(second);
        assert_eq!(latch.remote(), Some(second));
        assert!(latch.accept(second, stream, false, MonoTime::ZERO));
        assert!(!latch.accept(first, stream, false, MonoTime::ZERO), "the old address is a stranger");
    }
}
