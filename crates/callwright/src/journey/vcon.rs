//! A call as a vCon, the container of draft-ietf-vcon-vcon-core: who took part, what was said and heard, and the plans with their
//! receipts as attachments.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use callwright_model::{CallId, utc};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// Makes one of a call's journal and of what the core has told of the caller.
///
/// # Errors
/// When the journal is none.
pub(super) fn of(call: CallId, journal: &Path, lines: &[Json]) -> Result<Json> {
    let mut rows = BufReader::new(File::open(journal)?).lines();
    let header: Json = serde_json::from_str(&rows.next().context("it is empty")??)?;
    let started = header["started_unix_ms"].as_u64().context("its header tells no time")?;
    let mut dialog = Vec::new();
    for row in rows {
        // The last line of a journal that was cut off may be half a one.
        let Ok(row) = serde_json::from_str::<Json>(&row?) else { break };
        let at = started + row["at_ms"].as_f64().unwrap_or_default() as u64;
        dialog.extend(said(&row["do"]["tell"], at));
    }
    let name = header["line"].as_str().unwrap_or_default();
    Ok(json!({
        "vcon": VERSION,
        "uuid": uuid(call),
        "created_at": utc(started / 1_000),
        "subject": format!("call {call} to line {name}"),
        "parties": [caller(header["caller"].as_str()), { "name": format!("Callwright, line {name}") }],
        "dialog": dialog,
        "analysis": [],
        "attachments": plans(call, lines),
    }))
}

/// What the caller said as it was understood, or what the caller heard of what the agent said.
fn said(told: &Json, at_unix_ms: u64) -> Option<Json> {
    let (party, words) = match (&told["caller_said"]["words"], &told["agent_stopped"]["heard"]) {
        (Json::String(words), _) => (CALLER, words),
        (_, Json::String(heard)) => (AGENT, heard),
        (_, _) => return None,
    };
    (!words.is_empty()).then(|| {
        json!({
            "type": "text",
            "start": utc(at_unix_ms / 1_000),
            "parties": [party],
            "originator": party,
            "mediatype": "text/plain",
            "encoding": "none",
            "body": words,
        })
    })
}

fn caller(address: Option<&str>) -> Json {
    match address {
        Some(address) if address.starts_with("sip:") => json!({ "sip": address }),
        Some(address)
            if !address.is_empty() && address.trim_start_matches('+').bytes().all(|c| c.is_ascii_digit()) =>
        {
            json!({ "tel": address })
        }
        Some(address) => json!({ "name": address }),
        None => json!({ "name": "caller" }),
    }
}

/// Each plan of the call with its consent and its events, among them the receipts.
fn plans(call: CallId, lines: &[Json]) -> Vec<Json> {
    let of_call = lines.iter().filter(|line| line["kind"] == "plan" && line["call"] == call.to_string());
    of_call
        .map(|plan| {
            let about = |line: &&Json| line["plan"] == plan["plan"] && line["kind"] != "plan";
            let events: Vec<&Json> = lines.iter().filter(about).collect();
            json!({
                "purpose": "callwright.plan",
                "start": utc(plan["begun_unix_ms"].as_u64().unwrap_or_default() / 1_000),
                "party": AGENT,
                "mediatype": "application/json",
                "encoding": "json",
                "body": { "plan": plan, "events": events },
            })
        })
        .collect()
}

/// A UUID of version 8, whose bits are the maker's: the same call has the same one.
fn uuid(call: CallId) -> String {
    let hash = Sha256::digest(format!("callwright vcon {call}"));
    let mut bytes: [u8; 16] = std::array::from_fn(|at| hash[at]);
    bytes[6] = 0x80 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The version that drafts of 2025 and 2026 give to the format.
const VERSION: &str = "0.4.0";
const CALLER: usize = 0;
const AGENT: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_with_who_said_what_and_the_plans_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.jsonl");
        let rows = [
            r#"{"journal":1,"call":"00000000000000ab","started_unix_ms":1795723338722,"line":"airline","caller":"+15550100"}"#,
            r#"{"at_ms":10.0,"fact":{"leg":{}}}"#,
            r#"{"at_ms":1300.5,"do":{"tell":{"agent_stopped":{"say":1,"share":0.5,"heard":"How can I","unheard":"help you?"}}}}"#,
            r#"{"at_ms":2000.0,"do":{"tell":{"caller_said":{"turn":1,"words":"my flight was cancelled","language":"en"}}}}"#,
            r#"{"at_ms":2000.0,"do":{"tell":{"caller_said":{"turn":1,"words":"cut o"#,
        ];
        std::fs::write(&file, rows.join("\n")).expect("written");
        let lines = [
            json!({ "kind": "journey" }),
            json!({ "kind": "plan", "plan": "p1", "call": "00000000000000ab", "begun_unix_ms": 1_795_723_340_000_u64 }),
            json!({ "kind": "consent", "plan": "p1" }),
            json!({ "kind": "event", "plan": "p1", "number": 2 }),
            json!({ "kind": "plan", "plan": "p2", "call": "00000000000000cd" }),
        ];
        let vcon = of(CallId(0xab), &file, &lines).expect("a vCon");
        assert_eq!(
            (&vcon["parties"][0]["tel"], &vcon["created_at"]),
            (&json!("+15550100"), &json!("2026-11-26T20:02:18Z"))
        );
        let dialog = vcon["dialog"].as_array().expect("a list");
        assert_eq!(dialog.len(), 2);
        assert_eq!(
            (&dialog[0]["body"], &dialog[0]["originator"]),
            (&json!("How can I"), &json!(1)),
            "heard, not meant"
        );
        assert_eq!(
            (&dialog[1]["body"], &dialog[1]["start"]),
            (&json!("my flight was cancelled"), &json!("2026-11-26T20:02:20Z"))
        );
        let attachments = vcon["attachments"].as_array().expect("a list");
        assert_eq!(attachments.len(), 1);
        assert_eq!(attachments[0]["body"]["events"].as_array().expect("a list").len(), 2);
        let uuid = vcon["uuid"].as_str().expect("a text");
        assert_eq!((uuid.len(), &uuid[14..15], uuid), (36, "8", self::uuid(CallId(0xab)).as_str()));
    }
}
