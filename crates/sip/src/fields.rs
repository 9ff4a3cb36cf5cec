//! Header fields that tell the owner of a call something: whom it was for before, what an application says along, why it ended.
//!
//! What peers write here is advice, never a reason to refuse a call: a field that cannot be read is left out and counted
//! ([`SipStatistics::ignored_fields`](crate::SipStatistics::ignored_fields)).

pub(crate) mod list;
mod reason;
mod replaces;

use callwright_model::Pii;
use rsipstack::sip::Header;
use rsipstack::sip::prelude::HasHeaders;

use self::list::{Item, items, quoted, safe};
pub use self::reason::Reason;
#[cfg(test)]
use self::replaces::unescaped;
pub use self::replaces::{Replaces, ReplacesError};
pub(crate) use self::replaces::{escaped, refer_target};

/// What an INVITE carries along, both ways.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFields {
    /// `User-to-User` (RFC 7433): what one application tells another through the network.
    pub user_to_user: Vec<UserToUser>,
    /// `Diversion` (RFC 5806): who sent the call on, the last one first.
    pub diversions: Vec<Diversion>,
    /// `History-Info` (RFC 7044): whom the call was for, the first one first.
    pub history: Vec<HistoryEntry>,
    /// `Referred-By` (RFC 3892): on whose wish the call is made.
    pub referred_by: Option<Pii<String>>,
    /// `X-Callwright-Call`: what a gateway of ours calls the call that this one belongs to. Letters and digits.
    pub call: Option<String>,
}

/// One `User-to-User` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToUser {
    /// The data as written: mostly hexadecimal digits.
    pub data: Pii<String>,
    /// How it is written (`encoding`); nothing means hexadecimal.
    pub encoding: Option<String>,
    /// What it is for (`purpose`).
    pub purpose: Option<String>,
    /// What is inside (`content`).
    pub content: Option<String>,
}

/// One `Diversion` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// Who sent the call on.
    pub uri: Pii<String>,
    /// Why: `unconditional`, `user-busy`, `no-answer` and others.
    pub reason: Option<String>,
    /// How many diversions it stands for.
    pub counter: Option<u32>,
}

/// One `History-Info` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Whom the call was for.
    pub uri: Pii<String>,
    /// Its place, such as `1.2`.
    pub index: String,
    /// Why it went on from here (the `Reason` inside the address): a SIP status.
    pub cause: Option<u16>,
}

impl UserToUser {
    /// Bytes, written as hexadecimal digits.
    #[must_use]
    pub fn hex(bytes: &[u8]) -> Self {
        let data = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { data: Pii::new(data), encoding: Some("hex".to_owned()), purpose: None, content: None }
    }

    /// The bytes; `None` when they are not written as hexadecimal digits.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let digits = self.data.reveal().as_bytes();
        let hex = self.encoding.as_deref().is_none_or(|encoding| encoding.eq_ignore_ascii_case("hex"));
        if !hex || !digits.len().is_multiple_of(2) {
            return None;
        }
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        digits
            .chunks_exact(2)
            .map(|pair| u8::try_from(nibble(pair[0])? * 16 + nibble(pair[1])?).ok())
            .collect()
    }

    fn read(item: &Item<'_>) -> Option<Self> {
        let text = |name| item.parameter(name).map(str::to_owned);
        let data = item.value.trim_matches('"');
        let read = Self {
            data: Pii::new(data.to_owned()),
            encoding: text("encoding"),
            purpose: text("purpose"),
            content: text("content"),
        };
        let fits = (1..=UUI_MAX).contains(&data.len()) && data.chars().all(list::is_quotable);
        fits.then_some(read)
    }

    fn write(&self) -> String {
        let data = self.data.reveal();
        let token = data.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut written = if token { data.clone() } else { quoted(data) };
        for (name, value) in
            [("purpose", &self.purpose), ("content", &self.content), ("encoding", &self.encoding)]
        {
            if let Some(value) = value {
                written.push_str(&format!(";{name}={}", safe(value)));
            }
        }
        written
    }
}

impl Diversion {
    fn read(item: &Item<'_>) -> Option<Self> {
        let counter = match item.parameter("counter") {
            Some(counter) => Some(counter.parse().ok()?),
            None => None,
        };
        let reason = item.parameter("reason").map(|reason| reason.trim_matches('"').to_owned());
        Some(Self { uri: Pii::new(item.address()?.to_owned()), reason, counter })
    }

    fn write(&self) -> String {
        let mut written = format!("<{}>", self.uri.reveal());
        if let Some(reason) = &self.reason {
            written.push_str(&format!(";reason={}", safe(reason)));
        }
        if let Some(counter) = self.counter {
            written.push_str(&format!(";counter={counter}"));
        }
        written
    }
}

impl HistoryEntry {
    fn read(item: &Item<'_>) -> Option<Self> {
        let index = item.parameter("index")?;
        if index.split('.').any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        let whole = item.address()?;
        let (uri, inside) = whole.split_once('?').unwrap_or((whole, ""));
        if !list::is_plain(uri) {
            return None;
        }
        // The Reason stands escaped inside the address: `?Reason=SIP%3Bcause%3D302`.
        let cause = inside.to_ascii_lowercase().split("cause%3d").nth(1).and_then(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Some(Self { uri: Pii::new(uri.to_owned()), index: index.to_owned(), cause })
    }

    fn write(&self) -> String {
        let cause = self.cause.map(|cause| format!("?Reason=SIP%3Bcause%3D{cause}")).unwrap_or_default();
        format!("<{}{cause}>;index={}", self.uri.reveal(), safe(&self.index))
    }
}

impl CallFields {
    /// Reads them, and says how many could not be read.
    pub(crate) fn read(message: &impl HasHeaders) -> (Self, u64) {
        let mut fields = Self::default();
        let mut ignored = 0;
        for header in message.headers().iter() {
            match header {
                Header::UserToUser(value) => {
                    take(value.value(), &mut fields.user_to_user, &mut ignored, UserToUser::read);
                }
                Header::Diversion(value) => {
                    take(value.value(), &mut fields.diversions, &mut ignored, Diversion::read);
                }
                Header::HistoryInfo(value) => {
                    take(value.value(), &mut fields.history, &mut ignored, HistoryEntry::read);
                }
                Header::ReferredBy(value) => {
                    match items(value.value()).next().and_then(|item| item.address().map(str::to_owned)) {
                        Some(uri) => fields.referred_by = Some(Pii::new(uri)),
                        None => ignored += 1,
                    }
                }
                Header::Other(name, value) if name.eq_ignore_ascii_case(CALL) => {
                    match Some(value.trim()).filter(|value| is_reference(value)) {
                        Some(call) => fields.call = Some(call.to_owned()),
                        None => ignored += 1,
                    }
                }
                _ => {}
            }
        }
        (fields, ignored)
    }

    /// Writes them; an address that could begin another header is left out.
    pub(crate) fn write(&self) -> Vec<Header> {
        let mut headers = Vec::new();
        let plain = |uri: &Pii<String>| list::is_plain(uri.reveal());
        headers.extend(self.user_to_user.iter().map(|value| Header::UserToUser(value.write().into())));
        let diversions = self.diversions.iter().filter(|value| plain(&value.uri));
        headers.extend(diversions.map(|value| Header::Diversion(value.write().into())));
        let history = self.history.iter().filter(|value| plain(&value.uri));
        headers.extend(history.map(|value| Header::HistoryInfo(value.write().into())));
        if let Some(by) = self.referred_by.as_ref().filter(|by| plain(by)) {
            headers.push(Header::ReferredBy(format!("<{}>", by.reveal()).into()));
        }
        if let Some(call) = self.call.as_deref().filter(|call| is_reference(call)) {
            headers.push(Header::Other(CALL.to_owned(), call.to_owned()));
        }
        headers
    }
}

fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The addresses of a list, without what stands behind a question mark, and their weight in thousandths (`q`).
pub(crate) fn addresses(list: &str) -> Vec<(String, u16)> {
    let weight = |item: &Item<'_>| {
        let q: f32 = item.parameter("q").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        (q.clamp(0.0, 1.0) * 1_000.0).round() as u16
    };
    let without_headers = |address: &str| address.split('?').next().unwrap_or_default().to_owned();
    items(list).filter_map(|item| Some((without_headers(item.address()?), weight(&item)))).collect()
}

fn take<T>(value: &str, into: &mut Vec<T>, ignored: &mut u64, read: impl Fn(&Item<'_>) -> Option<T>) {
    for item in items(value) {
        match read(&item) {
            Some(one) if into.len() < FIELDS_MAX => into.push(one),
            Some(_) | None => *ignored += 1,
        }
    }
}

/// The network carries 128 bytes of user-to-user information; twice that in digits, and as much again for the generous.
const UUI_MAX: usize = 512;
const CALL: &str = "X-Callwright-Call";
/// Longer than any name of a call.
const REFERENCE_MAX: usize = 64;
/// Fields of one kind that are kept; a call that was sent on more often goes in circles.
const FIELDS_MAX: usize = 32;

#[cfg(test)]
mod tests;
