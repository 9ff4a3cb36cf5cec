//! Tables of what callers say and what it is: language, words, value, parted by tabs. Rows without a value must give none. Words stand as
//! a recogniser writes them; it is Wednesday, 2026-11-25, ten in the morning.

use std::collections::BTreeMap;

use callwright_dialogue_core::{
    Clock, Taken, choice, closed, date, date_time, duration, email, money, name, number, phone, slot_value,
    time_of_day,
};
use callwright_model::{Bounds, Language, Lean, Money, MonoTime, Record, SlotType, Value};
use chrono::NaiveDateTime;

const LANGUAGES: [&str; 4] = ["de", "en", "es", "ko"];

/// Holds a table against what reads it, and tells all wrong rows at once.
fn check(table: &str, read: impl Fn(&str, Language) -> Option<Taken>) {
    let mut wrong = Vec::new();
    let mut rows = [0; LANGUAGES.len()];
    for (number, line) in (1..).zip(table.lines()) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (language, words, wanted) = (next(), next(), next());
        let language: Language = language.parse().expect("the first column is a language");
        rows[LANGUAGES.iter().position(|code| *code == language.code()).expect("one of these")] += 1;
        let taken = read(words, language);
        let found = taken.as_ref().map(|taken| written(&taken.value)).unwrap_or_default();
        if found != wanted {
            wrong.push(format!("{number}: {language} `{words}`: `{found}`, not `{wanted}`"));
        }
        if let Some(taken) = taken {
            let count = words.split_whitespace().count();
            let within = taken.heard.start < taken.heard.end && taken.heard.end <= count;
            if !within || !(0.0..=1.0).contains(&taken.sure) || taken.language != language {
                wrong.push(format!("{number}: `{words}`: taken as {taken:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows.iter().sum::<usize>() >= 200 && rows.iter().all(|rows| *rows >= 40), "too few: {rows:?}");
}

fn written(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Money(money) => format!("{} {}", money.minor, money.currency),
        other => other.as_text().unwrap_or_default().to_owned(),
    }
}

fn now() -> NaiveDateTime {
    // 2026-11-25T10:00:00Z
    Clock::new(1_795_600_800_000, MonoTime::ZERO, chrono_tz::Tz::UTC).now(MonoTime::ZERO)
}

#[test]
fn dates_are_read_as_they_are_said() {
    check(include_str!("date.tsv"), |words, language| {
        date(words, language, Some(now().date()), Lean::Future)
    });
}

#[test]
fn times_of_day_are_read_as_they_are_said() {
    check(include_str!("time.tsv"), time_of_day);
}

#[test]
fn dates_with_their_time_are_read_together() {
    let rows = [
        ("tomorrow at four", Some("2026-11-26T16:00")),
        ("at half past nine in the morning on the third", Some("2026-12-03T09:30")),
        ("next friday at noon", Some("2026-12-04T12:00")),
        ("tomorrow morning at eight", Some("2026-11-26T08:00")),
        ("at 9 am", Some("2026-11-26T09:00")),
        ("at eleven", Some("2026-11-25T11:00")),
        ("tomorrow", None),
        ("whenever", None),
    ];
    for (words, wanted) in rows {
        let taken = date_time(words, Language::EN, Some(now()), Lean::Future);
        assert_eq!(taken.map(|taken| written(&taken.value)).as_deref(), wanted, "{words}");
    }
    let taken =
        date_time("el viernes a las cuatro y media de la tarde", Language::ES, Some(now()), Lean::Future);
    assert_eq!(taken.map(|taken| written(&taken.value)).as_deref(), Some("2026-11-27T16:30"));
    let taken = date_time("다음 주 금요일 오후 세 시 반이요", Language::KO, Some(now()), Lean::Future);
    assert_eq!(taken.map(|taken| written(&taken.value)).as_deref(), Some("2026-12-04T15:30"));
}

#[test]
fn lengths_of_time_are_read_in_minutes() {
    check(include_str!("duration.tsv"), duration);
}

#[test]
fn numbers_are_read_as_they_are_said() {
    check(include_str!("number.tsv"), number);
}

#[test]
fn money_is_read_in_minor_units() {
    check(include_str!("money.tsv"), |words, language| money(words, language, Some("USD")));
    assert_eq!(money("twelve fifty", Language::EN, None), None);
}

#[test]
fn addresses_are_read_as_they_are_written_or_told() {
    check(include_str!("email.tsv"), email);
}

#[test]
fn telephone_numbers_are_read_digit_by_digit() {
    check(include_str!("phone.tsv"), phone);
}

#[test]
fn names_are_read_spoken_and_spelled() {
    check(include_str!("name.tsv"), name);
}

#[test]
fn codes_are_read_by_letters_words_and_numbers() {
    check(include_str!("code.tsv"), |words, language| {
        slot_value(&SlotType::Code { length: 6 }, words, language, None)
    });
}

#[test]
fn digits_are_read_however_they_are_said() {
    check(include_str!("digits.tsv"), |words, language| {
        slot_value(&SlotType::Digits { length: 4 }, words, language, None)
    });
}

#[test]
fn only_a_plain_yes_or_no_is_one() {
    check(include_str!("yes_no.tsv"), |words, language| slot_value(&SlotType::YesNo, words, language, None));
}

#[test]
fn what_was_offered_is_chosen_by_order_number_time_day_and_price() {
    let option = |flight: &str, departs: &str, minor| {
        Record::from([
            ("flight".to_owned(), Value::Code(flight.to_owned())),
            ("departs".to_owned(), Value::Time(departs.to_owned())),
            ("price".to_owned(), Value::Money(Money { minor, currency: "USD".to_owned() })),
        ])
    };
    let options = [
        option("HB318", "2026-11-27T10:15", 24_000),
        option("HB544", "2026-11-28T14:40", 12_000),
        option("HB921", "2026-11-29T19:30", 18_000),
    ];
    check(include_str!("choice.tsv"), |words, language| {
        taken(Value::Int(choice(words, &options, language)? as i64), words, language)
    });
}

#[test]
fn hard_names_are_known_by_letters_and_by_sound() {
    let of = |language: Language| match language.code() {
        "de" => ["Schäfer", "Müllner", "Wójcik", "Öztürk", "Krause", "Vogt", "Beckenbauer"],
        "en" => ["Kaczmarek", "Nguyen", "Thompson", "Phillips", "Okonkwo", "Ashleigh", "Wright"],
        "es" => ["Etxeberria", "Vázquez", "Jiménez", "Hernández", "Quintana", "Yllana", "Zárate"],
        _ => ["정현우", "박지훈", "김태희", "최은혜", "배수진", "남궁민", "송하늘"],
    };
    check(include_str!("one_of.tsv"), |words, language| {
        let of = of(language).map(str::to_owned);
        taken(Value::Text(closed(words, &of, &BTreeMap::new(), language)?), words, language)
    });
}

#[test]
fn of_two_names_that_sound_alike_none_is_taken() {
    let of = ["Clark", "Clarke"].map(str::to_owned);
    assert_eq!(closed("klark", &of, &BTreeMap::new(), Language::EN), None);
}

fn taken(value: Value, words: &str, language: Language) -> Option<Taken> {
    Some(Taken { value, heard: 0..words.split_whitespace().count(), sure: 1.0, language })
}

#[test]
fn what_is_beyond_its_bounds_is_not_taken() {
    let people = SlotType::Number { bounds: Bounds { min: Some(1), max: Some(8) } };
    let read = |words| slot_value(&people, words, Language::EN, None).map(|taken| taken.value);
    assert_eq!(read("eight"), Some(Value::Int(8)));
    assert_eq!(read("nine"), None);
    assert_eq!(read("zero"), None);
}

#[test]
fn a_birthday_lies_in_the_past() {
    let past =
        |words| date(words, Language::EN, Some(now().date()), Lean::Past).map(|taken| written(&taken.value));
    assert_eq!(past("december fourth").as_deref(), Some("2025-12-04"));
    assert_eq!(past("the third").as_deref(), Some("2026-11-03"));
    assert_eq!(past("on friday").as_deref(), Some("2026-11-20"));
    assert_eq!(past("february 29th").as_deref(), Some("2024-02-29"));
}

#[test]
fn without_a_calendar_only_a_whole_date_is_one() {
    let read = |words| date(words, Language::EN, None, Lean::Future).map(|taken| written(&taken.value));
    assert_eq!(read("may fifth 2027").as_deref(), Some("2027-05-05"));
    assert_eq!(read("may fifth"), None);
    assert_eq!(read("tomorrow"), None);
}

#[test]
fn which_words_were_taken_and_how_sure_they_are_is_told() {
    let today = Some(now().date());
    let taken =
        date("well, let us say next Friday please", Language::EN, today, Lean::Future).expect("a date");
    assert_eq!((taken.heard, taken.sure), (4..6, 1.0));
    let corrected = date("thursday, no, friday", Language::EN, today, Lean::Future).expect("a date");
    assert_eq!((corrected.heard, corrected.sure < 1.0), (2..3, true));
    let open = time_of_day("at three", Language::EN).expect("a time");
    let plain = time_of_day("at three in the afternoon", Language::EN).expect("a time");
    assert_eq!(open.value, plain.value);
    assert!(open.sure < plain.sure);
}
