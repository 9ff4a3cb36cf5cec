use super::*;
use proptest::prelude::*;

/// A buffer at 8 kHz with packets of 20 ms whose payload is their number, and a clock.
struct Rig {
    buffer: JitterBuffer,
    now_ms: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Got {
    Packet(u8),
    Conceal(u32),
    /// With the packet after the missing one.
    Recover(u8),
    Silence,
}

impl Rig {
    fn new() -> Self {
        Self { buffer: JitterBuffer::new(8_000, &ReceiverConfig::default()), now_ms: 0 }
    }

    fn insert(&mut self, number: u64) -> Insertion {
        self.insert_at(number, number as u32 * 160, false)
    }

    fn insert_at(&mut self, number: u64, timestamp: u32, marker: bool) -> Insertion {
        let payload = [number as u8; 160];
        let packet = Incoming { sequence: 70_000 + number, timestamp, marker, ticks: 160, payload: &payload };
        self.buffer.insert(&packet, MonoTime::from_millis(self.now_ms))
    }

    fn tick(&mut self) -> Got {
        let got = match self.buffer.next(MonoTime::from_millis(self.now_ms), 0) {
            Play::Packet { payload } => Got::Packet(payload[0]),
            Play::Conceal { next: Some(next), .. } => Got::Recover(next[0]),
            Play::Conceal { ticks, next: None } => Got::Conceal(ticks),
            Play::Silence => Got::Silence,
        };
        self.now_ms += 20;
        got
    }

    fn delay_ms(&self) -> u128 {
        self.buffer.delay(MonoTime::from_millis(self.now_ms), 0).as_millis()
    }

    /// Packets `from..to`, one a tick, each tick's packet arriving before it.
    fn flow(&mut self, from: u64, to: u64) -> Vec<Got> {
        (from..to)
            .map(|number| {
                self.insert(number);
                self.tick()
            })
            .collect()
    }
}

#[test]
fn a_calm_stream_starts_after_the_target_and_never_conceals() {
    let mut rig = Rig::new();
    let got = rig.flow(0, 100);
    assert_eq!(got[..2], [Got::Silence, Got::Silence]);
    for (n, got) in got[2..].iter().enumerate() {
        assert_eq!(*got, Got::Packet(n as u8));
    }
    assert_eq!(rig.buffer.target_delay(), Duration::from_millis(20), "learned that it is calm");
}

#[test]
fn a_lost_packet_is_concealed_once_with_its_successor_at_hand() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    let before = rig.delay_ms();
    rig.tick(); // packet 10 does not come
    let got = rig.flow(11, 14);
    assert_eq!(got, [Got::Packet(9), Got::Recover(11), Got::Packet(11)]);
    assert_eq!(rig.delay_ms(), before);
}

#[test]
fn a_loss_noticed_only_when_dry_adds_no_delay() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    let before = rig.delay_ms();
    // Three in a row are lost: more than was buffered.
    let dry: Vec<_> = (0..3).map(|_| rig.tick()).collect();
    assert_eq!(dry, [Got::Packet(8), Got::Packet(9), Got::Conceal(160)]);
    let got = rig.flow(13, 18);
    assert_eq!(got[2..], [Got::Packet(13), Got::Packet(14), Got::Packet(15)]);
    assert_eq!(rig.delay_ms(), before, "two concealed on the way, one while dry");
}

#[test]
fn late_packets_are_played_later_and_none_is_dropped() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    let before = rig.delay_ms();
    let mut got: Vec<_> = (0..5).map(|_| rig.tick()).collect();
    for number in 10..15 {
        assert_eq!(rig.insert(number), Insertion::Queued);
    }
    got.extend(rig.flow(15, 25));
    let played: Vec<u8> =
        got.iter().filter_map(|got| if let Got::Packet(n) = got { Some(*n) } else { None }).collect();
    assert_eq!(played, (8..20).collect::<Vec<_>>());
    assert_eq!(rig.delay_ms(), before + 60);
}

#[test]
fn what_comes_after_its_time_is_late() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    rig.tick();
    rig.flow(11, 15);
    assert_eq!(rig.insert(10), Insertion::Late);
    assert_eq!(rig.insert(14), Insertion::Duplicate);
}

#[test]
fn swapped_packets_are_put_in_order() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    rig.insert(11);
    rig.tick();
    rig.insert(10);
    rig.tick();
    assert_eq!(rig.flow(12, 14), [Got::Packet(10), Got::Packet(11)]);
}

#[test]
fn a_clock_that_jumps_starts_over() {
    for jump in [3_000_000_000, 4_000_000, 100] {
        let mut rig = Rig::new();
        rig.flow(0, 30);
        let restarted = rig.insert_at(30, jump, true);
        assert_eq!(restarted, Insertion::Restarted, "to {jump}");
        rig.tick();
        let mut played = 0;
        for n in 1..20 {
            rig.insert_at(30 + n, jump + n as u32 * 160, false);
            played += u32::from(matches!(rig.tick(), Got::Packet(_)));
        }
        assert!(played >= 16, "only {played} after a jump to {jump}");
    }
}

#[test]
fn a_pause_of_the_sender_is_no_loss_and_the_next_spurt_waits_for_its_target() {
    let mut rig = Rig::new();
    rig.flow(0, 60);
    // 300 ms in which the clock runs and no packet is sent.
    for _ in 0..15 {
        assert!(!matches!(rig.tick(), Got::Recover(_)));
    }
    let mut got = Vec::new();
    for n in 0..20u64 {
        rig.insert_at(60 + n, (75 + n as u32) * 160, n == 0);
        got.push(rig.tick());
    }
    let first = got.iter().position(|got| *got == Got::Packet(60)).expect("it is played");
    assert!(first <= 2, "starts after {first} ticks");
    for (n, got) in got[first..].iter().enumerate() {
        assert_eq!(*got, Got::Packet(60 + n as u8), "nothing is missing after it");
    }
    assert!(rig.delay_ms() >= 20);
}

#[test]
fn after_a_stall_the_caller_is_heard_now() {
    let mut rig = Rig::new();
    rig.flow(0, 50);
    for _ in 0..60 {
        rig.tick();
    }
    for number in 50..110 {
        rig.insert(number);
    }
    rig.flow(110, 130);
    assert!(rig.buffer.buffered() <= ReceiverConfig::default().buffered_max);
    assert!(rig.buffer.skipped() > 30);
    assert_eq!(rig.flow(130, 131).len(), 1);
}

#[test]
fn a_stream_that_ends_fades_to_silence() {
    let mut rig = Rig::new();
    rig.flow(0, 10);
    let got: Vec<_> = (0..60).map(|_| rig.tick()).collect();
    let concealed = got.iter().filter(|got| matches!(got, Got::Conceal(_))).count();
    assert_eq!(concealed, 25, "500 ms");
    assert_eq!(got.last(), Some(&Got::Silence));
}

#[test]
fn the_target_follows_the_network_up_and_down() {
    let mut buffer = JitterBuffer::new(8_000, &ReceiverConfig::default());
    let mut number = 0u64;
    let mut run = |buffer: &mut JitterBuffer, count: u64, jitter_ms: u64| {
        for _ in 0..count {
            let late = number * 37 % (jitter_ms + 1);
            let now = MonoTime::from_millis(number * 20 + late);
            let payload = [0; 160];
            let timestamp = number as u32 * 160;
            buffer.insert(
                &Incoming { sequence: number, timestamp, marker: false, ticks: 160, payload: &payload },
                now,
            );
            let _ = buffer.next(now, 0);
            number += 1;
        }
        buffer.target_delay().as_millis()
    };
    assert_eq!(run(&mut buffer, 100, 0), 20);
    let rough = run(&mut buffer, 300, 90);
    assert!((85..=100).contains(&rough), "{rough} ms");
    assert_eq!(run(&mut buffer, 300, 300), 200, "never more than the config allows");
    assert_eq!(run(&mut buffer, 300, 0), 20);
}

#[test]
fn packets_of_60_ms_fit_and_the_largest_is_refused() {
    let mut buffer = JitterBuffer::new(8_000, &ReceiverConfig::default());
    let payload = [7; 480];
    let mut played = 0;
    for number in 0..40u64 {
        let now = MonoTime::from_millis(number * 60);
        let packet = Incoming {
            sequence: number,
            timestamp: number as u32 * 480,
            marker: false,
            ticks: 480,
            payload: &payload,
        };
        assert_eq!(buffer.insert(&packet, now), Insertion::Queued);
        played += u32::from(matches!(buffer.next(now, 0), Play::Packet { payload } if payload == [7; 480]));
    }
    assert!(played >= 38, "{played}");
    let packet = Incoming { sequence: 40, timestamp: 0, marker: false, ticks: 480, payload: &[0; 1_461] };
    assert_eq!(buffer.insert(&packet, MonoTime::ZERO), Insertion::TooLarge);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_comes_the_buffer_stays_bounded(
        steps in prop::collection::vec((0u64..40, 0u64..80, any::<bool>(), prop::option::weighted(0.05, any::<u32>()), 1u32..960, 0usize..1_500), 1..300),
    ) {
        let config = ReceiverConfig::default();
        let mut buffer = JitterBuffer::new(8_000, &config);
        let mut number = 1_000u64;
        let mut now = MonoTime::ZERO;
        for (wait, back, marker, wild, ticks, length) in steps {
            now = MonoTime(now.0 + wait * 1_000);
            number += 1;
            let sequence = number.saturating_sub(back / 8);
            let payload = vec![0; length];
            let timestamp = wild.unwrap_or(sequence as u32 * 160);
            buffer.insert(&Incoming { sequence, timestamp, marker, ticks, payload: &payload }, now);
            if wait > 15 {
                let _ = buffer.next(now, 0);
                let bound = config.buffered_max + Duration::from_millis(240);
                prop_assert!(buffer.buffered() <= bound, "{:?} wait", buffer.buffered());
                prop_assert!(buffer.target_delay() >= config.target_min && buffer.target_delay() <= config.target_max);
            }
        }
    }

    #[test]
    fn without_loss_every_packet_is_played_once_and_in_order(late in prop::collection::vec(0u64..100, 50..150)) {
        let mut buffer = JitterBuffer::new(8_000, &ReceiverConfig::default());
        // Every packet comes at its own time; ticks run beside.
        let mut arrivals: Vec<(u64, u64)> = late.iter().enumerate().map(|(n, &late)| (n as u64 * 20 + late, n as u64)).collect();
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut last = None;
        let mut dropped = 0;
        let mut played = 0;
        for tick in 0..late.len() as u64 + 30 {
            let now_ms = tick * 20;
            while let Some((_, number)) = arrivals.next_if(|(at, _)| *at <= now_ms) {
                let payload = [number as u8; 160];
                let packet = Incoming { sequence: number, timestamp: number as u32 * 160, marker: false, ticks: 160, payload: &payload };
                if buffer.insert(&packet, MonoTime::from_millis(now_ms)) != Insertion::Queued {
                    dropped += 1;
                }
            }
            if let Play::Packet { payload } = buffer.next(MonoTime::from_millis(now_ms), 0) {
                prop_assert!(last < Some(payload[0]), "{:?} before {}", last, payload[0]);
                last = Some(payload[0]);
                played += 1;
            }
        }
        prop_assert_eq!(played + dropped, late.len());
    }
}
