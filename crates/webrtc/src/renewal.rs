//! A browser's session that runs, described anew: hold and resume (RFC 3264 section 8.4) of a phone that is a page.
//!
//! Only the direction changes. The transport stays as ICE and DTLS have agreed on it, so the library is asked nothing: our answer
//! is our description again. An offer with another transport is an ICE restart, which is refused and leaves the session as it was.

use crate::BrowserError;
use crate::offer::read;

/// What a browser and we have agreed on.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// Our description, without the version that counts its changes and without a direction.
    ours: String,
    version: u64,
    /// The lines that say what the browser's transport is.
    theirs: Vec<String>,
    /// As the agreed payload type stands in an `m=` line.
    format: u8,
}

/// Which way sound goes, as the browser wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrowserDirection {
    /// Both ways.
    Both,
    /// From the browser only: it holds, and may play something.
    FromBrowser,
    /// To the browser only.
    ToBrowser,
    /// Neither way: it holds.
    Neither,
}

impl BrowserSession {
    /// A session in which these were exchanged, whichever of them was the offer.
    ///
    /// # Errors
    /// When the browser's cannot be read; the session that runs was not made from it then.
    pub fn new(ours: &str, theirs: &str) -> Result<Self, BrowserError> {
        let format = read(theirs)?.format.payload_type_out;
        // Who was asked `actpass` has chosen; the role lasts as long as the session (RFC 8842 section 5.3).
        let role =
            if theirs.lines().any(|line| line.trim_end() == "a=setup:active") { "passive" } else { "active" };
        let mut kept = String::with_capacity(ours.len());
        for line in ours.lines().filter(|line| direction(line).is_none()) {
            kept.push_str(if line == "a=setup:actpass" { "a=setup:" } else { line });
            if line == "a=setup:actpass" {
                kept.push_str(role);
            }
            kept.push_str("\r\n");
        }
        Ok(Self { ours: kept, version: 1, theirs: transport(theirs), format })
    }

    /// Answers another offer of the browser.
    ///
    /// # Errors
    /// When it wants more changed than the direction.
    pub fn answer(&mut self, offer: &str) -> Result<(String, BrowserDirection), BrowserError> {
        read(offer)?;
        if transport(offer) != self.theirs {
            return Err(malformed(
                "it has another transport than the session: ICE restarts are not answered",
            ));
        }
        let media = offer.lines().find(|line| line.starts_with("m=")).unwrap_or_default();
        if !media.split_ascii_whitespace().skip(3).any(|format| format.parse() == Ok(self.format)) {
            return Err(malformed("it has not the payload type that the session has"));
        }
        let wanted = offer.lines().rev().find_map(direction).unwrap_or(BrowserDirection::Both);
        self.version += 1;
        Ok((self.describe(wanted), wanted))
    }

    fn describe(&self, wanted: BrowserDirection) -> String {
        let mut text = String::with_capacity(self.ours.len() + 16);
        for line in self.ours.lines() {
            match line.strip_prefix("o=") {
                Some(origin) => {
                    let mut fields: Vec<&str> = origin.split(' ').collect();
                    let version = self.version.to_string();
                    if let Some(field) = fields.get_mut(2) {
                        *field = &version;
                    }
                    text.push_str(&format!("o={}", fields.join(" ")));
                }
                None => text.push_str(line),
            }
            text.push_str("\r\n");
        }
        // The one media section is the last, so its attributes are.
        text.push_str(wanted.answered());
        text.push_str("\r\n");
        text
    }
}

impl BrowserDirection {
    /// What we do, as a line.
    const fn answered(self) -> &'static str {
        match self {
            Self::Both => "a=sendrecv",
            Self::FromBrowser => "a=recvonly",
            Self::ToBrowser => "a=sendonly",
            Self::Neither => "a=inactive",
        }
    }
}

/// The direction that a line of an offer says.
fn direction(line: &str) -> Option<BrowserDirection> {
    match line.trim_end() {
        "a=sendrecv" => Some(BrowserDirection::Both),
        "a=sendonly" => Some(BrowserDirection::FromBrowser),
        "a=recvonly" => Some(BrowserDirection::ToBrowser),
        "a=inactive" => Some(BrowserDirection::Neither),
        _ => None,
    }
}

/// What names the transport, in whatever order.
fn transport(sdp: &str) -> Vec<String> {
    let of_transport = |line: &&str| {
        ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=mid:"].iter().any(|name| line.starts_with(name))
    };
    let mut lines: Vec<String> =
        sdp.lines().map(str::trim_end).filter(of_transport).map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn malformed(what: &str) -> BrowserError {
    BrowserError::Malformed { what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(version: u32, setup: &str, direction: &str, ufrag: &str) -> String {
        format!(
            "v=0\r\no=- 7 {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 AB:CD\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:secret\r\n\
             a=setup:{setup}\r\na=mid:0\r\na={direction}\r\na=rtpmap:111 opus/48000/2\r\n"
        )
    }

    #[test]
    fn a_hold_is_answered_by_our_description_with_another_direction() {
        for (ours, theirs, role) in [("actpass", "active", "passive"), ("active", "actpass", "active")] {
            let (ours, theirs) = (sdp(1, ours, "sendrecv", "we"), sdp(3, theirs, "sendrecv", "they"));
            let mut session = BrowserSession::new(&ours, &theirs).expect("it reads");
            for (number, (wanted, answered, meant)) in [
                ("sendonly", "a=recvonly", BrowserDirection::FromBrowser),
                ("inactive", "a=inactive", BrowserDirection::Neither),
                ("recvonly", "a=sendonly", BrowserDirection::ToBrowser),
                ("sendrecv", "a=sendrecv", BrowserDirection::Both),
            ]
            .into_iter()
            .enumerate()
            {
                let (answer, direction) = session.answer(&sdp(4, "actpass", wanted, "they")).expect("a hold");
                assert_eq!(direction, meant);
                let has = |line: &str| answer.lines().filter(|other| *other == line).count() == 1;
                assert!(
                    has(answered) && has(&format!("a=setup:{role}")) && has("a=ice-ufrag:we"),
                    "{answer}"
                );
                assert!(has(&format!("o=- 7 {} IN IP4 127.0.0.1", number + 2)), "{answer}");
                assert_eq!(answer.lines().filter_map(super::direction).count(), 1, "{answer}");
            }
        }
    }

    #[test]
    fn another_transport_or_payload_type_is_refused() {
        let theirs = sdp(1, "actpass", "sendrecv", "they");
        let mut session =
            BrowserSession::new(&sdp(1, "active", "sendrecv", "we"), &theirs).expect("it reads");
        let same = session.clone().answer(&theirs);
        assert!(same.is_ok(), "{same:?}");
        for other in
            [sdp(2, "actpass", "sendrecv", "restarted"), theirs.replace("111", "96"), "v=0\r\n".to_owned()]
        {
            assert!(session.answer(&other).is_err(), "{other}");
        }
    }
}
