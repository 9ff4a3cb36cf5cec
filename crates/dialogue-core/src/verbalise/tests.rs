//! Tables: facts and how they sound.

use proptest::prelude::*;

use super::*;

fn check(rows: &[(Value, [&str; 3])]) {
    for (value, wanted) in rows {
        for (language, wanted) in [Language::EN, Language::ES, Language::KO].into_iter().zip(wanted) {
            assert_eq!(spoken(value, language), *wanted, "{value:?} in {language}");
        }
    }
}

fn money(minor: i64, currency: &str) -> Value {
    Value::Money(Money { minor, currency: currency.to_owned() })
}

fn time(text: &str) -> Value {
    Value::Time(format!("2026-11-23T{text}"))
}

#[test]
fn money_is_spoken() {
    check(&[
        (money(15_000, "USD"), ["150 dollars", "150 dólares", "150달러"]),
        (money(100, "USD"), ["1 dollar", "un dólar", "1달러"]),
        (money(7_990, "USD"), ["79 dollars and 90 cents", "79 dólares con 90 centavos", "79달러 90센트"]),
        (money(101, "EUR"), ["1 euro and 1 cent", "un euro con un céntimo", "1유로 1센트"]),
        (money(50, "USD"), ["50 cents", "50 centavos", "50센트"]),
        (money(0, "USD"), ["0 dollars", "0 dólares", "0달러"]),
        (money(-500, "USD"), ["minus 5 dollars", "menos 5 dólares", "마이너스 5달러"]),
        (money(12_000, "KRW"), ["12000 won", "12000 wones", "12000원"]),
        (money(300, "XYZ"), ["3 XYZ", "3 XYZ", "3XYZ"]),
        (
            money(i64::MIN, "KRW"),
            [
                "minus 9223372036854775808 won",
                "menos 9223372036854775808 wones",
                "마이너스 9223372036854775808원",
            ],
        ),
    ]);
}

#[test]
fn times_are_spoken() {
    check(&[
        (time("10:15"), ["10:15 in the morning", "las diez y cuarto de la mañana", "오전 열 시 십오 분"]),
        (time("14:40"), ["2:40 in the afternoon", "las dos y cuarenta de la tarde", "오후 두 시 사십 분"]),
        (time("09:05"), ["9 oh 5 in the morning", "las nueve y cinco de la mañana", "오전 아홉 시 오 분"]),
        (time("13:30"), ["1:30 in the afternoon", "la una y media de la tarde", "오후 한 시 반"]),
        (time("12:00"), ["noon", "las doce del mediodía", "오후 열두 시"]),
        (time("00:00"), ["midnight", "las doce de la madrugada", "새벽 열두 시"]),
        (
            time("18:22"),
            ["6:22 in the evening", "las seis y veintidós de la tarde", "저녁 여섯 시 이십이 분"],
        ),
        (
            time("23:59"),
            ["11:59 at night", "las once y cincuenta y nueve de la noche", "밤 열한 시 오십구 분"],
        ),
        (time("20:00"), ["8 in the evening", "las ocho de la noche", "저녁 여덟 시"]),
        (Value::Time("later".into()), ["later", "later", "later"]),
    ]);
}

#[test]
fn dates_are_spoken() {
    check(&[
        (
            Value::Date("2026-11-23".into()),
            ["Monday, November 23", "lunes 23 de noviembre", "11월 23일 월요일"],
        ),
        (
            Value::Date("2028-02-29".into()),
            ["Tuesday, February 29", "martes 29 de febrero", "2월 29일 화요일"],
        ),
        (
            Value::Date("2027-01-01".into()),
            ["Friday, January 1", "viernes primero de enero", "1월 1일 금요일"],
        ),
        (Value::Date("soon".into()), ["soon", "soon", "soon"]),
    ]);
    assert_eq!(date_of(&time("10:15"), Language::EN), "Monday, November 23");
}

#[test]
fn codes_are_spoken_one_by_one_in_groups() {
    check(&[
        (Value::Code("K7M4X2".into()), ["K, 7, M; 4, X, 2"; 3]),
        (Value::Code("14C".into()), ["1, 4, C"; 3]),
        (Value::Code("4821".into()), ["4, 8, 2, 1"; 3]),
        (Value::Code("cw 318".into()), ["C, W, 3; 1, 8"; 3]),
        (Value::Code("1234567".into()), ["1, 2, 3, 4; 5, 6, 7"; 3]),
        (Value::Code(String::new()), [""; 3]),
    ]);
}

#[test]
fn lists_and_plain_facts_are_spoken() {
    let list = Value::List(vec!["a".into(), "b".into(), "c".into()]);
    check(&[
        (list, ["a, b and c", "a, b y c", "a, b, c"]),
        (Value::List(vec![]), [""; 3]),
        (Value::Int(3), ["3"; 3]),
        (Value::from("Seattle"), ["Seattle"; 3]),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_fact_is_spoken_without_a_panic(text in "\\PC{0,20}|[0-9:T-]{0,20}", minor: i64, currency in "[A-Z]{0,4}") {
        for language in [Language::EN, Language::ES, Language::KO] {
            for value in [Value::Time(text.clone()), Value::Date(text.clone()), Value::Code(text.clone()), money(minor, &currency)] {
                let _ = spoken(&value, language);
                let _ = date_of(&value, language);
            }
        }
    }

    #[test]
    fn every_time_of_day_has_forms(hour in 0_u32..24, minute in 0_u32..60) {
        for language in [Language::EN, Language::ES, Language::KO] {
            prop_assert!(time_forms(hour, minute, language).len() >= 3);
        }
    }
}
