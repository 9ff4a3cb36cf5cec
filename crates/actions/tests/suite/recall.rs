//! What is remembered of a caller: told in another call of theirs, as surely as they are known, and until it is erased.

use callwright_actions::ActionCore;
use callwright_model::{
    CallId, Language, PastStanding, Pii, PlanId, PlanReply, PlanRequest, Recalled, Value,
};
use callwright_wire::actions::{Client, ClientError, Person};

use crate::common::{
    BOOKING, CALL, DEAR, another, change, config, demo_airline, ready, ready_plan, request, start,
    supervised, to_the_end, yes,
};

const LATER: CallId = CallId(0xca12);

async fn asked(client: &Client, call: CallId, skill: &str, code: &str, pin: Option<&str>) -> PlanId {
    let mut inputs = vec![("code", Value::from(code))];
    inputs.extend(pin.map(|pin| ("pin", Value::from(pin))));
    let request = PlanRequest { call, language: Some(Language::ES), ..request(None, skill, &inputs) };
    client.plan(request).await.expect("plans").plan().clone()
}

async fn recalled(client: &Client, call: CallId, code: &str, pin: Option<&str>) -> Recalled {
    let plan = asked(client, call, "rebook", code, pin).await;
    client.recall(&plan, call).await.expect("told")
}

#[tokio::test]
async fn a_caller_is_remembered_in_their_next_call_and_nobody_else() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(config(folder.path(), &airline.url())).await;
    let plan = ready_plan(&client).await;
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    let PlanReply::Ready { plan: other, .. } = another(&client).await else { panic!("it is ready") };
    to_the_end(client.execute(&other, yes()).await.expect("executes")).await;

    assert_eq!(recalled(&client, LATER, BOOKING, None).await, Recalled::default(), "named, and not proved");
    assert_eq!(recalled(&client, LATER, BOOKING, Some("0000")).await, Recalled::default());
    assert_eq!(
        recalled(&client, LATER, DEAR.0, Some(DEAR.1)).await,
        Recalled { sure: true, ..Recalled::default() }
    );
    let same = recalled(&client, CALL, BOOKING, Some("4821")).await;
    assert_eq!((same.sure, same.plans.len()), (true, 0), "they know what they did in this call");

    let told = recalled(&client, LATER, BOOKING, Some("4821")).await;
    let [past] = &told.plans[..] else { panic!("one of theirs: {told:?}") };
    assert_eq!((&past.plan, past.skill.as_str(), past.heard), (&plan, "rebook", false));
    let PastStanding::Completed { words, receipts } = &past.standing else { panic!("it is done: {past:?}") };
    assert_eq!((words.as_str(), receipts.len()), ("rebook-done", 4));
    assert!(receipts.iter().all(|receipt| receipt.plan == plan), "a claim can be made of them");

    let asking = asked(&client, LATER, "rebook", BOOKING, Some("4821")).await;
    let elsewhere = client.recall(&asking, CALL).await;
    assert!(matches!(elsewhere, Err(ClientError::NotFound(_))), "of another call: {elsewhere:?}");
    let begun = client.recall(&plan, CALL).await;
    assert!(matches!(begun, Err(ClientError::NotFound(_))), "it was said yes to: {begun:?}");

    for _ in 0..2 {
        client.mark_heard(&plan, LATER).await.expect("it is kept");
    }
    drop(client);
    core.shutdown().await;
    let (core, client) = start(config(folder.path(), &airline.url())).await;
    let told = recalled(&client, LATER, BOOKING, Some("4821")).await;
    assert_eq!(told.plans.iter().map(|past| past.heard).collect::<Vec<_>>(), [true]);

    let person = Person::Owner { pack: "airline".to_owned(), identity: Pii::new(BOOKING.to_owned()) };
    client.erase_journey(person).await.expect("erased");
    assert_eq!(recalled(&client, LATER, BOOKING, Some("4821")).await.plans, []);
    let gone = client.mark_heard(&plan, LATER).await;
    assert!(matches!(gone, Err(ClientError::NotFound(_))), "{gone:?}");
    stop(core, client).await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_waits_and_what_was_left_open_is_told_and_in_which_language() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let PlanReply::Ready { plan, .. } = ready(&client, DEAR.0, DEAR.1).await else { panic!("it is ready") };
    let mut waiting = client.execute(&plan, yes()).await.expect("executes");
    tokio_stream::StreamExt::next(&mut waiting).await.expect("it waits").expect("an event");
    let told = recalled(&client, LATER, DEAR.0, Some(DEAR.1)).await;
    assert_eq!(
        told.plans.iter().map(|past| &past.standing).collect::<Vec<_>>(),
        [&PastStanding::AwaitingApproval]
    );
    assert_eq!((told.language, told.left_open), (None, None));

    asked(&client, CALL, "cancel", BOOKING, Some("4821")).await;
    let told = recalled(&client, LATER, BOOKING, Some("4821")).await;
    assert_eq!(told.left_open.as_deref(), Some("cancel"), "they hung up at the read-back");
    assert_eq!(recalled(&client, CALL, BOOKING, Some("4821")).await.left_open.as_deref(), Some("rebook"));
    assert_eq!(recalled(&client, LATER, "P3T9Q5", Some("7730")).await.left_open, None);
    // Once it is settled in any call, it is open in none.
    let cancel = asked(&client, LATER, "cancel", BOOKING, Some("4821")).await;
    let consent = callwright_wire::actions::Consent { call: LATER, ..yes() };
    to_the_end(client.execute(&cancel, consent).await.expect("executes")).await;
    let told = recalled(&client, CallId(0xca13), BOOKING, Some("4821")).await;
    assert_ne!(told.left_open.as_deref(), Some("cancel"));
    assert_eq!(told.language, Some(Language::ES), "what they spoke last");
    drop(waiting);
    stop(core, client).await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_pack_says_whether_how_surely_and_with_which_consent_it_remembers() {
    for (rules, sure) in
        [("", false), ("memory: { level: 2, consent: memory }", true), ("memory: { level: 1 }", true)]
    {
        let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
        let mut config = config(folder.path(), &airline.url());
        change(&mut config, "pack.yaml", "memory: { level: 2, days: 30 }", rules);
        let (core, client) = start(config).await;
        let plan = ready_plan(&client).await;
        to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
        let told = recalled(&client, LATER, BOOKING, Some("4821")).await;
        let remembers = sure && !rules.contains("consent");
        assert_eq!((told.sure, told.plans.len()), (sure, usize::from(remembers)), "{rules}");
        stop(core, client).await;
        airline.shutdown().await;
    }
}

async fn stop(core: ActionCore, client: Client) {
    drop(client);
    core.shutdown().await;
}
