//! A person asks for what is kept of them, and then that it be erased, from the command line of whoever runs the core.

use std::path::Path;
use std::process::{Command, Output};

use callwright_model::CallId;
use callwright_tests::{Airline, CoreAlone, Place, command, repository};

fn callwright(arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(repository()).output().expect("the program starts")
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const CALL: CallId = CallId(0x70ad);

/// The gateway's journal of the same call, as far as it matters here.
fn journal_of_a_call(folder: &Path) {
    std::fs::create_dir(folder).expect("made");
    let rows = [
        format!(r#"{{"journal":1,"call":"{CALL}","started_unix_ms":1795723338722,"line":"airline","caller":null}}"#),
        r#"{"at_ms":900.0,"do":{"tell":{"caller_said":{"turn":1,"words":"my flight was cancelled","language":"en"}}}}"#.to_owned(),
    ];
    std::fs::write(folder.join(format!("2026-11-26T200218Z-{CALL}.jsonl")), rows.join("\n"))
        .expect("written");
    std::fs::write(folder.join("2026-11-26T200218Z-00000000000000ff.jsonl"), "{}").expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_gets_what_is_kept_of_them_and_has_it_erased() {
    let _place = Place::take(false);
    let airline = Airline::start().await;
    let core = CoreAlone::start(&airline.url(), "", "", &[]);
    let plan = core.rebook(CALL).await;
    let (calls, vcons) = (core.folder.path().join("calls"), core.folder.path().join("vcons"));
    journal_of_a_call(&calls);
    let recordings = core.folder.path().join("recordings");
    let recording = recordings.join(format!("2026-11-26T200218Z-{CALL}.rec"));
    std::fs::create_dir(&recordings).expect("made");
    for file in [&recording, &recording.with_extension("key")] {
        std::fs::write(file, "x").expect("written");
    }
    let url = core.url();
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (calls_text, vcons_text, recordings_text) = (text(&calls), text(&vcons), text(&recordings));
    let whose = [
        ["--pack", "airline", "--identity", "K7M4X2", "--core"].as_slice(),
        &[&url, "--calls", &calls_text, "--recordings", &recordings_text],
    ]
    .concat();

    let lines = printed(&callwright(&[&["journey", "export", "--vcon", &vcons_text][..], &whose].concat()));
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[1]["plan"]), (12, &plan.0.clone().into()), "{lines:#?}");
    let vcon = std::fs::read_to_string(vcons.join(format!("{CALL}.vcon.json"))).expect("it is there");
    let vcon: serde_json::Value = serde_json::from_str(&vcon).expect("JSON");
    assert_eq!(vcon["dialog"][0]["body"], "my flight was cancelled");
    let plan = vcon["attachments"][0]["body"].as_str().expect("a text");
    let plan: serde_json::Value = serde_json::from_str(plan).expect("JSON");
    let receipts = plan["events"].as_array().expect("a list");
    let committed = receipts.iter().filter(|event| event["what"]["event"] == "step_committed");
    assert_eq!(committed.count(), 4);

    let told = printed(&callwright(&[&["journey", "erase"][..], &whose].concat()));
    assert!(told.contains("plans erased: 1\n") && told.contains("journals of calls deleted: 1\n"), "{told}");
    assert!(told.contains("recordings of calls erased: 1\n"), "{told}");
    assert!(!recording.exists() && !recording.with_extension("key").exists(), "nor can its key be had");
    assert_eq!(std::fs::read_dir(&calls).expect("a folder").count(), 1, "those of others stay");
    let again = callwright(&[&["journey", "export"][..], &whose].concat());
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing is kept of them"));

    let file = core.folder.path().join("plans.sqlite");
    let verified = printed(&callwright(&["audit", "verify", "--journal", &text(&file)]));
    assert!(verified.contains("everything is as it was written"), "{verified}");
    assert!(verified.contains("erased:    11 of all these"), "{verified}");
    let script = Command::new("python3").arg(repository().join("scripts/audit-journal")).arg(&file).output();
    let script = script.expect("python3 starts");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stdout));
    airline.handle.shutdown().await;
}
