use super::*;
use proptest::prelude::*;

fn at(ms: u64) -> MonoTime {
    MonoTime::from_millis(ms)
}

#[test]
fn a_press_is_told_once_at_its_start() {
    let mut receiver = DtmfReceiver::new();
    assert_eq!(receiver.handle(1_000, &event(5, false, 160), at(0)), Some('5'));
    assert_eq!(receiver.held(at(10)), Some('5'));
    for n in 1..5 {
        assert_eq!(receiver.handle(1_000, &event(5, false, 160 * (n + 1)), at(20 * u64::from(n))), None);
    }
    for n in 0..3 {
        assert_eq!(receiver.handle(1_000, &event(5, true, 960), at(100 + 20 * n)), None);
    }
    assert_eq!(receiver.held(at(160)), None);
    assert_eq!(receiver.handle(3_000, &event(5, false, 160), at(300)), Some('5'), "the same key again");
}

#[test]
fn a_press_of_which_only_the_end_arrives_is_told() {
    let mut receiver = DtmfReceiver::new();
    assert_eq!(receiver.handle(7, &event(11, true, 800), at(0)), Some('#'));
    assert_eq!(receiver.handle(7, &event(11, true, 800), at(20)), None);
}

#[test]
fn a_missing_end_does_not_block_the_next_key() {
    let mut receiver = DtmfReceiver::new();
    assert_eq!(receiver.handle(100, &event(1, false, 160), at(0)), Some('1'));
    assert_eq!(receiver.handle(2_000, &event(2, false, 160), at(240)), Some('2'));
    assert_eq!(receiver.handle(100, &event(1, true, 800), at(250)), None, "the end of the first, late");
    assert_eq!(receiver.held(at(500)), None, "released by silence");
    assert_eq!(receiver.handle(2_000, &event(2, true, 800), at(600)), None, "its end, later still");
}

#[test]
fn a_press_longer_than_its_field_stays_one() {
    let mut receiver = DtmfReceiver::new();
    assert_eq!(receiver.handle(0, &event(3, false, 65_535), at(0)), Some('3'));
    assert_eq!(receiver.handle(65_535, &event(3, false, 160), at(20)), None);
    assert_eq!(receiver.handle(65_535, &event(3, true, 320), at(40)), None);
}

#[test]
fn events_that_are_no_keys_are_ignored() {
    let mut receiver = DtmfReceiver::new();
    assert_eq!(receiver.handle(0, &event(16, false, 160), at(0)), None, "flash");
    assert_eq!(receiver.handle(0, &[1, 0, 0], at(0)), None, "too short");
}

#[test]
fn what_is_sent_is_heard_at_both_clocks() {
    for clock_rate in [8_000, 48_000] {
        let mut sender = DtmfSender::new(clock_rate);
        let mut receiver = DtmfReceiver::new();
        for digit in "1199*#d".chars() {
            sender.press(digit, Duration::from_millis(100)).expect("room");
        }
        let (mut heard, mut packets) = (String::new(), Vec::new());
        for tick in 0..120u32 {
            let timestamp = (u32::MAX - 1_000).wrapping_add(tick * (clock_rate / 50));
            if let Some(packet) = sender.next(timestamp) {
                packets.push(packet);
                heard.extend(receiver.handle(packet.timestamp, &packet.payload, at(u64::from(tick) * 20)));
            }
        }
        assert_eq!(heard, "1199*#D");
        assert!(sender.is_idle());
        let first: Vec<_> = packets.iter().filter(|p| p.timestamp == packets[0].timestamp).collect();
        assert_eq!(first.len(), 8, "five of 20 ms and the end three times");
        assert_eq!(first.iter().filter(|p| p.marker).count(), 1);
        assert!(first[0].marker);
        assert_eq!(first.iter().filter(|p| p.payload[1] & END_BIT != 0).count(), 3);
        let duration = |p: &EventPacket| u32::from(u16::from_be_bytes([p.payload[2], p.payload[3]]));
        assert_eq!(duration(first[0]), clock_rate / 50);
        assert_eq!(duration(first[7]), clock_rate / 10);
    }
}

#[test]
fn what_is_no_key_and_what_is_too_much_is_refused() {
    let mut sender = DtmfSender::new(8_000);
    assert_eq!(sender.press('x', Duration::ZERO), Err(DtmfSendError::NotAKey));
    assert_eq!(sender.press('é', Duration::ZERO), Err(DtmfSendError::NotAKey));
    for _ in 0..WAITING {
        sender.press('1', Duration::MAX).expect("room");
    }
    assert_eq!(sender.press('1', Duration::ZERO), Err(DtmfSendError::Full));
}

proptest! {
    #[test]
    fn lost_and_reordered_packets_never_double_a_key(
        digits in prop::collection::vec(0usize..16, 1..12), fates in prop::collection::vec((0u8..10, 0usize..3), 200),
    ) {
        let mut sender = DtmfSender::new(8_000);
        for &digit in &digits {
            sender.press(char::from(DIGITS[digit]), Duration::from_millis(80)).expect("room");
        }
        let mut packets = Vec::new();
        for tick in 0..digits.len() * 12 {
            if let Some(packet) = sender.next(tick as u32 * 160) {
                let (lost, late) = fates[tick % fates.len()];
                if lost > 2 {
                    packets.push((tick + late, packet));
                }
            }
        }
        packets.sort_by_key(|(tick, _)| *tick);
        let mut receiver = DtmfReceiver::new();
        let heard: Vec<char> = packets
            .iter()
            .filter_map(|(tick, packet)| receiver.handle(packet.timestamp, &packet.payload, at(*tick as u64 * 20)))
            .collect();
        // Seven packets a press: all lost hardly ever, but never more digits than presses.
        prop_assert!(heard.len() <= digits.len());
    }

    #[test]
    fn junk_never_panics(packets in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..8)), 0..50)) {
        let mut receiver = DtmfReceiver::new();
        for (n, (timestamp, payload)) in packets.iter().enumerate() {
            let _ = receiver.handle(*timestamp, payload, at(n as u64 * 20));
        }
    }
}
