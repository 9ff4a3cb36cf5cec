//! How one language puts facts into words: its number rules, its phrases in Fluent, and the names of its letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use callwright_model::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::rules::NumberRules;
use super::sound::Sounds;

/// What a language brings for its facts: `say:` in its tables, and the sentences `say-...` in its words.
pub(crate) struct Speech {
    pub(crate) grammar: Arc<Grammar>,
    phrases: FluentBundle<FluentResource>,
    /// From which hour on a part of the day is called so, ascending.
    pub(crate) day_parts: Vec<(u32, String)>,
    /// Names of letters that a voice would not read as such.
    pub(crate) letters: BTreeMap<char, String>,
    /// Words that letters are spelled with.
    pub(crate) alphabet: BTreeMap<char, String>,
    /// How telephone numbers are grouped: `xxx xxx xxxx`, a digit where only that will do.
    pub(crate) phones: Vec<String>,
}

/// What sentences of a language may use as functions.
#[derive(Debug, Default)]
pub(crate) struct Grammar {
    pub(crate) numbers: NumberRules,
    pub(crate) sounds: Sounds,
}

impl Speech {
    /// The phrases are those of the language's base words; what is wrong with those is told where they are checked.
    pub(crate) fn new(language: Language, grammar: Grammar, base: &str) -> Self {
        let grammar = Arc::new(grammar);
        let mut phrases = bundle(language, &grammar);
        let resource = FluentResource::try_new(base.to_owned()).unwrap_or_else(|(resource, _)| resource);
        phrases.add_resource_overriding(resource);
        Self {
            grammar,
            phrases,
            day_parts: Vec::new(),
            letters: BTreeMap::new(),
            alphabet: BTreeMap::new(),
            phones: Vec::new(),
        }
    }

    /// A number by a set of the language's rules.
    pub(super) fn number(&self, set: &str, n: i64) -> String {
        self.grammar.numbers.spell(set, n.into())
    }

    /// The phrase under a key. A check of the language has shown that it is there and names nothing else; were it not, the caller would
    /// hear nothing in its place.
    pub(super) fn phrase(&self, key: &str, facts: &[(&'static str, FluentValue<'static>)]) -> String {
        let mut args = FluentArgs::with_capacity(facts.len());
        for (name, value) in facts {
            args.set(*name, value.clone());
        }
        let Some(pattern) = self.phrases.get_message(key).and_then(|message| message.value()) else {
            return String::new();
        };
        let text = self.phrases.format_pattern(pattern, Some(&args), &mut Vec::new());
        // White space in a pattern is for the writer's eyes.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A list as it is spoken, in the manner of `say-list-...` or `say-duration-...`.
    pub(super) fn list(&self, manner: &str, items: Vec<String>) -> String {
        let mut items = items.into_iter().filter(|item| !item.is_empty()).peekable();
        let mut said = items.next().unwrap_or_default();
        while let Some(item) = items.next() {
            let key = format!("say-{manner}-{}", if items.peek().is_some() { "comma" } else { "and" });
            said = self.phrase(&key, &[("first", said.into()), ("last", item.into())]);
        }
        said
    }
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speech").field("grammar", &self.grammar).finish_non_exhaustive()
    }
}

/// An empty bundle for sentences of a language, with the functions that they may use:
///
/// - `SPELL($n, as: "ordinal")`: a whole number by that set of the language's number rules; `cardinal` without `as`;
/// - `AFTER($x, consonant: "은", other: "는")`: the text whose name is the kind of sound that `$x` ends with;
/// - `BEFORE($x, vowel: "an", other: "a")`: the same by the sound that it begins with.
pub(crate) fn bundle(language: Language, grammar: &Arc<Grammar>) -> FluentBundle<FluentResource> {
    let locale = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // The marks are for screens; a voice would stumble over them.
    bundle.set_use_isolating(false);
    let of = grammar.clone();
    // A name that is taken is the only error, and the bundle is new.
    let _ = bundle.add_function("SPELL", move |given, named| {
        let set = match named.get("as") {
            Some(FluentValue::String(set)) => set.as_ref(),
            _ => "cardinal",
        };
        match given.first().and_then(whole) {
            Some(n) => of.numbers.spell(set, n).into(),
            None if given.first().is_some_and(is_any) => FACT.into(),
            None => FluentValue::Error,
        }
    });
    for (function, edge) in [("AFTER", Edge::End), ("BEFORE", Edge::Begin)] {
        let of = grammar.clone();
        let _ = bundle.add_function(function, move |given, named| {
            let Some(text) = given.first().and_then(text) else { return FluentValue::Error };
            if given.first().is_some_and(is_any) {
                return FACT.into();
            }
            let kind = match edge {
                Edge::End => of.sounds.after(&text),
                Edge::Begin => of.sounds.before(&text),
            };
            match kind.and_then(|kind| named.get(kind)).or_else(|| named.get(OTHER)) {
                Some(FluentValue::String(wanted)) => wanted.to_string().into(),
                _ => FluentValue::Error,
            }
        });
    }
    bundle
}

/// Stands for any fact where only the words around it are looked at; what depends on it is anything, too. No words file can hold it.
pub(crate) const FACT: &str = "\u{1}";

fn is_any(value: &FluentValue<'_>) -> bool {
    matches!(value, FluentValue::String(text) if text == FACT)
}

/// Which end of a word decides.
#[derive(Debug, Clone, Copy)]
enum Edge {
    Begin,
    End,
}

/// A whole number that Fluent was given, or one in figures: those of more than 53 bits come as text.
fn whole(value: &FluentValue<'_>) -> Option<i128> {
    match value {
        FluentValue::Number(number) => (number.value.fract() == 0.0).then_some(number.value as i128),
        FluentValue::String(text) => text.parse().ok(),
        FluentValue::Custom(_) | FluentValue::None | FluentValue::Error => None,
    }
}

fn text(value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(number.as_string().into_owned()),
        FluentValue::String(text) => Some(text.to_string()),
        FluentValue::Custom(_) | FluentValue::None | FluentValue::Error => None,
    }
}

/// A number for a sentence: one that chooses plurals, as far as Fluent's numbers are exact, else its figures.
pub(crate) fn number(n: u64) -> FluentValue<'static> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    if n <= EXACT { FluentValue::from(n as f64) } else { FluentValue::from(n.to_string()) }
}

/// The functions that sentences may call.
pub(crate) const FUNCTIONS: [&str; 3] = ["SPELL", "AFTER", "BEFORE"];
/// The text for all sounds that have none of their own.
pub(crate) const OTHER: &str = "other";
