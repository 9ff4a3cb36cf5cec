//! What the sentences of a file name, read from their syntax: facts, other sentences, functions.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{Problem, yaml};
use fluent_syntax::ast;

use crate::verbalise::{FUNCTIONS, Grammar, OTHER};

/// Something in a words file that can be named: a message `greeting`, a term `-brand`, an attribute `greeting.short`.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) line: Option<u32>,
    variables: BTreeSet<String>,
    references: BTreeSet<String>,
    calls: Vec<Call>,
}

/// A call of a function.
#[derive(Debug)]
struct Call {
    function: String,
    /// Facts and texts that it is given.
    given: usize,
    named: Vec<(String, String)>,
}

/// Everything that the files of a language bring, by name.
#[derive(Debug, Default)]
pub(super) struct Parts(BTreeMap<String, Part>);

impl Parts {
    pub(super) fn add(&mut self, name: String, file: &str, line: Option<u32>, pattern: &ast::Pattern<&str>) {
        let mut part = Part { file: file.to_owned(), line, ..Part::default() };
        part.pattern(pattern);
        self.0.insert(name, part);
    }

    /// The facts that a sentence names, itself or through others.
    pub(super) fn variables(&self, name: &str) -> BTreeSet<String> {
        let reached = self.reached(name);
        let parts = reached.iter().filter(|name| !name.starts_with('-')).filter_map(|name| self.0.get(*name));
        parts.flat_map(|part| part.variables.iter().cloned()).collect()
    }

    /// What a sentence is made of, itself included; no more than can be rendered anyway.
    fn reached<'p>(&'p self, name: &'p str) -> BTreeSet<&'p str> {
        let mut reached = BTreeSet::from([name]);
        let mut next = vec![name];
        while let Some(part) = next.pop().and_then(|name| self.0.get(name)) {
            for reference in part.references.iter().filter(|name| self.0.contains_key(*name)) {
                if reached.len() <= REFERENCES_MAX && reached.insert(reference) {
                    next.push(reference);
                }
            }
        }
        reached
    }

    /// Tells what cannot be said whatever the facts are.
    pub(super) fn check(&self, grammar: &Grammar, problems: &mut Vec<Problem>) {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        for (name, part) in &self.0 {
            let mut wrong = |what: String, help: String| {
                problems.push(Problem::error(&part.file, part.line, what).help(help));
            };
            for missing in part.references.iter().filter(|reference| !self.0.contains_key(*reference)) {
                let near = yaml::nearest(missing, &known);
                let near = if near.starts_with("did") { near } else { "write it, or its text".to_owned() };
                wrong(format!("`{name}` refers to `{missing}`, which there is not"), near);
            }
            for call in &part.calls {
                if let Some((what, help)) = call.mistake(grammar) {
                    wrong(format!("`{name}` calls the function `{}`, {what}", call.function), help);
                }
            }
            if name.starts_with('-') && !part.variables.is_empty() {
                let what = format!("the term `{name}` names a fact");
                wrong(what, "a term is the same for every caller; name the fact in the sentence".to_owned());
            }
            let reached = self.reached(name);
            let mut round = reached.iter().filter_map(|other| self.0.get(*other));
            if round.any(|other| other.references.contains(name)) {
                wrong(
                    format!("`{name}` refers to itself"),
                    "a sentence without an end cannot be said".to_owned(),
                );
            } else if reached.len() > REFERENCES_MAX {
                let what = format!("`{name}` is made of more than {REFERENCES_MAX} others");
                wrong(what, "write it out".to_owned());
            }
        }
    }
}

impl Part {
    fn pattern(&mut self, pattern: &ast::Pattern<&str>) {
        for element in &pattern.elements {
            if let ast::PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&mut self, expression: &ast::Expression<&str>) {
        match expression {
            ast::Expression::Inline(inline) => self.inline(inline),
            ast::Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    fn inline(&mut self, inline: &ast::InlineExpression<&str>) {
        let named = |prefix: &str, id: &str, attribute: &Option<ast::Identifier<&str>>| match attribute {
            Some(attribute) => format!("{prefix}{id}.{}", attribute.name),
            None => format!("{prefix}{id}"),
        };
        match inline {
            ast::InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            ast::InlineExpression::Placeable { expression } => self.expression(expression),
            ast::InlineExpression::FunctionReference { id, arguments } => {
                let text = |value: &ast::InlineExpression<&str>| match value {
                    ast::InlineExpression::StringLiteral { value } => (*value).to_owned(),
                    // Fluent takes nothing but texts and numbers here.
                    _ => String::new(),
                };
                let named = arguments.named.iter();
                self.calls.push(Call {
                    function: id.name.to_owned(),
                    given: arguments.positional.len(),
                    named: named.map(|it| (it.name.name.to_owned(), text(&it.value))).collect(),
                });
                arguments.positional.iter().for_each(|argument| self.inline(argument));
            }
            ast::InlineExpression::MessageReference { id, attribute } => {
                self.references.insert(named("", id.name, attribute));
            }
            ast::InlineExpression::TermReference { id, attribute, .. } => {
                self.references.insert(named("-", id.name, attribute));
            }
            ast::InlineExpression::StringLiteral { .. } | ast::InlineExpression::NumberLiteral { .. } => {}
        }
    }
}

impl Call {
    /// What is wrong with it, and what to do.
    fn mistake(&self, grammar: &Grammar) -> Option<(String, String)> {
        if !FUNCTIONS.contains(&self.function.as_str()) {
            let help =
                format!("there are {}; without one, facts are spoken as they are", FUNCTIONS.join(", "));
            return Some(("which there is not".to_owned(), help));
        }
        if self.given != 1 {
            return Some((
                "which takes one fact".to_owned(),
                format!("as in `{}($name, ...)`", self.function),
            ));
        }
        if self.function == "SPELL" {
            let (name, set) =
                self.named.iter().find(|(name, set)| name != "as" || !grammar.numbers.has(set))?;
            let what = format!("which does not know `{name}: \"{set}\"`");
            return Some((what, format!("as: one of the number rules {}", grammar.numbers.names())));
        }
        let known: BTreeSet<&str> = grammar.sounds.kinds().chain([OTHER]).collect();
        let unknown = self.named.iter().find(|(name, _)| !known.contains(name.as_str()));
        if let Some((name, _)) = unknown {
            let known: Vec<&str> = known.into_iter().collect();
            return Some((format!("with `{name}`, which is no kind of sound"), yaml::nearest(name, &known)));
        }
        let other = self.named.iter().any(|(name, _)| name == OTHER);
        (!other)
            .then(|| ("without a text for all other sounds".to_owned(), format!("add `{OTHER}: \"...\"`")))
    }
}

/// The first line of a message that opens so many brackets that reading it could cost the parser its stack. Closing ones are
/// not counted off: they may stand in a text. A line `key = ...` is always a new entry, whatever came before.
pub(super) fn too_deep(text: &str) -> Option<u32> {
    let mut open = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if super::entry_name(line).is_some() {
            open = 0;
        }
        open += line.bytes().filter(|byte| b"{(".contains(byte)).count();
        if open > OPEN_MAX {
            return Some(number);
        }
    }
    None
}

/// Sentences in one sentence. The renderer gives up after a hundred pieces.
const REFERENCES_MAX: usize = 64;
/// Opened brackets in one message, all its variants counted: several times what a sentence in six plural forms has, and a
/// hundredth of what overflows a small stack.
const OPEN_MAX: usize = 128;
