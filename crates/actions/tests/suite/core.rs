//! The action core over gRPC, before the demo airline.

use std::time::Duration;

use callwright_actions::{ActionCore, Listen, StartError};
use callwright_demo_backends::{Fault, FaultKind};
use callwright_model::{CallId, NeedWhy, Pii, PlanFact, PlanId, PlanReply, PlanRequest, StepState, Value};
use callwright_wire::actions::{Client, ClientError, Consent, PlanState};
use tokio_stream::StreamExt as _;

use crate::common::{
    ALL_DONE, BOOKING, airline_pack, at_rest, config, demo_airline, has_word, ready, ready_plan,
    rebooked_once, request, short, to_the_end, yes,
};

#[tokio::test]
async fn a_caller_is_rebooked_from_the_first_question_to_the_receipts() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");

    let before = airline.snapshot().expect("readable");
    let reply = ready(&client, BOOKING, "4821").await;
    let PlanReply::Ready { plan, verified, words, facts, steps } = reply else { panic!("{reply:?}") };
    assert_eq!((words.as_str(), steps.len()), ("read-back-rebook", 6));
    assert_eq!(verified, [BOOKING]);
    assert_eq!(facts["flight"].at("number"), Some(&Value::Code("CW318".to_owned())));
    assert_eq!(airline.snapshot().expect("readable"), before, "binding writes nothing");
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::Ready);
    let told = client.explain(&plan).await.expect("explains");
    assert!(told.text.contains("waiting for the caller's yes"), "{}", told.text);

    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ALL_DONE);
    rebooked_once(&airline);
    let seat = events.iter().find_map(|event| match &event.fact {
        PlanFact::StepCommitted { receipt } if receipt.name == "seat" => {
            Some(receipt.result["number"].clone())
        }
        _ => None,
    });
    let booked = airline.snapshot().expect("readable");
    assert_eq!(seat.as_ref().and_then(Value::as_text), booked.column("bookings", BOOKING, "seat"));

    let again = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(again, events, "executing again gives the same events and does nothing");
    rebooked_once(&airline);
    let view = client.get_plan(&plan).await.expect("known");
    assert_eq!(view.state, PlanState::Completed);
    assert!(view.steps.iter().all(|step| step.state == StepState::Committed));
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn hanging_up_after_the_yes_leaves_the_plan_to_finish() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let watcher = Client::connect(core.url()).await.expect("connects");
    let mut changes = watcher.watch_plans().await.expect("watches");
    let caller = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&caller).await;
    airline.faults().once("apply_credit", FaultKind::Delay(Duration::from_millis(100)));
    let mut events = caller.execute(&plan, yes()).await.expect("executes");
    let first = events.next().await.expect("an event").expect("an event");
    assert!(matches!(first.fact, PlanFact::StepStarted { .. }));
    drop((events, caller));

    while let Some(change) = changes.next().await {
        if change.expect("a change").state == PlanState::Completed {
            break;
        }
    }
    rebooked_once(&airline);
    // The journal says so, also to who asks after a restart.
    core.shutdown().await;
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::Completed);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("told")).await;
    assert_eq!(short(&events), ALL_DONE);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_refused_step_undoes_the_others_and_the_explanation_says_which_and_why() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let before = airline.snapshot().expect("readable");
    let plan = ready_plan(&client).await;
    airline.faults().once("update_booking", FaultKind::Refuse);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(
        short(&events),
        [
            "started 3",
            "committed 3",
            "started 4",
            "committed 4",
            "started 5",
            "failed 5",
            "undone 4",
            "undone 3",
            "failed at 5 rebook-failed",
        ]
    );
    let after = airline.snapshot().expect("readable");
    assert_eq!(after.tables["bookings"], before.tables["bookings"]);
    assert_eq!(after.tables["seats"], before.tables["seats"]);
    assert_eq!(after.count("credits", "state", "active"), 0);

    let told = client.explain(&plan).await.expect("explains");
    for line in [
        "Asked for: Rebook a cancelled flight.",
        "`code` was given with question 1.",
        "`pin` was given with question 2; it is secret and not kept.",
        "Step 1 find_booking: read, code from `code`; pin from `pin`; answered after ",
        "`flight`: the caller chose 1 of 2 of `offers.flights`; 1 not taken.",
        "failed, and nothing of it is left",
        "step 5 update_booking refused by the system: refused, as asked for.",
        "step 4 apply_credit undone.",
        "step 3 assign_seat begun. Allowed by: verified-may-change-their-own.",
        "Step 6 send_confirmation: not begun.",
        "Step 4 apply_credit: taken back by revoke_credit at attempt 1.",
    ] {
        assert!(told.text.contains(line), "{line}\n---\n{}", told.text);
    }
    let json: serde_json::Value = serde_json::from_str(&told.json).expect("JSON");
    assert_eq!(json["state"], "failed");
    for personal in [BOOKING, "4821", "Rivers", "yes please"] {
        assert!(!told.text.contains(personal) && !told.json.contains(personal), "{personal}");
    }
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn lost_replies_and_lost_requests_are_repeated_with_one_effect() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    for method in ["assign_seat", "apply_credit", "update_booking", "send_confirmation"] {
        airline.faults().once(method, FaultKind::LostReply);
        airline.faults().once(method, FaultKind::LostRequest);
        airline.faults().once(method, FaultKind::RefuseForNow);
    }
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ALL_DONE);
    rebooked_once(&airline);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_system_that_never_answers_leaves_a_human_to_look() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    for _ in 0..4 {
        airline.faults().once("apply_credit", FaultKind::LostRequest);
    }
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ["started 3", "committed 3", "started 4", "in doubt 4"]);
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::InDoubt);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_denied_credit_is_refused_before_anything_and_remembered_after_a_restart() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let before = airline.snapshot().expect("readable");
    let reply = ready(&client, "R8W6N1", "1946").await;
    let PlanReply::Refused { plan, words, transfer, rules, .. } = reply else { panic!("{reply:?}") };
    assert_eq!((words.as_str(), transfer), ("credit-too-high", true));
    assert_eq!(rules, ["credit-above-300-needs-a-human"]);
    let refused = client.execute(&plan, yes()).await.map(drop);
    assert!(matches!(refused, Err(ClientError::NotReady(_))), "{refused:?}");
    assert_eq!(airline.snapshot().expect("readable"), before);
    core.shutdown().await;
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let told = client.explain(&plan).await.expect("remembered");
    assert!(
        told.text.contains("apply_credit is forbidden by: credit-above-300-needs-a-human"),
        "{}",
        told.text
    );
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_guess_leaves_no_trace_until_it_comes_true() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let mut changes = client.watch_plans().await.expect("watches");
    let guess =
        |plan, inputs: &[(&str, Value)]| PlanRequest { speculative: true, ..request(plan, "rebook", inputs) };
    let code = [("code", "R8W6N1".into())];
    let guessed = client.plan(guess(None, &code)).await.expect("guesses");
    let PlanReply::Need { plan, .. } = &guessed else { panic!("{guessed:?}") };
    for refused in [
        client.get_plan(plan).await.map(drop),
        client.execute(plan, yes()).await.map(drop),
        client.plan(request(Some(plan.clone()), "rebook", &[("pin", "1946".into())])).await.map(drop),
    ] {
        assert!(matches!(refused, Err(ClientError::NotFound(_))), "{refused:?}");
    }
    // That question was another than the guess; so the same one now starts afresh.
    let real = client.plan(request(None, "rebook", &code)).await.expect("plans");
    let PlanReply::Need { plan: kept, .. } = &real else { panic!("{real:?}") };
    assert_ne!(kept, plan, "a guess that did not come true is gone");
    let kept = kept.clone();

    // A wrong PIN that was only guessed changes nothing in the plan itself.
    let wrong = client.plan(guess(Some(kept.clone()), &[("pin", "0000".into())])).await.expect("guesses");
    assert!(matches!(wrong, PlanReply::Need { .. }), "{wrong:?}");
    let right = [("pin", "1946".into())];
    let foreseen = client.plan(guess(Some(kept.clone()), &right)).await.expect("guesses");
    assert!(matches!(foreseen, PlanReply::Choose { .. }), "{foreseen:?}");
    let option = [("flight", Value::Int(1))];
    airline.faults().add(Fault {
        method: "find_flights".to_owned(),
        plan: String::new(),
        kind: FaultKind::Refuse,
        times: 9,
    });
    let replied = client.plan(request(Some(kept.clone()), "rebook", &right)).await.expect("plans");
    assert_eq!(replied, foreseen, "and asks no system again");

    // A policy's no is in the audit only once it was really asked.
    let denied = client.plan(guess(Some(kept.clone()), &option)).await.expect("guesses");
    assert!(matches!(denied, PlanReply::Refused { .. }), "{denied:?}");
    assert_eq!(client.get_plan(&kept).await.expect("known").state, PlanState::Binding);
    let replied = client.plan(request(Some(kept.clone()), "rebook", &option)).await.expect("plans");
    assert_eq!(replied, denied);
    assert_eq!(client.get_plan(&kept).await.expect("known").state, PlanState::Refused);
    let mut told = Vec::new();
    while told.last() != Some(&PlanState::Refused) {
        let view = changes.next().await.expect("goes on").expect("a view");
        assert_eq!(view.plan, kept, "nobody sees a guess");
        told.push(view.state);
    }
    assert_eq!(told, [PlanState::Binding, PlanState::Binding, PlanState::Refused]);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn consent_is_required_in_words_and_of_the_same_call() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    let silent = Consent { words: Pii::new("  ".to_owned()), ..yes() };
    let other = Consent { call: CallId(1), ..yes() };
    for consent in [silent, other] {
        let refused = client.execute(&plan, consent).await.map(drop);
        assert!(matches!(refused, Err(ClientError::Invalid(_))), "{refused:?}");
    }
    let unknown = client.execute(&PlanId("none".to_owned()), yes()).await.map(drop);
    assert!(matches!(unknown, Err(ClientError::NotFound(_))), "{unknown:?}");
    let half = client.plan(request(None, "rebook", &[])).await.expect("plans");
    let PlanReply::Need { plan: half, verified, why: NeedWhy::Missing, .. } = half else {
        panic!("{half:?}")
    };
    let told = client.explain(&half).await.expect("explains");
    assert!(told.text.contains("more is needed from the caller. Nothing was written."), "{}", told.text);
    assert!(verified.is_empty(), "nobody has proved anything: {verified:?}");
    let early = client.execute(&half, yes()).await.map(drop);
    assert!(matches!(early, Err(ClientError::NotReady(_))), "{early:?}");
    client.cancel(&plan).await.expect("lets go");
    let gone = client.execute(&plan, yes()).await.map(drop);
    assert!(matches!(gone, Err(ClientError::NotFound(_))), "{gone:?}");
    core.shutdown().await;
    airline.shutdown().await;
}

/// The pack loses a step, a method's name and the closing words while a plan waits in the journal: it ends as it was bound.
#[tokio::test]
async fn a_plan_in_the_journal_keeps_its_version_of_the_skill() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    airline.faults().once("assign_seat", FaultKind::Delay(Duration::from_millis(100)));
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    let first = events.next().await.expect("goes on").expect("an event");
    assert_eq!(short(&[first]), ["started 3"]);
    let bound_to = version(&client, &plan).await;
    // It stops between two steps.
    core.shutdown().await;
    assert_eq!(airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 0);

    let mut changed = config(folder.path(), &airline.url());
    let mut change = |file: &str, from: &str, to: &str| {
        let text = changed.packs[0].files.get_mut(file).expect("a file of the pack");
        assert!(text.contains(from), "{file} has no `{from}`");
        *text = text.replacen(from, to, 1);
    };
    let confirmation = "  - write: send_confirmation\n    with: { booking: booking.code, about: '\"rebooked\"' }\n    as: message\n";
    change("skills/rebook.yaml", confirmation, "");
    change("skills/rebook.yaml", "done: rebook-done", "done: something-else");
    change(
        "actions.yaml",
        "    summary: Put a travel credit",
        "    method: another_method\n    summary: Put a travel credit",
    );
    let core = ActionCore::start(changed).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let events = to_the_end(client.execute(&plan, yes()).await.expect("goes on")).await;
    assert_eq!(short(&events), ALL_DONE);
    rebooked_once(&airline);
    assert_eq!(version(&client, &plan).await, bound_to, "it tells which version it was");
    core.shutdown().await;
    airline.shutdown().await;
}

/// The version of its skill that a plan says it is of.
async fn version(client: &Client, plan: &PlanId) -> String {
    let explained = client.explain(plan).await.expect("explains");
    let story: serde_json::Value = serde_json::from_str(&explained.json).expect("JSON");
    let version = story["version"].as_str().expect("a version");
    assert_eq!(version.len(), 12, "{version}");
    version.to_owned()
}

#[tokio::test]
async fn a_yes_is_to_what_was_asked_last_or_to_nothing() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    let before = airline.snapshot().expect("readable");
    // The caller corrects the code, and the system does not answer: what was bound is not what they want any more.
    airline.faults().add(Fault {
        method: "find_booking".to_owned(),
        plan: String::new(),
        kind: FaultKind::LostRequest,
        times: 9,
    });
    let other = [("code", "R8W6N1".into())];
    let failed = client.plan(request(Some(plan.clone()), "rebook", &other)).await;
    assert!(matches!(failed, Err(ClientError::Unavailable(_))), "{failed:?}");
    let refused = client.execute(&plan, yes()).await.map(drop);
    assert!(matches!(refused, Err(ClientError::NotReady(_))), "{refused:?}");
    assert_eq!(airline.snapshot().expect("readable"), before);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn nothing_secret_or_needless_is_at_rest() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    core.shutdown().await;
    let rest = at_rest(folder.path()).await;
    assert!(rest.contains("apply_credit"), "the journal is where we look");
    for secret in ["4821", "Rivers", "yes please"] {
        assert!(!has_word(&rest, secret), "{secret} is at rest");
    }
    airline.shutdown().await;
}

#[tokio::test]
async fn reads_that_are_lost_are_repeated_and_a_dead_system_is_told() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    airline.faults().once("flight_status", FaultKind::LostReply);
    let reply = client.plan(request(None, "status", &[("flight", "701".into())])).await.expect("plans");
    assert!(matches!(reply, PlanReply::Answer { .. }), "{reply:?}");
    airline.shutdown().await;
    let dead = client.plan(request(None, "status", &[("flight", "701".into())])).await;
    assert!(matches!(dead, Err(ClientError::Unavailable(_))), "{dead:?}");
    core.shutdown().await;
}

#[tokio::test]
async fn the_catalogue_is_listed_also_over_a_unix_socket() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let socket = folder.path().join("core.sock");
    let unix = || callwright_actions::CoreConfig {
        listen: Listen::Unix(socket.clone()),
        ..config(folder.path(), &airline.url())
    };
    let core = ActionCore::start(unix()).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let skills = client.list_skills("airline").await.expect("lists");
    let names: Vec<&str> = skills.iter().map(|skill| skill.name.as_str()).collect();
    assert_eq!(names, ["cancel", "rebook", "status"]);
    assert_eq!(skills[1].inputs, ["code", "pin"]);
    let actions = client.list_actions("").await.expect("lists");
    let credit = actions.iter().find(|action| action.name == "apply_credit").expect("is there");
    assert_eq!(credit.undo.as_deref(), Some("revoke_credit"));
    assert_eq!(client.list_skills("none").await.expect("lists"), []);
    let unknown = client.plan(request(None, "dance", &[])).await;
    assert!(matches!(unknown, Err(ClientError::NotFound(_))), "{unknown:?}");
    drop(client);
    core.shutdown().await;
    // What a killed core leaves behind is no hindrance.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("binds"));
    ActionCore::start(unix()).await.expect("starts over a stale socket").shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = config(folder.path(), "http://127.0.0.1:1");
    let mut open = good.clone();
    open.listen = Listen::Tcp(std::net::SocketAddr::from(([0, 0, 0, 0], 0)));
    assert!(matches!(ActionCore::start(open).await, Err(StartError::Listen { .. })));
    let mut lonely = good.clone();
    lonely.connectors.clear();
    assert!(matches!(ActionCore::start(lonely).await, Err(StartError::Connector(_))));
    let mut twice = good.clone();
    twice.packs.push(airline_pack());
    assert!(matches!(ActionCore::start(twice).await, Err(StartError::Packs(_))));
    let mut broken = good;
    broken.packs[0].files.remove("actions.yaml");
    let Err(StartError::Packs(problems)) = ActionCore::start(broken).await else { panic!("it starts") };
    assert!(problems.iter().any(|problem| problem.file == "skills/airline/actions.yaml"));
}

#[tokio::test]
async fn strangers_can_list_the_service_and_ask_for_its_health() {
    use tonic_health::pb::health_client::HealthClient;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let endpoint = tonic::transport::Endpoint::from_shared(core.url().to_owned()).expect("an address");
    let channel = endpoint.connect().await.expect("connects");
    let ask = |message| tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let symbol = "callwright.actions.v1.ActionCore".to_owned();
    let asked = [MessageRequest::ListServices(String::new()), MessageRequest::FileContainingSymbol(symbol)];
    let mut replies = ServerReflectionClient::new(channel.clone())
        .server_reflection_info(tokio_stream::iter(asked.map(ask)))
        .await
        .expect("answers")
        .into_inner();
    let first = replies.next().await.expect("a reply").expect("a reply").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = first else { panic!("{first:?}") };
    assert!(list.service.iter().any(|service| service.name == "callwright.actions.v1.ActionCore"));
    let second = replies.next().await.expect("a reply").expect("a reply").message_response;
    assert!(matches!(second, Some(MessageResponse::FileDescriptorResponse(_))), "{second:?}");

    let older = {
        use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
        let list = Some(MessageRequest::ListServices(String::new()));
        let ask = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
            host: String::new(),
            message_request: list,
        };
        ServerReflectionClient::new(channel.clone()).server_reflection_info(tokio_stream::once(ask)).await
    };
    let reply = older.expect("older tools are answered too").into_inner().next().await.expect("a reply");
    assert!(reply.is_ok(), "{reply:?}");

    let service = "callwright.actions.v1.ActionCore".to_owned();
    let health = HealthClient::new(channel)
        .check(tonic_health::pb::HealthCheckRequest { service })
        .await
        .expect("answers")
        .into_inner();
    assert_eq!(health.status, 1, "serving");
    core.shutdown().await;
    airline.shutdown().await;
}
