//! The page in a real browser against real WebRTC, with a gateway behind it that only echoes: what is tested here is the
//! path and the page, not the agent.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use callwright_console::{
    AgentSpeech, ApprovalAnswer, ApprovalRefusal, ApprovalView, Approvals, CallEvent, CallFact, CallState,
    CallView, CallbackRefusal, CallbackView, Callbacks, Channel, Console, ConsoleConfig, ConsolePorts,
    ErasedView, EventHub, JourneyRefusal, Journeys, LineView, PlanOutcome, PlanView, Readiness,
    RecogniserView, Snapshots, StoryRefusal, StoryView, SuperviseRefusal, SuperviseWish, Supervisors,
    TrunkView, UserPhonesView, WhipAnswer, WhipHandler, WhipOffer, WhipRefusal,
};
use callwright_model::{ActionKind, CallId, Language, Pii, PlanId, SayId, StepState, StepView, TurnId};
use callwright_webrtc::{BrowserConfig, BrowserGateway, BrowserLeg, SessionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{interval, timeout};

use crate::browser::{Browser, Launch, Scheme};

const SOON: Duration = Duration::from_secs(15);
const CALL: CallId = CallId(0xca11);
/// The element's shadow tree, in the page.
const ROOT: &str = "document.querySelector('callwright-call').shadowRoot";

/// Sends back what it hears, and tells key presses.
struct Echo {
    gateway: BrowserGateway,
    events: EventHub,
    heard: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl WhipHandler for Echo {
    async fn offer(&self, offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal> {
        if offer.line.as_deref() == Some("full") {
            return Err(WhipRefusal {
                status: 503,
                error: "all lines are taken".to_owned(),
                help: "try again in a minute".to_owned(),
                retry_after_s: Some(60),
            });
        }
        let leg = self.gateway.answer(offer.sdp.reveal()).await.map_err(|error| WhipRefusal {
            status: error.status(),
            error: error.to_string(),
            help: error.help().to_owned(),
            retry_after_s: error.retry_after_s(),
        })?;
        let answer = WhipAnswer { session: leg.id.to_string(), call: CALL, sdp: leg.answer_sdp.clone() };
        publish(&self.events, 0, started());
        tokio::spawn(echo(leg, self.events.clone(), self.heard.clone()));
        Ok(answer)
    }

    async fn hang_up(&self, session: &str) -> bool {
        self.gateway.close(&SessionId::from(session))
    }
}

async fn echo(mut leg: BrowserLeg, events: EventHub, heard: Arc<AtomicUsize>) {
    let mut tick = interval(Duration::from_millis(20));
    let mut buffer = [0; 1_500];
    let keys = leg.format.dtmf_in.map(|dtmf| dtmf.payload_type);
    let mut last_key = None;
    loop {
        tokio::select! {
            _ = &mut leg.closed => break,
            _ = tick.tick() => {}
        }
        while let Some(length) = leg.io.receive(&mut buffer) {
            let datagram = &buffer[..length];
            let timestamp = datagram[4..8].to_vec();
            if Some(datagram[1] & 0x7f) == keys {
                if last_key.replace(timestamp.clone()) != Some(timestamp) {
                    let digit = char::from(b"0123456789*#"[usize::from(datagram[12]) % 12]);
                    publish(&events, 9_000, CallFact::DtmfReceived { digit });
                }
                continue;
            }
            heard.fetch_add(1, Ordering::Relaxed);
            let _ = leg.io.send(datagram);
        }
    }
    publish(
        &events,
        60_000,
        CallFact::CallEnded { reason: "you hung up".to_owned(), mos: None, peer_mos: None },
    );
}

struct Snapshot {
    lines: Vec<LineView>,
}

#[async_trait::async_trait]
impl Snapshots for Snapshot {
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    fn lines(&self) -> Vec<LineView> {
        self.lines.clone()
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

    async fn story(&self, _plan: &PlanId) -> Result<StoryView, StoryRefusal> {
        Err(StoryRefusal::Unknown)
    }
}

struct NoDesk;

#[async_trait::async_trait]
impl Callbacks for NoDesk {
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
impl Approvals for NoDesk {
    async fn list(&self, _role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal> {
        Ok(Vec::new())
    }

    async fn answer(&self, _answer: ApprovalAnswer) -> Result<(), ApprovalRefusal> {
        Err(ApprovalRefusal::Unknown)
    }
}

#[async_trait::async_trait]
impl Supervisors for NoDesk {
    async fn supervise(&self, _: CallId, _: Option<SuperviseWish>) -> Result<(), SuperviseRefusal> {
        Err(SuperviseRefusal::Unknown)
    }
}

#[async_trait::async_trait]
impl Journeys for NoDesk {
    async fn export(&self, _journey: &str) -> Result<Pii<String>, JourneyRefusal> {
        Err(JourneyRefusal::Unknown)
    }

    async fn erase(&self, _journey: &str) -> Result<ErasedView, JourneyRefusal> {
        Err(JourneyRefusal::Unknown)
    }
}

fn publish(events: &EventHub, at_ms: u64, fact: CallFact) {
    events.publish(CallEvent { call: CALL, at_ms, fact });
}

fn recogniser() -> RecogniserView {
    RecogniserView { engine: "pocketsphinx".to_owned(), stand_by: true, note: None }
}

fn line(name: &str, title: &str, examples: &[&str]) -> LineView {
    LineView {
        name: name.to_owned(),
        title: title.to_owned(),
        languages: vec![Language::EN, Language::ES],
        recogniser: recogniser(),
        examples: examples.iter().map(|&text| text.to_owned()).collect(),
    }
}

fn started() -> CallFact {
    CallFact::CallStarted {
        line: "airline".to_owned(),
        channel: Channel::Browser,
        trunk: None,
        language: Language::EN,
        recogniser: recogniser(),
    }
}

fn state(state: CallState) -> CallFact {
    CallFact::CallStateChanged { state }
}

fn heard(turn: u32, text: &str, is_final: bool) -> CallFact {
    let text = Pii::new(text.to_owned());
    CallFact::UserTranscription { turn: TurnId(turn), text, is_final, language: Language::EN }
}

fn said(say: u32, text: &str, speech: AgentSpeech) -> CallFact {
    CallFact::AgentTranscription { say: SayId(say), text: Pii::new(text.to_owned()), speech }
}

fn step(number: u32, action: &str, kind: ActionKind, state: StepState) -> StepView {
    StepView { number, action: action.to_owned(), kind, state }
}

fn step_changed(step: StepView) -> CallFact {
    CallFact::PlanStepChanged { plan: PlanId("p1".to_owned()), step, reason: None }
}

/// A talk as an agent would have it, up to a write under way.
fn talk() -> Vec<CallFact> {
    let options = "I found two flights tomorrow. The first leaves at ten fifteen, the second at two.";
    let steps = vec![
        step(1, "bookings.find", ActionKind::Read, StepState::Committed),
        step(2, "flights.find_options", ActionKind::Read, StepState::Committed),
        step(3, "bookings.rebook", ActionKind::Write, StepState::Pending),
        step(4, "messages.send_confirmation", ActionKind::Write, StepState::Pending),
    ];
    vec![
        state(CallState::Speaking),
        said(1, "Aurora Air, how can I help?", AgentSpeech::Spoken),
        heard(1, "my flight", false),
        heard(1, "my flight was cancelled", true),
        said(2, "I am sorry. What is your booking code?", AgentSpeech::Spoken),
        heard(2, "", true),
        said(3, "Please say it letter by letter, or use the keypad.", AgentSpeech::Spoken),
        heard(3, "x ray four kilo two", true),
        said(
            4,
            options,
            AgentSpeech::Interrupted {
                heard: Pii::new("I found two flights tomorrow.".to_owned()),
                unheard: Pii::new(options.replacen("I found two flights tomorrow.", "", 1).trim().to_owned()),
            },
        ),
        heard(4, "the first one", true),
        CallFact::PlanReady {
            plan: PlanId("p1".to_owned()),
            skill: "rebook_cancelled_flight".to_owned(),
            steps,
        },
        said(5, "The ten fifteen to Lisbon, in seat 12C. Shall I book it?", AgentSpeech::Spoken),
        heard(5, "yes please", true),
        step_changed(step(3, "bookings.rebook", ActionKind::Write, StepState::Started)),
        state(CallState::Thinking),
        said(6, "One moment.", AgentSpeech::Speaking),
    ]
}

fn done() -> Vec<CallFact> {
    let plan = PlanId("p1".to_owned());
    vec![
        step_changed(step(3, "bookings.rebook", ActionKind::Write, StepState::Committed)),
        step_changed(step(4, "messages.send_confirmation", ActionKind::Write, StepState::Committed)),
        CallFact::PlanEnded {
            plan,
            skill: "rebook_cancelled_flight".to_owned(),
            outcome: PlanOutcome::Completed,
            reason: None,
        },
        said(6, "One moment.", AgentSpeech::Spoken),
        said(7, "Done: you are on the ten fifteen to Lisbon.", AgentSpeech::Speaking),
        state(CallState::Speaking),
    ]
}

/// Two seconds of a tone that comes and goes: enough for a microphone.
fn microphone(folder: &Path) -> PathBuf {
    let file = folder.join("microphone.wav");
    let shape = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&file, shape).expect("a WAV file");
    for index in 0..96_000_u32 {
        let t = f64::from(index) / 48_000.0;
        let sample = (t * 440.0 * std::f64::consts::TAU).sin() * (t * 3.0).sin() * 12_000.0;
        wav.write_sample(sample as i16).expect("a sample");
    }
    wav.finalize().expect("a whole WAV file");
    file
}

struct Stage {
    console: Console,
    gateway: BrowserGateway,
    events: EventHub,
    heard: Arc<AtomicUsize>,
}

impl Stage {
    async fn set(lines: Vec<LineView>, cors_origins: Vec<String>) -> Self {
        let gateway = BrowserGateway::start(BrowserConfig::default()).await.expect("a free UDP port");
        let events = EventHub::new();
        let heard = Arc::new(AtomicUsize::new(0));
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let ports = ConsolePorts {
            whip: Arc::new(Echo { gateway: gateway.clone(), events: events.clone(), heard: heard.clone() }),
            events: events.clone(),
            snapshots: Arc::new(Snapshot { lines }),
            callbacks: Arc::new(NoDesk),
            approvals: Arc::new(NoDesk),
            humans: Arc::new(()),
            journeys: Arc::new(NoDesk),
            supervisors: Arc::new(NoDesk),
            metrics: recorder.handle(),
        };
        let config =
            ConsoleConfig { bind: ([127, 0, 0, 1], 0).into(), cors_origins, ..ConsoleConfig::default() };
        let console = Console::start(config, ports).await.expect("a free TCP port");
        Self { console, gateway, events, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.console.local_addr())
    }
}

async fn in_state(browser: &mut Browser, state: &str) {
    let script = format!("document.querySelector('callwright-call').state === '{state}'");
    browser.wait_for(&script, SOON).await;
}

/// Where pictures of the page are left for people to look at.
fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}

async fn photograph(browser: &mut Browser, name: &str) {
    for (size, width, height) in [("wide", 1_200, 860), ("phone", 390, 844)] {
        for (scheme, colours) in [("light", Scheme::Light), ("dark", Scheme::Dark)] {
            browser.look_like(width, height, colours).await;
            let overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
            assert_eq!(browser.eval(overflow).await, false, "{name} is wider than {width} pixels");
            browser.screenshot(&pictures().join(format!("{name}-{size}-{scheme}.png"))).await;
        }
    }
    browser.look_like(1_200, 860, Scheme::Light).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_the_page_is_heard_answered_shown_and_ended() {
    let _place = callwright_tests::Place::take(false);
    let examples = ["My flight was cancelled", "Is flight AU 204 on time?", "Let me talk to a person"];
    let stage = Stage::set(vec![line("airline", "Aurora Air", &examples)], Vec::new()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let microphone = Some(microphone(folder.path()));
    let mut browser = Browser::launch(Launch { microphone }).await;
    browser
        .before_load(
            "const Peer = RTCPeerConnection; window.peers = []; \
             window.RTCPeerConnection = class extends Peer { constructor(...all) { super(...all); peers.push(this); } };",
        )
        .await;
    browser.look_like(1_200, 860, Scheme::Light).await;
    browser.goto(&stage.url("/")).await;
    browser.wait_for(&format!("{ROOT}.textContent.includes('Aurora Air')"), SOON).await;
    photograph(&mut browser, "idle").await;

    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    in_state(&mut browser, "listening").await;
    let received = "(async () => [...(await peers[0].getStats()).values()] \
        .some((s) => s.type === 'inbound-rtp' && s.packetsReceived > 25 && s.totalAudioEnergy > 0))()";
    browser.wait_for(received, SOON).await;
    assert!(stage.heard.load(Ordering::Relaxed) > 25, "the gateway hears the microphone");

    browser.click(&format!("{ROOT}.querySelectorAll('.tool')[1]")).await;
    browser.click(&format!("{ROOT}.querySelector('.keys button')")).await;
    browser.wait_for(&format!("{ROOT}.textContent.includes('You pressed 1')"), SOON).await;
    photograph(&mut browser, "keypad").await;
    browser.click(&format!("{ROOT}.querySelectorAll('.tool')[1]")).await;

    for (number, fact) in (1_u64..).zip(talk()) {
        publish(&stage.events, 1_000 * number, fact);
    }
    in_state(&mut browser, "thinking").await;
    let unheard = browser.wait_for(&format!("{ROOT}.querySelector('.unheard')?.textContent"), SOON).await;
    assert_eq!(unheard, " The first leaves at ten fifteen, the second at two.");
    assert_eq!(browser.eval(&format!("{ROOT}.querySelectorAll('[data-step=committed]').length")).await, 2);
    assert_eq!(browser.eval(&format!("{ROOT}.querySelectorAll('[data-step=started]').length")).await, 1);
    photograph(&mut browser, "talk").await;

    for fact in done() {
        publish(&stage.events, 30_000, fact);
    }
    in_state(&mut browser, "speaking").await;
    let outcome = browser.wait_for(&format!("{ROOT}.querySelector('.outcome').textContent"), SOON).await;
    assert_eq!(outcome, "Done");
    photograph(&mut browser, "done").await;

    publish(&stage.events, 40_000, heard(6, "••••", true));
    let reason = Some("Your flight CW318 is not cancelled, so I cannot move you to another one.".to_owned());
    let plan = PlanId("p2".to_owned());
    let skill = "rebook".to_owned();
    publish(
        &stage.events,
        41_000,
        CallFact::PlanEnded { plan, skill, outcome: PlanOutcome::Refused, reason },
    );
    let outcome = format!("{ROOT}.querySelector('[data-outcome=refused]')");
    let told = browser.wait_for(&format!("{outcome}?.parentNode.textContent"), SOON).await;
    assert_eq!(
        told,
        "RebookNot done: Your flight CW318 is not cancelled, so I cannot move you to another one."
    );
    photograph(&mut browser, "not-done").await;

    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    in_state(&mut browser, "ended").await;
    browser.wait_for(&format!("{ROOT}.querySelector('.cut:last-child') !== null"), SOON).await;
    photograph(&mut browser, "ended").await;
    assert_eq!(stage.gateway.sessions(), 0, "hanging up ends the session");
    browser.close().await;
    stage.gateway.shutdown().await;
    stage.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_agent_ended_is_not_ended_once_more() {
    let _place = callwright_tests::Place::take(false);
    let stage = Stage::set(vec![line("airline", "Aurora Air", &[])], Vec::new()).await;
    let mut browser = Browser::launch(Launch::default()).await;
    let count = "window.deletes = 0; const plain = fetch; window.fetch = (url, options) => { \
                 deletes += options?.method === 'DELETE'; return plain(url, options); };";
    browser.before_load(count).await;
    browser.goto(&stage.url("/")).await;
    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    in_state(&mut browser, "listening").await;
    let reason = "the agent said goodbye".to_owned();
    publish(&stage.events, 9_000, CallFact::CallEnded { reason, mos: None, peer_mos: None });
    in_state(&mut browser, "ended").await;
    assert_eq!(browser.eval("deletes").await, 0);
    browser.close().await;
    stage.gateway.shutdown().await;
    stage.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_says_why_and_several_lines_are_offered() {
    let _place = callwright_tests::Place::take(false);
    let stage =
        Stage::set(vec![line("full", "Aurora Air", &[]), line("shop", "Corner Shop", &[])], Vec::new()).await;
    let mut browser = Browser::launch(Launch::default()).await;
    browser.look_like(1_200, 860, Scheme::Light).await;
    browser.goto(&stage.url("/")).await;
    browser.wait_for(&format!("{ROOT}.querySelectorAll('option').length === 2"), SOON).await;
    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    let told = browser
        .wait_for(
            &format!(
                "!{ROOT}.querySelector('.notice').hidden && {ROOT}.querySelector('.notice').textContent"
            ),
            SOON,
        )
        .await;
    assert_eq!(told, "All lines are takenTry again in a minute.");
    in_state(&mut browser, "idle").await;
    photograph(&mut browser, "refused").await;

    browser.eval("Object.defineProperty(navigator.mediaDevices, 'getUserMedia', { value: () => Promise.reject(new DOMException('no', 'NotAllowedError')) })").await;
    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    browser
        .wait_for(
            &format!("{ROOT}.querySelector('.notice').textContent.includes('The microphone is blocked')"),
            SOON,
        )
        .await;
    in_state(&mut browser, "idle").await;
    assert_eq!(stage.gateway.sessions(), 0);
    browser.close().await;
    stage.console.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_places_calls_and_leaving_it_hangs_up() {
    let _place = callwright_tests::Place::take(false);
    let shop = TcpListener::bind("127.0.0.1:0").await.expect("a free TCP port");
    let origin = format!("http://{}", shop.local_addr().expect("it is bound"));
    let lines = vec![line("full", "Aurora Air", &[]), line("shop", "Corner Shop", &[])];
    let stage = Stage::set(lines, vec![origin.clone()]).await;
    let script = stage.url("/callwright.js");
    let page = format!(
        "<!doctype html><title>Shop</title><script src='{script}'></script><callwright-call line='shop'></callwright-call>"
    );
    let serving = tokio::spawn(serve(shop, page));
    let mut browser = Browser::launch(Launch::default()).await;
    browser.look_like(1_200, 860, Scheme::Light).await;
    browser.goto(&origin).await;
    browser.wait_for(&format!("{ROOT}.textContent.includes('Corner Shop')"), SOON).await;
    browser.click(&format!("{ROOT}.querySelector('.main')")).await;
    in_state(&mut browser, "listening").await;
    publish(&stage.events, 1_000, said(1, "Corner Shop, hello.", AgentSpeech::Speaking));
    browser.wait_for(&format!("{ROOT}.textContent.includes('Corner Shop, hello.')"), SOON).await;

    browser.goto("about:blank").await;
    let mut look = interval(Duration::from_millis(20));
    let ended = async {
        while stage.gateway.sessions() > 0 {
            look.tick().await;
        }
    };
    timeout(SOON, ended).await.expect("leaving the page hangs up");
    browser.close().await;
    serving.abort();
    stage.console.shutdown().await;
}

/// Answers every request with one page.
async fn serve(listener: TcpListener, page: String) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut request = [0; 4_096];
        if client.read(&mut request).await.is_ok() {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length:";
            let _ = client.write_all(format!("{head} {}\r\n\r\n{page}", page.len()).as_bytes()).await;
        }
    }
}
