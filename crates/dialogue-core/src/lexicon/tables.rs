//! Reading a language's tables, with every mistake at its line.

use std::collections::BTreeMap;
use std::str::FromStr;

use callwright_model::Problem;
use callwright_model::yaml::{Node, nearest};

use super::list;
use super::sections::{Need, SECTIONS, keys_under};

/// The tables of a file, asked for one by one.
pub(crate) struct Tables<'t> {
    pub(crate) file: &'t str,
    node: Node,
    pub(crate) problems: &'t mut Vec<Problem>,
}

/// A line `value = form, form` of a table.
pub(crate) struct Row<'t> {
    pub(crate) line: u32,
    pub(crate) value: &'t str,
    pub(crate) forms: &'t str,
}

impl<'t> Tables<'t> {
    /// Reads the file and tells which tables it lacks, and which keys mean nothing.
    pub(crate) fn read(file: &'t str, text: &str, problems: &'t mut Vec<Problem>) -> Option<Self> {
        let node = Node::parse(file, text).map_err(|problem| problems.push(problem)).ok()?;
        let tables = Self { file, node, problems };
        for path in ["", "numbers", "call_times", "clauses", "slots", "slots.rules", "say", "intents"] {
            if let Some(node) = below(&tables.node, path) {
                node.check_keys(file, &keys_under(path), tables.problems);
            }
        }
        for section in SECTIONS.iter().filter(|section| section.need == Need::Must) {
            if tables.is_missing(section.path) {
                let what = format!("the table `{}` is missing", section.path);
                tables.problems.push(Problem::error(file, None, what).help(section.what));
            }
        }
        Some(tables)
    }

    /// Whether a table is not there, or has nothing in it.
    pub(crate) fn is_missing(&self, path: &str) -> bool {
        self.text(path).is_none_or(|text| text.trim().is_empty())
    }

    fn at(&self, path: &str) -> Option<&Node> {
        below(&self.node, path)
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Node::text)
    }

    /// The tables below a path, with the line that the text of each begins on.
    pub(crate) fn texts(&self, path: &str) -> Vec<(String, String, u32)> {
        let below = self.at(path).and_then(Node::map).unwrap_or_default();
        let text = |node: &Node| Some((node.text()?.to_owned(), node.line));
        below
            .iter()
            .filter_map(|(key, node)| text(node).map(|(text, line)| (key.name.clone(), text, line)))
            .collect()
    }

    /// Comma or line separated phrases, folded.
    pub(crate) fn list<T: FromIterator<String>>(&self, path: &str) -> T {
        list(self.text(path).unwrap_or_default()).into_iter().collect()
    }

    /// The same, as single characters.
    pub(crate) fn forms_in_chars(&self, path: &str) -> Vec<Vec<char>> {
        list(self.text(path).unwrap_or_default()).iter().map(|form| form.chars().collect()).collect()
    }

    /// Lines of a table that are no rows, as they are written.
    pub(crate) fn lines(&self, path: &str) -> Vec<String> {
        let lines = self.text(path).unwrap_or_default().lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Folded forms with the value that each stands for.
    pub(crate) fn forms<T: FromStr + Clone>(&mut self, path: &str, kind: &str) -> BTreeMap<String, T> {
        let mut found = BTreeMap::new();
        self.rows(path, kind, |value: T, forms| {
            found.extend(list(forms).into_iter().map(|form| (form, value.clone())));
        });
        found
    }

    /// Values with the one form of each, as it is written.
    pub(crate) fn names<T: FromStr + Ord>(&mut self, path: &str, kind: &str) -> BTreeMap<T, String> {
        let mut found = BTreeMap::new();
        self.rows(path, kind, |value: T, form| {
            found.insert(value, form.trim().to_owned());
        });
        found
    }

    /// Names of kinds by what is written, from rows `kind = a, b`.
    pub(crate) fn kinds(&mut self, path: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        self.rows(path, "a name", |kind: String, letters| {
            let letters =
                letters.split(',').map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty());
            found.extend(letters.map(|one| (one, kind.clone())));
        });
        found
    }

    /// Rows as they are written, each value with its forms.
    pub(crate) fn rows<T: FromStr>(&mut self, path: &str, kind: &str, mut take: impl FnMut(T, &str)) {
        let mut wrong = Vec::new();
        for row in self.at(path).map(rows).unwrap_or_default() {
            match row.map(|row| row.value.parse::<T>().map(|value| (value, row.forms)).map_err(|_| row)) {
                Ok(Ok((value, forms))) => take(value, forms),
                Ok(Err(row)) => wrong.push((row.line, format!("`{}` in `{path}` is not {kind}", row.value))),
                Err((line, text)) => wrong.push((line, format!("`{text}` in `{path}` has no `=`"))),
            }
        }
        for (line, what) in wrong {
            let help = "a row is written as in `2 = two, second`";
            self.problems.push(Problem::error(self.file, Some(line), what).help(help));
        }
    }

    /// A table that is one of a few words.
    pub(crate) fn one_of<T: Copy>(&mut self, path: &str, known: &[(&str, T)]) -> Option<T> {
        let node = self.at(path)?;
        let (text, line) = (node.text().unwrap_or_default().trim(), node.line);
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let problem = Problem::error(self.file, Some(line), format!("`{path}` cannot be `{text}`"));
            let help = nearest(text, &names);
            self.problems.push(problem.help(help));
        }
        found
    }

    /// A problem with a table as a whole.
    pub(crate) fn wrong(&mut self, path: &str, what: &str, help: &str) {
        let line = self.at(path).map(|node| node.line);
        self.problems.push(Problem::error(self.file, line, format!("`{path}` {what}")).help(help));
    }
}

/// The node at a path of keys.
fn below<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(node, |node, name| node.field(name))
}

/// The rows of a table; lines that are none come as they are.
fn rows(node: &Node) -> Vec<Result<Row<'_>, (u32, &str)>> {
    let lines = (node.line..).zip(node.text().unwrap_or_default().lines());
    lines
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(line, text)| match text.split_once('=') {
            Some((value, forms)) => Ok(Row { line, value: value.trim(), forms }),
            None => Err((line, text.trim())),
        })
        .collect()
}
