//! What can be set.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::network::Network;
use crate::registrar::{DigestAlgorithm, SipUser};
use crate::tap::SipTap;
use crate::tls::TlsConfig;
use crate::trunk::TrunkConfig;

/// Settings of a [`SipEndpoint`](crate::SipEndpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipConfig {
    /// Where callers reach us; each address is bound for UDP and for TCP. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Where callers reach us over TLS; needs an identity in `tls`.
    pub listen_tls: Vec<SocketAddr>,
    /// Where they reach us over WebSocket (RFC 7118).
    pub listen_ws: Vec<SocketAddr>,
    /// Where they reach us over WebSocket and TLS; needs an identity in `tls`.
    pub listen_wss: Vec<SocketAddr>,
    /// Where others find us behind a static NAT.
    pub external: Option<External>,
    /// Certificates.
    pub tls: TlsConfig,
    /// How often the files of certificates are looked at for changes.
    pub tls_look_every: Duration,
    /// Origins of pages whose scripts may open a WebSocket to us; `*` allows any. Programs that are no browsers tell none and are
    /// judged by their source alone.
    pub origins: Vec<String>,
    /// Trunks. Their calls may come in whatever `allowed_sources` says.
    pub trunks: Vec<TrunkConfig>,
    /// Name servers that trunks are looked up at; empty means those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// Sources that may begin a call; everyone else hears 603. Requests inside a call are not judged by it.
    pub allowed_sources: Vec<Network>,
    /// Users whose phones may register, and call from anywhere.
    pub users: Vec<SipUser>,
    /// What phones are told they prove themselves to; part of every hashed password.
    pub realm: String,
    /// By which hashes phones are asked to prove themselves, the first one first. Some look at the first alone.
    pub digest: Vec<DigestAlgorithm>,
    /// Incoming calls at once; the next one is told to come back.
    pub calls_max: usize,
    /// What a caller is told above `calls_max` and while overloaded.
    pub when_full: WhenFull,
    /// Seconds after which a refused caller may try again (`Retry-After`).
    pub retry_after_s: u32,
    /// Our name in `User-Agent`.
    pub user_agent: String,
    /// What stands behind the `@` of our Call-IDs. Not an address, so that no network's inside is told to the outside.
    pub domain: String,
    /// Connections to us at once, those that still shake hands among them; further ones are closed at once.
    pub connections_max: usize,
    /// How long a peer may take for a handshake, until its first message, and for each message once it has begun.
    pub message_time: Duration,
    /// Datagrams read but not yet worked on; above it they are dropped, and their senders repeat them.
    pub datagrams_waiting_max: usize,
    /// Incoming calls that wait to be looked at by the owner of the endpoint; above it callers hear 503.
    pub incoming_waiting_max: usize,
    /// How long a session lives without being refreshed (RFC 4028), as we ask for it; zero asks for nothing. Whole seconds.
    pub session_expires: Duration,
    /// The shortest life that we agree to. Whole seconds.
    pub min_se: Duration,
    /// Who is told every message that comes and goes.
    pub tap: Option<SipTap>,
    /// Timer T1 of RFC 3261, from which all others follow: the first repetition comes after it, the last after 64 of them.
    pub t1: Duration,
}

/// Our address as peers beyond a NAT see it; ports stay as they are. It goes into `Contact` and `Via`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The address.
    pub ip: IpAddr,
    /// Networks on our side of the NAT, which are told our own address.
    pub inside: Vec<Network>,
}

impl External {
    /// What a peer is told instead of our own address.
    pub(crate) fn toward(external: Option<&Self>, ours: IpAddr, peer: IpAddr) -> IpAddr {
        let outside = |external: &&Self| {
            external.ip.is_ipv4() == ours.to_canonical().is_ipv4()
                && !external.inside.iter().any(|network| network.contains(peer))
        };
        external.filter(outside).map_or(ours, |external| external.ip)
    }
}

/// What a caller is told when there is no room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhenFull {
    /// 486: telephones play the busy tone.
    Busy,
    /// 503: proxies try another gateway.
    #[default]
    Unavailable,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 5060))],
            listen_tls: Vec::new(),
            listen_ws: Vec::new(),
            listen_wss: Vec::new(),
            external: None,
            tls: TlsConfig::default(),
            tls_look_every: Duration::from_secs(10),
            origins: Vec::new(),
            trunks: Vec::new(),
            name_servers: Vec::new(),
            allowed_sources: Network::private(),
            users: Vec::new(),
            realm: "callwright".to_owned(),
            digest: DigestAlgorithm::ALL.to_vec(),
            calls_max: 500,
            when_full: WhenFull::default(),
            retry_after_s: 10,
            user_agent: "Callwright".to_owned(),
            domain: "callwright.invalid".to_owned(),
            connections_max: 1_024,
            message_time: Duration::from_secs(10),
            datagrams_waiting_max: 1_024,
            incoming_waiting_max: 64,
            session_expires: Duration::from_secs(1_800),
            min_se: Duration::from_secs(90),
            tap: None,
            t1: Duration::from_millis(500),
        }
    }
}

impl WhenFull {
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Busy => 486,
            Self::Unavailable => 503,
        }
    }
}
