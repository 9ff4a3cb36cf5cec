//! Keys of encrypted media (SRTP, RFC 3711), as offer and answer exchange them and a leg's socket uses them.

use std::fmt;

/// How packets are encrypted and proved, by the names of RFC 4568.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80`: ten bytes of proof on each packet.
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: four bytes on media packets, ten on control packets.
    AesCm128HmacSha1_32,
}

impl SrtpSuite {
    /// Every suite, the stronger first.
    pub const ALL: [Self; 2] = [Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// Its name in `a=crypto`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// By its name in `a=crypto`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Bytes of proof behind a media packet.
    #[must_use]
    pub const fn rtp_tag(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
        }
    }
}

/// A master key with its salt, for one direction. It is never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpMaster([u8; SrtpMaster::LEN]);

impl SrtpMaster {
    /// Bytes of the key.
    pub const KEY: usize = 16;
    /// Bytes of key and salt together, as `a=crypto` and the export of DTLS have them.
    pub const LEN: usize = 30;

    /// From key and salt.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Key and salt, for whoever encrypts or writes them into a description.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for SrtpMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

/// What both ends of a leg encrypt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtpKeys {
    /// How.
    pub suite: SrtpSuite,
    /// What we send is encrypted with it.
    pub local: SrtpMaster,
    /// What the other end sends is encrypted with it.
    pub remote: SrtpMaster,
}
