//! Messages as JSON Schema, so that one importer and one pin serve all protocols. What JSON Schema has no word for and the wire depends
//! on is there as `x-...`, so that the pin covers it.

use std::collections::BTreeMap;

use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};
use serde_json::{Map, Value as Json, json};

/// A message with all that it leads to, under `$defs` by full name.
pub(super) fn of(message: &MessageDescriptor) -> Json {
    let mut known = BTreeMap::new();
    let mut schema = message_schema(message, &mut known);
    // Messages may hold themselves: each is described once.
    let mut described: BTreeMap<String, Json> = BTreeMap::new();
    while let Some((name, next)) = known.iter().find(|(name, _)| !described.contains_key(*name)) {
        let (name, next) = (name.clone(), next.clone());
        let inner = message_schema(&next, &mut known);
        described.insert(name, inner);
    }
    if !described.is_empty() {
        schema["$defs"] = Json::Object(described.into_iter().collect());
    }
    schema
}

fn message_schema(message: &MessageDescriptor, known: &mut BTreeMap<String, MessageDescriptor>) -> Json {
    let fields: Vec<FieldDescriptor> = message.fields().collect();
    let properties: Map<String, Json> =
        fields.iter().map(|field| (field.name().to_owned(), field_schema(field, known))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| is_needed(field)).map(FieldDescriptor::name).collect();
    json!({ "type": "object", "x-message": message.full_name(), "properties": properties, "required": required })
}

/// Protobuf may leave every message away. Whoever declares one mostly means it, unless it is `optional`, one of a group, or a wrapper.
fn is_needed(field: &FieldDescriptor) -> bool {
    let wrapper = match field.kind() {
        Kind::Message(message) => wrapped(message.full_name()).is_some(),
        _ => false,
    };
    let optional = field.field_descriptor_proto().proto3_optional() || field.containing_oneof().is_some();
    let proto2 = field.parent_file().syntax() == prost_reflect::Syntax::Proto2;
    let may_be_absent = match field.cardinality() {
        Cardinality::Required | Cardinality::Repeated => false,
        Cardinality::Optional => optional || wrapper || proto2,
    };
    !may_be_absent
}

fn field_schema(field: &FieldDescriptor, known: &mut BTreeMap<String, MessageDescriptor>) -> Json {
    let mut schema = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let value = kind_schema(&entry.map_entry_value_field().kind(), known);
            let key = kind_schema(&entry.map_entry_key_field().kind(), known);
            json!({ "type": "object", "additionalProperties": value, "x-key": key })
        }
        kind if field.is_list() => json!({ "type": "array", "items": kind_schema(&kind, known) }),
        kind => kind_schema(&kind, known),
    };
    schema["x-field"] = field.number().into();
    if let Some(group) = field.containing_oneof() {
        schema["x-oneof"] = group.name().into();
    }
    schema
}

fn kind_schema(kind: &Kind, known: &mut BTreeMap<String, MessageDescriptor>) -> Json {
    let typed = |kind: &str, format: &str| json!({ "type": kind, "format": format });
    match kind {
        Kind::Double => typed("number", "double"),
        Kind::Float => typed("number", "float"),
        Kind::Int32 => typed("integer", "int32"),
        Kind::Int64 => typed("integer", "int64"),
        Kind::Uint32 => typed("integer", "uint32"),
        Kind::Uint64 => typed("integer", "uint64"),
        Kind::Sint32 => typed("integer", "sint32"),
        Kind::Sint64 => typed("integer", "sint64"),
        Kind::Fixed32 => typed("integer", "fixed32"),
        Kind::Fixed64 => typed("integer", "fixed64"),
        Kind::Sfixed32 => typed("integer", "sfixed32"),
        Kind::Sfixed64 => typed("integer", "sfixed64"),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => typed("string", "byte"),
        Kind::Enum(of) => enum_schema(of),
        Kind::Message(inner) => {
            let name = inner.full_name();
            if let Some(mut schema) = well_known(name) {
                schema["x-message"] = name.into();
                return schema;
            }
            known.insert(name.to_owned(), inner.clone());
            json!({ "$ref": format!("#/$defs/{name}") })
        }
    }
}

fn enum_schema(of: &EnumDescriptor) -> Json {
    let names: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
    let numbers: Vec<i32> = of.values().map(|value| value.number()).collect();
    json!({ "enum": names, "x-values": numbers, "x-enum": of.full_name() })
}

/// Messages that are written in another shape.
fn well_known(name: &str) -> Option<Json> {
    if let Some(kind) = wrapped(name) {
        return Some(json!({ "type": kind }));
    }
    Some(match name {
        "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
        // In seconds; how many digits after the point are wanted is for a person to say.
        "google.protobuf.Duration" => json!({ "type": "number" }),
        "google.protobuf.FieldMask" => json!({ "type": "string" }),
        "google.protobuf.Struct" => json!({ "type": "object" }),
        "google.protobuf.ListValue" => json!({ "type": "array" }),
        "google.protobuf.Any" | "google.protobuf.Value" => json!({}),
        "google.type.Money" => json!({ "type": "object", "format": "money" }),
        "google.type.Date" => json!({ "type": "string", "format": "date" }),
        _ => return None,
    })
}

/// What a wrapper holds: it stands for a value that may be absent.
fn wrapped(name: &str) -> Option<&'static str> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "DoubleValue" | "FloatValue" => "number",
        "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" => "integer",
        "BoolValue" => "boolean",
        "StringValue" | "BytesValue" => "string",
        _ => return None,
    })
}

/// Fields of which one may be set, by the name of their group.
pub(super) fn choices(message: &MessageDescriptor) -> Vec<(String, Vec<String>)> {
    let groups = message.oneofs().filter(|group| !group.is_synthetic());
    groups
        .map(|group| (group.name().to_owned(), group.fields().map(|field| field.name().to_owned()).collect()))
        .collect()
}

/// The comment above a method, where the descriptors have them.
pub(super) fn comment(method: &MethodDescriptor) -> String {
    let file = method.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let found = info.and_then(|info| info.location.iter().find(|location| location.path == method.path()));
    found.map(|location| location.leading_comments().trim().to_owned()).unwrap_or_default()
}
