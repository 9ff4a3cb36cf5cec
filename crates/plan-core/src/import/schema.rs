//! JSON Schema as fields of an action, as far as facts can hold what it allows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::skeleton::{NewField, quoted, yaml_key};
use crate::load::FILL_IN;

/// The properties of an object, those that must be there first. `root` is what `$ref` counts from.
pub(super) fn fields(schema: &Json, root: &Json) -> Vec<NewField> {
    let schema = resolve(schema, root);
    let needed: Vec<&str> = required(&schema);
    let mut fields: Vec<NewField> = properties(&schema)
        .into_iter()
        .map(|(name, inner)| NewField {
            name: name.clone(),
            entry: entry(inner, root, LEVELS_MAX),
            needed: needed.contains(&name.as_str()) && !nullable(inner, root),
        })
        .collect();
    fields.sort_by_key(|field| !field.needed);
    fields
}

/// The YAML of a field's type, as `actions.yaml` has it.
pub(super) fn entry(schema: &Json, root: &Json, levels: usize) -> String {
    let schema = resolve(schema, root);
    if let Some(values) = schema.get("enum").and_then(Json::as_array)
        && let Some(texts) = values.iter().map(Json::as_str).collect::<Option<Vec<_>>>()
        && !texts.is_empty()
    {
        let format: Vec<String> = texts.into_iter().map(escaped).collect();
        return format!("{{ type: text, format: {} }}", quoted(&format.join("|")));
    }
    let format = schema.get("format").and_then(Json::as_str);
    match (kind(&schema), format) {
        (Some("string"), Some("date")) => "date".to_owned(),
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("integer"), _) => "int".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("number"), _) => format!("{{ type: int, scale: {FILL_IN} }}"),
        (Some("array"), _) => nested("list", schema.get("items"), root, levels),
        // Not JSON Schema's own: how messages say that they are an amount.
        (Some("object"), Some("money")) => "money".to_owned(),
        (Some("object"), _) => nested("record", Some(&schema), root, levels),
        (Some(_) | None, _) => format!("{{ type: {FILL_IN} }}"),
    }
}

/// A list or record with the fields that are always there.
fn nested(kind: &str, of: Option<&Json>, root: &Json, levels: usize) -> String {
    let Some(of) = of.filter(|_| levels > 0).map(|of| resolve(of, root)) else { return kind.to_owned() };
    let needed = required(&of);
    let inner: Vec<String> = properties(&of)
        .into_iter()
        .filter(|(name, inner)| needed.contains(&name.as_str()) && !nullable(inner, root))
        .map(|(name, inner)| format!("{}: {}", yaml_key(name), entry(inner, root, levels - 1)))
        .collect();
    if inner.is_empty() {
        return kind.to_owned();
    }
    format!("{{ type: {kind}, of: {{ {} }} }}", inner.join(", "))
}

/// The schema itself behind references within the document and behind "this or nothing".
fn resolve<'s>(schema: &'s Json, root: &'s Json) -> Cow<'s, Json> {
    let mut schema = schema;
    // A circle of references is left after as many steps as no honest document takes.
    for _ in 0..REFERENCES_MAX {
        let referred =
            schema.get("$ref").and_then(Json::as_str).and_then(|at| root.pointer(at.strip_prefix('#')?));
        let only = ["allOf", "anyOf", "oneOf"].into_iter().find_map(|key| {
            let mut something = schema.get(key)?.as_array()?.iter().filter(|it| kind(it) != Some("null"));
            something.next().filter(|_| something.next().is_none())
        });
        match referred.or(only) {
            Some(inner) => schema = inner,
            None => break,
        }
    }
    Cow::Borrowed(schema)
}

/// Whether null is as good as a value.
fn nullable(schema: &Json, root: &Json) -> bool {
    let is_null = |schema: &Json| kind(schema) == Some("null");
    let listed = |schema: &Json| {
        let types = schema.get("type").and_then(Json::as_array);
        schema.get("nullable") == Some(&Json::Bool(true))
            || types.is_some_and(|types| types.iter().any(|it| it == "null"))
    };
    let one_of = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    listed(schema) || listed(&resolve(schema, root)) || one_of.into_iter().any(is_null)
}

/// The one type that it has, besides null.
fn kind(schema: &Json) -> Option<&str> {
    match schema.get("type") {
        Some(Json::String(kind)) => Some(kind),
        Some(Json::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Json::as_str).filter(|kind| *kind != "null");
            kinds.next().filter(|_| kinds.next().is_none())
        }
        // Many write `properties` and leave out what they are of.
        None | Some(_) => schema.get("properties").map(|_| "object"),
    }
}

/// By name: the library's own order depends on what else is built into the program.
fn properties(schema: &Json) -> BTreeMap<&String, &Json> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten().collect()
}

fn required(schema: &Json) -> Vec<&str> {
    schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

/// A text as the regular expression that only it matches.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let special = !letter.is_alphanumeric() && letter.is_ascii() && !matches!(letter, '_' | ' ');
            special.then_some('\\').into_iter().chain([letter])
        })
        .collect()
}

/// Records within records that are spelt out. Deeper ones are there, undeclared.
pub(super) const LEVELS_MAX: usize = 3;
const REFERENCES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_the_fields_that_facts_can_hold() {
        let cases = [
            (json!({"type": "string"}), "text"),
            (json!({"type": "string", "format": "date"}), "date"),
            (json!({"type": "string", "format": "date-time"}), "time"),
            (json!({"enum": ["a", "b.c"]}), r#"{ type: text, format: "a|b\\.c" }"#),
            (json!({"type": "integer"}), "int"),
            (json!({"type": ["boolean", "null"]}), "bool"),
            (json!({"type": "number"}), "{ type: int, scale: FILL_IN }"),
            (json!({"type": ["string", "integer"]}), "{ type: FILL_IN }"),
            (json!({"anyOf": [{"$ref": "#/$defs/day"}, {"type": "null"}]}), "date"),
            (json!({"$ref": "#/$defs/self"}), "{ type: FILL_IN }"),
            (json!({"type": "array", "items": {"type": "string"}}), "list"),
            (
                json!({"type": "array", "items": {"properties": {"beds": {"type": "integer"}, "x": {}}, "required": ["beds"]}}),
                "{ type: list, of: { beds: int } }",
            ),
            (json!({"type": "object"}), "record"),
            (
                json!({"type": "object", "format": "money", "properties": {"minor": {"type": "integer"}}}),
                "money",
            ),
            (json!({}), "{ type: FILL_IN }"),
            (json!("nonsense"), "{ type: FILL_IN }"),
        ];
        let root =
            json!({"$defs": {"day": {"type": "string", "format": "date"}, "self": {"$ref": "#/$defs/self"}}});
        for (schema, wanted) in cases {
            assert_eq!(entry(&schema, &root, LEVELS_MAX), wanted, "{schema}");
        }
    }

    #[test]
    fn what_must_be_there_comes_first_and_null_is_not_there() {
        let schema = json!({
            "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c": {"type": "integer"}},
            "required": ["b", "c"],
        });
        let fields = fields(&schema, &schema);
        let told: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.needed)).collect();
        assert_eq!(told, [("c", true), ("a", false), ("b", false)]);
    }
}
