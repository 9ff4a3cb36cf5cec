//! Supervisors: whose phone is rung for a call, and what they are told to do in it.

use std::sync::Arc;

use async_trait::async_trait;
use callwright_console::{SuperviseRefusal, SuperviseWish, Supervisors};
use callwright_conversation::{Fact, HumanFact};
use callwright_model::{CallId, LegId};
use callwright_sip::check_address;
use tracing::info;

use crate::gateway::Shared;
use crate::gateway::board::Legs;
use crate::gateway::phone::{self, Callee};

/// The supervisor of a call. One at a time.
#[derive(Default)]
pub(crate) enum Supervisor {
    #[default]
    Nobody,
    /// Asked for; the call has not said yes.
    Asked(Callee),
    /// Rung, or there.
    Rung { leg: LegId, address: String },
}

impl Supervisor {
    fn address(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Asked(callee) => Some(&callee.address),
            Self::Rung { address, .. } => Some(address),
        }
    }

    /// Its leg is over.
    pub(crate) fn forget(&mut self, gone: LegId) {
        if matches!(self, Self::Rung { leg, .. } if *leg == gone) {
            *self = Self::Nobody;
        }
    }
}

/// What the console may do with supervisors.
pub(crate) struct SupervisorDoor(pub(crate) Arc<Shared>);

#[async_trait]
impl Supervisors for SupervisorDoor {
    async fn supervise(&self, call: CallId, wish: Option<SuperviseWish>) -> Result<(), SuperviseRefusal> {
        let legs = self.0.calls().get(&call).map(|entry| entry.legs.clone());
        let legs = legs.ok_or(SuperviseRefusal::Unknown)?;
        let mode = wish.as_ref().map(|wish| wish.mode);
        let by = match wish {
            Some(wish) => legs.admit_supervisor(wish)?,
            None => String::new(),
        };
        info!(%call, ?mode, by, "a call is to be supervised");
        let fact = Fact::Supervise { what: mode, by };
        // A call that is over meanwhile takes no wishes.
        legs.facts.send(fact).await.map_err(|_| SuperviseRefusal::Unknown)
    }
}

impl Legs {
    /// Notes whom to ring, unless somebody else is there. Tells who wants it.
    fn admit_supervisor(&self, wish: SuperviseWish) -> Result<String, SuperviseRefusal> {
        let SuperviseWish { mode: _, phone, by } = wish;
        let phone = phone.map(|phone| phone.into_inner());
        if let Some(address) = &phone {
            let refused =
                |error: callwright_sip::SipError| SuperviseRefusal::Address { reason: error.to_string() };
            check_address(address).map_err(refused)?;
        }
        let mut table = self.table();
        match (table.supervisor.address(), phone) {
            (None, None) => return Err(SuperviseRefusal::Nobody),
            (None, Some(address)) => {
                let name = "the supervisor".to_owned();
                let callee = Callee { name, address, replaces: None, referred_by: None, rival: None };
                table.supervisor = Supervisor::Asked(callee);
            }
            (Some(there), Some(other)) if there != other => return Err(SuperviseRefusal::Another),
            (Some(_), _) => {}
        }
        Ok(by)
    }

    /// Rings the supervisor's phone.
    pub(crate) fn dial_supervisor(&self, leg: LegId) {
        let callee = {
            let mut table = self.table();
            match std::mem::take(&mut table.supervisor) {
                Supervisor::Asked(callee) => {
                    table.supervisor = Supervisor::Rung { leg, address: callee.address.clone() };
                    Some(callee)
                }
                Supervisor::Nobody | Supervisor::Rung { .. } => None,
            }
        };
        match callee {
            Some(callee) => drop(tokio::spawn(phone::ring(self.clone(), leg, callee))),
            None => {
                let why = "no supervisor has named a phone".to_owned();
                self.inform(Fact::Human(leg, HumanFact::Refused(why)));
            }
        }
    }
}
