//! What draft-ietf-vcon-vcon-core asks of a vCon in the unsigned form, written from its sections 2 and 4. Only tests use it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

/// Everything that the draft does not allow, each with its place.
pub(super) fn violations(vcon: &Json) -> Vec<String> {
    let mut found = Found(Vec::new());
    let Some(root) = vcon.as_object() else { return vec!["a vCon is an object".to_owned()] };
    found.only(root, "", &ROOT);
    found.want(vcon["vcon"] == "0.4.0", "vcon: the version of the draft, section 4.1.1");
    found.want(vcon["uuid"].as_str().is_some_and(is_uuid), "uuid: a UUID, section 4.1.2");
    found.want(is_date(&vcon["created_at"]), "created_at: a date, section 4.1.4");
    found.want(vcon["subject"].as_str().is_some(), "subject: a text, section 4.1.6");
    let parties = found.list(vcon, "parties");
    let dialog = found.list(vcon, "dialog");
    let analysis = found.list(vcon, "analysis");
    let attachments = found.list(vcon, "attachments");
    let counts = Counts { parties: parties.len(), dialog: dialog.len() };
    for (at, party) in parties.iter().enumerate() {
        found.party(party, &format!("parties[{at}]"));
    }
    for (at, one) in dialog.iter().enumerate() {
        found.dialog(one, &format!("dialog[{at}]"), &counts);
    }
    for (at, one) in analysis.iter().enumerate() {
        found.analysis(one, &format!("analysis[{at}]"), &counts);
    }
    for (at, one) in attachments.iter().enumerate() {
        found.attachment(one, &format!("attachments[{at}]"), &counts);
    }
    found.0
}

struct Counts {
    parties: usize,
    dialog: usize,
}

struct Found(Vec<String>);

impl Found {
    fn want(&mut self, holds: bool, what: &str) {
        if !holds {
            self.0.push(what.to_owned());
        }
    }

    /// Section 2.5: names that the draft does not have would need an extension.
    fn only(&mut self, object: &Map<String, Json>, place: &str, names: &[&str]) {
        for name in object.keys() {
            self.want(names.contains(&name.as_str()), &format!("{place}.{name}: the draft has no such name"));
        }
    }

    fn list<'a>(&mut self, vcon: &'a Json, name: &str) -> &'a [Json] {
        self.want(vcon[name].is_array(), &format!("{name}: an array"));
        vcon[name].as_array().map_or(&[], Vec::as_slice)
    }

    /// Section 4.2.
    fn party(&mut self, party: &Json, place: &str) {
        let Some(object) = party.as_object() else { return self.want(false, &format!("{place}: an object")) };
        self.only(object, place, &PARTY);
        self.want(object.values().all(Json::is_string), &format!("{place}: texts"));
        let named = object.contains_key("name");
        self.want(
            !named || object.contains_key("validation"),
            &format!("{place}: a name wants its validation"),
        );
    }

    /// Section 4.3.
    fn dialog(&mut self, dialog: &Json, place: &str, counts: &Counts) {
        let Some(object) = dialog.as_object() else {
            return self.want(false, &format!("{place}: an object"));
        };
        self.only(object, place, &DIALOG);
        self.want(is_date(&dialog["start"]), &format!("{place}.start: a date"));
        let duration = &dialog["duration"];
        self.want(
            duration.is_null() || duration.as_f64().is_some_and(|s| s >= 0.0),
            &format!("{place}.duration"),
        );
        let parties = &dialog["parties"];
        let flat = parties.as_array().into_iter().flatten().flat_map(|one| match one {
            Json::Array(several) => several.clone(),
            one => vec![one.clone()],
        });
        let flat: Vec<Json> = flat.collect();
        let known = !flat.is_empty() && flat.iter().all(|party| is_index(party, counts.parties));
        self.want(known, &format!("{place}.parties: places of parties"));
        match dialog["type"].as_str() {
            Some("recording" | "text") => {
                self.content(dialog, place);
                self.want(dialog["mediatype"].is_string(), &format!("{place}.mediatype: section 4.3.6"));
                self.want(dialog["disposition"].is_null(), &format!("{place}.disposition: it took place"));
            }
            Some("incomplete") => {
                let why = dialog["disposition"].as_str();
                self.want(
                    why.is_some_and(|why| DISPOSITIONS.contains(&why)),
                    &format!("{place}.disposition"),
                );
                let bare = CONTENT.iter().all(|name| dialog[name].is_null());
                self.want(bare, &format!("{place}: no content when nothing was said, section 4.3.1"));
            }
            _ => self.want(false, &format!("{place}.type: section 4.3.1")),
        }
        for event in dialog["party_history"].as_array().into_iter().flatten() {
            let told = event["event"].as_str().is_some_and(|event| EVENTS.contains(&event))
                && is_index(&event["party"], counts.parties)
                && is_date(&event["time"]);
            self.want(told, &format!("{place}.party_history: section 4.3.10"));
        }
    }

    /// Section 4.4.
    fn analysis(&mut self, analysis: &Json, place: &str, counts: &Counts) {
        let Some(object) = analysis.as_object() else {
            return self.want(false, &format!("{place}: an object"));
        };
        self.only(object, place, &ANALYSIS);
        self.want(analysis["type"].is_string(), &format!("{place}.type"));
        self.want(analysis["vendor"].is_string(), &format!("{place}.vendor"));
        let based =
            analysis["dialog"].as_array().is_some_and(|on| on.iter().all(|at| is_index(at, counts.dialog)));
        self.want(based, &format!("{place}.dialog: places of dialogs"));
        self.content(analysis, place);
    }

    /// Section 4.5.
    fn attachment(&mut self, attachment: &Json, place: &str, counts: &Counts) {
        let Some(object) = attachment.as_object() else {
            return self.want(false, &format!("{place}: an object"));
        };
        self.only(object, place, &ATTACHMENT);
        self.want(is_date(&attachment["start"]), &format!("{place}.start: a date"));
        self.want(
            is_index(&attachment["party"], counts.parties),
            &format!("{place}.party: the place of a party"),
        );
        self.want(
            is_index(&attachment["dialog"], counts.dialog),
            &format!("{place}.dialog: the place of a dialog"),
        );
        self.content(attachment, place);
    }

    /// Sections 2.3 and 2.4: inside with its encoding, or elsewhere with its hash.
    fn content(&mut self, object: &Json, place: &str) {
        let inside = match (object["encoding"].as_str(), object["body"].as_str()) {
            (Some("none"), Some(_)) => true,
            (Some("json"), Some(body)) => serde_json::from_str::<Json>(body).is_ok(),
            (Some("base64url"), Some(body)) => BASE64_URL_SAFE_NO_PAD.decode(body).is_ok(),
            (_, _) => false,
        };
        let url = object["url"].as_str().is_some_and(|url| url.starts_with("https://"));
        let elsewhere = url && object["content_hash"].as_str().is_some_and(is_hash);
        let apart = object["body"].is_null() != object["url"].is_null();
        self.want(apart && (inside || elsewhere), &format!("{place}: its content"));
    }
}

fn is_index(value: &Json, count: usize) -> bool {
    value.as_u64().is_some_and(|at| (at as usize) < count)
}

/// RFC 3339, as we write it.
fn is_date(value: &Json) -> bool {
    let Some(text) = value.as_str() else { return false };
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

fn is_uuid(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    shape == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" && text.as_bytes()[14] == b'8'
}

fn is_hash(text: &str) -> bool {
    let hash = text.strip_prefix("sha512-").map(|hash| BASE64_URL_SAFE_NO_PAD.decode(hash));
    hash.is_some_and(|hash| hash.is_ok_and(|hash| hash.len() == 64))
}

const ROOT: [&str; 13] = [
    "vcon",
    "uuid",
    "extensions",
    "critical",
    "created_at",
    "updated_at",
    "subject",
    "redacted",
    "group",
    "parties",
    "dialog",
    "analysis",
    "attachments",
];
const PARTY: [&str; 8] = ["tel", "sip", "stir", "mailto", "name", "did", "validation", "uuid"];
const DIALOG: [&str; 15] = [
    "type",
    "start",
    "duration",
    "parties",
    "originator",
    "mediatype",
    "filename",
    "body",
    "encoding",
    "url",
    "content_hash",
    "disposition",
    "party_history",
    "application",
    "session_id",
];
const ANALYSIS: [&str; 11] = [
    "type",
    "dialog",
    "mediatype",
    "filename",
    "vendor",
    "product",
    "schema",
    "body",
    "encoding",
    "url",
    "content_hash",
];
const ATTACHMENT: [&str; 10] = [
    "purpose",
    "start",
    "party",
    "dialog",
    "mediatype",
    "filename",
    "body",
    "encoding",
    "url",
    "content_hash",
];
const CONTENT: [&str; 4] = ["body", "encoding", "url", "content_hash"];
const DISPOSITIONS: [&str; 6] =
    ["no-answer", "congestion", "failed", "busy", "hung-up", "voicemail-no-message"];
const EVENTS: [&str; 6] = ["join", "drop", "hold", "unhold", "mute", "unmute"];
