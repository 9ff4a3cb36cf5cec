use callwright_recording::{Mark, MarkKind};
use serde_json::json;

use super::document::{Content, PlanTold, Sound, Source, of};
use super::draft::violations;
use super::*;

const CALL: CallId = CallId(0xab);
const HEADER: &str = r#"{"journal":2,"call":"00000000000000ab","started_unix_ms":1795723338722,"line":"airline","caller":"+15550100"}"#;

fn read(rows: &[&str]) -> Told {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.jsonl");
    std::fs::write(&file, rows.join("\n")).expect("written");
    Told::read(&file).expect("a journal")
}

fn made(told: &Told, sound: Option<Sound>, plans: Vec<PlanTold>) -> Json {
    let vcon = of(&Source { call: CALL, told, sound, plans, now_unix_ms: 1_795_723_400_000 });
    assert_eq!(violations(&vcon), Vec::<String>::new(), "{vcon:#}");
    vcon
}

/// A caller who agrees to be recorded, says something, and is helped by a human who is put on hold.
fn call() -> Told {
    read(&[
        HEADER,
        r#"{"at_ms":900.0,"do":{"tell":{"consent":{"what":"recording","given":true}}}}"#,
        r#"{"at_ms":1000.0,"do":{"tell":{"agent_says":{"say":1,"text":"How can I help you?","kind":"greeting","language":"en"}}}}"#,
        r#"{"at_ms":1010.0,"do":{"tell":{"agent_started":{"say":1}}}}"#,
        r#"{"at_ms":1300.5,"do":{"tell":{"agent_stopped":{"say":1,"share":0.5,"heard":"How can I","unheard":"help you?"}}}}"#,
        r#"{"at_ms":1400.0,"do":{"tell":{"caller_speaks":{"turn":1}}}}"#,
        r#"{"at_ms":2000.0,"do":{"tell":{"caller_said":{"turn":1,"words":"my flight was cancelled","confidence":0.9,"language":"en"}}}}"#,
        r#"{"at_ms":2100.0,"do":{"execute":["p1","yes"]}}"#,
        r#"{"at_ms":3000.0,"do":{"tell":{"transfer_state":{"state":"ringing","human":1}}}}"#,
        r#"{"at_ms":4000.0,"do":{"tell":{"transfer_state":{"state":"bridged","human":null}}}}"#,
        r#"{"at_ms":4500.0,"do":{"tell":{"human_said":{"words":"good morning","language":"en"}}}}"#,
        r#"{"at_ms":5000.0,"do":{"tell":{"held":{"who":"caller","on":true}}}}"#,
        r#"{"at_ms":6000.0,"do":{"tell":{"transfer_state":{"state":"agent","human":null}}}}"#,
        r#"{"at_ms":7000.0,"do":{"tell":{"caller_said":{"turn":2,"words":"cut o"#,
    ])
}

#[test]
fn a_call_is_told_with_who_said_what_and_what_was_agreed() {
    let told = call();
    assert_eq!(told.plans(), ["p1"]);
    let plan = PlanTold { begun_unix_ms: 1_795_723_340_822, body: json!({ "plan": "p1" }) };
    let vcon = made(&told, None, vec![plan]);
    assert_eq!(vcon["parties"][0]["tel"], "+15550100");
    assert_eq!(vcon["parties"][2]["name"], "human 2");
    let said: Vec<_> =
        (0..3).map(|at| (&vcon["dialog"][at]["parties"][0], &vcon["dialog"][at]["body"])).collect();
    let want = [
        (json!(1), json!("How can I")),
        (json!(0), json!("my flight was cancelled")),
        (json!(2), json!("good morning")),
    ];
    assert_eq!(said, want.iter().map(|(party, body)| (party, body)).collect::<Vec<_>>(), "heard, not meant");
    assert_eq!(vcon["dialog"][1]["start"], "2026-11-26T20:02:20.122Z");
    assert_eq!(vcon["dialog"][0]["party_history"][1]["event"], "hold");
    let turns: Json =
        serde_json::from_str(vcon["analysis"][0]["body"].as_str().expect("a text")).expect("JSON");
    assert_eq!((&turns[0]["language"], &turns[1]["confidence"]), (&json!("en"), &json!(0.9)));
    let purposes = vcon["attachments"].as_array().expect("a list").iter().map(|one| one["purpose"].clone());
    assert_eq!(purposes.collect::<Vec<_>>(), ["callwright.consent", "callwright.plan"]);
}

#[test]
fn the_recording_is_the_dialog_and_begins_with_the_consent() {
    let mark = Mark { kind: MarkKind::Paused, place: 50, ticks: 100 };
    let sound =
        |content| Sound { content, filename: "ab.wav".to_owned(), seconds: 6.5, left_out: vec![mark] };
    let told = call();
    let inline = made(&told, Some(sound(Content::Inline(BASE64_URL_SAFE_NO_PAD.encode("RIFF")))), Vec::new());
    assert_eq!(inline["dialog"].as_array().expect("a list").len(), 1);
    assert_eq!(inline["dialog"][0]["parties"], json!([0, [1, 2]]), "a channel a side");
    assert_eq!(inline["dialog"][0]["start"], "2026-11-26T20:02:19.622Z");
    let left_out = inline["attachments"][1]["body"].as_str().expect("a text");
    assert!(
        left_out.contains(r#""from_ms":1000"#) && left_out.contains("a secret was asked for"),
        "{left_out}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let wav = folder.path().join("ab.wav");
    std::fs::write(&wav, "abc").expect("written");
    let hash = hash(&wav).expect("it is there");
    // The hash of "abc" in appendix A of the standard begins with ddaf35a1.
    assert!(hash.starts_with("sha512-3a81oZNh"), "{hash}");
    let at = made(
        &told,
        Some(sound(Content::At { url: "https://media.example/ab.wav".to_owned(), hash })),
        Vec::new(),
    );
    assert_ne!(at["uuid"], inline["uuid"], "another content is another vCon");
}

#[test]
fn a_call_in_which_nothing_was_said_is_incomplete() {
    let vcon = made(&read(&[HEADER]), None, Vec::new());
    assert_eq!((&vcon["dialog"][0]["type"], &vcon["analysis"]), (&json!("incomplete"), &json!([])));
}

#[test]
fn what_the_draft_does_not_allow_is_found() {
    let good = made(&call(), None, vec![PlanTold { begun_unix_ms: 0, body: json!({}) }]);
    for (pointer, wrong) in [
        ("/attachments/0/dialog", json!(9)),
        ("/attachments/1/body", json!({ "an": "object" })),
        ("/dialog/0/parties", json!([7])),
        ("/dialog/0/type", json!("speech")),
        ("/dialog/0/start", json!("yesterday")),
        ("/analysis/0/vendor", Json::Null),
        ("/parties/1/validation", json!(1)),
        ("/uuid", json!("12")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("it is there") = wrong;
        assert_eq!(violations(&bad).len(), 1, "{pointer}: {:?}", violations(&bad));
    }
}
