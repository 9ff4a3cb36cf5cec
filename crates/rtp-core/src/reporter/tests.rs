use super::*;
use crate::packet::RtpHeader;
use proptest::prelude::*;

fn stream(ssrc: u32) -> StreamStatistics {
    let mut statistics = StreamStatistics::new(8_000);
    for sequence in 0..10 {
        let header = RtpHeader { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc };
        statistics.handle(&header, true, MonoTime::ZERO);
    }
    statistics
}

#[test]
fn two_reporters_learn_the_round_trip_and_the_loss() {
    let mut ours = RtcpReporter::new(1, 5, "a", MonoTime::ZERO);
    let mut theirs = RtcpReporter::new(2, 6, "b", MonoTime::ZERO);
    let (mut at_ours, mut at_theirs) = (stream(2), stream(1));
    let sent = SenderInfo { timestamp: 1_600, packets: 10, octets: 1_600 };
    let mut datagram = [0; CompoundWriter::LEN_MAX];
    let at = |ms| MonoTime::from_millis(ms);

    let length = ours.report(sent, &mut at_ours, at(1_000), &mut datagram);
    assert_eq!(theirs.handle_datagram(&datagram[..length], at(1_030)), RtcpHeard::default());
    let length = theirs.report(sent, &mut at_theirs, at(3_030), &mut datagram);
    assert_eq!(ours.handle_datagram(&datagram[..length], at(3_070)), RtcpHeard::default());

    let round_trip = ours.round_trip().expect("a report came back").as_micros();
    assert!((69_000..=71_000).contains(&round_trip), "{round_trip} us");
    assert_eq!(ours.remote().map(|block| (block.ssrc, block.cumulative_lost)), Some((1, 0)));
}

#[test]
fn voip_metrics_are_told_once_and_only_those_of_ours_are_heard() {
    let mut ours = RtcpReporter::new(1, 5, "a", MonoTime::ZERO);
    let mut theirs = RtcpReporter::new(2, 6, "b", MonoTime::ZERO);
    let mut datagram = [0; CompoundWriter::LEN_MAX];
    let about = |ssrc| VoipMetrics { ssrc, rating: Some(90), ..VoipMetrics::default() };
    for (ssrc, heard) in [(77, None), (1, Some(about(1)))] {
        theirs.tell(about(ssrc));
        let length = theirs.report(SenderInfo::default(), &mut stream(1), MonoTime::ZERO, &mut datagram);
        assert_eq!(ours.handle_datagram(&datagram[..length], MonoTime::ZERO), RtcpHeard::default());
        assert_eq!(ours.voip_metrics().copied(), heard);
    }
    let length = theirs.report(SenderInfo::default(), &mut stream(1), MonoTime::ZERO, &mut datagram);
    let told = |item: &Result<Item<'_>, RtcpError>| matches!(item, Ok(Item::VoipMetrics { .. }));
    assert!(!Compound::new(&datagram[..length]).any(|item| told(&item)), "said twice");
}

#[test]
fn reports_come_every_few_seconds_and_not_in_step() {
    let mut last = Duration::ZERO;
    for seed in 0..20 {
        let mut reporter = RtcpReporter::new(1, seed, "a", MonoTime::ZERO);
        let first = reporter.poll_timeout().since(MonoTime::ZERO);
        assert!((1_250..=3_750).contains(&first.as_millis()), "{first:?}");
        assert_ne!(first, last);
        last = first;
        let now = reporter.poll_timeout();
        reporter.report(SenderInfo::default(), &mut stream(2), now, &mut [0; 200]);
        let next = reporter.poll_timeout().since(now);
        assert!((2_500..=7_500).contains(&next.as_millis()), "{next:?}");
    }
}

#[test]
fn who_has_sent_nothing_since_writes_a_receiver_report() {
    let mut reporter = RtcpReporter::new(1, 5, "a", MonoTime::ZERO);
    let mut datagram = [0; 200];
    let sent = SenderInfo { timestamp: 0, packets: 4, octets: 0 };
    let kind = |datagram: &[u8]| datagram[1];
    reporter.report(sent, &mut stream(2), MonoTime::ZERO, &mut datagram);
    assert_eq!(kind(&datagram), 200);
    reporter.report(sent, &mut stream(2), MonoTime::ZERO, &mut datagram);
    assert_eq!(kind(&datagram), 201);
}

#[test]
fn a_goodbye_is_heard() {
    let mut ours = RtcpReporter::new(1, 5, "a", MonoTime::ZERO);
    let mut theirs = RtcpReporter::new(2, 6, "b", MonoTime::ZERO);
    let mut datagram = [0; CompoundWriter::LEN_MAX];
    let length = ours.goodbye(SenderInfo::default(), &mut stream(2), MonoTime::ZERO, &mut datagram);
    assert!(theirs.handle_datagram(&datagram[..length], MonoTime::ZERO).goodbye);
    assert!(theirs.handle_datagram(&datagram[..length - 2], MonoTime::ZERO).malformed);
}

proptest! {
    #[test]
    fn junk_never_panics(datagram in prop::collection::vec(any::<u8>(), 0..120)) {
        let mut reporter = RtcpReporter::new(1, 5, "a", MonoTime::ZERO);
        let _ = reporter.handle_datagram(&datagram, MonoTime::from_millis(5));
    }
}
