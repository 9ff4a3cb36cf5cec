//! A talk at the machine's own sound card, which is ALSA's file plugin: the microphone is a file of recorded callers, what the
//! speaker plays goes into another.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use callwright_tests::{Place, program, repository};
use tempfile::TempDir;

use crate::sound;

/// A sound card of files. The null device below them runs as fast as it is asked to: who keeps time is the program.
fn card(parts: &[(u64, Option<&str>)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let wav = folder.path().join("microphone.wav");
    sound::microphone(&wav, parts);
    let samples = sound::read(&wav);
    let raw: Vec<u8> = samples.windows(2).flat_map(between).flat_map(i16::to_le_bytes).collect();
    std::fs::write(folder.path().join("microphone.raw"), raw).expect("the disk has room");
    let configuration = format!(
        r#"
        pcm.microphone {{
            type file
            slave.pcm {{ type null }}
            file "/dev/null"
            infile "{folder}/microphone.raw"
            format "raw"
        }}
        pcm.speaker {{ type file slave.pcm {{ type null }} file "{folder}/speaker.raw" format "raw" }}
        pcm.!default {{
            type asym
            capture.pcm {{ type plug slave {{ pcm "microphone" rate {rate} channels 1 format S16_LE }} }}
            playback.pcm {{ type plug slave {{ pcm "speaker" rate {rate} channels 1 format S16_LE }} }}
        }}
        "#,
        folder = folder.path().display(),
        rate = RATE,
    );
    std::fs::write(folder.path().join("asound.conf"), configuration).expect("the folder is ours");
    folder
}

/// The samples at 48 kHz from one at 8 kHz to the next, on a straight line.
fn between(two: &[i16]) -> impl Iterator<Item = i16> + use<> {
    let (from, to) = (i32::from(two[0]), i32::from(two[1]));
    (0..TIMES).map(move |n| i16::try_from(from + (to - from) * n / TIMES).expect("between two samples"))
}

fn talk(configuration: &Path, arguments: &[&str]) -> Output {
    Command::new(program())
        .arg("talk")
        .args(arguments)
        .current_dir(repository())
        .env("ALSA_CONFIG_PATH", configuration)
        .env_remove("CALLWRIGHT_CONFIG")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

#[test]
fn a_talk_at_the_sound_card_is_heard_and_answered() {
    // Nobody else on the machine: the files follow the clock, and the caller does not wait for the agent.
    let _place = Place::take(true);
    let card = card(&[(9_000, Some("en-cancelled.wav")), (6_000, Some("en-goodbye.wav")), (30_000, None)]);
    let output = talk(&card.path().join("asound.conf"), &["--demo"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut from = 0;
    for line in [
        "microphone  default",
        "agent    Thank you for calling the airline.",
        "floor    you speak",
        "flight was cancelled",
        "taken for: rebook",
        "agent    What is your booking code?",
        "floor    the agent speaks",
        "goodbye",
        "the agent hung up",
    ] {
        let place = printed[from..].find(line);
        from += place.unwrap_or_else(|| panic!("`{line}` is not there, or not in its place:\n{printed}"));
    }
    let last = printed.lines().last().and_then(|line| line.trim().split(' ').next());
    let length: f64 = last.and_then(|at| at.parse().ok()).expect("each line begins with its time");
    let speaker = std::fs::read(card.path().join("speaker.raw")).expect("the card has played");
    let played: Vec<i16> = speaker.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    let seconds = played.len() as f64 / f64::from(RATE);
    assert!((seconds - length).abs() < 1.0, "{seconds:.2} s were played in {length:.2} s");
    assert!(
        length > 20.0,
        "the microphone was read in {length:.2} s, faster than its 20 s of speech and pauses"
    );
    let greeting = &played[..RATE as usize * 8];
    let loud = greeting.iter().filter(|sample| sample.unsigned_abs() > 1_000).count();
    assert!(loud > RATE as usize / 2, "the greeting is heard: {loud} loud samples");
}

#[test]
fn devices_are_listed_and_an_unknown_one_is_refused() {
    let card = card(&[(100, None)]);
    let configuration = card.path().join("asound.conf");
    let output = talk(&configuration, &["--list"]);
    assert!(output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("1  default") && printed.contains("in, out"), "{printed}");
    let output = talk(&configuration, &["--demo", "--input", "accordion"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no device is called `accordion`"));
}

#[test]
fn no_sound_card_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let nothing = folder.path().join("asound.conf");
    std::fs::write(&nothing, "").expect("the folder is ours");
    let output = talk(&nothing, &["--demo"]);
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.starts_with("callwright talk: there is no sound card"), "{words}");
    assert!(words.contains("callwright chat"), "{words}");
    assert_eq!(talk(&nothing, &["--list"]).status.code(), Some(3));
}

/// What the program asks a card for first. The file plugin loses sound when ALSA has to convert the rate above it.
const RATE: u32 = 48_000;
const TIMES: i32 = (RATE / sound::RATE) as i32;
