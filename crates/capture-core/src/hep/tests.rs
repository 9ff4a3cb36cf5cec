use std::collections::BTreeMap;

use super::*;

/// A decoder of its own: the head tells the length of all, each chunk its vendor, type and length.
fn decode(datagram: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let (head, mut rest) = datagram.split_at(6);
    assert_eq!(
        (&head[..4], usize::from(u16::from_be_bytes([head[4], head[5]]))),
        (b"HEP3".as_slice(), datagram.len())
    );
    let mut chunks = BTreeMap::new();
    while let Some((&[v0, v1, t0, t1, l0, l1], _)) = rest.split_first_chunk::<6>() {
        assert_eq!((v0, v1), (0, 0), "the generic vendor");
        let (chunk, after) = rest.split_at(usize::from(u16::from_be_bytes([l0, l1])));
        assert!(chunks.insert(u16::from_be_bytes([t0, t1]), chunk[6..].to_vec()).is_none(), "each once");
        rest = after;
    }
    assert!(rest.is_empty());
    chunks
}

fn agent() -> Agent {
    Agent { id: 2_001, password: Some("open sesame".to_owned()), name: "node1".to_owned() }
}

fn seen(addresses: [&str; 2], what: What, payload: &[u8]) -> Packet {
    let [source, destination] = addresses.map(|text| text.parse().expect("an address"));
    let (unix_us, length) = (1_795_723_338_722_001, payload.len());
    Packet { unix_us, source, destination, tcp: what == What::Sip, what, length, payload: payload.to_vec() }
}

#[test]
fn a_message_is_told_with_where_when_and_what_it_belongs_to() {
    let packet = seen(["192.0.2.1:5060", "192.0.2.2:5070"], What::Sip, b"OPTIONS sip:a SIP/2.0\r\n\r\n");
    let chunks = decode(&super::packet(&agent(), &packet, "abc@x").expect("it is short"));
    let want: [(u16, &[u8]); 14] = [
        (0x01, &[2]),
        (0x02, &[6]),
        (0x03, &[192, 0, 2, 1]),
        (0x04, &[192, 0, 2, 2]),
        (0x07, &[0x13, 0xc4]),
        (0x08, &[0x13, 0xce]),
        (0x09, &1_795_723_338_u32.to_be_bytes()),
        (0x0a, &722_001_u32.to_be_bytes()),
        (0x0b, &[1]),
        (0x0c, &2_001_u32.to_be_bytes()),
        (0x0e, b"open sesame"),
        (0x0f, b"OPTIONS sip:a SIP/2.0\r\n\r\n"),
        (0x11, b"abc@x"),
        (0x13, b"node1"),
    ];
    assert_eq!(chunks, want.map(|(kind, value)| (kind, value.to_vec())).into());
}

#[test]
fn version_six_has_addresses_of_its_own_and_reports_become_json() {
    // A receiver's report of one block, by RFC 3550 section 6.4.2.
    let mut compound = vec![0x81, 201, 0, 7];
    for word in [7_u32, 8, 0x40_00_00_05, 1_000, 12, 0, 0] {
        compound.extend_from_slice(&word.to_be_bytes());
    }
    let packet = seen(["[2001:db8::1]:4001", "[2001:db8::2]:4003"], What::Rtcp, &compound);
    let chunks = decode(&super::packet(&agent(), &packet, "abc@x").expect("it is short"));
    assert_eq!((&chunks[&0x01], &chunks[&0x02], &chunks[&0x0b]), (&vec![10], &vec![17], &vec![5]));
    assert_eq!((chunks[&0x05].len(), chunks[&0x06][15]), (16, 2));
    let report: Json = serde_json::from_slice(&chunks[&0x0f]).expect("JSON");
    assert_eq!(
        (&report["type"], &report["ssrc"], &report["report_count"]),
        (&json!(201), &json!(7), &json!(1))
    );
    let block = &report["report_blocks"][0];
    assert_eq!(
        (&block["fraction_lost"], &block["packets_lost"], &block["ia_jitter"]),
        (&json!(64), &json!(5), &json!(12))
    );
}

#[test]
fn what_cannot_be_told_is_left_out() {
    let addresses = ["192.0.2.1:1", "192.0.2.2:2"];
    assert_eq!(packet(&agent(), &seen(addresses, What::Sip, &vec![b'x'; 65_500]), "a"), None, "too long");
    assert_eq!(packet(&agent(), &seen(addresses, What::Rtp, b"sound"), "a"), None);
    assert_eq!(packet(&agent(), &seen(addresses, What::Rtcp, b"junk"), "a"), None);
}
