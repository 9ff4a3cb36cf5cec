//! A call's recording: both sides at their places, nothing of a PIN, nothing without consent, and what a killed gateway leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use callwright_loadtest::{LoadConfig, NoObserver, Outcome, Scenario, run};
use callwright_tests::{Airline, Gateway, Settings, command, repository};
use sha2::{Digest as _, Sha512};

use crate::sound;

fn recorded(airline: &Airline, when: &str) -> Gateway {
    let line = format!("recording = \"{when}\"");
    Gateway::start(&Settings { airline: airline.url(), line, alone: true, ..Settings::default() })
}

/// Plays a scenario; tells what the caller's own telephone kept.
async fn call(gateway: &Gateway, scenario: &Path) -> (PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = Arc::new(Scenario::load(scenario).expect("it is right"));
    let config = LoadConfig {
        calls: 1,
        wav_dir: Some(folder.path().to_owned()),
        ..LoadConfig::new(format!("sip:airline@{}", gateway.sip), scenario)
    };
    let report = run(config, Arc::new(NoObserver), |_| {}).await.expect("the call can be placed");
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}\n{}", gateway.log());
    let mut files = std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path());
    (files.find(|file| file.extension().is_some_and(|ending| ending == "wav")).expect("a WAV"), folder)
}

fn scenario(folder: &Path, steps: &str) -> PathBuf {
    let fixtures = repository().join("audio-fixtures");
    let file = folder.join("scenario.yaml");
    let text = format!("scenario: short\nsummary: Short.\nsteps:\n{steps}")
        .replace("@", &fixtures.display().to_string());
    std::fs::write(&file, text).expect("written");
    file
}

fn stop(gateway: &mut Gateway) {
    gateway.terminate();
    let status = tokio::task::block_in_place(|| gateway.wait(Duration::from_secs(30)));
    assert!(status.success(), "{}", gateway.log());
}

fn recording(gateway: &Gateway, args: &[&str]) -> (bool, String) {
    let config = gateway.folder.path().join("callwright.toml");
    let output = command().arg("recording").args(args).arg("--config").arg(config).output();
    let output = output.expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The calls that there are recordings of.
fn calls(gateway: &Gateway) -> Vec<String> {
    let (listed, text) = recording(gateway, &["list"]);
    assert!(listed, "{text}");
    let lines = text.lines().filter(|line| line.starts_with("20"));
    lines.filter_map(|line| Some(line.split_whitespace().nth(1)?.to_owned())).collect()
}

/// Exports the only recording: its two sides at 16 kHz, and what was said about it.
fn exported(gateway: &Gateway) -> (Vec<i16>, Vec<i16>, String) {
    let calls = calls(gateway);
    assert_eq!(calls.len(), 1, "{calls:?}");
    let wav = gateway.folder.path().join("out.wav");
    let (done, told) = recording(gateway, &["export", &calls[0], "-o", wav.to_str().expect("UTF-8")]);
    assert!(done, "{told}");
    let mut wav = hound::WavReader::open(wav).expect("a WAV");
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 16_000));
    let samples: Vec<i16> = wav.samples::<i16>().map(|sample| sample.expect("a sample")).collect();
    let (left, right) = samples.as_chunks::<2>().0.iter().map(|[left, right]| (*left, *right)).unzip();
    (left, right, told)
}

/// By how many 20 ms the second envelope is later than the first, where they are most alike, and how alike.
fn lag(first: &[f64], second: &[f64]) -> (i64, f64) {
    let alike = |lag: i64| {
        let pairs = first
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((*one, *second.get(usize::try_from(at as i64 + lag).ok()?)?)));
        let (mut product, mut one, mut other) = (0.0, 1e-9, 1e-9);
        for (a, b) in pairs {
            product += a * b;
            one += a * a;
            other += b * b;
        }
        product / f64::sqrt(one * other)
    };
    (-150..150).map(|lag| (lag, alike(lag))).max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are lags")
}

fn halved(samples: &[i16]) -> Vec<i16> {
    samples.as_chunks::<2>().0.iter().map(|[one, two]| one.midpoint(*two)).collect()
}

/// The seconds of a "left out" line.
fn span(line: &str) -> (f64, f64) {
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (numbers[0], numbers[1])
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_at_their_places_and_the_pin_is_not_there() {
    let airline = Airline::start().await;
    let mut gateway = recorded(&airline, "always");
    let (own, _folder) = call(&gateway, &repository().join("audio-fixtures/scenarios/rebook.yaml")).await;
    stop(&mut gateway);
    let (caller, sent, told) = exported(&gateway);

    // The caller's own telephone recorded the same call: each side is as late against it, but for the jitter buffers between.
    let mut own = hound::WavReader::open(own).expect("a WAV");
    let half = own.spec().sample_rate == 16_000;
    let samples: Vec<i16> = own.samples::<i16>().map(|sample| sample.expect("a sample")).collect();
    let (said, heard): (Vec<i16>, Vec<i16>) =
        samples.as_chunks::<2>().0.iter().map(|[left, right]| (*left, *right)).unzip();
    let narrow = |side: &[i16]| if half { halved(side) } else { side.to_vec() };
    let left = lag(&sound::envelope(&narrow(&said)), &sound::envelope(&halved(&caller)));
    let right = lag(&sound::envelope(&narrow(&heard)), &sound::envelope(&halved(&sent)));
    assert!(left.1 > 0.8 && right.1 > 0.9, "alike: {left:?} {right:?}\n{told}");
    assert!((left.0 - right.0).abs() <= 10, "the sides are 200 ms apart: {left:?} {right:?}");

    let paused =
        told.lines().find(|line| line.contains("a secret was asked for")).expect("the PIN was asked for");
    let (from, to) = span(paused);
    assert!(to - from > 2.0, "question and answer: {paused}");
    let (from, to) = ((from * 16_000.0) as usize, (to * 16_000.0) as usize);
    assert!(caller[from..to].iter().chain(&sent[from..to]).all(|&sample| sample == 0), "silence");
    assert!(!told.contains("cut off"), "{told}");
    a_vcon_tells_the_same(&gateway, (caller.len() + sent.len()) * size_of::<i16>());
}

/// The recording as a vCon has it, beside it and inside; and nothing of what was left out.
fn a_vcon_tells_the_same(gateway: &Gateway, sound_bytes: usize) {
    let (call, folder) = (calls(gateway).remove(0), gateway.folder.path());
    let (config, to) = (folder.join("callwright.toml"), folder.join("call.vcon.json"));
    let vcon = |how: &[&str]| {
        let output =
            command().args(["vcon", &call, "-o"]).arg(&to).arg("--config").arg(&config).args(how).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = std::fs::read_to_string(&to).expect("it is there");
        assert!(!text.contains("4821") && !text.contains("four eight two one"), "the PIN");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let beside = vcon(&["--sound-at", "https://media.example/calls/"]);
    let recording = &beside["dialog"][0];
    assert_eq!(recording["url"], format!("https://media.example/calls/{call}.wav"));
    let wav = std::fs::read(folder.join(format!("{call}.wav"))).expect("beside it");
    let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    assert_eq!(recording["content_hash"], format!("sha512-{}", encoded(&Sha512::digest(&wav))));
    let inline = vcon(&["--inline"]);
    assert_eq!(inline["dialog"][0]["body"], encoded(&wav));
    assert_eq!(wav.len() - sound_bytes, 44, "the head of a WAV, and the sound that was exported");

    let attached = |purpose: &str| {
        let all = inline["attachments"].as_array().expect("a list").iter();
        let body = all.clone().find(|one| one["purpose"] == purpose).and_then(|one| one["body"].as_str());
        serde_json::from_str::<serde_json::Value>(body.expect("it is attached")).expect("JSON")
    };
    assert_eq!(attached("callwright.left_out")[0]["why"], "a secret was asked for");
    let plan = attached("callwright.plan");
    let committed = |step: &&serde_json::Value| step["kind"] == "write" && step["state"] == "committed";
    let committed = plan["steps"].as_array().expect("a list").iter().filter(committed);
    assert_eq!((plan["skill"].as_str(), committed.count()), (Some("rebook"), 4), "{plan:#}");
    let said = inline["analysis"][0]["body"].as_str().expect("a text");
    assert!(said.contains("my flight was cancelled"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_yes_is_recorded() {
    let airline = Airline::start().await;
    let mut gateway = recorded(&airline, "consent");
    let folder = tempfile::tempdir().expect("a folder");
    let no =
        scenario(folder.path(), "  - say: @/en-no.wav\n  - say: @/en-goodbye.wav\n  - wait_end: 12000\n");
    let (_own, _kept) = call(&gateway, &no).await;
    let yes =
        scenario(folder.path(), "  - say: @/en-yes.wav\n  - say: @/en-goodbye.wav\n  - wait_end: 12000\n");
    let (_own, _kept) = call(&gateway, &yes).await;
    stop(&mut gateway);

    let (_, sent, told) = exported(&gateway);
    assert!(sent.iter().any(|sample| sample.saturating_abs() > 1_000), "the greeting is there: {told}");
    let (recorded, folder) = (calls(&gateway), gateway.folder.path().join("calls"));
    let mut answers = Vec::new();
    for file in std::fs::read_dir(folder).expect("journals").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("it can be read");
        let consent = text.lines().find(|line| line.contains(r#""consent":{"what":"recording""#));
        let given = consent.expect("the answer is a fact of the call").contains(r#""given":true"#);
        answers
            .push((given, recorded.iter().any(|call| file.path().to_string_lossy().contains(call.as_str()))));
    }
    answers.sort_unstable();
    assert_eq!(answers, [(false, false), (true, true)], "consent and recording");

    assert!(recording(&gateway, &["erase", &recorded[0]]).0);
    assert!(calls(&gateway).is_empty());
    let (found, told) = recording(&gateway, &["export", &recorded[0], "-o", "x.wav"]);
    assert!(!found && told.contains("no recording of call"), "{told}");
}
