//! The floor's decisions are a function of what it hears: the same recording gives the same verdicts, byte for byte.

use std::path::{Path, PathBuf};
use std::process::Command;

use callwright_loadtest::duplex::{Conversation, Profile, Repertoire, Sounds};
use callwright_loadtest::{Clip, level_dbfs};
use callwright_model::{FRAME_SAMPLES, Language, Verdict, Voice};
use callwright_speech::{RecogniserChoice, Speech, SpeechConfig};
use callwright_tests::replay_floor;

/// Three recordings, each replayed here twice with the others between, and once more by a process that has replayed nothing before:
/// whatever a replay left behind - a detector's state, a cache, the order of a map - would show.
#[tokio::test]
async fn the_same_recording_gives_the_same_verdicts_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = recordings(folder.path());
    let first: Vec<String> = recordings.iter().map(|file| replayed(file)).collect();
    let backwards: Vec<String> = recordings.iter().rev().map(|file| replayed(file)).collect();
    for (number, file) in recordings.iter().enumerate() {
        assert_eq!(first[number], backwards[recordings.len() - 1 - number], "{}", file.display());
        assert_eq!(first[number], replayed_elsewhere(file), "{} in a new process", file.display());
    }
    // Nothing said would be the same each time as well.
    let all = first.concat();
    let wanted =
        [Verdict::Interruption, Verdict::Backchannel, Verdict::Tic, Verdict::SideTalk, Verdict::Noise];
    for verdict in wanted {
        assert!(all.contains(&format!("verdict: {verdict:?}")), "no {verdict:?} in\n{all}");
    }
    for fact in ["TurnEnded", "BargedIn", "Resumed", "SayEnded"] {
        assert!(all.contains(fact), "no {fact} in\n{all}");
    }
    assert_ne!(first[0], first[1], "noise changes something");
    assert_ne!(first[0], first[2], "another voice changes something");
}

fn replayed(file: &Path) -> String {
    let decisions = replay_floor(file).expect("a recording as the tool wants it");
    decisions.iter().map(|decision| format!("{decision}\n")).collect()
}

fn replayed_elsewhere(file: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_floor")).arg(file).output().expect("the tool runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Two voices, of which one also calls from a room full of people.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let config = SpeechConfig { recogniser: RecogniserChoice::Pocketsphinx, ..SpeechConfig::default() };
    let speech = Speech::start(config).expect("the stand-by recogniser is there");
    let speak = |text: &str, voice: &str| {
        speech.render(text, Language::EN, &Voice(voice.to_owned())).map_err(|error| error.to_string())
    };
    let conversation = Conversation::airline().expect("a good file");
    let sounds = Sounds::make(&conversation, &Profile::regular(), &speak, None, 1).expect("all is spoken");
    let agent = without_pauses(&speak(ANSWER, "slt").expect("it is spoken"));
    [("quiet", 0, false), ("babble", 0, true), ("other-voice", 1, false)]
        .into_iter()
        .map(|(name, voice, babble)| {
            let mut call = Tape::of(&sounds.voices[voice], &agent);
            if babble {
                call.mix(0, &sounds.babble, BABBLE);
            }
            let file = folder.join(format!("{name}.wav"));
            call.write(&file);
            file
        })
        .collect()
}

/// The replay takes a pause for the end of what is said.
fn without_pauses(sound: &[i16]) -> Vec<i16> {
    let frames = sound.chunks_exact(FRAME_SAMPLES).filter(|frame| level_dbfs(frame) > -55.0);
    frames.flatten().copied().collect()
}

/// 12 dB softer: no caller.
fn across_the_room(clip: &Clip) -> Clip {
    Clip { samples: clip.samples.iter().map(|sample| sample / 4).collect(), ..clip.clone() }
}

/// A call as it is recorded: the caller's side and the agent's.
struct Tape {
    caller: Vec<i16>,
    agent: Vec<i16>,
}

impl Tape {
    /// Two turns, by which the caller's voice becomes known; then the agent speaks, and hears in turn a backchannel, a cough, something
    /// said to somebody else, the same from across the room, and an interruption, at which it stops.
    fn of(voice: &Repertoire, agent: &[i16]) -> Self {
        let mut tape = Self { caller: Vec::new(), agent: Vec::new() };
        let mut at = SECOND;
        for turn in &voice.turns[..2] {
            at = tape.say(at, &turn[0]) + SECOND;
        }
        let agent_from = at;
        at += 2 * SECOND;
        let cough = voice.tics.iter().find(|clip| clip.name == "cough").expect("coughs are made");
        for clip in
            [&voice.backchannels[0], cough, &voice.side_talk[0], &across_the_room(&voice.side_talk[0])]
        {
            at = tape.say(at, clip) + 2 * SECOND;
        }
        let interrupted = at;
        let over = tape.say(at, &voice.interruptions[0]);
        let heard = &agent[..(interrupted + REACTION - agent_from).min(agent.len())];
        tape.agent.resize(agent_from, 0);
        tape.agent.extend_from_slice(heard);
        tape.caller.resize(over + 2 * SECOND, 0);
        // And it says something to its end.
        tape.agent.resize(over + SECOND, 0);
        tape.agent.extend_from_slice(&agent[..2 * SECOND]);
        let length = (tape.agent.len() + SECOND).max(tape.caller.len());
        tape.caller.resize(length, 0);
        tape.agent.resize(length, 0);
        tape
    }

    /// The caller says this at this sample; tells where it is over.
    fn say(&mut self, at: usize, clip: &Clip) -> usize {
        self.caller.resize(at, 0);
        self.caller.extend_from_slice(&clip.samples);
        self.caller.len()
    }

    fn mix(&mut self, from: usize, sound: &[i16], gain: f32) {
        for (sample, &other) in self.caller[from..].iter_mut().zip(sound.iter().cycle()) {
            *sample = (f32::from(*sample) + f32::from(other) * gain) as i16;
        }
    }

    fn write(&self, file: &Path) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(file, spec).expect("a new file");
        for (&left, &right) in self.caller.iter().zip(&self.agent) {
            writer.write_sample(left).expect("a sample");
            writer.write_sample(right).expect("a sample");
        }
        writer.finalize().expect("a whole file");
    }
}

const SECOND: usize = 16_000;
/// How long the agent of the recording goes on over an interruption: longer than one takes that is told by its length alone.
const REACTION: usize = SECOND * 3 / 2;
/// -15 dB, as in the regular profile.
const BABBLE: f32 = 0.178;
const ANSWER: &str = "Flight two one two to Boston leaves at ten fifteen from gate fourteen and is on time. The next one leaves at \
twelve forty from gate nine, and there are eleven seats left in it. In the evening there is one more, at seven thirty, which stops in \
Chicago for an hour and a half. You can change to any of these without a fee, because your own flight was cancelled by us, and I \
can have your bag sent along with you. Tell me which of them you would like, and I will see to it at once.";
