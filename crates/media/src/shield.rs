//! How one leg's packets are encrypted: not at all, with keys that were told, or with keys that a handshake brings.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;
use callwright_model::{DtlsPeer, MediaPath, Protection, Road};

use crate::cipher::Cipher;
use crate::dtls::{Handshake, Identity, Progress};

/// Between a leg and its sockets.
#[derive(Debug)]
pub(crate) enum Shield {
    /// Packets pass as they are.
    Clear,
    /// Both ends have told their keys.
    Keys(Box<Cipher>),
    /// Each port has a handshake of its own; without a port of its own RTCP shares that of RTP (RFC 5764, section 4.1).
    Dtls { sound: Box<Channel>, control: Option<Box<Channel>> },
}

/// One port's handshake, and what came of it.
#[derive(Debug)]
pub(crate) struct Channel {
    handshake: Handshake,
    cipher: Option<Cipher>,
}

/// Which of a leg's two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Rtp,
    Rtcp,
}

impl Shield {
    /// As is agreed by now. What does not change goes on: a number is never encrypted twice under one key, and nobody shakes hands
    /// again.
    pub(crate) fn following(old: Self, path: &MediaPath, ours: &Identity, now: Instant) -> Self {
        match (&path.protection, old) {
            (Protection::Clear, _) => Self::Clear,
            (Protection::Keys(keys), Self::Keys(cipher)) if cipher.keys() == keys => Self::Keys(cipher),
            (Protection::Keys(keys), Self::Keys(cipher)) => {
                Self::Keys(Box::new(Cipher::following(Some(*cipher), *keys)))
            }
            (Protection::Keys(keys), Self::Clear | Self::Dtls { .. }) => {
                Self::Keys(Box::new(Cipher::following(None, *keys)))
            }
            (Protection::Dtls(peer), old) => {
                let (sound, control) = match old {
                    Self::Dtls { sound, control } => (Some(sound), control),
                    Self::Clear | Self::Keys(_) => (None, None),
                };
                let shared = path.remote == path.remote_rtcp;
                Self::Dtls {
                    sound: Channel::following(sound, *peer, path.remote, ours, now),
                    control: (!shared)
                        .then(|| Channel::following(control, *peer, path.remote_rtcp, ours, now)),
                }
            }
        }
    }

    /// Whether the other end can be reached, and would understand.
    pub(crate) fn road(&self) -> Road {
        match self {
            Self::Clear | Self::Keys(_) => Road::Open,
            Self::Dtls { sound, .. } => match sound.handshake.progress() {
                Progress::Running { .. } => Road::Opening,
                Progress::Done { .. } => Road::Open,
                Progress::Failed(_) => Road::Barred,
            },
        }
    }

    /// Whether what it lets pass was proved to be the other end's.
    pub(crate) const fn proves(&self) -> bool {
        match self {
            Self::Clear => false,
            Self::Keys(_) | Self::Dtls { .. } => true,
        }
    }

    /// The handshake of a port, with what it wants to send.
    pub(crate) fn channel(&mut self, port: Port) -> Option<&mut Channel> {
        match (self, port) {
            (Self::Clear | Self::Keys(_), Port::Rtp | Port::Rtcp) => None,
            (Self::Dtls { sound, .. }, Port::Rtp) => Some(sound),
            (Self::Dtls { control, .. }, Port::Rtcp) => control.as_deref_mut(),
        }
    }

    /// Decrypts in place, and tells the length; `None` for what is not to be believed, which is all there is before a handshake.
    pub(crate) fn open(&mut self, port: Port, buffer: &mut [u8], length: usize) -> Option<usize> {
        match self {
            Self::Clear => Some(length),
            Self::Keys(cipher) => cipher.open(buffer, length),
            Self::Dtls { .. } => self.channel(port)?.cipher.as_mut()?.open(buffer, length),
        }
    }

    /// What is to be sent in a packet's place; `None` when nothing must leave.
    pub(crate) fn seal<'a>(&'a mut self, port: Port, datagram: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Clear => Some(datagram),
            Self::Keys(cipher) => cipher.seal(datagram),
            Self::Dtls { .. } => self.channel(port)?.cipher.as_mut()?.seal(datagram),
        }
    }
}

impl Channel {
    fn following(
        old: Option<Box<Self>>,
        peer: DtlsPeer,
        remote: SocketAddr,
        ours: &Identity,
        now: Instant,
    ) -> Box<Self> {
        match old.filter(|old| old.handshake.suits(&peer, remote)) {
            Some(old) => old,
            None => Box::new(Self { handshake: Handshake::new(ours, peer, remote, now), cipher: None }),
        }
    }

    pub(crate) fn handle_datagram(&mut self, datagram: &[u8], source: SocketAddr, now: Instant) {
        if let Some(keys) = self.handshake.handle_datagram(datagram, source, now) {
            tracing::debug!(%source, suite = keys.suite.name(), "DTLS has brought keys");
            self.cipher = Some(Cipher::following(None, keys));
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.handshake.handle_timeout(now);
    }

    pub(crate) fn poll_datagram(&mut self) -> Option<(BytesMut, SocketAddr)> {
        self.handshake.poll_datagram()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.handshake.progress()
    }
}
