//! What became of plans, counted from the journal beside a core that writes it.

use callwright_model::{CallId, PlanReply, Value};
use callwright_tests::{Airline, CoreAlone, Place, command, repository};

fn callwright(arguments: &[&str]) -> String {
    let output = command().args(arguments).current_dir(repository()).output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_steps_and_denials_are_counted_while_the_core_runs() {
    let _place = Place::take(false);
    let airline = Airline::start().await;
    let core = CoreAlone::start(&airline.url(), "", "", &[]);
    airline.handle.faults().add("assign_seat=lost-reply".parse().expect("a fault"));
    core.rebook(CallId(1)).await;
    let dear = [("code", "R8W6N1".into()), ("pin", "1946".into()), ("flight", Value::Int(1))];
    let refused = core.plan(CallId(2), "rebook", &dear).await;
    assert!(matches!(refused, PlanReply::Refused { .. }), "{refused:?}");

    let file = core.folder.path().join("plans.sqlite");
    let file = file.to_str().expect("UTF-8");
    let counted: serde_json::Value =
        serde_json::from_str(&callwright(&["stats", "--json", "--journal", file])).expect("JSON");
    let skill = &counted["airline/rebook"];
    assert_eq!((&skill["plans"], &skill["completed"], &skill["open"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!(skill["denied"], 1);
    assert_eq!(skill["denied_by"]["credit-above-300-needs-a-human"], 1);
    let seat = &skill["steps"]["assign_seat"];
    assert_eq!((&seat["committed"], &seat["attempts"], &seat["lost"]), (&1.into(), &2.into(), &1.into()));
    assert_eq!(seat["took_ms"]["count"], 1);
    assert!(skill["took_ms"]["p50"].as_u64() >= seat["took_ms"]["p50"].as_u64(), "{skill:#}");

    let table = callwright(&["stats", "--journal", file, "--days", "1"]);
    assert!(table.contains("airline/rebook: 1 plans, 1 completed (100.0 %)"), "{table}");
    assert!(table.contains("credit-above-300-needs-a-human 1"), "{table}");
    assert!(table.lines().any(|line| line.trim().starts_with("assign_seat") && line.contains("100.0 %")));
    airline.handle.shutdown().await;
}
