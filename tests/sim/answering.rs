//! What answers a human's telephone: people take the call, and no machine does, whatever the recogniser makes of its greeting.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use callwright_audio_core::Encoder;
use callwright_call_core::call::How;
use callwright_conversation::{Act, Conversation, ConversationConfig, Fact, Happening, HumanFact};
use callwright_dialogue_core::{DialogueConfig, Pack};
use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_loadtest::Clip;
use callwright_model::{
    AudioFormat, CallId, Codec, FRAME_MS, FRAME_SAMPLES, Frame, Heard, Hints, Language, LegCommand, LegEvent,
    LegFact, LegId, LegRole, MonoTime, PackSource, Recognised, Say, SayFrame, SayId, TurnId, Utterance,
    word_count,
};
use callwright_speech::{RecogniserChoice, Speech, SpeechConfig, StepEar};
use callwright_tests::repository;

const CALLER: LegId = LegId(1);
const TICK: Duration = Duration::from_millis(FRAME_MS as u64);

/// What listens to whoever answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ears {
    /// Hears a yes in every turn, as a recogniser may that waits for one.
    Gullible,
    /// Understands every word.
    Perfect,
    /// The stand-by recogniser, as it is.
    Standby,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Accepted,
    /// It was hung up on, so many milliseconds after it had answered; with the sign that it was known by, if it was.
    HungUp(u64, Option<&'static str>),
}

/// What is said at once, and what once a question was heard.
struct Script<'a> {
    at_once: Option<&'a str>,
    after_ms: u64,
    answer: Option<&'a str>,
}

#[tokio::test]
async fn no_greeting_of_a_machine_accepts_a_call() {
    let world = World::new();
    let clips = ["en-mailbox", "en-mailbox-yes", "en-mailbox-short", "en-mailbox-no-beep", "en-menu"];
    let foreign = ["es-mailbox", "ko-mailbox"];
    let mut told = Vec::new();
    let mut look = |clip, ears, after_ms| {
        let end = world.answered_by(ears, &Script { at_once: Some(clip), after_ms, answer: None });
        // Who says little and waits is not told from a person, and hung up on for not answering.
        let is_known =
            matches!(end, End::HungUp(..12_000, Some(_))) || clip == "en-menu" && end != End::Accepted;
        told.push((is_known, format!("{clip} after {after_ms} ms, {ears:?}: {end:?}")));
    };
    for clip in clips {
        for after_ms in [100, 900] {
            look(clip, Ears::Gullible, after_ms);
        }
        look(clip, Ears::Standby, 500);
    }
    for clip in foreign {
        look(clip, Ears::Gullible, 500);
    }
    let all: Vec<&str> = told.iter().map(|(_, line)| line.as_str()).collect();
    assert!(told.iter().all(|(is_known, _)| *is_known), "{all:#?}");
}

#[tokio::test]
async fn people_accept_with_and_without_a_greeting_of_their_own() {
    let world = World::new();
    for (at_once, answer) in [
        (None, "en-desk-accept"),
        (Some("en-desk-pick-up"), "en-desk-go-ahead"),
        (Some("en-desk-hello"), "en-desk-accept"),
        (Some("en-desk-hello"), "en-yes"),
    ] {
        for ears in [Ears::Perfect, Ears::Standby] {
            let script = Script { at_once, after_ms: 300, answer: Some(answer) };
            assert_eq!(world.answered_by(ears, &script), End::Accepted, "{at_once:?}, {answer}, {ears:?}");
        }
    }
}

/// What all calls share.
struct World {
    speech: Speech,
    pack: Arc<Pack>,
}

impl World {
    fn new() -> Self {
        let config = SpeechConfig { recogniser: RecogniserChoice::Pocketsphinx, ..SpeechConfig::default() };
        let speech = Speech::start(config).expect("the stand-by recogniser is there");
        Self { speech, pack: Arc::new(airline()) }
    }

    fn answered_by(&self, ears: Ears, script: &Script<'_>) -> End {
        Ring::new(self, ears, script).run()
    }
}

fn airline() -> Pack {
    let folder = repository().join("skills/airline");
    let mut source = PackSource { folder: "airline".to_owned(), ..PackSource::default() };
    for inner in ["", "skills/", "words/", "examples/"] {
        for entry in fs::read_dir(folder.join(inner)).expect("the pack is there") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.file_name().expect("a name").to_string_lossy();
                source.files.insert(format!("{inner}{name}"), fs::read_to_string(&path).expect("text"));
            }
        }
    }
    Pack::load(&source).expect("the pack is right")
}

fn clip(name: &str) -> Clip {
    Clip::load(&repository().join(format!("audio-fixtures/{name}.wav"))).expect("a fixture")
}

/// A call whose caller wants a person, and the telephone that is rung.
struct Ring<'a> {
    world: &'a World,
    conversation: Conversation,
    now: MonoTime,
    /// What the caller's leg will tell, and when.
    caller: VecDeque<(MonoTime, Fact)>,
    phone: Option<Phone>,
    ears: Ears,
    answer: Option<Clip>,
    greeting: Option<Clip>,
    after_ms: u64,
    sign: Option<&'static str>,
    end: Option<End>,
}

/// The telephone that was rung.
struct Phone {
    id: LegId,
    leg: MediaLeg,
    answered: MonoTime,
    encoder: Encoder,
    packets: u32,
    /// What is yet to be said into it.
    voice: VecDeque<i16>,
    /// What was said into it last.
    words: String,
    says: VecDeque<SayFrame>,
    /// A say that ends with a question.
    question: Option<SayId>,
    ear: StepEar,
}

impl<'a> Ring<'a> {
    fn new(world: &'a World, ears: Ears, script: &Script<'_>) -> Self {
        let dialogue = DialogueConfig::new(Arc::clone(&world.pack), CallId(7));
        let config = ConversationConfig::new(dialogue, CALLER);
        Self {
            world,
            conversation: Conversation::new(config, MonoTime::ZERO),
            now: MonoTime::ZERO,
            caller: VecDeque::new(),
            phone: None,
            ears,
            answer: script.answer.map(clip),
            greeting: script.at_once.map(clip),
            after_ms: script.after_ms,
            sign: None,
            end: None,
        }
    }

    fn run(mut self) -> End {
        self.conversation.handle(Fact::Typed("talk to a person".to_owned().into()), self.now);
        while self.now < MonoTime::from_millis(120_000) {
            self.now = self.now + TICK;
            self.tick();
            if let Some(end) = self.end.take() {
                return end;
            }
        }
        panic!("nothing came of it in two minutes");
    }

    fn tick(&mut self) {
        while let Some((_, fact)) = self.caller.pop_front_if(|(due, _)| *due <= self.now) {
            self.conversation.handle(fact, self.now);
        }
        if self.conversation.poll_timeout().is_some_and(|due| due <= self.now) {
            self.conversation.handle_timeout(self.now);
        }
        for fact in self.phone.as_mut().map(|phone| phone.tick(self.ears, self.now)).unwrap_or_default() {
            self.answer_question(&fact);
            self.conversation.handle(fact, self.now);
        }
        while let Some(act) = self.conversation.poll_output() {
            self.act(act);
        }
    }

    /// A person answers what they were asked.
    fn answer_question(&mut self, fact: &Fact) {
        let Fact::Leg(LegEvent { fact: LegFact::SayEnded { say, .. }, .. }) = fact else { return };
        let Some(phone) = &mut self.phone else { return };
        if phone.question == Some(*say)
            && let Some(answer) = self.answer.take()
        {
            phone.says_after(400, &answer);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Say(CALLER, say) => self.caller_hears(&say),
            Act::Command(CALLER, LegCommand::Bridge { .. }) => self.end = Some(End::Accepted),
            Act::Seek { leg, .. } => {
                let found = HumanFact::Found { human: 0, how: How::Warm, language: None };
                self.conversation.handle(Fact::Human(leg, found), self.now);
            }
            Act::Dial { leg } => {
                self.phone =
                    Some(Phone::answered(self.world, leg, self.greeting.take(), self.after_ms, self.now));
                self.conversation.handle(Fact::Human(leg, HumanFact::Answered), self.now);
            }
            Act::Tell(Happening::MachineAnswered { sign }) => self.sign = Some(sign.name()),
            Act::Hangup(leg) if leg != CALLER => {
                let answered = self.phone.as_ref().map_or(self.now, |phone| phone.answered);
                let after = self.now.since(answered).as_millis() as u64;
                self.end = Some(End::HungUp(after, self.sign));
            }
            act => {
                if let Some(phone) = &mut self.phone {
                    phone.act(self.world, act, self.now);
                }
            }
        }
    }

    fn caller_hears(&mut self, say: &Say) {
        let event = |fact, at| (at, Fact::Leg(LegEvent { leg: CALLER, at, fact }));
        let (start, end) = (self.now + TICK, self.now + Duration::from_secs(1));
        let ended =
            LegFact::SayEnded { say: say.id, played: Default::default(), words: word_count(&say.text) };
        self.caller.push_back(event(LegFact::SayStarted { say: say.id }, start));
        self.caller.push_back(event(ended, end));
    }
}

impl Phone {
    fn answered(world: &World, id: LegId, greeting: Option<Clip>, after_ms: u64, now: MonoTime) -> Self {
        let spec = LegSpec { role: LegRole::Human, format: AudioFormat::PCMU, seed: 3 };
        let detector = Speech::detector(Some(&repository().join("models")));
        let hints = Hints {
            expect: callwright_model::Expect::YesNo,
            language: Language::EN,
            languages: Vec::new(),
            sentences: Arc::default(),
            likely: Vec::new(),
        };
        let mut phone = Self {
            id,
            leg: MediaLeg::new(spec, &LegConfig::default(), detector, now).expect("G.711 is there"),
            answered: now,
            encoder: Encoder::new(Codec::Pcmu).expect("G.711 is there"),
            packets: 0,
            voice: VecDeque::new(),
            words: String::new(),
            says: VecDeque::new(),
            question: None,
            ear: world.speech.listen_in_step(hints),
        };
        if let Some(greeting) = greeting {
            phone.says_after(after_ms, &greeting);
        }
        phone
    }

    fn says_after(&mut self, ms: u64, clip: &Clip) {
        self.voice.extend(std::iter::repeat_n(0, 16 * ms as usize));
        self.voice.extend(clip.samples.iter());
        self.words = clip.words.clone().expect("the manifest tells them");
    }

    fn act(&mut self, world: &World, act: Act, now: MonoTime) {
        match act {
            Act::Command(leg, command) if leg == self.id => self.leg.handle_command(&command, now),
            Act::Say(_, say) => {
                // All that is said to a human before they have accepted ends with the question.
                self.question = Some(say.id);
                self.says.extend(world.speech.say_in_step(&say));
            }
            Act::Stop(leg, turn) if leg == self.id => {
                self.says.retain(|item| item.turn > turn || item.frame.is_none());
            }
            Act::Expect(leg, hints) if leg == self.id => self.ear.expect(hints),
            _ => {}
        }
    }

    /// 20 ms of a telephone, and what becomes known by it.
    fn tick(&mut self, ears: Ears, now: MonoTime) -> Vec<Fact> {
        let mut frame = Frame::SILENCE;
        let there = self.voice.len().min(FRAME_SAMPLES);
        for (sample, said) in frame.0.iter_mut().zip(self.voice.drain(..there)) {
            *sample = said;
        }
        let mut packet = [0; 12 + Encoder::PAYLOAD_MAX];
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&(self.packets as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(self.packets * 160).to_be_bytes());
        let length = self.encoder.encode(&frame, &mut packet[12..]).expect("G.711 encodes everything");
        self.packets += 1;
        self.leg.handle_datagram(&packet[..12 + length], now);
        let says = &mut self.says;
        self.leg.tick(&mut || says.pop_front(), now);
        let mut datagram = [0; 2_048];
        while self.leg.poll_datagram(&mut datagram).is_some() {}
        let mut facts = Vec::new();
        while let Some(fact) = self.leg.poll_fact() {
            facts.push(Fact::Leg(LegEvent { leg: self.id, at: now, fact }));
        }
        while let Some(item) = self.leg.poll_heard() {
            match (ears, item) {
                (Ears::Gullible, Heard::End { turn, .. }) => facts.push(self.recognised(turn, "yes")),
                (Ears::Perfect, Heard::End { turn, .. }) => facts.push(self.recognised(turn, &self.words)),
                (Ears::Gullible | Ears::Perfect, _) => {}
                (Ears::Standby, item) => self.ear.hear(item),
            }
        }
        while let Some(report) = self.ear.poll_output() {
            facts.push(Fact::Recognised(self.id, report));
        }
        facts
    }

    fn recognised(&self, turn: TurnId, words: &str) -> Fact {
        let utterance = Utterance {
            turn,
            words: words.to_owned().into(),
            alternatives: Vec::new(),
            confidence: Some(0.9),
            language: Language::EN,
            identified: None,
        };
        Fact::Recognised(self.id, Recognised::Final(utterance))
    }
}
