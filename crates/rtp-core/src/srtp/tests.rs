use callwright_model::SrtpSuite::{AesCm128HmacSha1_32, AesCm128HmacSha1_80};
use proptest::prelude::*;

use super::*;

const MASTER: SrtpMaster = SrtpMaster::new([
    0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e,
    0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6,
]);

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0, 0, 0, 0xde, 0xca, 0xfb, 0xad, 0, 0, 0, 0];
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
    packet.extend([0xab; 160]);
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 3, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
    packet
}

fn protect(sender: &mut SrtpSender, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + SRTP_OVERHEAD, 0);
    let length = sender.protect(&mut buffer, packet.len()).expect("a packet");
    buffer.truncate(length);
    buffer
}

fn unprotect(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    let length = receiver.unprotect(&mut buffer, packet.len())?;
    buffer.truncate(length);
    Ok(buffer)
}

fn pair(suite: SrtpSuite) -> (SrtpSender, SrtpReceiver) {
    (SrtpSender::new(suite, &MASTER), SrtpReceiver::new(suite, &MASTER))
}

/// The packet that implementations compare with each other.
#[test]
fn a_known_packet_is_encrypted_as_everywhere() {
    let mut packet = vec![0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe];
    packet.extend([0xab; 16]);
    let (mut sender, mut receiver) = pair(AesCm128HmacSha1_80);
    let protected = protect(&mut sender, &packet);
    let expected = [
        0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7,
        0x99, 0x78, 0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99, 0xea,
        0x17, 0x9b, 0x8d, 0xbb,
    ];
    assert_eq!(protected, expected);
    assert_eq!(unprotect(&mut receiver, &protected), Ok(packet));
}

#[test]
fn both_suites_carry_media_and_control_both_ways_over_three_rollovers() {
    for (suite, tag) in [(AesCm128HmacSha1_80, 10), (AesCm128HmacSha1_32, 4)] {
        let (mut sender, mut receiver) = pair(suite);
        for n in 65_000..3 * 65_536 + 10_u32 {
            // Every hundredth is lost, and every fiftieth comes after the next.
            if n % 100 == 0 || n % 50 == 1 {
                continue;
            }
            let late = (n % 50 == 2).then(|| n - 1);
            for n in [Some(n), late].into_iter().flatten() {
                let clear = rtp(n as u16, 7);
                let protected = protect(&mut sender, &clear);
                assert_eq!(protected.len(), clear.len() + tag);
                assert_ne!(protected[12..172], clear[12..]);
                assert_eq!(unprotect(&mut receiver, &protected).as_ref(), Ok(&clear), "{n}");
            }
        }
        for _ in 0..3 {
            let protected = protect(&mut sender, &rtcp(7));
            assert_eq!(protected.len(), 16 + 14, "ten bytes of proof in both suites");
            assert_eq!(unprotect(&mut receiver, &protected), Ok(rtcp(7)));
        }
    }
}

#[test]
fn what_was_received_or_changed_or_encrypted_otherwise_is_not_believed() {
    let (mut sender, mut receiver) = pair(AesCm128HmacSha1_80);
    for clear in [rtp(1, 7), rtcp(7)] {
        let protected = protect(&mut sender, &clear);
        for bit in 0..protected.len() * 8 {
            let mut changed = protected.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unprotect(&mut receiver, &changed).is_err(), "bit {bit}");
        }
        assert_eq!(unprotect(&mut receiver, &protected), Ok(clear), "what failed has changed nothing");
        assert_eq!(unprotect(&mut receiver, &protected), Err(SrtpError::Replayed));
    }
    let other = SrtpMaster::new([1; 30]);
    let foreign = protect(&mut SrtpSender::new(AesCm128HmacSha1_80, &other), &rtp(2, 7));
    assert_eq!(unprotect(&mut receiver, &foreign), Err(SrtpError::Authentication));
}

#[test]
fn no_number_is_encrypted_twice() {
    let (mut sender, _) = pair(AesCm128HmacSha1_80);
    protect(&mut sender, &rtp(10, 7));
    let mut again = rtp(10, 7);
    again[20] ^= 1;
    again.resize(200, 0);
    assert_eq!(sender.protect(&mut again, 172), Err(SrtpError::Replayed));
    protect(&mut sender, &rtp(9, 7));
}

#[test]
fn streams_that_prove_nothing_are_not_remembered_and_the_oldest_gives_way() {
    let (mut sender, mut receiver) = pair(AesCm128HmacSha1_80);
    let first = protect(&mut sender, &rtp(1, 100));
    assert!(unprotect(&mut receiver, &first).is_ok());
    for ssrc in 0..1_000 {
        let mut junk = rtp(1, ssrc);
        junk.extend([0; 10]);
        assert!(unprotect(&mut receiver, &junk).is_err());
    }
    assert_eq!(unprotect(&mut receiver, &first), Err(SrtpError::Replayed), "it is still known");
    for ssrc in 200..209 {
        let packet = protect(&mut sender, &rtp(1, ssrc));
        assert!(unprotect(&mut receiver, &packet).is_ok(), "{ssrc}");
        assert_eq!(unprotect(&mut receiver, &packet), Err(SrtpError::Replayed), "{ssrc}");
    }
}

#[test]
fn keys_are_not_printed() {
    let (sender, receiver) = pair(AesCm128HmacSha1_80);
    let printed = format!("{sender:?} {receiver:?} {MASTER:?}");
    assert!(
        !printed.contains("225") && !printed.contains("0xe1") && printed.contains("‹secret›"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn junk_is_an_error_and_never_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80), second in 190..=224_u8) {
        if bytes.len() > 1 {
            bytes[0] = bytes[0] & 0x3f | 0x80;
            bytes[1] = second;
        }
        let (mut sender, mut receiver) = pair(AesCm128HmacSha1_32);
        let length = bytes.len();
        prop_assert!(receiver.unprotect(&mut bytes, length).is_err());
        bytes.resize(length + SRTP_OVERHEAD, 0);
        let _ = sender.protect(&mut bytes, length);
        prop_assert!(sender.protect(&mut bytes[..length], length).is_err());
    }
}
