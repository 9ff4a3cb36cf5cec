use proptest::prelude::*;

use super::*;

/// The shape of an offer of a browser, shortened.
const OFFER: &str = "v=0\r\n\
    o=- 46117317 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 63 109 9 0 101 126\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 9b36eaac.local 54321 typ host\r\n\
    a=ice-ufrag:abcd\r\n\
    a=ice-pwd:0123456789012345678901\r\n\
    a=fingerprint:sha-256 AA:BB\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
    a=sendrecv\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:63 red/48000/2\r\n\
    a=fmtp:63 109/109\r\n\
    a=rtpmap:109 opus/48000/2\r\n\
    a=rtcp-fb:109 transport-cc\r\n\
    a=fmtp:109 minptime=10;useinbandfec=1\r\n\
    a=rtpmap:9 G722/8000\r\n\
    a=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/48000\r\n\
    a=rtpmap:126 telephone-event/8000\r\n";

#[test]
fn payload_types_are_the_offers_own() {
    let offer = read(OFFER).expect("a good offer");
    let dtmf = Some(DtmfFormat { payload_type: 101, clock_rate: 48_000 });
    assert_eq!((offer.format.payload_type_in, offer.format.payload_type_out), (109, 109));
    assert_eq!((offer.format.dtmf_in, offer.format.dtmf_out), (dtmf, dtmf));
}

#[test]
fn what_we_do_not_answer_and_every_address_is_cut() {
    let sdp = read(OFFER).expect("a good offer").sdp;
    assert!(sdp.contains("m=audio 9 UDP/TLS/RTP/SAVPF 109 101\r\n"), "{sdp}");
    for cut in ["candidate", "extmap", "rtcp-fb", "G722", ":126 ", ":63 "] {
        assert!(!sdp.contains(cut), "{cut} is left in {sdp}");
    }
    for kept in ["a=mid:0", "a=rtcp-mux", "a=fmtp:109 minptime=10;useinbandfec=1", "a=rtpmap:101 "] {
        assert!(sdp.contains(kept), "{kept} is missing in {sdp}");
    }
}

#[test]
fn without_telephone_events_there_is_no_dtmf() {
    let offer = OFFER.replace("telephone-event/48000", "telephone-event/16000");
    let format = read(&offer).expect("a good offer").format;
    assert_eq!((format.dtmf_in, format.dtmf_out), (None, None));
}

#[test]
fn offers_that_cannot_be_answered_say_why() {
    let cases = [
        ("", 400, "v=0"),
        ("hello", 400, "line 1"),
        ("v=0\r\ns=-\r\n", 400, "m= line"),
        (&OFFER.replace("opus/48000/2", "opus/48000"), 406, "Opus"),
        (&OFFER.replace("m=audio", "m=video"), 406, "Opus"),
        (&OFFER.replace("m=audio 9", "m=audio 0"), 406, "Opus"),
        (&OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), 400, "SAVPF"),
        (&OFFER.replace("a=fingerprint:sha-256 AA:BB\r\n", ""), 400, "a=fingerprint"),
        (&OFFER.replace("a=ice-ufrag:abcd\r\n", ""), 400, "a=ice-ufrag"),
        (&format!("{OFFER}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), 400, "2 media sections"),
        (&OFFER.replace("m=audio 9 UDP/TLS/RTP/SAVPF 63 109 9 0 101 126", "m=audio"), 400, "cut short"),
        (&format!("{OFFER}{}", "a=x\r\n".repeat(20_000)), 400, "at most"),
    ];
    for (offer, status, words) in cases {
        let error = read(offer).expect_err(words);
        assert_eq!(error.status(), status, "{error}");
        assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
    }
}

#[test]
fn an_answer_carries_our_candidates_only() {
    let answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 109\r\n\
        a=candidate:9 1 udp 1 127.0.0.1 40000 typ host\r\na=end-of-candidates\r\na=fmtp:109 useinbandfec=1\r\n";
    let ours =
        ["192.0.2.1:5000".parse().expect("an address"), "[2001:db8::1]:5000".parse().expect("an address")];
    let finished = finish(answer, 109, &ours);
    let candidates: Vec<&str> = finished.lines().filter(|line| line.starts_with("a=candidate")).collect();
    assert_eq!(
        candidates,
        [
            "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::1 5000 typ host",
        ]
    );
    assert!(finished.contains("a=fmtp:109 useinbandfec=1;maxplaybackrate=16000;stereo=0\r\n"));
    assert!(finished.ends_with("a=end-of-candidates\r\n"));
}

proptest! {
    #[test]
    fn any_text_is_an_error_and_no_panic(text in ".{0,200}") {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn an_offer_with_any_line_replaced_is_read_or_refused(
        index in 0_usize..25, line in "[a-z]?=?[ -~]{0,30}"
    ) {
        let mut lines: Vec<&str> = OFFER.lines().collect();
        lines[index] = &line;
        let _ = read(&lines.join("\r\n"));
    }

    #[test]
    fn an_offer_cut_anywhere_is_read_or_refused(length in 0_usize..OFFER.len()) {
        let _ = read(&OFFER[..length]);
    }
}
