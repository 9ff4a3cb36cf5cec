//! What is known of each language: tables and base sentences, read once, from the files built in and those that packs bring.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use callwright_model::{Language, Problem};

use crate::clauses;
use crate::slots::Grammar;
use crate::sounds::Sounds;
use crate::understand::Intent;
use crate::verbalise::{self, Speech};
pub(crate) use tables::Tables;

pub(crate) mod brought;
mod check;
pub(crate) mod checklist;
pub(crate) mod sections;
mod tables;

/// A language's closed lists and what callers say at any time. Words are in [`fold`]ed form.
#[derive(Debug)]
pub(crate) struct Lexicon {
    pub(crate) language: Language,
    /// Base sentences, Fluent, and the name of their file.
    pub(crate) base: String,
    pub(crate) base_file: String,
    /// Words are written together and take endings: phrases are looked for within words too.
    pub(crate) joined: bool,
    /// Letters that only this language has.
    pub(crate) script: Option<RangeInclusive<char>>,
    /// How facts are put into words.
    pub(crate) speech: Speech,
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
    pub(crate) call_times: CallTimes,
    /// Words that no sentence ends with: more is to come. Where words are joined, endings of the last word.
    pub(crate) unfinished: Marks,
    /// Words that make a sentence a question or a request. Where words are joined, endings of words.
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
    /// How dates, times and amounts are said.
    pub(crate) grammar: Grammar,
    /// With one of these before it, "one" is no number: "that one".
    pub(crate) pointing: BTreeSet<String>,
    pub(crate) name_lead: Vec<String>,
    /// What is said around a name, what comes before its spelling, what hangs on it, and what answers the question for it but is none.
    pub(crate) name_skip: BTreeSet<String>,
    pub(crate) name_spelled: BTreeSet<String>,
    pub(crate) name_endings: Vec<String>,
    pub(crate) no_name: BTreeSet<String>,
    /// What stands for parts of an address: "at", "dot". What means nothing in one, and what comes before it.
    pub(crate) email: BTreeMap<String, String>,
    pub(crate) email_skip: BTreeSet<String>,
    pub(crate) email_lead: BTreeSet<String>,
    /// What stands before the code of a country.
    pub(crate) plus: BTreeSet<String>,
    pub(crate) function_words: BTreeSet<String>,
    pub(crate) requests: BTreeMap<String, Language>,
    /// How people rate a call, by the number from one to five.
    pub(crate) ratings: BTreeMap<String, Vec<String>>,
    /// What secrets are called, as words begin.
    pub(crate) secrets: Vec<String>,
    /// Which letters sound alike.
    pub(crate) sounds: Sounds,
    /// Built-in intents and what none of them sounds like.
    pub(crate) intents: Vec<(Intent, Vec<String>)>,
}

/// Words about being called back, and when.
#[derive(Debug)]
pub(crate) struct CallTimes {
    /// What people say who would rather be called than wait.
    pub(crate) call_me: Vec<String>,
    /// "As soon as possible."
    pub(crate) soon: Vec<String>,
    /// Parts of the day, from an hour to another.
    pub(crate) parts: BTreeMap<String, (u32, u32)>,
}

impl CallTimes {
    fn read(tables: &mut Tables<'_>) -> Self {
        let hours = tables.forms::<Hours>("call_times.parts", "two hours, as in `8-12`");
        Self {
            call_me: tables.list("call_times.call_me"),
            soon: tables.list("call_times.soon"),
            parts: hours.into_iter().map(|(form, Hours(from, to))| (form, (from, to))).collect(),
        }
    }
}

/// From an hour to another.
#[derive(Clone, Copy)]
struct Hours(u32, u32);

impl std::str::FromStr for Hours {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, to) = text.split_once('-').ok_or(())?;
        let hour = |text: &str| {
            text.trim().parse().map_err(|_| ()).and_then(|hour| if hour <= 24 { Ok(hour) } else { Err(()) })
        };
        Ok(Self(hour(from)?, hour(to)?))
    }
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

/// A language's two files, built in.
macro_rules! built_in {
    ($($code:literal),*) => {
        [$(($code, include_str!(concat!("../words/", $code, ".yaml")), include_str!(concat!("../words/", $code, ".ftl")))),*]
    };
}

/// Code, tables and base sentences. A language is added by its files and its code here.
const BUILT_IN: [(&str, &str, &str); 4] = built_in!["de", "en", "es", "ko"];

static TABLES: LazyLock<BTreeMap<Language, Lexicon>> = LazyLock::new(|| {
    let read = |(code, tables, base): (&str, &str, &str)| {
        let language = code.parse().ok()?;
        let names = [format!("base tables of `{code}`"), format!("base words of `{code}`")];
        let lexicon = Lexicon::read(language, [&names[0], tables], [&names[1], base], &mut Vec::new())?;
        Some((language, lexicon))
    };
    BUILT_IN.into_iter().filter_map(read).collect()
});

/// The tables of a language, if it is built in or a pack has brought it.
pub(crate) fn of(language: Language) -> Option<&'static Lexicon> {
    TABLES.get(&language).or_else(|| brought::of(language))
}

/// The tables of a language, or English ones.
pub(crate) fn of_or_english(language: Language) -> &'static Lexicon {
    of(language).or_else(|| of(Language::EN)).expect("the English tables are read by a test")
}

/// Languages that there are tables for.
pub(crate) fn languages() -> Vec<Language> {
    TABLES.keys().copied().chain(brought::languages()).collect()
}

impl Lexicon {
    /// Reads tables and base sentences, each with the name of their file. `None` when the tables cannot be read at all; whatever else
    /// is wrong or missing is told, and the rest is read.
    fn read(
        language: Language,
        [tables_file, tables]: [&str; 2],
        [base_file, base]: [&str; 2],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut tables = Tables::read(tables_file, tables, problems)?;
        let joined = tables.one_of("joined", &[("yes", true), ("no", false)]).unwrap_or(false);
        let mut numbers = BTreeMap::new();
        for (path, make) in [
            ("numbers.unit", Number::Unit as fn(u32) -> Number),
            ("numbers.teen", Number::Teen),
            ("numbers.tens", Number::Tens),
            ("numbers.hundreds", Number::Hundreds),
            ("numbers.times", Number::Times),
        ] {
            let forms = tables.forms::<u32>(path, "a whole number");
            numbers.extend(forms.into_iter().map(|(form, value)| (form, make(value))));
        }
        let mut intents = Vec::new();
        for intent in Intent::BUILTIN {
            let lines = tables.lines(&format!("intents.{}", intent.name()));
            intents.push((intent, lines));
        }
        let script = tables.text("script").map(str::to_owned);
        let script = script.and_then(|text| {
            let range = letters_of(&text);
            if range.is_none() {
                tables.wrong("script", "is not a first and a last letter", "as in `가-힣`");
            }
            range
        });
        let marks = |tables: &Tables<'_>, path| Marks { words: tables.list(path), endings: joined };
        let clause = |name: &str| tables.list(&format!("clauses.{name}"));
        let clauses = clauses::Tables {
            and: clause("and"),
            but: clause("but"),
            last: marks(&tables, "clauses.last"),
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
        for (form, score) in tables.forms::<u8>("ratings", "a number from 1 to 5") {
            ratings.entry(score.to_string()).or_default().push(form);
        }
        let grammar = Grammar::read(&mut tables, joined, &numbers);
        let letter = "a single letter or figure";
        Some(Self {
            language,
            base: base.to_owned(),
            base_file: base_file.to_owned(),
            joined,
            script,
            speech: speech(language, &mut tables, base),
            numbers,
            number_and: tables.list("numbers.and"),
            letters: tables.forms("letters", letter),
            maybe_letters: tables.forms("maybe_letters", letter),
            maybe_digits: tables.forms("maybe_digits", letter),
            repeat: tables.forms("repeat", "a whole number"),
            as_in: tables.list("as_in"),
            fillers: tables.list("fillers"),
            hesitations: tables.list("hesitations"),
            backchannels: tables.list("backchannels"),
            side_talk: tables.list("side_talk"),
            call_times: CallTimes::read(&mut tables),
            unfinished: marks(&tables, "unfinished"),
            asking: marks(&tables, "asking"),
            clauses,
            particles: tables.list("particles"),
            yes: tables.list("yes"),
            no: tables.list("no"),
            hedges: tables.list("hedges"),
            ordinals: tables.forms("ordinals", "a whole number"),
            compare: tables.forms("compare", "a word"),
            grammar,
            pointing: tables.list("slots.pointing"),
            name_lead: tables.list("name_lead"),
            name_skip: tables.list("slots.name_skip"),
            name_spelled: tables.list("slots.name_spelled"),
            name_endings: tables.list("slots.name_endings"),
            no_name: tables.list("slots.no_name"),
            email: tables.forms("slots.email", "a part of an address"),
            email_skip: tables.list("slots.email_skip"),
            email_lead: tables.list("slots.email_lead"),
            plus: tables.list("slots.plus"),
            function_words: tables.list("function_words"),
            requests: tables.forms("requests", "the code of a language"),
            ratings,
            secrets: tables.list("secrets"),
            sounds: Sounds::new(tables.forms("sounds", "a sound")),
            intents,
        })
    }

    /// Whether a word is what a PIN or the like is called.
    pub(crate) fn names_secret(&self, folded: &str) -> bool {
        self.secrets.iter().any(|name| folded.starts_with(name.as_str()))
    }
}

fn speech(language: Language, tables: &mut Tables<'_>, base: &str) -> Speech {
    let mut grammar = verbalise::Grammar::default();
    for (name, text, line) in tables.texts("say.numbers") {
        grammar.numbers.add(&name, &text, tables.file, line, tables.problems);
    }
    grammar.numbers.check(tables.file, tables.problems);
    grammar.sounds.begins = tables.kinds("say.begins");
    grammar.sounds.ends = tables.kinds("say.ends");
    let mut speech = Speech::new(language, grammar, base);
    speech.day_parts = tables.names("say.day_parts", "an hour").into_iter().collect();
    speech.letters = tables.names("say.letters", "a single letter");
    speech.alphabet = tables.names("say.alphabet", "a single letter");
    speech.phones = tables.lines("say.phones");
    if speech.phones.iter().any(|mask| mask.contains(|c: char| !matches!(c, 'x' | '+' | ' ' | '0'..='9'))) {
        tables.wrong(
            "say.phones",
            "has a group of something else than `x` and digits",
            "as in `0xxx xxx xxxx`",
        );
    }
    speech
}

/// The letters from the first to the last of `a-z`.
fn letters_of(text: &str) -> Option<RangeInclusive<char>> {
    let (first, last) = text.trim().split_once('-')?;
    let range = first.parse().ok()?..=last.parse().ok()?;
    (!range.is_empty()).then_some(range)
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
pub(crate) fn list(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(fold).filter(|form| !form.is_empty()).collect()
}

/// Words as they are compared: lower case, no accents on Latin letters, no punctuation, single spaces. Apostrophes vanish
/// ("that's" is one word), everything else that is no letter or digit parts words.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = plain(c);
        if c == 'ß' {
            folded.push_str("ss");
        } else if c.is_alphanumeric() {
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

pub(crate) fn plain(c: char) -> char {
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
    fn nothing_is_missing_in_the_languages_built_in() {
        for (code, tables, base) in BUILT_IN {
            let mut problems = Vec::new();
            let language = code.parse().expect("a language");
            let lexicon = Lexicon::read(language, ["tables", tables], ["base", base], &mut problems);
            let lexicon = lexicon.expect("the tables can be read");
            check::sentences(&lexicon, &mut problems);
            assert_eq!(problems, [], "{code}");
            assert!(lexicon.letters.len() >= 26, "{code}");
            assert!(lexicon.numbers.len() >= 15, "{code}");
            assert!(lexicon.yes.len() > 20 && lexicon.no.len() > 20, "{code}");
            assert!(lexicon.unfinished.words.len() > 10 && lexicon.asking.words.len() > 10, "{code}");
        }
        assert_eq!(TABLES.len(), BUILT_IN.len());
    }

    #[test]
    fn a_line_for_each_file() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("words");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder is in the tree")
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let wanted = BUILT_IN.iter().flat_map(|(code, ..)| [format!("{code}.ftl"), format!("{code}.yaml")]);
        assert_eq!(files, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn folding_drops_what_does_not_matter() {
        assert_eq!(fold("  That's RIGHT, yes! "), "thats right yes");
        assert_eq!(fold("Sí, ¿cómo está?"), "si como esta");
        assert_eq!(fold("K-7.M4 네, 맞아요."), "k 7 m4 네 맞아요");
        assert_eq!(fold("…"), "");
    }
}
