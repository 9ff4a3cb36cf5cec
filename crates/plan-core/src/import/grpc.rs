//! Unary methods of gRPC services as actions.

use super::schema::fields;
use super::skeleton::{NewAction, Skeleton, action_names, one_line, quoted, snake};
use crate::pin::{ToolSpec, pin};

/// What a system's descriptors tell of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodSpec {
    /// What is pinned: its name, `shop.v1.Orders/FindOrder`, and its messages as JSON Schema. It has no description, for comments are not
    /// in what a running system tells of itself.
    pub pinned: ToolSpec,
    /// What stands above it in the proto; may be empty.
    pub comment: String,
    /// Groups of fields of its request of which one may be set, by the name of the group.
    pub choices: Vec<(String, Vec<String>)>,
    /// It sends or takes more than one message. No plan can wait for those.
    pub streams: bool,
}

/// A pack to be, of these methods; those that stream are left out.
#[must_use]
pub fn of_methods(pack: &str, connector: &str, methods: &[MethodSpec]) -> Skeleton {
    let methods: Vec<&MethodSpec> = methods.iter().filter(|method| !method.streams).collect();
    let short = |method: &&MethodSpec| snake(method.pinned.name.rsplit('/').next().unwrap_or_default());
    let names: Vec<String> = methods.iter().map(short).collect();
    let names = action_names(names.iter().map(String::as_str));
    let actions = names.into_iter().zip(methods).map(|(name, method)| action(name, method)).collect();
    Skeleton { pack: pack.to_owned(), connector: connector.to_owned(), origin: "gRPC".to_owned(), actions }
}

fn action(name: String, method: &MethodSpec) -> NewAction {
    let spec = &method.pinned;
    let mut notes = Vec::new();
    if spec.claims_to_read {
        notes.push("Its proto says that it has no side effects. That is a hint: you decide.".to_owned());
    }
    for (group, members) in &method.choices {
        notes.push(format!("Of {} one is set (`{group}`).", members.join(", ")));
    }
    let inputs = fields(&spec.input, &spec.input);
    let outputs = spec.output.as_ref().map(|schema| fields(schema, schema)).unwrap_or_default();
    let is_time = |entry: &str| entry == "time" || entry.contains(": time");
    if inputs.iter().chain(&outputs).any(|field| is_time(&field.entry)) {
        notes.push("Times are UTC.".to_owned());
    }
    let summary = Some(one_line(&method.comment)).filter(|line| !line.is_empty());
    NewAction {
        name,
        summary: summary.unwrap_or_else(|| spec.name.clone()),
        kind: None,
        notes,
        door: vec![("grpc", format!("{{ method: {}, pin: {} }}", quoted(&spec.name), pin(spec)))],
        inputs,
        outputs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn method(name: &str, streams: bool) -> MethodSpec {
        let input = json!({
            "type": "object",
            "properties": {"code": {"type": "string"}, "at": {"type": "string", "format": "date-time"}, "room": {"type": "string"}},
            "required": ["code", "at"],
        });
        let output = Some(
            json!({"type": "object", "properties": {"fee": {"type": "object", "format": "money"}}, "required": ["fee"]}),
        );
        MethodSpec {
            pinned: ToolSpec {
                name: name.to_owned(),
                description: None,
                input,
                output,
                claims_to_read: true,
            },
            comment: "Finds it.\nAnd more.".to_owned(),
            choices: vec![("where".to_owned(), vec!["room".to_owned()])],
            streams,
        }
    }

    #[test]
    fn methods_become_actions_that_wait_for_a_person_and_streams_do_not() {
        let methods = [
            method("a.Rooms/FindRoom", false),
            method("b.Halls/FindRoom", false),
            method("a.Rooms/Watch", true),
        ];
        let files = of_methods("hotel", "hotel", &methods).files();
        let yaml = &files["actions.yaml"];
        let pin = pin(&methods[0].pinned);
        for wanted in [
            "  find_room:\n    summary: \"Finds it.\"\n",
            "    # Of room one is set (`where`).\n    # Times are UTC.\n    kind: FILL_IN\n",
            &format!("    grpc: {{ method: \"a.Rooms/FindRoom\", pin: {pin} }}\n"),
            "    inputs:\n      at: time\n      code: text\n    # Not always there; declared, it must be:\n    #  room: text\n",
            "    outputs:\n      fee: money\n",
            "  find_room_2:\n",
        ] {
            assert!(yaml.contains(wanted), "{wanted}\n{yaml}");
        }
        assert!(!yaml.contains("watch"), "{yaml}");
    }

    #[test]
    fn what_is_no_method_is_told_with_its_place() {
        let methods = [method("a.Rooms/FindRoom", false)];
        let skeleton = of_methods("hotel", "hotel", &methods).files();
        for (from, to, what) in [
            ("\"a.Rooms/FindRoom\"", "FindRoom", "`FindRoom` is no method of a service"),
            ("pin: ", "pin: x", "the `pin` of `find_room` is no hash"),
            (
                "    inputs:",
                "    http: { get: \"/\" }\n    inputs:",
                "`find_room` has both `http` and `grpc`",
            ),
        ] {
            let mut files = skeleton.clone();
            let yaml = files["actions.yaml"].replacen(from, to, 1);
            files.insert("actions.yaml".to_owned(), yaml);
            let problems = crate::check(&callwright_model::PackSource { folder: "hotel".to_owned(), files });
            assert!(problems.iter().any(|problem| problem.what.contains(what)), "{what}: {problems:#?}");
        }
    }
}
