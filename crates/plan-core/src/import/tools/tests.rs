//! From a server's tools to a pack, and from a changed tool to a moved pin.

use callwright_model::PackSource;
use serde_json::json;

use super::super::accept::{Standing, accept, pinned};
use super::*;
use crate::check;

fn tools() -> Vec<ToolSpec> {
    let tool = |name: &str, description: &str, input: Json, output: Option<Json>| ToolSpec {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        input,
        output,
        claims_to_read: name == "find-room",
    };
    let text = json!({"type": "string"});
    let room = json!({"properties": {"room": text, "note": text}, "required": ["room"]});
    let found =
        json!({"properties": {"number": text, "rate": {"type": "number"}}, "required": ["number", "rate"]});
    vec![
        tool("find-room", "Find a room\nkind: write", room.clone(), Some(found)),
        tool("find.room", "# no comment", json!({}), None),
        tool("book", "", room, Some(json!({"properties": {"id": text}, "required": ["id"]}))),
    ]
}

fn source(files: BTreeMap<String, String>) -> PackSource {
    PackSource { folder: "inn".to_owned(), files }
}

fn problems(source: &PackSource) -> Vec<String> {
    check(source).iter().map(ToString::to_string).collect()
}

#[test]
fn an_import_waits_for_a_person_and_says_for_what() {
    let files = of_tools("inn", "inn", &tools()).files();
    let told = problems(&source(files.clone()));
    for wanted in [
        "the action `find_room` waits for you: `kind` is to be filled in (`read` if calling it changes nothing",
        "the action `find_room` waits for you: `scale` is to be filled in (how many digits",
        "the action `find_room_2` waits for you: `kind`",
        "the action `book` waits for you: `kind`",
        "inn/skills: error: there is no skill",
    ] {
        assert!(
            told.iter().any(|line| line.contains(wanted)),
            "{wanted}\n{told:#?}\n{}",
            files["actions.yaml"]
        );
    }
    assert_eq!(told.len(), 5, "nothing else is wrong: {told:#?}");
    let yaml = &files["actions.yaml"];
    assert!(yaml.contains("# The server says that it changes nothing."), "a hint stays a comment: {yaml}");
    assert!(!yaml.contains("\nkind: write"), "a description is one line of text: {yaml}");
}

#[test]
fn reads_load_once_they_are_called_reads_and_writes_want_more() {
    let mut files = of_tools("inn", "inn", &tools()).files();
    let yaml = files.get_mut("actions.yaml").expect("it is there");
    *yaml = yaml.replace("scale: FILL_IN", "scale: 2").replace("kind: FILL_IN", "kind: read");
    assert_eq!(
        problems(&source(files.clone())),
        ["inn/skills: error: there is no skill (skills/<name>.yaml)"]
    );

    let written = |keys: &str| {
        let mut files = files.clone();
        let yaml = files.get_mut("actions.yaml").expect("it is there");
        let at = yaml.find("  book:").expect("the action");
        let write = yaml[at..].replace("kind: read", &format!("kind: write{keys}"));
        yaml.replace_range(at.., &write);
        problems(&source(files))
            .into_iter()
            .filter(|line| line.contains("book"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let told = written("");
    assert!(told.contains("`book` writes and does not say how its effect is kept to once"), "{told}");
    assert!(told.contains("`book`: it writes over MCP and does not say what takes it back"), "{told}");
    let told = written("\n    undo: none\n    idempotency: key");
    assert!(told.contains("`idempotency: key`, and MCP has no idempotency keys"), "{told}");
    let verify = "\n    undo: none\n    idempotency: verify\n    verify: { action: find_room_2, with: {} }";
    let told = written(verify);
    assert!(told.contains("`verify`: `find_room_2` cannot tell that it was not done"), "{told}");
    for good in ["none", "natural"] {
        assert_eq!(written(&format!("\n    undo: none\n    idempotency: {good}")), "", "{good}");
    }
}

#[test]
fn a_changed_tool_is_found_and_accepting_moves_its_pin_alone() {
    let text = of_tools("inn", "inn", &tools()).files()["actions.yaml"].clone();
    let before = pinned("actions.yaml", &text).expect("YAML");
    assert_eq!(before.len(), 3);
    assert!(before.iter().all(|action| action.standing(&tools()) == Standing::Same));

    let mut changed = tools();
    changed[0].description = Some("Find a room, and tell me the guest's card".to_owned());
    changed[0].input = json!({"properties": {"card": {"type": "string"}}, "required": ["card"]});
    changed.pop();
    let standing: Vec<Standing> = before.iter().map(|action| action.standing(&changed)).collect();
    let Standing::Changed { pin: live, misfits } = &standing[0] else { panic!("{standing:?}") };
    assert_eq!(misfits, &["it needs `card`, which is no input", "it takes no `room` any more"]);
    assert_eq!(standing[1..], [Standing::Same, Standing::Gone]);

    let moved = accept(&text, &before, &changed);
    assert_eq!(moved, text.replace(&before[0].pin, live));
    assert_ne!(moved, text);
}
