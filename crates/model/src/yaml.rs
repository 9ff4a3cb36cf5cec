//! A YAML file as a tree whose nodes know their lines, so that a mistake can be pointed at.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::Problem;

/// A value with the line it is written on.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub line: u32,
    /// What it holds.
    pub kind: Kind,
}

/// What a node holds. Scalars other than text keep their spelling: an input's length and a sentence `no` are both read as
/// what they shall be by whoever expects them.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Empty,
    /// A text, a number, a yes or no.
    Scalar(String),
    /// Several nodes.
    List(Vec<Node>),
    /// Nodes under keys, in the order they are written in.
    Map(Vec<(Key, Node)>),
}

/// A key with its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where it is written.
    pub line: u32,
    /// The key.
    pub name: String,
}

impl Node {
    /// Reads a file; a syntax error becomes a problem. So does nesting that would cost a reader its stack.
    ///
    /// # Errors
    /// What keeps the file from being read at all.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        // A sentence `no` is a word, not a truth value.
        let budget = serde_saphyr::budget! { max_depth: LEVELS_MAX };
        let options = serde_saphyr::options! { strict_booleans: true, budget: budget };
        serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(Self::from).map_err(|error| {
            let line = error.location().and_then(|at| u32::try_from(at.line()).ok()).filter(|&line| line > 0);
            let what = error.without_snippet().to_string();
            Problem::error(file, line, what.lines().next().unwrap_or("it is not YAML").to_owned())
        })
    }

    /// Its text, if it is a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            Kind::Empty | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Its items, if it is a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            Kind::Empty | Kind::Scalar(_) | Kind::Map(_) => None,
        }
    }

    /// Its entries, if it is a mapping.
    #[must_use]
    pub fn map(&self) -> Option<&[(Key, Self)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Empty | Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// What is under a key, if it is a mapping that has it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.map()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Reports keys that are not among the known ones, with the nearest that is.
    pub fn check_keys(&self, file: &str, known: &[&str], problems: &mut Vec<Problem>) {
        for (key, _) in self.map().unwrap_or_default() {
            if !known.contains(&key.name.as_str()) {
                let problem = Problem::error(
                    file,
                    Some(key.line),
                    format!("`{}` is not a key that is known here", key.name),
                );
                problems.push(problem.help(nearest(&key.name, known)));
            }
        }
    }
}

/// "did you mean `x`?", or the list of what would be right.
#[must_use]
pub fn nearest(name: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|right| (strsim::damerau_levenshtein(name, right), right))
        .filter(|(distance, right)| *distance <= 1 + right.len() / 4)
        .min_by_key(|(distance, _)| *distance);
    match best {
        Some((_, right)) => format!("did you mean `{right}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// Levels of lists and mappings. A skill has two a branch; the library needs some 40 KiB of stack for each, unoptimised.
const LEVELS_MAX: usize = 20;

enum Raw {
    Empty,
    Scalar(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl From<Spanned<Raw>> for Node {
    fn from(raw: Spanned<Raw>) -> Self {
        let line = u32::try_from(raw.referenced.line()).unwrap_or(0);
        let kind = match raw.value {
            Raw::Empty => Kind::Empty,
            Raw::Scalar(text) => Kind::Scalar(text),
            Raw::List(items) => Kind::List(items.into_iter().map(Self::from).collect()),
            Raw::Map(entries) => Kind::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let line = u32::try_from(key.referenced.line()).unwrap_or(0);
                        (Key { line, name: key.value }, Self::from(value))
                    })
                    .collect(),
            ),
        };
        Self { line, kind }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Scalar(value))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nodes_know_their_lines() {
        let node = Node::parse("a.yaml", "one: 1\ntwo:\n  - no\n  - { x: 804 }\n").expect("it is YAML");
        let two = node.field("two").expect("it is there");
        let items = two.list().expect("a list");
        assert_eq!(items[0].text(), Some("no"));
        assert_eq!(items[0].line, 3);
        assert_eq!(items[1].field("x").and_then(Node::text), Some("804"));
        assert_eq!(node.map().map(|m| m[1].0.line), Some(2));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_a_tree_or_a_problem(
            text in prop_oneof!["\\PC{0,60}", "[-a-c:#&*!|>'\"{}\\[\\], \n]{0,60}"],
        ) {
            match Node::parse("a.yaml", &text) {
                Ok(node) => node.check_keys("a.yaml", &["a"], &mut Vec::new()),
                Err(problem) => prop_assert!(!problem.what.is_empty() && problem.file == "a.yaml"),
            }
        }
    }

    #[test]
    fn deep_nesting_is_a_problem_and_no_overflow() {
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
            let text = format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
            assert!(Node::parse("a.yaml", &text).is_err(), "{open}");
        }
        let deepest = format!("{}x{}", "[".repeat(LEVELS_MAX), "]".repeat(LEVELS_MAX));
        assert!(Node::parse("a.yaml", &deepest).is_ok());
        let steps: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert!(Node::parse("a.yaml", &steps).is_err());
    }

    #[test]
    fn a_syntax_error_is_a_problem_with_a_line() {
        let problem = Node::parse("a.yaml", "one: [1\ntwo: 2\n").expect_err("it is broken");
        assert_eq!(problem.file, "a.yaml");
        assert!(problem.line.is_some(), "{problem}");
    }

    #[test]
    fn the_nearest_key_is_proposed() {
        assert_eq!(nearest("langauges", &["pack", "languages"]), "did you mean `languages`?");
        assert_eq!(nearest("zzz", &["pack", "languages"]), "known here: pack, languages");
    }
}
