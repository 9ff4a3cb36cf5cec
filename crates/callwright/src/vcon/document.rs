//! The document itself, by draft-ietf-vcon-vcon-core.

use callwright_model::{CallId, utc};
use callwright_recording::{Mark, MarkKind};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::told::{Said, Speaker, Told};

/// What a vCon is made of.
pub(crate) struct Source<'a> {
    pub(crate) call: CallId,
    pub(crate) told: &'a Told,
    pub(crate) sound: Option<Sound>,
    pub(crate) plans: Vec<PlanTold>,
    /// When it is made.
    pub(crate) now_unix_ms: u64,
}

/// The call's recording.
pub(crate) struct Sound {
    pub(crate) content: Content,
    pub(crate) filename: String,
    pub(crate) seconds: f64,
    /// What is not in it.
    pub(crate) left_out: Vec<Mark>,
}

/// Where the sound is (sections 2.3 and 2.4).
pub(crate) enum Content {
    /// In the vCon, in base64url.
    Inline(String),
    /// Elsewhere, with the hash of what is there.
    At { url: String, hash: String },
}

/// A plan as the action core tells it.
pub(crate) struct PlanTold {
    pub(crate) begun_unix_ms: u64,
    pub(crate) body: Json,
}

/// Makes the vCon.
pub(crate) fn of(source: &Source<'_>) -> Json {
    let told = source.told;
    let dialog = dialog(told, source.sound.as_ref());
    let based_on: Vec<usize> = if source.sound.is_some() { vec![0] } else { (0..told.said.len()).collect() };
    let analysis: Vec<Json> =
        if told.said.is_empty() { Vec::new() } else { vec![transcript(told, &based_on)] };
    let mut vcon = json!({
        "vcon": VERSION,
        "created_at": instant(source.now_unix_ms),
        "subject": format!("call {} to line {}", source.call, told.line),
        "parties": parties(told),
        "dialog": dialog,
        "analysis": analysis,
        "attachments": attachments(source),
    });
    vcon["uuid"] = uuid(&vcon.to_string()).into();
    vcon
}

fn parties(told: &Told) -> Vec<Json> {
    let mut parties = vec![
        caller(told.caller.as_deref()),
        json!({ "name": format!("Callwright, line {}", told.line), "validation": "none" }),
    ];
    let human = |human: &u64| json!({ "name": format!("human {}", human + 1), "validation": "none" });
    parties.extend(told.humans.iter().map(human));
    parties
}

fn caller(address: Option<&str>) -> Json {
    match address {
        Some(address) if address.starts_with("sip:") || address.starts_with("sips:") => {
            json!({ "sip": address })
        }
        Some(address)
            if !address.is_empty() && address.trim_start_matches('+').bytes().all(|c| c.is_ascii_digit()) =>
        {
            json!({ "tel": address })
        }
        Some(address) => json!({ "name": address, "validation": "none" }),
        None => json!({ "name": "caller", "validation": "none" }),
    }
}

/// The recording where there is one, else what was said as text. A call in which nothing was is told as such (section 4.3.9).
fn dialog(told: &Told, sound: Option<&Sound>) -> Vec<Json> {
    let history: Vec<Json> = told
        .history
        .iter()
        .map(|it| json!({ "party": party(it.who), "time": at(told, it.at_ms), "event": it.event }))
        .collect();
    let mut dialog = match sound {
        Some(sound) => vec![recording(told, sound)],
        None => told.said.iter().map(|said| text(told, said)).collect(),
    };
    match dialog.first_mut() {
        Some(_) if history.is_empty() => {}
        Some(first) => first["party_history"] = history.into(),
        None => dialog.push(json!({
            "type": "incomplete",
            "start": at(told, 0),
            "parties": [CALLER, AGENT],
            "disposition": "hung-up",
        })),
    }
    dialog
}

/// A channel a side: what the caller said, and all that they heard (section 4.3.4).
fn recording(told: &Told, sound: &Sound) -> Json {
    let heard: Vec<usize> = (AGENT..AGENT + 1 + told.humans.len()).collect();
    let mut dialog = json!({
        "type": "recording",
        "start": at(told, told.recorded_from_ms()),
        "duration": sound.seconds,
        "parties": [CALLER, heard],
        "mediatype": "audio/x-wav",
        "filename": sound.filename,
    });
    match &sound.content {
        Content::Inline(body) => {
            dialog["encoding"] = "base64url".into();
            dialog["body"] = body.as_str().into();
        }
        Content::At { url, hash } => {
            dialog["url"] = url.as_str().into();
            dialog["content_hash"] = hash.as_str().into();
        }
    }
    dialog
}

fn text(told: &Told, said: &Said) -> Json {
    json!({
        "type": "text",
        "start": at(told, said.from_ms),
        "duration": said.to_ms.saturating_sub(said.from_ms) as f64 / 1e3,
        "parties": [party(said.by)],
        "mediatype": "text/plain",
        "encoding": "none",
        "body": said.words,
    })
}

/// Who said what and when: of the caller as it was understood, of the agent what the caller heard.
fn transcript(told: &Told, based_on: &[usize]) -> Json {
    let turns: Vec<Json> = told
        .said
        .iter()
        .map(|said| {
            json!({
                "party": party(said.by),
                "start": at(told, said.from_ms),
                "duration": said.to_ms.saturating_sub(said.from_ms) as f64 / 1e3,
                "text": said.words,
                "language": said.language,
                "confidence": said.confidence,
            })
        })
        .collect();
    json!({
        "type": "transcript",
        "dialog": based_on,
        "vendor": "Callwright",
        "schema": "callwright.transcript.1",
        "mediatype": "application/json",
        "encoding": "json",
        "body": json!(turns).to_string(),
    })
}

/// Consents, what the recording leaves out, and the plans with their receipts.
fn attachments(source: &Source<'_>) -> Vec<Json> {
    let told = source.told;
    let consents = told.consents.iter().map(|consent| {
        let body = json!({ "to": consent.what, "given": consent.given, "at": at(told, consent.at_ms) });
        attachment("callwright.consent", told.started_unix_ms + consent.at_ms, CALLER, &body)
    });
    let recorded = told.started_unix_ms + told.recorded_from_ms();
    let left_out = source.sound.iter().filter(|sound| !sound.left_out.is_empty()).map(|sound| {
        let spans: Vec<Json> = sound.left_out.iter().map(span).collect();
        attachment("callwright.left_out", recorded, AGENT, &json!(spans))
    });
    let plans =
        source.plans.iter().map(|plan| attachment("callwright.plan", plan.begun_unix_ms, AGENT, &plan.body));
    consents.chain(left_out).chain(plans).collect()
}

/// Section 4.5: each belongs to a dialog, and the first one is the call's.
fn attachment(purpose: &str, start_unix_ms: u64, party: usize, body: &Json) -> Json {
    json!({
        "purpose": purpose,
        "start": instant(start_unix_ms),
        "party": party,
        "dialog": 0,
        "mediatype": "application/json",
        "encoding": "json",
        "body": body.to_string(),
    })
}

fn span(mark: &Mark) -> Json {
    let (from, to) = mark.span_ms();
    let why = match mark.kind {
        MarkKind::Paused => "a secret was asked for",
        MarkKind::Redacted => "a card, a PIN, or words that nobody understood",
        MarkKind::Keys => "keys were pressed",
    };
    json!({ "from_ms": from, "to_ms": to, "why": why })
}

const fn party(speaker: Speaker) -> usize {
    match speaker {
        Speaker::Caller => CALLER,
        Speaker::Agent => AGENT,
        Speaker::Human(number) => AGENT + 1 + number,
    }
}

fn at(told: &Told, at_ms: u64) -> String {
    instant(told.started_unix_ms + at_ms)
}

/// A moment by RFC 3339, to the millisecond.
fn instant(unix_ms: u64) -> String {
    format!("{}.{:03}Z", utc(unix_ms / 1_000).trim_end_matches('Z'), unix_ms % 1_000)
}

/// A UUID of version 8 (RFC 9562 section 5.8), whose bits are the maker's: that of another text is another.
fn uuid(text: &str) -> String {
    let hash = Sha256::digest(text);
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
