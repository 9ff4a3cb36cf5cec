//! What the agent says comes out of the ring whole, in order, and stops at once.

use std::path::PathBuf;
use std::time::Duration;

use callwright_model::{Frame, Language, LikelySay, Say, SayFrame, SayId, SaySource, TurnId, Voice};
use callwright_speech::{Mouth, RecogniserChoice, Speech, SpeechConfig};

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
        let mut frames = Vec::new();
        loop {
            let next = self.next().await;
            assert_eq!(next.say, SayId(id));
            match next.frame {
                Some(frame) => frames.push(frame),
                None => return frames,
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
    let program = dir.path().join("hangs");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").expect("a script");
    let mut mode = std::fs::metadata(&program).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&program, mode).expect("it is ours");
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

#[tokio::test]
async fn each_voice_that_is_linked_speaks() {
    let speech = Speech::start(config()).expect("it starts");
    let lengths: Vec<usize> = ["slt", "rms", "awb", "kal16"]
        .map(|voice| {
            let voice = Voice(voice.to_owned());
            speech.render("My flight was cancelled.", Language::EN, &voice).expect("flite speaks").len()
        })
        .to_vec();
    assert!(lengths.iter().all(|length| *length > 16_000), "{lengths:?}");
    assert!(lengths.windows(2).all(|pair| pair[0] != pair[1]), "four voices, not one: {lengths:?}");
}
