//! Between leg and socket nothing is taken from the heap once a call runs, however its packets are encrypted.
#![expect(clippy::expect_used, reason = "a test says why it expects")]

#[path = "../../leg-core/tests/shared/counting.rs"]
mod counting;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use callwright_media::{Media, MediaConfig, RtpSocket};
use callwright_model::{
    DtlsPeer, DtlsSide, MediaPath, PacketIo, Protection, Road, SrtpKeys, SrtpMaster, SrtpSuite,
};
use counting::taken;

fn connect(socket: &mut RtpSocket, to: &RtpSocket, protection: Protection) {
    let remote = to.local_addr();
    socket.connect(&MediaPath { remote, remote_rtcp: remote, protection });
}

#[test]
fn packets_pass_without_the_heap() {
    let config = MediaConfig { workers: 1, ports: 26_000..=26_998, ..MediaConfig::default() };
    let media = Media::start(config).expect("it starts");
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let keys = |local, remote| {
        let (local, remote) = (SrtpMaster::new([local; 30]), SrtpMaster::new([remote; 30]));
        Protection::Keys(SrtpKeys { suite: SrtpSuite::AesCm128HmacSha1_80, local, remote })
    };
    let shakes =
        |ours, with: &RtpSocket| Protection::Dtls(DtlsPeer { ours, fingerprint: with.fingerprint() });
    for kind in ["clear", "keys", "dtls"] {
        let [mut one, mut other] = [(); 2].map(|()| media.bind(localhost).expect("a free pair of ports"));
        let (here, there) = match kind {
            "clear" => (Protection::Clear, Protection::Clear),
            "keys" => (keys(1, 2), keys(2, 1)),
            _ => (shakes(DtlsSide::Client, &other), shakes(DtlsSide::Server, &one)),
        };
        connect(&mut one, &other, here);
        connect(&mut other, &one, there);
        let mut buffer = [0; 2_048];
        let deadline = Instant::now() + Duration::from_secs(5);
        while (one.road(), other.road()) != (Road::Open, Road::Open) {
            assert_eq!((one.receive(&mut buffer), other.receive(&mut buffer)), (None, None), "{kind}");
            assert!(Instant::now() < deadline, "{kind}: no keys");
        }
        let mut packet = [0x80; 172];
        packet[1] = 0;
        let mut passed = 0;
        let before = taken();
        for sequence in 0..200_u8 {
            packet[3] = sequence;
            one.send(&packet).expect("open");
            passed += u32::from((0..10_000).any(|_| other.receive(&mut buffer) == Some(packet.len())));
        }
        assert_eq!((taken() - before, passed), (0, 200), "{kind}");
    }
    media.shutdown();
}
