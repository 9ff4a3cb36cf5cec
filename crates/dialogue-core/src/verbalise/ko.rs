//! Korean.

use callwright_model::Money;

use super::{Calendar, Span, split};

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
    let (whole_text, cents_text) = (sino(whole), sino(cents));
    match (whole, cents) {
        (_, 0) => format!("{minus}{whole_text} {unit}"),
        (0, _) => format!("{minus}{cents_text} {small}"),
        (_, _) => format!("{minus}{whole_text} {unit} {cents_text} {small}"),
    }
}

pub(super) fn date(date: Calendar) -> String {
    // June and October lose a sound.
    let month = match date.month {
        6 => "유".to_owned(),
        10 => "시".to_owned(),
        month => sino(u64::from(month)),
    };
    format!("{month}월 {}일 {}", sino(u64::from(date.day)), DAYS[date.weekday as usize - 1])
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

/// A number in Sino-Korean words.
fn number(n: u32) -> String {
    sino(u64::from(n))
}

pub(super) fn cardinal(n: i64) -> String {
    let words = sino(n.unsigned_abs());
    if n < 0 { format!("마이너스 {words}") } else { words }
}

/// Sino-Korean: counted in ten thousands, a one before ten, hundred and thousand is not said.
fn sino(n: u64) -> String {
    if n == 0 {
        return DIGITS[0].to_owned();
    }
    let mut groups = Vec::new();
    let mut rest = n;
    for name in ["", "만", "억", "조", "경"] {
        let group = rest % 10_000;
        rest /= 10_000;
        match (group, name) {
            (0, _) => {}
            (1, "만") => groups.push(name.to_owned()),
            (_, _) => groups.push(format!("{}{name}", below_ten_thousand(group as usize))),
        }
    }
    groups.reverse();
    groups.join(" ")
}

fn below_ten_thousand(n: usize) -> String {
    let places = [(1_000, "천"), (100, "백"), (10, "십"), (1, "")];
    let mut words = String::new();
    for (value, name) in places {
        let digit = n / value % 10;
        if digit > 1 || (digit == 1 && value == 1) {
            words.push_str(DIGITS[digit]);
        }
        if digit > 0 {
            words.push_str(name);
        }
    }
    words
}

/// "세 번째". Places are counted in native numbers as far as those go.
pub(super) fn ordinal(n: i64) -> String {
    match n {
        1 => "첫 번째".to_owned(),
        2..=99 => format!("{} 번째", native(n as usize)),
        _ => format!("{} 번째", cardinal(n)),
    }
}

/// A native number below a hundred, as it stands before what it counts.
fn native(n: usize) -> String {
    const ONES: [&str; 10] = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"];
    const TENS: [&str; 10] = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"];
    if n == 20 {
        return "스무".to_owned();
    }
    format!("{}{}", TENS[n / 10 % 10], ONES[n % 10])
}

pub(super) fn duration(parts: Span) -> String {
    let hours = usize::try_from(parts.hours).unwrap_or(0);
    let units = [
        (parts.days > 0).then(|| format!("{} 일", sino(parts.days))),
        (hours > 0).then(|| format!("{} 시간", native(hours))),
        (parts.minutes > 0).then(|| format!("{} 분", sino(parts.minutes))),
        (parts.seconds > 0).then(|| format!("{} 초", sino(parts.seconds))),
    ];
    let units: Vec<String> = units.into_iter().flatten().collect();
    if units.is_empty() { "영 분".to_owned() } else { units.join(" ") }
}

/// A letter by its name.
pub(super) fn letter(c: char) -> String {
    let place = c.is_ascii_uppercase().then(|| c as usize - 'A' as usize);
    place.map_or_else(|| c.to_string(), |place| LETTERS[place].to_owned())
}

const LETTERS: [&str; 26] = [
    "에이",
    "비",
    "씨",
    "디",
    "이",
    "에프",
    "지",
    "에이치",
    "아이",
    "제이",
    "케이",
    "엘",
    "엠",
    "엔",
    "오",
    "피",
    "큐",
    "알",
    "에스",
    "티",
    "유",
    "브이",
    "더블유",
    "엑스",
    "와이",
    "제트",
];

/// The spelling alphabet of aviation in Korean letters.
pub(super) const ALPHABET: [&str; 26] = [
    "알파",
    "브라보",
    "찰리",
    "델타",
    "에코",
    "폭스트롯",
    "골프",
    "호텔",
    "인디아",
    "줄리엣",
    "킬로",
    "리마",
    "마이크",
    "노벰버",
    "오스카",
    "파파",
    "퀘벡",
    "로미오",
    "시에라",
    "탱고",
    "유니폼",
    "빅터",
    "위스키",
    "엑스레이",
    "양키",
    "줄루",
];
