//! A first look at a message, before the library's parser: what it would drop in silence is answered or mended here.

use std::borrow::Cow;
use std::net::SocketAddr;

use rsipstack::sip::{Method, SipMessage, Transport as Wire};
use rsipstack::transport::SipConnection;

use crate::request::ALLOW;
use crate::strict::{flaw, has_controls, tidied};

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Screened {
    /// Hand it on.
    Pass,
    /// White space that keeps a path through a router open; the library answers it.
    KeepAlive,
    /// Hand this on in its place.
    Mended(Vec<u8>),
    /// Send this back.
    Answer(Vec<u8>),
    /// Forget it.
    Drop,
}

/// Judges a datagram, or a message that was cut out of a stream. `cut` says that it was longer than we read.
pub(crate) fn screen(datagram: &[u8], source: SocketAddr, wire: Wire, cut: bool) -> Screened {
    if datagram.iter().all(u8::is_ascii_whitespace) {
        return Screened::KeepAlive;
    }
    let end = datagram.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head = &datagram[..end.unwrap_or(datagram.len())];
    let text = text_of(head);
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with("SIP/") {
        let whole = !has_controls(&text) && readable(datagram, source, wire);
        return if whole { Screened::Pass } else { Screened::Drop };
    }
    if let (Some(end), Some(tidy)) = (end, tidied(&text)) {
        let mut whole = tidy.into_bytes();
        whole.extend_from_slice(&datagram[end..]);
        // What is tidied gets shorter, so this comes to an end.
        return match screen(&whole, source, wire, cut) {
            Screened::Pass => Screened::Mended(whole),
            other => other,
        };
    }
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(_), Some(version)) = (words.next(), words.next(), words.next_back()) else {
        return Screened::Drop;
    };
    if !version.to_ascii_uppercase().starts_with("SIP/") {
        return Screened::Drop;
    }
    let refuse = |status: u16, reason: &str, more: &str| match answer(&text, status, reason, more) {
        Some(answer) if method != "ACK" => Screened::Answer(answer.into_bytes()),
        _ => Screened::Drop,
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return refuse(505, "Version Not Supported", "");
    }
    // The library reads methods in any case; by the RFC they are upper case.
    if method.parse::<Method>().is_err() {
        return refuse(405, "Method Not Allowed", &format!("Allow: {ALLOW}\r\n"));
    }
    if cut {
        return refuse(513, "Message Too Large", "");
    }
    let Some(end) = end else { return refuse(400, "Missing Empty Line", "") };
    if std::str::from_utf8(head).is_err() {
        return refuse(400, "Headers Are Not UTF-8", "");
    }
    if has_controls(&text) {
        return refuse(400, "Control Character In Headers", "");
    }
    if let Some((status, reason)) = flaw(&text) {
        return refuse(status, reason, "");
    }
    let body = datagram.len() - end - 4;
    let mended = match header(&text, "Content-Length", "l").map(str::parse::<usize>) {
        Some(Ok(length)) if length <= body => None,
        Some(Ok(_)) => return refuse(400, "Body Shorter Than Content-Length", ""),
        Some(Err(_)) => return refuse(400, "Bad Content-Length", ""),
        None if body == 0 => None,
        // Over UDP the body then reaches to the end of the datagram (RFC 3261 section 18.3).
        None => {
            let mut mended = datagram[..end].to_vec();
            mended.extend_from_slice(format!("\r\nContent-Length: {body}").as_bytes());
            mended.extend_from_slice(&datagram[end..]);
            Some(mended)
        }
    };
    if !readable(mended.as_deref().unwrap_or(datagram), source, wire) {
        return refuse(400, "Bad Request", "");
    }
    mended.map_or(Screened::Pass, Screened::Mended)
}

/// Bytes as text that is no longer than they are: each that is no part of UTF-8 becomes a question mark, so that no answer grows by it.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes
            .utf8_chunks()
            .flat_map(|chunk| [Cow::Borrowed(chunk.valid()), "?".repeat(chunk.invalid().len()).into()])
            .collect::<String>()
            .into(),
    }
}

/// Whether the library will take it. It is asked itself, so that what passes here is counted out again behind it.
fn readable(datagram: &[u8], source: SocketAddr, wire: Wire) -> bool {
    SipMessage::try_from(datagram)
        .is_ok_and(|message| SipConnection::update_msg_received(message, source, wire).is_ok())
}

/// An answer made of the request's own lines; `None` when they do not say where an answer belongs.
pub(crate) fn answer(head: &str, status: u16, reason: &str, more: &str) -> Option<String> {
    let mut answer = format!("SIP/2.0 {status} {reason}\r\n");
    let mut vias = 0;
    let mut copying = false;
    for line in head.lines().skip(1) {
        if line.starts_with([' ', '\t']) {
            if copying {
                answer.truncate(answer.len() - 2);
                answer.push_str(line);
                answer.push_str("\r\n");
            }
            continue;
        }
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        copying = matches!(name.as_str(), "via" | "v" | "from" | "f" | "to" | "t" | "call-id" | "i" | "cseq");
        if copying {
            vias += usize::from(name == "via" || name == "v");
            answer.push_str(line);
            answer.push_str("\r\n");
        }
    }
    answer.push_str(more);
    answer.push_str("Content-Length: 0\r\n\r\n");
    (vias > 0).then_some(answer)
}

fn header<'a>(head: &'a str, name: &str, short: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let found = found.trim();
        (found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short)).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 5062))
    }

    fn request(line: &str, more: &str, body: &str) -> Vec<u8> {
        format!(
            "{line}\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
             Call-ID: x\r\nCSeq: 1 OPTIONS\r\n{more}\r\n{body}"
        )
        .into_bytes()
    }

    fn status(screened: Screened) -> String {
        match screened {
            Screened::Answer(answer) => String::from_utf8_lossy(&answer[8..11]).into_owned(),
            Screened::Pass => "pass".to_owned(),
            Screened::KeepAlive => "keep-alive".to_owned(),
            Screened::Mended(_) => "mended".to_owned(),
            Screened::Drop => "drop".to_owned(),
        }
    }

    #[test]
    fn each_datagram_gets_its_verdict() {
        let ok = "OPTIONS sip:c@d SIP/2.0";
        for (datagram, expected) in [
            (request(ok, "", ""), "pass"),
            (request(ok, "Content-Length: 2\r\n", "ab"), "pass"),
            (request(ok, "l: 1\r\n", "ab"), "pass"),
            (request(ok, "", "ab"), "mended"),
            (request(ok, "Content-Length: 3\r\n", "ab"), "400"),
            (request(ok, "Content-Length: x\r\n", "ab"), "400"),
            (request("DANCE sip:c@d SIP/2.0", "", ""), "405"),
            (request("OPTIONS sip:c@d SIP/3.0", "", ""), "505"),
            (request("ACK sip:c@d SIP/3.0", "", ""), "drop"),
            (request("OPTIONS sip:c@d", "", ""), "drop"),
            (request("OPTIONS sip:c@d HTTP/1.1", "", ""), "drop"),
            (b"\r\n\r\n".to_vec(), "keep-alive"),
            (b"OPTIONS sip:c@d SIP/2.0\r\n\r\n".to_vec(), "drop"),
            (b"SIP/2.0 200 OK\r\n\r\n".to_vec(), "pass"),
            (b"SIP/2.0 OK\r\n\r\n".to_vec(), "drop"),
            (request(ok, "Subject: a\tb\r\n", ""), "pass"),
            (request(ok, "Subject: a\rX: b\r\n", ""), "400"),
            (request(ok, "Subject: a\nX: b\r\n", ""), "400"),
            (request(ok, "Subject: a\0b\r\n", ""), "400"),
            (b"SIP/2.0 200 OK\rX: y\r\n\r\n".to_vec(), "drop"),
            (b"\x16\x03\x01\x02".to_vec(), "drop"),
        ] {
            let shown = String::from_utf8_lossy(&datagram).into_owned();
            assert_eq!(status(screen(&datagram, source(), Wire::Udp, false)), expected, "{shown}");
        }
        assert_eq!(status(screen(&request(ok, "", ""), source(), Wire::Udp, true)), "513");
    }

    #[test]
    fn an_answer_goes_the_way_the_request_came() {
        let Screened::Answer(answer) =
            screen(&request("DANCE sip:c@d SIP/2.0", "", ""), source(), Wire::Udp, false)
        else {
            panic!("an answer");
        };
        let answer = String::from_utf8(answer).expect("text");
        for line in [
            "SIP/2.0 405 Method Not Allowed",
            "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1",
            "Call-ID: x",
        ] {
            assert!(answer.lines().any(|found| found == line), "{line} in {answer}");
        }
        assert!(answer.contains("\r\nAllow: INVITE"));
        assert!(answer.ends_with("\r\n\r\n"));
    }

    #[test]
    fn an_answer_does_not_grow_by_what_is_no_text() {
        let mut datagram = request("OPTIONS sip:c@d SIP/2.0", "", "");
        let at = datagram.windows(2).position(|bytes| bytes == b"z9").expect("a branch");
        datagram.splice(at..at, [0xff; 1_000]);
        let Screened::Answer(answer) = screen(&datagram, source(), Wire::Udp, false) else {
            panic!("an answer")
        };
        assert!(answer.len() < datagram.len() + 100, "{} bytes for {}", answer.len(), datagram.len());
        assert_eq!(text_of(b"a\xffb\xe2\x82c\xc3\xa9"), "a?b??c\u{e9}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..300), cut in any::<bool>()) {
            let _ = screen(&junk, source(), Wire::Udp, cut);
        }

        #[test]
        fn near_requests_never_panic(
            line in "(INVITE|OPTIONS|ACK|X) sip:[a-z@.:;=]{0,20} SIP/[0-9]\\.[0-9]",
            headers in prop::collection::vec("(Via|v|From|To|CSeq|Call-ID|l|Content-Length| )[:]?[ -~]{0,40}", 0..12),
            body in "\\PC{0,40}",
        ) {
            let datagram = format!("{line}\r\n{}\r\n\r\n{body}", headers.join("\r\n"));
            if let Screened::Answer(answer) = screen(datagram.as_bytes(), source(), Wire::Udp, false) {
                prop_assert!(answer.starts_with(b"SIP/2.0 "));
                // No bigger than what came by much: nobody is flooded in somebody else's name.
                prop_assert!(answer.len() < datagram.len() + 200);
            }
        }
    }
}
