use callwright_model::{Codec, Protection, SrtpMaster};

use super::super::{LocalKeys, LocalMedia, Security, accept, answer, offer};
use super::*;

fn print(hash: FingerprintHash, byte: u8) -> Fingerprint {
    Fingerprint::new(hash, &vec![byte; hash.length()]).expect("the right length")
}

fn dtls() -> LocalDtls {
    LocalDtls::new(print(FingerprintHash::Sha256, 0x11))
}

fn local(security: Security) -> LocalMedia {
    let mut local = LocalMedia::new("192.0.2.1".parse().expect("an address"), 20_000, &[Codec::Pcmu], 7);
    local.security = security;
    local
}

fn keys() -> LocalKeys {
    LocalKeys::new([[1; SrtpMaster::LEN], [2; SrtpMaster::LEN]], dtls())
}

fn described(session: &str, protocol: &str, lines: &str) -> SessionDescription {
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n{session}m=audio 4000 {protocol} 0\r\n{lines}"
    )
    .parse()
    .expect("a description")
}

/// What was agreed with an offer, and the `a=setup` of our answer.
fn answered(offer: &SessionDescription, security: Security) -> Result<(DtlsPeer, String), SdpError> {
    let (description, agreed) = answer(offer, &local(security))?;
    let Protection::Dtls(peer) = agreed.protection else { panic!("no handshake: {description}") };
    let line = &description.media[0];
    assert_eq!(line.value("fingerprint"), Some(print(FingerprintHash::Sha256, 0x11).to_string().as_str()));
    assert_eq!(line.protocol, offer.media[0].protocol);
    Ok((peer, line.value("setup").expect("an answer says who begins").to_owned()))
}

#[test]
fn whoever_leaves_the_choice_to_us_begins_and_others_have_their_way() {
    let theirs = print(FingerprintHash::Sha256, 0x22);
    for security in [Security::Optional(keys()), Security::Required(keys()), Security::Dtls(dtls())] {
        for protocol in ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"] {
            for (setup, ours, word) in [
                ("a=setup:actpass\r\n", DtlsSide::Server, "passive"),
                ("a=setup:active\r\n", DtlsSide::Server, "passive"),
                ("a=setup:passive\r\n", DtlsSide::Client, "active"),
                // What nobody says is `active` (RFC 4145, 4.1).
                ("", DtlsSide::Server, "passive"),
            ] {
                let offer = described("", protocol, &format!("a=fingerprint:{theirs}\r\n{setup}"));
                let expected = (DtlsPeer { ours, fingerprint: theirs }, word.to_owned());
                assert_eq!(answered(&offer, security), Ok(expected), "{security:?} {protocol} {setup}");
            }
        }
    }
}

#[test]
fn attributes_of_the_session_count_for_a_line_that_has_none() {
    let (one, other) = (print(FingerprintHash::Sha512, 1), print(FingerprintHash::Sha256, 2));
    let session = format!("a=fingerprint:{one}\r\na=setup:passive\r\n");
    let offer = described(&session, "UDP/TLS/RTP/SAVP", "");
    let peer = DtlsPeer { ours: DtlsSide::Client, fingerprint: one };
    assert_eq!(answered(&offer, Security::Dtls(dtls())), Ok((peer, "active".to_owned())));
    let offer =
        described(&session, "UDP/TLS/RTP/SAVP", &format!("a=fingerprint:{other}\r\na=setup:active\r\n"));
    let peer = DtlsPeer { ours: DtlsSide::Server, fingerprint: other };
    assert_eq!(answered(&offer, Security::Dtls(dtls())), Ok((peer, "passive".to_owned())));
}

#[test]
fn of_several_fingerprints_the_hash_that_we_like_best_decides() {
    let [best, good, fine] = FingerprintHash::ALL.map(|hash| print(hash, 7));
    let sha_1 = format!("sha-1 {}", ["AA"; 20].join(":"));
    let lines = format!(
        "a=fingerprint:{sha_1}\r\na=fingerprint:{fine}\r\na=fingerprint:{good}\r\na=fingerprint:{best}\r\n"
    );
    let (peer, _) =
        answered(&described("", "UDP/TLS/RTP/SAVP", &lines), Security::Dtls(dtls())).expect("agreed");
    assert_eq!(peer.fingerprint, best);
}

#[test]
fn what_is_offered_and_what_is_wanted_decide() {
    let good = format!("a=fingerprint:{}\r\na=setup:actpass\r\n", print(FingerprintHash::Sha256, 0x22));
    let sha_1 = format!("a=fingerprint:sha-1 {}\r\na=setup:actpass\r\n", ["AA"; 20].join(":"));
    let held = good.replace("actpass", "holdconn");
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    for (protocol, lines, security, refused) in [
        ("UDP/TLS/RTP/SAVP", good.as_str(), Security::Clear, SdpError::Encrypted),
        ("UDP/TLS/RTP/SAVP", "", Security::Optional(keys()), SdpError::NoFingerprint),
        ("UDP/TLS/RTP/SAVP", &sha_1, Security::Required(keys()), SdpError::NoFingerprint),
        ("UDP/TLS/RTP/SAVP", &held, Security::Dtls(dtls()), SdpError::NoFingerprint),
        ("RTP/AVP", &good, Security::Dtls(dtls()), SdpError::NoHandshake),
        ("RTP/SAVP", key, Security::Dtls(dtls()), SdpError::NoHandshake),
    ] {
        let offer = described("", protocol, lines);
        assert_eq!(answer(&offer, &local(security)).err(), Some(refused), "{protocol} {lines}");
        assert_eq!(refused.status(), 488);
    }
}

#[test]
fn two_of_us_agree_and_stay_on_their_sides_in_later_offers_of_either() {
    let (mut one, mut other) = (local(Security::Dtls(dtls())), local(Security::Required(keys())));
    let ours = offer(&one);
    assert_eq!(
        (ours.media[0].protocol.as_str(), ours.media[0].value("setup")),
        ("UDP/TLS/RTP/SAVP", Some("actpass"))
    );
    let (theirs, there) = answer(&ours, &other).expect("agreed");
    let here = accept(&ours, &theirs).expect("agreed");
    one.settle(&here);
    other.settle(&there);
    let sides = |here, there| match (here, there) {
        (Protection::Dtls(here), Protection::Dtls(there)) => (here.ours, there.ours),
        _ => panic!("no handshake"),
    };
    assert_eq!(sides(here.protection, there.protection), (DtlsSide::Client, DtlsSide::Server));
    // The one that has been answered is asked, which leaves the choice to it: it stays the client that it is.
    other.security = Security::Dtls(dtls());
    let (ours_again, here_again) = answer(&offer(&other), &one).expect("agreed");
    assert_eq!(ours_again.media[0].value("setup"), Some("active"));
    assert_eq!(here_again.protection, here.protection);
}

#[test]
fn an_answer_without_a_handshake_or_with_one_that_was_not_offered_is_told() {
    let ours = offer(&local(Security::Dtls(dtls())));
    let good = format!("a=fingerprint:{}\r\n", print(FingerprintHash::Sha256, 0x22));
    for (protocol, lines, refused) in [
        ("RTP/AVP", "", SdpError::NoHandshake),
        ("RTP/SAVP", "", SdpError::NoHandshake),
        ("UDP/TLS/RTP/SAVP", "a=setup:active\r\n", SdpError::NoFingerprint),
        (
            "UDP/TLS/RTP/SAVP",
            &format!("{good}a=setup:actpass\r\n"),
            SdpError::AnswerMismatch("its `a=setup` is neither `active` nor `passive`"),
        ),
    ] {
        assert_eq!(accept(&ours, &described("", protocol, lines)).err(), Some(refused), "{protocol} {lines}");
    }
    let clear = offer(&local(Security::Optional(keys())));
    let refused = accept(&clear, &described("", "UDP/TLS/RTP/SAVP", &good)).err();
    assert_eq!(refused, Some(SdpError::AnswerMismatch("it wants DTLS, which was not offered")));
}
