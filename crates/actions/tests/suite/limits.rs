//! Limits per caller and day, before the demo airline.

use std::path::Path;

use callwright_actions::CoreConfig;
use callwright_demo_backends::Handle;
use callwright_model::{Pii, PlanId, PlanReply};
use callwright_wire::actions::{ApprovalAnswer, Client, PlanState};

use crate::common::{
    ALL_DONE, BOOKING, another, config, demo_airline, ready_plan, short, start, to_the_end, yes,
};

/// As the demo is, with one limit.
fn limited(folder: &Path, airline: &Handle, limit: &str) -> CoreConfig {
    let mut config = config(folder, &airline.url());
    let text = format!(
        "time_zone: UTC\nlimits:\n  once:\n    of: send_confirmation\n    per: day\n    most: 1\n{limit}"
    );
    config.packs[0].files.insert("limits.yaml".to_owned(), text);
    config
}

fn plan_of(reply: &PlanReply) -> PlanId {
    match reply {
        PlanReply::Ready { plan, .. } => plan.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_beyond_a_limit_is_refused_with_its_words_also_after_a_restart() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let words = "    words: not-allowed\n    transfer: true\n";
    let (core, client) = start(limited(folder.path(), &airline, words)).await;
    let plan = ready_plan(&client).await;
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ALL_DONE);
    refused(&client).await;
    core.shutdown().await;
    let (core, client) = start(limited(folder.path(), &airline, words)).await;
    refused(&client).await;
    core.shutdown().await;
    airline.shutdown().await;
}

async fn refused(client: &Client) {
    let reply = another(client).await;
    let PlanReply::Refused { plan, words, transfer, rules, .. } = reply else { panic!("{reply:?}") };
    assert_eq!((words.as_str(), transfer, rules), ("not-allowed", true, vec!["once".to_owned()]));
    let story = client.explain(&plan).await.expect("explains").text;
    assert!(story.contains("send_confirmation is forbidden by: once"), "{story}");
}

#[tokio::test]
async fn of_two_plans_at_once_one_takes_what_is_left_and_the_other_does_nothing() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(limited(folder.path(), &airline, "    words: not-allowed\n")).await;
    // Nothing is used yet, so both are ready.
    let both = [ready_plan(&client).await, plan_of(&another(&client).await)];
    let events = [client.execute(&both[0], yes()).await, client.execute(&both[1], yes()).await];
    let mut ends = Vec::new();
    for events in events {
        ends.extend(short(&to_the_end(events.expect("executes")).await).pop());
    }
    let told = ends.iter().any(|end| end.starts_with("failed at") && end.ends_with(" not-allowed"));
    assert!(told, "the caller hears the limit's words: {ends:?}");
    let mut states = Vec::new();
    for plan in &both {
        states.push(client.get_plan(plan).await.expect("known").state);
    }
    states.sort_by_key(|state| format!("{state:?}"));
    assert_eq!(states, [PlanState::Completed, PlanState::Failed]);
    let now = airline.snapshot().expect("readable");
    assert_eq!(now.tables["messages"].len(), 1, "nobody was told of more than one");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_fails_is_given_back_to_the_next() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(limited(folder.path(), &airline, "")).await;
    let plan = ready_plan(&client).await;
    airline.faults().once("update_booking", callwright_demo_backends::FaultKind::Refuse);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert!(short(&events).ends_with(&["failed at 5 rebook-failed".to_owned()]), "{events:?}");
    let plan = plan_of(&another(&client).await);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert!(short(&events).ends_with(&["completed cancel-done".to_owned()]), "{events:?}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_somebody_may_approve_waits_before_anything_is_written() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(limited(folder.path(), &airline, "    approval: supervisor\n")).await;
    let plan = plan_of(&another(&client).await);
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    let plan = ready_plan(&client).await;
    let events = client.execute(&plan, yes()).await.expect("executes");
    let question = loop {
        match client.list_approvals("supervisor").await.expect("listed").pop() {
            Some(question) => break question,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!((question.rules, question.plan), (vec!["once".to_owned()], plan.clone()));
    assert_eq!(airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 0);
    let answer = ApprovalAnswer {
        plan,
        number: question.number,
        role: "supervisor".to_owned(),
        by: Pii::new("Ada".to_owned()),
        approve: true,
        reason: Pii::new("she asks nicely".to_owned()),
    };
    client.answer_approval(answer).await.expect("it counts");
    let told = short(&to_the_end(events).await);
    assert_eq!(
        (&told[..2], &told[2..]),
        (
            &["asked supervisor".to_owned(), "approved supervisor".to_owned()][..],
            &ALL_DONE.map(str::to_owned)[..]
        )
    );
    core.shutdown().await;
    airline.shutdown().await;
}

/// Policies see what a caller has used of a limit today, without what the plan that is asked about has taken of it itself.
#[tokio::test]
async fn a_rule_may_look_at_what_was_done_today() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let config = || {
        let mut config = limited(folder.path(), &airline, "");
        let files = &mut config.packs[0].files;
        for (file, from, to) in [
            ("limits.yaml", "most: 1\n", "most: 100\n"),
            ("schema.cedarschema", ", \"send_confirmation\" appliesTo", " appliesTo"),
            ("policies.cedar", "@id(\"verified-may-run-plans\")", ONE_A_DAY),
        ] {
            let text = files.get_mut(file).expect("a file of the pack");
            assert!(text.contains(from), "{file} has no `{from}`");
            *text = text.replacen(from, to, 1);
        }
        files.get_mut("schema.cedarschema").expect("it has one").push_str(SENT);
        let actions = files.get_mut("actions.yaml").expect("it has actions");
        let at = actions.find("  send_confirmation:").expect("it tells people");
        let context = actions[at..].find("context: { ").expect("policies see something of it") + at;
        actions.insert_str(context + "context: { ".len(), "sent: today.once, ");
        config
    };
    let (core, client) = start(config()).await;
    let plan = ready_plan(&client).await;
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ALL_DONE);
    let denied = |reply: PlanReply| match reply {
        PlanReply::Refused { rules, .. } => rules,
        other => panic!("{other:?}"),
    };
    assert_eq!(denied(another(&client).await), ["one-a-day"]);
    core.shutdown().await;
    let (core, client) = start(config()).await;
    assert_eq!(denied(another(&client).await), ["one-a-day"], "also after a restart");
    core.shutdown().await;
    airline.shutdown().await;
}

const ONE_A_DAY: &str =
    "@id(\"one-a-day\") forbid(principal, action == Action::\"send_confirmation\", resource)
when { context.sent >= 1 };
@id(\"verified-may-run-plans\")";
const SENT: &str = "action \"send_confirmation\" appliesTo {
  principal: [Caller], resource: [Connector], context: { booking: String, sent: Long }
};
";
