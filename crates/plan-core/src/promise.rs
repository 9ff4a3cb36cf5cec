//! Keeping a promised call back: who may call when, what follows from what came of it, and when it is given up.
//!
//! Whoever keeps promises holds each as data and changes it by these functions alone, under a lock. The time comes in with each of them,
//! so what was due while nobody asked is found out by whoever asks next.
//!
//! - One try at a time: a try is under a lease and a token, and while that runs no other begins.
//! - A lease that ends without a word is a try that may have rung: it counts, and the next is due at once.
//! - No try begins outside of what was promised. Who cannot be called in time any more is given up, and is a person's.

use callwright_model::{CallTry, Pii, Promise, PromiseTerms, Standing, TryOutcome};

/// Why a report or a wish is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The token is of no try, or of one after which another began.
    #[error("the lease of that token has ended, and others have gone on")]
    Stale,
    /// Another outcome of that try is known.
    #[error("another outcome of that try was told before")]
    Told,
    /// The promise was kept.
    #[error("the promise was kept")]
    Kept,
}

/// A promise that was just made; of one that stood before under the same call the tokens go on.
#[must_use]
pub fn made(terms: PromiseTerms, before: Option<&Promise>) -> Promise {
    let standing = Standing::Open { next_unix_ms: terms.not_before_unix_ms };
    Promise { terms, token: before.map_or(0, |before| before.token), tries: Vec::new(), standing }
}

/// What has come to pass by now: a lease that has ended, a time that is over.
pub fn settle(promise: &mut Promise, now_unix_ms: u64) {
    if let Standing::Trying { until_unix_ms } = promise.standing
        && until_unix_ms <= now_unix_ms
    {
        if let Some(last) = promise.tries.last_mut() {
            last.ended = Some((until_unix_ms, TryOutcome::Lost));
        }
        open_again(promise, until_unix_ms);
    }
    if let Standing::Open { .. } = promise.standing
        && promise.terms.not_after_unix_ms < now_unix_ms
    {
        promise.standing = Standing::GivenUp;
    }
}

/// Gives a try to a gateway for a lease. `None` when none is due.
pub fn claim(promise: &mut Promise, gateway: &str, lease_ms: u64, now_unix_ms: u64) -> Option<u64> {
    settle(promise, now_unix_ms);
    match promise.standing {
        Standing::Open { next_unix_ms } if next_unix_ms <= now_unix_ms => {}
        Standing::Open { .. }
        | Standing::Trying { .. }
        | Standing::Kept { .. }
        | Standing::GivenUp
        | Standing::Cancelled { .. } => return None,
    }
    promise.token = promise.token.saturating_add(1);
    promise.tries.push(CallTry {
        token: promise.token,
        gateway: gateway.to_owned(),
        begun_unix_ms: now_unix_ms,
        ended: None,
    });
    promise.standing = Standing::Trying { until_unix_ms: now_unix_ms.saturating_add(lease_ms) };
    Some(promise.token)
}

/// What came of a try. A gateway that was too slow is believed as long as nobody else was given a try since.
///
/// # Errors
/// See [`NotTaken`]. Nothing is changed then.
pub fn report(
    promise: &mut Promise,
    token: u64,
    outcome: TryOutcome,
    now_unix_ms: u64,
) -> Result<(), NotTaken> {
    settle(promise, now_unix_ms);
    let known = match promise.tries.last() {
        Some(last) if last.token == token => last.ended.map(|(_, outcome)| outcome),
        // What was given back is no try: its token is the one given last, and nothing is left of it.
        Some(_) | None if token == promise.token && outcome == TryOutcome::GivenBack => return Ok(()),
        Some(_) | None => return Err(NotTaken::Stale),
    };
    match known {
        None | Some(TryOutcome::Lost) => {}
        Some(known) if known == outcome => return Ok(()),
        Some(_) => return Err(NotTaken::Told),
    }
    let next_unix_ms = if outcome == TryOutcome::GivenBack {
        promise.tries.pop();
        now_unix_ms
    } else {
        if let Some(last) = promise.tries.last_mut() {
            last.ended = Some((now_unix_ms, outcome));
        }
        now_unix_ms.saturating_add(promise.terms.pause_ms)
    };
    match promise.standing {
        // Who let go of it meanwhile wants no further try, and nothing else is changed by this one.
        Standing::Cancelled { .. } | Standing::Kept { .. } => {}
        Standing::Open { .. } | Standing::Trying { .. } | Standing::GivenUp => match outcome {
            TryOutcome::Talked => promise.standing = Standing::Kept { unix_ms: now_unix_ms },
            TryOutcome::NoAnswer
            | TryOutcome::Busy
            | TryOutcome::Machine
            | TryOutcome::Failed
            | TryOutcome::Lost
            | TryOutcome::GivenBack => open_again(promise, next_unix_ms),
        },
    }
    Ok(())
}

/// Lets go of a promise. A try that runs goes on; none follows it.
///
/// # Errors
/// [`NotTaken::Kept`] when there is nothing left to let go of.
pub fn cancel(promise: &mut Promise, by: Pii<String>, now_unix_ms: u64) -> Result<(), NotTaken> {
    settle(promise, now_unix_ms);
    match promise.standing {
        Standing::Kept { .. } => Err(NotTaken::Kept),
        Standing::Cancelled { .. } => Ok(()),
        Standing::Open { .. } | Standing::Trying { .. } | Standing::GivenUp => {
            promise.standing = Standing::Cancelled { by, unix_ms: now_unix_ms };
            Ok(())
        }
    }
}

/// When somebody should look at it: a try may begin, or a lease ends. `None` when nothing comes any more.
#[must_use]
pub fn due_unix_ms(promise: &Promise) -> Option<u64> {
    match promise.standing {
        Standing::Open { next_unix_ms } => Some(next_unix_ms),
        Standing::Trying { until_unix_ms } => Some(until_unix_ms),
        Standing::Kept { .. } | Standing::GivenUp | Standing::Cancelled { .. } => None,
    }
}

/// When it came to an end after which nobody needs to call; `None` before.
#[must_use]
pub fn closed_unix_ms(promise: &Promise) -> Option<u64> {
    match promise.standing {
        Standing::Kept { unix_ms } | Standing::Cancelled { unix_ms, .. } => Some(unix_ms),
        Standing::Open { .. } | Standing::Trying { .. } | Standing::GivenUp => None,
    }
}

/// Another try at this time, if there is one left and it would still be in time.
fn open_again(promise: &mut Promise, next_unix_ms: u64) {
    let left = promise.tries.len() < promise.terms.tries_max as usize;
    promise.standing = if left && next_unix_ms <= promise.terms.not_after_unix_ms {
        Standing::Open { next_unix_ms }
    } else {
        Standing::GivenUp
    };
}

#[cfg(test)]
mod tests;
