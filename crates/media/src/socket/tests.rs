//! The latch over loopback sockets.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::ports::PortPairs;

fn pair() -> (RtpSocket, UdpSocket) {
    let pairs = PortPairs::new(&(28_000..=28_999)).expect("a range");
    let ours = pairs.bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a free pair");
    (ours, peer())
}

fn peer() -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
    peer.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    peer
}

fn rtp(ssrc: u32) -> [u8; 14] {
    let mut packet = [0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 0, 0xff, 0xff];
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    packet
}

/// Loopback delivers at once, but after the send call of another thread's socket: ask until it is there.
fn receive(socket: &mut RtpSocket) -> Option<usize> {
    let mut buffer = [0; 1_500];
    (0..10_000).find_map(|_| socket.receive(&mut buffer))
}

#[test]
fn sends_where_the_first_packet_came_from_and_not_where_signalled() {
    let (mut ours, peer) = pair();
    let signalled = self::peer();
    ours.connect_to(signalled.local_addr().expect("bound"));
    ours.send(&rtp(1)).expect("open");
    let mut buffer = [0; 100];
    assert_eq!(signalled.recv(&mut buffer).expect("before the latch"), 14);

    peer.send_to(&rtp(7), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    ours.send(&rtp(1)).expect("open");
    assert_eq!(peer.recv(&mut buffer).expect("after the latch"), 14);
}

#[test]
fn a_stranger_does_not_take_over_and_the_same_stream_from_a_new_port_does() {
    let (mut ours, peer) = pair();
    let stranger = self::peer();
    peer.send_to(&rtp(7), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    stranger.send_to(&rtp(8), ours.local_addr()).expect("sent");
    stranger.send_to(b"not RTP at all, but long enough", ours.local_addr()).expect("sent");
    peer.send_to(&rtp(7), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    assert_eq!(ours.remote(), peer.local_addr().ok());
    assert_eq!(ours.strangers, 2);

    stranger.send_to(&rtp(7), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    assert_eq!(ours.remote(), stranger.local_addr().ok(), "a NAT moved the stream");
}

#[test]
fn rtcp_goes_to_the_next_port_until_the_peer_shares_one() {
    let (mut ours, _) = pair();
    let mut buffer = [0; 100];
    let (rtp_peer, rtcp_peer) = loop {
        let low = peer();
        let next = low.local_addr().expect("bound").port().wrapping_add(1);
        if let Ok(high) = UdpSocket::bind(("127.0.0.1", next)) {
            high.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
            break (low, high);
        }
    };
    ours.connect_to(rtp_peer.local_addr().expect("bound"));
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
    ours.send(&report).expect("open");
    assert_eq!(rtcp_peer.recv(&mut buffer).expect("the odd port"), 8);

    rtp_peer.send_to(&report, ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(8));
    ours.send(&report).expect("open");
    assert_eq!(rtp_peer.recv(&mut buffer).expect("the shared port"), 8);
}

#[test]
fn nobody_to_send_to_is_no_error() {
    let (mut ours, _) = pair();
    ours.send(&rtp(1)).expect("nothing sent, nothing broken");
}
