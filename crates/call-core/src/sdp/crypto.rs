//! Keys in a description: `a=crypto` (SDES, RFC 4568), and who insists on them or on a handshake that brings some.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callwright_model::{Protection, SrtpKeys, SrtpMaster, SrtpSuite};

use super::description::{Attribute, MediaDescription, SessionDescription};
use super::dtls::{self, LocalDtls};
use super::error::SdpError;

/// Whether media is encrypted, and with which keys of ours. Whoever makes a [`LocalMedia`](super::LocalMedia) draws them anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Security {
    /// Never: an offer that insists on it is refused, and keys in any other are not looked at.
    #[default]
    Clear,
    /// Where the other end can, by keys or by DTLS. We offer keys on an `RTP/AVP` line, which an end that does not know them ignores.
    Optional(LocalKeys),
    /// Always, by keys or by DTLS: an offer or an answer without either is refused. We offer keys.
    Required(LocalKeys),
    /// Always and by DTLS, so that no key is in any message: whoever cannot is refused.
    Dtls(LocalDtls),
}

/// A key of ours for each suite, for no key may serve two (RFC 4568, 6.1); and our part of a handshake, for who offers one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalKeys {
    masters: [SrtpMaster; SrtpSuite::ALL.len()],
    dtls: LocalDtls,
}

impl LocalKeys {
    /// From random bytes, as many as [`SrtpMaster::LEN`] for each suite.
    #[must_use]
    pub const fn new(masters: [[u8; SrtpMaster::LEN]; SrtpSuite::ALL.len()], dtls: LocalDtls) -> Self {
        let [first, second] = masters;
        Self { masters: [SrtpMaster::new(first), SrtpMaster::new(second)], dtls }
    }

    const fn of(&self, suite: SrtpSuite) -> SrtpMaster {
        match suite {
            SrtpSuite::AesCm128HmacSha1_80 => self.masters[0],
            SrtpSuite::AesCm128HmacSha1_32 => self.masters[1],
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
    /// What we offer: the profile, and what stands on its line.
    pub(super) fn offered(self) -> (&'static str, Vec<Attribute>) {
        let lines = |keys: LocalKeys| {
            let tagged = (1..).zip(SrtpSuite::ALL);
            tagged.map(|(tag, suite)| Crypto { tag, suite, master: keys.of(suite) }.attribute()).collect()
        };
        match self {
            Self::Clear => (CLEAR, Vec::new()),
            Self::Optional(keys) => (CLEAR, lines(keys)),
            Self::Required(keys) => (ENCRYPTED, lines(keys)),
            Self::Dtls(dtls) => (HANDSHAKE, dtls.offered()),
        }
    }

    /// What we make of an offered line: how both ways are encrypted, with what our answer says of it.
    pub(super) fn answer(
        self,
        offer: &SessionDescription,
        line: &MediaDescription,
    ) -> Result<(Protection, Vec<Attribute>), SdpError> {
        let profile = Profile::of(line)?;
        let (keys, we_insist) = match (self, profile) {
            (Self::Clear, Profile::Clear) => return Ok((Protection::Clear, Vec::new())),
            (Self::Clear, Profile::Encrypted | Profile::Handshake) => return Err(SdpError::Encrypted),
            (Self::Dtls(_), Profile::Clear | Profile::Encrypted) => return Err(SdpError::NoHandshake),
            (
                Self::Optional(LocalKeys { dtls, .. })
                | Self::Required(LocalKeys { dtls, .. })
                | Self::Dtls(dtls),
                Profile::Handshake,
            ) => {
                let (peer, attributes) = dtls.answer(offer, line)?;
                return Ok((Protection::Dtls(peer), attributes));
            }
            (Self::Optional(keys), Profile::Clear | Profile::Encrypted) => (keys, false),
            (Self::Required(keys), Profile::Clear | Profile::Encrypted) => (keys, true),
        };
        match cryptos(line).next() {
            Some(theirs) => {
                let ours = Crypto { master: keys.of(theirs.suite), ..theirs };
                let keys = SrtpKeys { suite: theirs.suite, local: ours.master, remote: theirs.master };
                Ok((Protection::Keys(keys), vec![ours.attribute()]))
            }
            None if profile == Profile::Encrypted => Err(SdpError::NoCommonSuite),
            None if we_insist => Err(SdpError::Unencrypted),
            None => Ok((Protection::Clear, Vec::new())),
        }
    }

    /// Goes on with what was agreed: later answers do not change sides by themselves.
    pub(super) fn keep(&mut self, agreed: &Protection) {
        match (self, agreed) {
            (
                Self::Optional(LocalKeys { dtls, .. })
                | Self::Required(LocalKeys { dtls, .. })
                | Self::Dtls(dtls),
                Protection::Dtls(peer),
            ) => dtls.keep(peer.ours),
            (
                Self::Clear | Self::Optional(_) | Self::Required(_) | Self::Dtls(_),
                Protection::Clear | Protection::Keys(_) | Protection::Dtls(_),
            ) => {}
        }
    }
}

/// What became of the keys or of the handshake that we offered.
pub(super) fn accept(
    offered: &MediaDescription,
    answer: &SessionDescription,
    answered: &MediaDescription,
) -> Result<Protection, SdpError> {
    let (offered_as, answered_as) = (Profile::of(offered)?, Profile::of(answered)?);
    match (offered_as, answered_as) {
        (Profile::Handshake, Profile::Handshake) => {
            return Ok(Protection::Dtls(dtls::accept(answer, answered)?));
        }
        (Profile::Handshake, Profile::Clear | Profile::Encrypted) => return Err(SdpError::NoHandshake),
        (Profile::Clear | Profile::Encrypted, Profile::Handshake) => {
            return Err(SdpError::AnswerMismatch("it wants DTLS, which was not offered"));
        }
        (Profile::Clear | Profile::Encrypted, Profile::Clear | Profile::Encrypted) => {}
    }
    let Some(theirs) = cryptos(answered).next() else {
        return match (offered_as == Profile::Encrypted, answered_as == Profile::Encrypted) {
            (true, _) => Err(SdpError::Unencrypted),
            (false, true) => Err(SdpError::NoCommonSuite),
            (false, false) => Ok(Protection::Clear),
        };
    };
    let ours = cryptos(offered).find(|ours| (ours.tag, ours.suite) == (theirs.tag, theirs.suite));
    let ours = ours.ok_or(SdpError::AnswerMismatch("its keys are for none of those that were offered"))?;
    Ok(Protection::Keys(SrtpKeys { suite: ours.suite, local: ours.master, remote: theirs.master }))
}

/// How the media of a line travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Clear,
    /// With keys in the description.
    Encrypted,
    /// With keys by DTLS (RFC 5764, section 8).
    Handshake,
}

impl Profile {
    fn of(line: &MediaDescription) -> Result<Self, SdpError> {
        match line.protocol.as_str() {
            "RTP/AVP" | "RTP/AVPF" => Ok(Self::Clear),
            "RTP/SAVP" | "RTP/SAVPF" => Ok(Self::Encrypted),
            HANDSHAKE | "UDP/TLS/RTP/SAVPF" => Ok(Self::Handshake),
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
const HANDSHAKE: &str = "UDP/TLS/RTP/SAVP";

#[cfg(test)]
mod tests;
