//! Reading a language's patterns: `slots:` of its words file, with every mistake at its line.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::Problem;
use callwright_model::yaml::nearest;

use super::{Class, Grammar, Meaning, Of, Part, Rule, Table};
use crate::lexicon::{Number, Tables, fold};
use crate::slots::number::Numerals;

/// What is read out of rules of a name.
struct Known {
    name: &'static str,
    kinds: &'static [&'static str],
    /// What its classes are asked for by.
    facts: &'static [&'static str],
}

const fn known(name: &'static str, kinds: &'static [&'static str], facts: &'static [&'static str]) -> Known {
    Known { name, kinds, facts }
}

const KNOWN: [Known; 8] = [
    known(
        "date",
        &[
            "date",
            "of_year",
            "day",
            "bare",
            "in_month",
            "month_end",
            "weekday",
            "next",
            "last",
            "week",
            "ahead",
            "ago",
            "relative",
            OTHER,
        ],
        &[
            "day", "month", "year", "holiday", "years", "ahead", "weekday", "week", "count", "times",
            "period", "relative",
        ],
    ),
    known("time", TIME_KINDS, TIME_FACTS),
    known("bare_time", TIME_KINDS, TIME_FACTS),
    known("part", &["part"], &["part"]),
    known("number", &["number", "minus", OTHER], &["number"]),
    known("money", MONEY_KINDS, MONEY_FACTS),
    known("bare_money", MONEY_KINDS, MONEY_FACTS),
    known("duration", &["span", "one", "decimal"], &["count", "unit", "share", "minute", "decimal"]),
];

const TIME_KINDS: &[&str] = &["at", "to", "past_to", "named", OTHER];
const TIME_FACTS: &[&str] = &["hour", "minute", "fraction", "part", "named"];
const MONEY_KINDS: &[&str] = &["sum", "grand", "cents", OTHER];
const MONEY_FACTS: &[&str] = &["whole", "amount", "share", "cents", "currency"];
/// What looks like one and is none; whatever it names is not asked for.
const OTHER: &str = "other";

impl Grammar {
    /// Reads `slots:`, with the number words of the language.
    pub(crate) fn read(tables: &mut Tables<'_>, joined: bool, words: &BTreeMap<String, Number>) -> Self {
        let mut classes = BTreeMap::new();
        for (name, ..) in tables.texts("slots.tables") {
            let table = table(tables, &format!("slots.tables.{name}"));
            classes.insert(name, table);
        }
        let mut rules = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (name, text, first) in tables.texts("slots.rules") {
            let Some(known) = KNOWN.iter().find(|known| known.name == name) else { continue };
            let lines = (first..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
            let mut read = Vec::new();
            for (line, text) in lines {
                match Rule::read(text, known, &classes) {
                    Ok(rule) => read.push(rule),
                    Err((what, help)) => {
                        let what = format!("the rule `{}` {what}", text.trim());
                        tables.problems.push(Problem::error(tables.file, Some(line), what).help(help));
                    }
                }
            }
            used.extend(read.iter().flat_map(Rule::tables).map(str::to_owned));
            rules.insert(name, read);
        }
        for name in classes.keys().filter(|name| !used.contains(*name)) {
            tables.wrong(
                &format!("slots.tables.{name}"),
                "is in none of the rules",
                "take it out, or name it in one",
            );
        }
        Self {
            joined,
            numerals: Numerals::read(tables, words),
            tables: classes,
            rules,
            after: tables.list("slots.after"),
            around: tables.forms_in_chars("slots.around"),
            correct: tables.forms_in_chars("slots.correct"),
            joiners: tables.forms_in_chars("slots.joiners"),
            not_before: tables.forms_in_chars("slots.not_before"),
            not_after: tables.forms_in_chars("slots.not_after"),
        }
    }
}

fn table(tables: &mut Tables<'_>, path: &str) -> Table {
    let mut table: Table = Vec::new();
    tables.rows(path, "a value", |value: String, forms| {
        let meaning = || value.parse().map_or_else(|_| Meaning::Word(value.clone()), Meaning::Number);
        let forms = forms.split(',').map(|text| form(text.trim())).filter(|form| !form.is_empty());
        table.extend(forms.map(|form| (form, meaning())));
    });
    table.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    table
}

/// What is wrong with a rule, and what helps.
type Wrong = (String, String);

impl Rule {
    fn read(line: &str, known: &Known, tables: &BTreeMap<String, Table>) -> Result<Self, Wrong> {
        let Known { name, kinds, facts } = known;
        let (kind, parts) =
            line.split_once(" = ").ok_or_else(|| ("has no ` = `".to_owned(), HELP.to_owned()))?;
        let kind = kind.trim();
        if !kinds.contains(&kind) {
            return Err((
                format!("is of the kind `{kind}`, which `{name}` does not know"),
                nearest(kind, kinds),
            ));
        }
        let parts: Vec<Part> =
            parts.split_whitespace().map(|part| Part::read(part, tables)).collect::<Result<_, _>>()?;
        for part in &parts {
            if let Of::Class { name: fact, .. } = &part.of
                && kind != OTHER
                && !facts.contains(&fact.as_str())
            {
                return Err((format!("names `{fact}`, which nothing asks for"), nearest(fact, facts)));
            }
        }
        // "November 3rd, 2027" is one date; "thirty dollars, forty" are two amounts.
        Ok(Self { kind: kind.to_owned(), over_pauses: *name == "date", parts })
    }

    /// The tables that it names.
    fn tables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match &part.of {
            Of::Class { class: Class::Table(table), .. } => Some(table.as_str()),
            Of::Class { .. } | Of::Forms(_) => None,
        })
    }
}

impl Part {
    fn read(text: &str, tables: &BTreeMap<String, Table>) -> Result<Self, Wrong> {
        let (text, optional) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
        let of = match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(inner) => {
                let (name, class) = inner.split_once(':').unwrap_or((inner, inner));
                let class = match class {
                    "number" => Class::Number,
                    "count" => Class::Count,
                    "nth" => Class::Nth,
                    "day" => Class::Day,
                    "year" => Class::Year,
                    "minute" => Class::Minute,
                    "decimal" => Class::Decimal,
                    table if tables.contains_key(table) => Class::Table(table.to_owned()),
                    unknown => {
                        return Err((format!("names `{{{unknown}}}`, which is no class"), HELP.to_owned()));
                    }
                };
                Of::Class { name: name.to_owned(), class }
            }
            None => Of::Forms(text.split('|').map(form).collect()),
        };
        Ok(Self { of, optional })
    }
}

const HELP: &str = "kind = part part; {class} is a number class or a table of this file";

/// Words of a pattern as they are compared. A mark stands for itself.
fn form(text: &str) -> Vec<char> {
    let folded = fold(&text.replace('_', " "));
    if folded.is_empty() { text.chars().collect() } else { folded.chars().collect() }
}
