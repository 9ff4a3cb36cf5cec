use super::*;
use proptest::prelude::*;

fn header(ssrc: u32, sequence: u16) -> RtpHeader {
    RtpHeader { marker: false, payload_type: 0, sequence, timestamp: u32::from(sequence) * 160, ssrc }
}

fn feed(statistics: &mut StreamStatistics, sequences: &[u16]) -> Vec<Admission> {
    sequences
        .iter()
        .enumerate()
        .map(|(n, &sequence)| {
            statistics.handle(&header(1, sequence), true, MonoTime::from_millis(n as u64 * 20))
        })
        .collect()
}

#[test]
fn numbers_go_on_across_the_wrap() {
    let mut statistics = StreamStatistics::new(8_000);
    let admitted = feed(&mut statistics, &[65_534, 65_535, 0, 1]);
    let sequences: Vec<u64> = admitted
        .iter()
        .map(|admission| match admission {
            Admission::Accepted { sequence, restarted: false } => *sequence,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(sequences.windows(2).all(|w| w[1] == w[0] + 1), "{sequences:?}");
    assert_eq!(statistics.summary().lost, 0);
}

#[test]
fn loss_duplicates_and_reordering_are_counted() {
    let mut statistics = StreamStatistics::new(8_000);
    let admitted = feed(&mut statistics, &[10, 11, 14, 12, 12, 15, 9]);
    assert_eq!(admitted[4], Admission::Duplicate);
    let summary = statistics.summary();
    assert_eq!((summary.received, summary.lost), (6, 1), "13 is missing");
    assert_eq!((summary.duplicates, summary.reordered), (1, 2), "12 and 9 came late");
}

#[test]
fn another_source_needs_two_packets_in_a_row_while_the_old_one_talks() {
    let mut statistics = StreamStatistics::new(8_000);
    feed(&mut statistics, &[1, 2, 3]);
    let at = |ms| MonoTime::from_millis(ms);
    assert_eq!(statistics.handle(&header(2, 70), true, at(50)), Admission::Probation);
    assert_eq!(statistics.handle(&header(2, 90), true, at(55)), Admission::Probation, "not in a row");
    assert!(matches!(
        statistics.handle(&header(1, 4), true, at(60)),
        Admission::Accepted { restarted: false, .. }
    ));
    assert_eq!(
        statistics.handle(&header(2, 91), true, at(65)),
        Admission::Probation,
        "the old one still talks"
    );
    assert!(matches!(
        statistics.handle(&header(2, 92), true, at(70)),
        Admission::Accepted { restarted: true, .. }
    ));
    assert_eq!(statistics.ssrc(), Some(2));
    assert_eq!(statistics.summary().restarts, 1);
    assert!(matches!(
        statistics.handle(&header(3, 5), true, at(300)),
        Admission::Accepted { restarted: true, .. }
    ));
}

#[test]
fn a_stream_that_starts_over_is_followed_after_two_packets() {
    let mut statistics = StreamStatistics::new(8_000);
    let admitted = feed(&mut statistics, &[1, 2, 30_000, 30_001]);
    assert_eq!(admitted[2], Admission::Probation);
    assert!(matches!(admitted[3], Admission::Accepted { restarted: true, .. }));
}

#[test]
fn jitter_is_that_of_the_rfc() {
    let mut statistics = StreamStatistics::new(8_000);
    for n in 0..500u16 {
        // Every other packet takes 10 ms longer: each transit differs from the last by 80 ticks.
        let late = if n % 2 == 0 { 10 } else { 0 };
        statistics.handle(&header(1, n), true, MonoTime::from_millis(u64::from(n) * 20 + late));
    }
    let jitter = statistics.summary().jitter.as_micros();
    assert!((9_500..=10_500).contains(&jitter), "{jitter} us");
    assert_eq!(statistics.report_block().map(|block| block.jitter), Some((jitter * 8 / 1_000) as u32));
}

#[test]
fn a_report_tells_the_loss_since_the_last_one() {
    let mut statistics = StreamStatistics::new(8_000);
    assert_eq!(statistics.report_block(), None);
    feed(&mut statistics, &[0, 1, 2, 4, 5, 6, 7, 8, 9, 11]);
    let block = statistics.report_block().expect("a stream");
    assert_eq!((block.fraction_lost, block.cumulative_lost), ((2u32 * 256 / 12) as u8, 2));
    assert_eq!(block.highest_sequence, 11);
    feed(&mut statistics, &[12, 13]);
    assert_eq!(statistics.report_block().map(|block| block.fraction_lost), Some(0));
}

proptest! {
    #[test]
    fn any_order_of_headers_keeps_the_books(headers in prop::collection::vec((0u32..3, any::<u16>(), any::<u32>(), 0u64..100), 0..200)) {
        let mut statistics = StreamStatistics::new(48_000);
        let mut now = MonoTime::ZERO;
        let mut accepted = 0;
        for (ssrc, sequence, timestamp, wait) in headers {
            now = MonoTime(now.0 + wait * 1_000);
            let header = RtpHeader { marker: false, payload_type: 0, sequence, timestamp, ssrc };
            if let Admission::Accepted { .. } = statistics.handle(&header, true, now) {
                accepted += 1;
            }
            let _ = statistics.report_block();
        }
        prop_assert_eq!(statistics.summary().received, accepted);
    }

    #[test]
    fn no_packet_is_accepted_twice(order in prop::collection::vec(0u16..60, 1..300)) {
        let mut statistics = StreamStatistics::new(8_000);
        let mut seen = std::collections::BTreeSet::new();
        for sequence in order {
            if let Admission::Accepted { sequence, .. } = statistics.handle(&header(1, sequence), true, MonoTime::ZERO) {
                prop_assert!(seen.insert(sequence));
            }
        }
    }
}
