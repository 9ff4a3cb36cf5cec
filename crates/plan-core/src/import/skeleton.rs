//! The files of a new pack, as text that a person goes on with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use callwright_model::ActionKind;
use serde_json::Value as Json;

use crate::load::FILL_IN;

/// A pack to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skeleton {
    /// Its name.
    pub pack: String,
    /// The connector that its actions go through.
    pub connector: String,
    /// Where they come from, for the first line of `actions.yaml`: `an MCP server`, `OpenAPI`.
    pub origin: String,
    /// Its actions.
    pub actions: Vec<NewAction>,
}

/// One action of a system, as far as the system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAction {
    /// Its name in the pack.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Whether it changes anything, where the protocol itself says that; `None` leaves it to a person.
    pub kind: Option<ActionKind>,
    /// What whoever fills it in should know, a line each.
    pub notes: Vec<String>,
    /// Keys and YAML of how it is called: `tool` and `{ name: ..., pin: ... }`.
    pub door: Vec<(&'static str, String)>,
    /// What it takes.
    pub inputs: Vec<NewField>,
    /// What it answers.
    pub outputs: Vec<NewField>,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewField {
    /// Its name.
    pub name: String,
    /// Its type, as YAML.
    pub entry: String,
    /// Whether it is always there. Others are written as comments: what an action declares must be there.
    pub needed: bool,
}

impl Skeleton {
    /// The files by path.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, String> {
        let Self { pack, connector, .. } = self;
        let head = format!(
            "pack: {}\nlanguages: [en]\nconnectors: [{}]\n# Said when no policy permits a step.\ndenied: not-allowed\n",
            yaml_key(pack),
            yaml_key(connector)
        );
        [
            ("pack.yaml", head),
            ("actions.yaml", self.actions_yaml()),
            ("schema.cedarschema", self.schema()),
            ("policies.cedar", POLICIES.to_owned()),
            ("words/en.ftl", WORDS.to_owned()),
            ("examples/en.yaml", EXAMPLES.to_owned()),
        ]
        .map(|(path, text)| (path.to_owned(), text))
        .into()
    }

    fn actions_yaml(&self) -> String {
        let mut text = format!(
            "# Actions of `{}`, imported from {}. What is {FILL_IN} waits for you: `callwright check` tells what and why.\n\
             # The keys are explained in skills/airline/actions.yaml. What you do not need can be deleted.\n\
             actions:\n",
            self.connector, self.origin
        );
        for action in &self.actions {
            // Writing to a text cannot fail.
            let _ = action.write(&self.connector, &mut text);
        }
        text
    }

    fn schema(&self) -> String {
        let names: Vec<String> =
            self.actions.iter().map(|action| Json::from(action.name.as_str()).to_string()).collect();
        let actions = match names.as_slice() {
            [] => String::new(),
            names => format!(
                "\n// Policies see nothing of a call but what its `context` in actions.yaml shows: declare it here too.\n\
                 action {} appliesTo {{\n  principal: [Caller], resource: [Connector], context: {{}}\n}};\n",
                names.join(", ")
            ),
        };
        format!("{SCHEMA}{actions}")
    }
}

impl NewAction {
    fn write(&self, connector: &str, text: &mut String) -> std::fmt::Result {
        writeln!(text, "  {}:", yaml_key(&self.name))?;
        writeln!(text, "    summary: {}", quoted(&self.summary))?;
        for note in &self.notes {
            writeln!(text, "    # {}", one_line(note))?;
        }
        let kind = match self.kind {
            Some(ActionKind::Read) => "read",
            Some(ActionKind::Write) => "write",
            None => FILL_IN,
        };
        writeln!(text, "    kind: {kind}")?;
        if self.kind == Some(ActionKind::Write) {
            writeln!(text, "    idempotency: {FILL_IN}\n    undo: {FILL_IN}")?;
        }
        writeln!(text, "    connector: {}", yaml_key(connector))?;
        for (key, yaml) in &self.door {
            writeln!(text, "    {key}: {yaml}")?;
        }
        write_fields("inputs", &self.inputs, text)?;
        write_fields("outputs", &self.outputs, text)?;
        writeln!(text, "    timeout_ms: {TIMEOUT_MS}\n")
    }
}

fn write_fields(key: &str, fields: &[NewField], text: &mut String) -> std::fmt::Result {
    let (needed, may): (Vec<&NewField>, Vec<&NewField>) = fields.iter().partition(|field| field.needed);
    match needed.as_slice() {
        [] => writeln!(text, "    {key}: {{}}")?,
        _ => writeln!(text, "    {key}:")?,
    }
    for field in &needed {
        writeln!(text, "      {}: {}", yaml_key(&field.name), field.entry)?;
    }
    if !may.is_empty() {
        writeln!(text, "    # Not always there; declared, it must be:")?;
    }
    for field in may {
        writeln!(text, "    #  {}: {}", yaml_key(&field.name), field.entry)?;
    }
    Ok(())
}

/// Names for actions that are all different and that conditions and policies can say.
pub(super) fn action_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    names
        .map(|name| {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
            let name: String = name.chars().map(letter).collect();
            let name =
                if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("a_{name}") };
            let mut free = name.clone();
            let mut next = 2;
            while !taken.insert(free.clone()) {
                free = format!("{name}_{next}");
                next += 1;
            }
            free
        })
        .collect()
}

/// `findRoom` as `find_room`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        before = letter;
    }
    snake
}

/// A name as a key or value of YAML; one that YAML might read as something else is quoted.
pub(super) fn yaml_key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&name.to_ascii_lowercase().as_str());
    if plain { name.to_owned() } else { quoted(name) }
}

/// A text in quotes, as YAML and JSON both read it.
pub(super) fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// The first line of a text, cut where nobody reads on.
pub(super) fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(LINE_CHARS_MAX) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// Tools answer slower than systems made for telephones; callers wait no longer than this.
const TIMEOUT_MS: u32 = 10_000;
const LINE_CHARS_MAX: usize = 120;

const SCHEMA: &str = "\
// Who asks: the caller of one call. `verified` holds what they have proved to own.
entity Caller { verified: Set<String> };
// What is asked of: the connector behind an action, and the skill behind a plan.
entity Connector;
entity Skill;

// A whole plan, asked once everything in it is known and before anything is written. `amount` is the sum of its steps.
action \"run_plan\" appliesTo {
  principal: [Caller], resource: [Skill], context: { writes: Long, amount: Long }
};
";

const POLICIES: &str = "\
// Denied unless permitted. Asked for each read and write, and for the plan as a whole.
//
// @id(\"anyone-may-look-up\")
// permit(principal, action in [Action::\"...\"], resource);
//
// @id(\"small-plans\")
// permit(principal, action == Action::\"run_plan\", resource) when { context.writes <= 3 };
";

const WORDS: &str = "\
# What the agent says in English. Each skill adds `skill-<name>` and the sentences that it names.

greeting = Hello, I am an automated assistant. How can I help you?

not-allowed = I am sorry, I am not allowed to do that.
";

const EXAMPLES: &str = "\
# What callers say, for each skill: eight sentences at least, better fifteen.
human:
  - I want to talk to somebody
";
