//! Korean.

use callwright_model::Money;

use super::{Calendar, split};

const DAYS: [&str; 7] = ["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"];
/// Hours are counted in native numbers, minutes in Sino-Korean ones.
const HOURS: [&str; 12] =
    ["열두", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "열한"];
const DIGITS: [&str; 10] = ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"];

pub(super) fn money(money: &Money) -> String {
    let (whole, cents) = split(money);
    let (unit, small) = match money.currency.as_str() {
        "USD" => ("달러", "센트"),
        "EUR" => ("유로", "센트"),
        "GBP" => ("파운드", "펜스"),
        "KRW" => ("원", ""),
        "JPY" => ("엔", ""),
        other => (other, ""),
    };
    let minus = if money.minor < 0 { "마이너스 " } else { "" };
    match (whole, cents) {
        (_, 0) => format!("{minus}{whole}{unit}"),
        (0, _) => format!("{minus}{cents}{small}"),
        (_, _) => format!("{minus}{whole}{unit} {cents}{small}"),
    }
}

pub(super) fn date(date: Calendar) -> String {
    format!("{}월 {}일 {}", date.month, date.day, DAYS[date.weekday as usize - 1])
}

pub(super) fn time(hour: u32, minute: u32) -> String {
    let part = match hour {
        0..=5 => "새벽",
        6..=11 => "오전",
        12..=17 => "오후",
        18..=20 => "저녁",
        _ => "밤",
    };
    match minute {
        0 => format!("{part} {} 시", HOURS[hour as usize % 12]),
        30 => format!("{part} {} 시 반", HOURS[hour as usize % 12]),
        _ => format!("{part} {} 시 {} 분", HOURS[hour as usize % 12], number(minute)),
    }
}

pub(super) fn time_forms(hour: u32, minute: u32) -> Vec<String> {
    let h = HOURS[hour as usize % 12];
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let m = number(minute);
    let mut forms =
        vec![format!("{twelve} {minute:02}"), format!("{twelve}시 {minute}분"), format!("{h}시 {minute}분")];
    if hour > 12 {
        forms.extend([
            format!("{hour} {minute:02}"),
            format!("{hour}시 {minute}분"),
            format!("{}시 {m}분", number(hour)),
        ]);
    }
    match minute {
        0 => forms.extend([format!("{h}시"), format!("{twelve}시")]),
        30 => forms.extend([format!("{h}시 반"), format!("{h}시 {m}분"), format!("{twelve}시 반")]),
        _ => forms.push(format!("{h}시 {m}분")),
    }
    forms
}

/// A number below a hundred in Sino-Korean words.
fn number(n: u32) -> String {
    let (tens, ones) = (n as usize / 10 % 10, n as usize % 10);
    let tens_word = match tens {
        0 => String::new(),
        1 => "십".to_owned(),
        _ => format!("{}십", DIGITS[tens]),
    };
    match (tens, ones) {
        (0, _) => DIGITS[ones].to_owned(),
        (_, 0) => tens_word,
        (_, _) => format!("{tens_word}{}", DIGITS[ones]),
    }
}
