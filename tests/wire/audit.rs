//! An auditor's afternoon: a caller is helped, and the journal tells what was done, and that nobody has changed it since.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use callwright_tests::{Airline, Place, command, repository};

fn callwright(arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(repository()).output().expect("the program starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The other check of a journal, which shares no code with ours.
fn by_script(file: &Path, head: &str) -> Output {
    let script = repository().join("scripts/audit-journal");
    Command::new("python3").arg(script).arg(file).arg(head).output().expect("python3 starts")
}

/// A caller types their way to another flight; what the core writes goes to the configuration's journal.
fn rebook(config: &str) {
    let mut child = command()
        .args(["chat", "--config", config])
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let said = "my flight was cancelled\nK7M4X2\n4821\nthe first one\nyes please\nno thanks, bye\n";
    child.stdin.take().expect("it is piped").write_all(said.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(printed(&output).contains("update_booking] done"), "{}", printed(&output));
}

/// Changes every such text in a file, as somebody with an editor would.
fn replace(file: &Path, from: &str, to: &str) {
    let mut bytes = std::fs::read(file).expect("readable");
    let places: Vec<usize> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "`{from}` is written");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(file, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_can_be_told_and_a_change_to_it_is_found() {
    let _place = Place::take(false);
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), Airline::start().await);
    let config = folder.path().join("callwright.toml");
    let text = format!(
        "[core]\nlisten = \"127.0.0.1:0\"\njournal = \"plans.sqlite\"\n[connectors]\nairline = \"{}\"\n\
         [[line]]\nname = \"airline\"\nnumbers = [\"*\"]\npack = \"{}\"\n",
        airline.url(),
        repository().join("skills/airline").display()
    );
    std::fs::write(&config, text).expect("written");
    let config = config.to_str().expect("UTF-8");
    rebook(config);

    let verified = callwright(&["audit", "verify", "--config", config]);
    let told = printed(&verified);
    assert!(verified.status.success() && told.contains("everything is as it was written"), "{told}");
    assert!(told.contains("plans:     1\n") && told.contains("events:    10\n"), "{told}");
    let head = told.lines().find_map(|line| line.strip_prefix("head:")).expect("the head").trim().to_owned();

    let listed: serde_json::Value =
        serde_json::from_str(&printed(&callwright(&["audit", "list", "--json", "--config", config])))
            .expect("JSON");
    assert_eq!(
        (listed[0]["skill"].as_str(), listed[0]["state"].as_str()),
        (Some("rebook"), Some("completed"))
    );
    let plan = listed[0]["plan"].as_str().expect("an identity").to_owned();
    let line = printed(&callwright(&["audit", "list", "--config", config]));
    assert!(line.contains(&plan) && line.contains("completed  airline/rebook"), "{line}");
    let story = printed(&callwright(&["explain", &plan, "--config", config]));
    assert!(story.contains("completed") && story.contains("verified-may-change-their-own"), "{story}");
    let story = printed(&callwright(&["explain", &plan, "--json", "--config", config]));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&story).expect("JSON")["state"], "completed");
    let unknown = callwright(&["explain", "none", "--config", config]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no plan `none`"));

    let later = printed(&callwright(&["audit", "verify", "--head", &head, "--config", config]));
    assert!(later.contains("which is the one that was given"), "{later}");

    let file = folder.path().join("plans.sqlite");
    let checked = by_script(&file, &head);
    assert!(checked.status.success(), "{}", printed(&checked));
    assert_eq!(printed(&checked).trim(), format!("head: {head}"), "both come to the same");
    replace(&file, "verified-may-change-their-own", "verified-may-change-their-owm");
    let checked = by_script(&file, &head);
    assert_eq!(checked.status.code(), Some(1));
    assert!(printed(&checked).contains("entry 2, plan"), "{}", printed(&checked));
    let file = file.to_str().expect("UTF-8");
    let verified = callwright(&["audit", "verify", "--journal", file, "--head", &head]);
    let told = printed(&verified);
    assert_eq!(verified.status.code(), Some(1), "{told}");
    assert!(told.contains("not as it was written"), "{told}");
    for found in [
        "event 1 (entry 1) is not the plan that was consented to",
        "event 2 (entry 2) does not fit its own hash",
    ] {
        assert!(told.contains(&format!("plan {plan}, {found}")), "`{found}` is not told:\n{told}");
    }
    let report = printed(&callwright(&["audit", "verify", "--journal", file, "--json"]));
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(
        (report["whole"].as_bool(), report["findings"][0]["what"].as_str()),
        (Some(false), Some("plan_changed"))
    );
    airline.handle.shutdown().await;
}

#[test]
fn a_journal_that_is_none_is_told_with_an_exit_code_of_its_own() {
    let _place = Place::take(false);
    for (file, what) in
        [("no/such/file", "there is no such file"), ("README.md", "it is no journal of an action core")]
    {
        let output = callwright(&["audit", "verify", "--journal", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("{file}: {what}")), "{said}");
    }
}
