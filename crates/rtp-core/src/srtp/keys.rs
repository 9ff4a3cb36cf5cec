//! Session keys and what is done with them: derivation, encryption, proof (RFC 3711, section 4).

use std::fmt;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use callwright_model::{SrtpMaster, SrtpSuite};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::SrtpError;

/// All session keys of one direction.
pub(super) struct Keys {
    pub(super) suite: SrtpSuite,
    pub(super) rtp: SessionKeys,
    pub(super) rtcp: SessionKeys,
}

/// The keys of media or of control packets.
pub(super) struct SessionKeys {
    cipher: Aes128,
    salt: [u8; SALT],
    /// Keyed already; a copy of it serves one packet.
    authentication: Hmac<Sha1>,
}

impl Keys {
    pub(super) fn derive(suite: SrtpSuite, master: &SrtpMaster) -> Self {
        // RFC 3711, 4.3.2: three labels for media packets, three for control packets.
        Self { suite, rtp: SessionKeys::derive(master, 0), rtcp: SessionKeys::derive(master, 3) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl SessionKeys {
    fn derive(master: &SrtpMaster, first_label: u8) -> Self {
        let (mut key, mut authentication, mut salt) = ([0; SrtpMaster::KEY], [0; AUTHENTICATION], [0; SALT]);
        expand(master, first_label, &mut key);
        expand(master, first_label + 1, &mut authentication);
        expand(master, first_label + 2, &mut salt);
        Self { cipher: Aes128::new(&key.into()), salt, authentication: keyed(&authentication) }
    }

    /// Encrypts or decrypts: the same bytes are added either way.
    pub(super) fn apply(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        let mut start = [0; BLOCK];
        start[..SALT].copy_from_slice(&self.salt);
        mix(&mut start[4..8], &ssrc.to_be_bytes());
        mix(&mut start[8..14], &index.to_be_bytes()[2..]);
        add_key_stream(&self.cipher, start, bytes);
    }

    /// Writes the proof of a packet and what is signed behind it, as much of it as `proof` holds.
    pub(super) fn prove(&self, packet: &[u8], behind: &[u8], proof: &mut [u8]) {
        let whole = self.sign(packet, behind).finalize().into_bytes();
        let length = proof.len().min(whole.len());
        proof[..length].copy_from_slice(&whole[..length]);
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, packet: &[u8], behind: &[u8], proof: &[u8]) -> Result<(), SrtpError> {
        self.sign(packet, behind).verify_truncated_left(proof).map_err(|_| SrtpError::Authentication)
    }

    fn sign(&self, packet: &[u8], behind: &[u8]) -> Hmac<Sha1> {
        let mut mac = self.authentication.clone();
        mac.update(packet);
        mac.update(behind);
        mac
    }
}

fn keyed(key: &[u8; AUTHENTICATION]) -> Hmac<Sha1> {
    let mut block = [0; HASH_BLOCK];
    block[..AUTHENTICATION].copy_from_slice(key);
    // A key filled up with zeros to the length of a block is the same key (RFC 2104), and of that length none is refused.
    <Hmac<Sha1> as KeyInit>::new(&block.into())
}

/// Derives a session key (RFC 3711, 4.3.1 and 4.3.3) with a key derivation rate of zero.
fn expand(master: &SrtpMaster, label: u8, out: &mut [u8]) {
    let (key, salt) = master.reveal().split_at(SrtpMaster::KEY);
    let mut start = [0; BLOCK];
    start[..SALT].copy_from_slice(salt);
    start[7] ^= label;
    let mut cipher_key = [0; SrtpMaster::KEY];
    cipher_key.copy_from_slice(key);
    add_key_stream(&Aes128::new(&cipher_key.into()), start, out);
}

/// AES in counter mode: block `n` of the key stream is the cipher of `start` plus `n`. The last 16 bits of `start` are zero
/// and a datagram has fewer blocks than that counts, so nothing carries.
fn add_key_stream(cipher: &Aes128, start: [u8; BLOCK], bytes: &mut [u8]) {
    for (counter, chunk) in (0_u16..).zip(bytes.chunks_mut(BLOCK)) {
        let mut block = start;
        block[14..].copy_from_slice(&counter.to_be_bytes());
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        mix(chunk, &block);
    }
}

fn mix(bytes: &mut [u8], with: &[u8]) {
    for (byte, other) in bytes.iter_mut().zip(with) {
        *byte ^= other;
    }
}

/// Bytes of a salt; the master's and the derived ones.
const SALT: usize = SrtpMaster::LEN - SrtpMaster::KEY;
/// Bytes of a key of HMAC-SHA1, 160 bits in both suites.
const AUTHENTICATION: usize = 20;
/// Bytes that SHA-1 works on at once.
const HASH_BLOCK: usize = 64;
const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    /// RFC 3711, appendix B.2.
    #[test]
    fn the_key_stream_is_that_of_the_standard() {
        let key: [u8; 16] = hex("2B7E151628AED2A6ABF7158809CF4F3C").try_into().expect("16 bytes");
        let start: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().expect("16 bytes");
        let mut stream = [0; 48];
        add_key_stream(&Aes128::new(&key.into()), start, &mut stream);
        let expected = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB\
                        41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream.to_vec(), hex(expected));
    }

    /// RFC 3711, appendix B.3.
    #[test]
    fn session_keys_are_those_of_the_standard() {
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6");
        let master = SrtpMaster::new(master.try_into().expect("30 bytes"));
        for (label, expected) in [
            (0, "C61E7A93744F39EE10734AFE3FF7A087"),
            (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327A"),
            (2, "30CBBC08863D8C85D49DB34A9AE1"),
        ] {
            let expected = hex(expected);
            let mut derived = vec![0; expected.len()];
            expand(&master, label, &mut derived);
            assert_eq!(derived, expected, "label {label}");
        }
    }
}
