//! Messages out of a stream (RFC 3261 section 18.3): the head ends with an empty line and says how long the body is.

use crate::screen::{answer, text_of};

/// Cuts a stream into messages. What is not consumed stays for the next bytes.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    /// How much of the buffer holds no end of a head, so that slow bytes are not searched again and again.
    searched: usize,
}

/// What stood at the beginning of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framed {
    /// A whole message.
    Message(Vec<u8>),
    /// Two line ends: the other end wants to know whether we are there (RFC 5626 section 4.4.1).
    Ping,
    /// Nobody can tell where the next message begins. Send this, if there is something to send, and close.
    Broken(Option<Vec<u8>>),
}

impl Framer {
    /// Takes what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a message has begun that is not whole yet.
    pub(crate) fn has_begun(&self) -> bool {
        !self.buffer.iter().all(u8::is_ascii_whitespace)
    }

    /// The next piece; `None` until more is read.
    pub(crate) fn next(&mut self) -> Option<Framed> {
        loop {
            if self.buffer.starts_with(PING) {
                self.consume(PING.len());
                return Some(Framed::Ping);
            }
            if !self.buffer.starts_with(LINE_END) || PING.starts_with(&self.buffer) {
                break;
            }
            // Line ends before a message mean nothing (RFC 3261 section 7.5).
            self.consume(LINE_END.len());
        }
        let from = self.searched.saturating_sub(PING.len() - 1);
        let end = self.buffer[from..].windows(PING.len()).position(|bytes| bytes == PING);
        let Some(end) = end.map(|end| from + end) else {
            self.searched = self.buffer.len();
            return (self.buffer.len() > HEAD_MAX).then(|| self.broken(513, "Message Too Large"));
        };
        if end > HEAD_MAX {
            return Some(self.broken(513, "Message Too Large"));
        }
        let length = match body_length(&text_of(&self.buffer[..end])) {
            Ok(length) => length,
            Err(reason) => return Some(self.broken(400, reason)),
        };
        // A length may be as large as any number.
        let whole = length.saturating_add(end + PING.len());
        if whole > MESSAGE_MAX {
            return Some(self.broken(513, "Message Too Large"));
        }
        (self.buffer.len() >= whole).then(|| Framed::Message(self.consume(whole)))
    }

    fn consume(&mut self, length: usize) -> Vec<u8> {
        self.searched = 0;
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Nothing after this can be read. A response and an ACK are not answered.
    fn broken(&mut self, status: u16, reason: &str) -> Framed {
        let buffer = std::mem::take(&mut self.buffer);
        self.searched = 0;
        let end = buffer.windows(PING.len()).position(|bytes| bytes == PING).unwrap_or(buffer.len());
        let text = text_of(&buffer[..end.min(HEAD_MAX)]);
        let line = text.lines().next().unwrap_or_default();
        let answered = line.ends_with(" SIP/2.0") && !line.starts_with("ACK ");
        let refusal = answered.then(|| answer(&text, status, reason, "")).flatten();
        Framed::Broken(refusal.map(String::into_bytes))
    }
}

/// What a head says about its body. A stream needs it, and two that differ are none.
fn body_length(head: &str) -> Result<usize, &'static str> {
    let lengths = head.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim_end();
        (name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("l")).then(|| value.trim())
    });
    let mut found = None;
    for length in lengths {
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|_| digits).ok_or("Bad Content-Length")?;
        if found.is_some_and(|found| found != length) {
            return Err("Two Content-Lengths");
        }
        found = Some(length);
    }
    found.ok_or("Missing Content-Length")
}

const LINE_END: &[u8] = b"\r\n";
/// A head's end, and a keep-alive where a head could begin.
const PING: &[u8] = b"\r\n\r\n";
/// Heads of real messages, with all their routes and certificates' names, stay below a tenth of it.
const HEAD_MAX: usize = 32 * 1_024;
/// What the library takes.
pub(crate) const MESSAGE_MAX: usize = 65_535;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(more: &str, body: &str) -> String {
        format!("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\n{more}\r\n{body}")
    }

    fn all(stream: &str) -> Vec<String> {
        let mut framer = Framer::default();
        framer.push(stream.as_bytes());
        std::iter::from_fn(|| framer.next())
            .map(|framed| match framed {
                Framed::Message(message) => format!("message {}", message.len()),
                Framed::Ping => "ping".to_owned(),
                Framed::Broken(answer) => {
                    let answer = answer.map(|answer| String::from_utf8_lossy(&answer).into_owned());
                    answer
                        .map_or("broken".to_owned(), |answer| answer.lines().next().unwrap_or("").to_owned())
                }
            })
            .collect()
    }

    #[test]
    fn a_stream_is_cut_where_the_lengths_say() {
        let one = message("Content-Length: 2\r\n", "ab");
        let two = message("l: 0\r\n", "");
        let sizes = [format!("message {}", one.len()), format!("message {}", two.len())];
        assert_eq!(all(&format!("{one}{two}")), sizes);
        assert_eq!(all(&format!("\r\n\r\n\r\n{one}\r\n{two}\r\n")), ["ping", &sizes[0], &sizes[1]]);
        assert_eq!(all(&one[..one.len() - 1]), [""; 0]);
        for (stream, expected) in [
            (message("", "ab"), "SIP/2.0 400 Missing Content-Length"),
            (message("Content-Length: x\r\n", ""), "SIP/2.0 400 Bad Content-Length"),
            (message("Content-Length: +1\r\n", ""), "SIP/2.0 400 Bad Content-Length"),
            (message("Content-Length: 1\r\nl: 2\r\n", ""), "SIP/2.0 400 Two Content-Lengths"),
            (message("Content-Length: 70000\r\n", ""), "SIP/2.0 513 Message Too Large"),
            (message("Content-Length: 18446744073709551615\r\n", ""), "SIP/2.0 513 Message Too Large"),
            (message("Content-Length: 99999999999999999999\r\n", ""), "SIP/2.0 400 Bad Content-Length"),
            (message(&"X: y\r\n".repeat(8_000), ""), "SIP/2.0 513 Message Too Large"),
            (message("", "").replace("OPTIONS", "ACK"), "broken"),
            ("SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP c\r\n\r\n".to_owned(), "broken"),
            ("hello\r\n\r\n".to_owned(), "broken"),
            ("x".repeat(40_000), "broken"),
        ] {
            assert_eq!(all(&stream), [expected], "{}", &stream[..stream.len().min(90)]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn it_does_not_matter_how_a_stream_is_torn(
            bodies in prop::collection::vec("[a-z\r\n]{0,20}", 1..5),
            cuts in prop::collection::vec(1usize..40, 1..60),
        ) {
            let messages: Vec<String> = bodies
                .iter()
                .map(|body| message(&format!("Content-Length: {}\r\n", body.len()), body))
                .collect();
            let stream = messages.concat().into_bytes();
            let mut framer = Framer::default();
            let mut found = Vec::new();
            let (mut rest, mut cuts) = (&stream[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let cut = (*cuts.next().expect("it goes round")).min(rest.len());
                framer.push(&rest[..cut]);
                rest = &rest[cut..];
                while let Some(framed) = framer.next() {
                    match framed {
                        Framed::Message(message) => found.push(String::from_utf8_lossy(&message).into_owned()),
                        Framed::Ping | Framed::Broken(_) => prop_assert!(false, "{framed:?}"),
                    }
                }
            }
            prop_assert_eq!(found, messages);
            prop_assert!(!framer.has_begun());
        }

        #[test]
        fn junk_never_panics_and_is_not_kept(junk in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut framer = Framer::default();
            for chunk in junk.chunks(7) {
                framer.push(chunk);
                while framer.next().is_some() {}
            }
            prop_assert!(framer.buffer.len() <= HEAD_MAX + MESSAGE_MAX);
        }
    }
}
