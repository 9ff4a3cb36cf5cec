//! Scripted parties on both ends of real SIP calls over loopback.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callwright_loadtest::{
    AnswerHabit, Call, Callee, CalleeConfig, Hearing, Kind, LoadConfig, LoadError, NoObserver, Outcome,
    PartyEvent, PartyFact, Phones, Scenario, run, segments,
};
use callwright_model::Codec;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../audio-fixtures")
}

fn scenario(steps: &str) -> Arc<Scenario> {
    let text = format!("scenario: test\npatience_ms: 8000\nsteps:\n{steps}");
    Arc::new(Scenario::parse("test.yaml", &text, &fixtures()).expect("a good scenario"))
}

async fn callee(config: CalleeConfig) -> Callee {
    Callee::start(config, Arc::new(NoObserver)).await.expect("a free port")
}

async fn phones() -> Phones {
    Phones::start(([127, 0, 0, 1], 0).into()).await.expect("a free port").0
}

/// Left and right of a recording.
fn sides(path: &Path) -> (Vec<i16>, Vec<i16>) {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, 16_000));
    let all: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("a whole file");
    (all.iter().step_by(2).copied().collect(), all.iter().skip(1).step_by(2).copied().collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_parties_talk_and_the_caller_measures_the_answer() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = callee(CalleeConfig {
            answer: AnswerHabit::After(Duration::from_millis(100)),
            wav_dir: Some(folder.path().to_owned()),
            ..CalleeConfig::new(
                "desk",
                scenario(
                    "  - say: en-yes.wav\n    at_once: true\n  - say: en-first.wav\n    after_silence_ms: 600\n  \
                     - dtmf: \"7\"\n    at_once: true\n  - wait_end: 5000\n",
                ),
            )
        })
        .await;
        let happened = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&happened);
        let observer = Arc::new(move |event: PartyEvent| log.lock().expect("nobody panics").push(event.fact));
        let phones = phones().await;
        let call = Call {
            codecs: vec![codec],
            recording: Some(folder.path().join("caller.wav")),
            ..Call::new(
                desk.address(),
                scenario(
                    "  - say: en-pin-4821.wav\n    after_silence_ms: 500\n  - dtmf: \"4#\"\n  - pause: 200\n",
                ),
            )
        };
        let report = phones.call(call, observer).await;
        assert_eq!(report.outcome, Outcome::Completed, "{report:#?}");
        let turn = &report.turns[0];
        // The desk answers 600 ms after it heard our last sound. On top of that come the 20 ms of our packet, its tick, the
        // moment by which its ear lags, and the 60 ms of silence that its clip begins with.
        let latency = turn.response_latency_s.expect("the desk answers");
        assert!((0.60..0.90).contains(&latency), "{codec:?}: {latency}");
        assert_eq!(turn.kind, Kind::Turn);
        assert_eq!(report.turns[1].kind, Kind::Keys);
        assert_eq!(report.keys_heard, "7");
        assert!(report.setup_s.is_some_and(|setup| setup >= 0.1), "{:?}", report.setup_s);
        assert_eq!(report.network.lost, 0);
        assert!(report.network.packets > 100, "{:?}", report.network);

        let desk_report = desk.next_report().await.expect("the desk had a call");
        assert_eq!(desk_report.outcome, Outcome::Completed, "{desk_report:#?}");
        assert_eq!(desk_report.keys_heard, "4#");

        let (left, right) = sides(&folder.path().join("caller.wav"));
        assert_eq!(segments(&left, Hearing::default()).len(), 1, "what we said is left");
        assert_eq!(segments(&right, Hearing::default()).len(), 2, "what the desk said is right");
        let (_, heard_by_desk) = sides(&folder.path().join("desk-1.wav"));
        assert_eq!(segments(&heard_by_desk, Hearing::default()).len(), 1, "the desk heard us");

        let happened = happened.lock().expect("nobody panics").clone();
        let answer = happened.iter().any(|fact| {
            matches!(fact, PartyFact::HeardStart { response_latency: Some(told) } if (told.as_secs_f64() - latency).abs() < 1e-9)
        });
        assert!(answer, "the live figure is the report's: {happened:#?}");
        assert!(matches!(happened.first(), Some(PartyFact::Ringing)));
        assert!(matches!(happened.last(), Some(PartyFact::Ended { outcome: Outcome::Completed })));
        let words = Some("four eight two one".to_owned());
        assert!(happened.contains(&PartyFact::SayStarted {
            name: "en-pin-4821".to_owned(),
            words,
            kind: Kind::Turn
        }));
        phones.shutdown().await;
        desk.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_talks_on_is_told_not_to_have_yielded() {
    let desk = callee(CalleeConfig::new(
        "desk",
        scenario("  - say: en-cancelled.wav\n    at_once: true\n  - wait_end: 5000\n"),
    ))
    .await;
    let phones = phones().await;
    let steps = "  - interrupt: en-no.wav\n    after_ms: 700\n  - pause: 3000\n";
    let report = phones.call(Call::new(desk.address(), scenario(steps)), Arc::new(NoObserver)).await;
    assert_eq!(report.outcome, Outcome::Completed, "{report:#?}");
    assert_eq!(report.turns[0].kind, Kind::Interruption);
    assert_eq!(report.turns[0].yielded, Some(false), "{report:#?}");
    phones.shutdown().await;
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_in_which_a_call_fails_has_its_outcome() {
    let phones = phones().await;
    let place = async |to: String, steps: &str| {
        let call = Call { answer_time: Duration::from_secs(1), ..Call::new(to, scenario(steps)) };
        phones.call(call, Arc::new(NoObserver)).await.outcome
    };
    let with = async |answer, steps: &str| {
        callee(CalleeConfig { answer, ..CalleeConfig::new("desk", scenario(steps)) }).await
    };
    let soon = AnswerHabit::After(Duration::from_millis(10));

    let busy = with(AnswerHabit::Refuse(486), "  - hangup\n").await;
    let outcome = place(busy.address(), "  - hangup\n").await;
    assert!(matches!(outcome, Outcome::Refused { status: 486, .. }), "{outcome}");

    let away = with(AnswerHabit::Never, "  - hangup\n").await;
    assert_eq!(place(away.address(), "  - hangup\n").await, Outcome::NoAnswer);

    let silent = with(soon, "  - wait_end: 8000\n").await;
    let outcome = place(silent.address(), "  - expect_speech: 300\n").await;
    assert_eq!(outcome, Outcome::ScenarioFailed { step: 1, why: "no sound within 300 ms".to_owned() });

    let rude = with(soon, "  - pause: 200\n  - hangup\n").await;
    assert_eq!(place(rude.address(), "  - say: en-yes.wav\n").await, Outcome::HungUpEarly { step: 1 });

    let outcome = place("sip:".to_owned(), "  - hangup\n").await;
    assert!(matches!(&outcome, Outcome::Error { what } if what.contains("SIP URI")), "{outcome}");
    for desk in [busy, away, silent, rude] {
        desk.shutdown().await;
    }
    phones.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_its_owner_drops_is_hung_up() {
    let desk = callee(CalleeConfig::new(
        "desk",
        scenario("  - say: en-cancelled.wav\n    at_once: true\n  - say: en-yes.wav\n"),
    ))
    .await;
    let phones = phones().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let observer = Arc::new(move |event: PartyEvent| {
        if matches!(event.fact, PartyFact::HeardStart { .. }) {
            let _ = tell.send(());
        }
    });
    tokio::select! {
        report = phones.call(Call::new(desk.address(), scenario("  - pause: 60000\n")), observer) => {
            panic!("it goes on for a minute: {report:#?}");
        }
        heard = told.recv() => assert!(heard.is_some()),
    }
    let report = desk.next_report().await.expect("the desk had a call");
    assert_eq!(report.outcome, Outcome::HungUpEarly { step: 1 });
    phones.shutdown().await;
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_places_its_calls_in_the_width_asked_for() {
    let steps = "  - say: en-yes.wav\n    at_once: true\n  - wait_end: 8000\n";
    let desk = callee(CalleeConfig {
        answer: AnswerHabit::After(Duration::from_millis(10)),
        ..CalleeConfig::new("desk", scenario(steps))
    })
    .await;
    let config = LoadConfig {
        calls: 5,
        concurrent: 2,
        rate: 50.0,
        ..LoadConfig::new(desk.address(), scenario("  - expect_speech: 3000\n  - pause: 300\n"))
    };
    let mut over = 0;
    let report = run(config, Arc::new(NoObserver), |progress| {
        assert!(progress.placed - progress.over <= 2, "{progress:?}");
        over = progress.over;
    })
    .await
    .expect("it begins");
    assert_eq!((over, report.calls_completed, report.concurrent_max), (5, 5, 2), "{report}");
    assert_eq!(report.outcomes["completed"], 5);
    let numbers: Vec<u64> = report.calls.iter().map(|call| call.call).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let json = serde_json::to_value(&report).expect("plain data");
    assert_eq!(json["setup_s"]["n"], 5);
    assert!(json["response_latency_s"]["mean"].is_null(), "nothing was said, so nothing was measured");
    desk.shutdown().await;
}

#[tokio::test]
async fn settings_without_meaning_are_refused() {
    let good = LoadConfig::new("sip:a@127.0.0.1", scenario("  - hangup\n"));
    let bad = [
        LoadConfig { calls: 0, ..good.clone() },
        LoadConfig { concurrent: 0, ..good.clone() },
        LoadConfig { rate: f64::NAN, ..good.clone() },
        LoadConfig { rate: 0.0, ..good.clone() },
        LoadConfig { codecs: Vec::new(), ..good.clone() },
    ];
    for config in bad {
        let refused = run(config, Arc::new(NoObserver), |_| {}).await;
        assert!(matches!(refused, Err(LoadError::Setting(_))), "{refused:?}");
    }
}

#[test]
fn every_scenario_of_the_fixtures_loads() {
    let folder = fixtures().join("scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if let Err(problems) = Scenario::load(&path) {
            panic!("{}: {problems:#?}", path.display());
        }
        count += 1;
    }
    assert!(count >= 8, "{count}");
}
