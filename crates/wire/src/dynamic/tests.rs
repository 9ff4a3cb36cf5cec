use std::collections::BTreeSet;

use serde_json::{Map, json};
use tonic::{Code, Status};

use super::*;
use crate::connector::{InvokeError, Refusal};

/// A proto that shares nothing with ours.
const HOTEL: &str = r#"
syntax = "proto3";
package hotel.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/type/money.proto";
service Stays {
  // Finds a stay.
  rpc FindStay(FindStayRequest) returns (Stay) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(FindStayRequest) returns (stream Stay);
}
enum Wing { WING_UNSPECIFIED = 0; EAST = 1; WEST = 4; }
message FindStayRequest {
  string code = 1;
  optional string guest = 2;
  oneof where { string room = 3; Wing wing = 4; }
}
message Stay {
  string code = 1;
  google.protobuf.Timestamp checkout = 2;
  google.protobuf.Duration late = 3;
  google.type.Money fee = 4;
  repeated Guest guests = 5;
  map<string, int64> extras = 6;
  google.protobuf.StringValue note = 7;
  Wing wing = 8;
  uint64 points = 9;
}
message Guest { string name = 1; Guest of = 2; }
"#;

const MONEY: &str = r#"
syntax = "proto3";
package google.type;
message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; }
"#;

fn hotel_of(proto: &str) -> Protos {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("google/type")).expect("made");
    std::fs::write(folder.path().join("hotel.proto"), proto).expect("written");
    std::fs::write(folder.path().join("google/type/money.proto"), MONEY).expect("written");
    let mut compiler = protox::Compiler::new([folder.path()]).expect("a folder to look in");
    compiler.include_imports(true).include_source_info(true).open_file("hotel.proto").expect("it compiles");
    Protos::decode(&compiler.encode_file_descriptor_set()).expect("it is whole")
}

#[test]
fn a_method_says_what_it_takes_and_answers() {
    let rpcs = hotel_of(HOTEL).rpcs();
    let [find, watch] = &rpcs[..] else { panic!("two methods: {rpcs:?}") };
    assert_eq!((find.name.as_str(), find.comment.as_str()), ("hotel.v1.Stays/FindStay", "Finds a stay."));
    assert!(find.only_reads && !find.streams && watch.streams && !watch.only_reads);
    assert_eq!(find.choices, [("where".to_owned(), vec!["room".to_owned(), "wing".to_owned()])]);
    assert_eq!(find.input["required"], json!(["code"]));
    assert_eq!(
        find.input["properties"]["wing"],
        json!({
            "enum": ["WING_UNSPECIFIED", "EAST", "WEST"], "x-values": [0, 1, 4], "x-enum": "hotel.v1.Wing",
            "x-field": 4, "x-oneof": "where",
        })
    );
    let stay = &find.output["properties"];
    assert_eq!(
        find.output["required"],
        json!(["code", "checkout", "late", "fee", "guests", "extras", "wing", "points"])
    );
    assert_eq!(stay["checkout"]["format"], "date-time");
    assert_eq!(stay["fee"]["format"], "money");
    assert_eq!(
        stay["guests"],
        json!({"type": "array", "items": {"$ref": "#/$defs/hotel.v1.Guest"}, "x-field": 5})
    );
    assert_eq!(stay["extras"]["additionalProperties"]["format"], "int64");
    // A message that holds itself is described once.
    assert_eq!(find.output["$defs"]["hotel.v1.Guest"]["properties"]["of"]["$ref"], "#/$defs/hotel.v1.Guest");
}

#[test]
fn what_changes_the_bytes_on_the_wire_changes_what_a_method_says_and_comments_do_not() {
    let said = |proto: &str| {
        let find = hotel_of(proto).rpcs().remove(0);
        (find.input.to_string(), find.output.to_string())
    };
    let before = said(HOTEL);
    for (from, to) in [
        ("string code = 1;\n  optional", "string code = 9;\n  optional"),
        ("WEST = 4", "WEST = 5"),
        ("uint64 points", "fixed64 points"),
        ("message Guest { string name = 1;", "message Guest { string name = 1; string email = 3;"),
        ("string room = 3; Wing wing = 4; }", "string room = 3; } Wing wing = 4;"),
        ("map<string, int64>", "map<int32, int64>"),
    ] {
        assert!(HOTEL.contains(from), "{from}");
        assert_ne!(said(&HOTEL.replace(from, to)), before, "{to}");
    }
    assert_eq!(said(&HOTEL.replace("// Finds a stay.", "// Another comment.")), before);
}

#[test]
fn descriptors_survive_being_kept_and_nonsense_is_refused() {
    let protos = hotel_of(HOTEL);
    let kept = Protos::decode(&protos.encode()).expect("what we wrote");
    assert_eq!(kept.rpcs(), protos.rpcs());
    assert!(Protos::decode(b"no descriptors").is_err());
}

#[test]
fn facts_become_messages_and_messages_facts() {
    let protos = hotel_of(HOTEL);
    let stay = protos.method("hotel.v1.Stays/FindStay").expect("it is there").output();
    let facts = json!({
        "code": "H7K2Q", "checkout": "2026-11-28T11:00", "late": 5400, "fee": {"minor": -1250, "currency": "EUR"},
        "guests": [{"name": "M. Rivers"}], "extras": {"minibar": 3}, "note": "quiet", "wing": "WEST", "points": 7,
    });
    let written = shape::to_message(&stay, facts.as_object().expect("an object").clone()).expect("it fits");
    assert_eq!(written["checkout"], "2026-11-28T11:00:00Z");
    assert_eq!(written["late"], "5400s");
    assert_eq!(written["fee"], json!({"currency_code": "EUR", "units": -12, "nanos": -500_000_000}));
    let message = prost_reflect::DynamicMessage::deserialize(stay, serde_json::Value::Object(written))
        .expect("a message");
    let read = client::plain(&message).expect("it is read");
    assert_eq!(read["checkout"], "2026-11-28T11:00:00Z");
    assert_eq!(read["late"].to_string(), "5400");
    assert_eq!((&read["fee"], &read["wing"], &read["points"]), (&facts["fee"], &json!("WEST"), &json!(7)));
    assert_eq!((&read["extras"], &read["note"]), (&facts["extras"], &json!("quiet")));
    assert_eq!(read["guests"][0]["name"], "M. Rivers");
}

#[test]
fn money_in_smaller_parts_than_its_currency_has_is_not_rounded() {
    let stay = hotel_of(HOTEL).method("hotel.v1.Stays/FindStay").expect("it is there").output();
    let read = |units: i64, nanos: i64, currency: &str| {
        let fee = json!({"units": units, "nanos": nanos, "currency_code": currency});
        shape::from_message(&stay, Map::from_iter([("fee".to_owned(), fee)]))
            .map(|read| read["fee"]["minor"].clone())
    };
    assert_eq!(read(12, 340_000_000, "EUR"), Ok(json!(1234)));
    assert_eq!(read(980, 0, "JPY"), Ok(json!(980)));
    assert!(read(12, 345_000_000, "EUR").is_err_and(|what| what.contains("`fee` is money in smaller parts")));
    assert!(read(i64::MAX, 0, "EUR").is_err());
}

#[test]
fn a_status_says_whether_it_was_done() {
    let names: BTreeSet<i32> = (0..=16).collect();
    for code in names.into_iter().map(Code::from_i32) {
        let failed = status::failure(&Status::new(code, "so it is"), Some("code"), false);
        let wanted = match code {
            Code::NotFound => "not found",
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::OutOfRange
            | Code::PermissionDenied => "refused",
            Code::Unimplemented | Code::Unauthenticated => "misused",
            Code::Ok | Code::Cancelled | Code::Unknown | Code::DeadlineExceeded | Code::ResourceExhausted => {
                "unknown"
            }
            Code::Aborted | Code::Internal | Code::Unavailable | Code::DataLoss => "unknown",
        };
        let found = match failed {
            CallError::Sent(InvokeError::Refused(Refusal::NotFound { argument, .. }))
                if argument == "code" =>
            {
                "not found"
            }
            CallError::Sent(InvokeError::Refused(Refusal::Refused { retriable: false, .. })) => "refused",
            CallError::Sent(InvokeError::Misused(_)) => "misused",
            CallError::Sent(InvokeError::Unknown(_)) => "unknown",
            other => panic!("{code:?}: {other:?}"),
        };
        assert_eq!(found, wanted, "{code:?}");
    }
    let nameless = status::failure(&Status::not_found("gone"), None, false);
    assert!(
        matches!(nameless, CallError::Sent(InvokeError::Refused(Refusal::Refused { .. }))),
        "{nameless:?}"
    );
    let again = status::failure(&Status::already_exists("it is there"), None, true);
    assert!(matches!(again, CallError::Sent(InvokeError::Unknown(_))), "it may be ours: {again:?}");
}
