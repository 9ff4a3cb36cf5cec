//! Sentences of one language: the base sentences of this crate under those of the pack, rendered from typed facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callwright_model::{Language, Problem, Record, Value};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast;

use crate::lexicon::Lexicon;
use crate::verbalise::{self, FACT, Grammar};
use names::Parts;

mod names;

/// The sentences of one language.
pub(crate) struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    parts: Parts,
    /// Messages with the variables they name, and the line if they are the pack's.
    messages: BTreeMap<String, Message>,
    /// What the base sentences name: what is known where they are said.
    base: BTreeMap<String, BTreeSet<String>>,
    /// Keys of sentences that must not be cut short.
    required: BTreeSet<String>,
    /// How callers are addressed: what `$formality` is in every sentence.
    formality: &'static str,
}

/// What is known of a message without rendering it.
pub(crate) struct Message {
    /// Facts that it names, itself or through other messages.
    pub(crate) variables: BTreeSet<String>,
    /// Its line in the pack's file; `None` for a base sentence.
    pub(crate) line: Option<u32>,
}

/// A rendered sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) language: Language,
    /// It names no facts: the same for every caller.
    pub(crate) fixed: bool,
    /// The law wants it heard: the caller may not cut it short.
    pub(crate) required: bool,
    /// The codes in it, for a caller who wants them spelled.
    pub(crate) codes: Vec<String>,
}

impl Sentence {
    /// One without facts.
    pub(crate) const fn fixed(text: String, language: Language) -> Self {
        Self { text, language, fixed: true, required: false, codes: Vec::new() }
    }
}

impl Words {
    /// The base sentences of a language and, over them, those of the pack's file.
    pub(crate) fn of_language(
        lexicon: &Lexicon,
        pack: Option<(&str, &str)>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let base = (lexicon.base_file.as_str(), lexicon.base.as_str());
        Self::new(lexicon.language, &lexicon.speech.grammar, base, pack, problems)
    }

    fn new(
        language: Language,
        grammar: &Arc<Grammar>,
        base: (&str, &str),
        pack: Option<(&str, &str)>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut words = Self {
            language,
            bundle: verbalise::bundle(language, grammar),
            parts: Parts::default(),
            messages: BTreeMap::new(),
            base: BTreeMap::new(),
            required: BTreeSet::new(),
            formality: FORMAL,
        };
        words.add(base.0, base.1, false, problems);
        words.close();
        words.base = words.messages.iter().map(|(key, it)| (key.clone(), it.variables.clone())).collect();
        if let Some((file, text)) = pack {
            words.add(file, text, true, problems);
            words.close();
        }
        words.parts.check(grammar, problems);
        words
    }

    fn add(&mut self, file: &str, text: &str, of_pack: bool, problems: &mut Vec<Problem>) {
        if let Some(line) = names::too_deep(text) {
            let what = "the sentence is too deeply nested to be read";
            problems.push(Problem::error(file, Some(line), what).help("write it in several sentences"));
            return;
        }
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                for error in errors {
                    let line = line_of(text, error.pos.start);
                    problems
                        .push(Problem::error(file, Some(line), error.kind.to_string()).help("Fluent syntax"));
                }
                resource
            }
        };
        let lines = entry_lines(text);
        let mut seen = BTreeSet::new();
        for entry in resource.entries() {
            let (name, value, attributes) = match entry {
                ast::Entry::Message(it) => (it.id.name.to_owned(), it.value.as_ref(), &it.attributes),
                ast::Entry::Term(it) => (format!("-{}", it.id.name), Some(&it.value), &it.attributes),
                ast::Entry::Comment(_)
                | ast::Entry::GroupComment(_)
                | ast::Entry::ResourceComment(_)
                | ast::Entry::Junk { .. } => continue,
            };
            let line = lines.get(name.as_str()).copied();
            if !seen.insert(name.clone()) {
                problems.push(Problem::error(file, line, format!("`{name}` is written twice")));
            }
            for attribute in attributes {
                self.parts.add(format!("{name}.{}", attribute.id.name), file, line, &attribute.value);
            }
            let Some(value) = value else { continue };
            self.parts.add(name.clone(), file, line, value);
            if !name.starts_with('-') {
                let line = line.filter(|_| of_pack);
                self.messages.insert(name, Message { variables: BTreeSet::new(), line });
            }
        }
        self.bundle.add_resource_overriding(resource);
    }

    /// Once all is added: which facts each message names, through others too.
    fn close(&mut self) {
        for (name, message) in &mut self.messages {
            message.variables = self.parts.variables(name);
            message.variables.remove(FORMALITY);
        }
    }

    /// Marks a sentence as one that must not be cut short.
    pub(crate) fn require(&mut self, key: &str) {
        self.required.insert(key.to_owned());
    }

    /// Callers are addressed as friends are, in the sentences that know a form for it.
    pub(crate) fn speak_familiarly(&mut self) {
        self.formality = FAMILIAR;
    }

    /// Whether a sentence must not be cut short.
    pub(crate) fn requires(&self, key: &str) -> bool {
        self.required.contains(key)
    }

    pub(crate) fn message(&self, key: &str) -> Option<&Message> {
        self.messages.get(key)
    }

    /// The pack's own sentences in place of base sentences, with the facts that are known where those are said.
    pub(crate) fn rewritten(&self) -> impl Iterator<Item = (&str, &Message, &BTreeSet<String>)> {
        let own = self.messages.iter().filter(|(_, message)| message.line.is_some());
        own.filter_map(|(key, message)| Some((key.as_str(), message, self.base.get(key)?)))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.messages.contains_key(key)
    }

    /// The sentence under a key, or `None` when there is none, when a fact that it names is missing, or when nothing is left
    /// to say: silence would be taken as said and heard.
    pub(crate) fn render(&self, key: &str, facts: &Record) -> Option<Sentence> {
        let message = self.messages.get(key)?;
        let mut args = self.always();
        let mut codes = Vec::new();
        for variable in &message.variables {
            if let Some((argument, code)) = self.argument(variable, facts) {
                args.set(variable.clone(), argument);
                codes.extend(code);
            }
        }
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        let text = tidy(&text);
        (errors.is_empty() && !text.is_empty()).then(|| Sentence {
            text,
            language: self.language,
            fixed: message.variables.is_empty(),
            required: self.requires(key),
            codes,
        })
    }

    /// How much of a text's begin is the text of this sentence, whatever facts stand in it, in letters; `None` when the text does not begin
    /// with it. Of a sentence with cases the usual one is looked for.
    pub(crate) fn begins(&self, key: &str, text: &str) -> Option<usize> {
        let message = self.messages.get(key)?;
        let mut args = self.always();
        for variable in &message.variables {
            args.set(variable.clone(), FluentValue::from(FACT));
        }
        let pattern = self.bundle.get_message(key)?.value()?;
        let shape = self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new());
        let shape = tidy(&shape);
        let mut pieces = shape.split(FACT);
        let first = pieces.next()?;
        let mut rest = text.strip_prefix(first)?;
        let mut letters = first.chars().count();
        for piece in pieces {
            rest = &rest[rest.find(piece)? + piece.len()..];
            letters += piece.chars().count();
        }
        (letters > 0).then_some(letters)
    }

    /// What every sentence may name.
    fn always(&self) -> FluentArgs<'static> {
        FluentArgs::from_iter([(FORMALITY, self.formality)])
    }

    /// A variable as it is spoken, and the code in it. Its name is the fact's path joined by `-`, then perhaps how to say it.
    fn argument(&self, variable: &str, facts: &Record) -> Option<(FluentValue<'static>, Option<String>)> {
        let language = self.language;
        if let Some(value) = fact(variable, facts) {
            let code = match value {
                Value::Code(code) => Some(code.clone()),
                _ => None,
            };
            return Some((plain(value, language)?, code));
        }
        let (path, manner) = variable.rsplit_once('-')?;
        let value = fact(path, facts)?;
        let text = match (manner, value) {
            ("count", Value::List(items)) => return Some((FluentValue::from(items.len() as i64), None)),
            ("date", Value::Time(_)) => verbalise::date_of(value, language),
            ("words", Value::Int(number)) => verbalise::cardinal(*number, language),
            ("ordinal", Value::Int(number)) => verbalise::ordinal(*number, language),
            ("duration", _) => verbalise::duration(value, language)?,
            ("phone", Value::Text(number) | Value::Code(number)) => verbalise::phone(number, language),
            ("name", Value::Text(name)) => verbalise::name(name),
            ("spelled", Value::Text(code) | Value::Code(code)) => verbalise::spelled(code, language),
            _ => return None,
        };
        Some((FluentValue::from(text), None))
    }
}

/// The variable by which sentences choose the form of address.
const FORMALITY: &str = "formality";
const FORMAL: &str = "formal";
const FAMILIAR: &str = "familiar";

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({}, {} messages)", self.language, self.messages.len())
    }
}

/// The fact at a path whose names are joined by `-`. Names of facts may hold `_`, which Fluent allows too.
fn fact<'a>(path: &str, facts: &'a Record) -> Option<&'a Value> {
    let mut names = path.split('-');
    let first = facts.get(names.next()?)?;
    names.try_fold(first, |value, name| match value {
        Value::Record(inner) => inner.get(name),
        _ => None,
    })
}

/// A fact as it is spoken where the sentence does not say how. A record as a whole is no word.
fn plain(value: &Value, language: Language) -> Option<FluentValue<'static>> {
    match value {
        Value::Record(_) => None,
        // Numbers choose plurals.
        Value::Int(number) => Some(FluentValue::from(*number)),
        Value::Text(text) => Some(FluentValue::from(text.clone())),
        Value::Bool(_)
        | Value::Code(_)
        | Value::Money(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::List(_) => Some(FluentValue::from(verbalise::spoken(value, language))),
    }
}

/// Line breaks inside a pattern are for the writer's eyes.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_of(text: &str, offset: usize) -> u32 {
    let end = offset.min(text.len());
    u32::try_from(text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count()).unwrap_or(0) + 1
}

/// The text of a message, on one line.
pub(crate) fn entry_text(text: &str, key: &str) -> Option<String> {
    let from = *entry_lines(text).get(key)? as usize;
    let mut lines = text.lines().skip(from - 1);
    let first = lines.next()?.split_once('=')?.1;
    // It goes on where lines are indented, or close what was opened.
    let more = lines.take_while(|line| line.starts_with([' ', '}']));
    Some(tidy(&std::iter::once(first).chain(more).collect::<Vec<_>>().join(" ")))
}

/// The line of each message and term: the syntax tree keeps none.
pub(crate) fn entry_lines(text: &str) -> BTreeMap<&str, u32> {
    let mut lines = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(name) = entry_name(line) {
            lines.entry(name).or_insert(number);
        }
    }
    lines
}

/// The name of the entry that begins on this line: `key =` or `-key =` in its first column.
fn entry_name(line: &str) -> Option<&str> {
    let name = line.split_once('=')?.0.trim_end();
    let bare = name.strip_prefix('-').unwrap_or(name);
    let letters = bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (letters && bare.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(pack: &str) -> (Words, Vec<Problem>) {
        let mut problems = Vec::new();
        let english = crate::lexicon::of_or_english(Language::EN);
        let base = ("base", "hello = Hello.\nbye = Bye.\n");
        let words =
            Words::new(Language::EN, &english.speech.grammar, base, Some(("en.ftl", pack)), &mut problems);
        (words, problems)
    }

    #[test]
    fn the_pack_writes_over_the_base() {
        let (words, problems) = words("hello = Welcome to the airline.\n");
        assert_eq!(problems, []);
        let sentence = words.render("hello", &Record::new()).expect("it is there");
        assert_eq!(sentence, Sentence::fixed("Welcome to the airline.".into(), Language::EN));
        assert!(words.has("bye"));
    }

    #[test]
    fn facts_are_spoken_and_a_missing_one_gives_no_sentence() {
        let (words, _) = words("seat = Seat { $seat-number } at { $flight-departs }.\n");
        let flight = Record::from([("departs".to_owned(), Value::Time("2026-11-23T10:15".into()))]);
        let seat = Record::from([("number".to_owned(), Value::Code("14C".into()))]);
        let mut facts = Record::from([("flight".to_owned(), Value::Record(flight))]);
        assert_eq!(words.render("seat", &facts), None);
        facts.insert("seat".into(), Value::Record(seat));
        let sentence = words.render("seat", &facts).expect("all facts are there");
        assert_eq!(sentence.text, "Seat 14 C at 10:15 in the morning.");
        assert_eq!((sentence.fixed, sentence.codes), (false, vec!["14C".to_owned()]));
    }

    #[test]
    fn a_sentence_says_how_a_fact_is_spoken() {
        let facts = Record::from([
            ("place".to_owned(), Value::Int(3)),
            ("delay".to_owned(), Value::Int(135)),
            ("caller".to_owned(), Value::Text("+15550100".into())),
            ("who".to_owned(), Value::Text("GARCIA/MARIA MRS".into())),
            ("code".to_owned(), Value::Code("K7M4X2".into())),
            ("at".to_owned(), Value::Time("2026-11-23T10:15".into())),
            ("items".to_owned(), Value::List(vec!["a".into(), "b".into()])),
        ]);
        for (pattern, wanted) in [
            ("{ $place-ordinal } and { $place-words } and { $place }", "third and three and 3"),
            ("{ $delay-duration }", "2 hours and 15 minutes"),
            ("{ $caller-phone }", "plus 1 5 5, 5 0 1, 0 0"),
            ("{ $who-name }", "Maria Garcia"),
            ("{ $code }; { $code-spelled }", "K 7 M, 4 X 2; kilo, seven, mike, four, x-ray, two"),
            ("{ $at-date }", "Monday, November 23"),
            ("{ $items-count }: { $items }", "2: a and b"),
        ] {
            let (words, problems) = words(&format!("it = {pattern}\n"));
            assert_eq!(problems, []);
            let said = words.render("it", &facts).map(|sentence| sentence.text);
            assert_eq!(said.as_deref(), Some(wanted), "{pattern}");
        }
        let (words, _) = words("it = { $code-ordinal }\n");
        assert_eq!(words.render("it", &facts), None, "a code has no place in an order");
    }

    #[test]
    fn what_hangs_on_a_word_follows_its_sound() {
        let topic = r#"{ $x }{ AFTER($x, vowel: "는", other: "은") }"#;
        let object = r#"{ $x }{ AFTER($x, vowel: "를", other: "을") }"#;
        let subject = r#"{ $x }{ AFTER($x, vowel: "가", other: "이") }"#;
        let toward = r#"{ $x }{ AFTER($x, vowel: "로", rieul: "로", other: "으로") }"#;
        let and = r#"agua { BEFORE($x, i: "e", other: "y") } { $x }"#;
        let text = |text: &str| Value::Text(text.to_owned());
        let code = |text: &str| Value::Code(text.to_owned());
        for (language, pattern, value, wanted) in [
            (Language::KO, topic, text("부산"), "부산은"),
            (Language::KO, topic, text("제주"), "제주는"),
            (Language::KO, object, text("헤드폰"), "헤드폰을"),
            (Language::KO, object, text("모자"), "모자를"),
            (Language::KO, subject, text("김민서"), "김민서가"),
            (Language::KO, subject, text("박지훈"), "박지훈이"),
            (Language::KO, toward, text("서울"), "서울로"),
            (Language::KO, toward, text("부산"), "부산으로"),
            (Language::KO, toward, text("제주"), "제주로"),
            // Letters and figures by how they are read: "시애틀", "파리", "삼", "이", "십".
            (Language::KO, toward, text("Seattle"), "Seattle로"),
            (Language::KO, topic, text("London"), "London은"),
            (Language::KO, topic, text("Chicago"), "Chicago는"),
            (Language::KO, topic, text("Beijing"), "Beijing은"),
            (Language::KO, subject, Value::Int(3), "3이"),
            (Language::KO, subject, Value::Int(2), "2가"),
            (Language::KO, subject, Value::Int(10), "10이"),
            (Language::KO, topic, code("14C"), "십사 씨는"),
            (Language::KO, topic, code("K7M"), "케이 칠 엠은"),
            (Language::ES, and, text("hielo"), "agua y hielo"),
            (Language::ES, and, text("hilo"), "agua e hilo"),
            (Language::ES, and, text("Inés"), "agua e Inés"),
            (Language::ES, and, text("vino"), "agua y vino"),
        ] {
            let mut problems = Vec::new();
            let lexicon = crate::lexicon::of_or_english(language);
            let pack = format!("it = {pattern}\n");
            let words = Words::of_language(lexicon, Some(("x.ftl", &pack)), &mut problems);
            assert_eq!(problems, []);
            let said = words.render("it", &Record::from([("x".to_owned(), value)]));
            assert_eq!(said.map(|sentence| sentence.text).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn the_form_of_address_is_the_packs_and_no_fact() {
        let text =
            "ask = { $formality ->\n    [familiar] Was möchtest du?\n   *[formal] Was wünschen Sie?\n}\n";
        let (mut words, problems) = words(text);
        assert_eq!(problems, []);
        let said = |words: &Words| words.render("ask", &Record::new()).map(|said| (said.text, said.fixed));
        assert_eq!(said(&words), Some(("Was wünschen Sie?".to_owned(), true)));
        assert!(words.message("ask").is_some_and(|message| message.variables.is_empty()));
        words.speak_familiarly();
        assert_eq!(said(&words), Some(("Was möchtest du?".to_owned(), true)));
        assert_eq!(words.begins("ask", "Was möchtest du? Ja"), Some(16));
    }

    #[test]
    fn what_cannot_be_said_is_told_before_anybody_calls() {
        let cases = [
            ("a = { nothere }", "`a` refers to `nothere`, which there is not"),
            ("a = { helo }", "did you mean `hello`?"),
            ("a = { hello.short }", "`a` refers to `hello.short`"),
            ("a = { -brand }", "`a` refers to `-brand`"),
            ("a = { b }\nb = { c }\nc = { b }", "`b` refers to itself"),
            ("a = { a }", "`a` refers to itself"),
            ("a = { NUMBER($x) }", "`a` calls the function `NUMBER`, which there is not"),
            ("a = { SPELL() }", "which takes one fact"),
            ("a = { SPELL($x, as: \"nth\") }", "does not know `as: \"nth\"`"),
            ("a = { AFTER($x, other: \"\", odd: \"\") }", "with `odd`, which is no kind of sound"),
            ("a = { BEFORE($x) }", "without a text for all other sounds"),
            ("-brand = The { $x }\na = { -brand }", "the term `-brand` names a fact"),
        ];
        for (text, wanted) in cases {
            let (_, problems) = words(text);
            let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|told| told.contains(wanted)), "{text}: {told:?}");
            assert!(problems.iter().all(|problem| problem.line.is_some()), "{told:?}");
        }
        let (words, problems) = words("-brand = Air\n    .short = A\nhi = { hello } { -brand }.\n");
        assert_eq!(problems, []);
        assert_eq!(words.render("hi", &Record::new()).map(|it| it.text), Some("Hello. Air.".to_owned()));
    }

    #[test]
    fn facts_that_other_sentences_name_are_facts_of_the_sentence() {
        let (words, problems) = words("seat = Seat { $number }.\nboth = { hello } { seat }\n");
        assert_eq!(problems, []);
        assert_eq!(words.render("both", &Record::new()), None);
        let facts = Record::from([("number".to_owned(), Value::Int(4))]);
        let sentence = words.render("both", &facts).expect("all facts are there");
        assert!(!sentence.fixed && sentence.text == "Hello. Seat 4.", "{sentence:?}");
    }

    #[test]
    fn a_sentence_of_nothing_is_none() {
        let (words, _) = words("a = { \"\" }\n");
        assert_eq!(words.render("a", &Record::new()), None);
    }

    proptest! {
        #[test]
        fn whatever_is_written_renders_or_does_not(
            text in prop_oneof![
                "\\PC{0,80}",
                "([a-c]|-[a-c]) = ?(\\{ ?(\\$[a-c]|[a-c]|-[a-c]|\"\\PC{0,3}\") ?\\}|[a-z ]{0,5}|\n  [a-z*.\\[\\]]{0,3}){0,6}\n",
            ],
            fact in "[a-c]",
        ) {
            let (words, _) = words(&text);
            let facts = Record::from([(fact, Value::Int(3))]);
            for key in words.keys() {
                let sentence = words.render(key, &facts);
                prop_assert!(sentence.is_none_or(|sentence| !sentence.text.is_empty()), "{}", key);
            }
        }
    }

    #[test]
    fn deep_nesting_is_a_problem_and_no_overflow() {
        for text in [
            format!("ok = Good.\na = {}{}\n", "{".repeat(20_000), "}".repeat(20_000)),
            format!("ok = Good.\na = {{ {}1{} }}\n", "A(".repeat(20_000), ")".repeat(20_000)),
            format!("ok = Good.\na = {}\n", "{ $x ->\n *[a] ".repeat(20_000)),
            format!("ok = Good.\na = {}\n", "{ \"}\"\n{ ".repeat(20_000)),
        ] {
            let (_, problems) = words(&text);
            assert!(
                problems.iter().any(|problem| problem.what.contains("too deeply nested")),
                "{problems:?}"
            );
            assert!(problems[0].line.is_some_and(|line| line >= 2), "{problems:?}");
        }
    }

    #[test]
    fn syntax_errors_are_told_with_their_line() {
        let (_, problems) = words("good = Good.\nbad { = x\n");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].line, Some(2));
    }
}
