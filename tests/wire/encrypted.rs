//! Encrypted sound with a telephone that nobody here wrote.

use callwright_speech::{Speaker, SpeechConfig};
use callwright_tests::{Gateway, Settings};

use crate::baresip::{Baresip, Telephone};
use crate::peers::{agent_says, put_through};
use crate::sound;

fn settings(srtp: &str) -> Settings {
    Settings { top: format!("media.srtp = \"{srtp}\""), ..Settings::default() }
}

async fn caller(codec: &str, encryption: &str) -> Baresip {
    let says = &[(7_000, None)];
    Baresip::start(Telephone { user: "caller", answers: false, says, codec, encryption }).await
}

/// A call of some seconds in which the greeting must be understood; the gateway's log afterwards.
async fn greeted(gateway: &Gateway, codec: &str, encryption: &str) {
    let mut phone = caller(codec, encryption).await;
    phone.dial(&format!("sip:airline@{}", gateway.sip)).await;
    phone.until("Call established").await;
    phone.until("terminated").await;
    let heard = phone.heard().await;
    let speaker = Speaker::new(&SpeechConfig::default()).expect("it has voices");
    let words = "Thank you for calling the airline.";
    let (alike, _) = sound::likeness(&agent_says(&speaker, words), &heard);
    assert!(alike > 0.8, "{codec} {encryption}: the greeting was not heard ({alike:.2})\n{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_with_keys_on_every_profile_and_none_is_logged() {
    let gateway = Gateway::start(&settings("required"));
    for (codec, encryption) in
        [("PCMU/8000/1", "srtp"), ("opus/48000/2", "srtp-mand"), ("G722/16000/1", "srtp-mandf")]
    {
        greeted(&gateway, codec, encryption).await;
    }
    assert!(!gateway.log().contains("inline:"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_encrypts_otherwise_than_wanted_is_refused_with_a_reason() {
    for (srtp, encryption, reason) in [
        ("required", "", "media without encryption, which is required here"),
        ("off", "srtp-mand", "only encrypted media is offered"),
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
    greeted(&gateway, "PCMU/8000/1", "").await;
    greeted(&gateway, "PCMU/8000/1", "srtp-mand").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_human_is_rung_with_keys_and_talks_with_a_caller_without() {
    put_through(&settings("optional"), "srtp").await;
}
