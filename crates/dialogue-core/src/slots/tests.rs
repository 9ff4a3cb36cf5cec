//! Tables: what is said, and what it is.

use callwright_model::{Bounds, Expect, Language, Lean, Money, MonoTime, Record, SlotType, Value};
use proptest::prelude::*;

use super::*;
use crate::Clock;

const EN: Language = Language::EN;
const ES: Language = Language::ES;
const KO: Language = Language::KO;

fn read(slot: &SlotType, said: &str, language: Language) -> Option<Value> {
    value(slot, said, language, None).map(|taken| taken.value)
}

fn check_digits(length: u8, rows: &[(Language, &str, Option<&str>)]) {
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        let found = read(&SlotType::Digits { length }, said, *language);
        wrong.note(found, wanted.map(|digits| Value::Code(digits.to_owned())), *language, said);
    }
    wrong.none();
}

/// Rows of a table that are not as they should be: all are told at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn note<T: PartialEq + std::fmt::Debug>(&mut self, found: T, wanted: T, language: Language, said: &str) {
        if found != wanted {
            self.0.push(format!("{language} `{said}`: {found:?}, not {wanted:?}"));
        }
    }

    fn none(&self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

#[test]
fn four_digits_are_read_however_they_are_said() {
    check_digits(
        4,
        &[
            (EN, "four eight two one", Some("4821")),
            (EN, "4 8 2 1", Some("4821")),
            (EN, "4821", Some("4821")),
            (EN, "48 21", Some("4821")),
            (EN, "forty eight twenty one", Some("4821")),
            (EN, "forty-eight twenty-one", Some("4821")),
            (EN, "it's four eight two one", Some("4821")),
            (EN, "my pin is four eight two one please", Some("4821")),
            (EN, "um four, eight, uh, two one", Some("4821")),
            (EN, "double four two one", Some("4421")),
            (EN, "four double two one", Some("4221")),
            (EN, "triple seven one", Some("7771")),
            (EN, "oh four two one", Some("0421")),
            (EN, "four oh oh one", Some("4001")),
            (EN, "zero zero one two", Some("0012")),
            (EN, "one nine four six", Some("1946")),
            (EN, "nineteen forty six", Some("1946")),
            (EN, "seven seven thirty", Some("7730")),
            (EN, "seventy seven thirty", Some("7730")),
            (EN, "seven thousand seven hundred and thirty", Some("7730")),
            (EN, "four thousand eight hundred twenty one", Some("4821")),
            (EN, "three oh six seven", Some("3067")),
            (EN, "to for one two", Some("2412")),
            (EN, "four eight two", None),
            (EN, "four eight two one seven", None),
            (EN, "i do not know", None),
            (EN, "", None),
            (EN, "yes", None),
            (ES, "cuatro ocho dos uno", Some("4821")),
            (ES, "cuarenta y ocho veintiuno", Some("4821")),
            (ES, "es el cuatro ocho dos uno", Some("4821")),
            (ES, "cuatro mil ochocientos veintiuno", Some("4821")),
            (ES, "doble cuatro dos uno", Some("4421")),
            (ES, "mi pin es 4821", Some("4821")),
            (ES, "siete siete tres cero", Some("7730")),
            (ES, "setenta y siete treinta", Some("7730")),
            (ES, "mil novecientos cuarenta y seis", Some("1946")),
            (ES, "diecinueve cuarenta y seis", Some("1946")),
            (ES, "cuatro ocho", None),
            (ES, "no lo sé", None),
            (KO, "사팔이일", Some("4821")),
            (KO, "사 팔 이 일", Some("4821")),
            (KO, "사팔이일이요", Some("4821")),
            (KO, "사팔이일입니다", Some("4821")),
            (KO, "비밀번호는 사팔이일이에요", Some("4821")),
            (KO, "넷 여덟 둘 하나", Some("4821")),
            (KO, "4821", Some("4821")),
            (KO, "4821번이요", Some("4821")),
            (KO, "사천팔백이십일", Some("4821")),
            (KO, "칠칠삼공", Some("7730")),
            (KO, "칠칠삼영", Some("7730")),
            (KO, "일구사육", Some("1946")),
            (KO, "음 일 구 사 육 요", Some("1946")),
            (KO, "몰라요", None),
            (KO, "사팔이", None),
        ],
    );
}

#[test]
fn three_digits_of_a_flight_are_read() {
    check_digits(
        3,
        &[
            (EN, "two one two", Some("212")),
            (EN, "two twelve", Some("212")),
            (EN, "two hundred twelve", Some("212")),
            (EN, "two hundred and twelve", Some("212")),
            (EN, "flight number 212", Some("212")),
            (EN, "three eighteen", Some("318")),
            (EN, "five forty four", Some("544")),
            (EN, "five hundred", Some("500")),
            (EN, "five oh five", Some("505")),
            (ES, "dos uno dos", Some("212")),
            (ES, "doscientos doce", Some("212")),
            (ES, "el trescientos dieciocho", Some("318")),
            (ES, "quinientos cuarenta y cuatro", Some("544")),
            (KO, "이일이", Some("212")),
            (KO, "이백십이", Some("212")),
            (KO, "삼일팔 편", Some("318")),
            (KO, "오사사", Some("544")),
        ],
    );
}

#[test]
fn codes_are_read_from_letters_words_and_what_is_written_together() {
    let rows = [
        (EN, "k seven m four x two", Some("K7M4X2")),
        (EN, "K7M4X2", Some("K7M4X2")),
        (EN, "K7 M4 X2", Some("K7M4X2")),
        (EN, "k-7-m-4-x-2", Some("K7M4X2")),
        (EN, "kay seven em four ex two", Some("K7M4X2")),
        (EN, "kilo seven mike four x ray two", Some("K7M4X2")),
        (EN, "kilo seven mike four xray two", Some("K7M4X2")),
        (EN, "k as in kilo seven m as in mike four x as in x ray two", Some("K7M4X2")),
        (EN, "k for king seven m for mother four x two", Some("K7M4X2")),
        (EN, "j as in kilo seven m four x two", Some("K7M4X2")),
        (EN, "my booking code is k seven m four x two", Some("K7M4X2")),
        (EN, "i think it is k seven m four x two", Some("K7M4X2")),
        (EN, "it's kilo 7 mike 4 x-ray 2 thanks", Some("K7M4X2")),
        (EN, "p three t nine q five", Some("P3T9Q5")),
        (EN, "papa three tango nine quebec five", Some("P3T9Q5")),
        (EN, "r eight w six n one", Some("R8W6N1")),
        (EN, "r eight double u six n one", Some("R8W6N1")),
        (EN, "romeo eight whiskey six november one", Some("R8W6N1")),
        (EN, "are eight w six n one", Some("R8W6N1")),
        (EN, "a b c double two d", Some("ABC22D")),
        (EN, "k seven m four x", None),
        (EN, "yes", None),
        (EN, "i do not have it", None),
        (EN, "", None),
        (ES, "ka siete eme cuatro equis dos", Some("K7M4X2")),
        (ES, "K de kilo siete M de mike cuatro equis dos", Some("K7M4X2")),
        (ES, "mi código es ka siete eme cuatro equis dos", Some("K7M4X2")),
        (ES, "pe tres te nueve cu cinco", Some("P3T9Q5")),
        (ES, "erre ocho uve doble seis ene uno", Some("R8W6N1")),
        (ES, "erre ocho doble ve seis ene uno", Some("R8W6N1")),
        (ES, "k7m4x2", Some("K7M4X2")),
        (ES, "no lo tengo", None),
        (KO, "케이 칠 엠 사 엑스 이", Some("K7M4X2")),
        (KO, "케이칠엠사엑스이", Some("K7M4X2")),
        (KO, "케이 칠 엠 사 엑스 이요", Some("K7M4X2")),
        (KO, "예약번호는 케이칠엠사엑스이입니다", Some("K7M4X2")),
        (KO, "예약 번호는 케이 칠 엠 사 엑스 이예요", Some("K7M4X2")),
        (KO, "K7M4X2", Some("K7M4X2")),
        (KO, "K7M4X2입니다", Some("K7M4X2")),
        (KO, "k 칠 m 사 x 이", Some("K7M4X2")),
        (KO, "피 삼 티 구 큐 오", Some("P3T9Q5")),
        (KO, "알 팔 더블유 육 엔 일", Some("R8W6N1")),
        (KO, "킬로 칠 마이크 사 엑스레이 이", Some("K7M4X2")),
        (KO, "모르겠어요", None),
    ];
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        let found = read(&SlotType::Code { length: 6 }, said, language);
        wrong.note(found, wanted.map(|code| Value::Code(code.to_owned())), language, said);
    }
    wrong.none();
}

#[test]
fn yes_and_no_are_plain_or_they_are_nothing() {
    use YesNo::{No, Yes};
    let rows = [
        (EN, "yes", Some(Yes)),
        (EN, "Yes, please.", Some(Yes)),
        (EN, "yeah", Some(Yes)),
        (EN, "yep that's right", Some(Yes)),
        (EN, "sure, go ahead", Some(Yes)),
        (EN, "that is correct", Some(Yes)),
        (EN, "okay do it", Some(Yes)),
        (EN, "sounds good to me", Some(Yes)),
        (EN, "yes please rebook me on that flight", Some(Yes)),
        (EN, "why not", Some(Yes)),
        (EN, "no problem", Some(Yes)),
        (EN, "um yes", Some(Yes)),
        (EN, "no", Some(No)),
        (EN, "no thanks", Some(No)),
        (EN, "nope", Some(No)),
        (EN, "that's not right", Some(No)),
        (EN, "no that's wrong", Some(No)),
        (EN, "please don't", Some(No)),
        (EN, "absolutely not", Some(No)),
        (EN, "no wait", Some(No)),
        (EN, "never mind", Some(No)),
        (EN, "nothing else", Some(No)),
        (EN, "no that is all", Some(No)),
        (EN, "yes but not that one", None),
        (EN, "yes no", None),
        (EN, "maybe", None),
        (EN, "yes maybe", None),
        (EN, "what", None),
        (EN, "yes what time is it", None),
        (EN, "mm hm", None),
        (EN, "the weather is nice", None),
        (EN, "", None),
        (ES, "sí", Some(Yes)),
        (ES, "Sí, por favor", Some(Yes)),
        (ES, "claro que sí", Some(Yes)),
        (ES, "de acuerdo", Some(Yes)),
        (ES, "vale, hágalo", Some(Yes)),
        (ES, "está bien", Some(Yes)),
        (ES, "correcto", Some(Yes)),
        (ES, "no", Some(No)),
        (ES, "no, gracias", Some(No)),
        (ES, "para nada", Some(No)),
        (ES, "no está bien", Some(No)),
        (ES, "nada más", Some(No)),
        (ES, "sí pero otro vuelo", None),
        (ES, "no sé", None),
        (ES, "quizás", None),
        (KO, "네", Some(Yes)),
        (KO, "예", Some(Yes)),
        (KO, "네, 맞아요", Some(Yes)),
        (KO, "네 그렇게 해 주세요", Some(Yes)),
        (KO, "좋습니다", Some(Yes)),
        (KO, "그렇게 해주세요", Some(Yes)),
        (KO, "아니요", Some(No)),
        (KO, "아니요 괜찮아요", Some(No)),
        (KO, "아니요, 틀렸어요", Some(No)),
        (KO, "아닙니다", Some(No)),
        (KO, "싫어요", Some(No)),
        (KO, "글쎄요", None),
        (KO, "네 그런데 다른 걸로요", None),
    ];
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        wrong.note(yes_no(said, language), wanted, language, said);
    }
    wrong.none();
}

fn flights() -> Vec<Record> {
    [("CW318", "2026-11-23T10:15", 12_000), ("CW544", "2026-11-23T14:40", 9_900)]
        .into_iter()
        .map(|(number, departs, minor)| {
            Record::from([
                ("id".to_owned(), Value::Text(number.to_lowercase())),
                ("number".to_owned(), Value::Code(number.to_owned())),
                ("departs".to_owned(), Value::Time(departs.to_owned())),
                ("price".to_owned(), Value::Money(Money { minor, currency: "USD".to_owned() })),
                ("to".to_owned(), Value::Text("Seattle".to_owned())),
            ])
        })
        .collect()
}

#[test]
fn an_option_is_chosen_by_number_order_time_or_name() {
    let rows = [
        (EN, "one", Some(1)),
        (EN, "two", Some(2)),
        (EN, "number two", Some(2)),
        (EN, "option one", Some(1)),
        (EN, "the first one", Some(1)),
        (EN, "the first", Some(1)),
        (EN, "second", Some(2)),
        (EN, "the second one please", Some(2)),
        (EN, "the last one", Some(2)),
        (EN, "the later one", Some(2)),
        (EN, "the later flight", Some(2)),
        (EN, "the earlier one please", Some(1)),
        (EN, "the cheaper one", Some(2)),
        (EN, "ten fifteen", Some(1)),
        (EN, "the ten fifteen flight", Some(1)),
        (EN, "10:15", Some(1)),
        (EN, "quarter past ten", Some(1)),
        (EN, "two forty", Some(2)),
        (EN, "at 14:40", Some(2)),
        (EN, "the one in the morning", Some(1)),
        (EN, "the afternoon one", Some(2)),
        (EN, "flight three one eight", Some(1)),
        (EN, "flight 544", Some(2)),
        (EN, "2", Some(2)),
        (EN, "three", None),
        (EN, "seattle", None),
        (EN, "neither", None),
        (EN, "i do not know", None),
        (EN, "", None),
        (ES, "la primera", Some(1)),
        (ES, "el segundo", Some(2)),
        (ES, "el dos", Some(2)),
        (ES, "el más tarde", Some(2)),
        (ES, "el de las diez y cuarto", Some(1)),
        (ES, "el de las diez y quince", Some(1)),
        (ES, "dos cuarenta", Some(2)),
        (ES, "las tres menos veinte", Some(2)),
        (ES, "por la tarde", Some(2)),
        (ES, "el más barato", Some(2)),
        (ES, "el último", Some(2)),
        (KO, "첫 번째요", Some(1)),
        (KO, "두번째로 해 주세요", Some(2)),
        (KO, "이 번", Some(2)),
        (KO, "일번이요", Some(1)),
        (KO, "더 늦은 거요", Some(2)),
        (KO, "열 시 십오 분이요", Some(1)),
        (KO, "열시 십오분 비행기", Some(1)),
        (KO, "오후 거로 할게요", Some(2)),
        (KO, "오전 편이요", Some(1)),
        (KO, "마지막 거", Some(2)),
        (KO, "10시 15분", Some(1)),
        (KO, "모르겠어요", None),
    ];
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        wrong.note(choice(said, &flights(), language), wanted, language, said);
    }
    wrong.none();
}

#[test]
fn the_recogniser_is_told_how_the_options_may_be_named() {
    let phrases = option_phrases(&flights(), EN);
    for wanted in ["ten fifteen", "two forty", "three one eight", "later", "seattle"] {
        assert!(phrases.iter().any(|phrase| phrase == wanted), "{wanted} is not in {phrases:?}");
    }
    assert!(phrases.len() < 60, "{phrases:?}");
}

#[test]
fn a_closed_list_is_chosen_by_its_spoken_forms() {
    let of = ["damaged", "wrong_item", "changed_mind"].map(str::to_owned);
    let forms = BTreeMap::from([
        ("damaged".to_owned(), vec!["it is broken".to_owned(), "damaged".to_owned()]),
        ("wrong_item".to_owned(), vec!["the wrong item".to_owned()]),
        ("changed_mind".to_owned(), vec!["I changed my mind".to_owned()]),
    ]);
    let rows = [
        ("it's damaged", Some("damaged")),
        ("well it is broken", Some("damaged")),
        ("you sent the wrong item", Some("wrong_item")),
        ("i changed my mind", Some("changed_mind")),
        ("changed mind", Some("changed_mind")),
        ("the second one", Some("wrong_item")),
        ("i like it", None),
        ("", None),
    ];
    for (said, wanted) in rows {
        assert_eq!(closed(said, &of, &forms, EN).as_deref(), wanted, "{said}");
    }
}

#[test]
fn full_dates_are_read() {
    let rows = [
        (EN, "2026-11-23", Some("2026-11-23")),
        (EN, "november 23 2026", Some("2026-11-23")),
        (EN, "the 23rd of November, 2026", Some("2026-11-23")),
        (EN, "november twenty third 2026", Some("2026-11-23")),
        (EN, "may fifth 2027", Some("2027-05-05")),
        (EN, "november 23", None),
        (EN, "february 31 2026", None),
        (ES, "23 de noviembre de 2026", Some("2026-11-23")),
        (ES, "veintitrés de noviembre de 2026", Some("2026-11-23")),
        (KO, "2026년 11월 23일", Some("2026-11-23")),
        (KO, "11월", None),
    ];
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        let found = read(&SlotType::Date { lean: Lean::Future }, said, language);
        wrong.note(found, wanted.map(|date| Value::Date(date.to_owned())), language, said);
    }
    wrong.none();
}

#[test]
fn names_lose_what_introduces_them() {
    let rows = [
        (EN, "my name is Mara Rivers", Some("Mara Rivers")),
        (EN, "Mara Rivers.", Some("Mara Rivers")),
        (EN, "it's Rivers", Some("Rivers")),
        (EN, "i would rather not tell you my name today", None),
        (ES, "me llamo Mara Ríos", Some("Mara Ríos")),
        (KO, "제 이름은 강나리입니다", Some("강나리")),
        (KO, "", None),
    ];
    let mut wrong = Wrong::default();
    for (language, said, wanted) in rows {
        let found = read(&SlotType::Name, said, language);
        wrong.note(found, wanted.map(Value::from), language, said);
    }
    wrong.none();
}

#[test]
fn the_floor_is_told_how_full_a_slot_is() {
    let code = Expect::Code { min: 6, max: 6 };
    let rows =
        [("k seven", 2), ("k seven m four", 4), ("k seven m four x two", 6), ("", 0), ("my code is", 0)];
    for (said, wanted) in rows {
        assert_eq!(filled(&code, said, EN), wanted, "{said}");
    }
    let pin = Expect::Digits { min: 4, max: 4 };
    assert_eq!(filled(&pin, "사팔", KO), 2);
    assert_eq!(filled(&pin, "cuatro ocho dos uno", ES), 4);
    assert_eq!(filled(&Expect::YesNo, "yes", EN), 1);
    assert_eq!(filled(&Expect::YesNo, "well", EN), 0);
    assert_eq!(filled(&Expect::Choice { options: 2 }, "the second one", EN), 1);
    assert_eq!(filled(&Expect::Choice { options: 2 }, "the fourth one", EN), 0);
    assert_eq!(filled(&Expect::Anything, "hello", EN), 0);
}

#[test]
fn codes_are_found_in_sentences_about_something_else() {
    let code = SlotType::Code { length: 6 };
    let none = BTreeMap::new();
    let found = |said| mentioned(&code, said, &none, EN);
    let wanted = Some(Value::Code("K7M4X2".to_owned()));
    assert_eq!(found("please rebook my flight the code is k seven m four x two thank you"), wanted);
    assert_eq!(found("my flight was cancelled K7M4X2"), wanted);
    assert_eq!(found("my flight was cancelled and i need a new one"), None);
    assert_eq!(found("i am calling to change something please help"), None);
    let flight = SlotType::Digits { length: 3 };
    assert_eq!(
        mentioned(&flight, "is flight two one two on time", &none, EN),
        Some(Value::Code("212".to_owned()))
    );
    assert_eq!(mentioned(&flight, "is my flight on time", &none, EN), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn junk_is_never_a_panic(
        junk in "\\PC{0,40}|([a-z가-힣0-9]{1,6} ){0,8}|((double|triple|forty|hundred|thousand|and|four|oh|k|as in|십|천|이|mil|y|doble) ){0,10}",
        length in 0_u8..40,
    ) {
        for language in lexicon::languages() {
            for slot in [SlotType::Code { length }, SlotType::Digits { length }, SlotType::YesNo, SlotType::Date { lean: Lean::Future }, SlotType::Name] {
                if let Some(Value::Code(text)) = read(&slot, &junk, language) {
                    prop_assert_eq!(text.chars().count(), usize::from(length));
                }
            }
            if let Some(number) = choice(&junk, &flights(), language) {
                prop_assert!((1..=2).contains(&number));
            }
            let _ = closed(&junk, &["a".to_owned()], &BTreeMap::new(), language);
            let _ = filled(&Expect::Code { min: 1, max: length }, &junk, language);
        }
    }

    #[test]
    fn amounts_and_times_are_read_from_junk_without_a_panic(
        junk in "\\PC{0,40}|((the|next|friday|in|two|weeks|3rd|at|half|past|four|of|may|dollars|1,5|12:30|@|dot|com|no|not|[,]) ){0,9}\
                 |((am|den|dritten|fünf|und|zwanzig|halb|drei|viertel|vor|acht|uhr|euro|hundert|nicht|3[.]|ß)[ ]?){0,9}\
                 |((다음|주|금요일|세|시|반|만|천|원|이|십|일|분|점|골뱅이)[ ]?){0,9}|[0-9.,:/-]{0,30}",
    ) {
        let now = Some(Clock::new(1_795_600_800_000, MonoTime::ZERO, chrono_tz::Tz::UTC).now(MonoTime::ZERO));
        let (bounds, lean) = (Bounds::default(), Lean::Past);
        let count = junk.split_whitespace().count();
        for language in lexicon::languages() {
            for slot in [
                SlotType::Date { lean },
                SlotType::DateTime { lean },
                SlotType::Duration { bounds },
                SlotType::Money { currency: Some("KRW".to_owned()), bounds },
                SlotType::Number { bounds },
                SlotType::Phone,
                SlotType::Email,
                SlotType::Name,
            ] {
                if let Some(taken) = value(&slot, &junk, language, now) {
                    prop_assert!(taken.heard.start < taken.heard.end && taken.heard.end <= count, "{taken:?}");
                }
            }
        }
    }
}
