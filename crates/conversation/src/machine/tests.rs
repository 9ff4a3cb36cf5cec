use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use callwright_call_core::call::How;
use callwright_dialogue_core::{DialogueConfig, Fault, Pack, Proposal, SayKind};
use callwright_model::{
    ActionKind, CallId, Gone, PackSource, PlanEvent, PlanFact, PlanReply, Receipt, Record, Samples,
    StepState, StepView, Tone, Value,
};
use proptest::prelude::*;

mod called;
mod foresight;
mod interpreting;
mod memory;
mod people;

use super::people::{HUMAN_LEGS, HUMANS_PER_CALL};
use super::*;
use crate::fact::HumanFact;

const CALLER: LegId = LegId(1);

/// The airline, as everybody gets it.
fn airline() -> Arc<Pack> {
    static PACK: OnceLock<Arc<Pack>> = OnceLock::new();
    Arc::clone(PACK.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills/airline");
        let mut source = PackSource { folder: "airline".to_owned(), ..PackSource::default() };
        for inner in [".", "skills", "words", "examples"] {
            for entry in fs::read_dir(folder.join(inner)).expect("the pack is there") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                    let name = if inner == "." { name } else { format!("{inner}/{name}") };
                    source.files.insert(name, fs::read_to_string(&path).expect("text"));
                }
            }
        }
        Arc::new(Pack::load(&source).expect("the pack is right"))
    }))
}

/// A call with a scripted outside: says end when they would have been heard, and the action core answers as told.
struct Call {
    machine: Conversation,
    now: MonoTime,
    acts: Vec<Act>,
    turn: TurnId,
    /// Humans whom the queue finds, one after another, and how the caller comes to them; without it it has to be told what it finds.
    humans: Option<(usize, How)>,
}

impl Call {
    fn new(humans: usize) -> Self {
        Self::with(humans, None)
    }

    /// With a language model that is waited for so long.
    fn with(humans: usize, interpretation: Option<Duration>) -> Self {
        let mut dialogue = DialogueConfig::new(airline(), CallId(7));
        dialogue.limits.interpretation = interpretation;
        let machine = Conversation::new(ConversationConfig::new(dialogue, CALLER), MonoTime::ZERO);
        let humans = Some((humans, How::Warm));
        let mut call = Self { machine, now: MonoTime::ZERO, acts: Vec::new(), turn: TurnId(0), humans };
        call.drain();
        call
    }

    fn drain(&mut self) {
        while let Some(act) = self.machine.poll_output() {
            if let (Act::Seek { leg, .. }, Some((left, how))) = (&act, &mut self.humans) {
                let found = if *left == 0 {
                    HumanFact::Nobody { why: "nobody".to_owned(), tried: false }
                } else {
                    *left -= 1;
                    HumanFact::Found { human: 0, how: *how, language: None }
                };
                self.machine.handle(Fact::Human(*leg, found), self.now);
            }
            self.acts.push(act);
        }
    }

    fn tell(&mut self, fact: Fact) {
        self.machine.handle(fact, self.now);
        self.drain();
    }

    fn leg(&mut self, leg: LegId, fact: LegFact) {
        let at = self.now;
        self.tell(Fact::Leg(LegEvent { leg, at, fact }));
    }

    /// Time passes, timers come.
    fn wait(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(due) = self.machine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.machine.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// Everything that was to be said on a leg is heard to its end.
    fn hear_out(&mut self) {
        loop {
            let says: Vec<(LegId, Say)> = self
                .acts
                .iter()
                .filter_map(|act| match act {
                    Act::Say(leg, say) => Some((*leg, say.clone())),
                    _ => None,
                })
                .collect();
            self.acts.retain(|act| !matches!(act, Act::Say(..)));
            if says.is_empty() {
                return;
            }
            for (leg, say) in says {
                self.leg(leg, LegFact::SayStarted { say: say.id });
                let length = spoken_length(&say.text);
                self.wait(length);
                let (played, words) = (Samples::of(length), word_count(&say.text));
                self.leg(leg, LegFact::SayEnded { say: say.id, played, words });
            }
        }
    }

    /// The caller says something, and it is recognised.
    fn caller_says(&mut self, words: &str) {
        self.turn = self.turn.next();
        let turn = self.turn;
        self.leg(CALLER, LegFact::SpeechStarted { turn });
        self.wait(Duration::from_secs(1));
        self.leg(
            CALLER,
            LegFact::TurnEnded {
                turn,
                length: Duration::from_secs(1),
                silent: Duration::ZERO,
                level_db: None,
                cough: false,
            },
        );
        let utterance = Utterance {
            turn,
            words: words.to_owned().into(),
            alternatives: Vec::new(),
            confidence: Some(0.9),
            language: Language::EN,
            identified: None,
        };
        self.tell(Fact::Recognised(CALLER, Recognised::Final(utterance)));
    }

    fn take<T>(&mut self, wanted: impl Fn(&Act) -> Option<T>) -> Option<T> {
        let place = self.acts.iter().position(|act| wanted(act).is_some())?;
        wanted(&self.acts.remove(place))
    }

    fn asked(&mut self) -> AskId {
        self.take(|act| match act {
            Act::Plan(ask, _) => Some(*ask),
            _ => None,
        })
        .expect("the action core is asked")
    }

    fn kinds(&self) -> Vec<SayKind> {
        self.acts
            .iter()
            .filter_map(|act| match act {
                Act::Tell(Happening::AgentSays { kind, .. }) => Some(*kind),
                _ => None,
            })
            .collect()
    }
}

fn plan() -> PlanId {
    PlanId("p1".to_owned())
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn record(fields: &[(&str, Value)]) -> Record {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn refused() -> PlanReply {
    PlanReply::Refused {
        plan: plan(),
        verified: Vec::new(),
        words: "no-such-words".to_owned(),
        facts: Record::new(),
        transfer: true,
        rules: vec!["credit-limit".to_owned()],
    }
}

#[test]
fn the_caller_is_greeted_and_something_is_expected() {
    let call = Call::new(0);
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, say) if say.turn == TurnId(0))));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Expect(CALLER, _))));
}

#[test]
fn a_recogniser_that_dies_leaves_no_silence() {
    let mut call = Call::new(0);
    call.hear_out();
    call.leg(CALLER, LegFact::SpeechStarted { turn: TurnId(1) });
    call.leg(
        CALLER,
        LegFact::TurnEnded {
            turn: TurnId(1),
            length: Duration::from_secs(1),
            silent: Duration::ZERO,
            level_db: None,
            cough: false,
        },
    );
    call.acts.clear();
    call.wait(Duration::from_secs(10));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, say) if say.turn == TurnId(1))));
}

#[test]
fn words_that_overtake_the_end_of_their_turn_are_taken_once() {
    let mut call = Call::new(0);
    call.hear_out();
    let utterance = silence(TurnId(1), Language::EN);
    call.tell(Fact::Recognised(CALLER, Recognised::Final(utterance.clone())));
    call.leg(
        CALLER,
        LegFact::TurnEnded {
            turn: TurnId(1),
            length: Duration::from_secs(1),
            silent: Duration::ZERO,
            level_db: None,
            cough: false,
        },
    );
    call.tell(Fact::Recognised(CALLER, Recognised::Final(utterance)));
    call.wait(Duration::from_secs(5));
    let heard = call.acts.iter().filter(|act| matches!(act, Act::Tell(Happening::CallerSaid { .. }))).count();
    assert_eq!(heard, 1);
}

#[test]
fn an_interrupted_say_counts_for_its_words_and_what_waited_for_nothing() {
    let mut call = Call::new(0);
    let say = call.take(|act| match act {
        Act::Say(_, say) => Some(say.clone()),
        _ => None,
    });
    let say = say.expect("the greeting");
    call.acts.clear();
    call.leg(CALLER, LegFact::SpeechStarted { turn: TurnId(1) });
    call.leg(CALLER, LegFact::BargedIn { turn: TurnId(1), say: say.id, played: Samples(9_999), words: 6 });
    let told = call.take(|act| match act {
        Act::Tell(Happening::AgentStopped { share, heard, unheard, .. }) => {
            Some((*share, heard.reveal().clone(), unheard.reveal().clone()))
        }
        _ => None,
    });
    let (share, heard, unheard) = told.expect("it was cut");
    assert_eq!(heard, "Thank you for calling the airline.");
    assert_eq!(unheard, "I am an automated assistant. How can I help you?");
    assert!((share - 6.0 / 16.0).abs() < 0.001, "{share}");
    assert!(call.acts.iter().any(|act| matches!(act, Act::Stop(CALLER, TurnId(0)))));
}

#[test]
fn a_say_that_could_not_be_spoken_counts_as_unheard() {
    let mut call = Call::new(0);
    let say = call.take(|act| match act {
        Act::Say(_, say) => Some(say.id),
        _ => None,
    });
    let say = say.expect("the greeting");
    call.leg(CALLER, LegFact::SayEnded { say, played: Samples(0), words: 0 });
    let told = call.take(|act| match act {
        Act::Tell(Happening::AgentStopped { share, heard, .. }) => Some((*share, heard.reveal().is_empty())),
        _ => None,
    });
    assert_eq!(told, Some((0.0, true)));
    call.acts.clear();
    call.wait(Duration::from_secs(3));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, _))), "so it is said again");
}

#[test]
fn a_denied_plan_becomes_a_warm_transfer_that_ends_in_a_bridge() {
    let mut call = Call::new(1);
    call.hear_out();
    call.caller_says("my flight was cancelled and I need a new one");
    let ask = call.asked();
    call.tell(Fact::Plan(ask, Some(refused())));
    call.hear_out();
    let human = call.take(|act| match act {
        Act::Dial { leg } => Some(*leg),
        _ => None,
    });
    let human = human.expect("the desk is rung once the caller has heard why");
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Tone(Some(Tone::Hold)))));
    call.tell(Fact::Human(human, HumanFact::Ringing));
    call.tell(Fact::Human(human, HumanFact::Answered));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(leg, _) if *leg == human)), "a briefing");
    call.leg(human, LegFact::Dtmf { digit: '1' });
    call.hear_out();
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Bridge { with: human })));
    assert!(call.machine.is_bridged());
    call.tell(Fact::Human(human, HumanFact::Gone));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Unbridge)));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, _))), "the agent is back");
}

/// A call whose caller wants a person, and the leg of the desk that was rung and has answered.
fn answered_desk(humans: usize) -> (Call, LegId) {
    let mut call = Call::new(humans);
    call.hear_out();
    call.caller_says("can I talk to a person");
    call.hear_out();
    let human = dialled(&mut call).expect("the desk is rung");
    call.tell(Fact::Human(human, HumanFact::Answered));
    (call, human)
}

fn dialled(call: &mut Call) -> Option<LegId> {
    call.take(|act| match act {
        Act::Dial { leg, .. } => Some(*leg),
        _ => None,
    })
}

impl Call {
    /// The human speaks for so long, and this is recognised.
    fn human_says(&mut self, leg: LegId, turn: u32, length: Duration, words: &str) {
        let turn = TurnId(turn);
        self.leg(leg, LegFact::SpeechStarted { turn });
        self.wait(length);
        let ended = LegFact::TurnEnded { turn, length, silent: Duration::ZERO, level_db: None, cough: false };
        self.leg(leg, ended);
        let utterance = Utterance { words: words.to_owned().into(), ..silence(turn, Language::EN) };
        self.tell(Fact::Recognised(leg, Recognised::Final(utterance)));
    }

    fn says_on(&self, wanted: LegId) -> Vec<String> {
        let text = |act: &Act| match act {
            Act::Say(leg, say) if *leg == wanted => Some(say.text.clone()),
            _ => None,
        };
        self.acts.iter().filter_map(text).collect()
    }
}

#[test]
fn a_human_may_accept_by_speaking_once_they_have_heard_the_question() {
    let (mut call, human) = answered_desk(1);
    call.hear_out();
    call.human_says(human, 1, Duration::from_secs(1), "yes I take it");
    call.hear_out();
    assert!(call.machine.is_bridged());
}

#[test]
fn a_human_who_says_hello_into_the_briefing_hears_it_from_the_start_and_may_accept() {
    let (mut call, human) = answered_desk(1);
    let briefing = call.says_on(human);
    let say = call.take(|act| match act {
        Act::Say(leg, say) if *leg == human => Some(say.id),
        _ => None,
    });
    let say = say.expect("a briefing");
    call.leg(human, LegFact::SpeechStarted { turn: TurnId(1) });
    call.leg(human, LegFact::BargedIn { turn: TurnId(1), say, played: Samples(3_200), words: 1 });
    call.human_says(human, 1, Duration::from_secs(1), "hello");
    assert_eq!(call.says_on(human), briefing, "it begins anew");
    call.hear_out();
    assert!(!call.machine.is_bridged());
    call.human_says(human, 2, Duration::from_secs(1), "yes, go ahead");
    call.hear_out();
    assert!(call.machine.is_bridged());
}

#[test]
fn a_machine_is_hung_up_on_at_once_and_the_next_human_rung() {
    type Does = fn(&mut Call, LegId);
    let machines: [(&str, Does); 3] = [
        ("beep", |call, leg| call.leg(leg, LegFact::Beep { hz: 1_000 })),
        ("words", |call, leg| {
            call.leg(leg, LegFact::SpeechStarted { turn: TurnId(1) });
            let words = "please leave a message".to_owned().into();
            let partial = Recognised::Partial { turn: TurnId(1), words, confidence: None };
            call.tell(Fact::Recognised(leg, partial));
        }),
        ("talks_on", |call, leg| {
            call.leg(leg, LegFact::SpeechStarted { turn: TurnId(1) });
            call.wait(Duration::from_secs(5));
        }),
    ];
    for (sign, does) in machines {
        let (mut call, machine) = answered_desk(2);
        does(&mut call, machine);
        let told = call.take(|act| match act {
            Act::Tell(Happening::MachineAnswered { sign }) => Some(sign.name()),
            _ => None,
        });
        assert_eq!(told, Some(sign));
        assert!(call.acts.contains(&Act::Hangup(machine)), "{sign}");
        let next = dialled(&mut call).expect("the next is rung");
        call.acts.retain(|act| !matches!(act, Act::Say(..)));
        call.tell(Fact::Human(next, HumanFact::Answered));
        call.hear_out();
        call.human_says(next, 1, Duration::from_secs(1), "yes");
        call.hear_out();
        assert!(call.machine.is_bridged(), "{sign}");
    }
}

#[test]
fn a_yes_in_a_greeting_accepts_nothing() {
    let (mut call, machine) = answered_desk(1);
    call.human_says(machine, 1, Duration::from_millis(900), "yes hello");
    call.human_says(machine, 2, Duration::from_millis(2_500), "yes I am out");
    for _ in 0..60 {
        call.wait(Duration::from_secs(1));
        call.hear_out();
        assert!(!call.machine.is_bridged());
    }
    assert!(call.acts.contains(&Act::Hangup(machine)));
}

#[test]
fn a_caller_who_hangs_up_while_a_desk_rings_stops_the_ringing() {
    let mut call = Call::new(1);
    call.hear_out();
    call.caller_says("can I talk to a person");
    call.hear_out();
    let human = call.take(|act| match act {
        Act::Dial { leg, .. } => Some(*leg),
        _ => None,
    });
    let human = human.expect("the desk is rung");
    call.tell(Fact::CallerGone);
    assert!(call.acts.contains(&Act::Hangup(human)) && call.acts.contains(&Act::Hangup(CALLER)));
    assert!(call.machine.is_over());
}

#[test]
fn a_caller_who_waits_hears_their_place_and_comes_back_when_nobody_will_be_free() {
    let mut call = Call { humans: None, ..Call::new(0) };
    call.hear_out();
    call.caller_says("I want to talk to a person");
    call.hear_out();
    let sought = |act: &Act| match act {
        Act::Seek { leg, wanted } => Some((*leg, wanted.language)),
        _ => None,
    };
    let (leg, language) = call.take(sought).expect("somebody is looked for");
    assert_eq!(language, Language::EN);
    for (minutes, wanted) in [
        (None, "You are number 2 in line. Please hold."),
        (Some(3), "You are number 2 in line. It will take about 3 minutes. Please hold."),
    ] {
        call.acts.clear();
        // Longer than the machine waits by itself: the queue says in between that the caller still waits.
        for _ in 0..4 {
            call.tell(Fact::Human(leg, HumanFact::Waiting { place: 2, minutes }));
            call.wait(Duration::from_secs(10));
        }
        assert!(
            call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, say) if say.text == wanted)),
            "{wanted}"
        );
        assert!(call.take(sought).is_none(), "they lost their place");
    }
    call.acts.clear();
    call.tell(Fact::Human(leg, HumanFact::Nobody { why: "closed".to_owned(), tried: false }));
    assert!(call.acts.contains(&Act::Engaged(false)));
    assert!(
        call.acts
            .iter()
            .any(|act| matches!(act, Act::Say(CALLER, say) if say.text.contains("call you back")))
    );
}

#[test]
fn a_human_is_briefed_in_their_language_of_how_things_are_by_then() {
    let mut call = Call { humans: None, ..Call::new(0) };
    call.hear_out();
    call.caller_says("I want to talk to a person");
    call.hear_out();
    let leg = call.take(|act| if let Act::Seek { leg, .. } = act { Some(*leg) } else { None });
    let leg = leg.expect("somebody is looked for");
    let found = HumanFact::Found { human: 0, how: How::Warm, language: Some(Language::ES) };
    call.tell(Fact::Human(leg, found));
    call.tell(Fact::Human(leg, HumanFact::Answered));
    let told = call.take(|act| match act {
        Act::Tell(Happening::Briefing(briefing)) => Some(briefing.clone()),
        _ => None,
    });
    let told = told.expect("who watches is told");
    assert_eq!(told.language, Language::ES);
    let said = call.acts.iter().any(|act| match act {
        Act::Say(to, say) => *to == leg && say.language == Language::ES && say.text.contains("Pulse"),
        _ => false,
    });
    assert!(said && told.open.reveal().contains("una persona"), "{told:?}");
}

#[test]
fn draining_says_why_and_ends() {
    let mut call = Call::new(0);
    call.hear_out();
    call.acts.clear();
    call.tell(Fact::Drain);
    call.hear_out();
    assert!(call.machine.is_over() && call.acts.contains(&Act::Hangup(CALLER)));
    assert!(call.acts.contains(&Act::Tell(Happening::Ended(Ending::Drained))));
}

#[test]
fn who_speaks_over_the_farewell_is_not_hung_up_on() {
    let mut call = Call::new(0);
    call.hear_out();
    call.caller_says("goodbye");
    let say = |act: &Act| if let Act::Say(_, say) = act { Some(say.id) } else { None };
    let farewell = call.take(say).expect("a farewell");
    call.leg(CALLER, LegFact::SayStarted { say: farewell });
    call.turn = call.turn.next();
    let turn = call.turn;
    call.leg(CALLER, LegFact::SpeechStarted { turn });
    call.leg(CALLER, LegFact::BargedIn { turn, say: farewell, played: Samples(1_600), words: 1 });
    assert!(!call.machine.is_over() && !call.acts.contains(&Act::Hangup(CALLER)));
    call.caller_says("what can you do");
    assert!(call.take(say).is_some(), "they are answered: {:?}", call.acts);
    call.hear_out();
    call.caller_says("goodbye");
    call.hear_out();
    assert!(call.machine.is_over(), "in the end they go");
}

#[test]
fn a_call_back_is_promised_once_the_core_has_kept_it() {
    let mut config = ConversationConfig::new(DialogueConfig::new(airline(), CallId(7)), CALLER);
    config.dialogue.caller = Some("+1 555 0100".to_owned().into());
    let machine = Conversation::new(config, MonoTime::ZERO);
    let humans = Some((0, How::Warm));
    let mut call = Call { machine, now: MonoTime::ZERO, acts: Vec::new(), turn: TurnId(0), humans };
    call.drain();
    call.hear_out();
    for words in ["talk to a person", "yes"] {
        call.tell(Fact::Typed(words.to_owned().into()));
        call.hear_out();
    }
    let wanted = call.acts.iter().any(|act| matches!(act, Act::CallBack { .. }));
    assert!(wanted, "{:?}", call.acts);
    assert!(!call.kinds().contains(&SayKind::Farewell));
    call.tell(Fact::CallBackKept(true));
    assert!(call.kinds().contains(&SayKind::Farewell));
    assert!(call.acts.contains(&Act::Tell(Happening::CallBack { kept: true })));
    call.hear_out();
    assert!(call.machine.is_over());
}

/// Facts of every kind, with and without sense.
fn any_fact(kind: u8, number: u32, machine: &Conversation, now: MonoTime) -> Fact {
    const WORDS: [&str; 10] = [
        "my flight was cancelled",
        "yes",
        "no",
        "kilo seven mike four x-ray two",
        "four eight two one",
        "the first one",
        "talk to a person",
        "",
        "goodbye",
        "espanol por favor",
    ];
    let turn = TurnId(number % 40);
    let leg = if kind.is_multiple_of(3) { LegId(HUMAN_LEGS + HUMANS_PER_CALL + 1) } else { CALLER };
    let say = machine.says.keys().next().copied().unwrap_or(SayId(number));
    let event = |fact| Fact::Leg(LegEvent { leg, at: now, fact });
    let step =
        StepView { number: 1, action: "a".to_owned(), kind: ActionKind::Write, state: StepState::Started };
    let receipt = Receipt {
        plan: plan(),
        step: 1,
        action: "a".to_owned(),
        name: "seat".to_owned(),
        result: record(&[("number", text("12A"))]),
        idempotency_key: "p1:1".to_owned(),
    };
    let plan_event = |fact| Fact::PlanEvent(PlanEvent { plan: plan(), number: u64::from(number), fact });
    let words = "rebook-done".to_owned();
    match kind {
        0 | 1 => event(LegFact::SpeechStarted { turn }),
        2 | 3 => event(LegFact::TurnEnded {
            turn,
            length: Duration::from_millis(300),
            silent: Duration::ZERO,
            level_db: None,
            cough: false,
        }),
        4 => event(LegFact::BargedIn { turn, say, played: Samples(1), words: (number % 20) as u16 }),
        5 | 6 => event(LegFact::SayEnded { say, played: Samples(1), words: (number >> 8) as u16 }),
        7 => event(LegFact::SayDropped { say }),
        8 | 9 => event(LegFact::Dtmf { digit: char::from(b'0' + (number % 10) as u8) }),
        10 => event(LegFact::Silence { length: Duration::from_secs(10) }),
        11 => event(LegFact::Resumed { turn }),
        12..=16 => {
            let words = WORDS[number as usize % WORDS.len()].to_owned().into();
            Fact::Recognised(leg, Recognised::Final(Utterance { words, ..silence(turn, Language::EN) }))
        }
        17 if number.is_multiple_of(2) => {
            let words = WORDS[number as usize % WORDS.len()].to_owned().into();
            Fact::Recognised(leg, Recognised::Provisional(Utterance { words, ..silence(turn, Language::EN) }))
        }
        17 if number.is_multiple_of(5) => {
            let proposal = Proposal { skill: Some("cancel".to_owned()), ..Proposal::default() };
            let answer = if number.is_multiple_of(3) { Err(Fault::Late) } else { Ok(proposal) };
            Fact::Interpreted(number % 4, answer)
        }
        18 if number.is_multiple_of(3) => Fact::Speculated(number % 4, Some(refused())),
        17 => Fact::Plan(AskId(number % 8), None),
        18 => Fact::Plan(AskId(number % 8), Some(refused())),
        19 => Fact::Plan(
            AskId(number % 8),
            Some(PlanReply::Ready {
                plan: plan(),
                verified: vec!["K7M4X2".to_owned()],
                words: "yes-or-no".to_owned(),
                facts: Record::new(),
                steps: vec![step],
            }),
        ),
        20 => plan_event(PlanFact::StepCommitted { receipt }),
        21 => plan_event(PlanFact::Completed { words }),
        22 => plan_event(PlanFact::Failed { words, step: 1, reason: String::new() }),
        23 => plan_event(PlanFact::InDoubt { step: 1 }),
        24 => Fact::PlanLost(plan()),
        25 => Fact::Human(leg, HumanFact::Answered),
        26 => Fact::Human(leg, HumanFact::Refused("486".to_owned())),
        27 => Fact::Human(
            leg,
            match number % 5 {
                0 => HumanFact::Nobody { why: "closed".to_owned(), tried: true },
                1 => HumanFact::Waiting { place: 1, minutes: None },
                2 => HumanFact::Found { human: 0, how: How::Blind, language: None },
                _ => HumanFact::Gone,
            },
        ),
        28 if number.is_multiple_of(50) => Fact::CallerGone,
        28 if number.is_multiple_of(51) => Fact::Drain,
        28 if number.is_multiple_of(7) => Fact::CallBackKept(number.is_multiple_of(2)),
        28 if number.is_multiple_of(3) => Fact::Recalled(AskId(number % 8), None),
        28 if number.is_multiple_of(53) => event(LegFact::Gone(Gone::Timeout)),
        _ => Fact::Typed(WORDS[number as usize % WORDS.len()].to_owned().into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens in whatever order, a call never ends in dead air: there is a timer until it is over or two people
    /// talk, and a caller who then waits hears something within seconds, again and again, or the call ends.
    #[test]
    fn a_fuzzed_call_never_ends_in_dead_air(
        humans in 0usize..3,
        facts in prop::collection::vec((0u8..30, any::<u32>(), 0u64..3_000), 0..60),
    ) {
        let mut call = Call::with(humans, Some(Duration::from_millis(700)));
        for (kind, number, later) in facts {
            call.wait(Duration::from_millis(later));
            let fact = any_fact(kind, number, &call.machine, call.now);
            call.tell(fact);
            prop_assert!(call.machine.poll_timeout().is_some() || call.machine.is_over() || call.machine.is_bridged());
        }
        for _ in 0..30 {
            if call.machine.is_over() || call.machine.is_bridged() {
                break;
            }
            call.acts.clear();
            // Longer than any patience of the dialogue's, with the sayings heard out as they come.
            let before = call.now;
            while call.now.since(before) < Duration::from_secs(130) && !call.machine.is_over() {
                call.wait(Duration::from_secs(1));
                call.hear_out();
            }
            let said = call.acts.iter().any(|act| matches!(act, Act::Tell(Happening::AgentSays { .. })));
            prop_assert!(said || call.machine.is_over() || call.machine.is_bridged(), "130 s without a word");
        }
    }

    /// No order of facts makes the agent claim what no receipt proves.
    #[test]
    fn a_fuzzed_call_claims_nothing_without_receipts(
        facts in prop::collection::vec((0u8..30, any::<u32>()), 0..80),
    ) {
        let mut call = Call::with(1, Some(Duration::from_millis(700)));
        let mut receipts = 0;
        for (kind, number) in facts {
            receipts += usize::from(kind == 20);
            let fact = any_fact(kind, number, &call.machine, call.now);
            call.tell(fact);
            prop_assert!(receipts > 0 || !call.kinds().contains(&SayKind::Claim));
        }
    }
}

/// How long a text takes to say, roughly.
fn spoken_length(text: &str) -> Duration {
    Duration::from_millis(69 * text.chars().count() as u64)
}
