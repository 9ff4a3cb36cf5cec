//! A system that gives no answer is left alone for a while: reads are refused at once, and writes wait.

use std::path::Path;
use std::time::Duration;

use callwright_actions::{ActionCore, BreakerConfig, CoreConfig, Limits};
use callwright_demo_backends::{FaultKind, Handle};
use callwright_model::PlanReply;
use callwright_wire::actions::{Client, ClientError, PlanState};

use crate::common::{
    ALL_DONE, BOOKING, change, config, demo_airline, ready_plan, rebooked_once, request, short, to_the_end,
    yes,
};

fn opened_by(failures: u32, open: Duration, folder: &Path, airline: &Handle) -> CoreConfig {
    let breaker = BreakerConfig { failures, open, ..BreakerConfig::default() };
    CoreConfig { limits: Limits { breaker, ..Limits::default() }, ..config(folder, &airline.url()) }
}

/// Longer than a busy machine stands still between a failure and the next attempt, shorter than a write waits.
const LEFT_ALONE: Duration = Duration::from_secs(1);

async fn start(config: CoreConfig) -> (ActionCore, Client) {
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

#[tokio::test]
async fn a_write_waits_while_its_system_is_left_alone_and_the_story_says_so() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(opened_by(3, LEFT_ALONE, folder.path(), &airline)).await;
    let plan = ready_plan(&client).await;
    for _ in 0..3 {
        airline.faults().once("assign_seat", FaultKind::LostRequest);
    }
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ALL_DONE);
    rebooked_once(&airline);
    let told = client.explain(&plan).await.expect("explains");
    let wanted = "step 3 assign_seat is put off: the connector `airline` gave no answer to 3 calls in a row";
    assert!(told.text.contains(wanted), "{}", told.text);
    assert!(told.json.contains("\"put_off\":1"), "{}", told.json);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_read_is_refused_at_once_until_the_system_is_tried_again() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(opened_by(1, LEFT_ALONE, folder.path(), &airline)).await;
    let status = || client.plan(request(None, "status", &[("flight", "301".into())]));
    airline.faults().once("flight_status", FaultKind::LostRequest);
    // Two more attempts would have been there, and both would have been answered.
    let refused = status().await;
    let why =
        "flight_status: the connector `airline` gave no answer to 1 calls in a row and is left alone for now";
    assert!(matches!(&refused, Err(ClientError::Unavailable(told)) if told.contains(why)), "{refused:?}");
    let back = async {
        loop {
            match status().await {
                Ok(reply) => return reply,
                Err(ClientError::Unavailable(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let reply = tokio::time::timeout(Duration::from_secs(20), back).await.expect("it is tried again");
    assert!(matches!(reply, PlanReply::Answer { .. } | PlanReply::Need { .. }), "{reply:?}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_write_that_waited_in_vain_was_never_sent_and_leaves_no_doubt() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let mut config = opened_by(1, Duration::from_secs(3_600), folder.path(), &airline);
    // A write bears one attempt of 300 ms: so long it waits.
    change(
        &mut config,
        "actions.yaml",
        "timeout_ms: 2000\n    retries: 3",
        "timeout_ms: 300\n    retries: 0",
    );
    let (core, client) = start(config).await;
    let plan = ready_plan(&client).await;
    airline.faults().once("flight_status", FaultKind::LostRequest);
    let refused = client.plan(request(None, "status", &[("flight", "301".into())])).await;
    assert!(matches!(refused, Err(ClientError::Unavailable(_))), "{refused:?}");
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ["failed 3", "failed at 3 rebook-failed"]);
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::Failed);
    assert_eq!(airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 0);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn all_attempts_of_an_undo_wait_once_for_a_system_that_stays_away() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let mut config = opened_by(1, Duration::from_secs(3_600), folder.path(), &airline);
    let natural = "    idempotency: natural\n    timeout_ms: ";
    change(
        &mut config,
        "actions.yaml",
        &format!("{natural}2000\n    retries: 5"),
        &format!("{natural}100\n    retries: 2"),
    );
    let (core, client) = start(config).await;
    let plan = ready_plan(&client).await;
    airline.faults().once("apply_credit", FaultKind::Refuse);
    for _ in 0..3 {
        airline.faults().once("release_seat", FaultKind::LostRequest);
    }
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::InDoubt);
    let told = client.explain(&plan).await.expect("explains");
    assert!(told.json.contains("\"put_off\":1"), "{}", told.json);
    assert!(told.text.contains("attempt 3"), "{}", told.text);
    core.shutdown().await;
    airline.shutdown().await;
}
