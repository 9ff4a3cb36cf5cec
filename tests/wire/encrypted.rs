//! Encrypted sound with a telephone that nobody here wrote.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use callwright_call_core::sdp::{self, LocalDtls, LocalMedia, Security};
use callwright_media::{Media, MediaConfig};
use callwright_model::{Codec, Fingerprint, FingerprintHash, PacketIo};
use callwright_sip::{LegEnd, OutgoingCall, Reason, SipConfig, SipEndpoint, SipLegEvent};
use callwright_speech::{Speaker, SpeechConfig};
use callwright_tests::{Gateway, Settings};

use crate::baresip::{Baresip, Telephone};
use crate::events::Events;
use crate::peers::{agent_says, put_through};
use crate::sound;

fn settings(srtp: &str) -> Settings {
    Settings { top: format!("media.srtp = \"{srtp}\""), ..Settings::default() }
}

async fn caller(codec: &str, encryption: &str) -> Baresip {
    let says = &[(60_000, None)];
    Baresip::start(Telephone { user: "caller", answers: false, says, codec, encryption }).await
}

/// Calls of these codecs and encryptions, each until the greeting is over, which must be understood.
async fn greeted(gateway: &Gateway, phones: &[(&str, &str)]) {
    let words = "Thank you for calling the airline.";
    let speaker = Speaker::new(&SpeechConfig::default()).expect("it has voices");
    let mut events = Events::follow(gateway);
    for (codec, encryption) in phones {
        let mut phone = caller(codec, encryption).await;
        phone.dial(&format!("sip:airline@{}", gateway.sip)).await;
        events.call_on("airline").await;
        events.agent_has_said(words).await;
        phone.hang_up().await;
        let (alike, _) = sound::likeness(&agent_says(&speaker, words), &phone.heard().await);
        assert!(alike > 0.8, "{codec} {encryption}: greeting not heard ({alike:.2})\n{}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_with_keys_on_every_profile_and_none_is_logged() {
    let gateway = Gateway::start(&settings("required"));
    let phones = [("PCMU/8000/1", "srtp"), ("opus/48000/2", "srtp-mand"), ("G722/16000/1", "srtp-mandf")];
    greeted(&gateway, &phones).await;
    assert!(!gateway.log().contains("inline:"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_shakes_hands_with_whoever_wants_or_allows_it() {
    for (srtp, codec, encryption) in [
        ("dtls", "PCMU/8000/1", "dtls_srtp"),
        ("required", "opus/48000/2", "dtls_srtp"),
        ("optional", "PCMA/8000/1", "dtls_srtp"),
    ] {
        greeted(&Gateway::start(&settings(srtp)), &[(codec, encryption)]).await;
    }
}

/// No key is in any message: each leg has shaken hands, as the side that is called and as the side that calls. A telephone that has held
/// is only listened to, for it records nothing more (nor without encryption).
#[tokio::test(flavor = "multi_thread")]
async fn two_baresips_behind_handshakes_hear_each_other_also_after_one_has_held() {
    for holds in [false, true] {
        let phone = |user, answers, says| Telephone {
            user,
            answers,
            says,
            codec: "PCMU/8000/1",
            encryption: "dtls_srtp",
        };
        let says = &[(15_000, Some("en-desk-hello.wav")), (30_000, None)];
        let mut desk = Baresip::start(phone("desk", true, says)).await;
        let says = &[(25_000, Some("en-caller-thanks.wav")), (3_000, None)];
        let mut caller = Baresip::start(phone("caller", false, says)).await;
        let gateway = Gateway::start(&Settings { humans: vec![desk.address()], ..settings("dtls") });
        let mut events = Events::follow(&gateway);
        caller.dial(&format!("sip:airline@{}", gateway.sip)).await;
        caller.until("Call established").await;
        caller.press("0").await;
        desk.until("Call established").await;
        desk.press("1").await;
        events.until("transfer_changed", &[("state", "bridged".into())]).await;
        if holds {
            desk.press("x").await;
            events.until("held", &[("who", "human".into())]).await;
            desk.press("X").await;
            events.until("resumed", &[("who", "human".into())]).await;
        }
        caller.until("terminated").await;
        let heard = [
            ("caller", "en-desk-hello.wav", Some(caller)),
            ("human", "en-caller-thanks.wav", Some(desk).filter(|_| !holds)),
        ];
        for (who, said, phone) in heard {
            let Some(phone) = phone else { continue };
            let (alike, _) = sound::likeness(&sound::read(&sound::fixture(said)), &phone.heard().await);
            assert!(alike > 0.8, "{holds}: the {who} heard something else ({alike:.2})\n{}", gateway.log());
        }
        // A re-INVITE keeps the association: RTP and RTCP of two legs have shaken hands once each.
        assert_eq!(gateway.log().matches("DTLS has brought keys").count(), 4, "{}", gateway.log());
    }
}

/// A telephone of ours that shows another certificate than the one that it has named, or the right one.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_another_certificate_than_named_is_hung_up_on_and_sent_nothing() {
    let gateway = Gateway::start(&settings("dtls"));
    let media = Media::start(MediaConfig { workers: 1, ports: 29_000..=29_998, ..MediaConfig::default() });
    let media = media.expect("it starts");
    for honest in [true, false] {
        let mut socket = media.bind(Ipv4Addr::LOCALHOST.into()).expect("a free port");
        let other = Fingerprint::new(FingerprintHash::Sha256, &[7; 32]).expect("the right length");
        let named = if honest { socket.fingerprint() } else { other };
        let (ip, port) = (Ipv4Addr::LOCALHOST.into(), socket.local_addr().port());
        let mut local = LocalMedia::new(ip, port, &[Codec::Pcmu], 7);
        local.security = Security::Dtls(LocalDtls::new(named));
        let ours = sdp::offer(&local);
        let listen = vec![(Ipv4Addr::LOCALHOST, 0).into()];
        let endpoint = SipEndpoint::start(SipConfig { listen, ..SipConfig::default() }).await;
        let (endpoint, _calls) = endpoint.expect("loopback has room");
        let call = OutgoingCall::new(
            format!("sip:airline@{}", gateway.sip),
            "sip:caller@localhost",
            ours.to_string(),
        );
        let mut leg = endpoint.invite(call).await.expect("it is placed");
        let mut heard = 0;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let deadline = Instant::now() + Duration::from_secs(20);
        let ended = loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let mut buffer = [0; 2_048];
                    heard += usize::from(socket.receive(&mut buffer).is_some());
                    assert!(Instant::now() < deadline, "{honest}: {heard} packets\n{}", gateway.log());
                }
                event = leg.next() => match event {
                    Some(SipLegEvent::Answered { sdp }) => {
                        let theirs = sdp.expect("a description").parse().expect("SDP");
                        socket.connect(&sdp::accept(&ours, &theirs).expect("agreed").path());
                    }
                    Some(SipLegEvent::Ended(end)) => break Some(end),
                    Some(_) => {}
                    None => break None,
                },
            }
            if honest && heard > 20 {
                leg.hangup();
            }
        };
        if honest {
            assert!(matches!(ended, Some(LegEnd::ByUs)), "{ended:?}");
        } else {
            assert_eq!((heard, socket.strangers()), (0, 0), "packets were sent");
            let Some(LegEnd::ByPeer(Some(why))) = ended else { panic!("{ended:?}\n{}", gateway.log()) };
            assert_eq!(why, Reason::sip(488, "DTLS-SRTP failed"));
            let log = gateway.log();
            assert!(
                log.contains("the other end's certificate is not the one that its description names"),
                "{log}"
            );
        }
    }
    media.shutdown();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_encrypts_otherwise_than_wanted_is_refused_with_a_reason() {
    for (srtp, encryption, reason) in [
        ("required", "", "media without encryption, which is required here"),
        ("off", "srtp-mand", "only encrypted media is offered"),
        ("off", "dtls_srtp", "only encrypted media is offered"),
        ("dtls", "srtp-mand", "media without DTLS, which is required here"),
    ] {
        let gateway = Gateway::start(&settings(srtp));
        let mut phone = caller("PCMU/8000/1", encryption).await;
        phone.dial(&format!("sip:airline@{}", gateway.sip)).await;
        phone.until("488").await;
        assert!(gateway.log().contains(reason), "{srtp}: {}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_without_keys_is_served_where_encryption_is_optional() {
    let gateway = Gateway::start(&settings("optional"));
    greeted(&gateway, &[("PCMU/8000/1", ""), ("PCMU/8000/1", "srtp-mand")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_human_is_rung_with_keys_and_talks_with_a_caller_without() {
    put_through(&settings("optional"), "srtp").await;
}
