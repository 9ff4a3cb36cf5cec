//! Hides what lets somebody in or decrypts something, and keys that callers press.

use std::ops::Range;

/// Hides the secrets of a SIP message in place: of proofs (RFC 3261 section 22) all but what was asked in clear, keys of SDES (RFC 4568),
/// MIKEY and ICE, digits sent by INFO, and what of a call's words is told in fields. Whatever the message is, it keeps its length.
///
/// Every line is looked at as a header field and as a line of a session description, wherever it stands: a body may hold a message.
pub fn mask(message: &mut [u8]) {
    let pressed = presses_keys(message);
    let mut from = 0;
    while from < message.len() {
        let to = line_end(message, from);
        mask_line(&mut message[from..to], pressed);
        from = to;
    }
}

/// One line, with the lines that continue it.
fn mask_line(line: &mut [u8], pressed: bool) {
    if let Some(at) = line.iter().position(|&byte| byte == b':')
        && PROOFS.iter().any(|name| line[..at].trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    {
        return mask_proof(&mut line[at + 1..]);
    }
    if let Some(at) = line.iter().position(|&byte| byte == b':') {
        let name = line[..at].trim_ascii();
        if name.eq_ignore_ascii_case(b"User-to-User") {
            let end =
                line[at..].iter().position(|&byte| byte == b';').map_or(line.len(), |length| at + length);
            return hide(&mut line[at + 1..end]);
        }
        let is_ours = name.get(..OURS.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(OURS));
        if is_ours || WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
            return hide(&mut line[at + 1..]);
        }
    }
    if starts_with(line, b"a=crypto:") {
        return mask_inline(line);
    }
    if let Some(begin) = WHOLE.iter().find(|begin| starts_with(line, begin)) {
        return hide(&mut line[begin.len()..]);
    }
    if pressed {
        mask_key(line);
    }
}

/// Where a line ends, and with it the lines that begin with white space: they belong to it (RFC 3261 section 7.3.1).
fn line_end(message: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let Some(end) = message[at..].iter().position(|&byte| byte == b'\n') else { return message.len() };
        at += end + 1;
        let empty = message[from..at].trim_ascii().is_empty();
        if empty || !matches!(message.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
}

/// `Digest username="a", response="..."`: parameters that prove something are hidden, and of other schemes all of it.
fn mask_proof(value: &mut [u8]) {
    let word = value.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(value.len());
    let length = value[word..].iter().position(u8::is_ascii_whitespace).unwrap_or(value.len() - word);
    let scheme = &value[word..word + length];
    let from = if scheme.eq_ignore_ascii_case(b"Digest") {
        word + length
    } else if scheme.contains(&b'=') {
        // `Authentication-Info` has no scheme.
        word
    } else {
        return hide(&mut value[word + length..]);
    };
    for parameter in parameters(value, from) {
        let text = &value[parameter.clone()];
        let Some(equals) = text.iter().position(|&byte| byte == b'=') else {
            hide(&mut value[parameter]);
            continue;
        };
        let name = text[..equals].trim_ascii();
        if !ASKED.iter().any(|asked| name.eq_ignore_ascii_case(asked.as_bytes())) {
            hide(&mut value[parameter.start + equals + 1..parameter.end]);
        }
    }
}

/// The parts between commas that stand in no quotation marks.
fn parameters(value: &[u8], from: usize) -> Vec<Range<usize>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), from, false, false);
    for (at, &byte) in value.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(start..value.len());
    parts
}

/// `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4`: the keys become zeros.
fn mask_inline(line: &mut [u8]) {
    let mut at = 0;
    while let Some(found) =
        line[at..].windows(INLINE.len()).position(|part| part.eq_ignore_ascii_case(INLINE))
    {
        let key = at + found + INLINE.len();
        let ends = |byte: &u8| matches!(byte, b'|' | b';' | b' ' | b'\r' | b'\n');
        let end = line[key..].iter().position(ends).map_or(line.len(), |length| key + length);
        // Still base64, of zeros: tshark takes a line with anything else for a broken packet, and leaves out the whole description.
        line[key..end].iter_mut().filter(|byte| **byte != b'=').for_each(|byte| *byte = b'A');
        at = end;
    }
}

/// Whether a message tells keys that were pressed: its type says so (`application/dtmf`, `application/dtmf-relay`), or it is none at all.
fn presses_keys(message: &[u8]) -> bool {
    let mut from = 0;
    while from < message.len() {
        let to = line_end(message, from);
        let line = &message[from..to];
        if let Some(at) = line.iter().position(|&byte| byte == b':')
            && [b"content-type".as_slice(), b"c"]
                .iter()
                .any(|name| line[..at].trim_ascii().eq_ignore_ascii_case(name))
            && line[at..].windows(4).any(|part| part.eq_ignore_ascii_case(b"dtmf"))
        {
            return true;
        }
        from = to;
    }
    false
}

/// `Signal=5`, or a body that is the key alone. Header fields have a colon.
fn mask_key(line: &mut [u8]) {
    let equals = line.iter().position(|&byte| byte == b'=');
    match equals {
        Some(at) if line[..at].trim_ascii().eq_ignore_ascii_case(b"signal") => hide(&mut line[at + 1..]),
        Some(_) => {}
        None if line.contains(&b':') || line.windows(4).any(|part| part == b"SIP/") => {}
        None => hide(line),
    }
}

fn starts_with(line: &[u8], begin: &[u8]) -> bool {
    line.get(..begin.len()).is_some_and(|part| part.eq_ignore_ascii_case(begin))
}

/// The `Call-ID` of a message (RFC 3261 section 20.8), also by its short name.
#[must_use]
pub fn call_id(message: &[u8]) -> Option<&str> {
    let mut from = 0;
    while from < message.len() {
        let to = line_end(message, from);
        let line = &message[from..to];
        if line.trim_ascii().is_empty() {
            return None;
        }
        if let Some(at) = line.iter().position(|&byte| byte == b':') {
            let name = line[..at].trim_ascii();
            if name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i") {
                let value = std::str::from_utf8(line[at + 1..].trim_ascii()).ok()?;
                return Some(value).filter(|value| !value.is_empty());
            }
        }
        from = to;
    }
    None
}

/// Each byte that is seen becomes a star.
fn hide(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| !byte.is_ascii_whitespace()) {
        *byte = b'*';
    }
}

const INLINE: &[u8] = b"inline:";
/// Fields that prove who somebody is.
const PROOFS: [&str; 4] =
    ["Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info"];
/// Parameters of proofs that the challenge told in clear, or that stand elsewhere in the message.
const ASKED: [&str; 9] = ["username", "realm", "nonce", "uri", "algorithm", "qop", "nc", "opaque", "stale"];
/// Fields that carry words: what a human is told of a call.
const WORDS: [&[u8]; 2] = [b"Subject", b"s"];
/// How fields of our own begin.
const OURS: &[u8] = b"X-Callwright-";
/// Lines that are a secret to their end.
const WHOLE: [&[u8]; 3] = [b"a=key-mgmt:", b"a=ice-pwd:", b"k="];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        mask(&mut bytes);
        assert_eq!(bytes.len(), text.len());
        String::from_utf8(bytes).expect("stars are text")
    }

    #[test]
    fn proofs_keep_what_was_asked_in_clear() {
        for (line, want) in [
            (
                "Authorization: Digest username=\"alice\", realm=\"a, b\", response=\"0123\", nc=00000001\r\n",
                "Authorization: Digest username=\"alice\", realm=\"a, b\", response=******, nc=00000001\r\n",
            ),
            (
                "proxy-authorization :Digest response=\"0\\\"1\",cnonce=abc\r\n",
                "proxy-authorization :Digest response=******,cnonce=***\r\n",
            ),
            ("Authorization: Basic YWxpY2U6\r\n", "Authorization: Basic ********\r\n"),
            (
                "Authorization: Digest realm=\"r\",\r\n response=\"01\"\r\nTo: x\r\n",
                "Authorization: Digest realm=\"r\",\r\n response=****\r\nTo: x\r\n",
            ),
            (
                "Authentication-Info: rspauth=\"01\", qop=auth\r\n",
                "Authentication-Info: rspauth=****, qop=auth\r\n",
            ),
            ("Authorization:\r\n", "Authorization:\r\n"),
            ("WWW-Authenticate: Digest nonce=\"abc\"\r\n", "WWW-Authenticate: Digest nonce=\"abc\"\r\n"),
        ] {
            assert_eq!(masked(line), want);
        }
    }

    #[test]
    fn keys_of_media_are_hidden_and_the_rest_of_the_offer_is_not() {
        for (line, want) in [
            (
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|2^20;inline:WF==\r\n",
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA|2^20;inline:AA==\r\n",
            ),
            ("a=ice-pwd:secret\r\n", "a=ice-pwd:******\r\n"),
            ("k=clear:abc\r\n", "k=*********\r\n"),
            ("a=rtpmap:0 PCMU/8000\r\n", "a=rtpmap:0 PCMU/8000\r\n"),
        ] {
            assert_eq!(
                masked(&format!("INVITE sip:a SIP/2.0\r\n\r\nv=0\r\n{line}")),
                format!("INVITE sip:a SIP/2.0\r\n\r\nv=0\r\n{want}")
            );
        }
    }

    #[test]
    fn keys_that_callers_press_are_hidden() {
        let info = |kind: &str, body: &str| {
            format!("INFO sip:a SIP/2.0\r\n{kind}\r\nContent-Length: 9\r\n\r\n{body}")
        };
        let relay = "Content-Type: application/dtmf-relay";
        assert_eq!(
            masked(&info(relay, "Signal= 5\r\nDuration=160\r\n")),
            info(relay, "Signal= *\r\nDuration=160\r\n")
        );
        assert_eq!(masked(&info("c: application/dtmf", "5")), info("c: application/dtmf", "*"));
        assert_eq!(masked(&info("c: text/plain", "5")), info("c: text/plain", "5"));
    }

    #[test]
    fn what_a_human_is_told_of_a_call_is_hidden() {
        for (line, want) in [
            ("User-to-User: 56a390;encoding=hex\r\n", "User-to-User: ******;encoding=hex\r\n"),
            ("s: wants a refund\r\n", "s: ***** * ******\r\n"),
            ("X-Callwright-Asked: refund\r\n", "X-Callwright-Asked: ******\r\n"),
            ("X-Carrier: 7\r\ns=-\r\n", "X-Carrier: 7\r\ns=-\r\n"),
        ] {
            assert_eq!(masked(line), want);
        }
    }

    #[test]
    fn the_call_id_is_found_by_both_its_names_and_in_no_body() {
        for (message, want) in [
            ("BYE sip:a SIP/2.0\r\nCall-ID: abc@x \r\n\r\n", Some("abc@x")),
            ("BYE sip:a SIP/2.0\r\ni:abc\r\n\r\n", Some("abc")),
            ("BYE sip:a SIP/2.0\r\n\r\ni:abc", None),
            ("Call-ID:\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(call_id(message.as_bytes()), want, "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length_and_are_masked_once(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let length = bytes.len();
            let id = call_id(&bytes).map(str::to_owned);
            mask(&mut bytes);
            prop_assert_eq!(call_id(&bytes).map(str::to_owned), id);
            prop_assert_eq!(bytes.len(), length);
            let once = bytes.clone();
            mask(&mut bytes);
            prop_assert_eq!(bytes, once);
        }

        #[test]
        fn a_response_never_shows(before in "[a-z\", =]{0,20}", fold in "(\r\n )?") {
            let text = format!("Authorization: Digest {before},{fold}response=\"5ec4e7\"\r\n\r\n");
            // Whatever an open quotation mark swallows is hidden with its parameter, or is of one that was asked in clear.
            let open = before.matches('"').count() % 2 == 1;
            prop_assert!(open || !masked(&text).contains("5ec4e7"), "{}", masked(&text));
        }
    }
}
