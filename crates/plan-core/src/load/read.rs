//! Reads a file's tree. What is wrong is told and reading goes on: one mistake hides no other.

use std::collections::BTreeMap;
use std::str::FromStr;

use callwright_model::Problem;
use callwright_model::yaml::{Key, Node, nearest};

use super::door::FILL_IN;
use crate::expr::Expr;

/// A text that knows where it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) line: Option<u32>,
}

/// One file, with what is wrong in it.
pub(super) struct Reader<'p> {
    pub(super) file: String,
    pub(super) problems: &'p mut Vec<Problem>,
    pub(super) compiled: &'p mut BTreeMap<String, Expr>,
}

impl Reader<'_> {
    pub(super) fn wrong(&mut self, line: Option<u32>, what: impl Into<String>, help: Option<String>) {
        let problem = Problem::error(&self.file, line, what);
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    /// Refuses keys that are not among these.
    pub(super) fn keys(&mut self, of: &Node, known: &[&str]) {
        of.check_keys(&self.file, known, self.problems);
    }

    /// The text under a key, if there is one.
    pub(super) fn text(&mut self, of: &Node, key: &str) -> Option<Text> {
        let node = of.field(key)?;
        match node.text() {
            Some(text) => Some(Text { value: text.to_owned(), line: Some(node.line) }),
            None => {
                self.wrong(Some(node.line), format!("`{key}` is not a text"), None);
                None
            }
        }
    }

    /// The text under a key, which must be there. Empty when it is not, so that the rest can be read.
    pub(super) fn needed(&mut self, of: &Node, key: &str, whose: &str) -> Text {
        if of.field(key).is_none() {
            self.wrong(Some(of.line), format!("{whose} has no `{key}`"), None);
        }
        self.text(of, key).unwrap_or(Text { value: String::new(), line: Some(of.line) })
    }

    /// The number under a key, if there is one.
    pub(super) fn number<T: FromStr>(&mut self, of: &Node, key: &str) -> Option<T> {
        let text = self.text(of, key)?;
        let number = text.value.parse().ok();
        if number.is_none() && text.value != FILL_IN {
            let what = format!("`{key}` is `{}`, which is no whole number that fits", text.value);
            self.wrong(text.line, what, None);
        }
        number
    }

    /// The yes or no under a key; no when it is not there.
    pub(super) fn flag(&mut self, of: &Node, key: &str) -> bool {
        let Some(text) = self.text(of, key) else { return false };
        self.one_of(&text, "yes or no", &[("true", true), ("false", false)]).unwrap_or_default()
    }

    /// What is under a key, by its name among those that are known.
    pub(super) fn one_of<T: Copy>(&mut self, text: &Text, what: &str, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == text.value).map(|(_, it)| *it);
        // What waits for a person was told as that.
        if found.is_none() && text.value != FILL_IN {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let help = nearest(&text.value, &names);
            self.wrong(text.line, format!("`{}` is not {what}", text.value), Some(help));
        }
        found
    }

    /// The entries under a key, none when it is not there.
    pub(super) fn entries<'n>(&mut self, of: &'n Node, key: &str) -> &'n [(Key, Node)] {
        let Some(node) = of.field(key) else { return &[] };
        node.map().unwrap_or_else(|| {
            self.wrong(Some(node.line), format!("`{key}` is not a mapping"), None);
            &[]
        })
    }

    /// The items under a key, none when it is not there.
    pub(super) fn items<'n>(&mut self, of: &'n Node, key: &str) -> &'n [Node] {
        let Some(node) = of.field(key) else { return &[] };
        node.list().unwrap_or_else(|| {
            self.wrong(Some(node.line), format!("`{key}` is not a list"), None);
            &[]
        })
    }

    /// Named expressions under a key. One that is wrong is told once: its name counts as bound.
    pub(super) fn exprs(&mut self, of: &Node, key: &str) -> Vec<(String, Expr)> {
        let mut compiled = Vec::new();
        for (name, node) in self.entries(of, key) {
            let text = node.text().map(|text| Text { value: text.to_owned(), line: Some(node.line) });
            let expr = match text {
                Some(text) => self.expr(&text),
                None => {
                    self.wrong(Some(node.line), format!("`{}` is not a text", name.name), None);
                    None
                }
            };
            compiled
                .extend(expr.or_else(|| Expr::compile("null").ok()).map(|expr| (name.name.clone(), expr)));
        }
        compiled
    }

    pub(super) fn expr(&mut self, text: &Text) -> Option<Expr> {
        if let Some(known) = self.compiled.get(&text.value) {
            return Some(known.clone());
        }
        match Expr::compile(&text.value) {
            Ok(expr) => {
                self.compiled.insert(text.value.clone(), expr.clone());
                Some(expr)
            }
            Err(why) => {
                let what = format!("`{}` is not a condition or value: {why}", text.value);
                self.wrong(text.line, what, None);
                None
            }
        }
    }
}
