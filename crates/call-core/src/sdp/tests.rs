use proptest::prelude::*;

use super::*;

fn us(codecs: &[Codec]) -> LocalMedia {
    LocalMedia::new("192.0.2.1".parse().expect("an address"), 20_000, codecs, 7)
}

fn them(codecs: &[Codec]) -> LocalMedia {
    LocalMedia::new("198.51.100.2".parse().expect("an address"), 30_000, codecs, 9)
}

fn parsed(lines: &[&str]) -> SessionDescription {
    text(lines).parse().expect("a good description")
}

fn text(lines: &[&str]) -> String {
    let mut text =
        "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n".to_owned();
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text
}

const ALL: [Codec; 3] = [Codec::Opus, Codec::Pcmu, Codec::Pcma];

#[test]
fn an_offer_reads_as_it_is_written() {
    let offer = offer(&us(&ALL));
    assert_eq!(
        offer.to_string(),
        "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 111 0 8 110 101\r\na=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=ptime:20\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-xr:voip-metrics\r\n"
    );
    assert_eq!(offer.to_string().parse::<SessionDescription>(), Ok(offer));
}

#[test]
fn our_order_of_preference_decides_an_answer() {
    let offer = parsed(&["m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 opus/48000/2"]);
    for (ours, codec, payload_type) in [
        (&[Codec::Pcmu, Codec::Opus][..], Codec::Pcmu, 0),
        (&[Codec::Opus, Codec::Pcmu], Codec::Opus, 96),
        (&[Codec::Pcma], Codec::Pcma, 8),
    ] {
        let (description, agreed) = answer(&offer, &us(ours)).expect("a common codec");
        assert_eq!(agreed.format.codec, codec);
        assert_eq!(
            (agreed.format.payload_type_in, agreed.format.payload_type_out),
            (payload_type, payload_type)
        );
        assert_eq!(description.media[0].formats, [payload_type.to_string()]);
        assert_eq!(agreed.remote, "198.51.100.2:4000".parse().expect("an address"));
        assert_eq!(agreed.remote_rtcp.port(), 4001);
    }
}

#[test]
fn g722_has_a_number_of_its_own_and_the_clock_of_narrow_band() {
    for lines in [&["m=audio 4000 RTP/AVP 9 0"][..], &["m=audio 4000 RTP/AVP 9 0", "a=rtpmap:9 G722/8000/1"]]
    {
        let (answered, agreed) = answer(&parsed(lines), &us(&[Codec::G722, Codec::Pcmu])).expect("G.722");
        assert_eq!((agreed.format.codec, agreed.format.payload_type_out), (Codec::G722, 9));
        assert_eq!(answered.media[0].value("rtpmap"), Some("9 G722/8000"));
    }
    let offer = offer(&us(&Codec::ALL));
    assert_eq!(
        offer.media[0].formats,
        ["111", "9", "0", "8", "110", "101"],
        "one telephone event serves three codecs"
    );
}

#[test]
fn comfort_noise_is_known_by_its_number_and_not_answered() {
    let offer = parsed(&["m=audio 4000 RTP/AVP 0 98 97", "a=rtpmap:97 CN/8000", "a=rtpmap:98 CN/16000"]);
    let (answered, agreed) = answer(&offer, &us(&[Codec::Pcmu])).expect("a common codec");
    assert_eq!(agreed.format.comfort_noise_in, Some(97));
    assert_eq!(answered.media[0].formats, ["0"]);
}

#[test]
fn packets_are_as_long_as_the_other_end_wishes() {
    for (lines, codec, packet_ms) in [
        (&["a=ptime:30"][..], Codec::Pcmu, 30),
        (&["a=ptime:30"], Codec::Opus, 20),
        (&["a=ptime:60"], Codec::Opus, 60),
        (&["a=ptime:10"], Codec::G722, 10),
        (&["a=ptime:5"], Codec::Pcmu, 10),
        (&["a=ptime:40", "a=maxptime:20"], Codec::Pcmu, 20),
        (&["a=maxptime:10"], Codec::Opus, 10),
        (&["a=maxptime:150"], Codec::Pcma, 20),
        (&["a=ptime:200"], Codec::Pcma, 60),
        (&["a=ptime:25.5"], Codec::Pcma, 20),
        (&["a=ptime:0"], Codec::Pcma, 20),
        (&["a=ptime:junk"], Codec::Pcma, 20),
    ] {
        let mut all = vec!["m=audio 4000 RTP/AVP 0 8 9 96", "a=rtpmap:96 opus/48000/2"];
        all.extend(lines);
        let (answered, agreed) = answer(&parsed(&all), &us(&[codec])).expect("a common codec");
        assert_eq!(agreed.format.packet_ms_out, packet_ms, "{lines:?} {codec:?}");
        assert_eq!(answered.media[0].value("ptime"), Some("20"), "what we wish for ourselves");
        let agreed = accept(&offer(&us(&[codec])), &parsed(&all)).expect("an answer");
        assert_eq!(agreed.format.packet_ms_out, packet_ms, "{lines:?} {codec:?} in an answer");
    }
}

#[test]
fn comfort_noise_is_agreed_on_where_both_ends_want_it() {
    let wants = |codecs: &[Codec]| LocalMedia { comfort_noise: true, ..us(codecs) };
    for (line, codec, agreed_on) in [
        (&["m=audio 4000 RTP/AVP 0 13"][..], Codec::Pcmu, Some(13)),
        (&["m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 CN/8000"], Codec::Pcma, Some(97)),
        (&["m=audio 4000 RTP/AVP 0"], Codec::Pcmu, None),
        (&["m=audio 4000 RTP/AVP 111 13", "a=rtpmap:111 opus/48000/2"], Codec::Opus, None),
    ] {
        let offer_of_theirs = parsed(line);
        let (ours, agreed) = answer(&offer_of_theirs, &wants(&[codec])).expect("a codec");
        assert_eq!(agreed.format.comfort_noise_out, agreed_on, "{line:?}");
        let named = agreed_on.map(|number| number.to_string());
        assert!(named.is_none_or(|number| ours.media[0].formats.contains(&number)), "{ours}");
        let accepted = accept(&offer(&wants(&[codec])), &offer_of_theirs).expect("an answer");
        assert_eq!(accepted.format.comfort_noise_out, agreed_on, "{line:?} as an answer");
        // Whoever does not want it sends none.
        let (_, agreed) = answer(&offer_of_theirs, &us(&[codec])).expect("a codec");
        let accepted = accept(&offer(&us(&[codec])), &offer_of_theirs).expect("an answer");
        assert_eq!((agreed.format.comfort_noise_out, accepted.format.comfort_noise_out), (None, None));
    }
    assert_eq!(offer(&wants(&ALL)).media[0].value("rtpmap"), Some("13 CN/8000"));
    assert!(!offer(&wants(&[Codec::Opus])).to_string().contains("CN/8000"), "it has ways of its own");
}

#[test]
fn voip_metrics_are_told_to_who_asks_and_asked_of_them() {
    let line = "m=audio 4000 RTP/AVP 8";
    for (lines, asked) in [
        (&["a=rtcp-xr:rcvr-rtt=all voip-metrics stat-summary"][..], true),
        (&["a=rtcp-xr:voip-metrics"], true),
        (&["a=rtcp-xr:rcvr-rtt=all"], false),
        (&["a=rtcp-xr"], false),
        (&[], false),
    ] {
        for all in [[&[line], lines].concat(), [lines, &[line]].concat()] {
            let (ours, agreed) = answer(&parsed(&all), &us(&ALL)).expect("a common codec");
            assert_eq!(agreed.format.voip_metrics_out, asked, "{all:?}");
            assert_eq!(ours.media[0].value("rtcp-xr").is_some(), asked, "{all:?}");
            let agreed = accept(&offer(&us(&ALL)), &parsed(&all)).expect("an answer");
            assert_eq!(agreed.format.voip_metrics_out, asked, "{all:?} in an answer");
        }
    }
}

#[test]
fn a_codec_that_is_spoken_stays_while_it_is_offered() {
    let mut ours = us(&ALL);
    let (_, spoken) = answer(&parsed(&["m=audio 4000 RTP/AVP 8"]), &ours).expect("a codec");
    ours.settle(&spoken);
    assert_eq!(ours.codecs, [Codec::Pcma, Codec::Opus, Codec::Pcmu]);
    for (formats, codec) in [("0 8", Codec::Pcma), ("0", Codec::Pcmu), ("8", Codec::Pcma)] {
        let (_, agreed) =
            answer(&parsed(&[&format!("m=audio 4000 RTP/AVP {formats}")]), &ours).expect("a codec");
        assert_eq!(agreed.format.codec, codec, "{formats}");
    }
}

#[test]
fn the_answering_end_decides_when_we_offered() {
    let ours = offer(&us(&ALL));
    let answer = parsed(&["m=audio 4000 RTP/AVP 8 100", "a=rtpmap:100 telephone-event/8000", "a=rtcp-mux"]);
    let agreed = accept(&ours, &answer).expect("a good answer");
    assert_eq!(agreed.format.codec, Codec::Pcma);
    // Each end receives under the number that it has chosen itself.
    assert_eq!(agreed.format.dtmf_in, Some(DtmfFormat { payload_type: 101, clock_rate: 8_000 }));
    assert_eq!(agreed.format.dtmf_out, Some(DtmfFormat { payload_type: 100, clock_rate: 8_000 }));
    assert_eq!(agreed.remote_rtcp, agreed.remote);
}

#[test]
fn telephone_events_at_another_clock_rate_are_not_agreed() {
    let offer = parsed(&[
        "m=audio 4000 RTP/AVP 96 101",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
    ]);
    let (description, agreed) = answer(&offer, &us(&ALL)).expect("opus in common");
    assert_eq!(agreed.format.dtmf_in, None);
    assert_eq!(description.media[0].formats, ["96"]);
}

#[test]
fn other_lines_are_refused_in_their_place() {
    let offer = parsed(&[
        "m=video 4002 RTP/AVP 97",
        "a=rtpmap:97 H264/90000",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4004 RTP/AVPF 0",
        "m=image 4006 udptl t38",
    ]);
    let (description, agreed) = answer(&offer, &us(&ALL)).expect("one good line");
    assert_eq!(agreed.remote.port(), 4004);
    let lines: Vec<(&str, u16, &str)> = description
        .media
        .iter()
        .map(|line| (line.kind.as_str(), line.port, line.protocol.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("video", 0, "RTP/AVP"),
            ("audio", 0, "RTP/AVP"),
            ("audio", 0, "RTP/SAVP"),
            ("audio", 20_000, "RTP/AVPF"),
            ("image", 0, "udptl"),
        ]
    );
}

#[test]
fn refusals_tell_the_sip_status() {
    for (lines, error, status) in [
        (&[][..], SdpError::NoAudio, 488),
        (&["m=video 4002 RTP/AVP 97"], SdpError::NoAudio, 488),
        (&["m=audio 0 RTP/AVP 0"], SdpError::NoAudio, 488),
        (&["m=audio 4000 RTP/AVP 9 18"], SdpError::NoCommonCodec, 488),
        (&["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"], SdpError::NoCommonCodec, 488),
        (&["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 G722/8000"], SdpError::NoCommonCodec, 488),
        (&["m=audio 4000 RTP/SAVP 0"], SdpError::Encrypted, 488),
        (&["m=audio 4000 UDP/TLS/RTP/SAVPF 0"], SdpError::Encrypted, 488),
        (&["m=audio 4000 RTP/AVP 0", "c=IN IP4 media.example.com"], SdpError::UnusableAddress, 488),
        (&["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"], SdpError::UnusableAddress, 488),
        (&["m=audio 4000 RTP/AVP 0", "c=IN IP4 255.255.255.255"], SdpError::UnusableAddress, 488),
    ] {
        let refused = answer(&parsed(lines), &us(&ALL)).expect_err("nothing to agree on");
        assert_eq!((refused, refused.status()), (error, status), "{lines:?}");
    }
}

#[test]
fn junk_is_a_bad_request() {
    for junk in [
        "",
        "\r\n\r\n",
        "v=1\r\n",
        "hello",
        "v=0\r\n",
        "v=0\r\no=- 1 1\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 70000 RTP/AVP 0\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nc=IN IP4\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nnot a line\r\n",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=a\rb\r\n",
    ] {
        let error = junk.parse::<SessionDescription>().expect_err("junk");
        assert_eq!(error.status(), 400, "{junk:?}: {error}");
    }
    assert!(matches!("v=0\r\n".repeat(5_000).parse::<SessionDescription>(), Err(SdpError::TooLarge(_))));
    let no_address = "v=0\no=- 1 1 IN IP4 1.2.3.4\nm=audio 4000 RTP/AVP 0\n";
    let no_address: SessionDescription = no_address.parse().expect("it reads");
    assert_eq!(answer(&no_address, &us(&ALL)).expect_err("no address").status(), 400);
}

#[test]
fn sloppy_ends_are_understood() {
    let sloppy = "v=0\no=Some Phone 1 99999999999999999999999 IN IP4 10.0.0.1\ns=\nb=AS:64\nm=audio 4000/2 \
                  RTP/AVP 8  101 \nc=IN IP4 10.0.0.2\na=rtpmap:8 pcma/8000/1\na=rtpmap:101 Telephone-Event/8000\n\n";
    let sloppy: SessionDescription = sloppy.parse().expect("it reads");
    assert_eq!(sloppy.origin.user, "Some-Phone");
    let (_, agreed) = answer(&sloppy, &us(&ALL)).expect("A-law in common");
    assert_eq!(agreed.remote, "10.0.0.2:4000".parse().expect("an address"));
    assert!(agreed.format.dtmf_in.is_some());
}

#[test]
fn hold_is_answered_in_kind() {
    for (theirs, wish, ours) in [
        ("a=sendrecv", Direction::SendRecv, Direction::SendRecv),
        ("a=sendonly", Direction::SendRecv, Direction::RecvOnly),
        ("a=recvonly", Direction::SendRecv, Direction::SendOnly),
        ("a=inactive", Direction::SendRecv, Direction::Inactive),
        ("a=sendrecv", Direction::SendOnly, Direction::SendOnly),
        ("a=sendonly", Direction::SendOnly, Direction::Inactive),
        ("c=IN IP4 0.0.0.0", Direction::SendRecv, Direction::RecvOnly),
    ] {
        let offer = parsed(&["m=audio 4000 RTP/AVP 0", theirs]);
        let local = LocalMedia { direction: wish, ..us(&ALL) };
        let (description, agreed) = answer(&offer, &local).expect("a common codec");
        assert_eq!(agreed.direction, ours, "{theirs} {wish}");
        assert!(description.media[0].has(ours.name()));
    }
}

#[test]
fn the_session_direction_holds_for_media_without_their_own() {
    let offer =
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.4\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n";
    let offer: SessionDescription = offer.parse().expect("it reads");
    assert_eq!(answer(&offer, &us(&ALL)).expect("a codec").1.direction, Direction::RecvOnly);
}

#[test]
fn the_version_grows_only_when_something_changed() {
    let call = parsed(&["m=audio 4000 RTP/AVP 0", "a=sendrecv"]);
    let hold = parsed(&["m=audio 4000 RTP/AVP 0", "a=sendonly"]);
    let (first, _) = answer(&call, &us(&ALL)).expect("a codec");
    let (same, _) = answer(&call, &us(&ALL)).expect("a codec");
    let (held, _) = answer(&hold, &us(&ALL)).expect("a codec");
    assert_eq!(same.following(&first), first);
    let held = held.following(&first);
    assert_eq!(held.origin.version, "2");
    let (resumed, _) = answer(&call, &us(&ALL)).expect("a codec");
    assert_eq!(resumed.following(&held).origin.version, "3");
}

#[test]
fn a_later_offer_of_ours_keeps_every_line_in_its_place() {
    let call = parsed(&["m=video 4002 RTP/AVP 97", "m=audio 4000 RTP/AVP 0"]);
    let (ours, _) = answer(&call, &us(&ALL)).expect("a codec");
    let again = reoffer(&ours, &LocalMedia { direction: Direction::SendOnly, ..us(&ALL) });
    assert_eq!(again.media.len(), 2);
    assert_eq!((again.media[0].port, again.media[1].port), (0, 20_000));
    assert_eq!(again.origin.version, "2");
}

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    let ours = offer(&us(&[Codec::Pcmu]));
    for (lines, status) in [
        (&[][..], 400),
        (&["m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 97"], 400),
        (&["m=video 4000 RTP/AVP 0"], 400),
        (&["m=audio 0 RTP/AVP 0"], 488),
        (&["m=audio 4000 RTP/AVP 8"], 488),
        (&["m=audio 4000 RTP/SAVP 0"], 488),
    ] {
        assert_eq!(accept(&ours, &parsed(lines)).expect_err("a bad answer").status(), status, "{lines:?}");
    }
}

fn any_codecs() -> impl Strategy<Value = Vec<Codec>> {
    prop::sample::subsequence(ALL.to_vec(), 1..=3).prop_shuffle()
}

fn any_direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive)
    ]
}

/// Lines that are nearly right, so that junk gets past the first check.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[vosctmabiku]=[ -~]{0,40}",
        "m=(audio|video|) ?[0-9]{0,6}(/[0-9])? (RTP/AVP|RTP/SAVP|RTP/AVPF|x)( [0-9]{1,4}){0,6}",
        "a=rtpmap:[0-9]{1,4} (PCMU|pcma|opus|telephone-event|x)/[0-9]{0,6}(/[0-9])?",
        "a=(sendrecv|sendonly|inactive|rtcp-mux|rtcp:[0-9]{0,7}|fmtp:[0-9]{1,3} [ -~]{0,20})",
        "c=IN IP[46] ([0-9]{1,3}\\.){3}[0-9]{1,3}(/[0-9]{1,3})?",
        "o=([a-z0-9-]{1,8} ){1,6}[0-9.]{0,9}",
        "\\PC{0,30}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn junk_never_panics(junk in "\\PC{0,200}") {
        let _ = junk.parse::<SessionDescription>();
    }

    #[test]
    fn near_sdp_never_panics_and_prints_what_it_read(lines in prop::collection::vec(any_line(), 0..20)) {
        let text = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\nc=IN IP4 192.0.2.9\r\n{}\r\n", lines.join("\r\n"));
        if let Ok(theirs) = text.parse::<SessionDescription>() {
            let again: SessionDescription = theirs.to_string().parse().expect("what we print we can read");
            prop_assert_eq!(&again.media.len(), &theirs.media.len());
            if let Ok((ours, agreed)) = answer(&theirs, &us(&ALL)) {
                prop_assert_eq!(ours.media.len(), theirs.media.len());
                prop_assert_eq!(ours.media.iter().filter(|line| line.port != 0).count(), 1);
                prop_assert!(agreed.remote.port() != 0);
                let printed: SessionDescription = ours.to_string().parse().expect("our answer reads");
                prop_assert_eq!(printed, ours);
            }
            let _ = accept(&offer(&us(&ALL)), &theirs);
        }
    }

    #[test]
    fn both_ends_agree_on_the_same(
        offering in any_codecs(), answering in any_codecs(),
        wish in any_direction(), other_wish in any_direction(),
        dtmf in any::<(bool, bool)>(), mux in any::<(bool, bool)>(),
    ) {
        let here = LocalMedia { direction: wish, dtmf: dtmf.0, rtcp_mux: mux.0, ..us(&offering) };
        let there = LocalMedia { direction: other_wish, dtmf: dtmf.1, rtcp_mux: mux.1, ..them(&answering) };
        let offered = offer(&here);
        let received: SessionDescription = offered.to_string().parse().expect("our offer reads");
        match answer(&received, &there) {
            Err(error) => {
                prop_assert_eq!(error, SdpError::NoCommonCodec);
                prop_assert!(!offering.iter().any(|codec| answering.contains(codec)));
            }
            Ok((answered, at_there)) => {
                let returned: SessionDescription = answered.to_string().parse().expect("the answer reads");
                let at_here = accept(&offered, &returned).expect("the answer fits");
                prop_assert_eq!(at_here.format.codec, at_there.format.codec);
                prop_assert_eq!(at_here.format.payload_type_in, at_there.format.payload_type_out);
                prop_assert_eq!(at_here.format.payload_type_out, at_there.format.payload_type_in);
                prop_assert_eq!(at_here.format.dtmf_in, at_there.format.dtmf_out);
                prop_assert_eq!(at_here.format.dtmf_out, at_there.format.dtmf_in);
                prop_assert_eq!(at_here.format.dtmf_in.is_some(), dtmf.0 && dtmf.1);
                prop_assert_eq!(at_here.direction, at_there.direction.reversed());
                prop_assert_eq!(at_here.remote, SocketAddr::new(there.address, there.port));
                prop_assert_eq!(at_there.remote, SocketAddr::new(here.address, here.port));
            }
        }
    }
}
