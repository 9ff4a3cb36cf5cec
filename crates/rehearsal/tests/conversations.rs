//! The scripted conversations under `tests/conversations`, one after another, in virtual time.

mod packs;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use callwright_rehearsal::{Stage, Story};
use packs::{files, pack};

/// The conversations of a language whose names contain `CONVERSATION`, if that is set: to look at one of them.
fn stories(language: &str) -> Vec<Story> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conversations").join(language);
    let wanted = std::env::var("CONVERSATION").unwrap_or_default();
    let mut problems = Vec::new();
    let mut stories = Vec::new();
    for (name, path) in files(&folder).into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let text = fs::read_to_string(&path).expect("it is text");
        match Story::parse(&format!("{language}/{name}"), &text) {
            Ok(story) => stories.push(story),
            Err(found) => problems.extend(found),
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    stories
}

/// Plays all conversations of a language; those that do not go as expected are shown, expected beside real.
fn play(language: &str, at_least: usize) {
    let mut stages: BTreeMap<String, Stage> = BTreeMap::new();
    let stories = stories(language);
    let mut failures = String::new();
    for story in &stories {
        let name = story.pack.rsplit('/').next().unwrap_or_default();
        let source = story.source(&pack(name));
        let key = format!("{name} {:?}", story.append);
        let stage = stages.entry(key).or_insert_with(|| {
            Stage::load(&source).unwrap_or_else(|problems| panic!("{}: {problems:#?}", story.file))
        });
        match story.play(stage) {
            Ok(played) if played.is_as_expected() => {}
            Ok(played) => failures.push_str(&format!("\n{}", played.side_by_side(story))),
            Err(why) => failures.push_str(&format!("\n{}: {why}\n", story.file)),
        }
    }
    assert!(failures.is_empty(), "{failures}");
    let asked = std::env::var("CONVERSATION").is_ok();
    assert!(asked || stories.len() >= at_least, "{} conversations in {language}", stories.len());
}

#[test]
fn conversations_in_english_go_as_written() {
    play("en", 20);
}

#[test]
fn conversations_in_spanish_go_as_written() {
    play("es", 20);
}

#[test]
fn conversations_in_korean_go_as_written() {
    play("ko", 20);
}

#[test]
fn conversations_in_german_go_as_written() {
    play("de", 10);
}

const SHORT: &str = "
story: a caller who hangs up
pack: ../skills/airline
language: en
turns:
  - hear: [greeting]
  - say: I would like to cancel my booking
    skill: cancel
    hear: [ask-code]
  - hang_up: true
ending: caller
";

#[test]
fn expected_and_real_are_shown_with_the_first_difference_marked() {
    let stage = Stage::load(&pack("airline")).expect("the pack is right");
    let play = |text: &str| {
        let story = Story::parse("short.yaml", text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let played = story.play(&stage).expect("it plays");
        (played.is_as_expected(), played.side_by_side(&story))
    };
    let (right, shown) = play(SHORT);
    assert!(right, "{shown}");
    assert!(!shown.contains('>') || shown.lines().all(|line| !line.starts_with('>')), "{shown}");
    for (from, to, marked) in [
        ("skill: cancel", "skill: status", ">> [status]"),
        ("hear: [ask-code]", "hear: [ask-flight]", ">> ask-flight"),
        ("hear: [ask-code]", "hear: []", ">>"),
        ("hear: [ask-code]", "hear: [ask-code, anything-else]", ">> anything-else"),
        ("hear: [ask-code]", "hear: [{ ask-code: passport }]", ">> ask-code: passport"),
        ("hear: [ask-code]", "does: [step cancel_booking]\n    hear: [ask-code]", ">> step cancel_booking"),
        ("ending: caller", "ending: agent", ">> ending agent"),
        ("ending: caller", "ending: caller\neffects: [a row]", ">> a row"),
    ] {
        let (right, shown) = play(&SHORT.replace(from, to));
        let first: Vec<&str> = shown.lines().filter(|line| line.starts_with(">>")).collect();
        assert!(!right && first.first().is_some_and(|line| line.starts_with(marked)), "{to}: {shown}");
    }
}

#[test]
fn mistakes_in_a_conversation_are_told_with_their_lines() {
    for (from, to, wanted) in [
        ("turns:", "truns:", "short.yaml:5: error: `truns` is not a key that is known here"),
        ("ending: caller", "ending: soon", "`soon` is no ending"),
        ("story: a caller who hangs up", "story: []", "there is no `story`"),
        ("language: en", "language: English", "short.yaml:4: error: `English` is not a language"),
        ("hang_up: true", "press: abc", "`abc` are no keys"),
        ("hang_up: true", "approve: maybe", "short.yaml:10: error: `approve` is neither true nor false"),
        ("hang_up: true", "{ say: a, press: '1' }", "say and press in one turn"),
        ("skill: cancel", "confidence: 2", "a confidence of 2"),
        ("skill: cancel", "over: often", "short.yaml:8: error: `over` is no number"),
        ("hear: [ask-code]", "hear: ask-code", "`hear` is no list"),
        ("hear: [ask-code]", "hear: [[ask-code]]", "this is no sentence"),
        ("language: en", "faults: { airline: [pay=explode] }", "this is no fault"),
        ("hear: [greeting]", "hear: [", "short.yaml:"),
    ] {
        let problems = Story::parse("short.yaml", &SHORT.replace(from, to)).err().unwrap_or_default();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.contains(wanted)), "{to}: {wanted}: {told:#?}");
    }
    let stage = Stage::load(&pack("airline")).expect("the pack is right");
    for (from, to, wanted) in [
        ("language: en", "before: { hotel: SELECT 1 }", "no connector `hotel`"),
        ("language: en", "before: { airline: DROP nothing }", "the database of `airline`"),
    ] {
        let story = Story::parse("short.yaml", &SHORT.replace(from, to)).expect("it is a conversation");
        assert!(story.play(&stage).is_err_and(|why| why.contains(wanted)), "{to}");
    }
}
