use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How browsers reach us.
#[derive(Debug, Clone)]
pub struct BrowserConfig {
    /// The one UDP address of all browser calls. Port 0 takes any free one; the default is loopback only.
    pub bind: SocketAddr,
    /// Addresses that browsers are told to send to, when they differ from `bind`: the public address of a NAT, or each
    /// address of a machine that binds `0.0.0.0`. Empty means the bound address, or for a wildcard the address that
    /// the default route leaves from.
    pub advertise: Vec<IpAddr>,
    /// How many browser sessions may exist at once; more are refused with 503.
    pub sessions_max: usize,
    /// How long an answered offer may take to connect before it is forgotten.
    pub connect_timeout: Duration,
    /// How long a connected browser may send nothing at all, not even a connectivity check (they come every few seconds
    /// also from a muted tab), before it counts as gone.
    pub silence_timeout: Duration,
}

impl Default for BrowserConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            advertise: Vec::new(),
            sessions_max: 200,
            connect_timeout: Duration::from_secs(20),
            silence_timeout: Duration::from_secs(15),
        }
    }
}
