//! Calls of business systems, whatever they speak.

mod config;
mod grpc;
mod http;
mod mcp;
mod web;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use callwright_model::{PlanId, Record};
use callwright_plan_core::{Door, Field, Invoke, Made, Outcome, Pack, Read, ReadOutcome};
use callwright_wire::actions::CoreError;
use callwright_wire::connector::{Client, Invocation, InvokeError, Refusal};

pub use self::http::fetch;
use crate::breakers::Breakers;
use crate::journal::unix_ms;
pub use config::{ConnectorConfig, GrpcService, McpServer, Program, Web};
pub use grpc::{described, reflected};
pub use mcp::discover;

/// The systems by the names of their connectors.
#[derive(Debug)]
pub(crate) struct Connectors(BTreeMap<String, System>);

#[derive(Debug)]
enum System {
    Own(Client),
    Mcp(mcp::Server),
    Http(http::Api),
    Grpc(grpc::Service),
}

/// One call, with all that any protocol must know of it.
struct Ask<'a> {
    door: &'a Door,
    method: &'a str,
    arguments: &'a Record,
    outputs: &'a [Field],
    key: Option<&'a str>,
    deadline: Duration,
    plan: &'a PlanId,
    attempt: u32,
}

/// Why a call brought no answer.
#[derive(Debug)]
enum Failure {
    /// It was answered with a no, and nothing was done.
    Refused(Refusal),
    /// The system did not understand it, and nothing was done.
    Misused(String),
    /// It was not sent.
    NotSent {
        /// For the operator.
        reason: String,
        /// It may be sent a moment later.
        retriable: bool,
    },
    /// Nobody knows whether it was done.
    Unknown(String),
}

impl Failure {
    /// It was not sent, and may be a moment later.
    fn not_sent(reason: impl Into<String>) -> Self {
        Self::NotSent { reason: reason.into(), retriable: true }
    }

    /// It was not sent, and will not be until somebody has changed something.
    fn unfit(reason: impl Into<String>) -> Self {
        Self::NotSent { reason: reason.into(), retriable: false }
    }

    fn refused(reason: &str) -> Self {
        Self::Refused(Refusal::Refused { reason: reason.to_owned(), retriable: false })
    }
}

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Refused(refusal) => Self::Refused(refusal),
            InvokeError::Misused(reason) => Self::Misused(reason),
            InvokeError::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl Connectors {
    pub(crate) fn new(configs: BTreeMap<String, ConnectorConfig>) -> Result<Self, String> {
        let system = |(name, config): (String, ConnectorConfig)| {
            let system = match config {
                ConnectorConfig::Own(address) => Client::connect_lazy(&address)
                    .map(System::Own)
                    .map_err(|error| format!("connector `{name}`: `{address}` is no address: {error}"))?,
                ConnectorConfig::Mcp(server) => System::Mcp(mcp::Server::new(&name, server)),
                ConnectorConfig::Http(web) => {
                    System::Http(http::Api::new(&web).map_err(|why| format!("connector `{name}`: {why}"))?)
                }
                ConnectorConfig::Grpc(config) => System::Grpc(
                    grpc::Service::new(&name, config).map_err(|why| format!("connector `{name}`: {why}"))?,
                ),
            };
            Ok((name, system))
        };
        configs.into_iter().map(system).collect::<Result<_, _>>().map(Self)
    }

    /// Whether every action of a pack has a system that speaks what the action is made for.
    pub(crate) fn serve(&self, pack: &Pack) -> Result<(), String> {
        for action in pack.actions.values() {
            let (name, wanted) = (&action.call.connector, action.call.door.name());
            let speaks = match self.0.get(name) {
                None => return Err(format!("the connector `{name}` has no address in the config")),
                Some(System::Own(_)) => Door::Own.name(),
                Some(System::Mcp(_)) => "MCP",
                Some(System::Http(_)) => "HTTP",
                Some(System::Grpc(_)) => "gRPC",
            };
            if speaks != wanted {
                return Err(format!(
                    "the action `{}` of the pack `{}` speaks {wanted}, and the connector `{name}` speaks {speaks}",
                    action.call.action, pack.name
                ));
            }
        }
        Ok(())
    }

    /// Asks each system that says what it can do for what these packs use of it, and logs what is not as it was accepted: an operator
    /// should hear of it before a caller does. Nothing waits for it.
    pub(crate) async fn inspect<'p>(&self, packs: impl Iterator<Item = &'p Pack>) {
        let mut pins: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for action in packs.flat_map(|pack| pack.actions.values()) {
            if let Door::Tool(tool) | Door::Grpc(tool) = &action.call.door {
                let pinned = (action.call.method.clone(), tool.pin.clone());
                pins.entry(&action.call.connector).or_default().push(pinned);
            }
        }
        for (name, pins) in pins {
            let wrong = match self.0.get(name) {
                Some(System::Mcp(server)) => server.inspect(&pins).await,
                Some(System::Grpc(service)) => service.inspect(&pins).await,
                Some(System::Own(_) | System::Http(_)) | None => continue,
            };
            for what in wrong {
                tracing::warn!(connector = %name, %what, "a system is not as the pack expects it");
            }
        }
    }

    /// Ends connections and child processes.
    pub(crate) async fn close(&self) {
        for system in self.0.values() {
            match system {
                System::Own(_) | System::Http(_) | System::Grpc(_) => {}
                System::Mcp(server) => server.close().await,
            }
        }
    }

    /// Makes a call of a plan that is being carried out.
    pub(crate) async fn invoke(&self, plan: &PlanId, call: &Invoke) -> Outcome {
        let ask = Ask {
            door: &call.door,
            method: &call.method,
            arguments: &call.arguments,
            outputs: &call.outputs,
            key: call.idempotency_key.as_deref(),
            deadline: call.timeout,
            plan,
            attempt: call.attempt,
        };
        let done = self.ask(&call.connector, &ask).await;
        match done {
            Ok(record) => Outcome::Done(record),
            // An earlier attempt may have taken effect, and a no to this one says nothing of it. Who does not let us in by now, or does
            // not understand us, has not looked whether our key is known.
            Err(Failure::NotSent { reason, .. } | Failure::Misused(reason)) if call.unsettled => {
                Outcome::Lost(reason)
            }
            Err(Failure::Refused(refusal)) if !call.settles() => Outcome::Lost(refusal.to_string()),
            Err(Failure::Refused(Refusal::NotFound { argument, reason })) => {
                Outcome::NotFound(format!("{argument} not found: {reason}"))
            }
            Err(Failure::Refused(Refusal::Refused { reason, retriable })) => {
                Outcome::Refused { reason, retriable }
            }
            Err(Failure::NotSent { reason, retriable }) => Outcome::Refused { reason, retriable },
            Err(Failure::Misused(reason)) => Outcome::Refused { reason, retriable: false },
            Err(Failure::Unknown(reason)) => Outcome::Lost(reason),
        }
    }

    async fn ask(&self, connector: &str, ask: &Ask<'_>) -> Result<Record, Failure> {
        match (self.0.get(connector), ask.door) {
            (Some(System::Own(client)), Door::Own) => {
                let invocation = Invocation {
                    method: ask.method.to_owned(),
                    arguments: ask.arguments.clone(),
                    idempotency_key: ask.key.map(str::to_owned),
                    deadline: ask.deadline,
                    plan: Some(ask.plan.0.clone()),
                    attempt: ask.attempt,
                };
                Ok(client.invoke(invocation).await?)
            }
            (Some(System::Mcp(server)), Door::Tool(tool)) => server.call(ask, tool).await,
            (Some(System::Http(api)), Door::Http(endpoint)) => api.call(ask, endpoint).await,
            (Some(System::Grpc(service)), Door::Grpc(method)) => service.call(ask, method).await,
            (Some(System::Own(_) | System::Mcp(_) | System::Http(_) | System::Grpc(_)), door) => {
                Err(Failure::unfit(format!("the connector `{connector}` does not speak {}", door.name())))
            }
            (None, _) => Err(Failure::unfit(format!("there is no connector `{connector}`"))),
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
        let mut attempt = 1;
        loop {
            let ask = Ask {
                door: &read.call.door,
                method: &read.call.method,
                arguments: &read.arguments,
                outputs: &read.call.outputs,
                key: None,
                deadline: read.call.timeout(),
                plan,
                attempt,
            };
            let leave = breakers.leave(name).map_err(|shut| {
                metrics::counter!("callwright_actions_breaker_refused_total", "connector" => name.clone())
                    .increment(1);
                CoreError::Unavailable(format!("{action}: {shut}"))
            })?;
            let done = self.ask(name, &ask).await;
            match &done {
                Err(Failure::Unknown(_) | Failure::NotSent { retriable: true, .. }) => leave.unanswered(),
                Ok(_) | Err(Failure::Refused(_) | Failure::Misused(_) | Failure::NotSent { .. }) => {
                    leave.answered();
                }
            }
            let failure = match done {
                Ok(record) => return Ok((ReadOutcome::Found(record), attempt)),
                Err(Failure::Refused(Refusal::NotFound { argument, .. })) => {
                    return Ok((ReadOutcome::NotFound { argument }, attempt));
                }
                Err(Failure::Refused(Refusal::Refused { reason, retriable: false })) => {
                    return Ok((ReadOutcome::Refused { reason }, attempt));
                }
                Err(Failure::Misused(reason) | Failure::NotSent { reason, retriable: false }) => {
                    tracing::error!(%action, %reason, "a connector does not understand a read");
                    return Err(CoreError::Internal(format!("{action}: {reason}")));
                }
                Err(
                    Failure::Refused(Refusal::Refused { reason, retriable: true })
                    | Failure::NotSent { reason, retriable: true }
                    | Failure::Unknown(reason),
                ) => reason,
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
