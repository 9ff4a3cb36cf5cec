//! Pairs of UDP ports from the configured range: even for RTP, the next one for RTCP.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

use crate::dtls::Identity;
use crate::error::MediaError;
use crate::socket::RtpSocket;

/// Hands out pairs in turn, so that a port just freed rests for a while and late packets of an old call reach nobody.
#[derive(Debug)]
pub(crate) struct PortPairs {
    first: u16,
    pairs: u32,
    next: AtomicU32,
    /// Whom each socket shows itself as in a handshake.
    identity: Identity,
}

impl PortPairs {
    pub(crate) fn new(range: &RangeInclusive<u16>) -> Result<Self, MediaError> {
        let (low, high) = (u32::from(*range.start()), u32::from(*range.end()));
        let first = low.next_multiple_of(2).max(2);
        let pairs = (high + 1).saturating_sub(first) / 2;
        match u16::try_from(first) {
            Ok(first) if pairs > 0 => {
                Ok(Self { first, pairs, next: AtomicU32::new(0), identity: Identity::new()? })
            }
            _ => Err(MediaError::PortRange(*range.start(), *range.end())),
        }
    }

    pub(crate) fn bind(&self, ip: IpAddr) -> Result<RtpSocket, MediaError> {
        for _ in 0..self.pairs {
            let nth = self.next.fetch_add(1, Ordering::Relaxed) % self.pairs;
            let port = self.first + (nth * 2) as u16;
            let pair = bind(SocketAddr::new(ip, port))
                .and_then(|rtp| Ok((rtp, bind(SocketAddr::new(ip, port + 1))?)));
            match pair {
                Ok((rtp, rtcp)) => {
                    return RtpSocket::new(rtp, rtcp, self.identity.clone())
                        .map_err(|error| MediaError::Bind(ip, error));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(MediaError::Bind(ip, error)),
            }
        }
        Err(MediaError::NoFreePort(ip))
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // Marking is a courtesy to the network; a host that forbids it still carries the call.
    let _unmarked = match address {
        SocketAddr::V4(_) => socket.set_tos_v4(EXPEDITED),
        SocketAddr::V6(_) => Ok(()),
    };
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// DSCP EF, expedited forwarding (RFC 3246), in the upper six bits: what routers take for voice.
const EXPEDITED: u32 = 0xb8;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn only_ranges_with_a_whole_pair_are_taken() {
        for (range, pairs) in [
            (20_000..=29_999, Some(5_000)),
            (20_001..=20_003, Some(1)),
            (7..=8, None),
            (65_534..=65_535, Some(1)),
        ] {
            assert_eq!(PortPairs::new(&range).ok().map(|p| p.pairs), pairs, "{range:?}");
        }
    }

    #[test]
    fn two_sockets_have_different_even_ports_and_a_full_range_says_so() {
        let pairs = PortPairs::new(&(29_990..=29_997)).expect("four pairs");
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut sockets = Vec::new();
        let error = loop {
            match pairs.bind(ip) {
                Ok(socket) => sockets.push(socket),
                Err(error) => break error,
            }
        };
        let mut ports: Vec<u16> = sockets.iter().map(|s| s.local_addr().port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), sockets.len());
        assert!(ports.iter().all(|port| port % 2 == 0));
        assert!(matches!(error, MediaError::NoFreePort(_)), "{error}");
    }
}
