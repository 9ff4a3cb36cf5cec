//! Whether a server's tools still are what a pack was made for, and moving the pins of those that were looked at again.

use callwright_model::Problem;
use callwright_model::yaml::Node;

use super::tools::arguments;
use crate::pin::{ToolSpec, pin};

/// An action of a pack that is grounded in a tool of an MCP server or a method of gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The action.
    pub action: String,
    /// Its connector.
    pub connector: String,
    /// Whether it is a method of gRPC.
    pub grpc: bool,
    /// The tool's name, or the method's.
    pub tool: String,
    /// The pin in the pack.
    pub pin: String,
    /// Where it stands in the file, counted from 1.
    pub line: u32,
    inputs: Vec<String>,
    key_as: Option<String>,
}

/// How the tool of an action stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As it was accepted.
    Same,
    /// It says something else of itself.
    Changed {
        /// Its pin by now.
        pin: String,
        /// Where the action's inputs do not fit it any more.
        misfits: Vec<String>,
    },
    /// The server has none of that name.
    Gone,
}

/// The actions of an `actions.yaml` that have pins. What else is wrong in the file is for `check` to tell.
///
/// # Errors
/// When it is no YAML.
pub fn pinned(file: &str, text: &str) -> Result<Vec<Pinned>, Problem> {
    let root = Node::parse(file, text)?;
    let actions = root.field("actions").and_then(Node::map).unwrap_or_default();
    let one = |(key, raw): &(callwright_model::yaml::Key, Node)| {
        let (tool, grpc) = match (raw.field("tool"), raw.field("grpc")) {
            (Some(tool), _) => (tool, false),
            (None, method) => (method?, true),
        };
        let text = |of: &Node, key: &str| of.field(key).and_then(Node::text).map(str::to_owned);
        let inputs = raw.field("inputs").and_then(Node::map).unwrap_or_default();
        Some(Pinned {
            action: key.name.clone(),
            connector: text(raw, "connector")?,
            grpc,
            tool: text(tool, if grpc { "method" } else { "name" }).unwrap_or_else(|| key.name.clone()),
            pin: text(tool, "pin")?,
            line: tool.line,
            inputs: inputs.iter().map(|(key, _)| key.name.clone()).collect(),
            key_as: text(raw, "key_as"),
        })
    };
    Ok(actions.iter().filter_map(one).collect())
}

impl Pinned {
    /// How its tool stands among those that the server has.
    #[must_use]
    pub fn standing(&self, tools: &[ToolSpec]) -> Standing {
        let Some(tool) = tools.iter().find(|tool| tool.name == self.tool) else { return Standing::Gone };
        let live = pin(tool);
        if live == self.pin {
            return Standing::Same;
        }
        let (needed, takes) = arguments(tool);
        let given: Vec<&String> = self.inputs.iter().chain(&self.key_as).collect();
        let missing = needed.iter().filter(|name| !given.contains(name));
        let mut misfits: Vec<String> =
            missing.map(|name| format!("it needs `{name}`, which is no input")).collect();
        if let Some(takes) = takes {
            let unknown = given.iter().filter(|name| !takes.contains(name));
            misfits.extend(unknown.map(|name| format!("it takes no `{name}` any more")));
        }
        Standing::Changed { pin: live, misfits }
    }
}

/// The text of `actions.yaml` with the pins of these tools moved; everything else in it stays as a person wrote it.
#[must_use]
pub fn accept(text: &str, pinned: &[Pinned], tools: &[ToolSpec]) -> String {
    // A pin covers the name, so no two tools or methods share one.
    pinned.iter().fold(text.to_owned(), |text, action| match action.standing(tools) {
        Standing::Changed { pin, .. } => text.replace(&action.pin, &pin),
        Standing::Same | Standing::Gone => text,
    })
}
