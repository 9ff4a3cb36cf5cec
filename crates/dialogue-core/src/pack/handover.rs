//! `handover:` in `pack.yaml`: when a human is brought in, which one, and what the caller hears. A pack that says nothing of a
//! reason has the base words, and three misunderstandings in a row.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::yaml::{Node, nearest};
use callwright_model::{Money, Problem, Record, Value};

use super::SkillHead;
use super::facts::Facts;
use crate::output::TransferReason;

/// What is done for a reason.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    on: TransferReason,
    /// The skills that the caller asked for last; empty means whatever they asked for.
    of: BTreeSet<String>,
    /// Misunderstandings in a row after which a human is brought in.
    in_a_row: u8,
    /// The same, in the whole call.
    in_call: Option<u8>,
    /// Of [`TransferReason::Value`]: the fact of a read-back, and what it must not be more than.
    above: Option<(String, Amount)>,
    /// What the human must be able to do.
    pub(crate) needs: BTreeSet<String>,
    /// Higher ones are found somebody first.
    pub(crate) priority: u8,
    /// The key of what the caller hears.
    pub(crate) words: String,
    line: u32,
}

/// What a fact is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Amount {
    Money(Money),
    Number(i64),
}

impl Rule {
    fn base(on: TransferReason, words: &str) -> Self {
        Self {
            on,
            of: BTreeSet::new(),
            in_a_row: IN_A_ROW,
            in_call: None,
            above: None,
            needs: BTreeSet::new(),
            priority: 0,
            words: words.to_owned(),
            line: 0,
        }
    }

    /// Whether it is about this.
    fn applies(&self, reason: TransferReason, asked: Option<&str>) -> bool {
        self.on == reason && (self.of.is_empty() || asked.is_some_and(|asked| self.of.contains(asked)))
    }

    /// Whether the facts of a read-back are above what the agent does alone. Money in another currency is not compared, and is.
    fn is_above(&self, facts: &Record) -> bool {
        let Some((path, most)) = &self.above else { return false };
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let value =
            facts.get(first).and_then(|value| if rest.is_empty() { Some(value) } else { value.at(rest) });
        match (value, most) {
            (Some(Value::Money(there)), Amount::Money(most)) => {
                there.currency != most.currency || there.minor > most.minor
            }
            (Some(Value::Int(there)), Amount::Number(most)) => there > most,
            (_, Amount::Money(_) | Amount::Number(_)) => false,
        }
    }
}

/// The rules of a pack, in the order in which they are looked at, and after them one for each reason.
#[derive(Debug, Clone)]
pub(crate) struct Rules(Vec<Rule>);

impl Default for Rules {
    fn default() -> Self {
        Self(REASONS.iter().map(|(_, reason, words)| Rule::base(*reason, words)).collect())
    }
}

impl Rules {
    /// The first rule for a reason, given what the caller asked for last.
    pub(crate) fn of(&self, reason: TransferReason, asked: Option<&str>) -> &Rule {
        let found = self.0.iter().find(|rule| rule.applies(reason, asked));
        found.expect("the base rules, which are behind all others, are one for each reason")
    }

    /// Whether so many misunderstandings are enough.
    pub(crate) fn is_lost(&self, in_a_row: u8, in_call: u8, asked: Option<&str>) -> bool {
        let rule = self.of(TransferReason::Misunderstood, asked);
        in_a_row >= rule.in_a_row || rule.in_call.is_some_and(|most| in_call >= most)
    }

    /// Whether what would be read back is more than the agent does alone. The rule that says so comes before all others of its kind.
    pub(crate) fn is_above(&self, skill: &str, facts: &Record) -> bool {
        self.0.iter().any(|rule| rule.applies(TransferReason::Value, Some(skill)) && rule.is_above(facts))
    }

    /// The sentences that rules name, each with its line; base words are always there.
    pub(super) fn words(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().filter(|rule| rule.line > 0).map(|rule| (rule.words.as_str(), rule.line))
    }

    /// What humans must be able to do, each with its line.
    pub(super) fn needs(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().flat_map(|rule| rule.needs.iter().map(|skill| (skill.as_str(), rule.line)))
    }

    pub(super) fn read(node: Option<&Node>, file: &str, problems: &mut Vec<Problem>) -> Self {
        let mut rules = Vec::new();
        match node.map(|node| (node, node.list())) {
            None => {}
            Some((_, Some(items))) => {
                rules.extend(items.iter().filter_map(|item| read_rule(item, file, problems)));
            }
            Some((node, None)) => {
                let what = "`handover` must be a list of rules";
                problems.push(
                    Problem::error(file, Some(node.line), what).help("- { on: refused, needs: [billing] }"),
                );
            }
        }
        rules.extend(Self::default().0);
        Self(rules)
    }

    /// Every skill that a rule names is one of the pack's, and every fact may be in a read-back.
    pub(super) fn check(
        &self,
        skills: &BTreeMap<String, SkillHead>,
        facts: &Facts,
        file: &str,
        problems: &mut Vec<Problem>,
    ) {
        let known: Vec<&str> = skills.keys().map(String::as_str).collect();
        for rule in &self.0 {
            for unknown in rule.of.iter().filter(|name| !skills.contains_key(*name)) {
                let what = format!("`handover` names the skill `{unknown}`, which there is not");
                problems.push(Problem::error(file, Some(rule.line), what).help(nearest(unknown, &known)));
            }
            let unknown =
                rule.above.iter().map(|(path, _)| path).find(|path| !facts.knows(&path.replace('.', "-")));
            if let Some(path) = unknown {
                let what = format!("`handover` compares the fact `{path}`, which no skill knows");
                let name = path.replace('.', "-");
                problems
                    .push(Problem::error(file, Some(rule.line), what).help(nearest(&name, &facts.names())));
            }
        }
    }
}

fn read_rule(node: &Node, file: &str, problems: &mut Vec<Problem>) -> Option<Rule> {
    let keys = ["on", "of", "in_a_row", "in_call", "fact", "above", "needs", "priority", "words"];
    node.check_keys(file, &keys, problems);
    let name = node.field("on").and_then(Node::text).unwrap_or_default();
    let Some((_, on, base)) = REASONS.iter().find(|(known, ..)| *known == name) else {
        let known = REASONS.map(|(known, ..)| known).join(", ");
        let what = format!("`on: {name}` is no reason to hand over");
        problems.push(Problem::error(file, Some(node.line), what).help(format!("one of {known}")));
        return None;
    };
    let mut number = |key: &str, least: u8| {
        let field = node.field(key)?;
        let number = field.text().and_then(|text| text.parse().ok()).filter(|number: &u8| *number >= least);
        if number.is_none() {
            let what = format!("`{key}` must be a whole number from {least} to 255");
            problems.push(Problem::error(file, Some(field.line), what));
        }
        number
    };
    let (in_a_row, in_call) = (number("in_a_row", 1), number("in_call", 1));
    let priority = number("priority", 0).unwrap_or_default();
    let counts = in_a_row.is_some() || in_call.is_some();
    if *on != TransferReason::Misunderstood && counts {
        let what = "`in_a_row` and `in_call` count misunderstandings: they belong to `on: misunderstood`";
        problems.push(Problem::error(file, Some(node.line), what));
    }
    Some(Rule {
        of: texts(node.field("of")),
        in_a_row: in_a_row.unwrap_or(IN_A_ROW),
        in_call,
        above: read_above(node, *on, file, problems),
        needs: texts(node.field("needs")),
        priority,
        line: node.line,
        ..Rule::base(*on, node.field("words").and_then(Node::text).unwrap_or(base))
    })
}

fn read_above(
    node: &Node,
    on: TransferReason,
    file: &str,
    problems: &mut Vec<Problem>,
) -> Option<(String, Amount)> {
    let fact = node.field("fact").and_then(Node::text);
    let above = node.field("above").and_then(Node::text);
    let amount = above.and_then(amount);
    match (on == TransferReason::Value, fact, amount) {
        (true, Some(fact), Some(amount)) => return Some((fact.to_owned(), amount)),
        (false, None, None) if above.is_none() => return None,
        (_, _, _) => {}
    }
    let what =
        "`on: value` needs `fact`, and `above` with a whole number or an amount; nothing else takes them";
    problems.push(
        Problem::error(file, Some(node.line), what)
            .help("- { on: value, fact: refund.amount, above: 500.00 EUR }"),
    );
    None
}

/// `3`, or money: `500 EUR`, `500.50 EUR`, `980 JPY`.
fn amount(text: &str) -> Option<Amount> {
    let Some((number, currency)) = text.trim().split_once(' ') else {
        return text.trim().parse().ok().map(Amount::Number);
    };
    let known = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let minor = match (matches!(currency, "JPY" | "KRW"), part.len()) {
        (true, 0) => whole.parse().ok(),
        (false, 0) => whole.parse::<i64>().ok().and_then(|whole| whole.checked_mul(100)),
        (false, 2) => format!("{whole}{part}").parse().ok(),
        (true | false, _) => None,
    };
    let minor = minor.filter(|_| known)?;
    Some(Amount::Money(Money { minor, currency: currency.to_owned() }))
}

fn texts(node: Option<&Node>) -> BTreeSet<String> {
    let items = node.and_then(Node::list).unwrap_or_default();
    items.iter().filter_map(Node::text).map(str::to_owned).collect()
}

/// Who is asked the same thing a fourth time hangs up.
const IN_A_ROW: u8 = 3;

/// Reasons as packs name them, with the base words.
const REASONS: [(&str, TransferReason, &str); 9] = [
    ("asked", TransferReason::Asked, "handover-asked"),
    ("refused", TransferReason::Refused, "handover-refused"),
    ("value", TransferReason::Value, "handover-refused"),
    ("misunderstood", TransferReason::Misunderstood, "handover-misunderstood"),
    ("not_found", TransferReason::NotFound, "handover-not-found"),
    ("failed", TransferReason::Failed, "handover-failed"),
    ("in_doubt", TransferReason::InDoubt, "handover-doubt"),
    ("unavailable", TransferReason::Unavailable, "handover-failed"),
    ("approval", TransferReason::Approval, "handover-refused"),
];
