//! Numbers as trunks write them, and as we keep them: E.164 with a plus.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Which numbers: one number, or a begin with `*` for all that follow it. `+4930*`, `112`, `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberPattern {
    begin: String,
    open: bool,
}

/// Why a text is not a [`NumberPattern`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a number pattern: write digits after an optional `+`, with `*` at the end for all that begin so, such as `+49*`"
)]
pub struct NumberPatternError(String);

impl NumberPattern {
    /// How exactly it names a number, or `None` when it does not. What names more digits wins, and a whole number over a begin.
    #[must_use]
    pub fn fit(&self, number: &str) -> Option<usize> {
        let fits = if self.open { number.starts_with(&self.begin) } else { number == self.begin };
        fits.then_some(self.begin.len() * 2 + usize::from(!self.open))
    }
}

impl FromStr for NumberPattern {
    type Err = NumberPatternError;

    fn from_str(text: &str) -> Result<Self, NumberPatternError> {
        let (begin, open) = match text.strip_suffix('*') {
            Some(begin) => (begin, true),
            None => (text, false),
        };
        let digits = begin.strip_prefix('+').unwrap_or(begin);
        let readable = digits.bytes().all(|digit| digit.is_ascii_digit()) && begin.len() <= NUMBER_MAX;
        if !readable || (digits.is_empty() && !open) {
            return Err(NumberPatternError(text.to_owned()));
        }
        Ok(Self { begin: begin.to_owned(), open })
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.begin, if self.open { "*" } else { "" })
    }
}

/// How a trunk writes numbers that are not E.164 already. Empty fields mean that it has no such form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberPlan {
    /// Digits of the trunk's own country, such as `49`.
    pub country_code: String,
    /// What stands before a country code where no plus does, such as `00`, or `011` in North America.
    pub international_prefix: String,
    /// What stands before a number inside the country, such as `0`.
    pub national_prefix: String,
}

impl NumberPlan {
    /// A number as E.164 with a plus, where the plan tells what it means; else as it is, without spaces, dots, dashes and
    /// brackets. Names of users are left alone.
    #[must_use]
    pub fn to_e164(&self, written: &str) -> String {
        if !is_number(written) {
            return written.to_owned();
        }
        let dialled = without_separators(written);
        if dialled.starts_with('+') {
            return dialled;
        }
        let after = |prefix: &str| dialled.strip_prefix(prefix).filter(|_| !prefix.is_empty());
        if let Some(rest) = after(&self.international_prefix) {
            return format!("+{rest}");
        }
        if self.country_code.is_empty() {
            return dialled;
        }
        match after(&self.national_prefix) {
            Some(rest) => format!("+{}{rest}", self.country_code),
            // Some carriers leave out the plus, and nothing else.
            None if dialled.starts_with(&self.country_code) && dialled.len() >= WHOLE_NUMBER => {
                format!("+{dialled}")
            }
            // Where national numbers have no prefix, a long one is a whole one; what is short is an extension or a service.
            None if self.national_prefix.is_empty() && dialled.len() >= WHOLE_NUMBER => {
                format!("+{}{dialled}", self.country_code)
            }
            None => dialled,
        }
    }
}

/// Whether a text is a number as people or trunks write one, and not a name.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let text = text.trim();
    let rest = text.strip_prefix('+').unwrap_or(text);
    text.len() <= NUMBER_MAX
        && rest.bytes().any(|c| c.is_ascii_digit())
        && rest.bytes().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c))
}

/// The number that an address asks for: a bare one, or that of a `tel:` URI without its parameters (RFC 3966). What has no digits is
/// none.
#[must_use]
pub fn dialled(address: &str) -> Option<String> {
    let scheme = address.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    let number = match scheme {
        Some(scheme) => address[scheme.len()..].split(';').next().unwrap_or_default(),
        None => address,
    };
    is_number(number).then(|| without_separators(number))
}

/// The digits, with the plus.
pub(super) fn without_separators(number: &str) -> String {
    number.trim().chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// RFC 3966, 5.1.1: they mean nothing. People put spaces too.
const SEPARATORS: &[u8] = b" -.()";
/// E.164 has 15 digits; prefixes, separators and a plus need some room.
const NUMBER_MAX: usize = 32;
/// The shortest whole number with its country has more digits than any extension or service number that trunks carry.
const WHOLE_NUMBER: usize = 9;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_numbers_and_the_closer_one_fits_better() {
        let fit = |pattern: &str, number: &str| pattern.parse::<NumberPattern>().expect(pattern).fit(number);
        for (pattern, number, fits) in [
            ("+49*", "+4930123456", true),
            ("+49*", "+48221", false),
            ("+49*", "+49", true),
            ("*", "+4930123456", true),
            ("*", "110", true),
            ("112", "112", true),
            ("112", "1120", false),
            ("+*", "112", false),
            ("49*", "+4930", false),
        ] {
            assert_eq!(fit(pattern, number).is_some(), fits, "{pattern} {number}");
        }
        let number = "+4930123456";
        let order = ["*", "+*", "+49*", "+4930*", "+4930123456*", "+4930123456"];
        let fits: Vec<_> = order.iter().map(|pattern| fit(pattern, number)).collect();
        assert!(fits.is_sorted() && fits.iter().all(Option::is_some), "{fits:?}");
        for bad in ["", "+", "+49x*", "4*9", "**", "sip:x", "+49 30", &"1".repeat(40)] {
            assert!(bad.parse::<NumberPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_trunk_writes_becomes_e164() {
        let plan = |country: &str, international: &str, national: &str| NumberPlan {
            country_code: country.to_owned(),
            international_prefix: international.to_owned(),
            national_prefix: national.to_owned(),
        };
        let (german, american, none) = (plan("49", "00", "0"), plan("1", "011", ""), NumberPlan::default());
        for (plan, written, expected) in [
            (&german, "+49 (30) 123-456", "+4930123456"),
            (&german, "004930123456", "+4930123456"),
            (&german, "030123456", "+4930123456"),
            (&german, "4930123456", "+4930123456"),
            (&german, "112", "112"),
            (&german, "anonymous", "anonymous"),
            (&german, "desk 7", "desk 7"),
            (&american, "2125550100", "+12125550100"),
            (&american, "12125550100", "+12125550100"),
            (&american, "01149301234567", "+49301234567"),
            (&american, "911", "911"),
            (&none, "030123456", "030123456"),
            (&none, "+12125550100", "+12125550100"),
            (&none, "", ""),
        ] {
            assert_eq!(plan.to_e164(written), expected, "{written}");
        }
    }

    #[test]
    fn numbers_are_found_bare_and_in_tel_uris() {
        for (address, expected) in [
            ("+49 30 123-456", Some("+4930123456")),
            ("112", Some("112")),
            ("tel:+49(30)123456", Some("+4930123456")),
            ("TEL:7042;phone-context=example.com", Some("7042")),
            ("tel:", None),
            ("tel:+", None),
            ("tel:anna", None),
            ("sip:+4930@example.com", None),
            ("user:anna", None),
            ("", None),
            ("\u{e9}t\u{e9}1", None),
        ] {
            assert_eq!(dialled(address).as_deref(), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_stays_itself_once_it_is_e164(written in "[+0-9 ().a-z-]{0,40}", country in "[0-9]{0,3}", national in "0?") {
            let plan = NumberPlan { country_code: country, international_prefix: "00".to_owned(), national_prefix: national };
            let once = plan.to_e164(&written);
            if once.starts_with('+') {
                prop_assert_eq!(plan.to_e164(&once), once);
            }
        }
    }
}
