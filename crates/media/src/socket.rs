//! A pair of UDP sockets as the two ends of a leg's packets, with symmetric RTP.
//!
//! Behind a NAT the address in a peer's SDP is not where its packets come from. So we send to the signalled address until
//! the first good RTP packet arrives, and from then on to where that one came from. After that a packet from elsewhere
//! counts only if it carries on the same stream (its SSRC), or if the old source has been silent for a while and the new
//! one lives at the same or the signalled host: an attacker who sprays packets at our ports does not take over a call.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use callwright_model::PacketIo;

/// Where a SIP leg's datagrams come from and go to. Made by `Media::bind`.
#[derive(Debug)]
pub struct RtpSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
    /// From the peer's SDP.
    signalled: Option<SocketAddr>,
    latched: Option<Latched>,
    /// RTCP shares the RTP port (RFC 5761).
    mux: bool,
    receives: u32,
    strangers: u64,
}

#[derive(Debug, Clone, Copy)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    last: Instant,
}

impl RtpSocket {
    pub(crate) fn new(rtp: UdpSocket, rtcp: UdpSocket) -> io::Result<Self> {
        let local = rtp.local_addr()?;
        Ok(Self { rtp, rtcp, local, signalled: None, latched: None, mux: false, receives: 0, strangers: 0 })
    }

    /// The RTP address to name in our SDP; its port is even.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Sends to this address, as the peer's SDP says, until the first packet tells the real one.
    pub fn connect_to(&mut self, remote: SocketAddr) {
        self.signalled = Some(remote);
    }

    /// Sends RTCP to the RTP port too: both sides said `a=rtcp-mux`. It turns itself on when the peer does so.
    pub fn share_port_with_rtcp(&mut self) {
        self.mux = true;
    }

    /// Where packets go now: the latched source, or else the signalled address.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latched.map(|latched| latched.source).or(self.signalled)
    }

    fn accept(&mut self, datagram: &[u8], source: SocketAddr) -> bool {
        let Some(kind) = Kind::of(datagram) else {
            self.strangers += 1;
            return false;
        };
        let ssrc = match kind {
            Kind::Rtp { ssrc } => ssrc,
            Kind::Rtcp => {
                let ours = self.remote().is_some_and(|remote| remote.ip() == source.ip());
                self.mux |= ours && self.remote() == Some(source);
                self.strangers += u64::from(!ours);
                return ours;
            }
        };
        let now = Instant::now();
        let good = match &self.latched {
            None => true,
            Some(latched) if latched.source == source || latched.ssrc == ssrc => true,
            Some(latched) => {
                let known_host = source.ip() == latched.source.ip()
                    || self.signalled.is_some_and(|signalled| signalled.ip() == source.ip());
                known_host && now.duration_since(latched.last) >= RELATCH
            }
        };
        if good {
            if self.latched.is_none_or(|latched| latched.source != source) {
                tracing::debug!(local = %self.local, %source, "RTP comes from here");
            }
            self.latched = Some(Latched { source, ssrc, last: now });
        } else {
            self.strangers += 1;
        }
        good
    }
}

impl PacketIo for RtpSocket {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        for _ in 0..REFUSED_IN_A_ROW {
            match self.rtp.recv_from(buffer) {
                Ok((length, source)) => {
                    if self.accept(&buffer[..length], source) {
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
            Ok((length, source))
                if matches!(Kind::of(&buffer[..length]), Some(Kind::Rtcp))
                    && self.accept(&buffer[..length], source) =>
            {
                Some(length)
            }
            Ok(_) | Err(_) => None,
        }
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let Some(remote) = self.remote() else { return Ok(()) };
        let sent = match Kind::of(datagram) {
            Some(Kind::Rtcp) if !self.mux => match remote.port().checked_add(1) {
                Some(port) => self.rtcp.send_to(datagram, SocketAddr::new(remote.ip(), port)),
                None => Ok(0),
            },
            Some(Kind::Rtp { .. } | Kind::Rtcp) | None => self.rtp.send_to(datagram, remote),
        };
        match sent {
            // A full socket buffer, an unreachable net, a peer that is not up yet: lost, as on any network.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

enum Kind {
    Rtp { ssrc: u32 },
    Rtcp,
}

impl Kind {
    /// RTP and RTCP on one port are told apart by the second byte (RFC 5761, section 4).
    fn of(datagram: &[u8]) -> Option<Self> {
        match datagram {
            [first, ..] if first >> 6 != 2 => None,
            [_, 192..=223, _, _, _, _, _, _, ..] => Some(Self::Rtcp),
            [_, _, _, _, _, _, _, _, a, b, c, d, ..] => {
                Some(Self::Rtp { ssrc: u32::from_be_bytes([*a, *b, *c, *d]) })
            }
            _ => None,
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset)
}

/// How long the latched source must be silent before its host may send a new stream from another port.
const RELATCH: Duration = Duration::from_secs(1);

/// RTCP comes every few seconds; asking its socket on every tick would double the system calls of an idle leg.
const RTCP_EVERY: u32 = 10;

/// Junk packets thrown away in one call, so that a flood at one port cannot hold the worker.
const REFUSED_IN_A_ROW: usize = 8;

#[cfg(test)]
mod tests;
