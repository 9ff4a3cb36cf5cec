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
