//! Numbers in words, by rules that a language brings as data.
//!
//! A rule is `base: body` or `base/radix: body` and holds for numbers from its base up to that of the next one; `-x: body` is for those
//! below zero. With the rule's divisor, the largest power of its radix (10) that is not above its base, a body may hold
//!
//! - `<<` how often the divisor goes into the number, `>>` what is left (for `-x`, the number without its sign);
//! - `<set<`, `>set>` the same by the rules of another set, `=set=` the number itself by another set;
//! - `=#=` the number in figures;
//! - `[...]` what is left out when nothing is left;
//! - at its begin `'`, before white space that shall stay.
//!
//! So `20: twenty[ >>]` and `100: << hundred[ >>]` do most of English. These are the rules of Unicode's rule-based number format (UTS 35,
//! part 3) as far as whole numbers need them, so that rules of the CLDR can be followed.

use std::collections::BTreeMap;

use callwright_model::Problem;

/// The sets of rules of one language, by name.
#[derive(Debug, Default)]
pub(crate) struct NumberRules {
    sets: BTreeMap<String, Set>,
}

#[derive(Debug, Default)]
struct Set {
    negative: Option<Vec<Piece>>,
    /// By base, ascending.
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    base: u128,
    divisor: u128,
    body: Vec<Piece>,
}

/// A part of a body. A name is that of a set of rules.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Quotient(String),
    Remainder(String),
    Same(String),
    Figures,
    Optional(Vec<Self>),
}

impl NumberRules {
    /// Reads a set, one rule a line. `line` is the line of the file that the text begins on.
    pub(crate) fn add(&mut self, name: &str, text: &str, file: &str, line: u32, problems: &mut Vec<Problem>) {
        let mut set = Set::default();
        for (number, written) in (line..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            if let Err(what) = set.add(name, written.trim()) {
                let problem =
                    Problem::error(file, Some(number), format!("the rule `{}` {what}", written.trim()));
                problems.push(problem.help("a rule is written as in `20: twenty[ >>]`"));
            }
        }
        set.rules.sort_by_key(|rule| rule.base);
        self.sets.insert(name.to_owned(), set);
    }

    /// Tells sets that are named and not there, and rules that never come to an end.
    pub(crate) fn check(&self, file: &str, problems: &mut Vec<Problem>) {
        for (name, set) in &self.sets {
            let bodies = set.rules.iter().map(|rule| &rule.body).chain(&set.negative);
            for missing in bodies.flatten().flat_map(Piece::sets).filter(|set| !self.has(set)) {
                let what = format!("the number rules `{name}` name `{missing}`, which there is not");
                problems.push(Problem::error(file, None, what).help(format!("there are {}", self.names())));
            }
            // Each rule at its base and next to it: a rule that leads back to itself does so there.
            let bases = set.rules.iter().flat_map(|rule| [rule.base, rule.base + 1]);
            if let Some(n) = bases.into_iter().find(|n| self.try_spell(name, *n as i128).is_none()) {
                let what = format!("the number rules `{name}` say no word for {n}, or never come to an end");
                problems.push(
                    Problem::error(file, None, what)
                        .help("begin with a rule for 0 or 1; lead to smaller numbers"),
                );
            }
        }
    }

    pub(crate) fn has(&self, set: &str) -> bool {
        self.sets.contains_key(set)
    }

    /// The names of all sets, for messages.
    pub(crate) fn names(&self) -> String {
        self.sets.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    /// A number by a set of rules; in figures where no rule says it.
    pub(crate) fn spell(&self, set: &str, n: i128) -> String {
        self.try_spell(set, n).unwrap_or_else(|| n.to_string())
    }

    fn try_spell(&self, set: &str, n: i128) -> Option<String> {
        let mut words = String::new();
        let mut steps = STEPS_MAX;
        self.write(&mut words, set, n, &mut steps)?;
        Some(words)
    }

    fn write(&self, words: &mut String, name: &str, n: i128, steps: &mut usize) -> Option<()> {
        *steps = steps.checked_sub(1)?;
        let set = self.sets.get(name)?;
        let size = n.unsigned_abs();
        if n < 0 {
            return self.body(words, set.negative.as_ref()?, Parts { n, quotient: size, left: size }, steps);
        }
        let rule = set.rules.iter().rev().find(|rule| rule.base <= size)?;
        let parts = Parts { n, quotient: size / rule.divisor, left: size % rule.divisor };
        self.body(words, &rule.body, parts, steps)
    }

    fn body(&self, words: &mut String, body: &[Piece], parts: Parts, steps: &mut usize) -> Option<()> {
        for piece in body {
            match piece {
                Piece::Text(_) if words.len() > WORDS_BYTES_MAX => return None,
                Piece::Text(text) => words.push_str(text),
                Piece::Quotient(set) => self.write(words, set, parts.quotient as i128, steps)?,
                Piece::Remainder(set) => self.write(words, set, parts.left as i128, steps)?,
                Piece::Same(set) => self.write(words, set, parts.n, steps)?,
                Piece::Figures => words.push_str(&parts.n.to_string()),
                Piece::Optional(inner) if parts.left > 0 => self.body(words, inner, parts, steps)?,
                Piece::Optional(_) => {}
            }
        }
        Some(())
    }
}

/// A number against the divisor of its rule.
#[derive(Clone, Copy)]
struct Parts {
    n: i128,
    quotient: u128,
    left: u128,
}

impl Set {
    fn add(&mut self, own: &str, line: &str) -> Result<(), String> {
        let (head, body) = line.split_once(':').ok_or("has no colon")?;
        let body = body.trim();
        let mut rest = body.strip_prefix('\'').unwrap_or(body);
        let body = pieces(&mut rest, own, false)?;
        if head == "-x" {
            self.negative = Some(body);
            return Ok(());
        }
        let (base, radix) = head.split_once('/').unwrap_or((head, "10"));
        // Numbers here are of 64 bits: larger ones would never be said.
        let base: u64 = base.trim().parse().map_err(|_| "does not begin with a whole number, or `-x`")?;
        let radix: u64 = radix.trim().parse().map_err(|_| "has a radix that is no whole number")?;
        if radix < 2 {
            return Err("has a radix below 2".to_owned());
        }
        let (base, radix) = (u128::from(base), u128::from(radix));
        if self.rules.len() == RULES_MAX {
            return Err(format!("is one more than the {RULES_MAX} that a set may have"));
        }
        if self.rules.iter().any(|rule| rule.base == base) {
            return Err(format!("is the second for {base}"));
        }
        let mut divisor = 1;
        while divisor * radix <= base {
            divisor *= radix;
        }
        self.rules.push(Rule { base, divisor, body });
        Ok(())
    }
}

/// The parts of a body; inside of brackets up to the closing one.
fn pieces(rest: &mut &str, own: &str, inside: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            ']' if inside => {
                *rest = after;
                return Ok(pieces);
            }
            '[' if !inside => {
                *rest = after;
                pieces.push(Piece::Optional(self::pieces(rest, own, true)?));
            }
            '[' | ']' => return Err("has a bracket too many".to_owned()),
            '<' | '>' | '=' => {
                let (name, after) =
                    after.split_once(first).ok_or(format!("has a `{first}` without its second"))?;
                *rest = after;
                let set = if name.is_empty() { own.to_owned() } else { name.to_owned() };
                pieces.push(match first {
                    '<' => Piece::Quotient(set),
                    '>' => Piece::Remainder(set),
                    _ if name == "#" => Piece::Figures,
                    _ if name.is_empty() || name == own => return Err("leads to itself".to_owned()),
                    _ => Piece::Same(set),
                });
            }
            _ => {
                let end = rest.find(['[', ']', '<', '>', '=']).unwrap_or(rest.len());
                pieces.push(Piece::Text(rest[..end].to_owned()));
                *rest = &rest[end..];
            }
        }
    }
    if inside { Err("has an open bracket".to_owned()) } else { Ok(pieces) }
}

impl Piece {
    /// The sets that it names.
    fn sets(&self) -> Vec<&str> {
        match self {
            Self::Quotient(set) | Self::Remainder(set) | Self::Same(set) => vec![set],
            Self::Optional(inner) => inner.iter().flat_map(Self::sets).collect(),
            Self::Text(_) | Self::Figures => Vec::new(),
        }
    }
}

/// Rules taken for one number. The longest here take some forty; rules that lead in a circle would take any.
const STEPS_MAX: usize = 500;
/// Several times what the longest number of 64 bits takes in any language here.
const WORDS_BYTES_MAX: usize = 4_096;
/// Rules of one set: four times those of a language that has a word for each number up to a hundred.
const RULES_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(sets: &[(&str, &str)]) -> (NumberRules, Vec<String>) {
        let (mut rules, mut problems) = (NumberRules::default(), Vec::new());
        for (name, text) in sets {
            rules.add(name, text, "x.yaml", 10, &mut problems);
        }
        rules.check("x.yaml", &mut problems);
        (rules, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_number_is_made_of_its_parts() {
        let ones = "-x: minus >>\n0: nil\n1: one\n2: two\n3: =#=\n10: ten[-and->>]\n20: <<-ten[ >odd>]\n";
        let (rules, problems) = rules(&[("cardinal", ones), ("odd", "0: even\n1: (=cardinal=)")]);
        assert_eq!(problems, [""; 0]);
        for (n, wanted) in [
            (0, "nil"),
            (7, "7"),
            (10, "ten"),
            (11, "ten-and-one"),
            (20, "two-ten"),
            (21, "two-ten (one)"),
            (-12, "minus ten-and-two"),
        ] {
            assert_eq!(rules.spell("cardinal", n), wanted);
        }
    }

    #[test]
    fn a_radix_of_ten_thousand_counts_in_ten_thousands() {
        let (rules, problems) = rules(&[("c", "0: =#=\n1: =#=\n10000/10000: <<man[ >>]\n")]);
        assert_eq!(problems, [""; 0]);
        assert_eq!(rules.spell("c", 1_230_045), "123man 45");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, wanted) in [
            (
                "0: nil\ntwenty: x",
                "x.yaml:11: error: the rule `twenty: x` does not begin with a whole number",
            ),
            ("0: nil\n\n5 five", "x.yaml:12: error: the rule `5 five` has no colon"),
            ("0: a[b", "has an open bracket"),
            ("0: a]", "has a bracket too many"),
            ("0: a<b", "has a `<` without its second"),
            ("0: ==", "leads to itself"),
            ("0: a\n0: b", "is the second for 0"),
            ("0: a\n9/1: b", "has a radix below 2"),
            ("0: a\n9: =nine=", "name `nine`, which there is not"),
            ("0: a\n9: <<<<", "never come to an end"),
            ("5: a\n20: b[>>]", "say no word for 21"),
        ] {
            let (_, problems) = rules(&[("c", text)]);
            assert!(problems.iter().any(|told| told.contains(wanted)), "{text}: {problems:?}");
        }
        let (circle, problems) = rules(&[("a", "0: =b= =b="), ("b", "0: =a= =a=")]);
        assert!(problems.iter().any(|told| told.contains("never come to an end")), "{problems:?}");
        assert_eq!(circle.spell("a", 3), "3");
    }

    proptest! {
        #[test]
        fn whatever_the_rules_are_a_number_is_said(
            text in "([0-9]{1,3}(/[0-9]{1,2})?|-x): ([<>=\\[\\]a#]{0,8}\n[0-9]{1,3}: ){0,4}a",
            n: i64,
        ) {
            let (rules, _) = rules(&[("a", &text)]);
            prop_assert!(rules.spell("a", i128::from(n)).len() < 100_000);
        }
    }
}
