//! Limits of the day over a shared journal: what is left is taken by one core only.

use std::path::Path;

use callwright_actions::CoreConfig;
use callwright_demo_backends::{FaultKind, Handle};
use callwright_model::{PlanId, PlanReply};
use callwright_wire::actions::PlanState;

use crate::common::{
    BOOKING, another, config, demo_airline, ready_plan, rebooked_once, start, to_the_end, until_held, yes,
};

/// As the demo is, with so many confirmations a day.
fn limited(folder: &Path, airline: &Handle, most: u32) -> CoreConfig {
    let mut config = config(folder, &airline.url());
    let text = format!(
        "time_zone: UTC\nlimits:\n  few:\n    of: send_confirmation\n    per: day\n    most: {most}\n    words: not-allowed\n"
    );
    config.packs[0].files.insert("limits.yaml".to_owned(), text);
    config
}

fn plan_of(reply: PlanReply) -> PlanId {
    match reply {
        PlanReply::Ready { plan, .. } => plan,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_cores_at_once_one_takes_what_is_left_and_the_other_does_nothing() {
    for round in 0..ROUNDS {
        let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
        let (one, at_one) = start(limited(folder.path(), &airline, 1)).await;
        let (two, at_two) = start(limited(folder.path(), &airline, 1)).await;
        // Nothing is used yet, so both are ready.
        let plans = [ready_plan(&at_one).await, plan_of(another(&at_two).await)];
        let (first, second) =
            tokio::join!(at_one.execute(&plans[0], yes()), at_two.execute(&plans[1], yes()));
        tokio::join!(to_the_end(first.expect("executes")), to_the_end(second.expect("executes")));
        let states = [
            at_one.get_plan(&plans[0]).await.expect("known").state,
            at_two.get_plan(&plans[1]).await.expect("known").state,
        ];
        assert!(
            matches!(
                states,
                [PlanState::Completed, PlanState::Failed] | [PlanState::Failed, PlanState::Completed]
            ),
            "round {round}: {states:?}"
        );
        let sent = airline.snapshot().expect("readable").tables["messages"].len();
        assert_eq!(sent, 1, "round {round}");
        one.shutdown().await;
        two.shutdown().await;
        airline.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_core_has_promised_to_a_plan_counts_and_what_it_gives_back_does_not() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (one, at_one) = start(limited(folder.path(), &airline, 1)).await;
    let (two, at_two) = start(limited(folder.path(), &airline, 1)).await;
    // Its confirmation is the last step, and it stands before the first.
    let plan = ready_plan(&at_one).await;
    airline.faults().once("assign_seat", FaultKind::HoldRequest);
    airline.faults().once("update_booking", FaultKind::Refuse);
    let events = at_one.execute(&plan, yes()).await.expect("executes");
    until_held(&airline).await;
    let refused = another(&at_two).await;
    assert!(matches!(&refused, PlanReply::Refused { words, .. } if words == "not-allowed"), "{refused:?}");
    airline.faults().release(&plan.0);
    to_the_end(events).await;
    assert_eq!(at_one.get_plan(&plan).await.expect("known").state, PlanState::Failed);
    let plan = plan_of(another(&at_two).await);
    to_the_end(at_two.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(at_two.get_plan(&plan).await.expect("known").state, PlanState::Completed);
    one.shutdown().await;
    two.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_core_has_begun_counts_at_the_one_that_takes_it_over() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (one, at_one) = start(limited(folder.path(), &airline, 1)).await;
    let (two, at_two) = start(limited(folder.path(), &airline, 1)).await;
    let plan = ready_plan(&at_one).await;
    airline.faults().once("apply_credit", FaultKind::HoldRequest);
    let events = at_one.execute(&plan, yes()).await.expect("executes");
    until_held(&airline).await;
    // It lets go between two calls, and the other core goes on.
    let (_, ()) = tokio::join!(one.shutdown(), async { airline.faults().release(&plan.0) });
    drop(events);
    to_the_end(at_two.execute(&plan, yes()).await.expect("told")).await;
    assert_eq!(at_two.get_plan(&plan).await.expect("known").state, PlanState::Completed);
    rebooked_once(&airline);
    let refused = another(&at_two).await;
    assert!(matches!(refused, PlanReply::Refused { .. }), "{refused:?}");
    assert_eq!(airline.snapshot().expect("readable").count("messages", "booking", BOOKING), 1);
    two.shutdown().await;
    airline.shutdown().await;
}

/// Who is first is luck: often enough that both cores are.
const ROUNDS: usize = 25;
