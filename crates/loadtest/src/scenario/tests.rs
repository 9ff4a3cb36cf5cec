use super::*;

fn folder_with_yes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(folder.path().join("yes.wav"), spec).expect("a new file");
    for n in 0..4_000_i32 {
        writer.write_sample(if n % 20 < 10 { 5_000_i16 } else { -5_000 }).expect("a sample");
    }
    writer.finalize().expect("a whole file");
    folder
}

fn mistakes(text: &str) -> Vec<String> {
    let folder = folder_with_yes();
    let problems = Scenario::parse("s.yaml", text, folder.path()).expect_err("a bad scenario");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_step_is_read() {
    let folder = folder_with_yes();
    let text = "scenario: all\nsteps:\n  - say: yes.wav\n  - interrupt: yes.wav\n    after_ms: 800\n  \
                - backchannel: yes.wav\n  - dtmf: \"48#\"\n    after_silence_ms: 100\n  - expect_speech: 3000\n  \
                - pause: 5\n  - say: yes.wav\n    at_once: true\n  - wait_end: 10\n    patience_ms: 7\n  - hangup\n";
    let scenario = Scenario::parse("s.yaml", text, folder.path()).expect("a good scenario");
    let ms = Duration::from_millis;
    assert_eq!(scenario.steps.len(), 9);
    assert!(
        matches!(&scenario.steps[0].action, Action::Say { after_silence: Some(wait), .. } if *wait == ms(900))
    );
    assert!(
        matches!(&scenario.steps[1].action, Action::Over { after, manner: Manner::Interruption, .. } if *after == ms(800))
    );
    assert!(
        matches!(&scenario.steps[3].action, Action::Dtmf { keys, after_silence: Some(wait) } if keys == "48#" && *wait == ms(100))
    );
    assert!(matches!(&scenario.steps[6].action, Action::Say { after_silence: None, .. }));
    assert_eq!(scenario.steps[7].patience, ms(7));
    assert!(matches!(scenario.steps[8].action, Action::Hangup));
}

#[test]
fn all_mistakes_are_told_at_once_with_file_and_line() {
    let told = mistakes(
        "scenario: bad\nsteps:\n  - say: nowhere.wav\n  - dtmf: \"4x\"\n  - shout\n  - pause: 1\n    wait_end: 1\n  \
         - pause: 3\n    after_ms: 1\n",
    );
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(told[0].starts_with("s.yaml:3: error: ") && told[0].contains("nowhere.wav"), "{}", told[0]);
    assert!(told[0].contains("a sound is a WAV file") && !told[0].contains("a step is"), "{}", told[0]);
    assert!(told[1].starts_with("s.yaml:4: ") && told[1].contains("keys of a telephone"), "{}", told[1]);
    assert!(told[2].starts_with("s.yaml:5: ") && told[2].contains("`shout` is not a step"), "{}", told[2]);
    assert!(told[3].starts_with("s.yaml:6: ") && told[3].contains("exactly one thing"), "{}", told[3]);
    assert!(told[4].starts_with("s.yaml:8: ") && told[4].contains("`after_ms`"), "{}", told[4]);
}

#[test]
fn unknown_keys_and_broken_yaml_are_told_with_their_line() {
    let told = mistakes("scenario: bad\nsteps:\n  - say: yes.wav\n    afer_ms: 3\n");
    assert!(told[0].starts_with("s.yaml:") && told[0].contains("afer_ms"), "{told:?}");
    let told = mistakes("scenario: bad\nsteps: [\n");
    assert!(told[0].starts_with("s.yaml:"), "{told:?}");
    assert!(mistakes("scenario: empty\nsteps: []\n")[0].contains("no steps"));
}

#[test]
fn junk_is_an_error_and_never_a_panic() {
    for junk in ["", "\0", "- - -", "scenario: 3", "steps: {a: b}", "scenario: a\nsteps: 7", "&a *a", "%"] {
        assert!(!mistakes(junk).is_empty(), "{junk:?}");
    }
}

proptest::proptest! {
    /// Half-right scenarios reach deeper than noise.
    #[test]
    fn no_text_panics(lines in proptest::collection::vec("(scenario|summary|steps|patience_ms|  - say|  - dtmf|  - pause|    after_ms|- |# )?[: ]{0,2}[a-z0-9\"\\[{.-]{0,12}", 0..12)) {
        let folder = Path::new("nowhere");
        drop(Scenario::parse("s.yaml", &lines.join("\n"), folder));
    }
}
