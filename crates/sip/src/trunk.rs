//! Trunks: carriers and exchanges that numbers go by and come from. What is decided is [`callwright_call_core::trunk`]'s; here it
//! meets the network.

mod ask;
mod carried;
mod examine;
mod identity;
mod watch;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callwright_call_core::trunk::{
    CallLimits, Health, KeepaliveConfig, LimitReached, NumberPattern, NumberPlan, Route, Routes,
};
use callwright_model::{MonoTime, Pii};
use rsipstack::sip::{Request, Scheme, Uri};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::dns::Target;
use crate::error::SipError;
use crate::network::Network;
use crate::outgoing::{Credentials, parse};

pub(crate) use ask::{Ask, Reply, address, ask};
pub(crate) use carried::{Carried, local_ip_to_trunk};
pub(crate) use examine::examine;
pub use examine::{StepOutcome, TrunkCheck, TrunkStep};
pub(crate) use identity::{caller, identify};
pub(crate) use watch::{locate, watch};

/// A trunk to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkConfig {
    /// Its name, for logs and people.
    pub name: String,
    /// Where it is: `sip:sip.example.com`, looked up as RFC 3263 says; a port, an address or `;transport=tcp` cut that short.
    pub uri: String,
    /// Our account there: the user of `From` and `Contact`.
    pub user: Option<String>,
    /// What we answer its challenges with.
    pub credentials: Option<Credentials>,
    /// For how long we register; `None` where the trunk knows us by our address.
    pub register: Option<Duration>,
    /// Networks that its calls come from, besides the addresses that it is found at.
    pub sources: Vec<Network>,
    /// Calls at once, of both directions.
    pub calls_max: usize,
    /// Calls begun in a second, of both directions; 0 for no limit.
    pub calls_per_second_max: u32,
    /// Numbers that may go by it.
    pub routes: Vec<TrunkRoute>,
    /// How it writes numbers.
    pub numbers: NumberPlan,
    /// Who we say we are, and whom we believe.
    pub caller_id: CallerId,
    /// How it is watched.
    pub keepalive: KeepaliveConfig,
    /// How long one of its addresses may be silent before the next is tried.
    pub answer_within: Duration,
}

/// Numbers that may go by a trunk, and how they are changed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkRoute {
    /// Which.
    pub numbers: NumberPattern,
    /// Characters taken off the front, the plus counted.
    pub strip: usize,
    /// Put before the rest.
    pub add: String,
}

/// Who we say we are, and whom we believe (RFC 3325, RFC 3323).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerId {
    /// The number that our calls show; unset: the account's name.
    pub number: Option<String>,
    /// Within our trust domain: its `P-Asserted-Identity` is believed, and it is told ours.
    pub trusted: bool,
    /// Our calls show no number: `Privacy: id`, and an anonymous `From`.
    pub withheld: bool,
}

/// How a trunk is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkStatus {
    /// Its name.
    pub name: String,
    /// Whether calls go by it; those that are not up come last.
    pub up: bool,
    /// Registration, where there is one.
    pub registration: Option<TrunkRegistration>,
    /// Calls that run, of both directions.
    pub calls: usize,
    /// And how many may.
    pub calls_max: usize,
    /// Calls since the start that came by it,
    pub calls_in: u64,
    /// and that went by it.
    pub calls_out: u64,
    /// Calls refused because it was full, of both directions.
    pub refused: u64,
    /// Where it was found last.
    pub targets: Vec<Target>,
    /// What is wrong, in words.
    pub problem: Option<String>,
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrunkRegistration {
    /// The registrar knows us.
    Registered {
        /// For so long.
        left: Duration,
    },
    /// A request is under way.
    Asking,
    /// It failed; the next try is in so long.
    Waiting {
        /// The wait.
        left: Duration,
    },
    /// We have said good-bye.
    Gone,
}

/// A way for a call: a trunk, and the number as it wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkWay {
    /// The trunk's name.
    pub trunk: String,
    /// What is dialled there.
    pub number: Pii<String>,
}

/// A trunk of a running endpoint.
pub(crate) struct Trunk {
    pub(crate) config: TrunkConfig,
    pub(crate) uri: Uri,
    state: Mutex<State>,
    started: Instant,
    /// Set when we go: it is asked to forget us,
    pub(crate) leave: CancellationToken,
    /// and has done so.
    pub(crate) gone: CancellationToken,
}

pub(crate) struct State {
    limits: CallLimits,
    calls_in: u64,
    calls_out: u64,
    refused: u64,
    pub(crate) targets: Vec<Target>,
    pub(crate) health: Health,
    pub(crate) registration: Option<callwright_call_core::trunk::RegistrationState>,
    pub(crate) problem: Option<String>,
}

/// All trunks.
#[derive(Default)]
pub(crate) struct Trunks {
    pub(crate) all: Vec<Arc<Trunk>>,
    routes: Routes,
}

/// A call's place on a trunk, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct TrunkPlace(Arc<Trunk>);

impl Trunks {
    pub(crate) fn new(configs: &[TrunkConfig]) -> Result<Self, SipError> {
        let mut all = Vec::new();
        let mut routes = Vec::new();
        for (place, config) in configs.iter().enumerate() {
            all.push(Arc::new(Trunk::new(config.clone())?));
            routes.extend(config.routes.iter().map(|route| Route {
                trunk: place,
                numbers: route.numbers.clone(),
                strip: route.strip,
                add: route.add.clone(),
            }));
        }
        Ok(Self { all, routes: Routes(routes) })
    }

    /// Whether some trunk's calls come from there.
    pub(crate) fn know(&self, source: IpAddr) -> bool {
        self.all.iter().any(|trunk| trunk.calls_from(source))
    }

    /// The trunk that a request comes by. Where several share a source, the one whose account is called; else the first.
    pub(crate) fn of(&self, source: IpAddr, request: &Request) -> Option<Arc<Trunk>> {
        let mut from_there = self.all.iter().filter(|trunk| trunk.calls_from(source));
        let called = request.uri.user();
        let by_account =
            from_there.clone().find(|trunk| called.is_some() && trunk.config.user.as_deref() == called);
        by_account.or_else(|| from_there.next()).cloned()
    }

    pub(crate) fn ways(&self, number: &str) -> Vec<TrunkWay> {
        let ways = self.routes.ways(number, |place| self.all.get(place).is_some_and(|trunk| trunk.is_up()));
        ways.into_iter()
            .filter_map(|way| {
                let trunk = self.all.get(way.trunk)?;
                Some(TrunkWay { trunk: trunk.config.name.clone(), number: Pii::new(way.number) })
            })
            .collect()
    }

    /// The name by which a trunk was found at an address: what its certificate bears, though it names itself by number in a call.
    pub(crate) fn host_at(&self, ip: IpAddr) -> Option<String> {
        self.all.iter().find_map(|trunk| {
            let state = trunk.state();
            let there = state.targets.iter().find(|target| target.address.ip() == ip)?;
            Some(there.host.clone())
        })
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Trunk>> {
        self.all.iter().find(|trunk| trunk.config.name == name)
    }
}

impl Trunk {
    pub(crate) fn new(config: TrunkConfig) -> Result<Self, SipError> {
        let uri = parse(&config.uri)?;
        let state = State {
            limits: CallLimits::new(config.calls_max, config.calls_per_second_max),
            calls_in: 0,
            calls_out: 0,
            refused: 0,
            targets: Vec::new(),
            health: Health::Up { misses: 0 },
            registration: config.register.map(|_| callwright_call_core::trunk::RegistrationState::Asking),
            problem: None,
        };
        Ok(Self {
            uri,
            state: Mutex::new(state),
            started: Instant::now(),
            leave: CancellationToken::new(),
            gone: CancellationToken::new(),
            config,
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its own time, for the machines.
    pub(crate) fn now(&self) -> MonoTime {
        MonoTime::ZERO + self.started.elapsed()
    }

    /// Whether it is called by `sips:`.
    pub(crate) fn is_secure(&self) -> bool {
        self.uri.scheme == Some(Scheme::Sips)
    }

    fn calls_from(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.config.sources.iter().any(|network| network.contains(source))
            || self.state().targets.iter().any(|target| target.address.ip().to_canonical() == source)
    }

    /// Whether it takes calls as far as we know: it answers, and knows us where it must.
    fn is_up(&self) -> bool {
        use callwright_call_core::trunk::RegistrationState as Known;
        let state = self.state();
        let known = match &state.registration {
            None => true,
            Some(Known::Registered { until, .. }) => self.now() < *until,
            Some(Known::Asking | Known::Waiting { .. } | Known::Leaving | Known::Gone) => false,
        };
        known && matches!(state.health, Health::Up { .. })
    }

    /// Takes a place for a call that comes in.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<TrunkPlace, LimitReached> {
        let place = self.place()?;
        self.state().calls_in += 1;
        Ok(place)
    }

    /// Takes a place for a call that goes out.
    pub(crate) fn carry(self: &Arc<Self>) -> Result<TrunkPlace, LimitReached> {
        let place = self.place()?;
        self.state().calls_out += 1;
        Ok(place)
    }

    fn place(self: &Arc<Self>) -> Result<TrunkPlace, LimitReached> {
        let now = self.now();
        let mut state = self.state();
        match state.limits.take(now) {
            Ok(()) => Ok(TrunkPlace(Arc::clone(self))),
            Err(limit) => {
                state.refused += 1;
                Err(limit)
            }
        }
    }

    pub(crate) fn status(&self) -> TrunkStatus {
        use callwright_call_core::trunk::RegistrationState as Known;
        let (up, now) = (self.is_up(), self.now());
        let state = self.state();
        let registration = state.registration.as_ref().map(|known| match known {
            Known::Registered { until, .. } => TrunkRegistration::Registered { left: until.since(now) },
            Known::Asking | Known::Leaving => TrunkRegistration::Asking,
            Known::Waiting { retry, .. } => TrunkRegistration::Waiting { left: retry.since(now) },
            Known::Gone => TrunkRegistration::Gone,
        });
        TrunkStatus {
            name: self.config.name.clone(),
            up,
            registration,
            calls: state.limits.calls(),
            calls_max: self.config.calls_max,
            calls_in: state.calls_in,
            calls_out: state.calls_out,
            refused: state.refused,
            targets: state.targets.clone(),
            problem: state.problem.clone(),
        }
    }
}

impl TrunkPlace {
    pub(crate) fn trunk(&self) -> &Trunk {
        &self.0
    }
}

impl Drop for TrunkPlace {
    fn drop(&mut self) {
        self.0.state().limits.give_back();
    }
}

impl std::fmt::Debug for Trunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trunk").field("name", &self.config.name).finish_non_exhaustive()
    }
}
