//! Calls that the gateway makes for a line: the agent speaks first once somebody, or something, has answered.

use std::sync::Arc;

use anyhow::{Context, Result};
use callwright_call_core::sdp;
use callwright_model::{Pii, TryOutcome};
use callwright_sip::{LegEnd, OutgoingCall, SipLeg, SipLegEvent};
use tracing::info;

use crate::gateway::dial::Way;
use crate::gateway::phone::{Answered, begin, local};
use crate::gateway::promises::Called;
use crate::gateway::{Shared, transfers};
use crate::lines::LoadedLine;

/// Rings somebody by one way after another. When it is answered their call has begun, and tells by itself what comes of it.
///
/// # Errors
/// What came of it, when nobody answered.
pub(crate) async fn place(
    shared: &Arc<Shared>,
    line: LoadedLine,
    number: Pii<String>,
    called: Called,
) -> Result<(), TryOutcome> {
    let user = format!("user:{}", number.reveal());
    // A phone that registers here is called here, by whatever name.
    let address = if shared.sip.phones_of(number.reveal()).is_some() { &user } else { number.reveal() };
    let failed = |error: anyhow::Error| {
        info!(%error, "a call back could not be placed");
        TryOutcome::Failed
    };
    let mut outcome = TryOutcome::Failed;
    for way in Way::to(&shared.sip, address).map_err(failed)? {
        let wanted = shared.config.call_backs.trunk.as_deref();
        let usable = match way.trunk() {
            Some(trunk) => wanted.is_none_or(|wanted| wanted == trunk),
            // Whoever calls says by what name: nobody is called at an address that a stranger made up.
            None => way.address().starts_with("user:"),
        };
        if !usable {
            info!("whom to call back is no user of ours, and no number that the trunk takes");
            continue;
        }
        match ring(shared, &line, &number, &way).await {
            Ok(Ok((leg, answered))) => {
                begin(shared, leg, Answered { called: Some(called), ..answered });
                return Ok(());
            }
            Ok(Err(refused)) => outcome = refused,
            Err(error) => outcome = failed(error),
        }
        // Another trunk may do better only where this one was in trouble.
        if outcome != TryOutcome::Failed {
            break;
        }
    }
    Err(outcome)
}

/// Rings by one way, until it is answered or not.
async fn ring(
    shared: &Arc<Shared>,
    line: &LoadedLine,
    number: &Pii<String>,
    way: &Way,
) -> Result<Result<(SipLeg, Answered), TryOutcome>> {
    let mut local = local(shared, way.local_ip(&shared.sip).await?, way.trunk())?;
    let ours = sdp::offer(&local.media);
    let mut call = OutgoingCall::new(way.address(), transfers::our_address(shared), ours.to_string());
    call.answer_time = shared.config.call_backs.ring;
    let mut leg = way.invite(&shared.sip, call).await?;
    while let Some(event) = leg.next().await {
        match event {
            SipLegEvent::Answered { sdp } => {
                let theirs = sdp.context("the answer has no session description")?.parse()?;
                let agreed = sdp::accept(&ours, &theirs)?;
                local.socket.connect(&agreed.path());
                local.media.settle(&agreed);
                let trunk = way.trunk().map(str::to_owned);
                let (line, caller) = (line.clone(), Some(number.clone()));
                return Ok(Ok((leg, Answered { line, trunk, caller, called: None, local, ours, agreed })));
            }
            SipLegEvent::Refused { status, .. } => return Ok(Err(refused(status))),
            SipLegEvent::Ended(end) => return Ok(Err(ended(&end))),
            SipLegEvent::Refer(refer) => refer.reject(603),
            SipLegEvent::Ringing { .. }
            | SipLegEvent::Established { .. }
            | SipLegEvent::Reinvite(_)
            | SipLegEvent::Dtmf { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Referred(_) => {}
        }
    }
    Ok(Err(TryOutcome::Failed))
}

/// What a status says of the person (RFC 3261, 21).
fn refused(status: u16) -> TryOutcome {
    match status {
        486 | 600 | 603 => TryOutcome::Busy,
        408 | 480 | 487 => TryOutcome::NoAnswer,
        _ => TryOutcome::Failed,
    }
}

fn ended(end: &LegEnd) -> TryOutcome {
    match end {
        LegEnd::NoAnswer | LegEnd::ByPeer(_) | LegEnd::ByUs => TryOutcome::NoAnswer,
        LegEnd::Expired | LegEnd::NotAcknowledged | LegEnd::Failed(_) => TryOutcome::Failed,
    }
}
