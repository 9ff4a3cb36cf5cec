//! A pair of UDP sockets as the two ends of a leg's packets, with symmetric RTP and, where agreed, encryption.
//!
//! Packets go where the other end's come from, which [`Latch`] finds out. With keys, a packet is decrypted before anything is
//! made of it, so that only the other end can move the leg; what does not decrypt is dropped and counted. Where a handshake is to
//! bring the keys, it is carried on here, beside the packets.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use callwright_model::{Fingerprint, MediaPath, MonoTime, PacketIo, Road};
use callwright_rtp_core::{DatagramKind, Latch, SRTP_OVERHEAD, Stream};

use crate::dtls::{Identity, Progress, is_dtls};
use crate::shield::{Port, Shield};

/// Where a SIP leg's datagrams come from and go to. Made by `Media::bind`.
#[derive(Debug)]
pub struct RtpSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
    since: Instant,
    latch: Latch,
    control: Control,
    identity: Identity,
    shield: Shield,
    /// Counts calls, of which only some ask the RTCP socket.
    receives: u32,
    strangers: u64,
}

/// Where RTCP goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    /// To the RTP port (RFC 5761).
    Shared,
    /// To the port that the other end named; `None` means the one above the RTP port.
    Apart { signalled: Option<SocketAddr>, latched: Option<SocketAddr> },
}

impl RtpSocket {
    pub(crate) fn new(rtp: UdpSocket, rtcp: UdpSocket, identity: Identity) -> io::Result<Self> {
        let local = rtp.local_addr()?;
        Ok(Self {
            rtp,
            rtcp,
            local,
            since: Instant::now(),
            latch: Latch::default(),
            control: Control::Apart { signalled: None, latched: None },
            identity,
            shield: Shield::Clear,
            receives: 0,
            strangers: 0,
        })
    }

    /// The RTP address to name in our SDP; its port is even.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Sends as the peer's SDP says, until the first packets tell the real address.
    pub fn connect(&mut self, path: &MediaPath) {
        self.latch.signal(path.remote);
        self.control = if path.remote == path.remote_rtcp {
            Control::Shared
        } else {
            Control::Apart { signalled: Some(path.remote_rtcp), latched: None }
        };
        let old = std::mem::replace(&mut self.shield, Shield::Clear);
        self.shield = Shield::following(old, path, &self.identity, Instant::now());
    }

    /// The fingerprint to name in our SDP, for who wants a handshake.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.fingerprint
    }

    /// Where packets go now: the latched source, or else the signalled address.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latch.remote()
    }

    /// Datagrams dropped because they came from a stranger, or did not decrypt.
    #[must_use]
    pub const fn strangers(&self) -> u64 {
        self.strangers
    }

    /// The length of a datagram that is the peer's, decrypted in place.
    fn accept(&mut self, buffer: &mut [u8], length: usize, source: SocketAddr, port: Port) -> Option<usize> {
        if is_dtls(&buffer[..length])
            && let Some(channel) = self.shield.channel(port)
        {
            channel.handle_datagram(&buffer[..length], source, Instant::now());
            self.shake(port);
            return None;
        }
        let opened = self.shield.open(port, buffer, length);
        let taken = opened.filter(|&length| match (DatagramKind::of(&buffer[..length]), port) {
            (DatagramKind::Rtp, Port::Rtp) => self.accept_sound(&buffer[..length], source),
            (DatagramKind::Rtcp, port) => self.accept_control(source, port),
            (DatagramKind::Rtp, Port::Rtcp) | (DatagramKind::Other, Port::Rtp | Port::Rtcp) => false,
        });
        self.strangers += u64::from(taken.is_none());
        taken
    }

    /// Sends what a port's handshake has ready.
    fn shake(&mut self, port: Port) {
        let Some(channel) = self.shield.channel(port) else { return };
        let socket = match port {
            Port::Rtp => &self.rtp,
            Port::Rtcp => &self.rtcp,
        };
        while let Some((datagram, remote)) = channel.poll_datagram() {
            // Lost, as on any network: it is sent again.
            let _lost = socket.send_to(&datagram, remote);
        }
    }

    /// Time passes for handshakes that have not ended.
    fn pass_time(&mut self) {
        for port in [Port::Rtp, Port::Rtcp] {
            let Some(channel) = self.shield.channel(port) else { continue };
            match channel.progress() {
                Progress::Running { .. } => {
                    channel.handle_timeout(Instant::now());
                    self.shake(port);
                }
                Progress::Done { .. } | Progress::Failed(_) => {}
            }
        }
    }

    fn accept_sound(&mut self, datagram: &[u8], source: SocketAddr) -> bool {
        let Some(&[_, _, s0, s1, _, _, _, _, a, b, c, d]) = datagram.first_chunk() else { return false };
        let stream =
            Stream { ssrc: u32::from_be_bytes([a, b, c, d]), sequence: u16::from_be_bytes([s0, s1]) };
        let now = MonoTime(u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX));
        let before = self.latch.remote();
        let taken = self.latch.accept(source, stream, self.shield.proves(), now);
        if taken && before != Some(source) {
            tracing::debug!(local = %self.local, %source, "RTP comes from here");
        }
        taken
    }

    fn accept_control(&mut self, source: SocketAddr, port: Port) -> bool {
        let known = self.latch.is_from_host(source) || self.shield.proves();
        if known {
            match (&mut self.control, port) {
                (Control::Apart { latched, .. }, Port::Rtcp) => *latched = Some(source),
                // It shares the port without having said so.
                (control, Port::Rtp) if self.latch.remote() == Some(source) => *control = Control::Shared,
                (Control::Apart { .. } | Control::Shared, _) => {}
            }
        }
        known
    }

    fn remote_rtcp(&self) -> Option<SocketAddr> {
        match self.control {
            Control::Shared => None,
            Control::Apart { latched: Some(source), .. } => Some(source),
            Control::Apart { signalled, latched: None } => {
                let remote = self.latch.remote()?;
                // Behind a NAT the signalled host is another than the one that packets come from.
                let named = signalled.filter(|named| named.ip() == remote.ip());
                named.or_else(|| Some(SocketAddr::new(remote.ip(), remote.port().checked_add(1)?)))
            }
        }
    }
}

impl PacketIo for RtpSocket {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.pass_time();
        for _ in 0..REFUSED_IN_A_ROW {
            match self.rtp.recv_from(buffer) {
                Ok((length, source)) => {
                    if let Some(length) = self.accept(buffer, length, source, Port::Rtp) {
                        return Some(length);
                    }
                }
                // A port unreachable answered an earlier packet of ours; the peer may come up yet.
                Err(error) if is_refusal(&error) => {}
                Err(_would_block) => break,
            }
        }
        self.receives = self.receives.wrapping_add(1);
        if !self.receives.is_multiple_of(RTCP_EVERY) {
            return None;
        }
        match self.rtcp.recv_from(buffer) {
            Ok((length, source)) => self.accept(buffer, length, source, Port::Rtcp),
            Err(_would_block) => None,
        }
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let Some(remote) = self.latch.remote() else { return Ok(()) };
        let apart = match DatagramKind::of(datagram) {
            DatagramKind::Rtcp => self.remote_rtcp(),
            DatagramKind::Rtp | DatagramKind::Other => None,
        };
        let (socket, remote, port) = match apart {
            Some(remote) => (&self.rtcp, remote, Port::Rtcp),
            None => (&self.rtp, remote, Port::Rtp),
        };
        // What cannot be encrypted never leaves.
        if let Some(sealed) = self.shield.seal(port, datagram) {
            // A full socket buffer, an unreachable net, a peer that is not up yet: lost, as on any network.
            let _lost = socket.send_to(sealed, remote);
        }
        Ok(())
    }

    fn redirect(&mut self, path: &MediaPath) {
        self.connect(path);
    }

    fn road(&self) -> Road {
        self.shield.road()
    }
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
}

/// Room for any packet of ours with what encryption adds.
pub(crate) const SEALED_MAX: usize = 1_300 + SRTP_OVERHEAD;

/// RTCP comes every few seconds; asking its socket on every tick would double the system calls of an idle leg.
const RTCP_EVERY: u32 = 10;

/// Junk packets thrown away in one call, so that a flood at one port cannot hold the worker.
const REFUSED_IN_A_ROW: usize = 8;

#[cfg(test)]
mod tests;
