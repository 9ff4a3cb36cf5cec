//! Reads one TOML file key by key, so that every mistake is told at once, with its line, and a misspelled key with the
//! nearest right one. An environment variable named after a key's path takes the file's place: `CALLWRIGHT_SIP_LISTEN`
//! for `listen` in `[sip]`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use callwright_model::{Problem, SecretRef};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where each value that was read stands, for mistakes that show only later: in the packs, or on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    file: String,
    /// Line in the file, or the variable that took its place, by the key's path.
    places: BTreeMap<String, Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Line(u32),
    Variable(String),
}

impl Places {
    /// Whether a key was there, whatever its value.
    pub fn know(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// A mistake in the value of a key.
    pub fn problem(&self, path: &str, what: impl Into<String>) -> Problem {
        match self.places.get(path) {
            Some(Place::Line(line)) => Problem::error(&self.file, Some(*line), what),
            Some(Place::Variable(name)) => {
                Problem::error("environment", None, format!("{name}: {}", what.into()))
            }
            None => Problem::error(&self.file, None, what),
        }
    }
}

/// The file, the overrides, and the mistakes found so far.
pub struct Reader {
    file: String,
    text: String,
    overrides: BTreeMap<String, String>,
    used: BTreeSet<String>,
    /// Keys that could have been overridden, for suggestions.
    known: BTreeSet<String>,
    places: BTreeMap<String, Place>,
    problems: Vec<Problem>,
}

/// One table of the file while it is being read. What is asked for is known; what is left over at the end is a mistake.
pub struct Section<'t, 'i> {
    path: String,
    table: Option<&'t DeTable<'i>>,
    known: Vec<&'static str>,
}

impl Reader {
    /// Reads `text`, which a person knows as `file`. `overrides` are the `CALLWRIGHT_*` variables.
    pub fn new(file: &str, text: &str, overrides: BTreeMap<String, String>) -> Self {
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            overrides,
            used: BTreeSet::new(),
            known: BTreeSet::new(),
            places: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Where everything stands that was read until here.
    pub fn places(&self) -> Places {
        Places { file: self.file.clone(), places: self.places.clone() }
    }

    /// Notes a mistake at a byte of the file.
    pub fn problem(&mut self, at: Option<usize>, what: impl Into<String>) -> &mut Problem {
        let line = at.map(|at| self.line(at));
        self.problems.push(Problem::error(self.file.clone(), line, what));
        self.problems.last_mut().expect("one was just pushed")
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> u32 {
        let newlines = self.text.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count();
        u32::try_from(newlines + 1).unwrap_or(u32::MAX)
    }

    /// All mistakes, in the order of the file; overrides that fit no key are among them.
    pub fn finish(mut self) -> Vec<Problem> {
        let unused: Vec<String> =
            self.overrides.keys().filter(|name| !self.used.contains(*name)).cloned().collect();
        for name in unused {
            let mut problem =
                Problem::error("environment", None, format!("`{name}` is not a setting of Callwright"));
            if let Some(near) = nearest(&name, self.known.iter().map(String::as_str)) {
                problem = problem.help(format!("did you mean `{near}`?"));
            }
            self.problems.push(problem);
        }
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    /// Reads a key that parses from text; numbers and booleans may be written bare.
    pub fn parse<T>(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let (text, at) = self.raw(section, key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let place = section.place(key);
                self.problem(at, format!("`{place}` cannot be `{text}`: {error}"));
                None
            }
        }
    }

    /// Reads a key, or takes the default.
    pub fn parse_or<T>(&mut self, section: &mut Section<'_, '_>, key: &'static str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        self.parse(section, key).unwrap_or(default)
    }

    /// Reads a key that must be there.
    pub fn required<T>(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if section.table.is_none_or(|table| !table.contains_key(key))
            && !self.overrides.contains_key(&section.variable(key))
        {
            section.known.push(key);
            let place = section.place(key);
            self.problem(section.start(), format!("`{place}` is missing"));
            return None;
        }
        self.parse(section, key)
    }

    /// Reads a list of values that parse from text. As an override: separated by commas.
    pub fn list<T>(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> Option<Vec<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        section.known.push(key);
        let place = section.place(key);
        let items: Vec<(String, Option<usize>)> = if let Some(text) = self.override_of(section, key) {
            text.split(',')
                .map(|item| (item.trim().to_owned(), None))
                .filter(|(i, _)| !i.is_empty())
                .collect()
        } else {
            let value = section.table?.get(key)?;
            self.note(&place, value.span().start);
            let Some(array) = value.get_ref().as_array() else {
                self.problem(Some(value.span().start), format!("`{place}` must be a list"));
                return None;
            };
            let mut items = Vec::new();
            for item in array.iter() {
                match plain(item.get_ref()) {
                    Some(text) => items.push((text, Some(item.span().start))),
                    None => {
                        self.problem(
                            Some(item.span().start),
                            format!("`{place}` must hold texts or numbers"),
                        );
                    }
                }
            }
            items
        };
        let mut values = Vec::new();
        for (text, at) in items {
            match text.parse() {
                Ok(value) => values.push(value),
                Err(error) => {
                    self.problem(at, format!("`{place}` cannot hold `{text}`: {error}"));
                }
            }
        }
        Some(values)
    }

    /// The tables among the values of a table whose names the person chooses.
    pub fn tables<'t, 'i>(
        &mut self,
        parent: &mut Section<'t, 'i>,
        key: &'static str,
    ) -> Vec<(String, Section<'t, 'i>)> {
        let table =
            parent.table.and_then(|table| table.get(key)).and_then(|value| value.get_ref().as_table());
        let mut tables = Vec::new();
        for (name, value) in table.into_iter().flatten() {
            let Some(table) = value.get_ref().as_table() else { continue };
            let path = format!("{}.{}", parent.place(key), name.get_ref());
            self.note(&path, value.span().start);
            tables
                .push((name.get_ref().to_string(), Section { path, table: Some(table), known: Vec::new() }));
        }
        tables
    }

    /// Reads where a secret is kept. What was written is in no mistake: it may be the secret.
    pub fn secret(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> Option<SecretRef> {
        let (text, at) = self.raw(section, key)?;
        self.kept(section.place(key), &text, at)
    }

    /// Reads where each secret of a table is kept.
    pub fn secrets(
        &mut self,
        section: &mut Section<'_, '_>,
        key: &'static str,
    ) -> BTreeMap<String, SecretRef> {
        let (place, at) = (section.place(key), section.at(key));
        let texts: BTreeMap<String, String> = self.names(section, key);
        let kept = |(name, text): (String, String)| {
            let kept = self.kept(format!("{place}.{name}"), &text, at)?;
            Some((name, kept))
        };
        texts.into_iter().filter_map(kept).collect()
    }

    fn kept(&mut self, place: String, text: &str, at: Option<usize>) -> Option<SecretRef> {
        match text.parse() {
            Ok(kept) => Some(kept),
            Err(why) => {
                self.problem(at, format!("`{place}`: {why}"));
                None
            }
        }
    }

    /// Reads every key of a table whose names the person chooses, but those that are tables. A variable may name one that the file
    /// does not, in small letters.
    pub fn names<T>(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> BTreeMap<String, T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let inner = self.section(section, key);
        let mut texts = BTreeMap::new();
        for (name, value) in inner.table.into_iter().flatten() {
            if value.get_ref().as_table().is_some() {
                continue;
            }
            let at = value.span().start;
            let place = inner.place(name.get_ref());
            self.note(&place, at);
            if let Some(text) = self.override_of(&inner, name.get_ref()) {
                texts.insert(name.get_ref().to_string(), (text, None));
            } else if let Some(text) = plain(value.get_ref()) {
                texts.insert(name.get_ref().to_string(), (text, Some(at)));
            } else {
                self.problem(Some(at), format!("`{place}` must be a text"));
            }
        }
        let prefix = inner.variable("");
        let others: Vec<String> = self
            .overrides
            .keys()
            .filter(|name| !self.used.contains(*name))
            .filter_map(|name| Some(name.strip_prefix(&prefix)?.to_lowercase()))
            .filter(|name| !name.is_empty())
            .collect();
        for name in others {
            if let Some(text) = self.override_of(&inner, &name) {
                texts.insert(name, (text, None));
            }
        }
        let mut names = BTreeMap::new();
        for (name, (text, at)) in texts {
            match text.parse() {
                Ok(value) => drop(names.insert(name, value)),
                Err(error) => {
                    let place = inner.place(&name);
                    self.problem(at, format!("`{place}` cannot be `{text}`: {error}"));
                }
            }
        }
        names
    }

    /// The table under a key; an empty one when it is not there.
    pub fn section<'t, 'i>(&mut self, parent: &mut Section<'t, 'i>, key: &'static str) -> Section<'t, 'i> {
        parent.known.push(key);
        let path = parent.place(key);
        let table = parent.table.and_then(|table| table.get(key)).and_then(|value| {
            self.note(&path, value.span().start);
            let table = value.get_ref().as_table();
            if table.is_none() {
                self.problem(Some(value.span().start), format!("`{path}` must be a table: write `[{path}]`"));
            }
            table
        });
        Section { path, table, known: Vec::new() }
    }

    /// The tables under a key written `[[key]]`.
    pub fn sections<'t, 'i>(
        &mut self,
        parent: &mut Section<'t, 'i>,
        key: &'static str,
    ) -> Vec<Section<'t, 'i>> {
        parent.known.push(key);
        let path = parent.place(key);
        let Some(value) = parent.table.and_then(|table| table.get(key)) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.problem(Some(value.span().start), format!("write `[[{path}]]`: there may be several"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (place, item) in array.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section {
                    path: format!("{path}.{place}"),
                    table: Some(table),
                    known: Vec::new(),
                }),
                None => {
                    self.problem(Some(item.span().start), format!("`{path}` must hold tables"));
                }
            }
        }
        sections
    }

    /// Tells of every key that nothing asked for.
    pub fn close(&mut self, section: Section<'_, '_>) {
        for key in section.table.into_iter().flat_map(DeTable::keys) {
            let name = key.get_ref().as_ref();
            if section.known.contains(&name) {
                continue;
            }
            let place = section.place(name);
            let near = nearest(name, section.known.iter().copied());
            let problem = self.problem(Some(key.span().start), format!("`{place}` is not a setting"));
            problem.help = Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", section.known.join(", ")),
            });
        }
    }

    fn raw(&mut self, section: &mut Section<'_, '_>, key: &'static str) -> Option<(String, Option<usize>)> {
        section.known.push(key);
        if let Some(text) = self.override_of(section, key) {
            return Some((text, None));
        }
        let value = section.table?.get(key)?;
        let at = Some(value.span().start);
        self.note(&section.place(key), value.span().start);
        match plain(value.get_ref()) {
            Some(text) => Some((text, at)),
            None => {
                let place = section.place(key);
                self.problem(at, format!("`{place}` must be a text or a number"));
                None
            }
        }
    }

    fn override_of(&mut self, section: &Section<'_, '_>, key: &str) -> Option<String> {
        let name = section.variable(key);
        let value = self.overrides.get(&name).cloned();
        if value.is_some() {
            self.used.insert(name.clone());
            self.places.insert(section.place(key), Place::Variable(name.clone()));
        }
        self.known.insert(name);
        value
    }

    fn note(&mut self, place: &str, at: usize) {
        let line = self.line(at);
        self.places.insert(place.to_owned(), Place::Line(line));
    }
}

impl<'t, 'i> Section<'t, 'i> {
    /// The whole file.
    pub fn root(table: &'t Spanned<DeTable<'i>>) -> Self {
        Self { path: String::new(), table: Some(table.get_ref()), known: Vec::new() }
    }

    /// Its name as a path of keys, such as `line.0`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where the value of a key stands, for mistakes that are found later.
    pub fn at(&self, key: &str) -> Option<usize> {
        Some(self.table?.get(key)?.span().start)
    }

    /// Where its first key stands.
    pub fn start(&self) -> Option<usize> {
        self.table?.keys().map(|key| key.span().start).min()
    }

    fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn variable(&self, key: &str) -> String {
        format!("CALLWRIGHT_{}", self.place(key).replace(['.', '-'], "_").to_uppercase())
    }
}

/// A scalar as the text that a person wrote.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The known name most like `name`, if any is alike enough to be meant.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Two swapped or two missing letters in a usual key stay above this; unrelated keys of our files stay below.
    const ALIKE: f64 = 0.75;
    known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
