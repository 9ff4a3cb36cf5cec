//! What two ends of a leg tell each other before DTLS gives them keys (RFC 5763), and how a leg's packets are encrypted at all.

use core::fmt;
use core::str::FromStr;

use crate::SrtpKeys;

/// How a leg's packets are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    Clear,
    /// With keys that were told in the descriptions (RFC 4568).
    Keys(SrtpKeys),
    /// With keys that a handshake on the media port is to bring (RFC 5764). Until then nothing is sent or believed.
    Dtls(DtlsPeer),
}

/// The other end of a handshake, as its description tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtlsPeer {
    /// What we are.
    pub ours: DtlsSide,
    /// What its certificate must hash to.
    pub fingerprint: Fingerprint,
}

/// Who begins a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsSide {
    /// `a=setup:active`: sends the first message.
    Client,
    /// `a=setup:passive`: waits for it.
    Server,
}

/// By which hash a certificate is told (RFC 8122): of those that are not broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintHash {
    /// SHA-256, which everybody speaks and RFC 8122 likes best.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The hash of a certificate, as in `a=fingerprint`: `sha-256 4A:AD:...`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    hash: FingerprintHash,
    /// Zeros behind the digest.
    digest: [u8; DIGEST_MAX],
}

impl DtlsSide {
    /// Its word in `a=setup`.
    #[must_use]
    pub const fn setup(self) -> &'static str {
        match self {
            Self::Client => "active",
            Self::Server => "passive",
        }
    }
}

impl FingerprintHash {
    /// All of them, the one to be used first where an end tells several.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name in `a=fingerprint`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    /// Bytes of its digest.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Fingerprint {
    /// From a digest; `None` when it has not the length that its hash gives.
    #[must_use]
    pub fn new(hash: FingerprintHash, bytes: &[u8]) -> Option<Self> {
        let mut digest = [0; DIGEST_MAX];
        digest.get_mut(..hash.length())?.copy_from_slice(bytes.get(..hash.length())?);
        (bytes.len() == hash.length()).then_some(Self { hash, digest })
    }

    /// By which hash.
    #[must_use]
    pub const fn hash(&self) -> FingerprintHash {
        self.hash
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.digest[..self.hash.length()]
    }
}

/// Why a text is no fingerprint: its hash is unknown or broken, or it has not as many bytes as that gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let (name, digits) = text.trim().split_once(' ').ok_or(NoFingerprint)?;
        let hash = FingerprintHash::ALL.into_iter().find(|hash| name.eq_ignore_ascii_case(hash.name()));
        let hash = hash.ok_or(NoFingerprint)?;
        let mut digest = [0; DIGEST_MAX];
        let mut length = 0;
        for pair in digits.trim().split(':') {
            let hex = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            let byte = hex.then(|| u8::from_str_radix(pair, 16).ok()).flatten().ok_or(NoFingerprint)?;
            *digest.get_mut(length).ok_or(NoFingerprint)? = byte;
            length += 1;
        }
        Self::new(hash, &digest[..length]).ok_or(NoFingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        for (place, byte) in self.digest().iter().enumerate() {
            write!(f, "{}{byte:02X}", if place == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

const DIGEST_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_printed_and_nothing_else_is_one() {
        for hash in FingerprintHash::ALL {
            let digest: Vec<u8> = (0..hash.length()).map(|byte| byte as u8 ^ 0xa5).collect();
            let printed = Fingerprint::new(hash, &digest).expect("the right length").to_string();
            for text in [printed.clone(), printed.to_lowercase(), format!(" {printed} ")] {
                let read: Fingerprint = text.parse().expect("a fingerprint");
                assert_eq!((read.hash(), read.digest()), (hash, &digest[..]));
            }
            let cut = &printed[..printed.len() - 3];
            for wrong in
                [cut, &format!("{printed}:00"), &printed.replace(':', ""), &printed.replace("A5", "+5")]
            {
                assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
            }
            assert_eq!(Fingerprint::new(hash, &digest[1..]), None);
        }
        let sha_1 = format!("sha-1 {}", ["00"; 20].join(":"));
        for wrong in ["", "sha-256", "sha-256 ", sha_1.as_str()] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
        }
    }
}
