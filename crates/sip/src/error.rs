//! What can go wrong on our side.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use callwright_call_core::trunk::LimitReached;
use thiserror::Error;

/// Why the endpoint could not do what it was told. What peers do wrong is answered to them and counted.
#[derive(Debug, Error)]
pub enum SipError {
    /// An address cannot be bound: it is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("the certificate file {}: {problem}", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An address for TLS or secure WebSocket without a certificate.
    #[error("cannot listen on {0} with TLS: no certificate and key are configured")]
    NoCertificate(SocketAddr),
    /// A peer's certificate is not good.
    #[error("no connection to {peer}: its certificate: {why}")]
    PeerCertificate {
        /// Where it was tried.
        peer: SocketAddr,
        /// What is wrong with it.
        fault: CertificateFault,
        /// The same in words.
        why: String,
    },
    /// A peer takes no connection.
    #[error("no connection to {peer}: {why}")]
    NoConnection {
        /// Where it was tried.
        peer: SocketAddr,
        /// What was in the way.
        why: String,
    },
    /// There is no address to listen on.
    #[error("no address to listen on is configured")]
    NoAddress,
    /// An address to call or to call from is not a SIP URI.
    #[error("`{0}` is not a SIP URI such as `sip:desk@192.0.2.7:5060`")]
    BadUri(String),
    /// The host of a URI has no address, or there is no way to it.
    #[error("no way to `{0}`")]
    Unreachable(String),
    /// A leg is over, or has other wishes to carry out first.
    #[error("the leg is over, or its earlier changes are not done yet: wait for their outcome")]
    Busy,
    /// No phone of a user is there to be rung.
    #[error("no phone of `{0}` is registered")]
    NotRegistered(String),
    /// There is no trunk of this name.
    #[error("there is no trunk `{0}`")]
    NoTrunk(String),
    /// A trunk carries no more calls for now.
    #[error("trunk `{trunk}`: {limit}")]
    TrunkFull {
        /// Its name.
        trunk: String,
        /// Why not.
        limit: LimitReached,
    },
    /// The endpoint has been shut down.
    #[error("the endpoint has been shut down")]
    Closed,
    /// The library refused, for a reason nobody has foreseen.
    #[error("the SIP library refused: {0}")]
    Library(String),
}

/// What is wrong with a peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateFault {
    /// It is for another name.
    Name,
    /// It is by somebody whom we do not trust.
    Issuer,
    /// Its time is over, or has not begun.
    Expired,
    /// Something else.
    Other,
}

impl CertificateFault {
    /// What a handshake failed for; `None` when it was not the certificate.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        use rustls::CertificateError as Fault;
        let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let rustls::Error::InvalidCertificate(fault) = inner else { return None };
        Some(match fault {
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => Self::Name,
            Fault::UnknownIssuer => Self::Issuer,
            Fault::Expired
            | Fault::ExpiredContext { .. }
            | Fault::NotValidYet
            | Fault::NotValidYetContext { .. } => Self::Expired,
            _ => Self::Other,
        })
    }
}
