//! The handshake that brings a leg's keys: DTLS-SRTP on the media port (RFC 5763, RFC 5764).
//!
//! The protocol is a library's. [`Handshake`] is told datagrams and the time, gives datagrams to send, and in the end keys: only when
//! the other end's certificate is the one that its description names. It owns no socket and reads no clock, but draws from the
//! system's randomness.
//!
//! Anybody may send to the port, so what is not from the other end must do no harm: there are few sources, each with a limit to what is
//! read of it, and as a server we listen to several at once, of which the first that proves to be the other end is kept. A source at
//! the signalled host that fails ends the handshake at once; one from elsewhere is only not listened to any more.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use callwright_model::{DtlsPeer, DtlsSide, Fingerprint, FingerprintHash, SrtpKeys, SrtpMaster, SrtpSuite};
use ring::digest;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::crypto_provider::RTCCryptoProvider;
use rtc_dtls::crypto_provider::providers::RingProvider;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_dtls::state::State;
use thiserror::Error;

use crate::error::MediaError;

/// The certificate that we show to all, made at the start and never written anywhere.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) fingerprint: Fingerprint,
    client: Arc<HandshakeConfig>,
    server: Arc<HandshakeConfig>,
}

/// One handshake, with what is left of it afterwards: who did not get our last message may ask for it again.
pub(crate) struct Handshake {
    peer: DtlsPeer,
    /// As signalled.
    remote: SocketAddr,
    endpoint: Endpoint,
    outgoing: VecDeque<(BytesMut, SocketAddr)>,
    sources: Vec<Source>,
    progress: Progress,
    /// Why a source was of no use.
    last: Option<Failure>,
}

/// How far a handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on until then.
    Running { until: Instant },
    /// Keys were agreed on with this source.
    Done { with: SocketAddr },
    /// It will never bring any.
    Failed(Failure),
}

/// Why there are no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Failure {
    #[error("the other end did not begin, or not finish, a handshake in time")]
    Timeout,
    #[error("the other end's certificate is not the one that its description names")]
    Fingerprint,
    #[error("the two ends have no kind of encryption in common, or a message was forged")]
    Refused,
}

/// An address that sends to us.
struct Source {
    address: SocketAddr,
    datagrams: u32,
    failed: bool,
}

impl Identity {
    pub(crate) fn new() -> Result<Self, MediaError> {
        let provider: Arc<dyn RTCCryptoProvider> = Arc::new(RingProvider::new());
        let failed = |error: &dyn fmt::Display| MediaError::Certificate(error.to_string());
        let certificate = Certificate::generate_self_signed(vec![NAME.to_owned()], provider.crypto())
            .map_err(|error| failed(&error))?;
        let der = certificate.certificate.first().map(AsRef::as_ref).unwrap_or_default();
        let fingerprint = fingerprint(FingerprintHash::Sha256, der);
        let config = |is_client| {
            ConfigBuilder::default()
                .with_crypto_provider(Arc::clone(&provider))
                .with_certificates(vec![certificate.clone()])
                .with_srtp_protection_profiles(PROFILES.map(|(profile, _)| profile).to_vec())
                // Certificates are held against their fingerprints, by us: nobody has signed them.
                .with_client_auth(ClientAuthType::RequireAnyClientCert)
                .with_insecure_skip_verify(true)
                .with_server_name(NAME.to_owned())
                .with_mtu(MTU)
                .build(is_client, None)
                .map(Arc::new)
                .map_err(|error| failed(&error))
        };
        Ok(Self { fingerprint, client: config(true)?, server: config(false)? })
    }
}

impl Handshake {
    /// With whom the description names. A client's first message is ready at once.
    pub(crate) fn new(ours: &Identity, peer: DtlsPeer, remote: SocketAddr, now: Instant) -> Self {
        let server = match peer.ours {
            DtlsSide::Client => None,
            DtlsSide::Server => Some(Arc::clone(&ours.server)),
        };
        // Only told in what it gives back, where nobody reads it.
        let local = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut handshake = Self {
            peer,
            remote,
            endpoint: Endpoint::new(local, Default::default(), server),
            outgoing: VecDeque::new(),
            sources: Vec::new(),
            progress: Progress::Running { until: now + DEADLINE },
            last: None,
        };
        if peer.ours == DtlsSide::Client {
            handshake.sources.push(Source { address: remote, datagrams: 0, failed: false });
            if let Err(error) = handshake.endpoint.connect(now, remote, Arc::clone(&ours.client), None) {
                tracing::debug!(%remote, %error, "a handshake cannot begin");
                handshake.give_up(Failure::Refused);
            }
            handshake.drain();
        }
        handshake
    }

    pub(crate) const fn progress(&self) -> Progress {
        self.progress
    }

    /// Whether it goes on when the other end is signalled there. One that is done does: addresses change, the association stays.
    pub(crate) fn suits(&self, peer: &DtlsPeer, remote: SocketAddr) -> bool {
        self.peer == *peer
            && match self.progress {
                Progress::Running { .. } => self.remote == remote,
                Progress::Done { .. } => true,
                Progress::Failed(_) => false,
            }
    }

    /// Takes a datagram. Tells the keys once they are there.
    pub(crate) fn handle_datagram(
        &mut self,
        datagram: &[u8],
        source: SocketAddr,
        now: Instant,
    ) -> Option<SrtpKeys> {
        let listens = match self.progress {
            Progress::Running { .. } => self.admit(source),
            Progress::Done { with } => with == source && self.admit(source),
            Progress::Failed(_) => false,
        };
        // Nobody has anything else to say here, and what the library answers to it would end the handshake.
        if !listens || !datagram.first().is_some_and(|record| (CHANGE_CIPHER..=HANDSHAKE).contains(record)) {
            return None;
        }
        let read = self.endpoint.read(now, source, None, BytesMut::from(datagram));
        let alerted = self.drain();
        let events = match read {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%source, %error, "a message of a handshake is refused");
                // An alert, whoever gave it, means that it cannot go on; else it was junk.
                if alerted || datagram.first() == Some(&ALERT) {
                    self.fail(source, Failure::Refused);
                }
                return None;
            }
        };
        events.into_iter().find_map(|event| match event {
            EndpointEvent::HandshakeComplete => self.complete(source, now),
            EndpointEvent::PeerClosed => {
                // The end of a call is told by SIP: one that was agreed on goes on.
                self.fail(source, Failure::Refused);
                None
            }
            EndpointEvent::ApplicationData(_) => None,
            // The enum is open.
            _ => None,
        })
    }

    /// Asks again for what was not answered, and gives up in the end.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Progress::Running { until } = self.progress else { return };
        if now >= until {
            return self.give_up(self.last.unwrap_or(Failure::Timeout));
        }
        for place in 0..self.sources.len() {
            let Source { address, failed, .. } = self.sources[place];
            if !failed && let Err(error) = self.endpoint.handle_timeout(address, now) {
                tracing::debug!(source = %address, %error, "a handshake is not answered");
                self.fail(address, Failure::Timeout);
            }
        }
        self.drain();
    }

    /// The next datagram to send, and where to.
    pub(crate) fn poll_datagram(&mut self) -> Option<(BytesMut, SocketAddr)> {
        self.outgoing.pop_front()
    }

    /// Takes over what the library wants to send. Tells whether an alert is among it.
    fn drain(&mut self) -> bool {
        let mut alerted = false;
        while let Some(transmit) = self.endpoint.poll_transmit() {
            alerted |= transmit.message.first() == Some(&ALERT);
            self.outgoing.push_back((transmit.message, transmit.transport.peer_addr));
        }
        alerted
    }

    /// Whether a source is listened to; a new one if there is room.
    fn admit(&mut self, source: SocketAddr) -> bool {
        match self.sources.iter_mut().find(|known| known.address == source) {
            Some(known) => {
                known.datagrams += 1;
                !known.failed && known.datagrams <= DATAGRAMS_MAX
            }
            None if self.peer.ours == DtlsSide::Client => false,
            None => {
                let near = |address: SocketAddr| address.ip() == self.remote.ip();
                let alike = self.sources.iter().filter(|known| near(known.address) == near(source)).count();
                let room = alike < SOURCES_MAX;
                if room {
                    self.sources.push(Source { address: source, datagrams: 1, failed: false });
                }
                room
            }
        }
    }

    /// All messages fit: whether they are the other end's is what its certificate tells.
    fn complete(&mut self, source: SocketAddr, now: Instant) -> Option<SrtpKeys> {
        let state = self.endpoint.get_connection_state(source)?;
        let shown = state.peer_certificates.first();
        let expected = self.peer.fingerprint;
        let is_named = shown.is_some_and(|certificate| fingerprint(expected.hash(), certificate) == expected);
        let agreed = if is_named {
            keys(state, self.peer.ours).ok_or(Failure::Refused)
        } else {
            Err(Failure::Fingerprint)
        };
        let keys = match agreed {
            Ok(keys) => keys,
            Err(why) => {
                self.endpoint.stop(now, source);
                self.drain();
                self.fail(source, why);
                return None;
            }
        };
        for other in &mut self.sources {
            if other.address != source {
                other.failed = true;
            }
        }
        self.progress = Progress::Done { with: source };
        Some(keys)
    }

    fn fail(&mut self, source: SocketAddr, why: Failure) {
        for known in &mut self.sources {
            known.failed |= known.address == source;
        }
        self.last = Some(why);
        match self.progress {
            Progress::Running { .. } if source.ip() == self.remote.ip() => self.give_up(why),
            Progress::Running { .. } | Progress::Done { .. } | Progress::Failed(_) => {}
        }
    }

    fn give_up(&mut self, why: Failure) {
        tracing::warn!(remote = %self.remote, %why, "no keys came by DTLS");
        self.progress = Progress::Failed(why);
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("peer", &self.peer)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Whether a datagram belongs to a handshake, and is neither RTP nor RTCP nor STUN (RFC 7983).
pub(crate) fn is_dtls(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (20..=63).contains(first))
}

fn fingerprint(hash: FingerprintHash, certificate: &[u8]) -> Fingerprint {
    let algorithm = match hash {
        FingerprintHash::Sha256 => &digest::SHA256,
        FingerprintHash::Sha384 => &digest::SHA384,
        FingerprintHash::Sha512 => &digest::SHA512,
    };
    Fingerprint::new(hash, digest::digest(algorithm, certificate).as_ref())
        .expect("a digest is as long as its hash says")
}

/// Both ends' keys out of the handshake's secret, in the order of RFC 5764, section 4.2.
fn keys(state: &State, ours: DtlsSide) -> Option<SrtpKeys> {
    let chosen = state.srtp_protection_profile();
    let (_, suite) = PROFILES.into_iter().find(|(profile, _)| *profile == chosen)?;
    let exported = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 2 * SrtpMaster::LEN).ok()?;
    let (keys, salts) = exported.as_ref().split_at_checked(2 * SrtpMaster::KEY)?;
    let (client_key, server_key) = keys.split_at_checked(SrtpMaster::KEY)?;
    let (client_salt, server_salt) = salts.split_at_checked(SrtpMaster::LEN - SrtpMaster::KEY)?;
    let master = |key: &[u8], salt: &[u8]| Some(SrtpMaster::new([key, salt].concat().try_into().ok()?));
    let (client, server) = (master(client_key, client_salt)?, master(server_key, server_salt)?);
    let (local, remote) = match ours {
        DtlsSide::Client => (client, server),
        DtlsSide::Server => (server, client),
    };
    Some(SrtpKeys { suite, local, remote })
}

/// How media may be encrypted, the strongest first.
const PROFILES: [(SrtpProtectionProfile, SrtpSuite); 2] = [
    (SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80, SrtpSuite::AesCm128HmacSha1_80),
    (SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32, SrtpSuite::AesCm128HmacSha1_32),
];

/// The first byte of a record: its content type (RFC 5246, 6.2.1).
const CHANGE_CIPHER: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// What our certificate is made out to. Nobody looks: its hash is what counts.
const NAME: &str = "callwright";
/// Flights are cut into datagrams that pass any network; an Ethernet frame holds 1,500 bytes with some heads.
const MTU: usize = 1_200;
/// Sources at the signalled host, and as many from elsewhere, as behind a NAT. Strangers who guess the port take none of the former.
const SOURCES_MAX: usize = 3;
/// A handshake takes some ten datagrams of each end, more when they are lost; what is beyond is a flood.
const DATAGRAMS_MAX: u32 = 200;
/// Messages are sent again every second, up to seven times. Longer than that a caller would not wait in silence.
const DEADLINE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
