//! What must hold for any bytes from a peer; `fuzz/` and its corpus try to find some for which it does not.

use std::net::SocketAddr;
use std::time::Duration;

use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Header, Headers, Request, Response, SipMessage, Transport as Wire};

use crate::digest::{is_answerable, keep_the_best};
use crate::fields::{CallFields, Reason, Replaces, addresses, refer_target};
use crate::framing::{Framed, Framer};
use crate::leg::pressed;
use crate::registrar::Proof;
use crate::request::{Body, accepts_sdp, bare_answer, content_type, lists, required, sequence};
use crate::screen::{Screened, screen};
use crate::trunk::caller;

/// Takes the bytes for a stream, torn in two ways, and for a datagram.
pub fn stream(bytes: &[u8]) {
    let whole = framed(bytes, bytes.len().max(1));
    // The same bytes, torn as the first of them says.
    let torn = framed(bytes, usize::from(bytes.first().copied().unwrap_or(0) % 16) + 1);
    assert_eq!(whole, torn, "it matters how the stream was torn");
    for piece in &whole {
        match piece {
            Framed::Message(message) => screened(message, Wire::Tcp, false),
            Framed::Ping => {}
            Framed::Broken(answer) => well_formed(answer.as_deref(), bytes.len()),
        }
    }
    screened(bytes, Wire::Udp, false);
    screened(bytes, Wire::Udp, true);
}

/// The pieces of a stream, up to the first after which nobody can go on.
fn framed(bytes: &[u8], chunk: usize) -> Vec<Framed> {
    let mut framer = Framer::default();
    let mut pieces = Vec::new();
    for chunk in bytes.chunks(chunk) {
        framer.push(chunk);
        while let Some(piece) = framer.next() {
            let broken = matches!(piece, Framed::Broken(_));
            pieces.push(piece);
            if broken {
                return pieces;
            }
        }
    }
    pieces
}

fn screened(message: &[u8], wire: Wire, cut: bool) {
    match screen(message, source(), wire, cut) {
        Screened::Pass => read(message),
        Screened::Mended(mended) => {
            let again = screen(&mended, source(), wire, cut);
            assert_eq!(
                again,
                Screened::Pass,
                "mended once, it is to pass: {}",
                String::from_utf8_lossy(&mended)
            );
            read(&mended);
        }
        Screened::Answer(answer) => well_formed(Some(&answer), message.len()),
        Screened::KeepAlive | Screened::Drop => {}
    }
}

/// An answer of ours is one, and not much bigger than what it answers: nobody is flooded in somebody else's name.
fn well_formed(answer: Option<&[u8]>, length: usize) {
    let Some(answer) = answer else { return };
    assert!(answer.starts_with(b"SIP/2.0 "), "{}", String::from_utf8_lossy(answer));
    assert!(answer.ends_with(b"\r\n\r\n"));
    assert!(answer.len() < length + 200, "{} bytes for {length}", answer.len());
    let empty = answer.windows(4).filter(|bytes| bytes == b"\r\n\r\n").count();
    assert_eq!(empty, 1, "one message: {}", String::from_utf8_lossy(answer));
}

/// Reads what we read of messages.
fn read(message: &[u8]) {
    match SipMessage::try_from(message) {
        Ok(SipMessage::Request(request)) => read_request(&request),
        Ok(SipMessage::Response(response)) => read_response(response),
        Err(error) => {
            assert!(message.iter().all(u8::is_ascii_whitespace), "what passes can be read: {error}")
        }
    }
}

fn read_request(request: &Request) {
    read_fields(request);
    for demand in required(request) {
        assert!(!demand.is_empty());
    }
    let _ = (accepts_sdp(request), sequence(request), lists(request, "100rel"), caller(request, None));
    let body = Body::of(request, &request.body);
    assert_eq!(body == Body::Nothing, request.body.is_empty());
    if let Some((digit, length)) = pressed(&String::from_utf8_lossy(&request.body)) {
        assert!("0123456789*#ABCD".contains(digit) && length <= Duration::from_secs(10));
    }
    if let Some(answer) = bare_answer(request, 603, "callwright") {
        let written = answer.to_string();
        let again = SipMessage::try_from(written.as_bytes());
        assert!(matches!(again, Ok(SipMessage::Response(_))), "our answer reads: {written}");
    }
}

fn read_response(mut response: Response) {
    read_fields(&response);
    keep_the_best(&mut response);
    let _ = is_answerable(&response);
}

fn read_fields(message: &impl HasHeaders) {
    let (fields, _) = CallFields::read(message);
    let plain = fields_again(&fields);
    let counts =
        |fields: &CallFields| (fields.user_to_user.len(), fields.diversions.len(), fields.history.len());
    assert_eq!(counts(&plain), counts(&fields), "what was read can be written");
    // What cannot stand in quotes is left out once; after that nothing changes.
    assert_eq!(fields_again(&plain), plain);
    if let (Some(reason), _) = Reason::read(message) {
        let written = reason.to_string();
        assert!(!written.contains(['\r', '\n']), "{written:?}");
    }
    let _ = content_type(message);
    for header in message.headers().iter() {
        match header {
            Header::ReferTo(value) => {
                let _ = refer_target(value.value());
            }
            Header::Contact(value) => {
                assert!(addresses(value.value()).iter().all(|(_, weight)| *weight <= 1_000));
            }
            Header::Authorization(value) => {
                let _ = Proof::read(value.value());
            }
            Header::Replaces(value) => dialog_comes_back(value.value()),
            Header::Other(name, value) if name.eq_ignore_ascii_case("Replaces") => dialog_comes_back(value),
            _ => {}
        }
    }
}

/// Header fields and nothing else.
struct Carrier(Headers);

impl HasHeaders for Carrier {
    fn headers(&self) -> &Headers {
        &self.0
    }

    fn headers_mut(&mut self) -> &mut Headers {
        &mut self.0
    }
}

fn fields_again(fields: &CallFields) -> CallFields {
    let written = fields.write();
    for header in &written {
        assert!(!header.to_string().contains(['\r', '\n']), "a field that begins another: {header}");
    }
    let mut carrier = Carrier(Headers::default());
    carrier.0.extend(written);
    let (again, ignored) = CallFields::read(&carrier);
    assert_eq!(ignored, 0, "what we write we can read");
    again
}

fn dialog_comes_back(value: &str) {
    if let Ok(dialog) = value.parse::<Replaces>() {
        assert_eq!(dialog.to_string().parse(), Ok(dialog));
    }
}

fn source() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5_062))
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// `corpus` reaches different places, and each file of `found` broke something once.
    #[test]
    fn the_corpus_holds() {
        for (folder, least) in [("corpus", 50), ("found", 1)] {
            let folder = format!("{}/../../fuzz/{folder}/sip", env!("CARGO_MANIFEST_DIR"));
            let files = fs::read_dir(&folder).expect("it is in the tree");
            let files: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
            assert!(files.len() >= least, "{} files in {folder}", files.len());
            for file in files {
                super::stream(&fs::read(&file).expect("it can be read"));
            }
        }
    }
}
