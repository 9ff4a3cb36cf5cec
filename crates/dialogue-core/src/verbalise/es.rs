//! Spanish.

use callwright_model::Money;

use super::{Calendar, Span, split};

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const NUMBERS: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS: [&str; 10] =
    ["", "", "veinte", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const HUNDREDS: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const ORDINALS: [&str; 20] = [
    "primero",
    "segundo",
    "tercero",
    "cuarto",
    "quinto",
    "sexto",
    "séptimo",
    "octavo",
    "noveno",
    "décimo",
    "undécimo",
    "duodécimo",
    "decimotercero",
    "decimocuarto",
    "decimoquinto",
    "decimosexto",
    "decimoséptimo",
    "decimoctavo",
    "decimonoveno",
    "vigésimo",
];
/// Words that people spell with.
pub(super) const ALPHABET: [&str; 26] = [
    "Antonio",
    "Barcelona",
    "Carmen",
    "Dolores",
    "Enrique",
    "Francia",
    "Granada",
    "Historia",
    "Inés",
    "José",
    "kilo",
    "Lorenzo",
    "Madrid",
    "Navarra",
    "Oviedo",
    "París",
    "queso",
    "Ramón",
    "sábado",
    "Toledo",
    "Ulises",
    "Valencia",
    "Washington",
    "xilófono",
    "yegua",
    "Zaragoza",
];

pub(super) fn money(money: &Money) -> String {
    let (whole, cents) = split(money);
    let (one, many, cent, cents_name) = match money.currency.as_str() {
        "USD" => ("dólar", "dólares", "centavo", "centavos"),
        "EUR" => ("euro", "euros", "céntimo", "céntimos"),
        "GBP" => ("libra", "libras", "penique", "peniques"),
        "KRW" => ("won", "wones", "", ""),
        "JPY" => ("yen", "yenes", "", ""),
        other => (other, other, "centésimo", "centésimos"),
    };
    let minus = if money.minor < 0 { "menos " } else { "" };
    let unit = if whole == 1 { one } else { many };
    let gender = if one == "libra" { Gender::Feminine } else { Gender::Masculine };
    // "Un millón de euros", but "un millón cien euros".
    let of = if whole > 0 && whole.is_multiple_of(1_000_000) { "de " } else { "" };
    let whole_text = counted(whole, gender);
    let (small, cents_text) = (if cents == 1 { cent } else { cents_name }, counted(cents, Gender::Masculine));
    match (whole, cents) {
        (_, 0) => format!("{minus}{whole_text} {of}{unit}"),
        (0, _) => format!("{minus}{cents_text} {small}"),
        (_, _) => format!("{minus}{whole_text} {of}{unit} con {cents_text} {small}"),
    }
}

pub(super) fn date(date: Calendar) -> String {
    let day = if date.day == 1 { "primero".to_owned() } else { number(date.day) };
    format!("{} {day} de {}", DAYS[date.weekday as usize - 1], MONTHS[date.month as usize - 1])
}

/// With its article, as in "sale a las diez y cuarto de la mañana".
pub(super) fn time(hour: u32, minute: u32) -> String {
    let part = match hour {
        0..=5 => "de la madrugada",
        6..=11 => "de la mañana",
        12 => "del mediodía",
        13..=19 => "de la tarde",
        _ => "de la noche",
    };
    let minutes = match minute {
        0 => String::new(),
        15 => " y cuarto".to_owned(),
        30 => " y media".to_owned(),
        _ => format!(" y {}", number(minute)),
    };
    format!("{} {}{minutes} {part}", article(hour), hour_word(hour))
}

pub(super) fn time_forms(hour: u32, minute: u32) -> Vec<String> {
    let h = hour_word(hour);
    let next = hour_word(hour + 1);
    let m = number(minute);
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let mut forms = vec![
        format!("{twelve} {minute:02}"),
        format!("{twelve}{minute:02}"),
        format!("{h} y {m}"),
        format!("{h} {m}"),
    ];
    if hour > 12 {
        forms.extend([
            format!("{hour} {minute:02}"),
            format!("{} {m}", number(hour)),
            format!("{} y {m}", number(hour)),
        ]);
    }
    match minute {
        0 => forms.extend([format!("{} {h}", article(hour)), format!("{h} en punto")]),
        15 => forms.push(format!("{h} y cuarto")),
        30 => forms.push(format!("{h} y media")),
        45 => forms.push(format!("{next} menos cuarto")),
        _ => {}
    }
    if minute > 30 {
        forms.push(format!("{next} menos {}", number(60 - minute)));
    }
    forms
}

fn article(hour: u32) -> &'static str {
    if hour % 12 == 1 { "la" } else { "las" }
}

fn hour_word(hour: u32) -> &'static str {
    match hour % 12 {
        0 => "doce",
        1 => "una",
        hour => NUMBERS[hour as usize],
    }
}

/// A number in words, as one counts.
fn number(n: u32) -> String {
    cardinal(i64::from(n))
}

pub(super) fn cardinal(n: i64) -> String {
    let words = words(n.unsigned_abs(), Gender::Alone);
    if n < 0 { format!("menos {words}") } else { words }
}

/// What a number stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gender {
    /// Nothing: "veintiuno".
    Alone,
    /// "Veintiún euros".
    Masculine,
    /// "Veintiuna libras".
    Feminine,
}

/// A number before what it counts.
fn counted(n: u64, gender: Gender) -> String {
    words(n, gender)
}

fn words(n: u64, gender: Gender) -> String {
    let join =
        |head: String, rest: u64| if rest == 0 { head } else { format!("{head} {}", words(rest, gender)) };
    let million = |large: u64, one: &str, many: &str| {
        let (count, rest) = (n / large, n % large);
        let head = if count == 1 {
            format!("un {one}")
        } else {
            format!("{} {many}", words(count, Gender::Masculine))
        };
        join(head, rest)
    };
    match n {
        1 if gender == Gender::Masculine => "un".to_owned(),
        1 if gender == Gender::Feminine => "una".to_owned(),
        21 if gender == Gender::Masculine => "veintiún".to_owned(),
        21 if gender == Gender::Feminine => "veintiuna".to_owned(),
        0..=29 => NUMBERS[n as usize].to_owned(),
        30..=99 if n.is_multiple_of(10) => TENS[n as usize / 10].to_owned(),
        30..=99 => format!("{} y {}", TENS[n as usize / 10], words(n % 10, gender)),
        100 => "cien".to_owned(),
        101..=999 => {
            let hundreds = HUNDREDS[n as usize / 100];
            let feminine = gender == Gender::Feminine && n >= 200;
            let head = if feminine { hundreds.replace("ientos", "ientas") } else { hundreds.to_owned() };
            join(head, n % 100)
        }
        1_000..=1_999 => join("mil".to_owned(), n % 1_000),
        2_000..=999_999 => {
            let before = if gender == Gender::Feminine { gender } else { Gender::Masculine };
            join(format!("{} mil", words(n / 1_000, before)), n % 1_000)
        }
        1_000_000..=999_999_999_999 => million(1_000_000, "millón", "millones"),
        1_000_000_000_000..=999_999_999_999_999_999 => million(1_000_000_000_000, "billón", "billones"),
        _ => million(1_000_000_000_000_000_000, "trillón", "trillones"),
    }
}

/// "Tercero"; above the twentieth nobody says them, so the number follows its noun: "número veintiuno".
pub(super) fn ordinal(n: i64) -> String {
    let place = usize::try_from(n).ok().and_then(|n| n.checked_sub(1));
    match place.and_then(|place| ORDINALS.get(place)) {
        Some(word) => (*word).to_owned(),
        None => format!("número {}", cardinal(n)),
    }
}

pub(super) fn duration(parts: Span) -> String {
    let unit = |n: u64, gender: Gender, one: &str, many: &str| {
        (n > 0).then(|| format!("{} {}", counted(n, gender), if n == 1 { one } else { many }))
    };
    let units = [
        unit(parts.days, Gender::Masculine, "día", "días"),
        unit(parts.hours, Gender::Feminine, "hora", "horas"),
        unit(parts.minutes, Gender::Masculine, "minuto", "minutos"),
        unit(parts.seconds, Gender::Masculine, "segundo", "segundos"),
    ];
    let units: Vec<String> = units.into_iter().flatten().collect();
    match units.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} y {last}", before.join(", ")),
        Some((last, _)) => last.clone(),
        None => "cero minutos".to_owned(),
    }
}

/// A letter as a voice reads it. A lone Y would be read as "and".
pub(super) fn letter(c: char) -> String {
    if c == 'Y' { "i griega".to_owned() } else { c.to_string() }
}
