//! What the crate itself knows of each language: tables beside the code, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use callwright_model::yaml::Node;
use callwright_model::{Language, Problem};

use crate::clauses;
use crate::understand::Intent;

/// A language's closed lists and what callers say at any time. Words are in [`fold`]ed form.
#[derive(Debug)]
pub(crate) struct Lexicon {
    pub(crate) language: Language,
    /// Base sentences, Fluent.
    pub(crate) base: &'static str,
    pub(crate) numbers: BTreeMap<String, Number>,
    /// Joins tens and units: "and", "y".
    pub(crate) number_and: Vec<String>,
    pub(crate) letters: BTreeMap<String, char>,
    /// Words that may be a letter or a digit but are more often something else.
    pub(crate) maybe_letters: BTreeMap<String, char>,
    pub(crate) maybe_digits: BTreeMap<String, char>,
    pub(crate) repeat: BTreeMap<String, usize>,
    pub(crate) as_in: Vec<String>,
    pub(crate) fillers: BTreeSet<String>,
    /// Sounds that mean nothing.
    pub(crate) hesitations: BTreeSet<String>,
    /// What a listener says to show that they listen.
    pub(crate) backchannels: BTreeSet<String>,
    /// What people on the telephone say to others in the room, or to win time.
    pub(crate) side_talk: BTreeSet<String>,
    /// Words that no sentence ends with: more is to come. In Korean, endings of the last word.
    pub(crate) unfinished: Marks,
    /// Words that make a sentence a question or a request. In Korean, endings of words.
    pub(crate) asking: Marks,
    /// How utterances are parted, and what takes back and puts right.
    pub(crate) clauses: clauses::Tables,
    /// Endings that may hang on a spelled word.
    pub(crate) particles: Vec<String>,
    pub(crate) yes: BTreeSet<String>,
    pub(crate) no: BTreeSet<String>,
    pub(crate) hedges: BTreeSet<String>,
    pub(crate) ordinals: BTreeMap<String, i64>,
    pub(crate) compare: BTreeMap<String, String>,
    pub(crate) months: BTreeMap<String, i64>,
    pub(crate) name_lead: Vec<String>,
    pub(crate) function_words: BTreeSet<String>,
    pub(crate) requests: BTreeMap<String, Language>,
    /// How people rate a call, by the number from one to five.
    pub(crate) ratings: BTreeMap<String, Vec<String>>,
    /// Built-in intents and what none of them sounds like.
    pub(crate) intents: Vec<(Intent, Vec<String>)>,
}

/// What a number word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Unit(u32),
    /// Ten and more in one word that takes no unit after it.
    Teen(u32),
    Tens(u32),
    Hundreds(u32),
    /// Multiplies the unit before it.
    Times(u32),
}

static TABLES: LazyLock<BTreeMap<Language, Lexicon>> = LazyLock::new(|| {
    [
        (Language::EN, include_str!("../words/en.yaml"), include_str!("../words/en.ftl")),
        (Language::ES, include_str!("../words/es.yaml"), include_str!("../words/es.ftl")),
        (Language::KO, include_str!("../words/ko.yaml"), include_str!("../words/ko.ftl")),
    ]
    .into_iter()
    .filter_map(|(language, tables, base)| Some((language, Lexicon::read(language, tables, base).ok()?)))
    .collect()
});

/// The tables of a language, if it is one of ours.
pub(crate) fn of(language: Language) -> Option<&'static Lexicon> {
    TABLES.get(&language)
}

/// The tables of a language, or English ones.
pub(crate) fn of_or_english(language: Language) -> &'static Lexicon {
    of(language).or_else(|| of(Language::EN)).expect("the English tables are read by a test")
}

/// Languages that there are tables for.
pub(crate) fn languages() -> Vec<Language> {
    TABLES.keys().copied().collect()
}

impl Lexicon {
    fn read(language: Language, tables: &str, base: &'static str) -> Result<Self, Problem> {
        let node = Node::parse("base tables", tables)?;
        let text = |path: &[&str]| {
            let found = path.iter().try_fold(&node, |node, name| node.field(name));
            found.and_then(Node::text).unwrap_or_default()
        };
        let mut numbers = BTreeMap::new();
        for (key, make) in [
            ("unit", Number::Unit as fn(u32) -> Number),
            ("teen", Number::Teen),
            ("tens", Number::Tens),
            ("hundreds", Number::Hundreds),
            ("times", Number::Times),
        ] {
            for (value, form) in forms(text(&["numbers", key])) {
                numbers.insert(form, make(value.parse().unwrap_or(0)));
            }
        }
        let letter = |key| {
            forms(text(&[key]))
                .into_iter()
                .filter_map(|(value, form)| Some((form, value.chars().next()?)))
                .collect()
        };
        let values = |key| {
            forms(text(&[key]))
                .into_iter()
                .filter_map(|(value, form)| Some((form, value.parse().ok()?)))
                .collect()
        };
        let set = |key| list(text(&[key])).into_iter().collect();
        let marks = |key| Marks { words: list(text(&[key])), endings: language == Language::KO };
        let clause = |key| list(text(&["clauses", key]));
        let clauses = clauses::Tables {
            and: clause("and"),
            but: clause("but"),
            last: Marks { words: clause("last"), endings: language == Language::KO },
            hangs_on: clause("hangs_on"),
            negation: clause("negation"),
            negation_last: clause("negation_last"),
            correction: clause("correction"),
            instead_of: clause("instead_of"),
            instead_last: clause("instead_last"),
            ends_in: clause("ends_in"),
            starts_with: clause("starts_with"),
        };
        let mut ratings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (score, form) in forms(text(&["ratings"])) {
            ratings.entry(score).or_default().push(form);
        }
        let mut intents = Vec::new();
        for (key, lines) in node.field("intents").and_then(Node::map).unwrap_or_default() {
            if let Some(intent) = Intent::builtin(&key.name) {
                let lines = lines.text().unwrap_or_default().lines();
                intents.push((
                    intent,
                    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
                ));
            }
        }
        Ok(Self {
            language,
            base,
            numbers,
            number_and: list(text(&["numbers", "and"])),
            letters: letter("letters"),
            maybe_letters: letter("maybe_letters"),
            maybe_digits: letter("maybe_digits"),
            repeat: forms(text(&["repeat"]))
                .into_iter()
                .filter_map(|(value, form)| Some((form, value.parse().ok()?)))
                .collect(),
            as_in: list(text(&["as_in"])),
            fillers: set("fillers"),
            hesitations: set("hesitations"),
            backchannels: set("backchannels"),
            side_talk: set("side_talk"),
            unfinished: marks("unfinished"),
            asking: marks("asking"),
            clauses,
            particles: list(text(&["particles"])),
            yes: set("yes"),
            no: set("no"),
            hedges: set("hedges"),
            ordinals: values("ordinals"),
            compare: forms(text(&["compare"])).into_iter().map(|(value, form)| (form, value)).collect(),
            months: values("months"),
            name_lead: list(text(&["name_lead"])),
            function_words: set("function_words"),
            requests: forms(text(&["requests"]))
                .into_iter()
                .filter_map(|(value, form)| Some((form, value.parse().ok()?)))
                .collect(),
            ratings,
            intents,
        })
    }
}

/// Words by which a sentence is known to be of some kind.
#[derive(Debug)]
pub(crate) struct Marks {
    words: Vec<String>,
    /// They are endings of words.
    endings: bool,
}

impl Marks {
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.words.iter().any(|mark| if self.endings { word.ends_with(mark.as_str()) } else { word == mark })
    }
}

/// Comma or line separated phrases.
fn list(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(fold).filter(|form| !form.is_empty()).collect()
}

/// `value = form, form` lines.
fn forms(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((value, listed)) = line.split_once('=') else { continue };
        found.extend(list(listed).into_iter().map(|form| (value.trim().to_owned(), form)));
    }
    found
}

/// Words as they are compared: lower case, no accents on Latin letters, no punctuation, single spaces. Apostrophes vanish
/// ("that's" is one word), everything else that is no letter or digit parts words.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = plain(c);
        if c.is_alphanumeric() {
            folded.push(c);
        } else if !matches!(c, '\'' | '’' | '\u{300}'..='\u{36f}')
            && !folded.ends_with(' ')
            && !folded.is_empty()
        {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tables_are_read() {
        assert_eq!(languages(), [Language::EN, Language::ES, Language::KO]);
        for language in languages() {
            let lexicon = of(language).expect("it is listed");
            assert!(lexicon.letters.len() >= 26, "{language}");
            assert!(lexicon.numbers.len() >= 15, "{language}");
            assert_eq!(lexicon.intents.len(), Intent::BUILTIN.len(), "{language}");
            assert!(lexicon.yes.len() > 20 && lexicon.no.len() > 20, "{language}");
            assert!(lexicon.unfinished.words.len() > 10 && lexicon.asking.words.len() > 10, "{language}");
        }
    }

    #[test]
    fn every_language_has_the_same_base_sentences() {
        let keys = |language| {
            let mut problems = Vec::new();
            let base = of(language).expect("it is listed").base;
            let words = crate::words::Words::new(language, base, None, &mut problems);
            assert_eq!(problems, []);
            words.keys().map(str::to_owned).collect::<Vec<_>>()
        };
        let english = keys(Language::EN);
        assert!(english.len() > 50);
        assert_eq!(keys(Language::ES), english);
        assert_eq!(keys(Language::KO), english);
    }

    #[test]
    fn folding_drops_what_does_not_matter() {
        assert_eq!(fold("  That's RIGHT, yes! "), "thats right yes");
        assert_eq!(fold("Sí, ¿cómo está?"), "si como esta");
        assert_eq!(fold("K-7.M4 네, 맞아요."), "k 7 m4 네 맞아요");
        assert_eq!(fold("…"), "");
    }
}
