//! Keys that are told in signalling (INFO) instead of in the media.

use std::time::Duration;

/// The key in the body of an INFO: `Signal=5`, `Duration=160`, or the bare digit.
pub(crate) fn pressed(body: &str) -> Option<(char, Duration)> {
    let mut signal = None;
    let mut milliseconds = None;
    for line in body.lines() {
        match line.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("signal") => signal = Some(value.trim()),
            Some((name, value)) if name.trim().eq_ignore_ascii_case("duration") => {
                milliseconds = value.trim().parse::<u32>().ok();
            }
            Some(_) => {}
            None => signal = signal.or_else(|| Some(line.trim()).filter(|line| !line.is_empty())),
        }
    }
    let digit = match signal? {
        "10" => '*',
        "11" => '#',
        signal => {
            let mut characters = signal.chars();
            let (Some(digit), None) = (characters.next(), characters.next()) else { return None };
            digit.to_ascii_uppercase()
        }
    };
    let known = matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D');
    let milliseconds = milliseconds.unwrap_or(PRESS_MS).min(PRESS_MS_MAX);
    known.then(|| (digit, Duration::from_millis(milliseconds.into())))
}

/// What telephones send when they do not say how long: the usual length of a tone.
const PRESS_MS: u32 = 160;
/// Nobody keeps a key down longer on purpose.
const PRESS_MS_MAX: u32 = 10_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read_in_every_dress() {
        for (body, expected) in [
            ("Signal=5\r\nDuration=250\r\n", Some(('5', 250))),
            ("signal = a\nduration = 90", Some(('A', 90))),
            ("Duration=99999999\r\nSignal=11", Some(('#', 10_000))),
            ("Signal=10\r\nDuration=x", Some(('*', 160))),
            ("7", Some(('7', 160))),
            ("Signal=12", None),
            ("Signal=", None),
            ("Signal=E", None),
            ("", None),
        ] {
            let read = pressed(body).map(|(digit, length)| (digit, length.as_millis()));
            assert_eq!(read, expected, "{body:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_is_no_key_and_no_panic(body in "\\PC{0,60}", signal in "[sS]ignal ?=? ?[ -~]{0,4}") {
            for text in [body.clone(), format!("{signal}\r\n{body}")] {
                if let Some((digit, length)) = pressed(&text) {
                    prop_assert!("0123456789*#ABCD".contains(digit));
                    prop_assert!(length <= Duration::from_secs(10));
                }
            }
        }
    }
}
