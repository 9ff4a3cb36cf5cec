//! What is made is as loud as it is meant to be, sounds where it is said to, and is the same for the same seed.

use super::shape::active_level_dbfs;
use super::*;

/// A stand-in for a synthesiser: a voice of pulses through formants, 200 ms for each word, with gaps, no two texts alike.
pub(crate) fn pulses(text: &str, voice: &str) -> Result<Vec<i16>, String> {
    let mut dice = Dice::new(1, &format!("{text} {voice}"));
    let mut sound = vec![0.0; 160];
    for _ in text.split_whitespace() {
        let mut tract =
            human::Tract::new(&[(dice.between(400.0, 800.0) as f32, 4.0, 1.0), (1_500.0, 5.0, 0.4)]);
        let mut cords = human::Voice::new(dice.between(90.0, 180.0), 0.0);
        sound.extend((0..3_200).map(|at| tract.pass(cords.next(&mut dice)) * shape::faded(at, 3_200, 320)));
        sound.resize(sound.len() + 960, 0.0);
    }
    Ok(sound.iter().map(|sample| shape::clamp(sample * 8_000.0)).collect())
}

pub(crate) fn conversation() -> Conversation {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Conversation {
        name: "test".to_owned(),
        summary: String::new(),
        turns: list(&["where is | my flight", "yes please"]),
        more: list(&["once more please", "and then", "what else", "is that all", "say it again", "one more"]),
        farewell: "goodbye then".to_owned(),
        interruptions: list(&["wait a moment please"]),
        backchannels: list(&["yes"]),
        tics: list(&["um"]),
        side_talk: list(&["not now dear"]),
        background: list(&["one thing", "and another thing entirely", "a third"]),
    }
}

pub(crate) fn sounds(profile: &Profile) -> Sounds {
    Sounds::make(&conversation(), profile, &pulses, None, 1).expect("all of it can be spoken")
}

fn all(voice: &Repertoire) -> Vec<(&'static str, &Clip)> {
    let turns =
        voice.turns.iter().chain(&voice.more).flatten().chain(&voice.farewell).map(|clip| ("turn", clip));
    let over =
        voice.interruptions.iter().chain(&voice.backchannels).chain(&voice.tics).map(|clip| ("other", clip));
    turns.chain(over).chain(voice.side_talk.iter().map(|clip| ("side talk", clip))).collect()
}

#[test]
fn everything_is_as_loud_as_the_profile_says() {
    let profile = Profile::regular();
    let sounds = sounds(&profile);
    assert_eq!(sounds.voices.len(), profile.voices.len());
    for (class, clip) in sounds.voices.iter().flat_map(all) {
        let level = active_level_dbfs(&clip.samples);
        let wanted = profile.speech_dbfs + if class == "side talk" { profile.side_talk_db } else { 0.0 };
        assert!((level - wanted).abs() < 0.5, "{class} {clip:?}: {level} dB instead of {wanted} dB");
    }
    for burst in &sounds.bursts {
        assert!((active_level_dbfs(&burst.samples) - profile.speech_dbfs).abs() < 0.5, "{burst:?}");
    }
    assert!((active_level_dbfs(&sounds.babble) - profile.speech_dbfs).abs() < 0.5);
}

/// A synthesiser would spell it.
#[test]
fn hums_are_made_and_not_spoken() {
    let asked = std::cell::RefCell::new(Vec::new());
    let speaker = |text: &str, voice: &str| {
        asked.borrow_mut().push(text.to_owned());
        pulses(text, voice)
    };
    let hums = ["mm-hm", "hmm"].map(str::to_owned);
    let said = Conversation { backchannels: hums.to_vec(), tics: hums.to_vec(), ..conversation() };
    let made = Sounds::make(&said, &Profile::regular(), &speaker, None, 1).expect("all of it can be made");
    for clip in made.voices.iter().flat_map(|voice| &voice.backchannels) {
        let ms = (clip.speech.end - clip.speech.start).duration().as_millis();
        assert!((250..500).contains(&ms), "{clip:?} has {ms} ms");
    }
    assert!(asked.borrow().iter().all(|text| !hums.contains(text)), "{asked:?}");
}

#[test]
fn side_talk_is_duller_than_the_same_words_said_into_the_telephone() {
    let bright = |samples: &[i16]| {
        // Twice, so that what is low does not hide what is left of the high.
        let mut filters = [Biquad::high_pass(2_500.0, 0.707), Biquad::high_pass(2_500.0, 0.707)];
        let mut high = |sample: i16| filters.iter_mut().fold(f32::from(sample), |x, filter| filter.pass(x));
        let high: Vec<i16> = samples.iter().map(|&sample| shape::clamp(high(sample))).collect();
        active_level_dbfs(&high) - active_level_dbfs(samples)
    };
    let profile = Profile::regular();
    let near = voice_for_telephone(&pulses("not now dear", "rms").expect("spoken"), profile.speech_dbfs);
    let away = &sounds(&profile).voices[0].side_talk[0].samples;
    assert!(bright(away) < bright(&near) - 3.0, "{} and {}", bright(away), bright(&near));
}

#[test]
fn pauses_are_made_only_where_the_profile_has_them() {
    let longest_gap = |clip: &Clip| {
        let found = crate::detect::segments(
            &clip.samples,
            crate::detect::Hearing { join: Duration::from_millis(100), ..Default::default() },
        );
        found.windows(2).map(|pair| (pair[1].start - pair[0].end).duration()).max().unwrap_or_default()
    };
    let regular = sounds(&Profile::regular());
    for clip in &regular.voices[0].turns[0] {
        let gap = longest_gap(clip);
        assert!(gap >= Duration::from_millis(295) && gap <= Duration::from_millis(760), "{gap:?}");
        assert_eq!(clip.words.as_deref(), Some("where is my flight"));
    }
    assert_eq!(regular.voices[0].turns[0].len(), VARIANTS, "no two with the same pause");
    assert_eq!(regular.voices[0].turns[1].len(), 1, "nothing to pause at");
    let control = sounds(&Profile::control());
    assert!(longest_gap(&control.voices[0].turns[0][0]) < Duration::from_millis(150));
}

#[test]
fn speech_begins_and_ends_where_the_clip_says() {
    for (_, clip) in sounds(&Profile::regular()).voices.iter().flat_map(all) {
        let loudest = |range: std::ops::Range<usize>| {
            clip.samples[range].iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
        };
        let (start, end) = (clip.speech.start.0 as usize, clip.speech.end.0 as usize);
        assert!(loudest(0..start) < 400, "{clip:?} before its start");
        assert!(loudest(end..clip.samples.len()) < 400, "{clip:?} after its end");
        assert!(loudest(start..(start + 800).min(end)) >= 100, "{clip:?} at its start");
    }
}

#[test]
fn one_seed_gives_one_set_of_sounds() {
    let make = |seed| {
        let made = Sounds::make(&conversation(), &Profile::regular(), &pulses, None, seed).expect("spoken");
        let tics: Vec<_> = made.voices[0].tics.iter().map(|clip| clip.samples.to_vec()).collect();
        (tics, made.babble.to_vec())
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn a_folder_takes_the_place_of_what_would_be_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let tics = folder.path().join("tics");
    std::fs::create_dir(&tics).expect("a folder");
    let make = || Sounds::make(&conversation(), &Profile::regular(), &pulses, Some(folder.path()), 1);
    assert!(make().expect_err("an empty folder").contains("no WAV"));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(tics.join("hiccup.wav"), spec).expect("a new file");
    for sample in pulses("hic", "somebody").expect("spoken") {
        writer.write_sample(sample).expect("a sample");
    }
    writer.finalize().expect("a whole file");
    let made = make().expect("good files");
    let names: Vec<_> = made.voices[1].tics.iter().map(|clip| clip.name.as_str()).collect();
    assert_eq!(names, ["hiccup"]);
    assert!(
        (active_level_dbfs(&made.voices[1].tics[0].samples) - Profile::regular().speech_dbfs).abs() < 0.5
    );
    assert_eq!(made.bursts.len(), Burst::ALL.len(), "other classes are made");
}
