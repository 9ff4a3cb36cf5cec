//! Offers are trimmed to what we answer before the library sees them, and answers are given our own candidates.
//!
//! An offer of a browser lists a dozen codecs, each feedback it knows and all its addresses. What is left of it here is one
//! Opus payload type and, beside it, telephone events at the same clock: so the answer can hold no payload type twice, and
//! no address in an offer is ever sent to.

use std::fmt::Write as _;
use std::net::SocketAddr;

use callwright_model::{AudioFormat, Codec, DtmfFormat};

use crate::BrowserError;

/// More than any browser's offer with one audio section has (about 5 KB).
const OFFER_BYTES_MAX: usize = 64 * 1_024;

/// An offer as far as we answer it.
#[derive(Debug)]
pub(crate) struct Offer {
    /// The SDP without what we would refuse.
    pub(crate) sdp: String,
    /// The payload types agreed on.
    pub(crate) format: AudioFormat,
}

/// Reads and trims an offer.
pub(crate) fn read(sdp: &str) -> Result<Offer, BrowserError> {
    if sdp.len() > OFFER_BYTES_MAX {
        return Err(malformed(format!("it has {} bytes, at most {OFFER_BYTES_MAX} are read", sdp.len())));
    }
    let lines = lines_of(sdp)?;
    let sections = lines.iter().filter(|line| line.starts_with("m=")).count();
    let start =
        lines.iter().position(|line| line.starts_with("m=")).ok_or_else(|| no("section (m= line)"))?;
    if sections > 1 {
        return Err(malformed(format!(
            "it has {sections} media sections, exactly one with audio is answered"
        )));
    }
    let (session, audio) = lines.split_at(start);
    let media = MediaLine::read(audio[0])?;
    for needed in ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:", "a=mid:", "a=rtcp-mux"] {
        if !lines.iter().any(|line| line.starts_with(needed)) {
            return Err(no(needed.trim_end_matches(':')));
        }
    }
    let opus = media.first(audio, |name, clock| name.eq_ignore_ascii_case("opus") && clock == "48000/2");
    let opus = opus.ok_or(BrowserError::NoOpus)?;
    let events =
        media.first(audio, |name, clock| name.eq_ignore_ascii_case("telephone-event") && clock == "48000");
    let kept: Vec<u8> = std::iter::once(opus).chain(events).collect();
    Ok(Offer { sdp: trim(session, audio, &media, &kept), format: format_of(opus, events) })
}

/// A description of ours with our candidates instead of the library's, which name sockets that do not exist.
pub(crate) fn finish(sdp: &str, opus: u8, candidates: &[SocketAddr]) -> String {
    let mut answer = String::with_capacity(sdp.len() + 100 * candidates.len());
    for line in sdp.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        answer.push_str(line);
        // We work at 16 kHz, one channel: more would cost the browser bits that nobody hears.
        if line.strip_prefix("a=fmtp:").is_some_and(|rest| rest.starts_with(&format!("{opus} "))) {
            answer.push_str(";maxplaybackrate=16000;stereo=0");
        }
        answer.push_str("\r\n");
    }
    for (index, address) in candidates.iter().enumerate() {
        // RFC 8445, 5.1.2.1: type preference 126 of a host candidate, then the local preference, component 1.
        let priority = (126_u32 << 24) | ((65_535 - u32::try_from(index).unwrap_or(65_535)) << 8) | 255;
        let (number, ip, port) = (index + 1, address.ip(), address.port());
        let _ = write!(answer, "a=candidate:{number} 1 udp {priority} {ip} {port} typ host\r\n");
    }
    answer.push_str("a=end-of-candidates\r\n");
    answer
}

/// The `m=` line of the one section.
struct MediaLine {
    protocol: String,
    port: String,
    payload_types: Vec<u8>,
}

impl MediaLine {
    fn read(line: &str) -> Result<Self, BrowserError> {
        let mut words = line.trim_start_matches("m=").split_ascii_whitespace();
        let (kind, port, protocol) = (words.next(), words.next(), words.next());
        let (Some(kind), Some(port), Some(protocol)) = (kind, port, protocol) else {
            return Err(malformed(format!("the line `{}` is cut short", excerpt(line))));
        };
        if kind != "audio" || port == "0" || port.parse::<u16>().is_err() {
            return Err(BrowserError::NoOpus);
        }
        if !protocol.ends_with("TLS/RTP/SAVPF") {
            return Err(malformed(format!(
                "its audio is `{}`, only UDP/TLS/RTP/SAVPF is answered",
                excerpt(protocol)
            )));
        }
        let payload_types = words.filter_map(|word| word.parse().ok()).filter(|pt| *pt < 128).collect();
        Ok(Self { protocol: protocol.to_owned(), port: port.to_owned(), payload_types })
    }

    /// The first listed payload type whose `rtpmap` is wanted.
    fn first(&self, audio: &[&str], wanted: impl Fn(&str, &str) -> bool) -> Option<u8> {
        self.payload_types.iter().copied().find(|payload_type| {
            audio
                .iter()
                .filter_map(|line| attribute_of(line, "rtpmap"))
                .filter(|(of, _)| of == payload_type)
                .filter_map(|(_, map)| map.split_once('/'))
                .any(|(name, clock)| wanted(name, clock))
        })
    }
}

/// Splits into lines and makes sure that each is one of SDP.
fn lines_of(sdp: &str) -> Result<Vec<&str>, BrowserError> {
    let lines: Vec<&str> = sdp.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    for (number, line) in (1..).zip(&lines) {
        let shape = line.as_bytes();
        if shape.len() < 2 || !shape[0].is_ascii_lowercase() || shape[1] != b'=' {
            return Err(malformed(format!(
                "line {number} is `{}`, every line starts like `a=`",
                excerpt(line)
            )));
        }
    }
    if lines.first() != Some(&"v=0") {
        return Err(malformed("it does not start with `v=0`".to_owned()));
    }
    Ok(lines)
}

/// `a=<name>:<payload type> <rest>`.
fn attribute_of<'a>(line: &'a str, name: &str) -> Option<(u8, &'a str)> {
    let rest = line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?;
    let (payload_type, rest) = rest.split_once(' ')?;
    Some((payload_type.parse().ok()?, rest.trim()))
}

fn trim(session: &[&str], audio: &[&str], media: &MediaLine, kept: &[u8]) -> String {
    let formats: Vec<String> = kept.iter().map(u8::to_string).collect();
    let mut sdp = String::new();
    for line in session.iter().filter(|line| !is_address(line)) {
        let _ = write!(sdp, "{line}\r\n");
    }
    let _ = write!(sdp, "m=audio {} {} {}\r\n", media.port, media.protocol, formats.join(" "));
    for line in audio.iter().skip(1).filter(|line| !is_address(line)) {
        let of_format = attribute_of(line, "rtpmap").or_else(|| attribute_of(line, "fmtp"));
        let dropped = match of_format {
            Some((payload_type, _)) => !kept.contains(&payload_type),
            // No feedback and no header extension: the session's own reports are all that is made of them here.
            None => line.starts_with("a=rtcp-fb:") || line.starts_with("a=extmap"),
        };
        if !dropped {
            let _ = write!(sdp, "{line}\r\n");
        }
    }
    sdp
}

fn is_address(line: &str) -> bool {
    line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates")
}

/// What we offer: the payload type as browsers choose it. The library offers what its track sends and nothing beside it, so keys of
/// a browser that is called come in signalling.
pub(crate) fn own_format() -> AudioFormat {
    format_of(111, None)
}

fn format_of(opus: u8, events: Option<u8>) -> AudioFormat {
    let clock_rate = Codec::Opus.clock_rate();
    let dtmf = events.map(|payload_type| DtmfFormat { payload_type, clock_rate });
    AudioFormat {
        codec: Codec::Opus,
        payload_type_in: opus,
        payload_type_out: opus,
        dtmf_in: dtmf,
        dtmf_out: dtmf,
        comfort_noise_in: None,
        comfort_noise_out: None,
        packet_ms_out: 20,
        voip_metrics_out: false,
    }
}

fn malformed(what: String) -> BrowserError {
    BrowserError::Malformed { what }
}

fn no(what: &str) -> BrowserError {
    malformed(format!("it has no {what}"))
}

/// Enough of a line to find it by; offers hold addresses and keys that no log needs.
fn excerpt(line: &str) -> String {
    line.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
