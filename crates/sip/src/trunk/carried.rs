//! A call on its way by a trunk: what it says there, and which of the trunk's addresses are left to try.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::invitation::InviteOption;

use super::{Trunk, TrunkPlace, TrunkWay, address, identify, locate};
use crate::dns::Target;
use crate::endpoint::Shared;
use crate::error::SipError;

/// Lasts as long as the call, whose place on the trunk it holds.
#[derive(Debug)]
pub(crate) struct Carried {
    place: TrunkPlace,
    number: String,
    /// The first is the one being tried.
    targets: VecDeque<Target>,
}

impl Carried {
    pub(crate) async fn new(shared: &Arc<Shared>, way: &TrunkWay) -> Result<Self, SipError> {
        let trunk = named(shared, &way.trunk)?;
        let full = |limit| SipError::TrunkFull { trunk: way.trunk.clone(), limit };
        let place = trunk.carry().map_err(full)?;
        let targets = locate(shared, trunk).await.map_err(SipError::Unreachable)?.into();
        Ok(Self { place, number: way.number.reveal().clone(), targets })
    }

    /// How long an address may be silent.
    pub(crate) fn answer_within(&self) -> Duration {
        self.place.trunk().config.answer_within
    }

    /// Goes on to the next address; `false` when there is none.
    pub(crate) fn next(&mut self) -> bool {
        self.targets.pop_front();
        !self.targets.is_empty()
    }

    /// Says where the call goes and who it is from.
    pub(crate) async fn route(
        &self,
        shared: &Arc<Shared>,
        option: &mut InviteOption,
    ) -> Result<(), SipError> {
        let trunk = self.place.trunk();
        let gone = || SipError::Unreachable(trunk.config.uri.clone());
        let target = self.targets.front().ok_or_else(gone)?;
        let lost = || SipError::Unreachable(format!("{} over {}", target.address, target.transport.name()));
        let destination = address(target);
        // A connection that cannot be had is known now; the transaction would try for half a minute.
        let connecting = shared.connect(target.transport, target.address, &target.host);
        tokio::time::timeout(self.answer_within(), connecting).await.map_err(|_| lost())??;
        let local = shared.local_ip(target.address).ok_or_else(lost)?;
        option.contact = shared.contact(target.address, local, target.transport, trunk.is_secure())?;
        option.destination = Some(destination);
        option.callee = trunk.request_uri(&self.number);
        let (caller, name, identity) = identify(trunk);
        (option.caller, option.caller_display_name) = (caller, name);
        option.headers.get_or_insert_default().extend(identity);
        option.credential = trunk.config.credentials.clone().map(|credentials| Credential {
            username: credentials.user,
            password: credentials.password.into_inner(),
            realm: None,
            auth_username: None,
        });
        Ok(())
    }
}

/// Our address toward a trunk.
pub(crate) async fn local_ip_to_trunk(shared: &Shared, name: &str) -> Result<IpAddr, SipError> {
    let targets = locate(shared, named(shared, name)?).await.map_err(SipError::Unreachable)?;
    let local = targets.first().and_then(|target| shared.local_ip(target.address));
    local.ok_or_else(|| SipError::Unreachable(name.to_owned()))
}

fn named<'s>(shared: &'s Shared, name: &str) -> Result<&'s Arc<Trunk>, SipError> {
    shared.trunks.named(name).ok_or_else(|| SipError::NoTrunk(name.to_owned()))
}
