use callwright_model::{Codec, Fingerprint, FingerprintHash};

use super::super::{LocalMedia, SessionDescription, accept, answer, offer};
use super::*;

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const OTHER: &str = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

fn local(security: fn(LocalKeys) -> Security, seed: u8) -> LocalMedia {
    let mut local = LocalMedia::new("192.0.2.1".parse().expect("an address"), 20_000, &[Codec::Pcmu], 7);
    let certificate = Fingerprint::new(FingerprintHash::Sha256, &[seed; 32]).expect("the right length");
    local.security = security(LocalKeys::new([[seed; 30], [seed + 1; 30]], LocalDtls::new(certificate)));
    local
}

fn offered(protocol: &str, cryptos: &[&str]) -> SessionDescription {
    let lines: String = cryptos.iter().map(|value| format!("a=crypto:{value}\r\n")).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\nm=audio 4000 {protocol} 0\r\n{lines}"
    )
    .parse()
    .expect("a description")
}

fn keys(protection: Protection) -> Option<SrtpKeys> {
    match protection {
        Protection::Keys(keys) => Some(keys),
        Protection::Clear => None,
        Protection::Dtls(_) => panic!("nobody offered a handshake"),
    }
}

fn crypto_of(description: &SessionDescription) -> Option<&str> {
    description.media[0].value("crypto")
}

#[test]
fn the_first_usable_key_is_answered_under_its_tag_with_one_of_ours() {
    let strong = format!("3 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4");
    let weak = format!("7 AES_CM_128_HMAC_SHA1_32 inline:{OTHER}|2^31 WSH=128");
    for protocol in ["RTP/SAVP", "RTP/SAVPF"] {
        let offer = offered(protocol, &["1 AEAD_AES_256_GCM inline:AAAA", &strong, "x", &weak]);
        let (description, agreed) = answer(&offer, &local(Security::Optional, 1)).expect("a key in common");
        let srtp = keys(agreed.protection).expect("encrypted");
        // The first has a key identifier that packets would carry.
        assert_eq!(srtp.suite, SrtpSuite::AesCm128HmacSha1_32);
        assert_eq!(srtp.remote.reveal()[..3], [0x3d, 0x2d, 0x6e]);
        assert_eq!(srtp.local.reveal(), &[2; 30]);
        assert_eq!(description.media[0].protocol, protocol);
        let ours = format!("7 AES_CM_128_HMAC_SHA1_32 inline:{}", STANDARD.encode([2; 30]));
        assert_eq!(crypto_of(&description), Some(ours.as_str()));
    }
}

#[test]
fn what_is_offered_and_what_is_wanted_decide() {
    let key = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let flawed = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{} UNENCRYPTED_SRTP", KEY);
    let clear: fn(LocalKeys) -> Security = |_| Security::Clear;
    for (protocol, line, security, expected) in [
        ("RTP/AVP", None, clear, Ok(false)),
        ("RTP/AVP", Some(&key), clear, Ok(false)),
        ("RTP/SAVP", Some(&key), clear, Err(SdpError::Encrypted)),
        ("RTP/AVP", None, Security::Optional, Ok(false)),
        ("RTP/AVP", Some(&key), Security::Optional, Ok(true)),
        ("RTP/SAVP", Some(&key), Security::Optional, Ok(true)),
        ("RTP/SAVP", Some(&flawed), Security::Optional, Err(SdpError::NoCommonSuite)),
        ("RTP/SAVP", None, Security::Optional, Err(SdpError::NoCommonSuite)),
        ("RTP/AVP", None, Security::Required, Err(SdpError::Unencrypted)),
        ("RTP/AVP", Some(&flawed), Security::Required, Err(SdpError::Unencrypted)),
        ("RTP/AVP", Some(&key), Security::Required, Ok(true)),
        ("RTP/SAVP", Some(&key), Security::Required, Ok(true)),
    ] {
        let offer = offered(protocol, line.map(String::as_str).as_slice());
        let answered = answer(&offer, &local(security, 1));
        let found = answered.map(|(description, agreed)| {
            let encrypted = keys(agreed.protection).is_some();
            assert_eq!(crypto_of(&description).is_some(), encrypted);
            encrypted
        });
        assert_eq!(found, expected, "{protocol} {line:?}");
        if let Err(error) = found {
            assert_eq!(error.status(), 488);
        }
    }
}

#[test]
fn two_of_us_agree_and_each_reads_what_the_other_writes() {
    let security: [fn(LocalKeys) -> Security; 2] = [Security::Optional, Security::Required];
    for (here, there) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let ours = offer(&local(security[here], 1));
        assert_eq!(ours.media[0].protocol, if here == 1 { "RTP/SAVP" } else { "RTP/AVP" });
        let sent: SessionDescription = ours.to_string().parse().expect("ours");
        let (theirs, agreed) = answer(&sent, &local(security[there], 5)).expect("a common key");
        let (here, there) = (accept(&ours, &theirs).expect("accepted").protection, agreed.protection);
        let (here, there) = (keys(here).expect("keys"), keys(there).expect("keys"));
        assert_eq!((here.local, here.remote), (there.remote, there.local));
        assert_eq!((here.suite, here.local.reveal()), (SrtpSuite::AesCm128HmacSha1_80, &[1; 30]));
    }
}

#[test]
fn an_answer_that_drops_or_changes_the_keys_is_told() {
    let required = offer(&local(Security::Required, 1));
    let optional = offer(&local(Security::Optional, 1));
    let other = format!("9 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    for (ours, protocol, line, expected) in [
        (&required, "RTP/SAVP", None, Err(SdpError::Unencrypted)),
        (&optional, "RTP/AVP", None, Ok(None)),
        (&optional, "RTP/SAVP", None, Err(SdpError::NoCommonSuite)),
        (
            &required,
            "RTP/SAVP",
            Some(&other),
            Err(SdpError::AnswerMismatch("its keys are for none of those that were offered")),
        ),
    ] {
        let theirs = offered(protocol, line.map(String::as_str).as_slice());
        assert_eq!(
            accept(ours, &theirs).map(|agreed| keys(agreed.protection)),
            expected,
            "{protocol} {line:?}"
        );
    }
}

#[test]
fn keys_are_not_printed_by_debug() {
    let printed = format!("{:?}", local(Security::Required, 77));
    assert!(!printed.contains("77") && printed.contains("‹secret›"), "{printed}");
}
