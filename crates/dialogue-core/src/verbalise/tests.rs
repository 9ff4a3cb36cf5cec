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
        (money(15_000, "USD"), ["150 dollars", "ciento cincuenta dólares", "백오십 달러"]),
        (money(100, "USD"), ["1 dollar", "un dólar", "일 달러"]),
        (
            money(7_990, "USD"),
            [
                "79 dollars and 90 cents",
                "setenta y nueve dólares con noventa centavos",
                "칠십구 달러 구십 센트",
            ],
        ),
        (money(101, "EUR"), ["1 euro and 1 cent", "un euro con un céntimo", "일 유로 일 센트"]),
        (money(50, "USD"), ["50 cents", "cincuenta centavos", "오십 센트"]),
        (money(0, "USD"), ["0 dollars", "cero dólares", "영 달러"]),
        (money(-500, "USD"), ["minus 5 dollars", "menos cinco dólares", "마이너스 오 달러"]),
        (money(12_000, "KRW"), ["12000 won", "doce mil wones", "만 이천 원"]),
        (money(2_100, "EUR"), ["21 euros", "veintiún euros", "이십일 유로"]),
        (money(20_100, "GBP"), ["201 pounds", "doscientas una libras", "이백일 파운드"]),
        (money(100, "GBP"), ["1 pound", "una libra", "일 파운드"]),
        (
            money(1_005, "GBP"),
            ["10 pounds and 5 pence", "diez libras con cinco peniques", "십 파운드 오 펜스"],
        ),
        (money(350_000, "KRW"), ["350000 won", "trescientos cincuenta mil wones", "삼십오만 원"]),
        (money(980, "JPY"), ["980 yen", "novecientos ochenta yenes", "구백팔십 엔"]),
        (money(100_000_000, "EUR"), ["1000000 euros", "un millón de euros", "백만 유로"]),
        (money(300, "XYZ"), ["3 XYZ", "tres XYZ", "삼 XYZ"]),
        (
            money(i64::MIN, "KRW"),
            [
                "minus 9223372036854775808 won",
                "menos nueve trillones doscientos veintitrés mil trescientos setenta y dos billones treinta y seis mil \
                 ochocientos cincuenta y cuatro millones setecientos setenta y cinco mil ochocientos ocho wones",
                "마이너스 구백이십이경 삼천삼백칠십이조 삼백육십팔억 오천사백칠십칠만 오천팔백팔 원",
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
        (
            time("06:45"),
            ["6:45 in the morning", "las seis y cuarenta y cinco de la mañana", "오전 여섯 시 사십오 분"],
        ),
        (time("03:10"), ["3:10 at night", "las tres y diez de la madrugada", "새벽 세 시 십 분"]),
        (Value::Time("later".into()), ["later", "later", "later"]),
    ]);
}

#[test]
fn dates_are_spoken() {
    let date = |text: &str| Value::Date(text.to_owned());
    check(&[
        (
            date("2026-11-23"),
            ["Monday, November 23", "lunes veintitrés de noviembre", "십일월 이십삼일 월요일"],
        ),
        (
            date("2028-02-29"),
            ["Tuesday, February 29", "martes veintinueve de febrero", "이월 이십구일 화요일"],
        ),
        (date("2027-01-01"), ["Friday, January 1", "viernes primero de enero", "일월 일일 금요일"]),
        (date("2026-06-06"), ["Saturday, June 6", "sábado seis de junio", "유월 육일 토요일"]),
        (
            date("2026-10-31"),
            ["Saturday, October 31", "sábado treinta y uno de octubre", "시월 삼십일일 토요일"],
        ),
        (date("2026-12-20"), ["Sunday, December 20", "domingo veinte de diciembre", "십이월 이십일 일요일"]),
        (date("soon"), ["soon", "soon", "soon"]),
    ]);
    assert_eq!(date_of(&time("10:15"), Language::EN), "Monday, November 23");
}

#[test]
fn codes_are_spoken_in_groups() {
    let code = |text: &str| Value::Code(text.to_owned());
    check(&[
        (code("K7M4X2"), ["K 7 M, 4 X 2", "K siete M, cuatro X dos", "케이 칠 엠, 사 엑스 이"]),
        (code("11A"), ["11 A", "once A", "십일 에이"]),
        (code("14C"), ["14 C", "catorce C", "십사 씨"]),
        (code("2f"), ["2 F", "dos F", "이 에프"]),
        (code("101K"), ["101 K", "ciento uno K", "백일 케이"]),
        (code("07B"), ["0 7 B", "cero siete B", "공 칠 비"]),
        (code("B12"), ["B 12", "B doce", "비 십이"]),
        (code("A3"), ["A 3", "A tres", "에이 삼"]),
        (code("4821"), ["4 8, 2 1", "cuatro ocho, dos uno", "사 팔, 이 일"]),
        (code("212"), ["2 1 2", "dos uno dos", "이 일 이"]),
        (code("cw 318"), ["C W, 3 1 8", "C W, tres uno ocho", "씨 더블유, 삼 일 팔"]),
        (code("CW318"), ["C W, 3 1 8", "C W, tres uno ocho", "씨 더블유, 삼 일 팔"]),
        (code("RT55"), ["R T, 5 5", "R T, cinco cinco", "알 티, 오 오"]),
        (code("804215"), ["8 0 4, 2 1 5", "ocho cero cuatro, dos uno cinco", "팔 공 사, 이 일 오"]),
        (
            code("1234567"),
            ["1 2 3, 4 5, 6 7", "uno dos tres, cuatro cinco, seis siete", "일 이 삼, 사 오, 육 칠"],
        ),
        (
            code("12345678"),
            ["1 2 3, 4 5 6, 7 8", "uno dos tres, cuatro cinco seis, siete ocho", "일 이 삼, 사 오 육, 칠 팔"],
        ),
        (code("Y9-Z0"), ["Y 9, Z 0", "i griega nueve, Z cero", "와이 구, 제트 공"]),
        (code("X"), ["X", "X", "엑스"]),
        (code(""), [""; 3]),
    ]);
}

/// What a sentence asks for by a suffix.
fn table(say: impl Fn(&str, Language) -> String, rows: &[(&str, [&str; 3])]) {
    for (given, wanted) in rows {
        for (language, wanted) in [Language::EN, Language::ES, Language::KO].into_iter().zip(wanted) {
            assert_eq!(say(given, language), *wanted, "{given} in {language}");
        }
    }
}

#[test]
fn numbers_are_written_out() {
    table(
        |n, language| cardinal(n.parse().expect("a number"), language),
        &[
            ("0", ["zero", "cero", "영"]),
            ("1", ["one", "uno", "일"]),
            ("10", ["ten", "diez", "십"]),
            ("16", ["sixteen", "dieciséis", "십육"]),
            ("21", ["twenty one", "veintiuno", "이십일"]),
            ("31", ["thirty one", "treinta y uno", "삼십일"]),
            ("99", ["ninety nine", "noventa y nueve", "구십구"]),
            ("100", ["one hundred", "cien", "백"]),
            ("101", ["one hundred one", "ciento uno", "백일"]),
            ("555", ["five hundred fifty five", "quinientos cincuenta y cinco", "오백오십오"]),
            ("700", ["seven hundred", "setecientos", "칠백"]),
            ("1000", ["one thousand", "mil", "천"]),
            ("1100", ["one thousand one hundred", "mil cien", "천백"]),
            ("9808", ["nine thousand eight hundred eight", "nueve mil ochocientos ocho", "구천팔백팔"]),
            ("10000", ["ten thousand", "diez mil", "만"]),
            ("21000", ["twenty one thousand", "veintiún mil", "이만 천"]),
            ("110000", ["one hundred ten thousand", "ciento diez mil", "십일만"]),
            ("1000000", ["one million", "un millón", "백만"]),
            ("2000001", ["two million one", "dos millones uno", "이백만 일"]),
            ("100000000", ["one hundred million", "cien millones", "일억"]),
            ("-7", ["minus seven", "menos siete", "마이너스 칠"]),
        ],
    );
}

#[test]
fn places_in_an_order_are_written_out() {
    table(
        |n, language| ordinal(n.parse().expect("a number"), language),
        &[
            ("1", ["first", "primero", "첫 번째"]),
            ("2", ["second", "segundo", "두 번째"]),
            ("3", ["third", "tercero", "세 번째"]),
            ("5", ["fifth", "quinto", "다섯 번째"]),
            ("8", ["eighth", "octavo", "여덟 번째"]),
            ("9", ["ninth", "noveno", "아홉 번째"]),
            ("11", ["eleventh", "undécimo", "열한 번째"]),
            ("12", ["twelfth", "duodécimo", "열두 번째"]),
            ("20", ["twentieth", "vigésimo", "스무 번째"]),
            ("21", ["twenty first", "número veintiuno", "스물한 번째"]),
            ("40", ["fortieth", "número cuarenta", "마흔 번째"]),
            ("100", ["one hundredth", "número cien", "백 번째"]),
        ],
    );
}

#[test]
fn lengths_of_time_are_spoken() {
    table(
        |text, language| {
            let value = text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Int);
            duration(&value, language).unwrap_or_default()
        },
        &[
            ("0", ["0 minutes", "cero minutos", "영 분"]),
            ("1", ["1 minute", "un minuto", "일 분"]),
            ("45", ["45 minutes", "cuarenta y cinco minutos", "사십오 분"]),
            ("60", ["1 hour", "una hora", "한 시간"]),
            ("135", ["2 hours and 15 minutes", "dos horas y quince minutos", "두 시간 십오 분"]),
            ("1260", ["21 hours", "veintiuna horas", "스물한 시간"]),
            ("1501", ["1 day, 1 hour and 1 minute", "un día, una hora y un minuto", "일 일 한 시간 일 분"]),
            ("PT2H15M", ["2 hours and 15 minutes", "dos horas y quince minutos", "두 시간 십오 분"]),
            ("PT30S", ["30 seconds", "treinta segundos", "삼십 초"]),
            ("P3D", ["3 days", "tres días", "삼 일"]),
            ("PT", [""; 3]),
            ("2 hours", [""; 3]),
        ],
    );
}

#[test]
fn telephone_numbers_are_spoken_in_groups() {
    table(
        phone,
        &[
            (
                "+1 555 0100",
                [
                    "plus 1, 5 5 5, 0 1 0 0",
                    "más uno, cinco cinco cinco, cero uno cero cero",
                    "플러스 일, 오 오 오, 공 일 공 공",
                ],
            ),
            (
                "(206) 555-0142",
                [
                    "2 0 6, 5 5 5, 0 1 4 2",
                    "dos cero seis, cinco cinco cinco, cero uno cuatro dos",
                    "이 공 육, 오 오 오, 공 일 사 이",
                ],
            ),
            (
                "01012345678",
                [
                    "0 1 0, 1 2 3, 4 5 6, 7 8",
                    "cero uno cero, uno dos tres, cuatro cinco seis, siete ocho",
                    "공 일 공, 일 이 삼 사, 오 육 칠 팔",
                ],
            ),
            (
                "12065550142",
                [
                    "1, 2 0 6, 5 5 5, 0 1 4 2",
                    "uno, dos cero seis, cinco cinco cinco, cero uno cuatro dos",
                    "일 이 공, 육 오 오 오, 공 일 사 이",
                ],
            ),
            (
                "912345678",
                [
                    "9 1 2, 3 4 5, 6 7 8",
                    "nueve uno dos, tres cuatro cinco, seis siete ocho",
                    "구 일 이, 삼 사 오, 육 칠 팔",
                ],
            ),
            ("112", ["1 1 2", "uno uno dos", "일 일 이"]),
        ],
    );
}

#[test]
fn codes_are_spelled_with_words() {
    table(
        spelled,
        &[
            (
                "K7M4X2",
                [
                    "kilo, seven, mike, four, x-ray, two",
                    "K de kilo, siete, M de Madrid, cuatro, X de xilófono, dos",
                    "킬로 할 때 케이, 칠, 마이크 할 때 엠, 사, 엑스레이 할 때 엑스, 이",
                ],
            ),
            ("b-0", ["bravo, zero", "B de Barcelona, cero", "브라보 할 때 비, 공"]),
            (
                "YW",
                [
                    "yankee, whiskey",
                    "i griega de yegua, W de Washington",
                    "양키 할 때 와이, 위스키 할 때 더블유",
                ],
            ),
            ("Ñ1", ["Ñ, one", "Ñ, uno", "Ñ, 일"]),
            ("", [""; 3]),
        ],
    );
}

#[test]
fn names_are_spoken_as_people_say_them() {
    for (kept, said) in [
        ("GARCIA/MARIA MRS", "Maria Garcia"),
        ("KIM/MIN-SEO", "Min-Seo Kim"),
        ("O'NEIL/ANN", "Ann O'Neil"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("ÁLVAREZ", "Álvarez"),
        ("van der Berg", "van der Berg"),
        ("김민서", "김민서"),
        ("J. R. SMITH", "J. R. Smith"),
        ("", ""),
    ] {
        assert_eq!(name(kept), said);
    }
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
                let _ = duration(&value, language);
            }
            let _ = (phone(&text, language), spelled(&text, language), name(&text));
            let _ = (cardinal(minor, language), ordinal(minor, language));
        }
    }

    /// A group of one sounds like an afterthought, and nobody writes down four.
    #[test]
    fn a_code_is_cut_into_twos_and_threes_and_none_of_it_is_lost(code in "[A-Z0-9]{4,14}") {
        let said = spoken(&Value::Code(code.clone()), Language::EN);
        let groups: Vec<usize> = said.split(", ").map(|group| group.split(' ').count()).collect();
        prop_assert_eq!(said.replace([' ', ','], ""), code);
        prop_assert!(groups.iter().all(|size| (2..=3).contains(size)), "{}", said);
    }

    #[test]
    fn every_time_of_day_has_forms(hour in 0_u32..24, minute in 0_u32..60) {
        for language in [Language::EN, Language::ES, Language::KO] {
            prop_assert!(time_forms(hour, minute, language).len() >= 3);
        }
    }
}

#[test]
fn codes_are_written_in_one_piece() {
    for code in ["K7M4X2", "CW318", "4C", "804215", "CA1234567"] {
        let sentence = format!("Your code is {}.", spoken(&Value::Code(code.to_owned()), Language::EN));
        assert_eq!(written(&sentence), format!("Your code is {code}."));
    }
    let plain = "Say 1, 2 or 3; A, or in Seattle, WA, on June 4, 10:15. 네, 좋아요.";
    assert_eq!(written(plain), plain);
}

proptest! {
    #[test]
    fn whatever_is_written_keeps_its_letters(text in "[A-C1-3,; a-c네]{0,40}") {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(letters(&written(&text)), letters(&text));
    }
}
