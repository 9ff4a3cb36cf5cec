//! What can be asked of a journal that is a database, from the command line, beside a core that writes it.

use std::process::Output;

use callwright_model::{CallId, PlanReply, Value};
use callwright_tests::{Airline, CoreAlone, Place, command, repository};

fn callwright(arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(repository()).output().expect("the program starts")
}

fn printed(arguments: &[&str]) -> String {
    let output = callwright(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_counted_told_audited_and_erased_from_as_a_file_is() {
    let _place = Place::take(false);
    let airline = Airline::start().await;
    let address = callwright_scratch_postgres::database().expect("a database");
    let core = CoreAlone::start(&airline.url(), &format!("store = \"{address}\""), "", &[]);
    let plan = core.rebook(CallId(1)).await;
    let dear = [("code", "R8W6N1".into()), ("pin", "1946".into()), ("flight", Value::Int(1))];
    let refused = core.plan(CallId(2), "rebook", &dear).await;
    let PlanReply::Refused { plan: refused, .. } = refused else { panic!("{refused:?}") };
    let journal = ["--journal", &address];
    let with = |words: &[&'static str]| [words, &journal].concat().iter().map(|it| it.to_string()).collect();
    let told = |words: &[&'static str]| {
        let words: Vec<String> = with(words);
        printed(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };

    let counted: serde_json::Value = serde_json::from_str(&told(&["stats", "--json"])).expect("JSON");
    let skill = &counted["airline/rebook"];
    assert_eq!((&skill["plans"], &skill["completed"], &skill["denied"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(skill["steps"]["assign_seat"]["committed"], 1);
    assert!(told(&["audit", "list"]).contains(&format!("{plan}  call ")));
    let story = printed(&["explain", &plan.0, "--journal", &address]);
    assert!(story.contains("completed") && story.contains("verified-may-change-their-own"), "{story}");
    let story = printed(&["explain", &refused.0, "--journal", &address]);
    assert!(story.contains("credit-above-300-needs-a-human"), "{story}");
    let whole = told(&["audit", "verify"]);
    assert!(whole.contains("everything is as it was written") && whole.contains("refusals:  1"), "{whole}");

    let (url, calls) = (core.url(), core.folder.path().join("calls"));
    let calls = calls.to_str().expect("UTF-8");
    let recordings = core.folder.path().join("recordings");
    let recordings = recordings.to_str().expect("UTF-8");
    let whose = [
        ["--pack", "airline", "--identity", "K7M4X2", "--core"].as_slice(),
        &[&url, "--calls", calls, "--recordings", recordings],
    ]
    .concat();
    let lines = printed(&[&["journey", "export"][..], &whose].concat());
    assert_eq!(lines.lines().count(), 12, "{lines}");
    let erased = printed(&[&["journey", "erase"][..], &whose].concat());
    assert!(erased.contains("plans erased: 1\n"), "{erased}");
    let whole = told(&["audit", "verify"]);
    assert!(whole.contains("everything is as it was written"), "{whole}");
    assert!(whole.contains("erased:    11 of all these"), "{whole}");
    assert!(!told(&["stats"]).contains("1 plans"), "what is erased counts no more");
    airline.handle.shutdown().await;
}

#[test]
fn an_address_that_is_none_is_told_without_what_may_be_a_password() {
    for (address, what) in [
        ("mysql://me@db/plans", "write an address"),
        ("postgres://me:hunter2@db/plans", "a password does not belong"),
    ] {
        let output = callwright(&["stats", "--journal", address]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(what) && !said.contains("hunter2"), "{said}");
    }
}
