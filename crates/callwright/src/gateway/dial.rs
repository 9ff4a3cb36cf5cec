//! Where a call of ours goes: to a phone by its address, or to a number by one trunk after another.

use std::net::IpAddr;

use anyhow::{Result, anyhow};
use callwright_call_core::trunk::{dialled, is_number};
use callwright_sip::{OutgoingCall, SipEndpoint, SipError, SipLeg, TrunkWay};

/// One way to whom is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// A SIP address, or `user:NAME`.
    Address(String),
    /// A trunk, and the number as it wants it.
    Trunk(TrunkWay),
}

/// Why a way was of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    /// The phone, or who stands before it, said no.
    #[error("{status} {reason}")]
    Declined { status: u16, reason: String },
    /// Nobody answered, or the way broke.
    #[error("{0}")]
    Lost(String),
}

impl Way {
    /// All ways to an address, the best first. A number goes by trunks, also where a phone names it as an address of ours.
    ///
    /// # Errors
    /// When it is a number that no trunk takes.
    pub(crate) fn to(sip: &SipEndpoint, address: &str) -> Result<Vec<Self>> {
        let here = sip.user_here(address);
        let Some(number) = dialled(address).or_else(|| here.clone().filter(|user| is_number(user))) else {
            let user = here.filter(|user| sip.phones_of(user).is_some());
            let phones = user.map(|user| format!("user:{user}"));
            return Ok(vec![Self::Address(phones.unwrap_or_else(|| address.to_owned()))]);
        };
        let ways = sip.ways(&number);
        if ways.is_empty() {
            return Err(anyhow!("no trunk takes this number: a `[[trunk.route]]` must fit it"));
        }
        Ok(ways.into_iter().map(Self::Trunk).collect())
    }

    /// The trunk that it goes by.
    pub(crate) fn trunk(&self) -> Option<&str> {
        match self {
            Self::Address(_) => None,
            Self::Trunk(way) => Some(&way.trunk),
        }
    }

    /// The address that is rung; a number has none.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Address(address) => address,
            Self::Trunk(_) => "",
        }
    }

    /// Our address toward it.
    pub(crate) async fn local_ip(&self, sip: &SipEndpoint) -> Result<IpAddr, SipError> {
        match self {
            Self::Address(address) => sip.local_ip_toward(address).await,
            Self::Trunk(way) => sip.local_ip_to_trunk(&way.trunk).await,
        }
    }

    /// Places a call by it.
    pub(crate) async fn invite(&self, sip: &SipEndpoint, call: OutgoingCall) -> Result<SipLeg, SipError> {
        match self {
            Self::Address(_) => sip.invite(call).await,
            Self::Trunk(way) => sip.invite_by_trunk(way, call).await,
        }
    }
}

/// Whether another trunk may do better: this one is full, out of reach or in trouble. What it says of the person called stands.
pub(crate) fn another_may_help(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<NoWay>() {
        Some(NoWay::Declined { status, .. }) => matches!(status, 408 | 500 | 502..=504),
        Some(NoWay::Lost(_)) => true,
        None => error.is::<SipError>(),
    }
}
