//! A caller who calls again: they hear after the PIN how it ended what they had hung up on, once; nobody else hears it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callwright_demo_backends::FaultKind;
use callwright_loadtest::{LoadConfig, NoObserver, Outcome, Scenario, run};
use callwright_tests::{Airline, Gateway, Settings, eventually, repository};
use serde_json::Value;

use crate::events::Events;

/// Plays a scenario, and gives the identity of its call.
async fn call(gateway: &Gateway, events: &mut Events, scenario: Scenario) -> String {
    let config = LoadConfig {
        calls: 1,
        ..LoadConfig::new(format!("sip:airline@{}", gateway.sip), Arc::new(scenario))
    };
    let report = run(config, Arc::new(NoObserver), |_| {}).await.expect("the call can be placed");
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}");
    events.call_on("airline").await
}

/// The journal of a call, line by line. It is whole once the gateway has stopped.
fn journal(gateway: &Gateway, call: &str) -> Vec<Value> {
    let folder = std::fs::read_dir(gateway.folder.path().join("calls")).expect("there are journals");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let file = files.into_iter().find(|file| file.to_string_lossy().contains(call)).expect("one of the call");
    let text = std::fs::read_to_string(file).expect("it can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Who asks for the same again, with this booking, and listens.
fn again(code: &str, pin: &str) -> Scenario {
    let folder = repository().join("audio-fixtures/scenarios");
    let text = format!(
        "scenario: again\nsummary: The caller asks for the same again, shows who they are, and listens.\nsteps:\n\
         - say: ../en-cancelled.wav\n- say: ../en-code-{code}.wav\n- say: ../en-pin-{pin}.wav\n\
         - say: ../en-goodbye.wav\n  after_silence_ms: 2500\n  patience_ms: 60000\n- wait_end: 12000\n"
    );
    Scenario::parse("again.yaml", &text, &folder).expect("it is right")
}

fn recorded(name: &str) -> Scenario {
    Scenario::load(&Path::new(repository()).join("audio-fixtures/scenarios").join(name)).expect("it is right")
}

/// What the agent said, and how it was heard.
fn said(lines: &[Value]) -> String {
    let says = lines.iter().filter_map(|line| line["do"]["tell"]["agent_says"]["text"].as_str());
    says.collect::<Vec<_>>().join("\n")
}

fn recalled(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter_map(|line| line["fact"].get("recalled")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hung_up_in_mid_plan_hears_the_outcome_in_the_next_call_and_only_they() {
    let airline = Airline::start().await;
    let mut gateway =
        Gateway::start(&Settings { airline: airline.url(), alone: true, ..Settings::default() });
    let mut events = Events::follow(&gateway);
    // Together longer than the caller stays after the yes; each shorter than the core waits for an answer.
    for action in ["assign_seat", "apply_credit", "update_booking", "send_confirmation"] {
        airline.handle.faults().once(action, FaultKind::Delay(Duration::from_millis(1_500)));
    }
    let first = call(&gateway, &mut events, recorded("hang-up-after-yes.yaml")).await;
    eventually("the plan is done", || gateway.get("/v1/plans"), |plans| plans.contains("completed"));
    let stranger = call(&gateway, &mut events, again("p3t9q5", "7730")).await;
    let second = call(&gateway, &mut events, again("k7m4x2", "4821")).await;
    let third = call(&gateway, &mut events, again("k7m4x2", "4821")).await;
    gateway.terminate();
    let status = tokio::task::block_in_place(|| gateway.wait(Duration::from_secs(30)));
    assert!(status.success(), "{}", gateway.log());
    let [first, stranger, second, third] =
        [first, stranger, second, third].map(|call| journal(&gateway, &call));

    assert!(!said(&first).contains("You are booked"), "they hear nothing of it:\n{}", said(&first));

    assert!(!said(&stranger).contains("last time"), "it is not theirs:\n{}", said(&stranger));
    let told = recalled(&stranger);
    assert!(told.iter().all(|told| told[1]["plans"].as_array().is_none_or(Vec::is_empty)), "{told:#?}");

    let heard = said(&second);
    let place = |what: &str| heard.find(what).unwrap_or_else(|| panic!("`{what}` is not in\n{heard}"));
    assert!(place("PIN") < place("last time you wanted to rebook a cancelled flight"), "{heard}");
    assert!(place("last time you wanted to") < place("You are booked on the flight"), "{heard}");
    // The journal of the call has what was remembered, and that it was heard.
    assert_eq!(recalled(&second).len(), 1, "asked once");
    assert!(second.iter().any(|line| line["do"]["heard"].is_string()), "{second:#?}");
    let noted = |line: &Value| line["do"]["tell"]["note"]["remembered"]["what"] == "outcome";
    assert!(second.iter().any(noted), "{second:#?}");

    assert!(!said(&third).contains("last time"), "once:\n{}", said(&third));
    assert_eq!(recalled(&third)[0][1]["plans"][0]["heard"], true, "{:#?}", recalled(&third));
}
