//! Whole calls with scripted callers: a plan that outlives its caller, keys, refusals by policy, load, and the end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_demo_backends::FaultKind;
use callwright_loadtest::{
    CallReport, Callee, CalleeConfig, LoadConfig, LoadReport, NoObserver, Outcome, Scenario, run,
};
use callwright_tests::{Airline, Gateway, Settings, Witness, eventually, program, repository};

fn scenario(name: &str) -> Arc<Scenario> {
    let file: PathBuf = repository().join("audio-fixtures/scenarios").join(name);
    Arc::new(Scenario::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

async fn place(gateway: &Gateway, name: &str, calls: u64, concurrent: u64) -> LoadReport {
    let to = format!("sip:airline@{}", gateway.sip);
    // A number that can be called back, from those that are nobody's.
    let from_user = "15550100".to_owned();
    let config =
        LoadConfig { calls, concurrent, rate: 4.0, from_user, ..LoadConfig::new(to, scenario(name)) };
    run(config, Arc::new(NoObserver), |_| {}).await.expect("calls can be placed")
}

fn only(report: LoadReport) -> CallReport {
    report.calls.into_iter().next().expect("one call was placed")
}

fn booked(airline: &Airline) -> bool {
    airline.changes().iter().any(|change| change.starts_with("bookings K7M4X2:"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_caller_is_rebooked_and_can_cut_in() {
    let airline = Airline::start().await;
    let gateway = Gateway::start(&Settings { airline: airline.url(), alone: true, ..Settings::default() });
    let report = place(&gateway, "rebook.yaml", 1, 1).await;
    let mean = report.response_latency_s.mean.expect("answers were measured");
    let yielded = report.yield_latency_s.mean.expect("the interruption was measured");
    let call = only(report);
    assert_eq!(call.outcome, Outcome::Completed, "{call:#?}");
    assert!(booked(&airline), "{:#?}", airline.changes());
    let metrics = gateway.get("/metrics");
    let foreseen = counted(&metrics, "callwright_speculation_total{result=\"right\"}");
    assert!(foreseen >= 1.0, "nothing that the caller said was foreseen in the silence after it: {metrics}");
    assert!(mean <= 1.0, "the reply begins {mean:.2} s after the caller: {call:#?}");
    assert!(yielded <= 0.6, "silent {yielded:.2} s after the caller cut in: {call:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_key_what_they_could_say() {
    let airline = Airline::start().await;
    let gateway = Gateway::start(&Settings { airline: airline.url(), ..Settings::default() });
    let call = only(place(&gateway, "keys.yaml", 1, 1).await);
    assert_eq!(call.outcome, Outcome::Completed, "{call:#?}");
    assert!(booked(&airline), "{:#?}", airline.changes());
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_after_the_yes_leaves_the_plan_to_finish() {
    let airline = Airline::start().await;
    // Together longer than the caller stays after the yes, so that the plan cannot be over before the call is; each shorter than
    // the core waits for an answer.
    for action in ["assign_seat", "apply_credit", "update_booking", "send_confirmation"] {
        airline.handle.faults().once(action, FaultKind::Delay(Duration::from_millis(1_500)));
    }
    let gateway = Gateway::start(&Settings { airline: airline.url(), ..Settings::default() });
    place(&gateway, "hang-up-after-yes.yaml", 1, 1).await;
    assert!(!booked(&airline), "the plan was over before the caller hung up");
    let plans = gateway.get("/v1/plans");
    assert!(plans.contains("assign_seat") && !plans.contains("completed"), "the plan runs: {plans}");
    // Its database is the only witness once the caller is gone.
    let changes = || airline.changes();
    eventually("the booking changes", changes, |_| booked(&airline));
    eventually("the confirmation is sent", changes, |all| all.iter().any(|one| one.starts_with("messages")));
    eventually("the plan is done", || gateway.get("/v1/plans"), |plans| plans.contains("completed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_put_through_to_a_human_who_accepts_by_key() {
    put_through("desk.yaml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_put_through_to_a_human_who_accepts_by_word() {
    put_through("desk-voice.yaml").await;
}

async fn put_through(desk: &str) {
    let human = Callee::start(CalleeConfig::new("desk", scenario(desk)), Arc::new(NoObserver))
        .await
        .expect("a telephone");
    let gateway = Gateway::start(&Settings { humans: vec![human.address()], ..Settings::default() });
    let call = only(place(&gateway, "person.yaml", 1, 1).await);
    let theirs = tokio::time::timeout(Duration::from_secs(20), human.next_report()).await;
    let theirs = theirs.expect("the human's call ends").expect("the human was rung");
    assert_eq!(call.outcome, Outcome::Completed, "{desk}: {call:#?}\n{theirs:#?}");
    let hello = theirs.turns.iter().find(|turn| turn.name.contains("desk-hello")).expect("they said hello");
    let answered = theirs.heard_s.iter().any(|(start, _)| *start > hello.end_s);
    assert!(answered, "{desk}: the human did not hear the caller: {theirs:#?}");
    human.shutdown().await;
    both_legs_are_captured(&gateway);
}

/// An engineer who asks for the call sees the caller's leg and the human's.
fn both_legs_are_captured(gateway: &Gateway) {
    let journals = std::fs::read_dir(gateway.folder.path().join("calls")).expect("journals").flatten();
    let names = journals.map(|file| file.file_name().to_string_lossy().into_owned());
    let call =
        names.last().and_then(|name| Some(name.strip_suffix(".jsonl")?.rsplit_once('-')?.1.to_owned()));
    let file = gateway.folder.path().join("call.pcap");
    let at = format!("http://{}", gateway.web);
    let output = Command::new(program())
        .args(["capture", &call.expect("a journal"), "--at", &at, "-o"])
        .arg(&file)
        .output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packets = std::fs::read(file).expect("it is there");
    let packets = String::from_utf8_lossy(&packets);
    let legs: BTreeSet<&str> = packets.lines().filter_map(|line| line.strip_prefix("Call-ID: ")).collect();
    assert_eq!(legs.len(), 2, "{legs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_accepting_leads_back_to_the_agent() {
    let human = Callee::start(CalleeConfig::new("desk", scenario("desk-silent.yaml")), Arc::new(NoObserver))
        .await
        .expect("a telephone");
    let gateway = Gateway::start(&Settings { humans: vec![human.address()], ..Settings::default() });
    let call = only(place(&gateway, "plan-b.yaml", 1, 1).await);
    assert_eq!(call.outcome, Outcome::Completed, "{call:#?}");
    human.shutdown().await;
}

/// Twenty callers at one time, as the issue of this test asks for: the gateway's own count of frames that were more than 20 ms
/// late, less those that an idle thread would have missed too. A machine that takes our cores away more often than that gets
/// another chance; a gateway that is late by itself is late every time.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_callers_at_once_miss_no_frame_by_more_than_20_ms() {
    let airline = Airline::start().await;
    let mut runs = String::new();
    for _ in 0..3 {
        let settings = Settings { airline: airline.url(), alone: true, ..Settings::default() };
        let gateway = tokio::task::block_in_place(|| Gateway::start(&settings));
        let witness = Witness::start();
        let report = place(&gateway, "status.yaml", 20, 20).await;
        let lost = witness.frames_lost();
        let metrics = gateway.get("/metrics");
        assert_eq!(report.calls_completed, 20, "{report}");
        let late = counted(&metrics, "callwright_media_frame_deadline_missed_total");
        if late <= lost.into() {
            return;
        }
        runs.push_str(&format!("{late} frames late, {lost} by the machine's doing\n{report}\n{metrics}\n"));
    }
    panic!("frames were late in each run:\n{runs}");
}

/// A counter's value in the text of `/metrics`; 0 when nothing was counted yet.
fn counted(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

/// A caller who only listens, once the agent greets.
async fn listener(gateway: &Gateway) -> tokio::task::JoinHandle<CallReport> {
    let to = format!("sip:airline@{}", gateway.sip);
    let (up, mut answered) = tokio::sync::mpsc::unbounded_channel();
    let observer = move |event: callwright_loadtest::PartyEvent| {
        if matches!(event.fact, callwright_loadtest::PartyFact::HeardStart { .. }) {
            // Nobody waits for a second sound.
            let _ = up.send(());
        }
    };
    let calling = tokio::spawn(async move {
        let config = LoadConfig { calls: 1, ..LoadConfig::new(to, scenario("listen.yaml")) };
        only(run(config, Arc::new(observer), |_| {}).await.expect("it can be placed"))
    });
    answered.recv().await.expect("the agent greets");
    calling
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_tells_the_caller_and_exits_with_0_within_the_grace() {
    let settings = Settings { top: "grace = \"16s\"".to_owned(), alone: true, ..Settings::default() };
    let mut gateway = Gateway::start(&settings);
    let calling = listener(&gateway).await;
    gateway.terminate();
    let told = Instant::now();
    let status = tokio::task::block_in_place(|| gateway.wait(Duration::from_secs(30)));
    assert!(told.elapsed() <= Duration::from_secs(16), "it took {:?}", told.elapsed());
    assert!(status.success(), "{status}: {}", gateway.log());
    let call = calling.await.expect("the caller's task ends");
    assert_eq!(call.outcome, Outcome::Completed, "the caller is told, then hung up on");
    assert!(!gateway.log().contains("calls were cut off"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_hangs_up_at_once() {
    let settings = Settings { top: "grace = \"90s\"".to_owned(), alone: true, ..Settings::default() };
    let mut gateway = Gateway::start(&settings);
    let calling = listener(&gateway).await;
    gateway.terminate();
    tokio::task::block_in_place(|| gateway.prints("stopping:", Duration::from_secs(5)));
    let told = Instant::now();
    gateway.terminate();
    let call = calling.await.expect("the caller's task ends");
    // A caller whom nobody tells that the call is over listens on to the end of their patience.
    assert_eq!(call.outcome, Outcome::Completed, "the caller is hung up on");
    assert!(told.elapsed() < Duration::from_secs(5), "after {:?}", told.elapsed());
    let status = tokio::task::block_in_place(|| gateway.wait(Duration::from_secs(5)));
    assert!(status.success(), "{status}: {}", gateway.log());
}
