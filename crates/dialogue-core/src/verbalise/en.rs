//! English.

use callwright_model::Money;

use super::{Calendar, Span, split};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

pub(super) fn money(money: &Money) -> String {
    let (whole, cents) = split(money);
    let (one, many, cent, cents_name) = match money.currency.as_str() {
        "USD" => ("dollar", "dollars", "cent", "cents"),
        "EUR" => ("euro", "euros", "cent", "cents"),
        "GBP" => ("pound", "pounds", "penny", "pence"),
        "KRW" => ("won", "won", "", ""),
        "JPY" => ("yen", "yen", "", ""),
        other => (other, other, "hundredth", "hundredths"),
    };
    let minus = if money.minor < 0 { "minus " } else { "" };
    let unit = if whole == 1 { one } else { many };
    let small = if cents == 1 { cent } else { cents_name };
    match (whole, cents) {
        (_, 0) => format!("{minus}{whole} {unit}"),
        (0, _) => format!("{minus}{cents} {small}"),
        (_, _) => format!("{minus}{whole} {unit} and {cents} {small}"),
    }
}

pub(super) fn date(date: Calendar) -> String {
    format!("{}, {} {}", DAYS[date.weekday as usize - 1], MONTHS[date.month as usize - 1], date.day)
}

pub(super) fn time(hour: u32, minute: u32) -> String {
    let part = match hour {
        0..=4 => "at night",
        5..=11 => "in the morning",
        12..=17 => "in the afternoon",
        18..=21 => "in the evening",
        _ => "at night",
    };
    match (hour, minute) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "noon".to_owned(),
        (_, 0) => format!("{} {part}", twelve(hour)),
        (_, 1..=9) => format!("{} oh {minute} {part}", twelve(hour)),
        (_, _) => format!("{}:{minute} {part}", twelve(hour)),
    }
}

pub(super) fn time_forms(hour: u32, minute: u32) -> Vec<String> {
    let h = number(twelve(hour));
    let next = number(twelve(hour + 1));
    let m = number(minute);
    let mut forms = vec![format!("{} {minute:02}", twelve(hour)), format!("{}{minute:02}", twelve(hour))];
    if hour > 12 {
        forms.extend([format!("{hour} {minute:02}"), format!("{} {m}", number(hour))]);
    }
    match minute {
        0 => forms.extend([format!("{h} oclock"), format!("at {h}")]),
        15 => forms.extend([format!("quarter past {h}"), format!("{h} fifteen")]),
        30 => forms.extend([format!("half past {h}"), format!("{h} thirty")]),
        45 => forms.extend([format!("quarter to {next}"), format!("{h} forty five")]),
        1..=9 => forms.extend([format!("{h} oh {m}"), format!("{h} o {m}"), format!("{m} past {h}")]),
        10..=29 => forms.extend([format!("{h} {m}"), format!("{m} past {h}")]),
        _ => forms.extend([format!("{h} {m}"), format!("{} to {next}", number(60 - minute))]),
    }
    forms
}

fn twelve(hour: u32) -> u32 {
    match hour % 12 {
        0 => 12,
        hour => hour,
    }
}

/// A number below sixty in words.
fn number(n: u32) -> String {
    cardinal(i64::from(n))
}

pub(super) fn cardinal(n: i64) -> String {
    let words = whole(n.unsigned_abs());
    if n < 0 { format!("minus {words}") } else { words }
}

fn whole(n: u64) -> String {
    let with = |large: u64, name: &str| {
        let head = format!("{} {name}", whole(n / large));
        if n.is_multiple_of(large) { head } else { format!("{head} {}", whole(n % large)) }
    };
    match n {
        0..=19 => ONES[n as usize].to_owned(),
        20..=99 if n.is_multiple_of(10) => TENS[n as usize / 10].to_owned(),
        20..=99 => format!("{} {}", TENS[n as usize / 10], ONES[n as usize % 10]),
        100..=999 => with(100, "hundred"),
        1_000..=999_999 => with(1_000, "thousand"),
        1_000_000..=999_999_999 => with(1_000_000, "million"),
        1_000_000_000..=999_999_999_999 => with(1_000_000_000, "billion"),
        _ => with(1_000_000_000_000, "trillion"),
    }
}

pub(super) fn ordinal(n: i64) -> String {
    let words = cardinal(n);
    let (head, last) = words.rsplit_once(' ').map_or(("", words.as_str()), |(head, last)| (head, last));
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", tens.trim_end_matches('y')),
        other => format!("{other}th"),
    };
    if head.is_empty() { last } else { format!("{head} {last}") }
}

pub(super) fn duration(parts: Span) -> String {
    let unit =
        |n: u64, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }));
    let units = [
        unit(parts.days, "day", "days"),
        unit(parts.hours, "hour", "hours"),
        unit(parts.minutes, "minute", "minutes"),
        unit(parts.seconds, "second", "seconds"),
    ];
    let units: Vec<String> = units.into_iter().flatten().collect();
    match units.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        Some((last, _)) => last.clone(),
        None => "0 minutes".to_owned(),
    }
}
