//! What the agent says comes out of the ring whole, in order, and stops at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use callwright_model::{
    FRAME_SAMPLES, Frame, Language, LikelySay, Say, SayFrame, SayId, SaySource, TurnId, Voice, word_count,
};
use callwright_speech::{Mouth, RecogniserChoice, Speaker, Speech, SpeechConfig};

fn config() -> SpeechConfig {
    SpeechConfig { recogniser: RecogniserChoice::Pocketsphinx, ..SpeechConfig::default() }
}

struct Line {
    mouth: Mouth,
    ring: rtrb::Consumer<SayFrame>,
}

impl Line {
    fn new(speech: &Speech, room: usize) -> Self {
        let (say, ring) = rtrb::RingBuffer::new(room);
        Self { mouth: speech.mouth(say), ring }
    }

    async fn next(&mut self) -> SayFrame {
        loop {
            if let Ok(frame) = self.ring.pop() {
                return frame;
            }
            tokio::task::yield_now().await;
        }
    }

    /// All frames up to the end of a say.
    async fn whole(&mut self, id: u32) -> Vec<Frame> {
        self.items(id).await.iter().filter_map(|item| item.frame).collect()
    }

    /// The same with what is told of words, and the end.
    async fn items(&mut self, id: u32) -> Vec<SayFrame> {
        let mut items = Vec::new();
        loop {
            let next = self.next().await;
            assert_eq!(next.say, SayId(id));
            let ended = next.frame.is_none();
            items.push(next);
            if ended {
                return items;
            }
        }
    }
}

fn say(id: u32, turn: u32, text: &str) -> Say {
    Say {
        id: SayId(id),
        turn: TurnId(turn),
        text: text.to_owned(),
        language: Language::EN,
        voice: Voice::default(),
        source: SaySource::Rendered,
        interruptible: true,
    }
}

fn loudest(frames: &[Frame]) -> f32 {
    frames.iter().map(Frame::level_dbfs).fold(-100.0, f32::max)
}

const TEXT: &str = "Your flight to Paris has been rebooked. Is there anything else I can do for you?";

#[tokio::test]
async fn says_come_whole_in_order_and_begin_with_sound() {
    let speech = Speech::start(config()).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    line.mouth.say(say(1, 0, TEXT));
    line.mouth.say(say(2, 0, "Goodbye."));
    let first = line.whole(1).await;
    let seconds = first.len() as f64 * 0.02;
    assert!((3.0..8.0).contains(&seconds), "{seconds} s");
    assert!(loudest(&first) > -30.0);
    assert!(loudest(&first[..3]) > -50.0, "the first sound comes within 60 ms");
    assert!(loudest(&line.whole(2).await) > -30.0);
}

#[tokio::test]
async fn what_was_prepared_is_said_from_what_is_ready() {
    let speech = Speech::start(config()).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    let likely =
        |text: &str| LikelySay { text: text.to_owned(), language: Language::EN, voice: Voice::default() };
    line.mouth.prepare(vec![likely("This will never be said."), likely(TEXT)]);
    line.mouth.prepare(vec![likely(TEXT)]);
    line.mouth.say(say(1, 0, TEXT));
    let said = line.whole(1).await;
    assert!(loudest(&said) > -30.0);
    line.mouth.prepare(Vec::new());
    line.mouth.say(say(2, 0, TEXT));
    let again = line.whole(2).await;
    let difference = said.len().abs_diff(again.len());
    assert!(difference <= 5, "all of it is said, and once: {} and {} frames", said.len(), again.len());
}

#[tokio::test]
async fn a_full_ring_holds_the_rest_back() {
    let speech = Speech::start(config()).expect("it starts");
    let mut wide = Line::new(&speech, 2_000);
    // A voice sounds a little different each time; a fixed prompt does not.
    let fixed = Say { source: SaySource::Fixed, ..say(1, 0, TEXT) };
    wide.mouth.say(fixed.clone());
    let whole = wide.whole(1).await;
    let mut narrow = Line::new(&speech, 3);
    narrow.mouth.say(fixed);
    assert!(narrow.whole(1).await == whole, "it is the same sound");
}

#[tokio::test]
async fn what_is_stopped_ends_at_once_and_later_turns_are_said() {
    let speech = Speech::start(config()).expect("it starts");
    let mut line = Line::new(&speech, 10);
    line.mouth.say(say(1, 1, TEXT));
    line.mouth.say(say(2, 1, TEXT));
    line.mouth.say(say(3, 2, "Goodbye."));
    assert!(line.next().await.frame.is_some());
    line.mouth.stop(TurnId(1));
    let rest = line.whole(1).await;
    assert!(rest.len() <= 10, "only what was in the ring: {}", rest.len());
    assert!(!line.whole(3).await.is_empty());
    line.mouth.say(say(4, 1, "This answers a turn that is over."));
    line.mouth.say(say(5, 2, "Goodbye."));
    assert!(!line.whole(5).await.is_empty());
}

#[tokio::test]
async fn other_languages_have_sound() {
    let speech = Speech::start(config()).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    let says =
        [(Language::ES, "Su vuelo ha sido cambiado. ¿Algo más?"), (Language::KO, "항공편이 변경되었습니다.")];
    for (number, (language, text)) in says.into_iter().enumerate() {
        let id = number as u32;
        line.mouth.say(Say { language, ..say(id, 0, text) });
        let frames = line.whole(id).await;
        assert!(frames.len() > 50, "{language}: {} frames", frames.len());
        assert!(loudest(&frames) > -30.0, "{language}");
    }
}

#[tokio::test]
async fn without_the_program_another_engine_speaks_and_the_say_still_ends() {
    let program = PathBuf::from("callwright-has-no-such-program");
    let speech = Speech::start(SpeechConfig { espeak_program: program, ..config() }).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    line.mouth.say(Say { language: Language::ES, ..say(1, 0, "Buenos dias.") });
    assert!(loudest(&line.whole(1).await) > -30.0);
    line.mouth.say(say(2, 0, "..."));
    assert!(line.whole(2).await.is_empty());
    line.mouth.say(say(3, 0, "Hello."));
    assert!(!line.whole(3).await.is_empty());
}

#[tokio::test]
async fn a_program_that_hangs_is_given_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = script(dir.path(), "exec sleep 60");
    let config = SpeechConfig { espeak_program: program, synthesis_timeout_ms: 100, ..config() };
    let speech = Speech::start(config).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    line.mouth.say(Say { language: Language::ES, ..say(1, 0, "Buenos dias.") });
    let frames = tokio::time::timeout(Duration::from_secs(20), line.whole(1)).await.expect("it is given up");
    assert!(!frames.is_empty(), "the other engine speaks instead");
}

#[tokio::test]
async fn a_fixed_prompt_sounds_the_same_each_time() {
    let speech = Speech::start(config()).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    for id in [1, 2] {
        line.mouth.say(Say { source: SaySource::Fixed, ..say(id, 0, TEXT) });
    }
    let first = line.whole(1).await;
    assert_eq!(first, line.whole(2).await);
    let rendered = speech.render(TEXT, Language::EN, &Voice::default()).expect("flite speaks");
    assert!(rendered.len() > 16_000);
}

#[test]
fn each_voice_that_is_linked_speaks_also_where_nothing_listens() {
    let nowhere = SpeechConfig { pocketsphinx_dir: "/no/such/model".into(), ..SpeechConfig::default() };
    let speaker = Speaker::new(&nowhere).expect("it needs no ears");
    let lengths: Vec<usize> = ["slt", "rms", "awb", "kal16"]
        .map(|voice| {
            let voice = Voice(voice.to_owned());
            speaker.render("My flight was cancelled.", Language::EN, &voice).expect("flite speaks").len()
        })
        .to_vec();
    assert!(lengths.iter().all(|length| *length > 16_000), "{lengths:?}");
    assert!(lengths.windows(2).all(|pair| pair[0] != pair[1]), "four voices, not one: {lengths:?}");
}

/// A program of these lines, in the place of espeak-ng.
fn script(dir: &Path, lines: &str) -> PathBuf {
    let program = dir.join("program");
    std::fs::write(&program, format!("#!/bin/sh\n{lines}\n")).expect("a script");
    let mut mode = std::fs::metadata(&program).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&program, mode).expect("it is ours");
    program
}

/// Silences of at least 80 ms, longer than before most consonants, inside some sound, in milliseconds. Each 5 ms count by their level, so that a voice's fading
/// is measured as an ear would.
fn gaps(frames: &[Frame]) -> Vec<usize> {
    let samples: Vec<i16> = frames.iter().flat_map(|frame| frame.0).collect();
    let quiet = |piece: &[i16]| {
        let power = piece.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / piece.len() as f64;
        power.sqrt() < 32_768.0 * 10_f64.powf(-45.0 / 20.0)
    };
    let pieces: Vec<bool> = samples.chunks(80).map(quiet).collect();
    let runs = pieces.chunk_by(|one, other| one == other).map(|run| (run[0], run.len() * 5));
    let mut runs: Vec<_> = runs.collect();
    // What comes before the first sound and after the last is no gap.
    runs.pop_if(|(quiet, _)| *quiet);
    runs.into_iter()
        .skip(1)
        .filter(|(quiet, length)| *quiet && *length >= 80)
        .map(|(_, length)| length)
        .collect()
}

const SENTENCES: [(Language, &str, [&str; 4]); 5] = [
    (
        Language::EN,
        "slt",
        ["You are booked on the flight.", "Your seat is 11 A.", "The gate has changed.", "Goodbye."],
    ),
    (
        Language::EN,
        "rms",
        ["You are booked on the flight.", "Your seat is 11 A.", "The gate has changed.", "Goodbye."],
    ),
    (
        Language::EN,
        "awb",
        ["You are booked on the flight.", "Your seat is 11 A.", "The gate has changed.", "Goodbye."],
    ),
    (
        Language::ES,
        "",
        ["Tiene plaza en el vuelo.", "Su asiento es once A.", "La puerta ha cambiado.", "Adiós."],
    ),
    (
        Language::KO,
        "",
        ["항공편으로 예약되었습니다.", "좌석은 십일 에이입니다.", "탑승구가 바뀌었습니다.", "감사합니다."],
    ),
];

#[tokio::test]
async fn sentences_follow_each_other_after_a_breath_within_a_say_and_between_says() {
    let speech = Speech::start(config()).expect("it starts");
    for (language, voice, [one, two, three, four]) in SENTENCES {
        let mut line = Line::new(&speech, 2_000);
        let voice = Voice(voice.to_owned());
        for (id, text) in [(1, format!("{one} {two}")), (2, three.to_owned()), (3, four.to_owned())] {
            line.mouth.say(Say { language, voice: voice.clone(), ..say(id, 0, &text) });
        }
        let mut frames = Vec::new();
        for id in 1..=3 {
            frames.extend(line.whole(id).await);
        }
        let gaps = gaps(&frames);
        // A voice that holds its breath before a consonant adds one of its own.
        assert!((3..=4).contains(&gaps.len()), "{language} {voice:?}: {gaps:?} ms");
        assert!(gaps.iter().all(|gap| (80..=140).contains(gap)), "{language} {voice:?}: {gaps:?} ms");
    }
}

/// Where each word of a say starts and where it is over, in frames.
fn word_frames(items: &[SayFrame]) -> Vec<(usize, usize)> {
    let count = items.last().map_or(0, |end| end.words);
    let starts: Vec<usize> = (0..items.len()).filter(|n| items[*n].word_at.is_some()).collect();
    let over = |words: u16| items.iter().position(|item| item.words >= words).unwrap_or(items.len());
    starts.into_iter().zip((1..=count).map(over)).collect()
}

#[tokio::test]
async fn each_frame_tells_how_many_words_are_over() {
    let speech = Speech::start(config()).expect("it starts");
    for (language, text, pause_after) in [
        (Language::EN, "We moved your flight to Seattle, and the credit is $79.90 in all.", 6),
        (Language::ES, "Le cambio el vuelo de Madrid, y le doy un abono de cien euros.", 6),
        (Language::KO, "오전 비행기로 바꾸어 드리고, 십만 원을 적립해 드리겠습니다.", 4),
    ] {
        let mut line = Line::new(&speech, 2_000);
        line.mouth.say(Say { language, ..say(1, 0, &format!("{text} {text} -")) });
        let items = line.items(1).await;
        let words = word_count(text);
        let end = items.last().expect("an end");
        assert_eq!(end.words, 2 * words + 1, "{language}: the dash is over with the rest");
        assert!(items.windows(2).all(|pair| pair[0].words <= pair[1].words), "{language}: they only grow");
        let frames = word_frames(&items);
        assert_eq!(frames.len(), usize::from(2 * words), "{language}: each word starts once");
        assert!(
            frames.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "{language}: one after the other {frames:?}"
        );
        // The silence at the comma is between the word before it and the one after it.
        for first in [0, usize::from(words)] {
            let pause = frames[first + pause_after - 1].1 + 1..frames[first + pause_after].0;
            assert!(pause.len() >= 4, "{language}: {pause:?}");
            let levels: Vec<f32> =
                items[pause.clone()].iter().filter_map(|item| Some(item.frame?.level_dbfs())).collect();
            assert!(levels.iter().all(|level| *level < -40.0), "{language}: {pause:?} has {levels:?}");
        }
        assert!(items.iter().filter_map(|item| item.word_at).all(|at| usize::from(at) < FRAME_SAMPLES));
    }
}

#[tokio::test]
async fn the_first_sentence_sounds_while_the_others_are_not_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let lines =
        r#"text=$(cat); case "$text" in *segunda*) exec sleep 60;; esac; printf %s "$text" | espeak-ng "$@""#;
    let espeak_program = script(dir.path(), lines);
    let config = SpeechConfig { espeak_program, synthesis_timeout_ms: 60_000, ..config() };
    let speech = Speech::start(config).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    let text = "La primera frase suena enseguida. La segunda no llega nunca. La tercera tampoco.";
    line.mouth.say(Say { language: Language::ES, ..say(1, 1, text) });
    let mut heard = Vec::new();
    while heard.last().is_none_or(|item: &SayFrame| item.words < 5) {
        heard.push(line.next().await);
    }
    assert!(heard.len() > 50 && heard.iter().all(|item| item.frame.is_some()), "all of the first sentence");
    line.mouth.stop(TurnId(1));
    line.whole(1).await;
}

#[tokio::test]
async fn a_fixed_prompt_is_synthesised_once_and_keeps_its_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let lines = format!(r#"echo ran >> "{}"; exec espeak-ng "$@""#, log.display());
    let speech = Speech::start(SpeechConfig { espeak_program: script(dir.path(), &lines), ..config() });
    let speech = speech.expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    let text = "Gracias por llamar, le atiende un asistente. ¿En qué puedo ayudarle?";
    let fixed = |id| Say { language: Language::ES, source: SaySource::Fixed, ..say(id, 0, text) };
    line.mouth.say(fixed(1));
    let first = line.items(1).await;
    line.mouth.say(fixed(2));
    let second = line.items(2).await;
    let told = |items: &[SayFrame]| -> Vec<_> {
        items.iter().map(|item| (item.frame, item.words, item.word_at)).collect()
    };
    assert!(told(&first) == told(&second), "sound and words are the same");
    assert_eq!(first.last().map(|end| end.words), Some(word_count(text)));
    let runs = std::fs::read_to_string(&log).expect("it ran").lines().count();
    assert_eq!(runs, 2, "once for each sentence");
}

#[tokio::test]
async fn callers_who_come_at_once_and_hang_up_early_share_the_making_of_a_prompt() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let lines = format!(r#"echo ran >> "{}"; exec espeak-ng "$@""#, log.display());
    let speech = Speech::start(SpeechConfig { espeak_program: script(dir.path(), &lines), ..config() });
    let speech = speech.expect("it starts");
    let text = "Gracias por llamar, le atiende un asistente. ¿En qué puedo ayudarle?";
    let fixed = Say { language: Language::ES, source: SaySource::Fixed, ..say(1, 0, text) };
    let mut early: Vec<_> = (0..20).map(|_| Line::new(&speech, 3)).collect();
    early.iter().for_each(|line| line.mouth.say(fixed.clone()));
    for line in &mut early {
        assert!(line.next().await.frame.is_some());
    }
    drop(early);
    let mut late = Line::new(&speech, 2_000);
    late.mouth.say(fixed);
    assert_eq!(late.items(1).await.last().map(|end| end.words), Some(word_count(text)));
    let runs = std::fs::read_to_string(&log).expect("it ran").lines().count();
    assert_eq!(runs, 2, "once for each sentence");
}

#[tokio::test]
async fn what_no_engine_could_speak_is_not_told_as_said() {
    // The zero byte is too much for flite, and there is no other engine.
    let espeak_program = PathBuf::from("callwright-has-no-such-program");
    let speech = Speech::start(SpeechConfig { espeak_program, ..config() }).expect("it starts");
    let mut line = Line::new(&speech, 2_000);
    line.mouth.say(say(1, 0, "This is said. This\0 is not. This is, but nobody can tell."));
    let items = line.items(1).await;
    assert!(items.len() > 100);
    assert_eq!(items.last().map(|end| end.words), Some(3));
}
