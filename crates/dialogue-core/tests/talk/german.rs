//! German, which is words and tables alone: understood, answered, and spoken to the end.

use callwright_dialogue_core::{DialogueConfig, filled, sort_of, yes_or_no};
use callwright_model::{CallId, Expect, Language, UtteranceSort};

use crate::script::{Core, Stage, airline, play, retail};

fn german() -> Language {
    "de".parse().expect("a language")
}

#[test]
fn a_german_caller_is_rebooked() {
    let mut stage = play(
        german(),
        Core::Works,
        &[
            ("guten tag, mein flug wurde gestrichen", "Buchungscode"),
            ("kaufmann sieben martha vier xanthippe zwo", "PIN"),
            ("vier acht zwei eins", "1: um zehn Uhr fünfzehn"),
            ("den ersten bitte", "auf den Flug um zehn Uhr fünfzehn um und gebe Ihnen eine Gutschrift"),
            ("ja bitte", "Ihr Platz ist vierzehn C"),
        ],
    );
    assert_eq!(stage.claims(), 1);
    assert_eq!(stage.executed.len(), 1);
    assert!(stage.caller("nein danke, das war alles").contains("Auf Wiederhören"));
    assert!(stage.hung_up);
}

#[test]
fn a_german_caller_chooses_by_the_time_and_changes_their_mind() {
    let mut stage = play(
        german(),
        Core::Works,
        &[
            ("ich muss umbuchen, mein flug fällt aus", "Buchungscode"),
            ("k sieben m vier x zwei", "PIN"),
            ("4821", "die nächsten Flüge"),
            ("den um zwanzig vor drei", "vierzehn Uhr vierzig"),
            ("nein, lieber nicht", "nichts geändert"),
        ],
    );
    assert_eq!(stage.executed, []);
    assert!(stage.caller("verbinden sie mich mit einem menschen").contains("bleiben Sie dran"));
    assert_eq!(stage.transfers.len(), 1);
}

#[test]
fn a_german_caller_returns_an_item() {
    let mut config = DialogueConfig::new(retail(), CallId(8));
    config.language = german();
    let mut stage = Stage::with(config, Core::Shop);
    for (caller, wanted) in [
        ("ich möchte etwas zurückschicken", "Bestellnummer"),
        ("acht null vier zwei eins fünf", "PIN"),
        ("drei null sechs sieben", "1: "),
        ("die nummer eins", "beschädigt"),
        ("es ist kaputt", "neunundsiebzig Dollar"),
        ("ja, machen sie das", "R T, fünf fünf"),
    ] {
        let answer = stage.caller(caller);
        assert!(answer.contains(wanted), "`{caller}` was answered `{answer}`, without `{wanted}`");
    }
    assert_eq!(stage.claims(), 1);
}

#[test]
fn a_german_sentence_in_an_english_call_is_answered_in_german() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("guten tag, ich möchte bitte meinen flug umbuchen").contains("Buchungscode"));
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("german please").contains("Deutsch"));
    assert!(stage.caller("auf englisch bitte").contains("English"));
}

#[test]
fn german_paraphrases_are_understood() {
    let rows = [
        ("rebook", "meine maschine wurde heute gestrichen"),
        ("rebook", "können sie mir bitte einen anderen flug suchen"),
        ("rebook", "ich muss auf einen anderen flug"),
        ("rebook", "die haben meinen flug annulliert"),
        ("status", "ist der flug heute pünktlich"),
        ("status", "hat die maschine verspätung"),
        ("status", "wann geht denn mein flug"),
        ("cancel", "ich würde gern meine buchung stornieren"),
        ("cancel", "kann ich das geld für mein ticket zurückbekommen"),
        ("human", "kann ich bitte mit einem menschen sprechen"),
        ("human", "geben sie mir einen mitarbeiter"),
        ("repeat", "können sie das bitte noch einmal sagen"),
        ("goodbye", "auf wiederhören und danke"),
        ("wait", "einen augenblick bitte"),
        ("spell", "buchstabieren sie mir den code"),
    ];
    let pack = airline();
    let wrong: Vec<_> = rows
        .iter()
        .map(|(intent, words)| (intent, words, pack.read(words, german())))
        .filter(|(intent, _, reading)| reading.clear().is_none_or(|found| found.name() != **intent))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for words in ["wie hoch ist der eiffelturm", "meine waschmaschine macht krach"] {
        assert_eq!(pack.read(words, german()).clear(), None, "{words}");
    }
}

#[test]
fn german_answers_are_plain_or_none() {
    let rows = [
        ("ja", Some(true)),
        ("ja bitte", Some(true)),
        ("ja, genau", Some(true)),
        ("jawohl", Some(true)),
        ("na klar", Some(true)),
        ("in ordnung", Some(true)),
        ("einverstanden", Some(true)),
        ("das passt", Some(true)),
        ("ja, machen Sie das", Some(true)),
        ("stimmt", Some(true)),
        ("okay, gerne", Some(true)),
        ("nein", Some(false)),
        ("nee", Some(false)),
        ("nein danke", Some(false)),
        ("auf keinen Fall", Some(false)),
        ("das stimmt nicht", Some(false)),
        ("das passt mir nicht", Some(false)),
        ("lieber nicht", Some(false)),
        ("nicht einverstanden", Some(false)),
        ("bitte nicht", Some(false)),
        ("ja, aber wann geht der", None),
        ("vielleicht", None),
        ("ich weiß nicht", None),
        ("bitte", None),
        ("wie bitte", None),
        ("ja nein", None),
        ("kommt darauf an", None),
        ("jein", None),
    ];
    for (words, wanted) in rows {
        assert_eq!(yes_or_no(words, german()), wanted, "{words}");
    }
}

#[test]
fn german_codes_and_digits_are_read() {
    let digits = Expect::Digits { min: 4, max: 4 };
    let code = Expect::Code { min: 6, max: 6 };
    for (expect, words, wanted) in [
        (&digits, "vier acht zwo eins", 4),
        (&digits, "achtundvierzig einundzwanzig", 4),
        (&digits, "vier acht", 2),
        (&digits, "äh vier acht dann zwei eins", 4),
        (&digits, "doppel null fünf fünf", 4),
        (&digits, "meine oma", 0),
        (&code, "kaufmann sieben martha vier xanthippe zwei", 6),
        (&code, "köln sieben münchen vier xanten zwei", 6),
        (&code, "ka sieben em vier ix zwei", 6),
        (&code, "K wie Kaufmann, sieben, M wie Martha, vier", 4),
        (&code, "K7M4X2", 6),
    ] {
        assert_eq!(filled(expect, words, german()), wanted, "{words}");
    }
}

#[test]
fn german_listeners_and_asides_are_known() {
    for (words, sort) in [
        ("ähm", UtteranceSort::Filler),
        ("mhm", UtteranceSort::Backchannel),
        ("ach so", UtteranceSort::Backchannel),
        ("moment mal", UtteranceSort::SideTalk),
        ("mach mal die Tür zu", UtteranceSort::SideTalk),
        ("ich möchte umbuchen", UtteranceSort::Speech),
    ] {
        assert_eq!(sort_of(words, german()), sort, "{words}");
    }
}
