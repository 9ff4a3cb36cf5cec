//! Calls back and what was promised of them, to and from protobuf.

use callwright_model::{CallTry, Pii, Promise, PromiseTerms, Standing, TryOutcome};

use prost::Message as _;

use super::{Callback, CallbackDone, ClaimRequest, ClaimedCallback};
use crate::MESSAGE_BYTES_MAX;
use crate::convert::{ConvertError, call_from_pb};
use crate::pb::actions::v1 as pb;

pub(super) fn callback_to_pb(callback: Callback) -> pb::Callback {
    let state = state(&callback);
    let mut message = pb::Callback {
        call: callback.call.to_string(),
        number: callback.number.into_inner(),
        briefing: callback.briefing.into_inner(),
        asked_unix_ms: callback.asked_unix_ms,
        done: callback.done.map(|done| pb::CallbackDone { by: done.by.into_inner(), unix_ms: done.unix_ms }),
        state: state.into(),
        ..pb::Callback::default()
    };
    let Some(Promise { terms, token: _, tries, standing }) = callback.promise else { return message };
    match standing {
        Standing::Open { next_unix_ms } => message.next_unix_ms = next_unix_ms,
        Standing::Trying { until_unix_ms } => {
            message.trying = tries.last().map(|last| last.gateway.clone()).unwrap_or_default();
            message.trying_until_unix_ms = until_unix_ms;
        }
        Standing::Kept { .. } | Standing::GivenUp => {}
        Standing::Cancelled { by, unix_ms } => {
            message.cancelled = Some(pb::CallbackDone { by: by.into_inner(), unix_ms });
        }
    }
    message.terms = Some(terms_to_pb(terms));
    message.tries = tries.into_iter().map(try_to_pb).collect();
    message
}

/// What comes first of a list, as much as a message holds.
pub(super) fn as_many_as_fit(callbacks: Vec<Callback>) -> Vec<pb::Callback> {
    // Of each a tag and a length come on top.
    let mut left = MESSAGE_BYTES_MAX;
    let fits = |one: &pb::Callback| {
        let room = left.checked_sub(one.encoded_len() + 8);
        left = room.unwrap_or(0);
        room.is_some()
    };
    callbacks.into_iter().map(callback_to_pb).take_while(fits).collect()
}

fn state(callback: &Callback) -> pb::CallbackState {
    if callback.done.is_some() {
        return pb::CallbackState::Done;
    }
    match callback.promise.as_ref().map(|promise| &promise.standing) {
        None | Some(Standing::Open { .. }) => pb::CallbackState::Open,
        Some(Standing::Trying { .. }) => pb::CallbackState::Trying,
        Some(Standing::Kept { .. }) => pb::CallbackState::Kept,
        Some(Standing::GivenUp) => pb::CallbackState::GivenUp,
        Some(Standing::Cancelled { .. }) => pb::CallbackState::Cancelled,
    }
}

pub(super) fn callback_from_pb(callback: pb::Callback) -> Result<Callback, ConvertError> {
    if callback.number.trim().is_empty() {
        return Err(ConvertError::new("number", "is required"));
    }
    let state = callback.state();
    let promise = callback.terms.map(|terms| {
        let tries: Vec<_> = callback.tries.into_iter().map(try_from_pb).collect::<Result<_, _>>()?;
        let standing = match (state, callback.cancelled) {
            (_, Some(cancelled)) => {
                Standing::Cancelled { by: Pii::new(cancelled.by), unix_ms: cancelled.unix_ms }
            }
            (pb::CallbackState::Kept, None) => Standing::Kept { unix_ms: last_ended(&tries) },
            (pb::CallbackState::Trying, None) => {
                Standing::Trying { until_unix_ms: callback.trying_until_unix_ms }
            }
            (pb::CallbackState::GivenUp, None) => Standing::GivenUp,
            (
                pb::CallbackState::Unspecified
                | pb::CallbackState::Open
                | pb::CallbackState::Cancelled
                | pb::CallbackState::Done,
                None,
            ) => Standing::Open { next_unix_ms: callback.next_unix_ms },
        };
        let token = tries.last().map_or(0, |last| last.token);
        Ok::<_, ConvertError>(Promise { terms: terms_from_pb(terms)?, token, tries, standing })
    });
    Ok(Callback {
        call: call_from_pb(&callback.call)?,
        number: Pii::new(callback.number),
        briefing: Pii::new(callback.briefing),
        asked_unix_ms: callback.asked_unix_ms,
        done: callback.done.map(|done| CallbackDone { by: Pii::new(done.by), unix_ms: done.unix_ms }),
        promise: promise.transpose()?,
    })
}

/// A promise is kept by its last try.
fn last_ended(tries: &[CallTry]) -> u64 {
    tries.last().and_then(|last| last.ended).map_or(0, |(ended, _)| ended)
}

pub(super) fn terms_to_pb(terms: PromiseTerms) -> pb::CallbackTerms {
    let PromiseTerms { not_before_unix_ms, not_after_unix_ms, line, language, tries_max, pause_ms } = terms;
    pb::CallbackTerms {
        not_before_unix_ms,
        not_after_unix_ms,
        line,
        language: language.to_string(),
        tries_max,
        pause_ms,
    }
}

fn terms_from_pb(terms: pb::CallbackTerms) -> Result<PromiseTerms, ConvertError> {
    let pb::CallbackTerms { not_before_unix_ms, not_after_unix_ms, line, language, tries_max, pause_ms } =
        terms;
    let wrong = |field: &str, what| Err(ConvertError::new(format!("terms.{field}"), what));
    match not_after_unix_ms.checked_sub(not_before_unix_ms) {
        Some(..=DAY_MS) => {}
        Some(_) | None => return wrong("not_after_unix_ms", "must be after the other, by at most a day"),
    }
    if line.is_empty() || line.len() > NAME_MAX {
        return wrong("line", "must have 1 to 100 bytes");
    }
    if !(1..=TRIES_MAX).contains(&tries_max) {
        return wrong("tries_max", "must be 1 to 10");
    }
    if pause_ms > DAY_MS {
        return wrong("pause_ms", "must be at most a day");
    }
    let language = language.parse().map_err(|_| ConvertError::new("terms.language", "is no language"))?;
    Ok(PromiseTerms { not_before_unix_ms, not_after_unix_ms, line, language, tries_max, pause_ms })
}

fn try_to_pb(one: CallTry) -> pb::CallbackTry {
    let CallTry { token, gateway, begun_unix_ms, ended } = one;
    let outcome = ended.map_or(pb::CallbackOutcome::Unspecified, |(_, outcome)| outcome_to_pb(outcome));
    let ended_unix_ms = ended.map_or(0, |(ended, _)| ended);
    pb::CallbackTry { token, gateway, begun_unix_ms, ended_unix_ms, outcome: outcome.into() }
}

fn try_from_pb(one: pb::CallbackTry) -> Result<CallTry, ConvertError> {
    let ended = outcome_from_pb(one.outcome)?.map(|outcome| (one.ended_unix_ms, outcome));
    Ok(CallTry { token: one.token, gateway: one.gateway, begun_unix_ms: one.begun_unix_ms, ended })
}

pub(super) fn outcome_to_pb(outcome: TryOutcome) -> pb::CallbackOutcome {
    match outcome {
        TryOutcome::Talked => pb::CallbackOutcome::Talked,
        TryOutcome::NoAnswer => pb::CallbackOutcome::NoAnswer,
        TryOutcome::Busy => pb::CallbackOutcome::Busy,
        TryOutcome::Machine => pb::CallbackOutcome::Machine,
        TryOutcome::Failed => pb::CallbackOutcome::Failed,
        TryOutcome::Lost => pb::CallbackOutcome::Lost,
        TryOutcome::GivenBack => pb::CallbackOutcome::GivenBack,
    }
}

fn outcome_from_pb(outcome: i32) -> Result<Option<TryOutcome>, ConvertError> {
    let known =
        pb::CallbackOutcome::try_from(outcome).map_err(|_| ConvertError::new("outcome", "is not known"))?;
    Ok(match known {
        pb::CallbackOutcome::Unspecified => None,
        pb::CallbackOutcome::Talked => Some(TryOutcome::Talked),
        pb::CallbackOutcome::NoAnswer => Some(TryOutcome::NoAnswer),
        pb::CallbackOutcome::Busy => Some(TryOutcome::Busy),
        pb::CallbackOutcome::Machine => Some(TryOutcome::Machine),
        pb::CallbackOutcome::Failed => Some(TryOutcome::Failed),
        pb::CallbackOutcome::Lost => Some(TryOutcome::Lost),
        pb::CallbackOutcome::GivenBack => Some(TryOutcome::GivenBack),
    })
}

/// What may be told of a try: something, and nothing that only the core can know.
pub(super) fn reported_from_pb(outcome: i32) -> Result<TryOutcome, ConvertError> {
    match outcome_from_pb(outcome)? {
        Some(TryOutcome::Lost) => Err(ConvertError::new("outcome", "lost is never reported")),
        Some(outcome) => Ok(outcome),
        None => Err(ConvertError::new("outcome", "is required")),
    }
}

pub(super) fn claim_from_pb(request: pb::ClaimCallbacksRequest) -> Result<ClaimRequest, ConvertError> {
    let pb::ClaimCallbacksRequest { gateway, lines, max, lease_ms } = request;
    if gateway.is_empty() || gateway.len() > NAME_MAX {
        return Err(ConvertError::new("gateway", "must have 1 to 100 bytes"));
    }
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(ConvertError::new("lines", "must be 1 to 1000"));
    }
    if !(1..=CLAIMED_MAX).contains(&max) {
        return Err(ConvertError::new("max", "must be 1 to 100"));
    }
    if !LEASE_MS.contains(&lease_ms) {
        return Err(ConvertError::new("lease_ms", "must be 1000 to 600000"));
    }
    Ok(ClaimRequest { gateway, lines, max, lease_ms })
}

pub(super) fn claim_to_pb(request: ClaimRequest) -> pb::ClaimCallbacksRequest {
    let ClaimRequest { gateway, lines, max, lease_ms } = request;
    pb::ClaimCallbacksRequest { gateway, lines, max, lease_ms }
}

pub(super) fn claimed_to_pb(claimed: ClaimedCallback) -> pb::ClaimedCallback {
    let ClaimedCallback { callback, token, until_unix_ms } = claimed;
    pb::ClaimedCallback { callback: Some(callback_to_pb(callback)), token, until_unix_ms }
}

pub(super) fn claimed_from_pb(claimed: pb::ClaimedCallback) -> Result<ClaimedCallback, ConvertError> {
    let callback = claimed.callback.ok_or_else(|| ConvertError::new("callback", "is required"))?;
    Ok(ClaimedCallback {
        callback: callback_from_pb(callback)?,
        token: claimed.token,
        until_unix_ms: claimed.until_unix_ms,
    })
}

/// Names of gateways and lines.
const NAME_MAX: usize = 100;
/// Far more than a gateway has.
const LINES_MAX: usize = 1_000;
/// A gateway makes a few calls at a time.
const CLAIMED_MAX: u32 = 100;
/// Nobody rings, greets and asks for ten minutes.
const LEASE_MS: std::ops::RangeInclusive<u64> = 1_000..=600_000;
/// People call who could not be reached in so many tries.
const TRIES_MAX: u32 = 10;
/// The longest time that may be promised.
const DAY_MS: u64 = 86_400_000;
