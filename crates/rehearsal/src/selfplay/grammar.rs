//! How people talk: tables of a language, and of a pack in that language. No code knows a language.

use std::collections::BTreeMap;

use callwright_model::yaml::Node;
use callwright_model::{Language, PackSource, Problem};

use super::lot::Lot;

/// The sentences of callers in one language, about one pack.
#[derive(Debug, Clone)]
pub(super) struct Grammar {
    /// Sentences by what they are for: `yes`, `ordinals.2`, `wishes.rebook`, ...
    sentences: BTreeMap<String, Vec<String>>,
}

impl Grammar {
    /// The tables of a language, with those of the pack.
    ///
    /// # Errors
    /// What is missing or no YAML.
    pub(super) fn load(source: &PackSource, language: Language) -> Result<Self, Problem> {
        let (_, general) = GENERAL.iter().find(|(code, _)| *code == language.code()).ok_or_else(|| {
            let known: Vec<&str> = GENERAL.iter().map(|(code, _)| *code).collect();
            let what = format!("there are no simulated callers in `{language}`");
            Problem::error("callers", None, what).help(format!("known: {}", known.join(", ")))
        })?;
        let name = format!("callers/{language}.yaml");
        let own = source.files.get(&name).ok_or_else(|| {
            let help = "write how callers say what they want: skills/airline/callers/en.yaml shows how";
            Problem::error(source.path(&name), None, "there is no such file").help(help)
        })?;
        let mut grammar = Self { sentences: BTreeMap::new() };
        grammar.add("", &Node::parse(&format!("callers in {language}"), general)?);
        grammar.add("", &Node::parse(&source.path(&name), own)?);
        Ok(grammar)
    }

    fn add(&mut self, path: &str, node: &Node) {
        for (key, node) in node.map().unwrap_or_default() {
            let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            match (node.list(), node.text()) {
                (Some(items), _) => {
                    let sentences = items.iter().filter_map(Node::text).map(str::to_owned).collect();
                    self.sentences.insert(path, sentences);
                }
                (None, Some(text)) => drop(self.sentences.insert(path, vec![text.to_owned()])),
                (None, None) => self.add(&path, node),
            }
        }
    }

    /// All sentences for something.
    pub(super) fn all(&self, of: &str) -> &[String] {
        self.sentences.get(of).map_or(&[], Vec::as_slice)
    }

    /// One of the sentences for something; empty when there is none.
    pub(super) fn one(&self, of: &str, lot: &mut Lot) -> String {
        lot.one(self.all(of)).cloned().unwrap_or_default()
    }

    /// One of the sentences for something, with a text in its place `{}`.
    pub(super) fn around(&self, of: &str, text: &str, lot: &mut Lot) -> String {
        let frame = self.one(of, lot);
        if frame.contains("{}") { frame.replace("{}", text) } else { text.to_owned() }
    }

    /// A code as it is spelled, sign by sign.
    pub(super) fn spelled(&self, code: &str, plain: bool, lot: &mut Lot) -> String {
        let sign = |sign: char| {
            let table = if sign.is_ascii_digit() { "digits" } else { "letters" };
            let name = format!("{table}.{}", sign.to_ascii_lowercase());
            match self.all(&name).first() {
                Some(first) if plain => first.clone(),
                Some(_) => self.one(&name, lot),
                None => sign.to_string(),
            }
        };
        code.chars().map(sign).collect::<Vec<_>>().join(" ")
    }

    /// What a word sounds like.
    pub(super) fn sounds_like(&self, word: &str) -> Option<&str> {
        let forth = self.all(&format!("sounds_like.{word}")).first();
        let back = || {
            let pairs =
                self.sentences.iter().filter_map(|(name, to)| Some((name.strip_prefix("sounds_like.")?, to)));
            pairs.filter(|(_, to)| to.first().is_some_and(|to| to == word)).map(|(from, _)| from).next()
        };
        forth.map(String::as_str).or_else(back)
    }
}

/// The languages that have tables.
const GENERAL: [(&str, &str); 4] = [
    ("en", include_str!("grammar/en.yaml")),
    ("es", include_str!("grammar/es.yaml")),
    ("ko", include_str!("grammar/ko.yaml")),
    ("de", include_str!("grammar/de.yaml")),
];
