//! Plans that wait for somebody's approval, before the demo airline: credits above 300 dollars need a supervisor.

use std::path::Path;

use callwright_actions::{ActionCore, CoreConfig, Limits, audit, explain_from};
use callwright_demo_backends::Handle;
use callwright_model::{Pii, PlanEvent, PlanFact, PlanId, PlanReply, Value};
use callwright_wire::actions::{Approval, ApprovalAnswer, Client, ClientError, PlanEvents, PlanState};
use tokio_stream::StreamExt as _;

use crate::common::{
    ALL_DONE, BOOKING, DEAR, change, config, demo_airline, ready, short, store, supervised, tamper,
    to_the_end, yes,
};

/// As the demo is, but that a supervisor must approve the seat: it is known once it is held.
fn seated(folder: &Path, airline: &Handle) -> CoreConfig {
    let mut config = config(folder, &airline.url());
    let text = config.packs[0].files.get_mut("actions.yaml").expect("it is there");
    let at = text.find("  update_booking:").expect("it is there");
    let rest = text.split_off(at);
    text.push_str(&rest.replacen(
        "context: { booking: input.booking }",
        "context: { booking: input.booking, seat: input.seat }",
        1,
    ));
    change(&mut config, "schema.cedarschema", "\"assign_seat\", \"update_booking\", ", "\"assign_seat\", ");
    let schema = config.packs[0].files.get_mut("schema.cedarschema").expect("it is there");
    schema.push_str(
        "action \"update_booking\" appliesTo {
           principal: [Caller], resource: [Connector], context: { booking: String, seat: String }
         };\n",
    );
    let policies = config.packs[0].files.get_mut("policies.cedar").expect("it is there");
    policies.push_str(
        "@id(\"seats-are-looked-at\") @approval(\"supervisor\")
         forbid(principal, action == Action::\"update_booking\", resource) when { context.seat != \"\" };\n",
    );
    config
}

async fn start(config: CoreConfig) -> (ActionCore, Client) {
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

/// Says yes to a plan, which then waits: with what was told until then, and the question.
async fn waiting(client: &Client, booking: (&str, &str)) -> (PlanId, Vec<PlanEvent>, PlanEvents, Approval) {
    let reply = ready(client, booking.0, booking.1).await;
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    let mut told = Vec::new();
    loop {
        let event = events.next().await.expect("it goes on").expect("an event");
        let asked = matches!(event.fact, PlanFact::ApprovalAsked { .. });
        told.push(event);
        if asked {
            break;
        }
    }
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::AwaitingApproval);
    let question = question(client).await;
    assert_eq!(question.plan, plan);
    (plan, told, events, question)
}

async fn question(client: &Client) -> Approval {
    let mut approvals = client.list_approvals("").await.expect("listed");
    assert_eq!(approvals.len(), 1, "{approvals:?}");
    approvals.remove(0)
}

fn answer(question: &Approval, by: &str, approve: bool) -> ApprovalAnswer {
    ApprovalAnswer {
        plan: question.plan.clone(),
        number: question.number,
        role: "supervisor".to_owned(),
        by: Pii::new(by.to_owned()),
        approve,
        reason: Pii::new("she has missed a wedding".to_owned()),
    }
}

#[tokio::test]
async fn what_is_approved_goes_on_and_the_story_says_who_and_why() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let before = airline.snapshot().expect("readable");
    let (plan, told, events, question) = waiting(&client, DEAR).await;
    assert_eq!(short(&told), ["asked supervisor"], "nothing is begun before");
    assert_eq!(airline.snapshot().expect("readable"), before);

    // The approver sees exactly what would happen.
    assert_eq!((question.role.as_str(), question.skill.as_str()), ("supervisor", "rebook"));
    assert_eq!(question.rules, ["credit-above-300-needs-a-human"]);
    assert_eq!(question.until_unix_ms - question.asked_unix_ms, 8 * 3_600_000);
    let writes: Vec<_> = question.writes.iter().map(|write| (write.action.as_str(), write.asked)).collect();
    assert_eq!(
        writes,
        [
            ("assign_seat", false),
            ("apply_credit", true),
            ("update_booking", false),
            ("send_confirmation", false)
        ]
    );
    let credit = &question.writes[1];
    assert!(matches!(credit.arguments.reveal()["amount"], Value::Money(_)), "{credit:?}");
    assert_eq!(credit.undo.as_deref(), Some("revoke_credit"));
    assert_eq!(question.writes[2].later, ["seat"]);
    assert!(!format!("{question:?}").contains(DEAR.0), "what is personal is in no log");
    assert!(client.list_approvals("board").await.expect("listed").is_empty());

    client.answer_approval(answer(&question, "Ada", true)).await.expect("it counts");
    let events = short(&to_the_end(events).await);
    assert_eq!((events[0].as_str(), &events[1..]), ("approved supervisor", &ALL_DONE.map(str::to_owned)[..]));
    assert_eq!(airline.snapshot().expect("readable").count("credits", "booking", DEAR.0), 1);
    assert!(client.list_approvals("").await.expect("listed").is_empty());
    let story = client.explain(&plan).await.expect("explains").text;
    for line in [
        "step 4 apply_credit waits for the approval of `supervisor`, until ",
        "approved by Ada as `supervisor`: she has missed a wedding. The policies are asked again.",
        "Step 4: needs the approval of `supervisor`, by credit-above-300-needs-a-human.",
        "step 4 apply_credit begun. Allowed by: verified-may-change-their-own, credit-above-300-needs-a-human.",
    ] {
        assert!(story.contains(line), "{line}\n---\n{story}");
    }
    core.shutdown().await;
    let kept = store(folder.path());
    let told = explain_from(&kept, &plan).await.expect("readable").expect("known");
    assert_eq!(told.text, story, "as `callwright explain`");
    assert!(audit(&kept, None).await.expect("readable").findings.is_empty(), "it is on the chain");
    airline.shutdown().await;
}

#[tokio::test]
async fn a_rejection_undoes_what_was_done_before() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(seated(folder.path(), &airline)).await;
    let before = airline.snapshot().expect("readable");
    let (plan, told, events, question) = waiting(&client, (BOOKING, "4821")).await;
    assert_eq!(short(&told), ["started 3", "committed 3", "started 4", "committed 4", "asked supervisor"]);
    let known: Vec<_> = question.writes.iter().map(|write| (write.step, write.later.len())).collect();
    assert_eq!(known, [(5, 0), (6, 0)], "done is done, and the seat is known");
    client.answer_approval(answer(&question, "Bob", false)).await.expect("it counts");
    let events = short(&to_the_end(events).await);
    assert_eq!(
        events,
        ["rejected supervisor", "failed 5", "undone 4", "undone 3", "failed at 5 rebook-failed"]
    );
    let after = airline.snapshot().expect("readable");
    assert_eq!(
        (&after.tables["bookings"], &after.tables["seats"]),
        (&before.tables["bookings"], &before.tables["seats"])
    );
    assert_eq!(after.count("credits", "state", "active"), 0);
    let story = client.explain(&plan).await.expect("explains").text;
    assert!(story.contains("rejected by Bob as `supervisor`: she has missed a wedding."), "{story}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_plan_waits_on_over_a_restart_and_goes_on_where_it_stood() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(seated(folder.path(), &airline)).await;
    let (plan, _, events, first) = waiting(&client, (BOOKING, "4821")).await;
    core.shutdown().await;
    drop(to_the_end(events).await);
    let (core, client) = start(seated(folder.path(), &airline)).await;
    assert_eq!(client.get_plan(&plan).await.expect("known").state, PlanState::AwaitingApproval);
    let question = question(&client).await;
    assert_eq!(question, first, "it is the same question, with the same end");
    let events = client.execute(&plan, yes()).await.expect("told from the first");
    client.answer_approval(answer(&question, "Ada", true)).await.expect("it counts");
    let events = short(&to_the_end(events).await);
    let (begun, rest) = ALL_DONE.split_at(4);
    let wanted: Vec<&str> =
        begun.iter().chain(&["asked supervisor", "approved supervisor"]).chain(rest).copied().collect();
    assert_eq!(events, wanted, "no step is done twice");
    crate::common::rebooked_once(&airline);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn no_answer_in_time_counts_as_a_rejection() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let (plan, _, events, question) = waiting(&client, DEAR).await;
    core.shutdown().await;
    drop(to_the_end(events).await);
    // While the core is away the time goes by: here by making it short.
    let shorter = "UPDATE events SET event = replace(event, '\"within_s\":28800', '\"within_s\":0')";
    tamper(folder.path(), shorter).await;
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let events = to_the_end(client.execute(&plan, yes()).await.expect("told")).await;
    assert_eq!(
        short(&events),
        ["asked supervisor", "rejected supervisor", "failed 4", "failed at 4 rebook-failed"]
    );
    let late = client.answer_approval(answer(&question, "Ada", true)).await;
    let Err(ClientError::NotReady(why)) = late else { panic!("{late:?}") };
    assert!(why.contains("nobody answered in time"), "{why}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn a_policy_that_says_no_by_then_is_not_overruled_by_an_approval() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let before = airline.snapshot().expect("readable");
    let (plan, _, events, _) = waiting(&client, DEAR).await;
    core.shutdown().await;
    drop(to_the_end(events).await);
    let mut stricter = supervised(folder.path(), &airline.url());
    let policies = stricter.packs[0].files.get_mut("policies.cedar").expect("it is there");
    policies.push_str(
        "@id(\"no-credits-today\") forbid(principal, action == Action::\"apply_credit\", resource)
         when { context.amount > 100 };\n",
    );
    let (core, client) = start(stricter).await;
    let question = question(&client).await;
    client.answer_approval(answer(&question, "Ada", true)).await.expect("it counts");
    let events = to_the_end(client.execute(&plan, yes()).await.expect("told")).await;
    assert_eq!(
        short(&events),
        ["asked supervisor", "approved supervisor", "failed 4", "failed at 4 rebook-failed"]
    );
    assert_eq!(airline.snapshot().expect("readable"), before);
    let story = client.explain(&plan).await.expect("explains").text;
    assert!(story.contains("it is not permitted any more (rules: no-credits-today)"), "{story}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn of_two_approvers_at_once_one_counts_and_another_role_does_not() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = start(supervised(folder.path(), &airline.url())).await;
    let (plan, _, events, question) = waiting(&client, DEAR).await;
    let other = ApprovalAnswer { role: "board".to_owned(), ..answer(&question, "Cem", true) };
    let refused = client.answer_approval(other).await;
    let Err(ClientError::Forbidden(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("`supervisor`"), "{why}");
    let unseen = ApprovalAnswer { number: question.number + 2, ..answer(&question, "Ada", true) };
    assert!(matches!(client.answer_approval(unseen).await, Err(ClientError::NotReady(_))));

    let (ada, bob) = tokio::join!(
        client.answer_approval(answer(&question, "Ada", true)),
        client.answer_approval(answer(&question, "Bob", false)),
    );
    assert!(ada.is_ok() != bob.is_ok(), "{ada:?} {bob:?}");
    let late = if ada.is_ok() { bob } else { ada.clone() };
    assert!(matches!(late, Err(ClientError::NotReady(_))), "{late:?}");
    // Who was first may say it again: the answer to the first time may have been lost.
    let (first, approve) = if ada.is_ok() { ("Ada", true) } else { ("Bob", false) };
    client.answer_approval(answer(&question, first, approve)).await.expect("nothing new");
    let events = short(&to_the_end(events).await);
    let decided = events.iter().filter(|event| event.contains("supervisor")).count();
    assert_eq!(decided, 1, "{events:?}");
    let story = client.explain(&plan).await.expect("explains").text;
    assert!(story.contains(&format!("by {first} as `supervisor`")), "{story}");
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn plans_that_wait_take_no_place_from_those_that_act_but_have_a_limit_of_their_own() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let limits = Limits { plans_in_flight_max: 1, approvals_waiting_max: 1, ..Limits::default() };
    let (core, client) = start(CoreConfig { limits, ..supervised(folder.path(), &airline.url()) }).await;
    let (_, _, _events, _) = waiting(&client, DEAR).await;
    let reply = ready(&client, DEAR.0, DEAR.1).await;
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    let refused = client.execute(&plan, yes()).await.map(drop);
    assert!(matches!(refused, Err(ClientError::Busy(_))), "{refused:?}");
    let plan = crate::common::ready_plan(&client).await;
    let events = to_the_end(client.execute(&plan, yes()).await.expect("there is a place")).await;
    assert_eq!(short(&events), ALL_DONE);
    core.shutdown().await;
    airline.shutdown().await;
}
