//! How a pack has its calls begin and end: `identity:` and `closing:` in `pack.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::Problem;
use callwright_model::yaml::{Node, nearest};

use super::SkillHead;

/// By what callers show who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Inputs, by name, of whichever skill.
    pub(crate) inputs: BTreeSet<String>,
    /// What is wrong so often in a call brings a human, and is not asked for again.
    pub(crate) tries: u8,
    /// The input that is the number which the caller calls from.
    pub(crate) caller: Option<String>,
    line: u32,
}

/// What is asked before goodbye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    /// The key of the question how satisfied the caller is, from one to five.
    pub(crate) satisfaction: String,
    pub(super) line: u32,
}

impl Identity {
    pub(super) fn read(node: Option<&Node>, file: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let node = node?;
        node.check_keys(file, &["inputs", "tries", "caller"], problems);
        let inputs = node.field("inputs").and_then(Node::list).unwrap_or_default();
        let inputs: BTreeSet<String> = inputs.iter().filter_map(Node::text).map(str::to_owned).collect();
        let tries = node.field("tries").and_then(Node::text).map_or(Some(TRIES), |tries| tries.parse().ok());
        let Some(tries) = tries.filter(|tries| (1..=TRIES_MAX).contains(tries) && !inputs.is_empty()) else {
            let what =
                format!("`identity` needs inputs, and as `tries` a whole number from 1 to {TRIES_MAX}");
            problems.push(
                Problem::error(file, Some(node.line), what)
                    .help("identity: { inputs: [code, pin], tries: 3 }"),
            );
            return None;
        };
        let caller = node.field("caller").and_then(Node::text).map(str::to_owned);
        Some(Self { inputs, tries, caller, line: node.line })
    }

    /// Each input is one of some skill's.
    pub(super) fn check(
        &self,
        skills: &BTreeMap<String, SkillHead>,
        file: &str,
        problems: &mut Vec<Problem>,
    ) {
        let known: Vec<&str> =
            skills.values().flat_map(|head| &head.inputs).map(|(name, _)| name.as_str()).collect();
        for unknown in self.inputs.iter().chain(&self.caller).filter(|name| !known.contains(&name.as_str())) {
            let what = format!("`identity` names the input `{unknown}`, which no skill asks for");
            problems.push(Problem::error(file, Some(self.line), what).help(nearest(unknown, &known)));
        }
    }
}

impl Closing {
    pub(super) fn read(node: Option<&Node>, file: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let node = node?;
        node.check_keys(file, &["satisfaction"], problems);
        let Some(key) = node.field("satisfaction").and_then(Node::text) else {
            let what =
                "`closing` needs `satisfaction` with the key of a question that is answered from one to five";
            problems.push(
                Problem::error(file, Some(node.line), what)
                    .help("closing: { satisfaction: ask-satisfaction }"),
            );
            return None;
        };
        Some(Self { satisfaction: key.to_owned(), line: node.line })
    }
}

/// Whoever has mistyped a code twice gets one more try; a PIN of four digits is guessed in three with a chance of 0.03 %.
const TRIES: u8 = 3;
const TRIES_MAX: u8 = 9;
