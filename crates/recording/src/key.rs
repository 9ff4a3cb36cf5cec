//! Keys: one of the gateway's, and one of each call that is sealed with it.

use std::fmt;
use std::path::Path;

use callwright_model::CallId;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

/// The gateway's key, which seals the keys of calls. It prints nothing of itself.
#[derive(Clone)]
pub struct MasterKey([u8; KEY_BYTES]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is written wrongly. What was written is not repeated.
    #[error("a key of recordings is 64 hexadecimal digits; `openssl rand -hex 32` makes one")]
    Malformed,
    /// The call's key was sealed with another key than this, or was changed.
    #[error("the key of this call does not open with this key of recordings")]
    Wrong,
    /// The call's key is not there: it was erased, or never made.
    #[error("the key of this call is not there: the recording was erased")]
    Erased,
    /// No randomness, which ends everything.
    #[error("the system has no random numbers")]
    NoRandomness,
    /// A file.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl MasterKey {
    /// Reads one from 64 hexadecimal digits.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        bytes(text.trim()).map(Self)
    }

    /// A new one, as text.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn generate() -> Result<String, KeyError> {
        Ok(hex(&random::<KEY_BYTES>()?))
    }

    /// A key for a call, and how it is kept.
    pub(crate) fn new_call(&self, call: CallId) -> Result<(CallKey, Kept), KeyError> {
        let (key, salt) = (random::<KEY_BYTES>()?, random::<KEY_BYTES>()?);
        let mut sealed = key.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let seal = self.wrapping(&salt)?.seal_in_place_append_tag(nonce, aad(call).as_ref_aad(), &mut sealed);
        seal.map_err(|_| KeyError::Wrong)?;
        Ok((
            CallKey::new(&key)?,
            Kept { recording_key: FORMAT, call, salt: hex(&salt), sealed: hex(&sealed) },
        ))
    }

    /// Opens the key of a call.
    pub(crate) fn open(&self, kept: &Kept) -> Result<CallKey, KeyError> {
        let salt = bytes(&kept.salt).map_err(|_| KeyError::Wrong)?;
        let mut sealed = unhex(&kept.sealed).ok_or(KeyError::Wrong)?;
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let opened = self.wrapping(&salt)?.open_in_place(nonce, aad(kept.call).as_ref_aad(), &mut sealed);
        CallKey::new(opened.map_err(|_| KeyError::Wrong)?)
    }

    /// Seals one key only, for its salt is drawn for each: hence one nonce is enough.
    fn wrapping(&self, salt: &[u8; KEY_BYTES]) -> Result<LessSafeKey, KeyError> {
        let derived = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        let mut key = [0; KEY_BYTES];
        let info = [INFO];
        let okm = derived.expand(&info, HKDF_SHA256).map_err(|_| KeyError::Wrong)?;
        okm.fill(&mut key).map_err(|_| KeyError::Wrong)?;
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| KeyError::Wrong)?))
    }
}

/// A call's own key.
pub(crate) struct CallKey(LessSafeKey);

impl CallKey {
    fn new(key: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| KeyError::Wrong)?)))
    }

    /// Seals a piece under its number, which no other piece of this call has.
    pub(crate) fn seal(&self, number: u64, head: &[u8], piece: &mut Vec<u8>) -> Result<(), KeyError> {
        let sealed = self.0.seal_in_place_append_tag(nonce(number), Aad::from(head), piece);
        sealed.map_err(|_| KeyError::Wrong)
    }

    /// Opens a piece; `None` when it is not what was sealed.
    pub(crate) fn open<'a>(&self, number: u64, head: &[u8], piece: &'a mut [u8]) -> Option<&'a [u8]> {
        self.0.open_in_place(nonce(number), Aad::from(head), piece).ok().map(|piece| &*piece)
    }
}

/// A call's key as it lies beside the recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    recording_key: u32,
    pub(crate) call: CallId,
    salt: String,
    sealed: String,
}

impl Kept {
    pub(crate) fn read(file: &Path) -> Result<Self, KeyError> {
        match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(|_| KeyError::Erased),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(KeyError::Erased),
            Err(error) => Err(error.into()),
        }
    }
}

/// A key goes with its call and no other.
struct Bound([u8; 8]);

impl Bound {
    fn as_ref_aad(&self) -> Aad<&[u8]> {
        Aad::from(&self.0)
    }
}

fn aad(call: CallId) -> Bound {
    Bound(call.0.to_be_bytes())
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn bytes(text: &str) -> Result<[u8; KEY_BYTES], KeyError> {
    let even = text.len() == 2 * KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = even.then(|| unhex(text)).flatten().ok_or(KeyError::Malformed)?;
    bytes.try_into().map_err(|_| KeyError::Malformed)
}

const KEY_BYTES: usize = 32;
const FORMAT: u32 = 1;
/// What the derived key is for.
const INFO: &[u8] = b"callwright recording key 1";
