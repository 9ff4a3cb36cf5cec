//! Promise 3: a core that is killed at any point has each effect happen exactly once, after it starts again.

use std::path::Path;
use std::time::Duration;

use callwright_demo_backends::FaultKind;
use callwright_model::{CallId, Pii, PlanEvent, PlanFact};
use callwright_wire::actions::{Client, ClientError, PlanState, Stop};
use tokio_stream::StreamExt as _;

use crate::common::process::{Core, be_core};
use crate::common::{
    ALL_DONE, demo_airline, is_shared, ready_plan, rebooked_once, short, store, to_the_end, until_held, yes,
};

#[tokio::test]
async fn core_process() {
    be_core().await;
}

/// A core whose part this binary plays.
fn start(folder: &Path, airline: &str) -> Core {
    Core::start(module_path!(), folder, airline)
}

/// When the core is killed: as soon as its client hears of this.
#[derive(Debug, Clone, Copy)]
enum At {
    Started(u32),
    Committed(u32),
}

impl At {
    fn is(self, event: &PlanEvent) -> bool {
        match (self, &event.fact) {
            (Self::Started(number), PlanFact::StepStarted { step }) => step.number == number,
            (Self::Committed(number), PlanFact::StepCommitted { receipt }) => receipt.step == number,
            _ => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_step_each_effect_happens_exactly_once() {
    let methods = [(3, "assign_seat"), (4, "apply_credit"), (5, "update_booking"), (6, "send_confirmation")];
    // The first: the call is under way and takes effect after the kill. The second: the effect is there, its answer is not.
    // The third: the call never got there. The last: between two steps.
    let under_way = FaultKind::Delay(Duration::from_millis(30));
    for (index, (step, method)) in methods.into_iter().enumerate() {
        let ways = [
            (At::Started(step), Some(under_way)),
            (At::Started(step), Some(FaultKind::LostReply)),
            (At::Started(step), Some(FaultKind::LostRequest)),
            (At::Committed(step), None),
        ];
        // In a database each kill costs the wait for a lease, so there each way is tried at one write.
        for (way, (at, fault)) in ways.into_iter().enumerate() {
            if way == index || !is_shared() {
                killed_once(at, method, fault).await;
            }
        }
    }
}

async fn killed_once(at: At, method: &str, fault: Option<FaultKind>) {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let plan = ready_plan(&client).await;
    if let Some(fault) = fault {
        airline.faults().once(method, fault);
    }
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    loop {
        let event = events.next().await.expect("it comes that far").expect("an event");
        if at.is(&event) {
            break;
        }
    }
    core.kill();

    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let events = to_the_end(client.execute(&plan, yes()).await.expect("told")).await;
    assert_eq!(short(&events), ALL_DONE, "killed at {at:?} with {fault:?}");
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::Completed);
    rebooked_once(&airline);
    core.kill();
    let audited = callwright_actions::audit(&store(folder.path()), None).await.expect("readable");
    assert_eq!((audited.plans, audited.findings), (1, vec![]), "killed at {at:?} with {fault:?}");
    airline.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_undoing_everything_is_undone_once() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let before = airline.snapshot().expect("readable");
    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let plan = ready_plan(&client).await;
    airline.faults().once("update_booking", FaultKind::Refuse);
    airline.faults().once("revoke_credit", FaultKind::Delay(Duration::from_millis(30)));
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    while let Some(event) = events.next().await {
        if matches!(event.expect("an event").fact, PlanFact::StepFailed { .. }) {
            break;
        }
    }
    core.kill();
    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let events = to_the_end(client.execute(&plan, yes()).await.expect("told")).await;
    let told = short(&events);
    assert_eq!(told[5..], ["failed 5", "undone 4", "undone 3", "failed at 5 rebook-failed"]);
    let after = airline.snapshot().expect("readable");
    assert_eq!(after.tables["bookings"], before.tables["bookings"]);
    assert_eq!(after.tables["seats"], before.tables["seats"]);
    assert_eq!(
        (after.count("credits", "state", "active"), after.count("credits", "state", "revoked")),
        (0, 1)
    );
    core.kill();
    airline.shutdown().await;
}

/// The core dies with a call under way that is to be undone: it asks again what became of it, and takes it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_it_was_cancelled_everything_is_taken_back() {
    for fault in [FaultKind::Delay(Duration::from_millis(30)), FaultKind::LostRequest, FaultKind::LostReply] {
        let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
        let before = airline.snapshot().expect("readable");
        let core = start(folder.path(), &airline.url());
        let client = Client::connect(&core.url).await.expect("connects");
        let plan = ready_plan(&client).await;
        airline.faults().once("apply_credit", FaultKind::HoldRequest);
        let mut events = client.execute(&plan, yes()).await.expect("executes");
        while let Some(event) = events.next().await {
            if At::Started(4).is(&event.expect("an event")) {
                break;
            }
        }
        let by = Pii::new("Ada".to_owned());
        let stop = Stop { by, reason: Pii::new("they changed their mind".to_owned()) };
        client.stop(&plan, stop).await.expect("it is not too late");
        until_held(&airline).await;
        core.kill();
        airline.faults().once("apply_credit", fault);
        let core = start(folder.path(), &airline.url());
        let client = Client::connect(&core.url).await.expect("connects");
        // The call of the core that died arrives after all.
        airline.faults().release(&plan.0);
        let told = short(&to_the_end(client.execute(&plan, yes()).await.expect("told")).await);
        assert_eq!(
            told,
            [
                "started 3",
                "committed 3",
                "started 4",
                "committed 4",
                "undone 4",
                "undone 3",
                "failed at 5 rebook-failed"
            ],
            "{fault:?}"
        );
        let after = airline.snapshot().expect("readable");
        assert_eq!(after.tables["bookings"], before.tables["bookings"], "{fault:?}");
        assert_eq!(after.tables["seats"], before.tables["seats"], "{fault:?}");
        assert_eq!(after.count("credits", "state", "active"), 0, "{fault:?}");
        core.kill();
        let audited = callwright_actions::audit(&store(folder.path()), None).await.expect("readable");
        assert_eq!(audited.findings, vec![], "{fault:?}");
        airline.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_back_that_was_acknowledged_survives_a_kill() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let text = |text: &str| Pii::new(text.to_owned());
    let first = client.request_callback(CallId(2), text("15550100"), text("They want a refund."), None).await;
    first.expect("it is kept");
    for briefing in ["They want another flight.", "They want another flight, or a refund."] {
        let again = client.request_callback(CallId(1), text("15550199"), text(briefing), None).await;
        again.expect("it is kept");
    }
    client
        .request_callback(CallId(4), text("15550111"), text("They want to pay."), None)
        .await
        .expect("it is kept");
    let done = client.complete_callback(CallId(4), text("front desk")).await.expect("it is marked");
    let again = client.complete_callback(CallId(4), text("night shift")).await.expect("it was marked");
    assert_eq!(again, done, "the first mark stays");
    let unknown = client.complete_callback(CallId(5), text("front desk")).await;
    assert!(matches!(unknown, Err(ClientError::NotFound(_))), "{unknown:?}");
    let unnamed = client.complete_callback(CallId(1), text(" ")).await;
    assert!(matches!(unnamed, Err(ClientError::Invalid(_))), "{unnamed:?}");
    let nobody =
        client.request_callback(CallId(3), text(" "), text("Nobody knows whom to call."), None).await;
    assert!(matches!(nobody, Err(ClientError::Invalid(_))), "{nobody:?}");
    core.kill();

    let core = start(folder.path(), &airline.url());
    let client = Client::connect(&core.url).await.expect("connects");
    let kept = client.list_callbacks(false).await.expect("told");
    let told: Vec<_> = kept.iter().map(|it| (it.call, it.number.reveal().as_str())).collect();
    let both = [(CallId(1), "15550199"), (CallId(2), "15550100")];
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(both.iter().all(|one| told.contains(one)), "{told:?}");
    assert!(kept.iter().any(|it| it.briefing.reveal().ends_with("or a refund.")));
    assert!(kept.iter().all(|it| it.asked_unix_ms > 1_700_000_000_000 && it.done.is_none()), "{kept:?}");
    let called = client.list_callbacks(true).await.expect("told");
    assert_eq!(called, [done]);
    let mark = called[0].done.as_ref().expect("it is marked");
    assert!(mark.by.reveal() == "front desk" && mark.unix_ms >= called[0].asked_unix_ms, "{mark:?}");
    client
        .request_callback(CallId(4), text("15550112"), text("It was not enough."), None)
        .await
        .expect("it is kept");
    assert_eq!(client.list_callbacks(true).await.expect("told"), [], "who asks again waits again");
    assert!(!format!("{kept:?}").contains("1555"), "numbers are for nobody's log");
    core.kill();
    airline.shutdown().await;
}
