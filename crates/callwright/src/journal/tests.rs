use std::path::{Path, PathBuf};
use std::sync::Arc;

use callwright_conversation::{Act, Conversation};
use callwright_model::{
    Evidence, LegEvent, LegFact, NeedWhy, PlanId, PlanReply, Progress, Recognised, Rule, Samples, SayId,
    TurnId, Utterance, UtteranceSort, Verdict, word_count,
};

use super::mask::Mask;
use super::replay::{Close, Replayed};
use super::*;
use crate::config;
use crate::lines::{LoadedPack, load_pack};
use crate::secrets::Secrets;

const CALLER: LegId = LegId(1);
const CALL: CallId = CallId(0xc0ffee);

/// A call without sound, written down while it is played.
struct Call {
    machine: Conversation,
    recorder: Recorder,
    now: MonoTime,
    turn: TurnId,
    /// What was said and not heard yet.
    says: Vec<(SayId, String)>,
    /// What was asked of the action core and not answered yet.
    asked: Option<Act>,
}

impl Call {
    fn new(journal: &Journal) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills/airline");
        let (pack, source) = load_pack(&folder).expect("the pack is right");
        let line = config::Line {
            place: String::new(),
            name: "airline".to_owned(),
            numbers: Vec::new(),
            trunks: Vec::new(),
            pack: folder,
            languages: Vec::new(),
            zone: chrono_tz::Tz::UTC,
            voice: Voice::default(),
            greeting: None,
            recording: config::RecordingWhen::Off,
            agent_listens: false,
            human_config: HumanConfig::default(),
            humans: Vec::new(),
        };
        let line = LoadedLine::new(&line, &LoadedPack { pack: Arc::clone(&pack), source });
        let mut recorder = Recorder::new(journal, line, "script".to_owned(), None);
        let config = ConversationConfig::new(DialogueConfig::new(pack, CALL), CALLER);
        // Not zero: times count from the call's own start.
        let now = MonoTime(5_000_123);
        recorder.record(now, Moment::Began(&config));
        let machine = Conversation::new(config, now);
        let mut call = Self { machine, recorder, now, turn: TurnId(0), says: Vec::new(), asked: None };
        call.drain();
        call
    }

    fn drain(&mut self) {
        while let Some(act) = self.machine.poll_output() {
            self.recorder.record(self.now, Moment::Act(&act));
            match act {
                Act::Say(_, say) => self.says.push((say.id, say.text)),
                Act::Plan(..) => self.asked = Some(act),
                _ => {}
            }
        }
    }

    fn tell(&mut self, fact: Fact) {
        self.recorder.record(self.now, Moment::Fact(&fact));
        self.machine.handle(fact, self.now);
        self.drain();
    }

    fn leg(&mut self, fact: LegFact) {
        self.tell(Fact::Leg(LegEvent { leg: CALLER, at: self.now, fact }));
    }

    fn wait(&mut self, length: Duration) {
        let end = self.now + length;
        while let Some(due) = self.machine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.recorder.record(self.now, Moment::Timer);
            self.machine.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn hear_out(&mut self) {
        for (say, text) in std::mem::take(&mut self.says) {
            self.leg(LegFact::SayStarted { say });
            self.wait(Duration::from_millis(1_234));
            let words = word_count(&text);
            self.leg(LegFact::SayEnded { say, played: Samples(20_000), words });
        }
    }

    /// The caller speaks, with words so far and a guess before it is settled.
    fn says(&mut self, words: &str) {
        self.turn = self.turn.next();
        let turn = self.turn;
        self.leg(LegFact::SpeechStarted { turn });
        let half = words.split_once(' ').map_or(words, |(first, _)| first);
        self.tell(Fact::Recognised(
            CALLER,
            Recognised::Partial { turn, words: half.to_owned().into(), confidence: None },
        ));
        self.wait(Duration::from_millis(700));
        let utterance = Utterance {
            identified: None,
            turn,
            words: words.to_owned().into(),
            alternatives: vec![format!("{words} or so").into()],
            confidence: Some(0.9),
            language: Language::EN,
        };
        self.tell(Fact::Recognised(CALLER, Recognised::Provisional(utterance.clone())));
        self.leg(LegFact::TurnEnded {
            turn,
            length: Duration::from_millis(700),
            silent: Duration::ZERO,
            level_db: Some(0.1),
            cough: false,
        });
        self.tell(Fact::Recognised(CALLER, Recognised::Final(utterance)));
    }

    /// The caller cuts in after so many words of what is being said.
    fn cuts_in(&mut self, words: u16) {
        let (say, _) = self.says.remove(0);
        self.turn = self.turn.next();
        let turn = self.turn;
        self.leg(LegFact::SayStarted { say });
        self.leg(LegFact::SpeechStarted { turn });
        let evidence = Evidence {
            rule: Rule::Length,
            voiced: Duration::from_millis(420),
            silent: Duration::ZERO,
            level_db: Some(-1.3),
            brightness: 0.05,
            progress: Progress { words: 1, sort: Some(UtteranceSort::Speech), ..Progress::default() },
        };
        self.leg(LegFact::Judged { turn, verdict: Verdict::Interruption, evidence });
        self.leg(LegFact::BargedIn { turn, say, played: Samples(9_000), words });
    }

    /// The action core needs an input.
    fn needs(&mut self, input: &str, why: NeedWhy) {
        let Some(Act::Plan(ask, _)) = self.asked.take() else { panic!("nothing was asked") };
        let (plan, input) = (PlanId("p1".to_owned()), input.to_owned());
        self.tell(Fact::Plan(ask, Some(PlanReply::Need { plan, verified: Vec::new(), input, why })));
    }

    fn keys(&mut self, keys: &str) {
        for digit in keys.chars() {
            self.leg(LegFact::Dtmf { digit });
            self.wait(Duration::from_millis(300));
        }
    }

    /// Up to the question for the PIN.
    fn begin(journal: &Journal) -> Self {
        let mut call = Self::new(journal);
        call.hear_out();
        call.says("my flight was cancelled");
        call.needs("code", NeedWhy::Missing);
        call.cuts_in(3);
        call.says("k seven m four x two");
        call.needs("pin", NeedWhy::Missing);
        call.hear_out();
        call
    }
}

/// Plays a call and gives its journal.
async fn played(play: impl FnOnce(&Journal)) -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::start(folder.path(), Duration::from_secs(60)).expect("it starts");
    play(&journal);
    journal.close().await;
    let mut files = std::fs::read_dir(folder.path()).expect("the folder is there");
    let file = files.next().expect("there is a file").expect("an entry").path();
    let text = std::fs::read_to_string(&file).expect("it can be read");
    (folder, file, text)
}

fn with_pin(journal: &Journal) {
    let mut call = Call::begin(journal);
    call.says("it is four nine eight eight");
    call.needs("pin", NeedWhy::NotFound { words: "wrong-pin".to_owned() });
    call.hear_out();
    call.keys("4988");
    call.needs("pin", NeedWhy::NotFound { words: "wrong-pin".to_owned() });
    call.tell(Fact::CallerGone);
}

fn replayed(file: &Path) -> Replayed {
    replay::replay(file, None).expect("it can be replayed")
}

#[tokio::test]
async fn a_call_is_written_with_verdict_and_words_heard_and_without_its_pin() {
    let (_folder, file, text) = played(with_pin).await;
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.ends_with("Z-0000000000c0ffee.jsonl"), "{name}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(lines[0]["journal"], FORMAT);
    assert_eq!(lines[0]["started_mono_us"], 5_000_123);
    let told = |what: &str| lines.iter().find_map(|line| line["do"]["tell"].get(what)).expect(what).clone();
    let judged = told("judged");
    assert_eq!(judged["verdict"], "interruption");
    assert_eq!(judged["evidence"]["rule"], "length");
    let stopped: Vec<_> = lines.iter().filter_map(|line| line["do"]["tell"].get("agent_stopped")).collect();
    let cut = stopped.iter().find(|stopped| stopped["unheard"] != "").expect("one was cut short");
    assert_eq!(cut["heard"].as_str().expect("words").split(' ').count(), 3, "{cut}");
    let end = &lines.last().expect("lines")["end"];
    assert_eq!(
        (end["reason"].as_str(), end["lines"].as_u64()),
        (Some("caller"), Some(lines.len() as u64 - 1))
    );
    for trace in ["nine", "eight", "4988", "\"9\"", "\"8\"", "or so or so"] {
        assert!(!text.contains(trace), "{trace} is in\n{text}");
    }
    assert!(text.contains("k seven m four x two"), "what is no secret is kept");
    assert!(text.contains(r#""pin":{"type":"text","value":"••••"}"#), "{text}");
}

#[tokio::test]
async fn a_journal_replays_to_the_same_decisions_and_tells_the_first_other_one() {
    let (_folder, file, text) = played(with_pin).await;
    let same = replayed(&file);
    assert!(same.difference.is_none(), "{same}");
    assert_eq!(same.close, Close::End);
    assert_eq!(same.decisions, text.lines().filter(|line| line.contains(",\"do\":")).count());

    // The caller said something else: what the machine wants of the action core is another thing.
    std::fs::write(&file, text.replace("k seven m four x two", "p three t nine q five")).expect("ours");
    let other = replayed(&file).difference.expect("the code is another one");
    let line = text.lines().nth(other.line - 1).expect("a line of it");
    assert!(line.contains("k seven m four x two") || line.contains("K7M4X2"), "{line}");
}

#[tokio::test]
async fn a_pin_and_a_card_that_nobody_asked_for_are_not_written_and_replay() {
    let volunteer = |journal: &Journal| {
        let mut call = Call::new(journal);
        call.hear_out();
        call.says("my flight was cancelled the booking is k7m4x2 and my pin is 4988");
        call.needs("code", NeedWhy::Missing);
        call.hear_out();
        call.says("you have my card four one one one 1111 2222 3333 don't you");
        call.tell(Fact::CallerGone);
    };
    let (_folder, file, text) = played(volunteer).await;
    for trace in ["4988", "four one one one", "2222", "3333"] {
        assert!(!text.contains(trace), "{trace} is in {text}");
    }
    assert!(text.contains("my pin is 1111") && text.contains("my pin is ••••"), "{text}");
    let replayed = replayed(&file);
    assert!(replayed.difference.is_none(), "{:?}", replayed.difference);
}

#[tokio::test]
async fn a_journal_that_was_cut_off_replays_as_far_as_it_goes() {
    let (_folder, file, text) = played(with_pin).await;
    // In the middle of a line, as a full disk does it.
    std::fs::write(&file, &text[..text.len() * 2 / 3]).expect("ours");
    let part = replayed(&file);
    assert!(part.difference.is_none(), "{part}");
    assert_eq!(part.close, Close::CutOff);
    assert!(part.decisions > 10, "{part}");
}

#[tokio::test]
async fn words_that_are_no_secret_but_stand_in_its_place_end_the_replay() {
    let (_folder, file, text) = played(|journal| {
        let mut call = Call::begin(journal);
        call.says("let me talk to a person");
        call.tell(Fact::CallerGone);
    })
    .await;
    assert!(!text.contains("talk to a person"), "{text}");
    let part = replayed(&file);
    assert!(part.difference.is_none(), "{part}");
    assert!(matches!(part.close, Close::Secret { .. }), "{part}");
}

#[tokio::test]
async fn what_is_no_journal_or_has_lost_lines_is_refused() {
    let (folder, file, text) = played(with_pin).await;
    let refused = |text: &str| {
        std::fs::write(&file, text).expect("ours");
        format!("{:#}", replay::replay(&file, None).expect_err("it is refused"))
    };
    assert!(refused("").contains("it is empty"));
    assert!(refused("hello\n").contains("the first line is no journal's"));
    assert!(
        refused(&text.replacen(&format!("\"journal\":{FORMAT}"), "\"journal\":9", 1)).contains("format is 9")
    );
    assert!(refused(&text.replace("\"lost\":0", "\"lost\":3")).contains("3 of its lines"));
    let second = text.find('\n').expect("lines") + 1;
    let broken = format!("{}{{\n{}", &text[..second], &text[second..]);
    assert!(refused(&broken).contains("line 2 is no journal's"));
    let missing = folder.path().join("none");
    assert!(replay::replay(&missing, None).is_err());
    std::fs::write(&file, &text).expect("ours");
    let pack = replay::replay(&file, Some(&missing)).expect_err("there is no pack");
    assert!(format!("{pack:#}").contains("--pack"), "{pack:#}");
}

#[test]
fn what_a_human_says_is_hidden_as_a_callers_words_are() {
    let mut mask = Mask::new(Secrets::default(), Language::EN);
    let mut kept = |words: &str| {
        let words = words.to_owned().into();
        let act = Act::Tell(Happening::HumanSaid { words, language: Language::EN });
        serde_json::to_string(&mask.act(&act)).expect("plain data")
    };
    let card = kept("so that is four two four two four two four two four two four two four two four two");
    assert!(card.contains("so that is") && !card.contains("four two"), "{card}");
    assert!(kept("your flight leaves at ten fifteen").contains("ten fifteen"));
}
