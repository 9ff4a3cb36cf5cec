//! A stage for a dialogue: the caller is a script, the action core answers as the airline's would, time is counted by hand.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use callwright_dialogue_core::{
    AskId, Dialogue, DialogueConfig, InterpretId, Manner, Note, Output, Pack, Played, Question, SayKind,
    Saying, TransferReason, Window,
};
use callwright_model::{
    ActionKind, CallId, Identified, Language, Money, MonoTime, NeedWhy, PackSource, Pii, PlanEvent, PlanFact,
    PlanId, PlanReply, PlanRequest, Recalled, Receipt, Record, SayId, StepState, StepView, Thought, TurnId,
    Utterance, Value,
};

pub fn source(name: &str) -> PackSource {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills").join(name);
    let mut source = PackSource { folder: format!("skills/{name}"), files: BTreeMap::new() };
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the pack is in the tree") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name =
                    path.strip_prefix(&root).expect("it is inside").to_string_lossy().replace('\\', "/");
                source.files.insert(name, text);
            }
        }
    }
    source
}

pub fn retail() -> Arc<Pack> {
    Arc::new(Pack::load(&source("retail")).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

pub fn airline() -> Arc<Pack> {
    static PACK: LazyLock<Arc<Pack>> = LazyLock::new(|| {
        Arc::new(Pack::load(&source("airline")).unwrap_or_else(|problems| panic!("{problems:#?}")))
    });
    PACK.clone()
}

/// The airline's set-up with a question how satisfied callers are.
pub fn rated(call: CallId) -> DialogueConfig {
    static PACK: LazyLock<Arc<Pack>> = LazyLock::new(|| {
        let mut source = source("airline");
        let mut add = |file: &str, text: &str| {
            source.files.get_mut(file).expect("the pack has it").push_str(text);
        };
        add("pack.yaml", "closing: { satisfaction: ask-satisfaction }\n");
        for language in ["de", "en", "es", "ko"] {
            let words = "\nask-satisfaction = From one to five, how satisfied are you?\n";
            add(&format!("words/{language}.ftl"), words);
        }
        Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")))
    });
    DialogueConfig::new(PACK.clone(), call)
}

/// A step of a plan that is asked for.
pub fn started(number: u32, action: &str) -> StepView {
    StepView { number, action: action.to_owned(), kind: ActionKind::Write, state: StepState::Started }
}

/// How the action core of a script behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// Everything works.
    Works,
    /// The policy wants a human.
    Denies,
    /// The plan says it is complete but shows no receipts.
    ClaimsWithoutReceipts,
    /// The plan fails.
    Fails,
    /// Nobody can tell what happened.
    InDoubt,
    /// It never answers once a plan runs; the script plays the events itself.
    Slow,
    /// The shop's: everything works.
    Shop,
}

/// What the action core of a script remembers of the caller.
#[derive(Clone)]
pub enum Remembers {
    /// It cannot tell.
    Nothing,
    /// It does not answer.
    Silent,
    /// This.
    Known(Recalled),
}

pub struct Stage {
    pub dialogue: Dialogue,
    pub now: MonoTime,
    pub said: Vec<Saying>,
    pub executed: Vec<(PlanId, String)>,
    pub plans: Vec<PlanRequest>,
    pub transfers: Vec<TransferReason>,
    /// What the human of each must be able to do, and its priority.
    pub needs: Vec<(Vec<String>, u8)>,
    pub briefings: Vec<String>,
    pub notes: Vec<Note>,
    pub hung_up: bool,
    pub called_back: Option<String>,
    /// What they were told of it.
    pub promised: Option<Window>,
    /// How often nobody was to be found any more.
    pub unwanted: u32,
    pub consents: Vec<(String, bool)>,
    /// What the action core remembers of the caller, of which plans it was asked, and in which question last.
    pub remembers: Remembers,
    pub recalls: Vec<PlanId>,
    pub asked: Option<AskId>,
    /// Plans that the caller has heard the end of.
    pub heard: Vec<PlanId>,
    /// What a language model was asked.
    pub questions: Vec<(InterpretId, Question)>,
    /// Every say is told as heard to its end at once.
    pub ears: bool,
    turn: u32,
    core: Core,
}

impl Stage {
    pub fn new(language: Language, core: Core) -> Self {
        let mut config = DialogueConfig::new(airline(), CallId(7));
        config.language = language;
        config.caller = Some(Pii::new("+1 555 0100".to_owned()));
        Self::with(config, core)
    }

    pub fn with(config: DialogueConfig, core: Core) -> Self {
        let mut stage = Self {
            dialogue: Dialogue::new(config),
            now: MonoTime::from_millis(1_000),
            said: Vec::new(),
            executed: Vec::new(),
            plans: Vec::new(),
            transfers: Vec::new(),
            needs: Vec::new(),
            briefings: Vec::new(),
            notes: Vec::new(),
            hung_up: false,
            called_back: None,
            promised: None,
            unwanted: 0,
            consents: Vec::new(),
            remembers: Remembers::Nothing,
            recalls: Vec::new(),
            asked: None,
            heard: Vec::new(),
            questions: Vec::new(),
            ears: true,
            turn: 0,
            core,
        };
        stage.dialogue.start(stage.now);
        stage.settle();
        stage
    }

    /// The caller says something; what the agent said in answer comes back.
    pub fn caller(&mut self, words: &str) -> String {
        self.caller_with(words, None)
    }

    pub fn caller_with(&mut self, words: &str, confidence: Option<f32>) -> String {
        self.caller_in(words, confidence, self.dialogue.language())
    }

    /// The caller says something that lasts this long and is this loud against what is usual for them.
    pub fn caller_from(
        &mut self,
        words: &str,
        confidence: Option<f32>,
        length: Duration,
        level_db: f32,
    ) -> String {
        let manner = Manner { length, silent: Duration::ZERO, level_db: Some(level_db), cough: false };
        self.dialogue.handle_turn_ended(TurnId(self.turn + 1), manner);
        self.caller_with(words, confidence)
    }

    /// The caller says something that was recognised in this language.
    pub fn caller_in(&mut self, words: &str, confidence: Option<f32>, language: Language) -> String {
        self.caller_identified(words, confidence, language, None)
    }

    /// The same with the language that the recogniser took it for, and how sure it was.
    pub fn caller_identified(
        &mut self,
        words: &str,
        confidence: Option<f32>,
        language: Language,
        identified: Option<Identified>,
    ) -> String {
        self.turn += 1;
        let before = self.said.len();
        self.now = self.now + Duration::from_secs(2);
        let utterance = Utterance {
            turn: TurnId(self.turn),
            words: Pii::new(words.to_owned()),
            alternatives: Vec::new(),
            confidence,
            language,
            identified,
        };
        self.dialogue.handle_utterance(utterance, self.now);
        self.settle();
        self.heard_since(before)
    }

    /// What these words amount to while they are being said.
    pub fn thought(&self, words: &str) -> Thought {
        self.dialogue.progress(words, &[]).thought
    }

    pub fn keys(&mut self, keys: &str) -> String {
        let before = self.said.len();
        for key in keys.chars() {
            self.now = self.now + Duration::from_millis(300);
            self.dialogue.handle_digit(key, self.now);
            self.settle();
        }
        self.heard_since(before)
    }

    /// Lets time pass, timers and all; what was said meanwhile comes back.
    pub fn wait(&mut self, length: Duration) -> String {
        let before = self.said.len();
        let end = self.now + length;
        while let Some((at, _)) = self.dialogue.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.dialogue.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
        self.heard_since(before)
    }

    pub fn played(&mut self, say: SayId, share: f32) {
        self.dialogue.handle_played(say, Played { complete: share >= 1.0, share }, self.now);
        self.settle();
    }

    pub fn event(&mut self, number: u64, fact: PlanFact) -> String {
        let before = self.said.len();
        self.dialogue.handle_plan_event(PlanEvent { plan: plan(), number, fact }, self.now);
        self.settle();
        self.heard_since(before)
    }

    pub fn heard_since(&self, before: usize) -> String {
        self.said[before..].iter().map(|saying| saying.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub fn claims(&self) -> usize {
        self.said.iter().filter(|saying| saying.kind == SayKind::Claim).count()
    }

    pub fn last(&self) -> &Saying {
        self.said.last().expect("something was said")
    }

    pub fn settle(&mut self) {
        let mut outputs: VecDeque<Output> = std::iter::from_fn(|| self.dialogue.poll_output()).collect();
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Say(saying) => {
                    let id = saying.id;
                    self.said.push(saying);
                    if self.ears {
                        self.dialogue.handle_played(id, Played::WHOLE, self.now);
                    }
                }
                Output::Plan { ask, request } => self.answer(ask, request),
                Output::Recall { ask, plan } => {
                    self.recalls.push(plan);
                    match self.remembers.clone() {
                        Remembers::Nothing => self.dialogue.handle_recalled(ask, None, self.now),
                        Remembers::Known(known) => {
                            self.dialogue.handle_recalled(ask, Some(known), self.now);
                        }
                        Remembers::Silent => {}
                    }
                    self.asked = Some(ask);
                }
                Output::Heard { plan } => self.heard.push(plan),
                Output::Execute { plan, consent } => {
                    self.executed.push((plan, consent.into_inner()));
                    self.run();
                }
                Output::Transfer { reason, briefing, needs, priority } => {
                    self.transfers.push(reason);
                    self.needs.push((needs.into_iter().collect(), priority));
                    self.briefings.push(briefing.text().into_inner());
                }
                Output::CallBack { number, window, .. } => {
                    self.called_back = Some(number.into_inner());
                    self.promised = window;
                }
                Output::Interpret { id, question } => self.questions.push((id, question)),
                Output::Unwanted => self.unwanted += 1,
                Output::Consent { what, given } => self.consents.push((what, given)),
                Output::Hangup { .. } => self.hung_up = true,
                Output::Note(note) => self.notes.push(note),
                Output::Listen(_) => {}
            }
            outputs.extend(std::iter::from_fn(|| self.dialogue.poll_output()));
        }
    }

    fn answer(&mut self, ask: AskId, request: PlanRequest) {
        let mut reply =
            if self.core == Core::Shop { bind_return(&request) } else { bind(&request, self.core) };
        // The shop's core proves nothing, but where it is about what it remembers of whoever has told a PIN.
        if let (Core::Shop, Remembers::Known(_), true) =
            (self.core, &self.remembers, request.inputs.contains_key("pin"))
        {
            let (PlanReply::Need { verified, .. }
            | PlanReply::Choose { verified, .. }
            | PlanReply::Ready { verified, .. }
            | PlanReply::Answer { verified, .. }
            | PlanReply::Refused { verified, .. }) = &mut reply;
            *verified = vec!["804215".to_owned()];
        }
        self.plans.push(request);
        self.dialogue.handle_plan(ask, reply, self.now);
    }

    fn run(&mut self) {
        let facts = match self.core {
            Core::Shop => {
                let money = Record::from([("amount".to_owned(), dollars(79))]);
                let label = Record::from([("label".to_owned(), Value::Code("RT55".to_owned()))]);
                let mut facts: Vec<_> = [("refund_payment", "refund", money), ("restock", "stock", label)]
                    .into_iter()
                    .map(|(action, name, result)| receipt(5, action, name, result))
                    .map(|receipt| PlanFact::StepCommitted { receipt })
                    .collect();
                facts.push(PlanFact::Completed { words: "return-done".to_owned() });
                facts
            }
            Core::Works | Core::Denies => {
                let mut facts: Vec<_> =
                    receipts().into_iter().map(|receipt| PlanFact::StepCommitted { receipt }).collect();
                facts.push(PlanFact::Completed { words: "rebook-done".to_owned() });
                facts
            }
            Core::ClaimsWithoutReceipts => vec![PlanFact::Completed { words: "rebook-done".to_owned() }],
            Core::Fails => {
                vec![PlanFact::Failed {
                    words: "rebook-failed".to_owned(),
                    step: 3,
                    reason: "no seat".to_owned(),
                }]
            }
            Core::InDoubt => vec![PlanFact::InDoubt { step: 3 }],
            Core::Slow => vec![],
        };
        for (number, fact) in (1..).zip(facts) {
            self.dialogue.handle_plan_event(PlanEvent { plan: plan(), number, fact }, self.now);
        }
    }
}

/// Plays a script: what the caller says, and a piece of each answer.
pub fn play(language: Language, core: Core, script: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::new(language, core);
    for (caller, wanted) in script {
        let answer = stage.caller(caller);
        assert!(
            answer.contains(wanted),
            "`{caller}` was answered `{answer}`, without `{wanted}`\n{:#?}",
            stage.notes
        );
    }
    stage
}

pub fn to_the_read_back() -> Stage {
    play(
        Language::EN,
        Core::Works,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "1: at 10:15 in the morning"),
        ],
    )
}

pub fn plan() -> PlanId {
    PlanId("plan-1".to_owned())
}

/// The rebooking skill as the core would bind it; other skills only ask for their first input.
fn bind(request: &PlanRequest, core: Core) -> PlanReply {
    let need = |input: &str, why: NeedWhy| PlanReply::Need {
        plan: plan(),
        verified: Vec::new(),
        input: input.to_owned(),
        why,
    };
    let Some(code) = request.inputs.get("code") else {
        let input = if request.skill == "status" { "flight" } else { "code" };
        if let Some(flight) = request.inputs.get("flight").filter(|_| request.skill == "status") {
            let status = Record::from([
                ("number".to_owned(), flight.clone()),
                ("from".to_owned(), Value::from("San Francisco")),
                ("to".to_owned(), Value::from("Seattle")),
                ("departs".to_owned(), Value::Time("2026-11-23T08:30".to_owned())),
                ("gate".to_owned(), Value::Code("B7".to_owned())),
            ]);
            let facts = Record::from([("status".to_owned(), Value::Record(status))]);
            return PlanReply::Answer {
                plan: plan(),
                verified: Vec::new(),
                words: "flight-on-time".to_owned(),
                facts,
            };
        }
        return need(input, NeedWhy::Missing);
    };
    if *code != Value::Code("K7M4X2".to_owned()) {
        return need("code", NeedWhy::NotFound { words: "no-such-booking".to_owned() });
    }
    match request.inputs.get("pin") {
        None => return need("pin", NeedWhy::Missing),
        Some(pin) if *pin != Value::Code("4821".to_owned()) => {
            return need("pin", NeedWhy::NotFound { words: "wrong-pin".to_owned() });
        }
        Some(_) => {}
    }
    let mut facts = facts();
    if core == Core::Denies {
        let (words, rules) =
            ("credit-too-high".to_owned(), vec!["credit-above-300-needs-a-human".to_owned()]);
        return PlanReply::Refused { plan: plan(), verified: proved(), words, facts, transfer: true, rules };
    }
    match request.inputs.get("flight") {
        Some(Value::Int(number @ 1..=2)) => {
            facts.insert("flight".to_owned(), Value::Record(flights()[*number as usize - 1].clone()));
            PlanReply::Ready {
                plan: plan(),
                verified: proved(),
                words: "read-back-rebook".to_owned(),
                facts,
                steps: Vec::new(),
            }
        }
        Some(_) | None => PlanReply::Choose {
            plan: plan(),
            verified: proved(),
            input: "flight".to_owned(),
            words: "offer-flights".to_owned(),
            options: flights(),
            facts,
        },
    }
}

/// What the airline's core tells once code and PIN were right.
fn proved() -> Vec<String> {
    vec!["K7M4X2".to_owned()]
}

fn facts() -> Record {
    let flight = Record::from([
        ("number".to_owned(), Value::Code("CW212".to_owned())),
        ("from".to_owned(), Value::from("San Francisco")),
        ("to".to_owned(), Value::from("Seattle")),
    ]);
    let booking = Record::from([
        ("code".to_owned(), Value::Code("K7M4X2".to_owned())),
        ("flight".to_owned(), Value::Record(flight)),
    ]);
    let offers = Record::from([("credit".to_owned(), dollars(150))]);
    Record::from([
        ("booking".to_owned(), Value::Record(booking)),
        ("offers".to_owned(), Value::Record(offers)),
    ])
}

fn flights() -> Vec<Record> {
    [("CW318", "10:15"), ("CW544", "14:40")]
        .map(|(number, departs)| {
            Record::from([
                ("id".to_owned(), Value::Text(number.to_owned())),
                ("number".to_owned(), Value::Code(number.to_owned())),
                ("departs".to_owned(), Value::Time(format!("2026-11-23T{departs}"))),
            ])
        })
        .to_vec()
}

pub fn receipts() -> Vec<Receipt> {
    let rows = [
        ("assign_seat", "seat", Record::from([("number".to_owned(), Value::Code("14C".to_owned()))])),
        ("apply_credit", "credit", Record::from([("amount".to_owned(), dollars(150))])),
        (
            "update_booking",
            "updated",
            Record::from([("departs".to_owned(), Value::Time("2026-11-23T10:15".to_owned()))]),
        ),
        ("send_confirmation", "message", Record::from([("channel".to_owned(), Value::from("sms"))])),
    ];
    (3..).zip(rows).map(|(step, (action, name, result))| receipt(step, action, name, result)).collect()
}

fn receipt(step: u32, action: &str, name: &str, result: Record) -> Receipt {
    Receipt {
        plan: plan(),
        step,
        action: action.to_owned(),
        name: name.to_owned(),
        result,
        idempotency_key: format!("plan-1/{step}"),
    }
}

/// The shop's return of an item.
fn bind_return(request: &PlanRequest) -> PlanReply {
    for input in ["order", "pin"] {
        if !request.inputs.contains_key(input) {
            return PlanReply::Need {
                plan: plan(),
                verified: Vec::new(),
                input: input.to_owned(),
                why: NeedWhy::Missing,
            };
        }
    }
    let items: Vec<Record> = [("headphones", 79, true), ("a gift card", 50, false)]
        .into_iter()
        .map(|(name, price, returnable)| {
            Record::from([
                ("id".to_owned(), Value::Text(format!("item-{price}"))),
                ("name".to_owned(), Value::from(name)),
                ("price".to_owned(), dollars(price)),
                ("returnable".to_owned(), Value::Bool(returnable)),
            ])
        })
        .collect();
    let Some(Value::Int(number @ 1..=2)) = request.inputs.get("item") else {
        let (input, words) = ("item".to_owned(), "offer-items".to_owned());
        return PlanReply::Choose {
            plan: plan(),
            verified: Vec::new(),
            input,
            words,
            options: items,
            facts: Record::new(),
        };
    };
    let item = items[*number as usize - 1].clone();
    let returnable = item.get("returnable") == Some(&Value::Bool(true));
    let mut facts = Record::from([("item".to_owned(), Value::Record(item))]);
    if !returnable {
        let words = "not-returnable".to_owned();
        return PlanReply::Refused {
            plan: plan(),
            verified: Vec::new(),
            words,
            facts,
            transfer: false,
            rules: Vec::new(),
        };
    }
    if !request.inputs.contains_key("reason") {
        return PlanReply::Need {
            plan: plan(),
            verified: Vec::new(),
            input: "reason".to_owned(),
            why: NeedWhy::Missing,
        };
    }
    facts.insert("terms".to_owned(), Value::Record(Record::from([("refund".to_owned(), dollars(79))])));
    PlanReply::Ready {
        plan: plan(),
        verified: Vec::new(),
        words: "read-back-return".to_owned(),
        facts,
        steps: Vec::new(),
    }
}

fn dollars(amount: i64) -> Value {
    Value::Money(Money { minor: amount * 100, currency: "USD".to_owned() })
}
