use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use callwright_model::Pii;

/// Where the console listens and whom it lets in.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// Address of the HTTP server. The default is loopback only. Browsers give a page their microphone only over HTTPS or
    /// from loopback, so anything else needs a TLS proxy in front.
    pub bind: SocketAddr,
    /// Origins (`https://shop.example`) whose pages may place and follow calls; `*` allows any. Empty: this console's own page
    /// only.
    pub cors_origins: Vec<String>,
    /// Secret of the operator, who may see every call: sent as `Authorization: Bearer …`. Without one, every call is shown
    /// on loopback only.
    pub operator_token: Option<Pii<String>>,
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// How many event streams may be open at once; more are refused with 503.
    pub streams_max: usize,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            cors_origins: Vec::new(),
            operator_token: None,
            body_bytes_max: 64 * 1_024,
            streams_max: 512,
        }
    }
}
