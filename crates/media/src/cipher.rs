//! Encryption of one leg's packets, both ways.

use callwright_model::SrtpKeys;
use callwright_rtp_core::{SrtpReceiver, SrtpSender};

use crate::socket::SEALED_MAX;

#[derive(Debug)]
pub(crate) struct Cipher {
    keys: SrtpKeys,
    sender: SrtpSender,
    receiver: SrtpReceiver,
    sealed: Box<[u8; SEALED_MAX]>,
}

impl Cipher {
    fn new(keys: SrtpKeys) -> Self {
        Self {
            keys,
            sender: SrtpSender::new(keys.suite, &keys.local),
            receiver: SrtpReceiver::new(keys.suite, &keys.remote),
            sealed: Box::new([0; SEALED_MAX]),
        }
    }

    /// With other keys than before. A direction whose key stays goes on where it was: a number is never encrypted twice under
    /// one key, and what was received is not received again.
    pub(crate) fn following(old: Option<Self>, keys: SrtpKeys) -> Self {
        let mut cipher = Self::new(keys);
        if let Some(old) = old.filter(|old| old.keys.suite == keys.suite) {
            if old.keys.local == keys.local {
                cipher.sender = old.sender;
            }
            if old.keys.remote == keys.remote {
                cipher.receiver = old.receiver;
            }
        }
        cipher
    }

    pub(crate) const fn keys(&self) -> &SrtpKeys {
        &self.keys
    }

    /// Decrypts in place, and tells the length; `None` for what is not to be believed.
    pub(crate) fn open(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        match self.receiver.unprotect(buffer, length) {
            Ok(length) => Some(length),
            Err(error) => {
                tracing::trace!(%error, "an encrypted packet is dropped");
                None
            }
        }
    }

    /// The encrypted packet, until the next call.
    pub(crate) fn seal(&mut self, datagram: &[u8]) -> Option<&[u8]> {
        self.sealed.get_mut(..datagram.len())?.copy_from_slice(datagram);
        match self.sender.protect(&mut self.sealed[..], datagram.len()) {
            Ok(length) => Some(&self.sealed[..length]),
            Err(error) => {
                tracing::trace!(%error, "a packet cannot be encrypted");
                None
            }
        }
    }
}
