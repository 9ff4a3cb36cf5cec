//! One step of a skill, from its tree.

use callwright_model::yaml::Node;

use super::read::{Reader, Text};
use crate::skill::{CallStep, NotFound, Step, StepKind};

impl Reader<'_> {
    pub(super) fn steps(&mut self, of: &Node, key: &str) -> Vec<Step> {
        self.items(of, key).iter().filter_map(|step| self.step(step)).collect()
    }

    fn step(&mut self, raw: &Node) -> Option<Step> {
        self.keys(raw, &STEP_KEYS);
        let named: Vec<(&str, Text)> =
            KINDS.into_iter().filter_map(|kind| Some((kind, self.text(raw, kind)?))).collect();
        let when = self.text(raw, "when");
        let lines = named.iter().map(|(_, text)| text).chain(&when).filter_map(|text| text.line);
        let line = lines.min().or(Some(raw.line));
        let wrong = |reader: &mut Self, what: String| -> Option<Step> {
            reader.wrong(line, what, Some(format!("a step is one of {}, when", KINDS.join(", "))));
            None
        };
        if let [(one, _), (other, _), ..] = named.as_slice() {
            return wrong(self, format!("one step says both `{one}` and `{other}`"));
        }
        let when = match when {
            Some(when) => Some(self.expr(&when)?),
            None => None,
        };
        let inner = raw.field("steps").is_some();
        let what = match (when, named.into_iter().next()) {
            (Some(_), Some(("for_each", _))) => {
                return wrong(self, "`for_each` has a `when`: put it under the `steps` of one".to_owned());
            }
            (None, Some(("for_each", item))) => self.for_each(raw, item)?,
            (when, Some(("write", action))) => StepKind::Write { call: self.call(raw, action), when },
            (_, Some(_)) if inner => {
                return wrong(self, "a step has `steps` only directly under `when` or `for_each`".to_owned());
            }
            (None, Some((kind, text))) => self.plain(raw, line, kind, text)?,
            (Some(when), Some((kind, text))) => StepKind::Branch {
                when,
                then: vec![Step { line, what: self.plain(raw, line, kind, text)? }],
                otherwise: self.steps(raw, "else"),
            },
            (Some(when), None) if inner => {
                StepKind::Branch { when, then: self.steps(raw, "steps"), otherwise: self.steps(raw, "else") }
            }
            (Some(_), None) => return wrong(self, "`when` says not what to do then".to_owned()),
            (None, None) => return wrong(self, "the step says not what to do".to_owned()),
        };
        Some(Step { line, what })
    }

    fn plain(&mut self, raw: &Node, line: Option<u32>, kind: &str, text: Text) -> Option<StepKind> {
        let words = text.value.clone();
        Some(match kind {
            "read" => StepKind::Read { call: self.call(raw, text), not_found: self.not_found(raw) },
            "ask" => StepKind::Ask { input: text.value },
            "choose" => {
                let (from, words) = (self.text(raw, "from"), self.text(raw, "words"));
                let (Some(from), Some(words)) = (from, words) else {
                    self.wrong(line, "`choose` needs `from` and `words`", None);
                    return None;
                };
                let most = self.number(raw, "most").unwrap_or(3);
                if !(2..=9).contains(&most) {
                    self.wrong(line, format!("`most: {most}`: between 2 and 9 can be offered"), None);
                    return None;
                }
                StepKind::Choose { name: text.value, from: self.expr(&from)?, most, words: words.value }
            }
            "use" => {
                let name = self.text(raw, "as").map_or_else(|| text.value.clone(), |name| name.value);
                StepKind::Use { skill: text.value, with: self.exprs(raw, "with"), name }
            }
            "confirm" => StepKind::Confirm { words },
            "answer" => StepKind::Answer { words },
            // What is left of the kinds is `refuse` and `transfer`.
            _ => StepKind::Refuse { words, transfer: kind == "transfer" },
        })
    }

    fn for_each(&mut self, raw: &Node, item: Text) -> Option<StepKind> {
        let (list, most) = (self.text(raw, "in"), self.number::<usize>(raw, "most"));
        let Some(list) = list else {
            self.wrong(item.line, "`for_each` needs the list under `in`", None);
            return None;
        };
        // Without a bound nothing proves that the skill ends, nor what a yes to it could cost.
        match most {
            Some(most) if (1..=ITEMS_MAX).contains(&most) => {}
            Some(most) => {
                let help = format!("between 1 and {ITEMS_MAX}");
                self.wrong(item.line, format!("`most: {most}` is no bound of a `for_each`"), Some(help));
            }
            None if raw.field("most").is_some() => {}
            None => {
                let help = format!("add `most: <1 to {ITEMS_MAX}>`; with more items a human goes on");
                self.wrong(item.line, "`for_each` has no bound", Some(help));
            }
        }
        let steps = self.steps(raw, "steps");
        if steps.is_empty() {
            self.wrong(item.line, "`for_each` has no `steps`", None);
        }
        Some(StepKind::ForEach {
            item: item.value,
            list: self.expr(&list)?,
            most: most.unwrap_or(1),
            name: self.text(raw, "as").map(|name| name.value),
            steps,
        })
    }

    fn call(&mut self, raw: &Node, action: Text) -> CallStep {
        let name = self.text(raw, "as").map_or_else(|| action.value.clone(), |name| name.value);
        let with = self.exprs(raw, "with");
        CallStep { action: action.value, with, name, filled: Vec::new(), added: None }
    }

    fn not_found(&mut self, raw: &Node) -> Vec<NotFound> {
        let mut cases = Vec::new();
        for case in self.items(raw, "not_found") {
            self.keys(case, &["input", "words"]);
            let input = self.needed(case, "input", "`not_found`").value;
            let words = self.needed(case, "words", "`not_found`").value;
            cases.push(NotFound { input, words });
        }
        cases
    }
}

/// What a caller can still follow is far less; it bounds what one yes can set off.
const ITEMS_MAX: usize = 20;
/// What a step can say to do; one of them, in a step that makes sense.
const KINDS: [&str; 10] =
    ["read", "write", "for_each", "use", "ask", "choose", "confirm", "answer", "refuse", "transfer"];
const STEP_KEYS: [&str; 20] = [
    "read",
    "write",
    "for_each",
    "use",
    "in",
    "ask",
    "choose",
    "confirm",
    "answer",
    "refuse",
    "transfer",
    "when",
    "with",
    "as",
    "not_found",
    "from",
    "most",
    "words",
    "steps",
    "else",
];
