//! The desk in a real browser: what waits is shown with all that would be written, answered, and its story told.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callwright_console::{
    ApprovalAnswer, ApprovalRefusal, ApprovalView, ApprovalWrite, Approvals, CallView, CallbackRefusal,
    CallbackView, Callbacks, Console, ConsoleConfig, ConsolePorts, Decision, ErasedView, EventHub,
    JourneyRefusal, Journeys, LineView, PlanView, Readiness, Snapshots, StoryRefusal, StoryView,
    SuperviseRefusal, SuperviseWish, Supervisors, TrunkView, UserPhonesView, WhipAnswer, WhipHandler,
    WhipOffer, WhipRefusal,
};
use callwright_model::{CallId, Money, Pii, PlanId, Record, Value};
use serde_json::json;

use crate::browser::{Browser, Launch, Scheme};

const SOON: Duration = Duration::from_secs(15);
const TOKEN: &str = "correct horse";

/// Two plans that wait, and the answers that were given.
#[derive(Default)]
struct Office {
    answers: Mutex<Vec<ApprovalAnswer>>,
}

fn money(minor: i64) -> Value {
    Value::Money(Money { minor, currency: "USD".to_owned() })
}

fn write(step: u32, action: &str, asked: bool, arguments: &[(&str, Value)], later: &[&str]) -> ApprovalWrite {
    let arguments: Record =
        arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    ApprovalWrite {
        step,
        action: action.to_owned(),
        connector: "airline".to_owned(),
        method: action.to_owned(),
        arguments: arguments.into(),
        later: later.iter().map(|name| (*name).to_owned()).collect(),
        undo: (step < 6).then(|| format!("undo_{action}")),
        asked,
    }
}

fn question(
    plan: &str,
    skill: &str,
    summary: &str,
    verified: bool,
    writes: Vec<ApprovalWrite>,
) -> ApprovalView {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let now = u64::try_from(now).expect("a time of this age");
    ApprovalView {
        plan: PlanId(plan.to_owned()),
        number: 2,
        role: "supervisor".to_owned(),
        rules: vec!["credit-above-300".to_owned()],
        pack: "airline".to_owned(),
        skill: skill.to_owned(),
        summary: summary.to_owned(),
        call: CallId(0xca11),
        verified,
        asked_unix_ms: now - 300_000,
        until_unix_ms: now + 8 * 3_600_000,
        writes,
    }
}

fn questions() -> Vec<ApprovalView> {
    let booking = ("booking", Value::Code("K7M4X2".to_owned()));
    let rebook = vec![
        write(3, "assign_seat", false, &[booking.clone(), ("flight", "CW318-2026-11-23".into())], &[]),
        write(4, "apply_credit", true, &[("amount", money(62_000)), booking.clone()], &[]),
        write(5, "update_booking", false, std::slice::from_ref(&booking), &["seat"]),
        write(6, "send_confirmation", false, &[("about", "rebooked".into()), booking.clone()], &[]),
    ];
    let cancel = vec![write(3, "refund_fare", true, &[("amount", money(91_900)), booking], &[])];
    vec![
        question("p-rebook", "rebook", "Rebook a cancelled flight", true, rebook),
        // Whoever writes a pack, or calls, puts no element into the page.
        question("p-cancel", "cancel", "<img src=x onerror=document.title='broken'>Cancel", false, cancel),
    ]
}

#[async_trait::async_trait]
impl Approvals for Office {
    async fn list(&self, _role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal> {
        let answers = self.answers.lock().expect("no panic before");
        let waits = |view: &ApprovalView| answers.iter().all(|answer| answer.plan != view.plan);
        Ok(questions().into_iter().filter(waits).collect())
    }

    async fn answer(&self, answer: ApprovalAnswer) -> Result<(), ApprovalRefusal> {
        self.answers.lock().expect("no panic before").push(answer);
        Ok(())
    }
}

#[async_trait::async_trait]
impl Snapshots for Office {
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    fn lines(&self) -> Vec<LineView> {
        Vec::new()
    }

    fn trunks(&self) -> Vec<TrunkView> {
        Vec::new()
    }

    fn phones(&self) -> Vec<UserPhonesView> {
        Vec::new()
    }

    fn calls(&self) -> Vec<CallView> {
        Vec::new()
    }

    async fn plans(&self) -> Result<Vec<PlanView>, String> {
        Ok(Vec::new())
    }

    async fn story(&self, plan: &PlanId) -> Result<StoryView, StoryRefusal> {
        if plan.0 == "p-none" {
            return Err(StoryRefusal::Unknown);
        }
        Ok(StoryView { plan: plan.clone(), text: Pii::new(String::new()), story: failed_at_three() })
    }
}

/// As the action core tells it: step 3 lost an answer, was refused by a rule, and step 2 was taken back.
fn failed_at_three() -> serde_json::Value {
    let began = 1_795_000_000_000_u64;
    let event = |number: u64, after: u64, event: &str, told: &str| json!({ "number": number, "unix_ms": began + after, "what": { "event": event }, "told": told });
    json!({
        "plan": "p-rebook", "pack": "airline", "skill": "rebook", "version": "2.1+3f2a9c1b04de", "state": "failed",
        "times": { "consented_unix_ms": began },
        "intent": { "summary": "Rebook a cancelled flight" },
        "allowed_by": ["verified-may-run-plans"],
        "steps": [
            { "number": 1, "action": "find_booking", "kind": "read", "state": "committed", "allowed_by": ["anyone-may-look-up"] },
            { "number": 2, "action": "assign_seat", "kind": "write", "state": "undone", "connector": "airline", "took_ms": 5, "attempts": 1,
              "undo": { "action": "release_seat", "attempts": 2 }, "allowed_by": ["verified-may-change-their-own"] },
            { "number": 3, "action": "apply_credit", "kind": "write", "state": "failed", "connector": "airline", "took_ms": 2_040,
              "attempts": 2, "lost": 1, "undo": { "action": "revoke_credit", "attempts": 0 }, "allowed_by": [] },
            { "number": 4, "action": "send_confirmation", "kind": "write", "state": "pending", "connector": "airline", "allowed_by": [] },
        ],
        "events": [
            event(1, 0, "consented", "the caller said yes."),
            event(2, 5, "step_started", "step 2 assign_seat begun. Allowed by: verified-may-change-their-own."),
            event(3, 10, "step_committed", "step 2 assign_seat done, 5 ms after it began, at attempt 1."),
            event(4, 2_015, "step_lost", "step 3 apply_credit had no answer at attempt 1: timed out."),
            event(5, 2_050, "step_failed", "step 3 apply_credit failed without effect: it is not permitted any more (rules: credit-above-300)."),
            event(6, 2_060, "undo_started", "step 2 assign_seat is being undone by release_seat."),
            event(7, 14_100, "step_undone", "step 2 assign_seat undone."),
            event(8, 14_100, "failed", "ended without its goal because step 3 apply_credit failed. Nothing of it is left."),
        ],
    })
}

#[async_trait::async_trait]
impl WhipHandler for Office {
    async fn offer(&self, _offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal> {
        let text = "nobody is called here".to_owned();
        Err(WhipRefusal { status: 503, error: text.clone(), help: text, retry_after_s: None })
    }

    async fn hang_up(&self, _session: &str) -> bool {
        false
    }
}

#[async_trait::async_trait]
impl Callbacks for Office {
    async fn list(&self, _done: bool) -> Result<Vec<CallbackView>, CallbackRefusal> {
        Ok(Vec::new())
    }

    async fn complete(&self, _call: CallId, _by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        Err(CallbackRefusal::Unknown)
    }

    async fn cancel(&self, _call: CallId, _by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        Err(CallbackRefusal::Unknown)
    }
}

#[async_trait::async_trait]
impl Supervisors for Office {
    async fn supervise(&self, _: CallId, _: Option<SuperviseWish>) -> Result<(), SuperviseRefusal> {
        Err(SuperviseRefusal::Unknown)
    }
}

#[async_trait::async_trait]
impl Journeys for Office {
    async fn export(&self, _journey: &str) -> Result<Pii<String>, JourneyRefusal> {
        Err(JourneyRefusal::Unknown)
    }

    async fn erase(&self, _journey: &str) -> Result<ErasedView, JourneyRefusal> {
        Err(JourneyRefusal::Unknown)
    }
}

/// The desk with two plans that wait, opened with the operator's token by somebody who has said who they are.
async fn opened() -> (Arc<Office>, Console, Browser) {
    let office = Arc::new(Office::default());
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let ports = ConsolePorts {
        whip: office.clone(),
        events: EventHub::new(),
        snapshots: office.clone(),
        callbacks: office.clone(),
        approvals: office.clone(),
        humans: Arc::new(()),
        journeys: office.clone(),
        supervisors: office.clone(),
        metrics: recorder.handle(),
    };
    let config = ConsoleConfig {
        bind: ([127, 0, 0, 1], 0).into(),
        operator_token: Some(Pii::new(TOKEN.to_owned())),
        ..ConsoleConfig::default()
    };
    let console = Console::start(config, ports).await.expect("a free TCP port");
    let mut browser = Browser::launch(Launch::default()).await;
    browser.look_like(1_280, 900, Scheme::Light).await;
    browser.goto(&format!("http://{}/desk", console.local_addr())).await;
    browser.wait_for("!document.getElementById('door').hidden", SOON).await;
    assert_eq!(
        browser.eval("document.querySelectorAll('#waiting li').length").await,
        0,
        "nobody is told yet"
    );
    fill(&mut browser, "#token", TOKEN).await;
    browser.click("document.querySelector('#door button')").await;
    browser.wait_for("document.querySelectorAll('#waiting > li').length === 2", SOON).await;
    fill(&mut browser, "#by", "Ada Lovelace").await;
    (office, console, browser)
}

async fn fill(browser: &mut Browser, field: &str, text: &str) {
    browser.eval(&format!("document.querySelector('{field}').value = {}", json!(text))).await;
}

/// A button of the plan of this place in the list.
fn button(place: usize, name: &str) -> String {
    format!(
        "[...document.querySelectorAll('#waiting > li')[{place}].querySelectorAll('button')].find((b) => b.textContent === '{name}')"
    )
}

async fn photograph(browser: &mut Browser, name: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    for (size, width, height) in [("wide", 1_280, 1_700), ("phone", 400, 2_400)] {
        for (scheme, colours) in [("light", Scheme::Light), ("dark", Scheme::Dark)] {
            browser.look_like(width, height, colours).await;
            let overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
            assert_eq!(browser.eval(overflow).await, false, "{name} is wider than {width} pixels");
            browser.screenshot(&folder.join(format!("{name}-{size}-{scheme}.png"))).await;
        }
    }
    browser.look_like(1_280, 900, Scheme::Light).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_approved_on_the_page_and_its_story_told() {
    let _place = callwright_tests::Place::take(false);
    let (office, console, mut browser) = opened().await;
    let shown = browser.eval("document.querySelector('#waiting > li').textContent").await;
    let shown = shown.as_str().expect("text").to_owned();
    for wanted in [
        "airline/rebook",
        "has proved who they are",
        "credit-above-300",
        "supervisor",
        "4. apply_credit",
        "needs the approval",
        "$620.00",
        "comes with the result of a step before",
        "undo_apply_credit",
    ] {
        assert!(shown.contains(wanted), "`{wanted}` is not in {shown}");
    }
    assert_eq!(browser.eval("document.querySelectorAll('#waiting img').length").await, 0, "text stays text");
    assert_ne!(browser.eval("document.title").await, "broken");
    photograph(&mut browser, "desk").await;

    browser.click(&button(0, "Approve")).await;
    browser.wait_for("document.querySelectorAll('#waiting > li').length === 1", SOON).await;
    let told = browser.wait_for("document.getElementById('outcome').textContent", SOON).await;
    assert_eq!(told, "Approved: Rebook a cancelled flight, plan p-rebook.");
    {
        let answers = office.answers.lock().expect("no panic before");
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!(
            (answer.plan.0.as_str(), answer.number, answer.decision),
            ("p-rebook", 2, Decision::Approve)
        );
        assert_eq!((answer.role.as_str(), answer.by.reveal().as_str()), ("supervisor", "Ada Lovelace"));
    }
    let times = "document.querySelectorAll('.times > li').length === 8 && document.getElementById('story').textContent";
    let story = browser.wait_for(times, SOON).await;
    let story = story.as_str().expect("text");
    for wanted in [
        "failed, and nothing of it is left",
        "2.1+3f2a9c1b04de",
        "rules: credit-above-300",
        "2 attempts",
        "taken back by release_seat",
        "+2050 ms",
        "not begun",
    ] {
        assert!(story.contains(wanted), "`{wanted}` is not in {story}");
    }
    photograph(&mut browser, "desk-story").await;
    browser.close().await;
    console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_rejected_on_the_page_for_a_reason_only() {
    let _place = callwright_tests::Place::take(false);
    let (office, console, mut browser) = opened().await;
    browser.click(&button(1, "Reject")).await;
    let told = browser
        .wait_for(
            "!document.getElementById('trouble').hidden && document.getElementById('trouble').textContent",
            SOON,
        )
        .await;
    assert_eq!(told, "Say why it is rejected.");
    assert_eq!(browser.eval("document.activeElement.tagName").await, "TEXTAREA", "and where");
    assert!(office.answers.lock().expect("no panic before").is_empty());

    browser.eval("document.querySelectorAll('#waiting textarea')[1].value = 'not twice in a week'").await;
    browser.click(&button(1, "Reject")).await;
    browser.wait_for("document.querySelectorAll('#waiting > li').length === 1", SOON).await;
    let told = browser.wait_for("document.getElementById('outcome').textContent", SOON).await;
    assert!(told.as_str().is_some_and(|told| told.starts_with("Rejected: <img src=x")), "{told}");
    {
        let answers = office.answers.lock().expect("no panic before");
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!((answer.plan.0.as_str(), answer.decision), ("p-cancel", Decision::Reject));
        assert_eq!(answer.reason.reveal(), "not twice in a week");
    }
    fill(&mut browser, "#plan", "p-none").await;
    browser.click("document.querySelector('#ask button')").await;
    let told = browser.wait_for("document.getElementById('trouble').textContent", SOON).await;
    assert!(told.as_str().is_some_and(|told| told.starts_with("there is no such plan")), "{told}");
    browser.close().await;
    console.shutdown().await;
}
