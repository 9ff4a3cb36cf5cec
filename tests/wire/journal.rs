//! The journal of a real call: what the floor decided, what was heard, nothing of the PIN, and the same decisions once more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callwright_loadtest::{LoadConfig, NoObserver, Outcome, Scenario, run};
use callwright_tests::{Airline, Gateway, Settings, command, repository};
use serde_json::Value;

/// The only journal of a gateway that has stopped.
fn journal(gateway: &Gateway) -> (PathBuf, String) {
    let folder = gateway.folder.path().join("calls");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("there is one")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files.remove(0);
    let text = std::fs::read_to_string(&file).expect("it can be read");
    (file, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_leaves_its_verdicts_and_heard_words_and_replays() {
    let airline = Airline::start().await;
    let mut gateway =
        Gateway::start(&Settings { airline: airline.url(), alone: true, ..Settings::default() });
    let scenario = repository().join("audio-fixtures/scenarios/rebook.yaml");
    let scenario = Arc::new(Scenario::load(&scenario).expect("it is right"));
    let config = LoadConfig { calls: 1, ..LoadConfig::new(format!("sip:airline@{}", gateway.sip), scenario) };
    let report = run(config, Arc::new(NoObserver), |_| {}).await.expect("the call can be placed");
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}");
    gateway.terminate();
    let status = tokio::task::block_in_place(|| gateway.wait(Duration::from_secs(30)));
    assert!(status.success(), "{}", gateway.log());

    let (file, text) = journal(&gateway);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told = |what: &'static str| lines.iter().filter_map(move |line| line["do"]["tell"].get(what));
    let interruption = told("judged").find(|judged| judged["verdict"] == "interruption");
    let evidence = &interruption.expect("the caller cuts into the list of flights")["evidence"];
    assert!(evidence["rule"].is_string() && evidence["voiced"]["nanos"].is_u64(), "{evidence}");
    let cut = told("barged_in").next().expect("they took the floor");
    let stopped = told("agent_stopped").find(|stopped| stopped["say"] == cut["say"]).expect("it stopped");
    let says = told("agent_says").find(|says| says["say"] == cut["say"]).expect("it was said");
    let (heard, unheard) =
        (stopped["heard"].as_str().expect("words"), stopped["unheard"].as_str().expect("words"));
    assert!(!heard.is_empty() && !unheard.is_empty(), "{stopped}");
    assert_eq!(Some(format!("{heard} {unheard}").as_str()), says["text"].as_str(), "{stopped}");
    assert!(told("plan").any(|event| event["fact"].get("step_committed").is_some()), "steps are there");
    assert!(lines.last().expect("lines")["end"]["reason"].is_string(), "{text}");
    // Before it is asked for, the booking's code may be heard as some of its digits.
    let asked = |line: &&Value| {
        line["do"]["tell"]["agent_says"]["text"].as_str().is_some_and(|text| text.contains("PIN"))
    };
    let after = lines.iter().skip_while(|line| !asked(line));
    assert!(after.clone().count() > 20, "the PIN is asked for: {text}");
    for line in after.map(|line| without_numbers(line).to_string()) {
        for trace in ["4821", "four eight", "eight two", "two one"] {
            assert!(!line.contains(trace), "{trace} of the PIN is in\n{line}");
        }
    }

    let replay = || command().arg("replay").arg(&file).output().expect("it runs");
    let same = replay();
    let printed = String::from_utf8_lossy(&same.stdout);
    assert!(same.status.success() && printed.starts_with("the same: "), "{printed}\n{text}");
    std::fs::write(&file, text.replacen("\"interruptible\":true", "\"interruptible\":false", 1))
        .expect("ours");
    let other = replay();
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    assert!(String::from_utf8_lossy(&other.stdout).starts_with("line "), "{other:?}");
    std::fs::write(&file, "no journal\n").expect("ours");
    let none = replay();
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    assert!(String::from_utf8_lossy(&none.stderr).contains("no journal's"), "{none:?}");
}

/// What is written in words: among hundreds of times one has the digits of a PIN now and then.
fn without_numbers(value: &Value) -> Value {
    match value {
        Value::Number(_) => Value::Null,
        Value::Array(values) => values.iter().map(without_numbers).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), without_numbers(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}
