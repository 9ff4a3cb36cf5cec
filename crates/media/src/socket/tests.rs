//! The latch, the two ports and encryption over loopback sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use callwright_model::{DtlsPeer, DtlsSide, Protection, SrtpKeys, SrtpMaster, SrtpSuite};

use super::*;
use crate::ports::PortPairs;

fn socket(ip: IpAddr) -> RtpSocket {
    PortPairs::new(&(28_000..=28_999)).expect("a range").bind(ip).expect("a free pair")
}

fn pair() -> (RtpSocket, UdpSocket) {
    (socket(IpAddr::V4(Ipv4Addr::LOCALHOST)), peer())
}

fn peer() -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
    peer.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    peer
}

fn path(remote: SocketAddr) -> MediaPath {
    let remote_rtcp = SocketAddr::new(remote.ip(), remote.port().wrapping_add(1));
    MediaPath { remote, remote_rtcp, protection: Protection::Clear }
}

fn rtp(ssrc: u32, sequence: u8) -> [u8; 14] {
    let mut packet = [0x80, 0, 0, sequence, 0, 0, 0, 160, 0, 0, 0, 0, 0xff, 0xff];
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    packet
}

/// Loopback delivers at once, but after the send call of another thread's socket: ask until it is there.
fn receive(socket: &mut RtpSocket) -> Option<usize> {
    let mut buffer = [0; 1_500];
    (0..10_000).find_map(|_| socket.receive(&mut buffer))
}

#[test]
fn sends_as_signalled_until_a_source_has_proved_itself() {
    let (mut ours, peer) = pair();
    let signalled = self::peer();
    ours.connect(&path(signalled.local_addr().expect("bound")));
    let mut buffer = [0; 100];
    for sequence in 1..4 {
        ours.send(&rtp(1, sequence)).expect("open");
        assert_eq!(signalled.recv(&mut buffer).expect("before the latch"), 14);
        peer.send_to(&rtp(7, sequence), ours.local_addr()).expect("sent");
    }
    assert_eq!(receive(&mut ours), Some(14), "the third in a row");
    assert_eq!(ours.strangers(), 2);
    ours.send(&rtp(1, 4)).expect("open");
    assert_eq!(peer.recv(&mut buffer).expect("after the latch"), 14);
}

#[test]
fn a_stranger_does_not_take_over() {
    let (mut ours, peer) = pair();
    let stranger = UdpSocket::bind("127.0.0.2:0").expect("another host");
    ours.connect(&path(peer.local_addr().expect("bound")));
    peer.send_to(&rtp(7, 1), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    for sequence in 1..20 {
        stranger.send_to(&rtp(8, sequence), ours.local_addr()).expect("sent");
        stranger.send_to(&rtp(7, 1), ours.local_addr()).expect("sent");
        stranger.send_to(b"not RTP at all, but long enough", ours.local_addr()).expect("sent");
    }
    peer.send_to(&rtp(7, 2), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    assert_eq!(ours.remote(), peer.local_addr().ok());
    assert_eq!(ours.strangers(), 57);
}

#[test]
fn another_address_takes_over_when_it_is_signalled() {
    let (mut ours, peer) = pair();
    let other = self::peer();
    ours.connect(&path(peer.local_addr().expect("bound")));
    peer.send_to(&rtp(7, 1), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    ours.redirect(&path(other.local_addr().expect("bound")));
    ours.send(&rtp(1, 1)).expect("open");
    let mut buffer = [0; 100];
    assert_eq!(other.recv(&mut buffer).expect("the new address"), 14);
    other.send_to(&rtp(9, 1), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
}

#[test]
fn with_keys_both_ways_are_encrypted_and_nobody_else_is_believed() {
    let (one, other) = (SrtpMaster::new([1; 30]), SrtpMaster::new([2; 30]));
    for (suite, ip) in [
        (SrtpSuite::AesCm128HmacSha1_80, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        (SrtpSuite::AesCm128HmacSha1_32, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ] {
        let (mut ours, mut theirs) = (socket(ip), socket(ip));
        let path_to = |to: &RtpSocket, local, remote| MediaPath {
            protection: Protection::Keys(SrtpKeys { suite, local, remote }),
            ..path(to.local_addr())
        };
        let (there, back) = (path_to(&theirs, one, other), path_to(&ours, other, one));
        ours.connect(&there);
        theirs.connect(&back);
        let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
        for sequence in 1..4 {
            ours.send(&rtp(7, sequence)).expect("open");
            theirs.send(&rtp(8, sequence)).expect("open");
            assert_eq!(receive(&mut ours), Some(14));
            assert_eq!(receive(&mut theirs), Some(14));
            // The same words again change nothing: the streams go on.
            ours.redirect(&there);
        }
        ours.send(&report).expect("open");
        assert_eq!(receive(&mut theirs), Some(8));
        let clear = UdpSocket::bind((ip, 0)).expect("a port");
        clear.send_to(&rtp(8, 4), ours.local_addr()).expect("sent");
        theirs.send(&rtp(8, 5)).expect("open");
        assert_eq!(receive(&mut ours), Some(14));
        assert_eq!((ours.strangers(), ours.remote()), (1, Some(theirs.local_addr())));
    }
}

#[test]
fn a_new_key_of_the_other_end_leaves_ours_going() {
    let (mut ours, peer) = pair();
    let remote = peer.local_addr().expect("bound");
    let keyed = |remote_key| MediaPath {
        protection: Protection::Keys(SrtpKeys {
            suite: SrtpSuite::AesCm128HmacSha1_80,
            local: SrtpMaster::new([1; 30]),
            remote: SrtpMaster::new([remote_key; 30]),
        }),
        ..path(remote)
    };
    ours.connect(&keyed(2));
    let mut buffer = [0; 100];
    ours.send(&rtp(7, 1)).expect("open");
    assert_eq!(peer.recv(&mut buffer).expect("encrypted"), 24);
    ours.redirect(&keyed(3));
    // The number is used up under our key, which has stayed: the packet is lost, and the next one passes.
    ours.send(&rtp(7, 1)).expect("open");
    ours.send(&rtp(7, 2)).expect("open");
    assert_eq!(peer.recv(&mut buffer).expect("encrypted"), 24);
    assert_eq!(buffer[3], 2);
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
    ours.connect(&path(rtp_peer.local_addr().expect("bound")));
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
    ours.send(&report).expect("open");
    assert_eq!(rtcp_peer.recv(&mut buffer).expect("the odd port"), 8);

    rtp_peer.send_to(&rtp(9, 1), ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(14));
    rtp_peer.send_to(&report, ours.local_addr()).expect("sent");
    assert_eq!(receive(&mut ours), Some(8));
    ours.send(&report).expect("open");
    assert_eq!(rtp_peer.recv(&mut buffer).expect("the shared port"), 8);
}

#[test]
fn nobody_to_send_to_is_no_error() {
    let (mut ours, _) = pair();
    ours.send(&rtp(1, 1)).expect("nothing sent, nothing broken");
}

/// Both ask until each has what it wants, or for two seconds.
fn until(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(2);
    std::iter::repeat_with(&mut done).take_while(|_| Instant::now() < deadline).any(|done| done)
}

fn shakes(to: &RtpSocket, ours: DtlsSide, shared: bool) -> MediaPath {
    let protection = Protection::Dtls(DtlsPeer { ours, fingerprint: to.fingerprint() });
    let path = MediaPath { protection, ..path(to.local_addr()) };
    if shared { MediaPath { remote_rtcp: path.remote, ..path } } else { path }
}

#[test]
fn a_handshake_on_each_port_brings_keys_and_nothing_leaves_before() {
    for shared in [true, false] {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (mut ours, mut theirs) = (socket(localhost), socket(localhost));
        let (there, back) =
            (shakes(&theirs, DtlsSide::Client, shared), shakes(&ours, DtlsSide::Server, shared));
        let mut buffer = [0; 1_500];
        theirs.connect(&back);
        assert_eq!(theirs.road(), Road::Opening);
        theirs.send(&rtp(8, 1)).expect("open");
        let nothing = ours.rtp.recv_from(&mut buffer).map(|(length, _)| length);
        assert!(nothing.is_err(), "a packet in clear: {nothing:?}");
        ours.connect(&there);
        let mut both = || {
            let mut buffer = [0; 1_500];
            assert_eq!((ours.receive(&mut buffer), theirs.receive(&mut buffer)), (None, None));
            (ours.road(), theirs.road()) == (Road::Open, Road::Open)
        };
        assert!(until(&mut both), "no keys");
        let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
        for sequence in 1..4 {
            ours.send(&rtp(7, sequence)).expect("open");
            theirs.send(&rtp(8, sequence)).expect("open");
            assert_eq!((receive(&mut ours), receive(&mut theirs)), (Some(14), Some(14)));
            // The same words again change nothing, nor does another address: the association stays.
            ours.redirect(&there);
            theirs.redirect(&back);
            assert_eq!((ours.road(), theirs.road()), (Road::Open, Road::Open));
        }
        let reported = until(|| {
            let mut buffer = [0; 1_500];
            // The handshake of the RTCP port may still run.
            ours.send(&report).expect("open");
            (ours.receive(&mut buffer), theirs.receive(&mut buffer)).1 == Some(8)
        });
        assert!(reported, "no report, shared: {shared}");
        let clear = UdpSocket::bind((localhost, 0)).expect("a port");
        clear.send_to(&rtp(8, 4), ours.local_addr()).expect("sent");
        theirs.send(&rtp(8, 5)).expect("open");
        assert_eq!(receive(&mut ours), Some(14));
        assert_eq!(ours.remote(), Some(theirs.local_addr()));
    }
}

#[test]
fn another_certificate_than_the_named_one_bars_the_road_for_good() {
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (mut ours, mut theirs) = (socket(localhost), socket(localhost));
    let right = shakes(&theirs, DtlsSide::Client, true);
    let wrong = DtlsPeer { ours: DtlsSide::Client, fingerprint: ours.fingerprint() };
    ours.connect(&MediaPath { protection: Protection::Dtls(wrong), ..right });
    theirs.connect(&shakes(&ours, DtlsSide::Server, true));
    let barred = until(|| {
        let mut buffer = [0; 1_500];
        assert_eq!((ours.receive(&mut buffer), theirs.receive(&mut buffer)), (None, None));
        ours.road() == Road::Barred
    });
    assert!(barred, "{:?}", ours.road());
    while theirs.rtp.recv_from(&mut [0; 1_500]).is_ok() {}
    ours.send(&rtp(7, 1)).expect("nothing sent, nothing broken");
    assert!(theirs.rtp.recv_from(&mut [0; 1_500]).is_err(), "a packet all the same");
    // Who then tells the right one may try again.
    ours.redirect(&right);
    assert_eq!(ours.road(), Road::Opening);
}
