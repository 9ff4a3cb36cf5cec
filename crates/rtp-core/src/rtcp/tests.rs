use super::*;
use proptest::prelude::*;

#[test]
fn a_compound_comes_back_as_it_was_written() {
    let sent = SenderReport { ntp: 0x0102_0304_0506_0708, timestamp: 9, packets: 10, octets: 11 };
    let block = ReportBlock {
        ssrc: 2,
        fraction_lost: 128,
        cumulative_lost: 77,
        highest_sequence: 70_000,
        jitter: 5,
        last_sender_report: 6,
        delay_since_sender_report: 7,
    };
    let mut buffer = [0; 200];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.report(1, Some(sent), Some(&block)).cname(1, b"leg").goodbye(1);
    let length = writer.len();
    assert_eq!(length % 4, 0);
    let items: Vec<_> = Compound::new(&buffer[..length]).collect::<Result<_, _>>().expect("valid");
    let [
        Item::SenderReport { ssrc: 1, sent: read, blocks },
        Item::Cname { ssrc: 1, name: b"leg" },
        Item::Goodbye { ssrc: 1 },
    ] = items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!(read, sent);
    assert_eq!(blocks.iter().collect::<Vec<_>>(), [block]);
}

fn metrics() -> VoipMetrics {
    VoipMetrics {
        ssrc: 2,
        lost_256th: 3,
        discarded_256th: 4,
        burst_256th: 5,
        gap_256th: 6,
        burst_ms: 700,
        gap_ms: 8_000,
        round_trip_ms: 90,
        end_delay_ms: 100,
        signal_dbm: Some(-20),
        noise_dbm: None,
        echo_loss_db: Some(45),
        gap_min: 16,
        rating: Some(88),
        external_rating: None,
        listening_mos_10th: Some(42),
        talking_mos_10th: Some(41),
        receiver: 0xb0,
        buffer_ms: 40,
        buffer_max_ms: 120,
        buffer_limit_ms: 500,
    }
}

#[test]
fn voip_metrics_are_laid_out_as_the_rfc_draws_them_and_come_back() {
    let mut buffer = [0; 200];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.voip_metrics(1, &metrics());
    let length = writer.len();
    let drawn = [
        0x80, 207, 0, 10, 0, 0, 0, 1, // the packet: eleven words, who sends it
        7, 0, 0, 8, 0, 0, 0, 2, // the block: eight words, about whom
        3, 4, 5, 6, 2, 188, 31, 64, 0, 90, 0, 100, // shares, lengths, delays
        236, 127, 45, 16, 88, 127, 42, 41, // levels, ratings
        0xb0, 0, 0, 40, 0, 120, 1, 244, // the receiver
    ];
    assert_eq!(buffer[..length], drawn);
    let items: Vec<_> = Compound::new(&drawn).collect();
    assert_eq!(items, [Ok(Item::VoipMetrics { ssrc: 1, metrics: metrics() })]);
}

#[test]
fn of_an_extended_report_the_voip_metrics_are_found_behind_other_blocks() {
    let mut buffer = [0; 200];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.voip_metrics(1, &metrics());
    let length = writer.len();
    // A reference time before it (RFC 3611, 4.4).
    let reference = [4, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 9];
    let mut report = [&[0x80, 207, 0, 13, 0, 0, 0, 1], &reference[..], &buffer[8..length]].concat();
    let items: Vec<_> = Compound::new(&report).collect();
    assert_eq!(items, [Ok(Item::VoipMetrics { ssrc: 1, metrics: metrics() })]);
    let others = [&[0x80, 207, 0, 4, 0, 0, 0, 1], &reference[..]].concat();
    assert_eq!(Compound::new(&others).next(), Some(Ok(Item::Other { packet_type: 207 })));
    // A block that is longer than what is left, and one that is too short for what it says it is.
    report[8 + 3] = 200;
    assert_eq!(Compound::new(&report).next(), Some(Err(RtcpError::Truncated)));
    let short = [0x80, 207, 0, 3, 0, 0, 0, 1, 7, 0, 0, 1, 0, 0, 0, 2];
    assert_eq!(Compound::new(&short).next(), Some(Err(RtcpError::Truncated)));
}

#[test]
fn scores_that_are_none_are_unknown() {
    let mut buffer = [0; 44];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.voip_metrics(1, &metrics());
    for (at, junk) in [(32, 101), (32, 127), (34, 9), (34, 51), (35, 127)] {
        let mut changed = buffer;
        changed[at] = junk;
        let Some(Ok(Item::VoipMetrics { metrics, .. })) = Compound::new(&changed).next() else {
            panic!("none")
        };
        let unknown = match at {
            32 => metrics.rating.map(u16::from),
            34 => metrics.listening_mos_10th.map(u16::from),
            _ => metrics.talking_mos_10th.map(u16::from),
        };
        assert_eq!(unknown, None, "{junk} at {at}");
    }
}

#[test]
fn names_of_every_length_are_padded_to_whole_words() {
    for length in 0..=70 {
        let name = vec![b'x'; length];
        let mut buffer = [0xEE; 200];
        let mut writer = CompoundWriter::new(&mut buffer);
        writer.report(1, None, None).cname(1, &name);
        let written = writer.len();
        assert_eq!(written % 4, 0);
        let last = Compound::new(&buffer[..written]).last().expect("two packets");
        assert_eq!(last, Ok(Item::Cname { ssrc: 1, name: &name[..] }));
        assert_eq!(buffer[written - 1], 0, "the items end with a zero");
    }
}

#[test]
fn what_has_no_room_is_left_out_whole() {
    let mut buffer = [0; 20];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.report(1, None, None).cname(1, b"much too long for this").goodbye(1);
    let length = writer.len();
    let items: Vec<_> = Compound::new(&buffer[..length]).collect();
    assert!(
        matches!(items[..], [Ok(Item::ReceiverReport { .. }), Ok(Item::Goodbye { ssrc: 1 })]),
        "{items:?}"
    );
}

#[test]
fn a_cut_packet_is_an_error_and_the_end() {
    let mut buffer = [0; 100];
    let mut writer = CompoundWriter::new(&mut buffer);
    writer.report(1, None, Some(&ReportBlock::default())).goodbye(1);
    let length = writer.len();
    let items: Vec<_> = Compound::new(&buffer[..length - 1]).collect();
    assert!(matches!(items[..], [Ok(Item::ReceiverReport { .. }), Err(RtcpError::Truncated)]), "{items:?}");
    assert_eq!(
        Compound::new(&[0x81, 201, 0, 1, 0, 0, 0, 1]).next(),
        Some(Err(RtcpError::Truncated)),
        "a block is missing"
    );
    assert_eq!(Compound::new(&[0x41, 201, 0, 0]).next(), Some(Err(RtcpError::Version)));
}

proptest! {
    #[test]
    fn junk_never_panics_and_ends(mut datagram in prop::collection::vec(any::<u8>(), 0..200), kind in 195u8..210) {
        if datagram.len() > 1 {
            datagram[0] = datagram[0] & 0x3F | 0x80;
            datagram[1] = kind;
        }
        for item in Compound::new(&datagram).flatten() {
            if let Item::SenderReport { blocks, .. } | Item::ReceiverReport { blocks, .. } = item {
                prop_assert!(blocks.iter().count() <= 31);
            }
        }
    }
}
