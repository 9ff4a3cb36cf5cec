//! Spanish.

use callwright_model::Money;

use super::{Calendar, split};

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
const TENS: [&str; 6] = ["", "", "veinte", "treinta", "cuarenta", "cincuenta"];

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
    // "Un dólar", not "uno dólar", which is how a voice reads the figure.
    let whole_text = match (whole, one) {
        (1, "libra") => "una".to_owned(),
        (1, _) => "un".to_owned(),
        (_, _) => whole.to_string(),
    };
    let (small, cents_text) =
        if cents == 1 { (cent, "un".to_owned()) } else { (cents_name, cents.to_string()) };
    match (whole, cents) {
        (_, 0) => format!("{minus}{whole_text} {unit}"),
        (0, _) => format!("{minus}{cents_text} {small}"),
        (_, _) => format!("{minus}{whole_text} {unit} con {cents_text} {small}"),
    }
}

pub(super) fn date(date: Calendar) -> String {
    let day = if date.day == 1 { "primero".to_owned() } else { date.day.to_string() };
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

/// A number below sixty in words.
fn number(n: u32) -> String {
    match n {
        0..=29 => NUMBERS[n as usize].to_owned(),
        30..=59 if n.is_multiple_of(10) => TENS[n as usize / 10].to_owned(),
        30..=59 => format!("{} y {}", TENS[n as usize / 10], NUMBERS[n as usize % 10]),
        _ => n.to_string(),
    }
}
