//! A call that takes another's place (RFC 3891).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::list::{Item, items};

/// Names a dialog as whoever shall be asked to give it up knows it: the `Replaces` header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replaces {
    /// The dialog's `Call-ID`.
    pub call_id: String,
    /// The tag of whoever is asked.
    pub to_tag: String,
    /// The tag of the other end.
    pub from_tag: String,
    /// Only while it is not answered yet.
    pub early_only: bool,
}

/// A text that names no dialog.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a `Replaces` needs a Call-ID, `to-tag` and `from-tag`, each once")]
pub struct ReplacesError;

impl FromStr for Replaces {
    type Err = ReplacesError;

    fn from_str(text: &str) -> Result<Self, ReplacesError> {
        let mut found = items(text);
        let (Some(item), None) = (found.next(), found.next()) else { return Err(ReplacesError) };
        let once = |name: &str| {
            let count = text.to_ascii_lowercase().matches(&format!("{name}=")).count();
            item.parameter(name).filter(|tag| count == 1 && is_tag(tag)).map(str::to_owned)
        };
        let early_only =
            text.split(';').skip(1).any(|parameter| parameter.trim().eq_ignore_ascii_case("early-only"));
        match (once("to-tag"), once("from-tag")) {
            (Some(to_tag), Some(from_tag)) if !item.value.is_empty() => {
                Ok(Self { call_id: item.value.to_owned(), to_tag, from_tag, early_only })
            }
            _ => Err(ReplacesError),
        }
    }
}

/// More than the tokens that tags are (RFC 3261, section 25.1), and nothing that would end one or would have to stand in quotes.
fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic() && !b"\";,<>".contains(&c))
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

/// Whom a `Refer-To` names, and whose place the call shall take; `None` when it cannot be read or wants something other than a call.
pub(crate) fn refer_target(value: &str) -> Option<(String, Option<Replaces>)> {
    let mut found = items(value);
    let (Some(item), None) = (found.next(), found.next()) else { return None };
    let address = item.address()?;
    let (uri, inside) = address.split_once('?').unwrap_or((address, ""));
    let method = Item::parameter_of(uri, "method");
    if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
        return None;
    }
    let mut replaces = None;
    for (name, value) in inside.split('&').filter_map(|header| header.split_once('=')) {
        if name.eq_ignore_ascii_case("Replaces") {
            replaces = Some(unescaped(value)?.parse().ok()?);
        }
    }
    Some((uri.to_owned(), replaces))
}

/// A header's value as it stands inside a URI (RFC 3261 section 19.1.1).
pub(crate) fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// The other way round; `None` when it is not text.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |digit: Option<u8>| char::from(digit?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
