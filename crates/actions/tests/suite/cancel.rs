//! Plans that are stopped after they have begun, before the demo airline.

use callwright_actions::{ActionCore, CoreConfig};
use callwright_demo_backends::{FaultKind, Handle};
use callwright_model::{Pii, PlanEvent, PlanFact, PlanReply};
use callwright_wire::actions::{Client, ClientError, PlanEvents, PlanState, Stop};
use tokio_stream::StreamExt as _;

use crate::common::{
    ALL_DONE, DEAR, config, demo_airline, ready, ready_plan, rebooked_once, short, supervised, to_the_end,
    until_held, yes,
};

async fn start(config: CoreConfig) -> (ActionCore, Client) {
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

fn stop() -> Stop {
    Stop { by: Pii::new("Ada".to_owned()), reason: Pii::new("the booking is another's".to_owned()) }
}

/// Follows a plan until it tells this.
async fn until(events: &mut PlanEvents, wanted: &str) -> Vec<PlanEvent> {
    let mut told = Vec::new();
    loop {
        told.push(events.next().await.expect("it goes on").expect("an event"));
        if short(&told).last().is_some_and(|last| last == wanted) {
            return told;
        }
    }
}

/// Nothing of the rebooking is left in the airline's own data.
fn nothing_left(airline: &Handle, before: &callwright_demo_backends::Snapshot) {
    let after = airline.snapshot().expect("readable");
    assert_eq!(after.tables["bookings"], before.tables["bookings"]);
    assert_eq!(after.tables["seats"], before.tables["seats"]);
    assert_eq!(after.count("credits", "state", "active"), 0);
    assert_eq!(after.tables["messages"], before.tables["messages"]);
}

#[tokio::test]
async fn what_was_sent_is_waited_for_and_then_all_is_taken_back() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(config(folder.path(), &airline.url())).await;
    let before = airline.snapshot().expect("readable");
    let plan = ready_plan(&client).await;
    airline.faults().once("apply_credit", FaultKind::HoldReply);
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    until(&mut events, "started 4").await;
    // Hanging up or letting go is not meant for a plan that acts.
    let refused = client.cancel(&plan).await;
    assert!(matches!(refused, Err(ClientError::NotReady(_))), "{refused:?}");
    client.stop(&plan, stop()).await.expect("it is not too late");
    client.stop(&plan, stop()).await.expect("said twice is said once");
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::Undoing);
    until_held(&airline).await;
    airline.faults().release(&plan.0);
    let told = short(&to_the_end(events).await);
    assert_eq!(told, ["committed 4", "undone 4", "undone 3", "failed at 5 rebook-failed"]);
    nothing_left(&airline, &before);
    let story = client.explain(&plan).await.expect("explains").text;
    assert!(story.contains("cancelled by Ada: the booking is another's. Nothing more is begun"), "{story}");
    let late = client.stop(&plan, stop()).await;
    assert!(matches!(&late, Err(ClientError::NotReady(why)) if why.contains("has ended")), "{late:?}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_nothing_takes_back_is_not_stopped_once_it_was_sent() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(config(folder.path(), &airline.url())).await;
    let plan = ready_plan(&client).await;
    airline.faults().once("send_confirmation", FaultKind::HoldReply);
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    let mut told = until(&mut events, "started 6").await;
    let refused = client.stop(&plan, stop()).await;
    let why = "step 6 send_confirmation was sent and nothing takes it back: the plan goes on to its end";
    assert!(matches!(&refused, Err(ClientError::NotReady(told)) if told == why), "{refused:?}");
    until_held(&airline).await;
    airline.faults().release(&plan.0);
    told.extend(to_the_end(events).await);
    assert_eq!(short(&told), ALL_DONE);
    rebooked_once(&airline);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_plan_that_waits_for_an_approval_ends_without_a_trace() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let before = airline.snapshot().expect("readable");
    let reply = ready(&client, DEAR.0, DEAR.1).await;
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    until(&mut events, "asked supervisor").await;
    client.stop(&plan, stop()).await.expect("nothing was done yet");
    let rest = to_the_end(events).await;
    assert!(
        matches!(rest.as_slice(), [PlanEvent { fact: PlanFact::Failed { step: 3, .. }, .. }]),
        "{rest:?}"
    );
    assert!(client.list_approvals("").await.expect("listed").is_empty());
    assert_eq!(airline.snapshot().expect("readable"), before);
    core.shutdown().await;
    airline.shutdown().await;
}
