//! Tools of an MCP server as actions.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::schema::fields;
use super::skeleton::{NewAction, NewField, Skeleton, action_names, one_line, yaml_key};
use crate::pin::{ToolSpec, pin};

/// A pack to be, of these tools.
#[must_use]
pub fn of_tools(pack: &str, connector: &str, tools: &[ToolSpec]) -> Skeleton {
    let names = action_names(tools.iter().map(|tool| tool.name.as_str()));
    let actions = names.into_iter().zip(tools).map(|(name, tool)| action(name, tool)).collect();
    Skeleton {
        pack: pack.to_owned(),
        connector: connector.to_owned(),
        origin: "an MCP server".to_owned(),
        actions,
    }
}

/// What a tool said of itself when it was accepted, as the file `tools/<action>.json` of a pack keeps it for comparison.
#[must_use]
pub fn tool_file(tool: &ToolSpec) -> String {
    let spec = json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.input,
        "outputSchema": tool.output,
    });
    format!("{:#}\n", sorted(spec))
}

/// The same with its members by name, so that two such files differ only where the server's words do.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let members: BTreeMap<String, Json> = members.into_iter().collect();
            members.into_iter().map(|(name, value)| (name, sorted(value))).collect()
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}

fn action(name: String, tool: &ToolSpec) -> NewAction {
    let mut notes = Vec::new();
    if tool.claims_to_read {
        notes.push("The server says that it changes nothing. That is a hint: you decide.".to_owned());
    }
    let outputs = match &tool.output {
        Some(schema) => fields(schema, schema),
        None => {
            notes.push("The server does not say what it answers: `text` is all of it. If that is a JSON object, name".to_owned());
            notes.push("its members instead.".to_owned());
            vec![NewField { name: "text".to_owned(), entry: "text".to_owned(), needed: true }]
        }
    };
    let summary = tool.description.as_deref().map(one_line).filter(|line| !line.is_empty());
    NewAction {
        summary: summary.unwrap_or_else(|| tool.name.clone()),
        name,
        kind: None,
        notes,
        door: vec![("tool", format!("{{ name: {}, pin: {} }}", yaml_key(&tool.name), pin(tool)))],
        inputs: fields(&tool.input, &tool.input),
        outputs,
    }
}

/// Arguments that a tool must have, and all that it takes; the second is `None` when it takes anything.
pub(super) fn arguments(tool: &ToolSpec) -> (Vec<String>, Option<Vec<String>>) {
    let known = fields(&tool.input, &tool.input);
    let needed = known.iter().filter(|field| field.needed).map(|field| field.name.clone()).collect();
    let open = tool.input.get("properties").is_none()
        || tool.input.get("additionalProperties") == Some(&Json::Bool(true));
    (needed, (!open).then(|| known.into_iter().map(|field| field.name).collect()))
}

#[cfg(test)]
mod tests;
