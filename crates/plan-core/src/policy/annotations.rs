//! What the annotations of policies say: a rule's name, its words, and whether a person may settle it.

use std::collections::BTreeSet;
use std::time::Duration;

use callwright_model::Problem;
use callwright_model::yaml::nearest;
use cedar_policy::{ActionConstraint, Effect, Policy};

use super::{Approval, line_at};

/// What a rule's annotations say, read when it loads.
#[derive(Debug)]
pub(super) struct Notes {
    /// The name that its author gave it.
    pub(super) name: String,
    /// What is said to whom it refuses.
    pub(super) words: Option<String>,
    /// It wants a human.
    pub(super) transfer: bool,
    /// Whose approval it waits for. A `forbid` with one is lifted by it, a `permit` with one counts only with it.
    pub(super) approval: Option<Approval>,
}

impl Notes {
    pub(super) fn of(policy: &Policy) -> Self {
        let within = || annotation(policy, "within").and_then(duration).unwrap_or(Approval::WITHIN);
        Self {
            name: name_of(policy).to_owned(),
            words: annotation(policy, "words").map(str::to_owned),
            transfer: annotation(policy, "transfer") == Some("true"),
            approval: role_of(policy).map(|role| Approval { role: role.to_owned(), within: within() }),
        }
    }
}

/// The name that its author gave a policy.
pub(super) fn name_of(policy: &Policy) -> &str {
    annotation(policy, "id").unwrap_or(policy.id().as_ref())
}

/// The role whose approval a rule waits for.
pub(super) fn role_of(policy: &Policy) -> Option<&str> {
    annotation(policy, "approval")
}

/// Looked for among all of them: asked for one by its name, Cedar parses that name first.
fn annotation<'p>(policy: &'p Policy, name: &str) -> Option<&'p str> {
    policy.annotations().find_map(|(key, value)| (key == name).then_some(value))
}

/// The actions that a rule which waits for an approval speaks of, by name.
pub(super) fn actions_of(policy: &Policy) -> BTreeSet<String> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::In(actions) => actions,
        ActionConstraint::Eq(action) => vec![action],
    };
    named.iter().map(|action| action.id().unescaped().to_owned()).collect()
}

/// Everything that is wrong with a rule's annotations. One that is misspelt must not load: the rule would mean another thing.
pub(super) fn check(policy: &Policy, file: &str, text: &str, problems: &mut Vec<Problem>) {
    let name = name_of(policy);
    let mut wrong = |key: &str, value: Option<&str>, what: String, help: String| {
        let written = value.map_or_else(|| format!("@{key}"), |value| format!("@{key}(\"{value}\""));
        let line = text.find(&written).and_then(|at| line_at(text, at));
        problems.push(Problem::error(file, line, format!("`{name}`: {what}")).help(help));
    };
    for (key, value) in policy.annotations() {
        if !KNOWN.contains(&key) {
            wrong(key, None, format!("`@{key}` is no annotation that is known here"), nearest(key, &KNOWN));
        }
        if key == "transfer" && value != "true" {
            let help = "@transfer(\"true\"), or leave it out".to_owned();
            wrong(key, Some(value), format!("`@transfer` is `{value}`"), help);
        }
        if key == "within" && duration(value).is_none() {
            let what = format!("`@within` is `{value}`, which is no time from a minute to 90 days");
            wrong(key, Some(value), what, "such as 30m, 8h or 3d".to_owned());
        }
    }
    let Some(role) = role_of(policy) else {
        if annotation(policy, "within").is_some() {
            let help = "add @approval(\"role\"), or leave it out".to_owned();
            wrong("within", None, "`@within` says how long to wait, and nobody is asked".to_owned(), help);
        }
        return;
    };
    if !is_role(role) {
        let help = "small letters, digits, `-` and `_`: @approval(\"shift-lead\")".to_owned();
        wrong("approval", None, format!("`@approval` names no role: `{role}`"), help);
    }
    if actions_of(policy).is_empty() {
        let what = "`@approval` in a rule that names no action".to_owned();
        wrong(
            "approval",
            Some(role),
            what,
            "name the writes that wait: action == Action::\"...\"".to_owned(),
        );
    }
    for other in ["words", "transfer"] {
        if annotation(policy, other).is_some() {
            let what =
                format!("`@{other}` beside `@approval`: nothing is refused while somebody may approve");
            wrong("approval", Some(role), what, "make it a rule of its own".to_owned());
        }
    }
}

/// Whether it takes a permission away instead of giving one.
pub(super) fn forbids(policy: &Policy) -> bool {
    policy.effect() == Effect::Forbid
}

/// Whether a role can be called so.
pub(crate) fn is_role(name: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= ROLE_BYTES_MAX && name.bytes().all(named)
}

/// `30m`, `8h`, `3d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let unit = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    let length = Duration::from_secs(count.checked_mul(unit)?);
    (WITHIN_MIN..=WITHIN_MAX).contains(&length).then_some(length)
}

const KNOWN: [&str; 5] = ["id", "words", "transfer", "approval", "within"];
impl Approval {
    /// How long one is waited for unless a rule says otherwise: into the next shift, whenever it was asked for.
    pub(crate) const WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
}

const WITHIN_MIN: Duration = Duration::from_secs(60);
/// What was bound a quarter of a year ago rests on facts that nobody should act on.
const WITHIN_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// A name, not a sentence.
const ROLE_BYTES_MAX: usize = 64;
