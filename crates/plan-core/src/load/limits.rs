//! `limits.yaml`: what may be done in a day.

use std::str::FromStr as _;
use std::time::Duration;

use callwright_model::yaml::{Key, Node};
use callwright_model::{ActionKind, PackSource, Problem};
use chrono_tz::Tz;

use super::read::Reader;
use crate::catalogue::{Action, FieldType};
use crate::limits::{DayLimit, Limits, Per, Sum, Then};
use crate::policy::{Approval, approval_time, is_role};
use crate::skill::Pack;

/// Sentences that limits name and that a language lacks.
pub(super) fn words_missing(limits: &Limits, source: &PackSource, file: &str) -> Vec<Problem> {
    let languages = || source.files.iter().filter(|(path, _)| path.starts_with("words/"));
    let mut missing = Vec::new();
    for limit in &limits.limits {
        let Then::Refuse { words: Some(key), .. } = &limit.then else { continue };
        let is_it =
            |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        for (path, _) in languages().filter(|(_, text)| !text.lines().any(is_it)) {
            let line = limit.line.map(|line| format!(":{line}")).unwrap_or_default();
            let named = format!("named in {}{line}", source.path(file));
            let what = format!("the sentence `{key}` is missing");
            missing.push(Problem::error(source.path(path), None, what).help(named));
        }
    }
    missing
}

impl Reader<'_> {
    pub(super) fn limits(&mut self, node: &Node) -> Limits {
        self.keys(node, &["time_zone", "limits"]);
        let mut limits = Limits::default();
        match self.text(node, "time_zone") {
            Some(zone) => match Tz::from_str(&zone.value) {
                Ok(known) => limits.zone = known,
                Err(_) => {
                    let what = format!("`{}` is no time zone", zone.value);
                    self.wrong(zone.line, what, Some("such as America/New_York, or UTC".to_owned()));
                }
            },
            None => {
                let help = "time_zone: America/New_York, or UTC: a day begins at its midnight".to_owned();
                self.wrong(Some(node.line), "`time_zone` is missing", Some(help));
            }
        }
        for (key, raw) in self.entries(node, "limits") {
            limits.limits.push(self.limit(key, raw));
        }
        limits
    }

    fn limit(&mut self, key: &Key, raw: &Node) -> DayLimit {
        self.keys(raw, &["of", "per", "sum", "unit", "most", "words", "transfer", "approval", "within"]);
        let whose = format!("the limit `{}`", key.name);
        let of = match raw.field("of").map(|of| (of.text(), of)) {
            Some((Some(action), _)) => [action.to_owned()].into(),
            Some((None, _)) => {
                self.items(raw, "of").iter().filter_map(Node::text).map(str::to_owned).collect()
            }
            None => {
                self.wrong(Some(key.line), format!("{whose} has no `of`"), Some("of: <a write>".to_owned()));
                std::collections::BTreeSet::new()
            }
        };
        let per = self.needed(raw, "per", &whose);
        let known = [("caller/day", Per::CallerAndDay), ("day", Per::Day)];
        let per = self.one_of(&per, "whose are counted together", &known).unwrap_or(Per::Day);
        if raw.field("most").is_none() {
            self.wrong(Some(key.line), format!("{whose} has no `most`"), None);
        }
        let most = self.number(raw, "most").unwrap_or_default();
        if most < 0 {
            self.wrong(Some(key.line), format!("{whose} is less than nothing"), None);
        }
        let sum = self.text(raw, "sum").map(|input| {
            let unit = self.needed(raw, "unit", &whose).value;
            Sum { input: input.value, unit }
        });
        if sum.is_none() && raw.field("unit").is_some() {
            let help = "sum: <an input>, or leave it out: then it is counted how often".to_owned();
            self.wrong(Some(key.line), format!("{whose} has a `unit` and no `sum`"), Some(help));
        }
        let then = self.then(key, raw, &whose);
        DayLimit { name: key.name.clone(), of, per, sum, most, then, line: Some(key.line) }
    }

    fn then(&mut self, key: &Key, raw: &Node, whose: &str) -> Then {
        let words = self.text(raw, "words").map(|words| words.value);
        let transfer = self.flag(raw, "transfer");
        let within = self.text(raw, "within");
        let Some(role) = self.text(raw, "approval") else {
            if within.is_some() {
                self.wrong(Some(key.line), format!("{whose} says `within`, and nobody is asked"), None);
            }
            return Then::Refuse { words, transfer };
        };
        if words.is_some() || transfer {
            let what = format!("{whose} has `approval` beside `words` or `transfer`: nothing is refused");
            self.wrong(role.line, what, None);
        }
        if !is_role(&role.value) {
            let help = "small letters, digits, `-` and `_`: approval: shift-lead".to_owned();
            self.wrong(role.line, format!("`{}` is no role", role.value), Some(help));
        }
        let time = within.map_or(Some(Approval::WITHIN), |within| {
            let time = approval_time(&within.value);
            if time.is_none() {
                let what = format!("`{}` is no time from a minute to 90 days", within.value);
                self.wrong(within.line, what, Some("such as 30m, 8h or 3d".to_owned()));
            }
            time
        });
        Then::Ask(Approval { role: role.value, within: time.unwrap_or(Duration::from_secs(60)) })
    }

    /// What can be wrong with limits beside the actions.
    pub(super) fn check_limits(&mut self, pack: &Pack) {
        for limit in &pack.limits.limits {
            let name = &limit.name;
            if limit.of.is_empty() {
                self.wrong(limit.line, format!("the limit `{name}` is of no action"), None);
            }
            for action in &limit.of {
                match pack.actions.get(action) {
                    None => {
                        let names: Vec<&str> = pack.actions.keys().map(String::as_str).collect();
                        let help = callwright_model::yaml::nearest(action, &names);
                        let what = format!("the limit `{name}` is of `{action}`, which there is not");
                        self.wrong(limit.line, what, Some(help));
                    }
                    Some(known) if known.kind == ActionKind::Read => {
                        let what = format!("the limit `{name}` is of `{action}`, which only reads");
                        self.wrong(limit.line, what, Some("only writes are counted".to_owned()));
                    }
                    Some(known) => self.check_sum(limit, known),
                }
            }
        }
    }

    fn check_sum(&mut self, limit: &DayLimit, action: &Action) {
        let Some(Sum { input, unit }) = &limit.sum else { return };
        let (name, action_name) = (&limit.name, &action.call.action);
        let Some(field) = action.input(input) else {
            let names: Vec<&str> = action.inputs.iter().map(|field| field.name.as_str()).collect();
            let help = callwright_model::yaml::nearest(input, &names);
            let what = format!("the limit `{name}` adds up `{input}`, which `{action_name}` does not take");
            return self.wrong(limit.line, what, Some(help));
        };
        let currency = unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_uppercase());
        match (field.kind, &field.unit) {
            (FieldType::Money, _) if currency => {}
            (FieldType::Money, _) => {
                let what = format!("the limit `{name}` adds up money in `{unit}`, which is no currency");
                self.wrong(limit.line, what, Some("such as USD; amounts are in minor units".to_owned()));
            }
            (FieldType::Int, Some(known)) if known == unit => {}
            (FieldType::Int, known) => {
                let known =
                    known.as_ref().map_or("has no unit".to_owned(), |known| format!("is in `{known}`"));
                let what =
                    format!("the limit `{name}` adds up `{unit}`, and `{input}` of `{action_name}` {known}");
                self.wrong(limit.line, what, None);
            }
            (
                FieldType::Text
                | FieldType::Code
                | FieldType::Bool
                | FieldType::Date
                | FieldType::Time
                | FieldType::List
                | FieldType::Record,
                _,
            ) => {
                let what =
                    format!("the limit `{name}` adds up `{input}` of `{action_name}`, which is no number");
                self.wrong(limit.line, what, None);
            }
        }
    }
}
