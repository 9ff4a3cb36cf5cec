//! Keys in a description: `a=crypto` (SDES, RFC 4568), and who insists on them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callwright_model::{SrtpKeys, SrtpMaster, SrtpSuite};

use super::description::{Attribute, MediaDescription};
use super::error::SdpError;

/// Whether media is encrypted, and with which keys of ours. Whoever makes a [`LocalMedia`](super::LocalMedia) draws them anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Security {
    /// Never: an offer that insists on it is refused, and keys in any other are not looked at.
    #[default]
    Clear,
    /// Where the other end can. We offer keys on an `RTP/AVP` line, which an end that does not know them ignores.
    Optional(LocalKeys),
    /// Always: an offer or an answer without keys is refused.
    Required(LocalKeys),
}

/// A key of ours for each suite, for no key may serve two (RFC 4568, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalKeys([SrtpMaster; SrtpSuite::ALL.len()]);

impl LocalKeys {
    /// From random bytes, as many as [`SrtpMaster::LEN`] for each suite.
    #[must_use]
    pub const fn new(masters: [[u8; SrtpMaster::LEN]; SrtpSuite::ALL.len()]) -> Self {
        let [first, second] = masters;
        Self([SrtpMaster::new(first), SrtpMaster::new(second)])
    }

    const fn of(&self, suite: SrtpSuite) -> SrtpMaster {
        match suite {
            SrtpSuite::AesCm128HmacSha1_80 => self.0[0],
            SrtpSuite::AesCm128HmacSha1_32 => self.0[1],
        }
    }
}

/// One `a=crypto` that we understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crypto {
    pub(super) tag: u32,
    suite: SrtpSuite,
    master: SrtpMaster,
}

impl Crypto {
    fn attribute(self) -> Attribute {
        let key = STANDARD.encode(self.master.reveal());
        Attribute::with("crypto", format!("{} {} inline:{key}", self.tag, self.suite.name()))
    }
}

impl Security {
    /// What we offer: the profile, and the keys on it.
    pub(super) fn offered(self) -> (&'static str, Vec<Attribute>) {
        let lines = |keys: LocalKeys| {
            let tagged = (1..).zip(SrtpSuite::ALL);
            tagged.map(|(tag, suite)| Crypto { tag, suite, master: keys.of(suite) }.attribute()).collect()
        };
        match self {
            Self::Clear => (CLEAR, Vec::new()),
            Self::Optional(keys) => (CLEAR, lines(keys)),
            Self::Required(keys) => (ENCRYPTED, lines(keys)),
        }
    }

    /// What we make of an offered line: keys for both ways with our answer to theirs, or none.
    pub(super) fn answer(self, line: &MediaDescription) -> Result<Option<(SrtpKeys, Attribute)>, SdpError> {
        let insists = Profile::of(line)? == Profile::Encrypted;
        let (keys, we_insist) = match self {
            Self::Clear if insists => return Err(SdpError::Encrypted),
            Self::Clear => return Ok(None),
            Self::Optional(keys) => (keys, false),
            Self::Required(keys) => (keys, true),
        };
        match cryptos(line).next() {
            Some(theirs) => {
                let ours = Crypto { master: keys.of(theirs.suite), ..theirs };
                let keys = SrtpKeys { suite: theirs.suite, local: ours.master, remote: theirs.master };
                Ok(Some((keys, ours.attribute())))
            }
            None if insists => Err(SdpError::NoCommonSuite),
            None if we_insist => Err(SdpError::Unencrypted),
            None => Ok(None),
        }
    }
}

/// What became of the keys that we offered.
pub(super) fn accept(
    offered: &MediaDescription,
    answered: &MediaDescription,
) -> Result<Option<SrtpKeys>, SdpError> {
    let insisted = Profile::of(offered)? == Profile::Encrypted;
    let insists = Profile::of(answered)? == Profile::Encrypted;
    let mut chosen = cryptos(answered);
    let Some(theirs) = chosen.next() else {
        return match (insisted, insists) {
            (true, _) => Err(SdpError::Unencrypted),
            (false, true) => Err(SdpError::NoCommonSuite),
            (false, false) => Ok(None),
        };
    };
    let ours = cryptos(offered).find(|ours| (ours.tag, ours.suite) == (theirs.tag, theirs.suite));
    let ours = ours.ok_or(SdpError::AnswerMismatch("its keys are for none of those that were offered"))?;
    Ok(Some(SrtpKeys { suite: ours.suite, local: ours.master, remote: theirs.master }))
}

/// How the media of a line travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Clear,
    Encrypted,
}

impl Profile {
    fn of(line: &MediaDescription) -> Result<Self, SdpError> {
        match line.protocol.as_str() {
            "RTP/AVP" | "RTP/AVPF" => Ok(Self::Clear),
            "RTP/SAVP" | "RTP/SAVPF" => Ok(Self::Encrypted),
            other if other.contains("SAVP") => Err(SdpError::Encrypted),
            _ => Err(SdpError::NoAudio),
        }
    }
}

/// The keys of a line that we can use, in its order. The first is what its end likes best.
fn cryptos(line: &MediaDescription) -> impl Iterator<Item = Crypto> {
    let values = line.attributes.iter().filter(|attribute| attribute.name == "crypto");
    values.filter_map(|attribute| crypto(attribute.value.as_deref()?))
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31`. With several keys, a key identifier in each packet, or a parameter that
/// changes what packets look like, it is not for us; the lifetime we never reach.
fn crypto(value: &str) -> Option<Crypto> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
    let suite = SrtpSuite::from_name(words.next()?)?;
    let mut parts = words.next()?.strip_prefix("inline:")?.split('|');
    let mut master = [0; SrtpMaster::LEN];
    let length = STANDARD.decode_slice(parts.next()?, &mut master).ok()?;
    let plain = parts.all(|part| !part.contains([':', ';']));
    // A hint about the window of replays is the one parameter that may be left unread.
    let known = words.all(|word| word.starts_with("WSH="));
    (length == SrtpMaster::LEN && plain && known).then(|| Crypto {
        tag,
        suite,
        master: SrtpMaster::new(master),
    })
}

const CLEAR: &str = "RTP/AVP";
const ENCRYPTED: &str = "RTP/SAVP";

#[cfg(test)]
mod tests;
