//! What people say reaches a plan whichever core they say it to.

use std::path::Path;

use callwright_actions::ActionCore;
use callwright_demo_backends::Handle;
use callwright_model::{Pii, PlanId, PlanReply};
use callwright_wire::actions::{Approval, ApprovalAnswer, Client, ClientError, PlanEvents, PlanState, Stop};
use tokio_stream::StreamExt as _;

use crate::common::{ALL_DONE, DEAR, demo_airline, ready, short, supervised, to_the_end, yes};

async fn start(folder: &Path, airline: &Handle) -> (ActionCore, Client) {
    let core = ActionCore::start(supervised(folder, &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

/// Says yes to a plan, which then waits for a supervisor.
async fn waiting(client: &Client) -> (PlanId, PlanEvents) {
    let reply = ready(client, DEAR.0, DEAR.1).await;
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    let asked = events.next().await.expect("it goes on").expect("an event");
    assert_eq!(short(&[asked]), ["asked supervisor"]);
    (plan, events)
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_core_lists_the_approvals_of_all_and_takes_the_answer() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (one, at_one) = start(folder.path(), &airline).await;
    let (two, at_two) = start(folder.path(), &airline).await;
    let (plan, events) = waiting(&at_one).await;
    let here = at_one.list_approvals("").await.expect("listed");
    assert_eq!(at_two.list_approvals("supervisor").await.expect("listed"), here);
    assert_eq!(here.len(), 1, "{here:?}");
    assert!(at_two.list_approvals("board").await.expect("listed").is_empty());

    let other = ApprovalAnswer { role: "board".to_owned(), ..answer(&here[0], "Cem", true) };
    let refused = at_two.answer_approval(other).await;
    assert!(matches!(refused, Err(ClientError::Forbidden(_))), "{refused:?}");
    at_two.answer_approval(answer(&here[0], "Ada", true)).await.expect("it counts");
    at_two.answer_approval(answer(&here[0], "Ada", true)).await.expect("said twice is said once");
    let late = at_one.answer_approval(answer(&here[0], "Bob", false)).await;
    assert!(matches!(late, Err(ClientError::NotReady(_))), "{late:?}");
    let told = short(&to_the_end(events).await);
    assert_eq!((told[0].as_str(), &told[1..]), ("approved supervisor", &ALL_DONE.map(str::to_owned)[..]));
    assert!(at_two.list_approvals("").await.expect("listed").is_empty());
    let story = at_two.explain(&plan).await.expect("explains").text;
    assert!(story.contains("approved by Ada as `supervisor`: she has missed a wedding."), "{story}");
    one.shutdown().await;
    two.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_two_cores_one_counts() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (one, at_one) = start(folder.path(), &airline).await;
    let (two, at_two) = start(folder.path(), &airline).await;
    let (plan, events) = waiting(&at_one).await;
    let question = at_two.list_approvals("").await.expect("listed").remove(0);
    let (ada, bob) = tokio::join!(
        at_one.answer_approval(answer(&question, "Ada", true)),
        at_two.answer_approval(answer(&question, "Bob", false)),
    );
    assert!(ada.is_ok() != bob.is_ok(), "{ada:?} {bob:?}");
    let told = short(&to_the_end(events).await);
    let wanted = if ada.is_ok() { "approved supervisor" } else { "rejected supervisor" };
    assert_eq!(told[0], wanted);
    let state = at_two.get_plan(&plan).await.expect("known").state;
    assert_eq!(state, if ada.is_ok() { PlanState::Completed } else { PlanState::Failed });
    one.shutdown().await;
    two.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_stopped_at_any_core() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (one, at_one) = start(folder.path(), &airline).await;
    let (two, at_two) = start(folder.path(), &airline).await;
    let before = airline.snapshot().expect("readable");
    let (plan, events) = waiting(&at_one).await;
    let stop = Stop { by: Pii::new("Ada".to_owned()), reason: Pii::new("it is another's".to_owned()) };
    at_two.stop(&plan, stop).await.expect("nothing was done yet");
    assert_eq!(short(&to_the_end(events).await), ["failed at 3 rebook-failed"]);
    assert!(at_one.list_approvals("").await.expect("listed").is_empty());
    assert_eq!(airline.snapshot().expect("readable"), before);
    one.shutdown().await;
    two.shutdown().await;
    airline.shutdown().await;
}
