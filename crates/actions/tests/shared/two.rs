//! Two cores that share a journal, as real processes: what one leaves, the other ends, and each effect happens exactly once.

use callwright_demo_backends::{FaultKind, Handle};
use callwright_model::PlanId;
use callwright_wire::actions::{Client, PlanEvents, PlanState};
use tempfile::TempDir;

use crate::common::process::{Core, be_core};
use crate::common::{
    ALL_DONE, address, demo_airline, ready_plan, rebooked_once, short, store, to_the_end, yes,
};

#[tokio::test]
async fn core_process() {
    be_core().await;
}

/// A journal, a core that carries a plan out, and the plan, held by the airline in the middle of a write.
struct Scene {
    folder: TempDir,
    airline: Handle,
    first: Core,
    plan: PlanId,
    events: PlanEvents,
}

impl Scene {
    async fn new(fault: FaultKind) -> Self {
        let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
        let first = Core::start(module_path!(), folder.path(), &airline.url());
        let client = Client::connect(&first.url).await.expect("connects");
        let plan = ready_plan(&client).await;
        airline.faults().once("apply_credit", fault);
        let events = client.execute(&plan, yes()).await.expect("executes");
        airline.faults().until(|held| held.contains(&plan.0)).await;
        Self { folder, airline, first, plan, events }
    }

    fn another(&self) -> Core {
        Core::start(module_path!(), self.folder.path(), &self.airline.url())
    }

    /// How the plan goes on, as a core tells whoever says the same yes once more.
    async fn told_by(&self, core: &Core) -> Vec<String> {
        let client = Client::connect(&core.url).await.expect("connects");
        let events = to_the_end(client.execute(&self.plan, yes()).await.expect("told")).await;
        assert_eq!(client.get_plan(&self.plan).await.expect("known").state, PlanState::Completed);
        short(&events)
    }
}

/// Each effect is there once; the journal is whole, and the plan ended under this token.
async fn ended_once(folder: &TempDir, airline: &Handle, token: i64) {
    rebooked_once(airline);
    let audited = callwright_actions::audit(&store(folder.path()), None).await.expect("readable");
    assert_eq!((audited.plans, audited.findings), (1, vec![]));
    let (client, connection) =
        tokio_postgres::connect(&address(folder.path()), tokio_postgres::NoTls).await.expect("connects");
    tokio::spawn(connection);
    let row = client.query_one("SELECT finished, token FROM plans", &[]).await.expect("is there");
    assert_eq!((row.get(0), row.get(1)), (true, token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_is_killed_is_stood_in_for() {
    for fault in [FaultKind::HoldRequest, FaultKind::HoldReply] {
        let scene = Scene::new(fault).await;
        let other = scene.another();
        let client = Client::connect(&other.url).await.expect("connects");
        assert_eq!(client.get_plan(&scene.plan).await.expect("known").state, PlanState::Running);
        scene.first.signal("-KILL");
        assert_eq!(scene.told_by(&other).await, ALL_DONE, "{fault:?}");
        // The call that was on its way arrives, long after it was asked for again.
        scene.airline.faults().release("");
        ended_once(&scene.folder, &scene.airline, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_sleeps_through_its_lease_does_nothing_more() {
    let scene = Scene::new(FaultKind::HoldReply).await;
    let other = scene.another();
    scene.first.signal("-STOP");
    assert_eq!(scene.told_by(&other).await, ALL_DONE);
    scene.airline.faults().release("");
    scene.first.signal("-CONT");
    // It hears that its write was done, may not write that down, and lets go.
    let Scene { folder, airline, first: _first, plan: _, events } = scene;
    let told = short(&to_the_end(events).await);
    assert_eq!(told, ALL_DONE[..3], "it tells nothing that it did not do");
    ended_once(&folder, &airline, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_left_the_journal_locked_is_stood_in_for() {
    let scene = Scene::new(FaultKind::HoldReply).await;
    let other = scene.another();
    // As cores do, and then nothing more comes from it.
    let (asleep, connection) = tokio_postgres::connect(&address(scene.folder.path()), tokio_postgres::NoTls)
        .await
        .expect("connects");
    let connection = tokio::spawn(connection);
    let locks = "SET idle_in_transaction_session_timeout = '5s'; BEGIN; SELECT pg_advisory_xact_lock(x'43574a4c'::bigint)";
    asleep.batch_execute(locks).await.expect("locks");
    scene.first.signal("-KILL");
    assert_eq!(scene.told_by(&other).await, ALL_DONE);
    assert!(connection.await.expect("runs").is_err(), "the database ended it");
    ended_once(&scene.folder, &scene.airline, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_cores_that_start_at_once_one_carries_on() {
    let scene = Scene::new(FaultKind::HoldRequest).await;
    scene.first.signal("-KILL");
    let (one, two) = std::thread::scope(|threads| {
        let one = threads.spawn(|| scene.another());
        let two = threads.spawn(|| scene.another());
        (one.join().expect("starts"), two.join().expect("starts"))
    });
    let (by_one, by_two) = tokio::join!(scene.told_by(&one), scene.told_by(&two));
    assert_eq!(
        (by_one, by_two),
        (ALL_DONE.map(str::to_owned).to_vec(), ALL_DONE.map(str::to_owned).to_vec())
    );
    scene.airline.faults().release("");
    ended_once(&scene.folder, &scene.airline, 2).await;
}
