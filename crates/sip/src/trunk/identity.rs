//! Who calls: `From`, `P-Asserted-Identity` (RFC 3325) and `Privacy` (RFC 3323), both ways.

use callwright_call_core::trunk::is_number;
use callwright_model::Pii;
use rsipstack::sip::{Header, Request, Uri};

use super::Trunk;

/// Who calls, as far as they are to be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The number or user; empty when it is withheld.
    pub(crate) user: Pii<String>,
    /// The whole address; empty when it is withheld.
    pub(crate) uri: Pii<String>,
}

/// Who a request is from. What a trunk that we trust asserts counts more than what the caller wrote.
pub(crate) fn caller(request: &Request, trunk: Option<&Trunk>) -> Caller {
    if wants_privacy(request) {
        return Caller::default();
    }
    let trusted = trunk.is_some_and(|trunk| trunk.config.caller_id.trusted);
    let asserted = trusted.then(|| asserted(request)).flatten();
    let Some(uri) = asserted.or_else(|| written(request)) else { return Caller::default() };
    let user = user_of(&uri);
    if user.eq_ignore_ascii_case("anonymous") {
        return Caller::default();
    }
    let user = match trunk {
        Some(trunk) => trunk.config.numbers.to_e164(user),
        None => user.to_owned(),
    };
    Caller { user: Pii::new(user), uri: Pii::new(uri) }
}

/// `id` asks that the asserted identity, `user` that every sign of the caller is kept from who is called.
fn wants_privacy(request: &Request) -> bool {
    let values = request.headers.iter().filter_map(|header| match header {
        Header::Privacy(value) => Some(value.value()),
        _ => None,
    });
    values
        .flat_map(|value| value.split([';', ',']))
        .any(|word| ["id", "user", "header"].iter().any(|wanted| word.trim().eq_ignore_ascii_case(wanted)))
}

fn written(request: &Request) -> Option<String> {
    request.headers.iter().find_map(|header| match header {
        Header::From(from) => addresses(from.value()).into_iter().next(),
        _ => None,
    })
}

/// There may be two, a SIP URI and a telephone number; the number tells more.
fn asserted(request: &Request) -> Option<String> {
    let all: Vec<String> = request
        .headers
        .iter()
        .filter_map(|header| match header {
            Header::PAssertedIdentity(value) => Some(addresses(value.value())),
            _ => None,
        })
        .flatten()
        .take(ASSERTED_MAX)
        .collect();
    all.iter().find(|uri| is_number(user_of(uri))).or(all.first()).cloned()
}

/// The URIs in a header such as `"Name" <sip:a@b>, <tel:+49>`.
fn addresses(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            _ if quoted => {}
            _ => parts.last_mut().expect("there is one from the start").push(c),
        }
    }
    for part in parts {
        let uri = match part.split_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            // Without brackets, parameters are the header's.
            None => part.split(';').next().unwrap_or_default(),
        };
        let uri = uri.trim();
        if SCHEMES.iter().any(|scheme| uri.to_ascii_lowercase().starts_with(scheme)) {
            found.push(uri.to_owned());
        }
    }
    found
}

/// The user of a SIP URI or the number of a `tel:` one, without parameters.
fn user_of(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or("", |(_, rest)| rest);
    let user = match rest.split_once('@') {
        Some((user, _)) => user,
        None if uri.to_ascii_lowercase().starts_with("tel:") => rest,
        None => "",
    };
    let user = user.split(';').next().unwrap_or_default();
    // A password, which nobody should send.
    user.split(':').next().unwrap_or_default()
}

/// How a call of ours says who we are: the `From` address, the name beside it, and what else tells or hides it.
pub(crate) fn identify(trunk: &Trunk) -> (Uri, Option<String>, Vec<Header>) {
    let policy = &trunk.config.caller_id;
    let ours = match &policy.number {
        Some(number) => trunk.at_domain(number.clone()),
        None => trunk.account(),
    };
    let mut headers = Vec::new();
    if policy.trusted {
        headers.push(Header::PAssertedIdentity(format!("<{ours}>").into()));
    }
    if !policy.withheld {
        return (ours, None, headers);
    }
    headers.push(Header::Privacy("id".into()));
    match Uri::try_from(ANONYMOUS) {
        Ok(nobody) => (nobody, Some("\"Anonymous\"".to_owned()), headers),
        Err(_) => (ours, None, headers),
    }
}

/// RFC 3323, 4.1.1.3.
const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";
const SCHEMES: [&str; 3] = ["sip:", "sips:", "tel:"];
/// RFC 3325 allows two.
const ASSERTED_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn users_are_found_in_every_dress() {
        for (value, expected) in [
            ("\"A, B <x>\" <sip:+4930@a.example;user=phone>;tag=1", &["+4930"][..]),
            ("sip:bob@a.example;tag=1", &["bob"]),
            ("<sip:+4930;phone-context=x@a>, <tel:+4931;ext=1>", &["+4930", "+4931"]),
            ("<SIPS:a:secret@b>", &["a"]),
            ("<sip:host.example>", &[""]),
            ("<http://a@b>", &[]),
            ("", &[]),
        ] {
            let found = addresses(value);
            let users: Vec<&str> = found.iter().map(|uri| user_of(uri)).collect();
            assert_eq!(users, expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(value in "(\\PC{0,5}|<|>|\"|,|;|@|sip:|tel:){0,20}") {
            for uri in addresses(&value) {
                prop_assert!(uri.len() <= value.len() && user_of(&uri).len() <= uri.len());
            }
        }
    }
}
