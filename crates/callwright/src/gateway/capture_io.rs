//! Looks at a leg's packets as they pass, on the 20 ms path: it neither allocates nor waits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use callwright_capture_core::{Packet, What};
use callwright_model::{MediaPath, PacketIo, Road};
use callwright_rtp_core::DatagramKind;

use crate::gateway::capture::micros;

/// The beginning of a packet: of RTP its head without the sound, of RTCP all of a usual report.
pub(super) struct Beginning {
    at: SystemTime,
    sent: bool,
    what: What,
    /// The other end, as signalled.
    remote: SocketAddr,
    /// Both kinds share a port.
    shared: bool,
    length: u16,
    kept: u16,
    bytes: [u8; KEPT_MAX],
}

impl Beginning {
    /// As a packet of a leg whose RTP port is this.
    pub(super) fn packet(&self, local: SocketAddr) -> Packet {
        let mut local = local;
        if self.what == What::Rtcp && !self.shared {
            local.set_port(local.port().saturating_add(1));
        }
        if local.ip().is_unspecified() {
            local.set_ip(self.remote.ip());
        }
        let (source, destination) = if self.sent { (local, self.remote) } else { (self.remote, local) };
        let payload = self.bytes[..usize::from(self.kept)].to_vec();
        let (unix_us, length) = (micros(self.at), usize::from(self.length));
        Packet { unix_us, source, destination, tcp: false, what: self.what, length, payload }
    }
}

/// The packets of a leg, with an eye on them.
pub(super) struct TappedIo {
    io: Box<dyn PacketIo>,
    path: MediaPath,
    seen: rtrb::Producer<Beginning>,
    /// RTP too, not RTCP alone.
    rtp: bool,
    lost: Arc<AtomicU64>,
}

impl TappedIo {
    pub(super) fn new(
        io: Box<dyn PacketIo>,
        path: MediaPath,
        seen: rtrb::Producer<Beginning>,
        rtp: bool,
        lost: Arc<AtomicU64>,
    ) -> Self {
        Self { io, path, seen, rtp, lost }
    }

    fn look(&mut self, datagram: &[u8], sent: bool) {
        let (what, kept, remote) = match DatagramKind::of(datagram) {
            DatagramKind::Rtp if self.rtp => (What::Rtp, head(datagram), self.path.remote),
            DatagramKind::Rtcp => (What::Rtcp, datagram.len().min(KEPT_MAX), self.path.remote_rtcp),
            DatagramKind::Rtp | DatagramKind::Other => return,
        };
        let mut bytes = [0; KEPT_MAX];
        bytes[..kept].copy_from_slice(&datagram[..kept]);
        let beginning = Beginning {
            at: SystemTime::now(),
            sent,
            what,
            remote,
            shared: self.path.remote == self.path.remote_rtcp,
            length: u16::try_from(datagram.len()).unwrap_or(u16::MAX),
            // KEPT_MAX fits.
            kept: kept as u16,
            bytes,
        };
        if self.seen.push(beginning).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl PacketIo for TappedIo {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let length = self.io.receive(buffer)?;
        self.look(&buffer[..length], false);
        Some(length)
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.look(datagram, true);
        self.io.send(datagram)
    }

    fn redirect(&mut self, path: &MediaPath) {
        self.path = *path;
        self.io.redirect(path);
    }

    fn road(&self) -> Road {
        self.io.road()
    }
}

/// The length of an RTP packet's fixed head and its sources (RFC 3550 section 5.1): no sound, and no key of a telephone event.
fn head(packet: &[u8]) -> usize {
    let sources = packet.first().map_or(0, |first| usize::from(first & 0x0f));
    packet.len().min(12 + 4 * sources).min(KEPT_MAX)
}

/// A compound of a report with two blocks, a name and an extended report.
const KEPT_MAX: usize = 192;

#[cfg(test)]
mod tests {
    use callwright_model::Protection;

    use super::*;

    struct Wire(Vec<Vec<u8>>);

    impl PacketIo for Wire {
        fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
            let datagram = self.0.pop()?;
            buffer[..datagram.len()].copy_from_slice(&datagram);
            Some(datagram.len())
        }

        fn send(&mut self, _datagram: &[u8]) -> io::Result<()> {
            Ok(())
        }
    }

    fn rtp(payload: &[u8]) -> Vec<u8> {
        [&[0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7], payload].concat()
    }

    #[test]
    fn heads_are_kept_and_neither_sound_nor_keys() {
        let [remote, remote_rtcp, local] = ["127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:9000"]
            .map(|text| text.parse().expect("an address"));
        let path = MediaPath { remote, remote_rtcp, protection: Protection::Clear };
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7].to_vec();
        let key = [5, 0x0a, 0, 160];
        for (with_rtp, want) in [
            (true, vec![(What::Rtcp, 8, 8), (What::Rtp, 12, 16), (What::Rtp, 12, 172)]),
            (false, vec![(What::Rtcp, 8, 8)]),
        ] {
            let (seen, mut beginnings) = rtrb::RingBuffer::new(3);
            let lost = Arc::new(AtomicU64::new(0));
            let wire = Box::new(Wire(vec![rtp(&key), report.clone()]));
            let mut io = TappedIo::new(wire, path, seen, with_rtp, Arc::clone(&lost));
            let mut buffer = [0; 200];
            while io.receive(&mut buffer).is_some() {}
            io.send(&rtp(&[7; 160])).expect("sent");
            io.send(&rtp(&[7; 160])).expect("sent");
            let packets: Vec<Packet> = std::iter::from_fn(|| beginnings.pop().ok())
                .map(|beginning| beginning.packet(local))
                .collect();
            let told: Vec<_> = packets.iter().map(|it| (it.what, it.payload.len(), it.length)).collect();
            assert_eq!(told, want);
            assert_eq!(lost.load(Ordering::Relaxed), u64::from(with_rtp), "the ring was full for one");
            let report = &packets[0];
            assert_eq!(
                (report.source.port(), report.destination.port()),
                (7001, 9001),
                "RTCP has ports of its own"
            );
        }
    }
}
