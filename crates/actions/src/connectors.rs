//! Calls of business systems.

use std::collections::BTreeMap;
use std::time::Instant;

use callwright_model::{PlanId, Record};
use callwright_plan_core::{Invoke, Made, Outcome, Read, ReadOutcome};
use callwright_wire::actions::CoreError;
use callwright_wire::connector::{Client, Invocation, InvokeError, Refusal};

use crate::breakers::Breakers;
use crate::journal::unix_ms;

/// The connectors by name.
#[derive(Debug)]
pub(crate) struct Connectors(BTreeMap<String, Client>);

impl Connectors {
    pub(crate) fn new(addresses: &BTreeMap<String, String>) -> Result<Self, String> {
        addresses
            .iter()
            .map(|(name, address)| match Client::connect_lazy(address) {
                Ok(client) => Ok((name.clone(), client)),
                Err(error) => Err(format!("connector `{name}`: `{address}` is no address: {error}")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Makes a call of a plan that is being carried out.
    pub(crate) async fn invoke(&self, plan: &PlanId, call: &Invoke) -> Outcome {
        let Some(client) = self.0.get(&call.connector) else {
            return Outcome::Refused {
                reason: format!("there is no connector `{}`", call.connector),
                retriable: false,
            };
        };
        let invocation = Invocation {
            method: call.method.clone(),
            arguments: call.arguments.clone(),
            idempotency_key: call.idempotency_key.clone(),
            deadline: call.timeout,
            plan: Some(plan.0.clone()),
            attempt: call.attempt,
        };
        match client.invoke(invocation).await {
            Ok(record) => Outcome::Done(record),
            Err(InvokeError::Refused(Refusal::NotFound { argument, reason })) => {
                Outcome::NotFound(format!("{argument} not found: {reason}"))
            }
            Err(InvokeError::Refused(Refusal::Refused { reason, retriable })) => {
                Outcome::Refused { reason, retriable }
            }
            Err(InvokeError::Misused(reason)) => Outcome::Refused { reason, retriable: false },
            Err(InvokeError::Unknown(reason)) => Outcome::Lost(reason),
        }
    }

    /// Makes a read for a plan that is being bound; tries again as the action says. Tells how it went beside what came of it.
    /// A system that is left alone for now is not asked.
    pub(crate) async fn read(
        &self,
        plan: &PlanId,
        read: &Read,
        breakers: &Breakers,
    ) -> Result<(ReadOutcome, Made), CoreError> {
        let (unix_ms, begun) = (unix_ms(), Instant::now());
        let (outcome, attempts) = self.read_until(plan, read, breakers).await?;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok((outcome, Made { unix_ms, took_ms, attempts }))
    }

    /// Makes a read until there is an answer or no attempt is left; with the number of the last attempt.
    async fn read_until(
        &self,
        plan: &PlanId,
        read: &Read,
        breakers: &Breakers,
    ) -> Result<(ReadOutcome, u32), CoreError> {
        let (name, action) = (&read.call.connector, &read.call.action);
        let client =
            self.0.get(name).ok_or_else(|| CoreError::Internal(format!("there is no connector `{name}`")))?;
        let mut attempt = 1;
        loop {
            let leave = breakers.leave(name).map_err(|shut| {
                metrics::counter!("callwright_actions_breaker_refused_total", "connector" => name.clone())
                    .increment(1);
                CoreError::Unavailable(format!("{action}: {shut}"))
            })?;
            let done = client.invoke(invocation(plan, read, attempt)).await;
            match &done {
                Err(InvokeError::Unknown(_)) => leave.unanswered(),
                Ok(_) | Err(InvokeError::Refused(_) | InvokeError::Misused(_)) => leave.answered(),
            }
            let failure = match done {
                Ok(record) => return Ok((ReadOutcome::Found(record), attempt)),
                Err(InvokeError::Refused(Refusal::NotFound { argument, .. })) => {
                    return Ok((ReadOutcome::NotFound { argument }, attempt));
                }
                Err(InvokeError::Refused(Refusal::Refused { reason, retriable: false })) => {
                    return Ok((ReadOutcome::Refused { reason }, attempt));
                }
                Err(InvokeError::Misused(reason)) => {
                    tracing::error!(%action, %reason, "a connector does not understand a read");
                    return Err(CoreError::Internal(format!("{action}: {reason}")));
                }
                Err(InvokeError::Refused(Refusal::Refused { reason, retriable: true }))
                | Err(InvokeError::Unknown(reason)) => reason,
            };
            if attempt > read.call.retries {
                tracing::warn!(%action, reason = %failure, "a read had no answer");
                return Err(CoreError::Unavailable(format!("{action}: {failure}")));
            }
            attempt += 1;
            tokio::time::sleep(read.call.backoff.wait(plan, action, attempt)).await;
        }
    }
}

fn invocation(plan: &PlanId, read: &Read, attempt: u32) -> Invocation {
    Invocation {
        method: read.call.method.clone(),
        arguments: Record::clone(&read.arguments),
        idempotency_key: None,
        deadline: read.call.timeout(),
        plan: Some(plan.0.clone()),
        attempt,
    }
}
