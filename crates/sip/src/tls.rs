//! Certificates: ours, and those we trust. Read from files, and read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::SipError;

/// Settings of TLS. Without any, calls to `sips:` are checked by the platform's certificates, and nobody reaches us over TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Who we are, for whoever calls us over TLS, and for servers that ask for a certificate when we call them.
    pub identity: Option<Identity>,
    /// Certificates (PEM) of whom to trust when we call; unset means whom the platform trusts.
    pub trust: Option<PathBuf>,
    /// Certificates (PEM) of whom callers must have theirs from; unset means that callers need none.
    pub clients: Option<PathBuf>,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Our certificate, followed by those that lead to an authority that others trust.
    pub certificate: PathBuf,
    /// Its private key: PKCS 8, PKCS 1 or SEC 1.
    pub key: PathBuf,
}

impl TlsConfig {
    /// Whether every file is there and fits.
    ///
    /// # Errors
    /// The first file that does not, and why.
    pub fn check(&self) -> Result<(), SipError> {
        Tls::load(self.clone()).map(drop)
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let identity = self.identity.iter().flat_map(|identity| [&identity.certificate, &identity.key]);
        identity.chain(&self.trust).chain(&self.clients)
    }
}

/// What new connections are made with; running ones keep what they were made with.
pub(crate) struct Tls {
    config: TlsConfig,
    provider: Arc<CryptoProvider>,
    loaded: RwLock<Loaded>,
    seen: Mutex<Vec<Option<SystemTime>>>,
}

struct Loaded {
    acceptor: Option<TlsAcceptor>,
    /// The platform's certificates are many: they are read when first needed.
    connector: Option<TlsConnector>,
}

impl Tls {
    pub(crate) fn load(config: TlsConfig) -> Result<Self, SipError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let seen = Mutex::new(stamps(&config));
        let loaded = RwLock::new(Loaded::read(&config, &provider)?);
        Ok(Self { config, provider, loaded, seen })
    }

    /// For who connects to us; `None` without a certificate.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).acceptor.clone()
    }

    /// For whom we connect to.
    pub(crate) fn connector(&self) -> Result<TlsConnector, SipError> {
        if let Some(connector) = &self.loaded.read().unwrap_or_else(PoisonError::into_inner).connector {
            return Ok(connector.clone());
        }
        let connector = connector(&self.config, &self.provider)?;
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).connector = Some(connector.clone());
        Ok(connector)
    }

    /// Reads all files again. What does not fit leaves everything as it was.
    pub(crate) fn reload(&self) -> Result<(), SipError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamps(&self.config);
        let loaded = Loaded::read(&self.config, &self.provider)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        info!("certificates were read again");
        Ok(())
    }

    /// Reads files again when one has changed. A certificate and its key change one after the other: what does not fit yet is
    /// looked at again when the other one has come.
    pub(crate) async fn watch(self: Arc<Self>, every: Duration, closed: CancellationToken) {
        let mut looks = tokio::time::interval(every.max(EVERY_MIN));
        while closed.run_until_cancelled(looks.tick()).await.is_some() {
            let changed = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != stamps(&self.config);
            if changed && let Err(error) = self.reload() {
                warn!(%error, "new certificates do not fit; the old ones stay in use");
            }
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Loaded {
    fn read(config: &TlsConfig, provider: &Arc<CryptoProvider>) -> Result<Self, SipError> {
        let acceptor =
            config.identity.as_ref().map(|identity| acceptor(config, identity, provider)).transpose()?;
        let connector = config.trust.as_ref().map(|_| connector(config, provider)).transpose()?;
        if let (None, Some(clients)) = (&config.identity, &config.clients) {
            roots(clients)?;
        }
        Ok(Self { acceptor, connector })
    }
}

fn acceptor(
    config: &TlsConfig,
    identity: &Identity,
    provider: &Arc<CryptoProvider>,
) -> Result<TlsAcceptor, SipError> {
    let (chain, key) = read_identity(identity, provider)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SipError::Library(error.to_string()))?;
    let builder = match &config.clients {
        Some(clients) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots(clients)?), Arc::clone(provider));
            builder.with_client_cert_verifier(verifier.build().map_err(|error| bad(clients, error))?)
        }
        None => builder.with_no_client_auth(),
    };
    let server = builder.with_single_cert(chain, key).map_err(|error| bad(&identity.certificate, error))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn connector(config: &TlsConfig, provider: &Arc<CryptoProvider>) -> Result<TlsConnector, SipError> {
    let trusted = match &config.trust {
        Some(trust) => roots(trust)?,
        None => {
            let mut store = RootCertStore::empty();
            let (_, ignored) =
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                warn!(ignored, "the platform trusts nobody: calls over TLS will fail; set `trust`");
            }
            store
        }
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SipError::Library(error.to_string()))?
        .with_root_certificates(trusted);
    let client = match &config.identity {
        Some(identity) => {
            let (chain, key) = read_identity(identity, provider)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| bad(&identity.certificate, error))?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(client)))
}

type Read = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_identity(identity: &Identity, provider: &CryptoProvider) -> Result<Read, SipError> {
    let chain = certificates(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|error| bad(&identity.key, error))?;
    CertifiedKey::from_der(chain.clone(), key.clone_key(), provider).map_err(|error| {
        let key = identity.key.display();
        bad(&identity.certificate, format!("it does not fit the key in {key}: {error}"))
    })?;
    Ok((chain, key))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, SipError> {
    let found: Vec<_> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| bad(file, error))?;
    if found.is_empty() { Err(bad(file, "there is no PEM certificate in it")) } else { Ok(found) }
}

fn roots(file: &Path) -> Result<RootCertStore, SipError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        store.add(certificate).map_err(|error| bad(file, error))?;
    }
    Ok(store)
}

fn bad(file: &Path, problem: impl ToString) -> SipError {
    SipError::Certificate { file: file.to_owned(), problem: problem.to_string() }
}

fn stamps(config: &TlsConfig) -> Vec<Option<SystemTime>> {
    config.files().map(|file| std::fs::metadata(file).and_then(|data| data.modified()).ok()).collect()
}

/// Below this it would only be work.
const EVERY_MIN: Duration = Duration::from_millis(10);
