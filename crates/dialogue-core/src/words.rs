//! Sentences of one language: the base sentences of this crate under those of the pack, rendered from typed facts.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{Language, Problem, Record, Value};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast;

use crate::verbalise;

/// The sentences of one language.
pub(crate) struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Messages with the variables they name, and the line if they are the pack's.
    messages: BTreeMap<String, Message>,
    /// Keys of sentences that must not be cut short.
    required: BTreeSet<String>,
}

/// What is known of a message without rendering it.
pub(crate) struct Message {
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
    /// Base sentences and, over them, those of the pack's file.
    pub(crate) fn new(
        language: Language,
        base: &str,
        pack: Option<(&str, &str)>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let locale = language.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The marks are for screens; a voice would stumble over them.
        bundle.set_use_isolating(false);
        let mut words = Self { language, bundle, messages: BTreeMap::new(), required: BTreeSet::new() };
        words.add(&format!("base words of `{language}`"), base, false, problems);
        if let Some((file, text)) = pack {
            words.add(file, text, true, problems);
        }
        words
    }

    fn add(&mut self, file: &str, text: &str, of_pack: bool, problems: &mut Vec<Problem>) {
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
        let lines = message_lines(text);
        let mut seen = BTreeSet::new();
        for entry in resource.entries() {
            let ast::Entry::Message(message) = entry else { continue };
            let Some(pattern) = &message.value else { continue };
            let line = lines.get(message.id.name).copied();
            if !seen.insert(message.id.name) {
                problems.push(Problem::error(file, line, format!("`{}` is written twice", message.id.name)));
            }
            let mut variables = BTreeSet::new();
            variables_of(pattern, &mut variables);
            let line = line.filter(|_| of_pack);
            self.messages.insert(message.id.name.to_owned(), Message { variables, line });
        }
        self.bundle.add_resource_overriding(resource);
    }

    /// Marks a sentence as one that must not be cut short.
    pub(crate) fn require(&mut self, key: &str) {
        self.required.insert(key.to_owned());
    }

    /// Whether a sentence must not be cut short.
    pub(crate) fn requires(&self, key: &str) -> bool {
        self.required.contains(key)
    }

    pub(crate) fn message(&self, key: &str) -> Option<&Message> {
        self.messages.get(key)
    }

    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.messages.contains_key(key)
    }

    /// The sentence under a key, or `None` when there is none or a fact that it names is missing.
    pub(crate) fn render(&self, key: &str, facts: &Record) -> Option<Sentence> {
        let message = self.messages.get(key)?;
        let mut args = FluentArgs::new();
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
        errors.is_empty().then(|| Sentence {
            text: tidy(&text),
            language: self.language,
            fixed: message.variables.is_empty(),
            required: self.requires(key),
            codes,
        })
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

/// The line of each message: the syntax tree keeps none.
fn message_lines(text: &str) -> BTreeMap<&str, u32> {
    let mut lines = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        if line.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            lines.entry(name).or_insert(number);
        }
    }
    lines
}

fn variables_of(pattern: &ast::Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let ast::PatternElement::Placeable { expression } = element {
            variables_in(expression, found);
        }
    }
}

fn variables_in(expression: &ast::Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        ast::Expression::Inline(inline) => variables_inline(inline, found),
        ast::Expression::Select { selector, variants } => {
            variables_inline(selector, found);
            for variant in variants {
                variables_of(&variant.value, found);
            }
        }
    }
}

fn variables_inline(inline: &ast::InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        ast::InlineExpression::Placeable { expression } => variables_in(expression, found),
        ast::InlineExpression::FunctionReference { arguments, .. } => {
            for argument in &arguments.positional {
                variables_inline(argument, found);
            }
        }
        ast::InlineExpression::StringLiteral { .. }
        | ast::InlineExpression::NumberLiteral { .. }
        | ast::InlineExpression::MessageReference { .. }
        | ast::InlineExpression::TermReference { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pack: &str) -> (Words, Vec<Problem>) {
        let mut problems = Vec::new();
        let words =
            Words::new(Language::EN, "hello = Hello.\nbye = Bye.\n", Some(("en.ftl", pack)), &mut problems);
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
    fn syntax_errors_are_told_with_their_line() {
        let (_, problems) = words("good = Good.\nbad { = x\n");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].line, Some(2));
    }
}
