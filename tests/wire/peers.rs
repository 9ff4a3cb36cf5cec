//! The whole gateway with telephones and a browser that nobody here wrote.

use std::sync::Arc;
use std::time::Duration;

use callwright_loadtest::{LoadConfig, NoObserver, Scenario, run};
use callwright_model::{Language, Voice};
use callwright_speech::{Speaker, SpeechConfig};
use callwright_tests::{Airline, Gateway, Settings, repository};

use crate::baresip::{Baresip, Telephone};
use crate::browser::{Browser, Launch, Scheme};
use crate::events::Events;
use crate::sound;

/// What the agent sounds like when it says this, at 8 kHz.
pub fn agent_says(speaker: &Speaker, text: &str) -> Vec<i16> {
    let wide = speaker.render(text, Language::EN, &Voice::default()).expect("flite speaks English");
    wide.chunks_exact(2).map(|pair| pair[0].midpoint(pair[1])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_is_understood_and_records_the_agents_words() {
    let airline = Airline::start().await;
    let gateway = Gateway::start(&Settings { airline: airline.url(), ..Settings::default() });
    let mut phone = Baresip::start(Telephone {
        user: "caller",
        answers: false,
        says: &[(7_000, Some("en-cancelled.wav")), (60_000, None)],
        codec: "opus/48000/2",
        encryption: "",
    })
    .await;
    let mut events = Events::follow(&gateway);
    phone.dial(&format!("sip:airline@{}", gateway.sip)).await;
    events.call_on("airline").await;
    // Only a caller who was understood is asked this.
    let asked = "What is your booking code?";
    events.agent_has_said(asked).await;
    phone.hang_up().await;
    let heard = phone.heard().await;
    let speaker = Speaker::new(&SpeechConfig::default()).expect("it has voices");
    // Each sentence is synthesised by itself.
    for words in ["Thank you for calling the airline.", "How can I help you?", asked] {
        let (alike, at) = sound::likeness(&agent_says(&speaker, words), &heard);
        assert!(alike > 0.8, "`{words}` was not heard (most alike {alike:.2} at {at} ms)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_over_tls_while_the_certificate_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file).display().to_string();
    let renew = || {
        let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
        std::fs::write(path("sip.pem"), own.cert.pem()).expect("the folder is ours");
        std::fs::write(path("sip.key"), own.signing_key.serialize_pem()).expect("the folder is ours");
    };
    renew();
    let sip = format!(
        "[sip.tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"{}\"\nkey = \"{}\"",
        path("sip.pem"),
        path("sip.key")
    );
    let gateway = Gateway::start(&Settings { sip, ..Settings::default() });
    let mut phone = Baresip::start_with(
        Telephone {
            user: "caller",
            answers: false,
            says: &[(60_000, None)],
            codec: "PCMU/8000/1",
            encryption: "",
        },
        &format!("\nsip_cafile {}\n", path("sip.pem")),
    )
    .await;
    let greeting = "Thank you for calling the airline.";
    let mut events = Events::follow(&gateway);
    phone.dial(&format!("sip:airline@{};transport=tls", gateway.tls)).await;
    events.call_on("airline").await;
    phone.until("Call established").await;
    renew();
    gateway.reload();
    let read_again = async {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while !gateway.log().contains("certificates were read again") {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read_again).await.expect("the new certificate is taken");
    events.agent_has_said(greeting).await;
    // Its BYE comes over the connection that was made with the old one.
    phone.hang_up().await;
    let calls = async {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while gateway.get("/v1/calls").trim() != "[]" {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), calls).await.expect("the gateway has heard the BYE");
    let heard = phone.heard().await;
    let speaker = Speaker::new(&SpeechConfig::default()).expect("it has voices");
    let (alike, at) = sound::likeness(&agent_says(&speaker, greeting), &heard);
    assert!(alike > 0.8, "the greeting was not heard (most alike {alike:.2} at {at} ms)");
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_is_the_human_who_is_rung_and_talks_with_the_caller() {
    put_through(&Settings::default(), "").await;
}

/// A caller asks for a person, a telephone that encrypts like this is rung, and each hears the other.
pub async fn put_through(settings: &Settings, encryption: &str) {
    let mut desk = Baresip::start(Telephone {
        user: "desk",
        answers: true,
        says: &[(9_000, Some("en-desk-hello.wav")), (14_000, None)],
        codec: "PCMA/8000/1",
        encryption,
    })
    .await;
    let gateway = Gateway::start(&Settings { humans: vec![desk.address()], ..settings.clone() });
    let recordings = tempfile::tempdir().expect("a folder");
    let file = repository().join("audio-fixtures/scenarios/person.yaml");
    let scenario = Arc::new(Scenario::load(&file).expect("the scenario is right"));
    let config = LoadConfig {
        calls: 1,
        wav_dir: Some(recordings.path().to_owned()),
        ..LoadConfig::new(format!("sip:airline@{}", gateway.sip), scenario)
    };
    let calling = tokio::spawn(run(config, Arc::new(NoObserver), |_| {}));
    desk.until("Call established").await;
    // The key is the acceptance; the briefing gives way to it.
    desk.press("1").await;
    calling.await.expect("the caller's task ends").expect("the call was placed");
    let wanted = sound::read(&sound::fixture("en-caller-thanks.wav"));
    let (alike, _) = sound::likeness(&wanted, &desk.heard().await);
    assert!(alike > 0.8, "the human heard something else ({alike:.2})");
    let hello = sound::read(&sound::fixture("en-desk-hello.wav"));
    let (alike, _) = sound::likeness(&hello, &sound::right(&recordings.path().join("call-1.wav")));
    assert!(alike > 0.8, "the caller heard something else ({alike:.2})");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_call_is_understood_and_changes_the_booking() {
    let airline = Airline::start().await;
    // A browser that waits for its turn on the processor sends torn words.
    let settings = Settings { airline: airline.url(), alone: true, ..Settings::default() };
    let gateway = Gateway::start(&settings);
    let mut browser = Browser::launch(Launch::default()).await;
    browser.look_like(1200, 900, Scheme::Light).await;
    browser.microphone_of_our_own().await;
    browser.goto(&format!("http://{}/", gateway.web)).await;
    let root = "document.querySelector('callwright-call').shadowRoot";
    browser.click(&format!("{root}.querySelector('.main')")).await;
    for (question, answer) in [
        ("How can I help you?", "en-cancelled.wav"),
        ("What is your booking code?", "en-code-k7m4x2.wav"),
        ("And your four digit PIN?", "en-pin-4821.wav"),
        ("These are the next flights.", "en-first.wav"),
        ("Shall I do that?", "en-yes.wav"),
    ] {
        // As a caller does who lets the agent finish.
        let asked = format!(
            "{root}.textContent.includes('{question}') && document.querySelector('callwright-call').state === 'listening'"
        );
        browser.wait_for(&asked, Duration::from_secs(40)).await;
        browser.say(&sound::fixture(answer)).await;
    }
    let committed = format!("{root}.querySelectorAll('[data-step=committed]').length === 6");
    browser.wait_for(&committed, Duration::from_secs(20)).await;
    let claim = format!("{root}.textContent.includes('You are booked on the flight')");
    browser.wait_for(&claim, Duration::from_secs(20)).await;
    let pictures = repository().join("target/tmp/page");
    std::fs::create_dir_all(&pictures).expect("target can be written");
    browser.screenshot(&pictures.join("booked.png")).await;
    assert!(
        airline.changes().iter().any(|change| change.starts_with("bookings K7M4X2:")),
        "{:#?}",
        airline.changes()
    );
    browser.close().await;
}
