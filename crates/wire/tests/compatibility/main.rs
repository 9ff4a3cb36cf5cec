//! Whoever was built against the first version of the gRPC APIs can talk to this one.
//!
//! `first/` is proto/ of the commit that brought it, as `git archive 200c4fa proto` gives it. It is never changed.

mod compare;

use std::path::{Path, PathBuf};

use prost_types::FileDescriptorSet;

use compare::breakages;

const FILES: [&str; 2] = ["callwright/actions/v1/actions.proto", "callwright/connector/v1/connector.proto"];

fn first() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compatibility/first")
}

fn compiled(root: &Path) -> FileDescriptorSet {
    protox::compile(FILES, [root]).unwrap_or_else(|error| panic!("{}: {error:?}", root.display()))
}

#[test]
fn nothing_that_was_there_at_first_has_changed_since() {
    let now = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let broken = breakages(&compiled(&first()), &compiled(&now));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The first version once more, with one text of it exchanged for another.
fn changed(file: &str, from: &str, to: &str) -> FileDescriptorSet {
    let folder = tempfile::tempdir().expect("a folder");
    for name in FILES.into_iter().chain(["callwright/types/v1/types.proto"]) {
        let mut text = std::fs::read_to_string(first().join(name)).expect("it is there");
        if name.contains(file) {
            assert_eq!(text.matches(from).count(), 1, "`{from}` stands once in {name}");
            text = text.replace(from, to);
        }
        let copy = folder.path().join(name);
        std::fs::create_dir_all(copy.parent().expect("it has a folder")).expect("made");
        std::fs::write(copy, text).expect("written");
    }
    compiled(folder.path())
}

/// A breakage of each kind: file, what is exchanged for what, and what is found.
const BREAKAGES: &[(&str, &str, &str, &[&str])] = &[
    (
        "types.proto",
        "int64 minor = 1;",
        "int64 minor = 3;",
        &["field callwright.types.v1.Money.minor = 1: removed, and number and name are not both reserved"],
    ),
    (
        "types.proto",
        "int64 minor = 1;",
        "reserved 1;",
        &["field callwright.types.v1.Money.minor = 1: removed, and number and name are not both reserved"],
    ),
    (
        "types.proto",
        "int64 minor = 1;",
        "reserved \"minor\";",
        &["field callwright.types.v1.Money.minor = 1: removed, and number and name are not both reserved"],
    ),
    (
        "types.proto",
        "int64 minor = 1;",
        "uint64 minor = 1;",
        &["field callwright.types.v1.Money.minor = 1: has another type"],
    ),
    (
        "types.proto",
        "List list = 8;",
        "Record list = 8;",
        &["field callwright.types.v1.Value.list = 8: has another type"],
    ),
    (
        "types.proto",
        "int64 minor = 1;",
        "int64 cents = 1;",
        &[
            "field callwright.types.v1.Money.minor = 1: is called cents",
            "field callwright.types.v1.Money.minor = 1: is called cents in JSON",
        ],
    ),
    (
        "types.proto",
        "int64 minor = 1;",
        "int64 minor = 1 [json_name = \"cents\"];",
        &["field callwright.types.v1.Money.minor = 1: is called cents in JSON"],
    ),
    (
        "types.proto",
        "repeated Value values = 1;",
        "Value values = 1;",
        &["field callwright.types.v1.List.values = 1: is repeated or optional otherwise than it was"],
    ),
    (
        "connector.proto",
        "string plan = 5;",
        "optional string plan = 5;",
        &[
            "field callwright.connector.v1.InvokeRequest.plan = 5: is repeated or optional otherwise than it was",
            "field callwright.connector.v1.InvokeRequest.plan = 5: is in another oneof",
        ],
    ),
    (
        "connector.proto",
        "oneof outcome {",
        "oneof answer {",
        &[
            "field callwright.connector.v1.InvokeResponse.result = 1: is in another oneof",
            "field callwright.connector.v1.InvokeResponse.refusal = 2: is in another oneof",
        ],
    ),
    (
        "connector.proto",
        "rpc Describe(DescribeRequest) returns (DescribeResponse);",
        "",
        &["method callwright.connector.v1.Connector/Describe: removed"],
    ),
    (
        "connector.proto",
        "rpc Describe(",
        "rpc Tell(",
        &["method callwright.connector.v1.Connector/Describe: removed"],
    ),
    (
        "connector.proto",
        "rpc Describe(DescribeRequest)",
        "rpc Describe(InvokeRequest)",
        &[
            "method callwright.connector.v1.Connector/Describe: its request was .callwright.connector.v1.DescribeRequest \
             and is .callwright.connector.v1.InvokeRequest",
        ],
    ),
    (
        "connector.proto",
        "returns (DescribeResponse)",
        "returns (InvokeResponse)",
        &[
            "method callwright.connector.v1.Connector/Describe: its response was .callwright.connector.v1.DescribeResponse \
             and is .callwright.connector.v1.InvokeResponse",
        ],
    ),
    (
        "connector.proto",
        "returns (InvokeResponse)",
        "returns (stream InvokeResponse)",
        &["method callwright.connector.v1.Connector/Invoke: what of it is a stream has changed"],
    ),
    (
        "connector.proto",
        "service Connector {",
        "service Door {",
        &[
            "method callwright.connector.v1.Connector/Describe: removed",
            "method callwright.connector.v1.Connector/Invoke: removed",
            "service callwright.connector.v1.Connector: removed",
        ],
    ),
    (
        "connector.proto",
        "// Asks for all methods.\nmessage DescribeRequest {}",
        "message DescribeRequest {}\nmessage Unused {}",
        &[],
    ),
    (
        "connector.proto",
        "KIND_REFUSED = 2;",
        "",
        &["enum value callwright.connector.v1.Refusal.Kind.KIND_REFUSED = 2: removed"],
    ),
    (
        "connector.proto",
        "KIND_REFUSED = 2;",
        "KIND_DENIED = 2;",
        &["enum value callwright.connector.v1.Refusal.Kind.KIND_REFUSED = 2: is called KIND_DENIED"],
    ),
];

#[test]
fn each_kind_of_breakage_is_found_and_nothing_else() {
    let old = compiled(&first());
    for (file, from, to, found) in BREAKAGES {
        assert_eq!(breakages(&old, &changed(file, from, to)), *found, "`{from}` became `{to}`");
    }
}

#[test]
fn what_was_added_since_may_not_be_taken_away_either() {
    let with = |text: &str| changed("types.proto", "int64 minor = 1;", text);
    let reserving = with("int64 minor = 1; reserved 7 to 9; reserved \"major\";");
    let found = breakages(&reserving, &compiled(&first()));
    let expected = [
        "message callwright.types.v1.Money: 7 is not reserved any more",
        "message callwright.types.v1.Money: `major` is not reserved any more",
    ];
    assert_eq!(found, expected);
    let removed = with("reserved 1; reserved \"minor\";");
    assert_eq!(breakages(&compiled(&first()), &removed), Vec::<String>::new(), "properly reserved");
    let more = changed(
        "types.proto",
        "enum ActionKind {",
        "message New { enum Inner { INNER_UNSPECIFIED = 0; } }\nenum ActionKind {",
    );
    let found = breakages(&more, &compiled(&first()));
    assert_eq!(
        found,
        ["message callwright.types.v1.New: removed", "enum callwright.types.v1.New.Inner: removed"]
    );
    let mut without = compiled(&first());
    without.file.retain(|file| file.package() != "callwright.connector.v1");
    let found = breakages(&compiled(&first()), &without);
    assert!(found.contains(&"package callwright.connector.v1: removed".to_owned()), "{found:?}");
}
