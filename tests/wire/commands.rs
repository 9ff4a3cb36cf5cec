//! Commands as people type them, with the mistakes that people make.

use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use callwright_tests::{Place, command, repository};

fn callwright(arguments: &[&str]) -> Output {
    let _place = Place::take(false);
    command().args(arguments).current_dir(repository()).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn calls_to_nobody_are_refused_before_they_begin() {
    let scenario = "audio-fixtures/scenarios/greeting.yaml";
    let begun = Instant::now();
    for to in ["nonsense", "sip:@", "sip:desk@127.0.0.1:1"] {
        let output = callwright(&["load", "--to", to, "--scenario", scenario]);
        assert!(!output.status.success());
        assert!(said(&output).contains(&format!("`{to}` cannot be called")), "{}", said(&output));
    }
    let output = callwright(&["call", "sip:desk@127.0.0.1:1", "--scenario", scenario]);
    assert!(!output.status.success());
    assert!(said(&output).contains("nothing listens"), "{}", said(&output));
    assert!(begun.elapsed() < Duration::from_secs(15), "a closed port is told at once");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_calls() {
    let scenario = "audio-fixtures/scenarios/greeting.yaml";
    let to = "sip:airline@127.0.0.1:1";
    let output =
        callwright(&["load", "--to", to, "--scenario", scenario, "--report", "/no/such/folder/r.json"]);
    assert!(!output.status.success());
    assert!(said(&output).contains("cannot write the report to /no/such/folder/r.json"), "{}", said(&output));
}

#[test]
fn a_rehearsal_is_the_same_every_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("short.toml");
    std::fs::write(&profile, "base = \"regular\"\nlength_s_max = 50\n").expect("the disk has room");
    let profile = profile.to_str().expect("UTF-8");
    let rehearse = |name: &str| {
        let report = folder.path().join(name);
        let file = report.to_str().expect("UTF-8");
        let calls =
            ["load", "--duplex", profile, "--rehearse", "--calls", "1", "--seed", "3", "--report", file];
        let output = callwright(&calls);
        let text =
            std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        report["events"].clone()
    };
    let first = rehearse("first.json");
    let answered = first.as_array().expect("a list").iter().filter(|event| event["figure"] == "response");
    assert!(answered.count() >= 5, "a conversation: {first:#}");
    assert_eq!(first, rehearse("second.json"));
}

#[test]
fn models_say_what_is_known_of_them() {
    let listed = said(&callwright(&["models", "list"]));
    assert!(listed.lines().filter(|line| line.trim().starts_with("sha256")).count() >= 5, "{listed}");
    let unknown = callwright(&["models", "fetch", "nope"]);
    assert!(!unknown.status.success());
    assert!(said(&unknown).contains("there are whisper-tiny, whisper-base"), "{}", said(&unknown));
    let verified = callwright(&["models", "verify", "--dir", "/no/such/folder"]);
    assert!(!verified.status.success());
    assert!(said(&verified).contains("there is no folder"), "{}", said(&verified));
}

#[test]
fn a_plan_is_shown_without_doing_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let facts = |text: &str| {
        let file = folder.path().join("facts.yaml");
        std::fs::write(&file, text).expect("the disk has room");
        file.to_str().expect("UTF-8").to_owned()
    };
    // No system runs here: what is printed was read from the files alone.
    let whole = callwright(&["plan", "--skill", "rebook", "--facts", "skills/airline/facts/rebook.yaml"]);
    assert!(whole.status.success(), "{}", said(&whole));
    assert!(said(&whole).contains("it would write 4 time(s); nothing was written"), "{}", said(&whole));
    let begun = facts("inputs: { code: K7M4X2, pin: '4821' }");
    let stopped = callwright(&["plan", "--skill", "cancel", "--facts", &begun, "--json"]);
    assert_eq!(stopped.status.code(), Some(3), "{}", said(&stopped));
    let json: serde_json::Value = serde_json::from_slice(&stopped.stdout).expect("JSON");
    assert_eq!((&json["state"], &json["missing"]["read"]), (&"missing".into(), &"find_booking".into()));
    let wrong = callwright(&["plan", "--skill", "cancel", "--facts", &facts("input: {}")]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("facts.yaml:1: error: `input` is not a key"), "{}", said(&wrong));
    let drawn = callwright(&["plan", "--skill", "return", "--diagram"]);
    assert!(drawn.status.success() && said(&drawn).starts_with("flowchart TD\n"), "{}", said(&drawn));
    let unknown = callwright(&["plan", "--skill", "nope", "--diagram"]);
    assert!(!unknown.status.success() && said(&unknown).contains("no pack has a skill `nope`"));
}

#[test]
fn a_reader_who_goes_before_the_end_is_no_error() {
    let _place = Place::take(false);
    let gone = || std::io::pipe().expect("a pipe").1;
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["models", "list"], 0),
        (&["check", "skills/airline"], 0),
        (&["chat"], 0),
        (&["load", "--duplex", "control", "--calls", "1", "--to", "nonsense"], 1),
        (&["call", "nonsense", "--scenario", "audio-fixtures/scenarios/greeting.yaml"], 1),
    ] {
        // The other ends of both pipes are closed before anything is written.
        let status = command()
            .args(arguments)
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(gone())
            .stderr(gone())
            .status()
            .expect("the program starts");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn callers_who_are_made_up_warn_of_no_model_that_they_do_not_use() {
    let output = callwright(&["load", "--duplex", "control", "--calls", "1", "--to", "nonsense"]);
    let told = said(&output);
    assert!(told.contains("making the sounds") && told.contains("`nonsense` is not a SIP URI"), "{told}");
    assert!(!told.contains("WARN"), "{told}");
}

#[test]
fn a_typed_line_that_is_no_text_is_told_and_the_talk_goes_on() {
    let _place = Place::take(false);
    let mut chat = command()
        .arg("chat")
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = chat.stdin.take().expect("it is piped");
    input.write_all(b"\xff\xfe\nmy flight was cancelled\nK7M4X2\n4821\nbye\n").expect("it reads");
    drop(input);
    let output = chat.wait_with_output().expect("it ends");
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("a line was left out, for it is not UTF-8"), "{told}");
    assert!(told.contains("[rebook ") && told.contains("[code: "), "{told}");
    assert!(told.contains("[pin: ••••]"), "a secret is not shown:\n{told}");
    assert!(!told.contains("[none"), "an answer does not look like a failure:\n{told}");
}

#[test]
fn a_fault_that_no_system_knows_is_refused() {
    let unknown = callwright(&["demo", "--fault", "launch_rocket=refuse"]);
    assert!(!unknown.status.success());
    assert!(
        said(&unknown).contains("neither the airline nor the shop does `launch_rocket`"),
        "{}",
        said(&unknown)
    );
    let misspelt = callwright(&["serve", "--demo", "--fault", "assign_seat=explode"]);
    assert!(said(&misspelt).contains("ACTION=lost-reply"), "{}", said(&misspelt));
}

#[test]
fn the_demo_shows_a_rebooking_also_when_an_answer_is_lost() {
    let _place = Place::take(true);
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let output = command()
        .args(["demo", "--fault", "assign_seat=lost-reply", "--report"])
        .arg(&report)
        .current_dir(repository())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(&report).expect("the report is written");
    let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    for key in ["ok", "booking_changed", "confirmed_after_receipts", "bridged_to_human"] {
        assert_eq!(report[key], true, "{key}: {text}");
    }
    for latency in ["response_latency_s", "yield_latency_s"] {
        for key in ["mean", "p50", "p95", "n"] {
            assert!(report[latency][key].is_number(), "{latency}.{key}: {text}");
        }
    }
    assert!(
        report["recogniser"].is_string() && report["calls"].as_array().is_some_and(|calls| calls.len() == 2)
    );
}
