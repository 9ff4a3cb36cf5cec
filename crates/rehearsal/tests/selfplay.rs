//! Simulated callers: the same games for the same seed, and callers who have not learnt from the agent's own page.

mod packs;

use callwright_model::Language;
use callwright_rehearsal::{GameId, Mood, Noise, Options, SelfPlay};
use packs::pack;

fn languages() -> Vec<Language> {
    ["en", "es", "ko", "de"].map(|code| code.parse().expect("a language")).to_vec()
}

fn options(games: u32, noise: Noise) -> Options {
    Options { languages: languages(), games, seed: 1, noise }
}

#[test]
fn two_runs_of_a_seed_are_equal_and_a_game_plays_again_by_its_name() {
    let airline = SelfPlay::load(&pack("airline"), &languages()).expect("the pack is right");
    for noise in [Noise::None, Noise::Recogniser] {
        let options = Options { games: 8, ..options(8, noise) };
        let report = airline.play(&options).expect("it plays");
        assert_eq!(airline.play(&options).as_ref(), Ok(&report));
        assert_eq!(report.all.games, 32);
        for failure in &report.failures {
            let id: GameId = failure.game.parse().expect("a game's name");
            let again = airline.game(id, noise).expect("it plays");
            assert_eq!(again.failed.as_ref(), Some(&failure.why), "{}", failure.game);
        }
    }
    let id = GameId { seed: 1, language: Language::ES, number: 5 };
    let (first, again) = (airline.game(id, Noise::Recogniser), airline.game(id, Noise::Recogniser));
    assert_eq!(first, again);
    let other = airline.game(GameId { seed: 2, ..id }, Noise::Recogniser).expect("it plays");
    assert_ne!(first.expect("it plays").told, other.told, "another seed is another game");
}

#[test]
fn callers_do_not_speak_the_sentences_that_the_agent_has_learnt() {
    for name in ["airline", "retail"] {
        let source = pack(name);
        let mut said = 0;
        for language in languages() {
            let file = format!("callers/{language}.yaml");
            let examples = &source.files[&format!("examples/{language}.yaml")];
            let known: Vec<String> = examples.lines().map(plain).filter(|line| !line.is_empty()).collect();
            let lines = source.files[&file].lines().filter_map(|line| line.trim().strip_prefix("- "));
            for line in lines {
                said += 1;
                assert!(!known.contains(&plain(line)), "{name}/{file}: `{line}` is an example sentence, too");
            }
        }
        assert!(said >= 15, "{name}: {said}");
    }
}

fn plain(line: &str) -> String {
    line.trim().trim_start_matches("- ").to_lowercase()
}

#[test]
fn callers_who_cannot_be_are_told_with_what_is_missing() {
    let mut source = pack("airline");
    source.files.remove("callers/es.yaml");
    let text = source.files.get_mut("callers/ko.yaml").expect("it is there");
    *text = text.replace("  status:", "  other:");
    let french = "fr".parse().expect("a language");
    let problems = SelfPlay::load(&source, &[Language::ES, Language::KO, french]).err().unwrap_or_default();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for wanted in
        ["callers/es.yaml: error: there is no such file", "nothing under `wishes.status`", "no words in `fr`"]
    {
        assert!(told.iter().any(|line| line.contains(wanted)), "{wanted}: {told:#?}");
    }
    for name in ["1-es", "x-es-1", "1-es-1-1", "1-E-1", ""] {
        assert!(name.parse::<GameId>().is_err(), "{name}");
    }
    assert_eq!(Mood::ALL.len(), 4);
}
