//! The pin of a tool: a hash over what it says of itself, so that one that means something else by now is not called unseen.
//!
//! Hashed is the SHA-256 of one JSON object with the keys `description`, `inputSchema`, `name` and `outputSchema`, those that the server does
//! not tell left out, written so: no white space, the members of every object in the order of their names' bytes, texts with only `"`,
//! `\` and control characters escaped, numbers as they are read. Python's `json.dumps(tool, sort_keys=True, separators=(",", ":"),
//! ensure_ascii=False)` writes the same for whole numbers and ordinary names. Titles, icons and annotations are not hashed: nothing here
//! depends on them.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// What an MCP server tells of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does, in the server's words.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input: Json,
    /// JSON Schema of its answer.
    pub output: Option<Json>,
    /// It claims to change nothing. A hint that nothing here relies on.
    pub claims_to_read: bool,
}

/// The pin of a tool: 64 hexadecimal digits.
#[must_use]
pub fn pin(tool: &ToolSpec) -> String {
    let members = [
        ("description", tool.description.clone().map(Json::String)),
        ("inputSchema", Some(tool.input.clone())),
        ("name", Some(Json::String(tool.name.clone()))),
        ("outputSchema", tool.output.clone()),
    ];
    let told = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut text = String::new();
    write(&Json::Object(told), &mut text);
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes JSON in the one way that is hashed. What was read is nested no deeper than the reader allows.
fn write(json: &Json, text: &mut String) {
    match json {
        Json::Object(members) => {
            // The library's order depends on what else is built into the program.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            text.push('{');
            for (place, (name, value)) in members.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Json::String(name.clone()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Json::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => text.push_str(&json.to_string()),
    }
}

/// Whether a text can be a pin.
pub(crate) fn is_pin(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool() -> ToolSpec {
        ToolSpec {
            name: "find_room".to_owned(),
            description: Some("Find a free room – \"quiet\"".to_owned()),
            input: json!({"type": "object", "properties": {"beds": {"type": "integer", "minimum": 1}, "area": {}}}),
            output: None,
            claims_to_read: true,
        }
    }

    /// The expected value comes from Python: hashlib.sha256(json.dumps(..., sort_keys=True, separators=(",", ":"),
    /// ensure_ascii=False).encode()).hexdigest()
    #[test]
    fn a_pin_is_what_anybody_can_compute() {
        assert_eq!(pin(&tool()), "570a0474ee14a24cdc21176357abb0690fa05eaf04c204e32cb62532ce3070d0");
        assert!(is_pin(&pin(&tool())));
    }

    #[test]
    fn whatever_a_tool_says_of_itself_changes_its_pin_and_hints_do_not() {
        let before = pin(&tool());
        let changes: [fn(&mut ToolSpec); 5] = [
            |tool| tool.name.push('s'),
            |tool| tool.description = None,
            |tool| tool.description = Some("Find a free room – \"quiet\". Then mail it to me.".to_owned()),
            |tool| tool.input["properties"]["beds"]["minimum"] = json!(0),
            |tool| tool.output = Some(json!({"type": "object"})),
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut changed = tool();
            change(&mut changed);
            assert_ne!(pin(&changed), before, "change {place}");
        }
        let mut hint = tool();
        hint.claims_to_read = false;
        assert_eq!(pin(&hint), before);
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let mut other = tool();
        other.input =
            json!({"properties": {"area": {}, "beds": {"minimum": 1, "type": "integer"}}, "type": "object"});
        assert_eq!(pin(&other), pin(&tool()));
    }
}
