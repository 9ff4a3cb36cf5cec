//! The registrar (RFC 3261 section 10): who is a user of ours, and where their phones are.
//!
//! A phone that registers, or that calls from a source that may not call by itself, proves by digest that it is a user's. What it
//! is asked first is made without keeping anything ([`nonces`]); wrong answers cost the source time ([`tries`]). `Path` (RFC 3327)
//! is not needed: phones come to us themselves, and what is for them goes where they came from.

mod bindings;
mod digest;
mod nonces;
mod tries;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::Pii;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Request, Uri};
use rsipstack::transport::SipAddr;
use tokio::sync::watch;

pub(crate) use self::bindings::Binding;
use self::bindings::{Bindings, EXPIRES_MIN, Refused, Wish};
pub(crate) use self::digest::Proof;
use self::digest::challenge;
pub use self::digest::{DigestAlgorithm, Secret};
use self::nonces::{Nonces, Worth};
use self::tries::Tries;
use crate::Transport;
use crate::config::SipConfig;
use crate::error::SipError;

/// A user whose phones may register and call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUser {
    /// The name, as in `sip:NAME@host`.
    pub name: String,
    /// What their phones know.
    pub secret: Secret,
}

/// A user, and the phones of theirs that can be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPhones {
    /// The user.
    pub user: String,
    /// Their phones; none when nobody has registered.
    pub contacts: Vec<PhoneContact>,
    /// Calls that the user's phones are in, those that ring among them.
    pub calls: usize,
}

/// One phone that has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneContact {
    /// What it calls itself.
    pub address: Pii<String>,
    /// Where it is.
    pub source: SocketAddr,
    /// Over what it is reached.
    pub transport: Transport,
    /// In how long it must register again.
    pub expires_in: Duration,
    /// What kind it is, as it says.
    pub user_agent: Option<String>,
}

impl UserPhones {
    /// Whether a phone of the user can be rung.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        !self.contacts.is_empty()
    }

    /// Whether the user is in a call, or rung.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.calls > 0
    }
}

pub(crate) struct Registrar {
    realm: String,
    users: BTreeMap<String, Secret>,
    digest: Vec<DigestAlgorithm>,
    began: Instant,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

struct State {
    nonces: Nonces,
    tries: Tries,
    bindings: Bindings,
    calls: BTreeMap<String, usize>,
}

/// What to do with a request that must prove whose it is, before it is looked at.
pub(crate) enum Entry {
    /// It brings a proof.
    Look,
    /// Ask it for one.
    Challenge(Vec<Header>),
    /// Its source was wrong too often: seconds until it may try again.
    Wait(u64),
}

/// Why a proof is none.
pub(crate) enum Denied {
    /// 401: it would have been one with another nonce.
    Stale(Vec<Header>),
    /// 403.
    Wrong,
}

/// A user is in a call for as long as this lives.
pub(crate) struct InCall {
    registrar: Arc<Registrar>,
    user: String,
}

impl Registrar {
    pub(crate) fn new(config: &SipConfig) -> Result<Self, SipError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| SipError::Library(format!("no random numbers: {error}")))?;
        let users = config.users.iter().map(|user| (user.name.clone(), user.secret.clone())).collect();
        let state = State {
            nonces: Nonces::new(secret),
            tries: Tries::default(),
            bindings: Bindings::default(),
            calls: BTreeMap::new(),
        };
        Ok(Self {
            realm: config.realm.clone(),
            users,
            digest: config.digest.clone(),
            began: Instant::now(),
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
        })
    }

    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// Judges before anything is kept of a request.
    pub(crate) fn entry(&self, request: &Request, source: IpAddr) -> Entry {
        let now = self.now();
        if let Some(wait) = self.lock().tries.wait(source, now) {
            return Entry::Wait(wait.as_secs() + 1);
        }
        if self.proofs(request).next().is_some() {
            return Entry::Look;
        }
        Entry::Challenge(self.challenges(request, false))
    }

    /// Whose request it is.
    pub(crate) fn authenticate(&self, request: &Request, source: IpAddr) -> Result<String, Denied> {
        let method = request.method.to_string();
        let Some(proof) = self.proofs(request).next() else {
            return Err(Denied::Stale(self.challenges(request, false)));
        };
        let secret = self.users.get(&proof.user);
        let asked = self.algorithms(secret).contains(&proof.algorithm);
        let right = proof.holds(secret, &method) && asked && is_for(&proof.uri, &request.uri);
        let now = self.now();
        let mut state = self.lock();
        if !right {
            state.tries.failed(source, now);
            return Err(Denied::Wrong);
        }
        match state.nonces.judge(&proof.nonce, proof.count, now) {
            Worth::Good => {
                state.nonces.use_up(&proof.nonce, proof.count, now);
                state.tries.succeeded(source);
                Ok(proof.user)
            }
            Worth::Stale | Worth::Replayed | Worth::Foreign => {
                drop(state);
                Err(Denied::Stale(self.challenges(request, true)))
            }
        }
    }

    /// Does what a REGISTER of a user asks for: the header fields of the 200, or a status and those of the refusal.
    pub(crate) fn register(
        &self,
        request: &Request,
        user: &str,
        source: SocketAddr,
        transport: Transport,
    ) -> Result<Vec<Header>, (u16, Vec<Header>)> {
        let to = request.to_header().ok().and_then(|to| to.typed().ok());
        if to.as_ref().and_then(|to| to.uri.user()) != Some(user) {
            return Err((403, Vec::new()));
        }
        let values = |wanted: fn(&Header) -> Option<&str>| request.headers.iter().filter_map(wanted);
        let contact = |header: &Header| match header {
            Header::Contact(contact) => Some(contact.value().to_owned()),
            _ => None,
        };
        let contacts: Vec<String> = request.headers.iter().filter_map(contact).collect();
        let expires = values(|header| match header {
            Header::Expires(expires) => Some(expires.value()),
            _ => None,
        })
        .next();
        let user_agent = values(|header| match header {
            Header::UserAgent(agent) => Some(agent.value()),
            _ => None,
        })
        .next();
        let call_id = request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
        let wish = Wish {
            user,
            contacts: contacts.iter().map(String::as_str).collect(),
            expires,
            call_id: &call_id,
            cseq: crate::request::sequence(request).unwrap_or_default(),
            source,
            transport,
            user_agent: user_agent.map(shortened),
        };
        let now = self.now();
        let mut state = self.lock();
        if let Err(refused) = state.bindings.update(&wish, now) {
            let more = match refused {
                Refused::TooBrief => vec![Header::MinExpires(EXPIRES_MIN.to_string().into())],
                Refused::BadContact | Refused::OutOfOrder => Vec::new(),
            };
            return Err((refused.status(), more));
        }
        let listed = state.bindings.of(user, now);
        drop(state);
        self.changed();
        let line = |binding: Binding| {
            let left = (binding.until - now).as_secs();
            Header::Contact(format!("<{}>;expires={left}", binding.contact).into())
        };
        Ok(listed.into_iter().map(line).collect())
    }

    /// The user whose phone sends from somewhere.
    pub(crate) fn user_at(&self, transport: Transport, source: SocketAddr) -> Option<String> {
        let now = self.now();
        self.lock().bindings.user_at(transport, source, now).map(str::to_owned)
    }

    /// Phones of a user, as they were told to us.
    pub(crate) fn bindings_of(&self, user: &str) -> Vec<Binding> {
        let now = self.now();
        self.lock().bindings.of(user, now)
    }

    /// The way to a phone that an address names, when that is another than the address says: through the router before it.
    pub(crate) fn way_of(&self, uri: &Uri) -> Option<SipAddr> {
        if !self.has_users() {
            return None;
        }
        let now = self.now();
        let state = self.lock();
        let binding = state.bindings.named(&uri.to_string(), now)?;
        Some(SipAddr::new(binding.transport.wire(), binding.source.into()))
    }

    /// A connection is gone.
    pub(crate) fn forget_flow(&self, transport: Transport, source: SocketAddr) {
        if self.lock().bindings.forget_flow(transport, source) {
            self.changed();
        }
    }

    /// A user is in a call from now on, if there is such a user.
    pub(crate) fn in_call(self: &Arc<Self>, user: &str) -> Option<InCall> {
        self.users.contains_key(user).then(|| {
            *self.lock().calls.entry(user.to_owned()).or_default() += 1;
            self.changed();
            InCall { registrar: Arc::clone(self), user: user.to_owned() }
        })
    }

    pub(crate) fn phones(&self) -> Vec<UserPhones> {
        self.users.keys().filter_map(|user| self.phones_of(user)).collect()
    }

    pub(crate) fn phones_of(&self, user: &str) -> Option<UserPhones> {
        let (user, _) = self.users.get_key_value(user)?;
        let now = self.now();
        let state = self.lock();
        let contacts = state.bindings.of(user, now).into_iter().map(|binding| PhoneContact {
            expires_in: binding.until - now,
            address: Pii::new(binding.contact),
            source: binding.source,
            transport: binding.transport,
            user_agent: binding.user_agent,
        });
        let calls = state.calls.get(user).copied().unwrap_or_default();
        Some(UserPhones { user: user.clone(), contacts: contacts.collect(), calls })
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Proofs for us; a request may carry others for proxies.
    fn proofs<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = Proof> + 'a {
        let values = request.headers.iter().filter_map(|header| match header {
            Header::Authorization(value) => Some(value.value()),
            _ => None,
        });
        values.filter_map(Proof::read).filter(|proof| proof.realm == self.realm)
    }

    /// One challenge for each hash that the user can prove by, the best first (RFC 8760 section 2.3).
    fn challenges(&self, request: &Request, stale: bool) -> Vec<Header> {
        let from = request.from_header().ok().and_then(|from| from.typed().ok());
        let secret = from.as_ref().and_then(|from| self.users.get(from.uri.user()?));
        let now = self.now();
        let mut state = self.lock();
        let algorithms = self.algorithms(secret).into_iter();
        let nonces: Vec<_> = algorithms.map(|algorithm| (algorithm, state.nonces.make(now))).collect();
        let line = |(algorithm, nonce): (_, String)| {
            Header::WwwAuthenticate(challenge(&self.realm, &nonce, algorithm, stale).into())
        };
        nonces.into_iter().map(line).collect()
    }

    /// By what a user is asked to prove: of a user whose password we do not have, by what its hash was made with.
    fn algorithms(&self, secret: Option<&Secret>) -> Vec<DigestAlgorithm> {
        match secret {
            Some(secret @ Secret::Ha1(_)) => secret.algorithms().to_vec(),
            Some(Secret::Password(_)) | None => self.digest.clone(),
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InCall {
    fn drop(&mut self) {
        if let Some(calls) = self.registrar.lock().calls.get_mut(&self.user) {
            *calls = calls.saturating_sub(1);
        }
        self.registrar.changed();
    }
}

/// Whether a proof was made for a request: for its address, of which phones leave out parameters (RFC 7616 section 3.4.6).
fn is_for(proof: &str, request: &Uri) -> bool {
    Uri::try_from(proof).is_ok_and(|proof| proof.user() == request.user() && proof.host() == request.host())
}

/// What a phone says of itself, cut to what can be shown.
fn shortened(agent: &str) -> &str {
    let end = agent.char_indices().nth(AGENT_MAX).map_or(agent.len(), |(end, _)| end);
    &agent[..end]
}

const AGENT_MAX: usize = 80;
