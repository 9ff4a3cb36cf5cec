//! Promise 4 under random facts in random order: there is always a timer, and each fact leads to speech or listening within
//! bounded time; and promise 1 with it: no claim without receipts.

use std::time::Duration;

use callwright_dialogue_core::{
    AskId, Dialogue, DialogueConfig, Fault, InterpretId, Output, Played, Proposal, SayKind, TransferResult,
};
use callwright_model::{
    CallId, Language, MonoTime, NeedWhy, PastPlan, PastStanding, Pii, PlanEvent, PlanFact, PlanId, PlanReply,
    Recalled, Record, SayId, TurnId, Utterance, Value,
};
use proptest::prelude::*;

use crate::script::{airline, rated, receipts, started};

#[derive(Debug, Clone)]
enum Fact {
    Said(String, Option<f32>),
    SpeechStarted,
    SpeechDiscarded,
    Key(char),
    Reply(PlanReply, bool),
    Recalled(Option<Recalled>, bool),
    Event(PlanFact),
    Gone,
    Played(u32, f32),
    Silence(u64),
    Transfer(TransferResult),
    CallBack(bool),
    /// A language model's answer, to the last question or to another.
    Interpreted(Result<Proposal, Fault>, bool),
    Wait(u64),
}

fn facts() -> impl Strategy<Value = Fact> {
    let words = prop_oneof![
        Just("my flight was cancelled"),
        Just("k seven m four x two"),
        Just("four eight two one"),
        Just("five five five zero one nine nine"),
        Just("yes"),
        Just("no"),
        Just("the first one"),
        Just("the later one"),
        Just("let me talk to a person"),
        Just("call me back"),
        Just("as soon as possible"),
        Just("goodbye"),
        Just("stop"),
        Just("repeat that"),
        Just("hold on"),
        Just("is flight two one two on time"),
        Just("cancel my booking and tell me whether flight two one two is late"),
        Just("no, the code ends in x two"),
        Just("yes but the later one"),
        Just("i do not want to cancel"),
        Just("how much does that cost"),
        Just("what was my code again"),
        Just("my flight booking change cancel"),
        Just("not so fast please"),
        Just("five"),
        Just("what can you do"),
        Just("español por favor"),
        Just("비행기가 취소됐어요"),
        Just("purple elephants"),
        Just(""),
    ];
    prop_oneof![
        6 => (words, proptest::option::of(0.0_f32..1.0)).prop_map(|(words, sure)| Fact::Said(words.to_owned(), sure)),
        1 => "\\PC{0,30}".prop_map(|words| Fact::Said(words, None)),
        1 => Just(Fact::SpeechStarted),
        1 => Just(Fact::SpeechDiscarded),
        1 => prop::sample::select(vec!['0', '1', '2', '9', '#', '*', 'A']).prop_map(Fact::Key),
        6 => (replies(), prop::bool::weighted(0.9)).prop_map(|(reply, right)| Fact::Reply(reply, right)),
        3 => events().prop_map(Fact::Event),
        2 => (proptest::option::of(recalled()), prop::bool::weighted(0.9)).prop_map(|(it, right)| Fact::Recalled(it, right)),
        1 => Just(Fact::Gone),
        4 => (0_u32..4, 0.0_f32..=1.0).prop_map(|(back, share)| Fact::Played(back, share)),
        1 => (0_u64..20).prop_map(Fact::Silence),
        1 => prop::sample::select(vec![
            TransferResult::Connected,
            TransferResult::NoAnswer,
            TransferResult::Unavailable,
            TransferResult::Returned,
            TransferResult::HandedBack,
        ])
        .prop_map(Fact::Transfer),
        1 => any::<bool>().prop_map(Fact::CallBack),
        3 => (interpretations(), prop::bool::weighted(0.9)).prop_map(|(answer, right)| Fact::Interpreted(answer, right)),
        3 => (0_u64..15_000).prop_map(Fact::Wait),
    ]
}

fn interpretations() -> impl Strategy<Value = Result<Proposal, Fault>> {
    let skill = prop::sample::select(vec!["rebook", "cancel", "status", "nonsense", ""]);
    let proposal = skill.prop_map(|skill| Proposal {
        skill: Some(skill.to_owned()).filter(|skill| !skill.is_empty()),
        ..Proposal::default()
    });
    prop_oneof![4 => proposal.prop_map(Ok), 1 => Just(Err(Fault::Unreachable))]
}

fn replies() -> impl Strategy<Value = PlanReply> {
    let plan = || PlanId("plan-1".to_owned());
    let option =
        |time: &str| Record::from([("departs".to_owned(), Value::Time(format!("2026-11-23T{time}")))]);
    let input = prop::sample::select(vec!["code", "pin", "flight", "nonsense"]);
    let need = (input, any::<bool>()).prop_map(move |(input, missing)| {
        let why = if missing {
            NeedWhy::Missing
        } else {
            NeedWhy::NotFound { words: "no-such-booking".to_owned() }
        };
        PlanReply::Need { plan: plan(), verified: vec![], input: input.to_owned(), why }
    });
    let choose = (0_usize..3).prop_map(move |count| PlanReply::Choose {
        plan: plan(),
        verified: vec!["K7M4X2".to_owned()],
        input: "flight".to_owned(),
        words: "offer-flights".to_owned(),
        options: [option("10:15"), option("14:40")].into_iter().take(count).collect(),
        facts: Record::new(),
    });
    let words = prop::sample::select(vec!["read-back-rebook", "anything-else", "not-there-at-all"]);
    prop_oneof![
        3 => need,
        2 => choose,
        3 => words.clone().prop_map(move |words| PlanReply::Ready {
            plan: plan(), verified: vec!["K7M4X2".to_owned()], words: words.to_owned(), facts: Record::new(), steps: vec![]
        }),
        1 => words.clone().prop_map(move |words| PlanReply::Answer {
            plan: plan(), verified: vec![], words: words.to_owned(), facts: Record::new()
        }),
        1 => (words, any::<bool>()).prop_map(move |(words, transfer)| PlanReply::Refused {
            plan: plan(), verified: vec![], words: words.to_owned(), facts: Record::new(), transfer, rules: vec![]
        }),
    ]
}

/// Without receipts, whatever else it claims.
fn recalled() -> impl Strategy<Value = Recalled> {
    let words = || "rebook-failed".to_owned();
    let standing = prop::sample::select(vec![
        PastStanding::Running,
        PastStanding::AwaitingApproval,
        PastStanding::Completed { words: "rebook-done".to_owned(), receipts: vec![] },
        PastStanding::Failed { words: words(), facts: Record::new() },
        PastStanding::Failed { words: "not-there-at-all".to_owned(), facts: Record::new() },
        PastStanding::InDoubt,
    ]);
    let skill = prop::sample::select(vec!["rebook", "cancel", "nonsense"]);
    let past = (standing, skill, 0_u8..3, any::<bool>()).prop_map(|(standing, skill, number, heard)| {
        PastPlan { plan: PlanId(format!("past-{number}")), skill: skill.to_owned(), heard, standing }
    });
    let language = prop::sample::select(vec![None, Some(Language::ES), Some(Language::EN)]);
    let open = prop::sample::select(vec![None, Some("cancel".to_owned()), Some("nonsense".to_owned())]);
    (any::<bool>(), prop::collection::vec(past, 0..4), language, open).prop_map(
        |(sure, plans, language, left_open)| Recalled {
            sure,
            plans,
            language,
            left_open,
            inputs: Record::from([("code".to_owned(), Value::Code("K7M4X2".to_owned()))]),
        },
    )
}

fn events() -> impl Strategy<Value = PlanFact> {
    prop_oneof![
        (0_usize..4).prop_map(|index| PlanFact::StepCommitted { receipt: receipts()[index].clone() }),
        Just(PlanFact::StepStarted { step: started(1, "assign_seat") }),
        Just(PlanFact::Completed { words: "rebook-done".to_owned() }),
        Just(PlanFact::Failed { words: "rebook-failed".to_owned(), step: 1, reason: String::new() }),
        Just(PlanFact::InDoubt { step: 1 }),
        Just(PlanFact::ApprovalAsked { role: "supervisor".to_owned() }),
        Just(PlanFact::Approved { role: "supervisor".to_owned() }),
        Just(PlanFact::Rejected { role: "supervisor".to_owned() }),
    ]
}

struct Run {
    dialogue: Dialogue,
    now: MonoTime,
    turn: u32,
    event: u64,
    ask: AskId,
    question: InterpretId,
    says: u32,
    /// Until when all that was said takes, by a slow voice.
    voice_until: MonoTime,
    committed: usize,
    with_human: bool,
}

impl Run {
    fn new(number: bool) -> Self {
        // Callers without a number are asked for theirs, whether they may be recorded, and how satisfied they are.
        let mut config = if number { DialogueConfig::new(airline(), CallId(1)) } else { rated(CallId(1)) };
        config.language = Language::EN;
        config.ask_recording = !number;
        config.caller = number.then(|| Pii::new("+1 555 0100".to_owned()));
        config.limits.interpretation = number.then_some(Duration::from_millis(700));
        config.call_backs = Some(crate::promise::call_backs());
        let mut run = Self {
            dialogue: Dialogue::new(config),
            now: MonoTime::ZERO,
            turn: 0,
            event: 0,
            ask: AskId(0),
            question: InterpretId(0),
            says: 0,
            voice_until: MonoTime::ZERO,
            committed: 0,
            with_human: false,
        };
        run.dialogue.start(run.now);
        run.drain();
        run
    }

    /// Takes the outputs; true when any of them was speech.
    fn drain(&mut self) -> bool {
        let mut spoke = false;
        while let Some(output) = self.dialogue.poll_output() {
            match output {
                Output::Say(saying) => {
                    assert!(!saying.text.is_empty(), "a say without words: {saying:?}");
                    assert!(saying.kind != SayKind::Claim || self.committed > 0, "a claim without receipts");
                    self.says = saying.id.0;
                    let slowly = Duration::from_millis(1_000 + 100 * saying.text.chars().count() as u64);
                    self.voice_until = self.voice_until.max(self.now) + slowly;
                    spoke = true;
                }
                Output::Plan { ask, .. } => self.ask = ask,
                Output::Interpret { id, .. } => self.question = id,
                Output::Listen(_)
                | Output::Execute { .. }
                | Output::Transfer { .. }
                | Output::Recall { .. }
                | Output::Heard { .. }
                | Output::CallBack { .. }
                | Output::Unwanted
                | Output::Hangup { .. }
                | Output::Consent { .. }
                | Output::Note(_) => {}
            }
        }
        spoke
    }

    fn feed(&mut self, fact: Fact) {
        let now = self.now;
        match fact {
            Fact::Said(words, confidence) => {
                self.turn += 1;
                let utterance = Utterance {
                    turn: TurnId(self.turn),
                    words: Pii::new(words),
                    alternatives: vec![],
                    confidence,
                    language: self.dialogue.language(),
                    identified: None,
                };
                self.dialogue.handle_utterance(utterance, now);
            }
            Fact::SpeechStarted => self.dialogue.handle_speech_started(TurnId(self.turn + 1), now),
            Fact::SpeechDiscarded => self.dialogue.handle_speech_discarded(TurnId(self.turn + 1), now),
            Fact::Key(key) => self.dialogue.handle_digit(key, now),
            Fact::Reply(reply, right) => {
                let ask = if right { self.ask } else { AskId(self.ask.0 + 7) };
                self.dialogue.handle_plan(ask, reply, now);
            }
            Fact::Recalled(recalled, right) => {
                let ask = if right { self.ask } else { AskId(self.ask.0 + 7) };
                self.dialogue.handle_recalled(ask, recalled, now);
            }
            Fact::Event(fact) => {
                self.event += 1;
                if matches!(fact, PlanFact::StepCommitted { .. }) {
                    self.committed += 1;
                }
                let event = PlanEvent { plan: PlanId("plan-1".to_owned()), number: self.event, fact };
                self.dialogue.handle_plan_event(event, now);
            }
            Fact::Gone => self.dialogue.handle_core_unavailable(now),
            Fact::Played(back, share) => {
                let say = SayId(self.says.saturating_sub(back));
                self.dialogue.handle_played(say, Played { complete: share > 0.95, share }, now);
            }
            Fact::Silence(seconds) => self.dialogue.handle_silence(Duration::from_secs(seconds), now),
            Fact::Transfer(result) => self.dialogue.handle_transfer(result, now),
            Fact::CallBack(kept) => self.dialogue.handle_call_back(kept, now),
            Fact::Interpreted(answer, right) => {
                let id = if right { self.question } else { InterpretId(self.question.0 + 7) };
                self.dialogue.handle_interpretation(id, answer, now);
            }
            Fact::Wait(ms) => {
                self.now = now + Duration::from_millis(ms);
                self.dialogue.handle_timeout(self.now);
            }
        }
        self.with_human = self.dialogue.state() == "with_human";
        self.drain();
    }

    fn alive(&self) -> bool {
        !self.dialogue.ended() && !self.with_human
    }

    /// The next speech comes by timers alone, within two and a half minutes of what is still being said: the search for a human is the
    /// longest wait, and it has hold sound.
    fn must_speak(&mut self) -> Result<(), TestCaseError> {
        let limit = self.now.max(self.voice_until) + Duration::from_secs(150);
        while self.alive() {
            let timer = self.dialogue.poll_timeout();
            prop_assert!(timer.is_some(), "no timer in {}", self.dialogue.state());
            let (at, timer) = timer.expect("just checked");
            prop_assert!(at <= limit, "{timer:?} in {} is too late", self.dialogue.state());
            self.now = self.now.max(at);
            self.dialogue.handle_timeout(self.now);
            prop_assert!(
                self.dialogue.poll_timeout().is_none_or(|(next, _)| next > self.now),
                "{timer:?} does not move on in {}",
                self.dialogue.state()
            );
            if self.drain() {
                return Ok(());
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn no_order_of_facts_ends_in_dead_air(
        facts in prop::collection::vec(facts(), 1..40), number in any::<bool>(),
    ) {
        let mut run = Run::new(number);
        for fact in facts {
            run.feed(fact);
            if run.alive() {
                prop_assert!(run.dialogue.poll_timeout().is_some(), "no timer in {}", run.dialogue.state());
            }
        }
        run.must_speak()?;
    }

    #[test]
    fn left_alone_every_call_comes_to_an_end(
        facts in prop::collection::vec(facts(), 1..20), number in any::<bool>(),
    ) {
        let mut run = Run::new(number);
        for fact in facts {
            run.feed(fact);
        }
        for _ in 0..40 {
            if !run.alive() {
                break;
            }
            run.must_speak()?;
        }
        prop_assert!(!run.alive(), "still in {}", run.dialogue.state());
    }
}
