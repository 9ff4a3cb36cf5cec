//! German, a language of words and tables: facts and how they sound.

use callwright_model::Value;

use super::*;

fn german() -> Language {
    "de".parse().expect("a language")
}

fn check(say: impl Fn(&str) -> String, rows: &[(&str, &str)]) {
    for (given, wanted) in rows {
        assert_eq!(say(given), *wanted, "{given}");
    }
}

#[test]
fn numbers_are_written_out() {
    check(
        |n| cardinal(n.parse().expect("a number"), german()),
        &[
            ("0", "null"),
            ("1", "eins"),
            ("2", "zwei"),
            ("12", "zwölf"),
            ("16", "sechzehn"),
            ("17", "siebzehn"),
            ("20", "zwanzig"),
            ("21", "einundzwanzig"),
            ("30", "dreißig"),
            ("37", "siebenunddreißig"),
            ("66", "sechsundsechzig"),
            ("99", "neunundneunzig"),
            ("100", "einhundert"),
            ("101", "einhunderteins"),
            ("121", "einhunderteinundzwanzig"),
            ("555", "fünfhundertfünfundfünfzig"),
            ("1000", "eintausend"),
            ("1001", "eintausendeins"),
            ("2026", "zweitausendsechsundzwanzig"),
            ("21000", "einundzwanzigtausend"),
            ("101000", "einhunderteintausend"),
            ("1000000", "eine Million"),
            ("2000001", "zwei Millionen eins"),
            ("1001000000", "eine Milliarde eine Million"),
            ("-7", "minus sieben"),
        ],
    );
}

#[test]
fn places_in_an_order_have_their_endings() {
    check(
        |n| ordinal(n.parse().expect("a number"), german()),
        &[
            ("1", "erste"),
            ("3", "dritte"),
            ("4", "vierte"),
            ("7", "siebte"),
            ("8", "achte"),
            ("19", "neunzehnte"),
            ("20", "zwanzigste"),
            ("21", "einundzwanzigste"),
            ("100", "einhundertste"),
            ("103", "einhundertdritte"),
            ("1020", "eintausendzwanzigste"),
        ],
    );
}

#[test]
fn dates_and_times_are_spoken() {
    let say = |text: &str| spoken(&Value::Date(text.to_owned()), german());
    check(
        say,
        &[
            ("2026-11-23", "Montag, den dreiundzwanzigsten November"),
            ("2027-01-01", "Freitag, den ersten Januar"),
            ("2026-03-03", "Dienstag, den dritten März"),
            ("2026-10-31", "Samstag, den einunddreißigsten Oktober"),
            ("2026-12-20", "Sonntag, den zwanzigsten Dezember"),
            ("bald", "bald"),
        ],
    );
    let say = |text: &str| spoken(&Value::Time(text.to_owned()), german());
    check(
        say,
        &[
            ("10:15", "zehn Uhr fünfzehn"),
            ("14:40", "vierzehn Uhr vierzig"),
            ("09:05", "neun Uhr fünf"),
            ("01:00", "ein Uhr"),
            ("21:21", "einundzwanzig Uhr einundzwanzig"),
            ("12:00", "zwölf Uhr"),
            ("00:00", "Mitternacht"),
            ("00:30", "null Uhr dreißig"),
        ],
    );
}

#[test]
fn a_time_is_chosen_in_every_usual_way() {
    for (hour, minute, wanted) in [
        (10, 15, "viertel nach zehn"),
        (10, 15, "viertel elf"),
        (10, 30, "halb elf"),
        (14, 40, "zwanzig vor drei"),
        (14, 40, "vierzehn uhr vierzig"),
        (14, 40, "14 40"),
        (14, 45, "dreiviertel drei"),
        (12, 35, "funf nach halb eins"),
        (13, 0, "ein uhr"),
        (13, 0, "dreizehn uhr"),
    ] {
        let forms = time_forms(hour, minute, german());
        assert!(forms.iter().any(|form| form == wanted), "{wanted}: {forms:?}");
    }
}

#[test]
fn amounts_and_lengths_of_time_agree_with_what_they_count() {
    let money = |text: &str| {
        let (minor, currency) = text.split_once(' ').expect("an amount");
        let money = Money { minor: minor.parse().expect("a number"), currency: currency.to_owned() };
        spoken(&Value::Money(money), german())
    };
    check(
        money,
        &[
            ("100 EUR", "ein Euro"),
            ("15000 EUR", "einhundertfünfzig Euro"),
            ("10100 EUR", "einhundertein Euro"),
            ("2100 USD", "einundzwanzig Dollar"),
            ("7990 EUR", "neunundsiebzig Euro und neunzig Cent"),
            ("101 GBP", "ein Pfund und ein Penny"),
            ("105 GBP", "ein Pfund und fünf Pence"),
            ("50 CHF", "fünfzig Rappen"),
            ("0 EUR", "null Euro"),
            ("-500 EUR", "minus fünf Euro"),
            ("100000000 EUR", "eine Million Euro"),
            ("300 XYZ", "drei XYZ"),
        ],
    );
    let length = |text: &str| duration(&Value::from(text), german()).unwrap_or_default();
    check(
        length,
        &[
            ("PT1M", "eine Minute"),
            ("PT45M", "fünfundvierzig Minuten"),
            ("PT1H", "eine Stunde"),
            ("PT21H", "einundzwanzig Stunden"),
            ("PT2H15M", "zwei Stunden und fünfzehn Minuten"),
            ("P1DT1H1M", "ein Tag, eine Stunde und eine Minute"),
            ("P3D", "drei Tage"),
            ("PT0S", "null Minuten"),
        ],
    );
}

#[test]
fn codes_numbers_and_lists_are_spoken() {
    let code = |text: &str| spoken(&Value::Code(text.to_owned()), german());
    check(
        code,
        &[
            ("K7M4X2", "K sieben M, vier X zwei"),
            ("11A", "elf A"),
            ("B12", "B zwölf"),
            ("Y9Z0", "Ypsilon neun, Z null"),
            ("CW318", "C W, drei eins acht"),
        ],
    );
    check(
        |text| spelled(text, german()),
        &[
            ("K7M", "K wie Kaufmann, sieben, M wie Martha"),
            ("CÄ", "C wie Cäsar, Ä wie Ärger"),
            ("YO", "Ypsilon wie Ypsilon, O wie Otto"),
        ],
    );
    check(
        |text| phone(text, german()),
        &[
            ("0151 555 0100", "null eins fünf eins, fünf fünf fünf, null eins null null"),
            ("01515550100", "null eins fünf eins, fünf fünf fünf, null eins null null"),
            ("+49 30 555", "plus vier neun, drei null, fünf fünf fünf"),
            ("112", "eins eins zwei"),
        ],
    );
    let list = Value::List(vec!["a".into(), "b".into(), "c".into()]);
    assert_eq!(spoken(&list, german()), "a, b und c");
}

#[test]
fn a_sentence_asks_for_the_form_it_needs() {
    let rules = &lexicon::of_or_english(german()).speech.grammar.numbers;
    for (set, n, wanted) in [
        ("ordinal-n", 3, "dritten"),
        ("ordinal-n", 121, "einhunderteinundzwanzigsten"),
        ("ordinal-r", 1, "erster"),
        ("ordinal-r", 100, "einhundertster"),
        ("feminine", 1, "eine"),
        ("feminine", 21, "einundzwanzig"),
        ("masculine", 1, "ein"),
    ] {
        assert_eq!(rules.spell(set, n), wanted);
    }
}
