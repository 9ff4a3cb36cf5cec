//! A gRPC service with a proto of its own as a system: one call of a method, never sent again by itself.
//!
//! A method is called only while its descriptor says what was accepted. A descriptor file says the same for as long as the core runs; a
//! service that is asked by reflection may say another thing a minute later. What its statuses mean is in `wire`'s `dynamic/status.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_model::Record;
use callwright_plan_core::{MethodSpec, Tool, ToolSpec, from_json, pin, to_json};
use callwright_wire::dynamic::{CallError, Place, Protos, Rpc, RpcCall, RpcClient};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use super::config::{GrpcService, Web};
use super::{Ask, Failure};

/// A service that is spoken to.
#[derive(Debug)]
pub(crate) struct Service {
    name: String,
    client: RpcClient,
    told: Told,
}

/// Where its descriptors come from.
#[derive(Debug)]
enum Told {
    File(Arc<Known>),
    Reflection(Mutex<Option<Arc<Known>>>),
}

/// What is known of its methods.
#[derive(Debug)]
struct Known {
    protos: Protos,
    pins: BTreeMap<String, String>,
    asked: Instant,
}

/// The methods that a file descriptor set describes.
///
/// # Errors
/// When it is none.
pub fn described(descriptor: &[u8]) -> Result<Vec<MethodSpec>, String> {
    Ok(Protos::decode(descriptor)?.rpcs().into_iter().map(spec).collect())
}

/// What a running service says of itself by reflection: its methods, and the file descriptor set that describes them.
///
/// # Errors
/// When it does not answer, or has no reflection.
pub async fn reflected(service: &GrpcService) -> Result<(Vec<MethodSpec>, Vec<u8>), String> {
    let address = &service.web.url;
    let protos = RpcClient::new(&place(service))?.reflect(REFLECT_MAX).await;
    let protos = protos.map_err(|why| format!("`{address}`: {why}"))?;
    Ok((protos.rpcs().into_iter().map(spec).collect(), protos.encode()))
}

impl Service {
    pub(crate) fn new(name: &str, config: GrpcService) -> Result<Self, String> {
        let client = RpcClient::new(&place(&config))?;
        let told = match &config.descriptor {
            Some(bytes) => Told::File(Arc::new(Known::of(Protos::decode(bytes)?))),
            None => Told::Reflection(Mutex::default()),
        };
        Ok(Self { name: name.to_owned(), client, told })
    }

    /// Calls a method, once.
    pub(crate) async fn call(&self, ask: &Ask<'_>, method: &Tool) -> Result<Record, Failure> {
        let deadline = tokio::time::Instant::now() + ask.deadline;
        let late = |_| Failure::not_sent("the service did not tell of its methods in time");
        let known = timeout_at(deadline, self.known()).await.map_err(late)?.map_err(Failure::not_sent)?;
        known.accepted(ask.method, &method.pin).map_err(|what| {
            Failure::unfit(format!(
                "{what} (`{}`): look at it and accept it with `callwright import grpc --accept`",
                self.name
            ))
        })?;
        let mut arguments = to_json(ask.arguments, &method.decimals).map_err(Failure::unfit)?;
        let key = match (&method.key_as, ask.key) {
            (Some(field), Some(key)) => {
                arguments.insert(field.clone(), key.into());
                None
            }
            (_, key) => key,
        };
        let call = RpcCall {
            method: ask.method,
            arguments,
            key,
            not_found: method.not_found.as_deref(),
            again: ask.attempt > 1,
            deadline: deadline.saturating_duration_since(tokio::time::Instant::now()),
        };
        let answer = self.client.call(&known.protos, call).await.map_err(|error| match error {
            CallError::NotSent(why) => Failure::not_sent(why),
            CallError::Unfit(why) => Failure::unfit(why),
            CallError::Sent(error) => error.into(),
        })?;
        // It was done; what cannot be read is no answer.
        from_json(&answer, ask.outputs).map_err(|what| Failure::Unknown(format!("the answer: {what}")))
    }

    /// What of these methods is not as it was accepted.
    pub(crate) async fn inspect(&self, pins: &[(String, String)]) -> Vec<String> {
        match self.known().await {
            Ok(known) => pins.iter().filter_map(|(method, pin)| known.accepted(method, pin).err()).collect(),
            Err(why) => vec![why],
        }
    }

    /// Its methods, asked for not long ago.
    async fn known(&self) -> Result<Arc<Known>, String> {
        let told = match &self.told {
            Told::File(known) => return Ok(Arc::clone(known)),
            Told::Reflection(told) => told,
        };
        let mut told = told.lock().await;
        if let Some(known) = told.as_ref().filter(|known| known.asked.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        *told = None;
        let known = Arc::new(Known::of(self.client.reflect(REFLECT_MAX).await?));
        *told = Some(Arc::clone(&known));
        Ok(known)
    }
}

impl Known {
    fn of(protos: Protos) -> Self {
        let specs = protos.rpcs().into_iter().filter(|rpc| !rpc.streams).map(spec);
        let pins = specs.map(|spec| (spec.pinned.name.clone(), pin(&spec.pinned))).collect();
        Self { protos, pins, asked: Instant::now() }
    }

    fn accepted(&self, method: &str, accepted: &str) -> Result<(), String> {
        match self.pins.get(method) {
            None => Err(format!("the service has no method `{method}` of one request and one answer")),
            Some(pin) if pin != accepted => Err(format!("the method `{method}` is not what was accepted")),
            Some(_) => Ok(()),
        }
    }
}

fn spec(rpc: Rpc) -> MethodSpec {
    let Rpc { name, comment, only_reads, streams, choices, input, output } = rpc;
    let pinned =
        ToolSpec { name, description: None, input, output: Some(output), claims_to_read: only_reads };
    MethodSpec { pinned, comment, choices, streams }
}

fn place(service: &GrpcService) -> Place {
    let Web { url, bearer, headers } = &service.web;
    let bearer =
        bearer.iter().map(|bearer| ("authorization".to_owned(), format!("Bearer {}", bearer.reveal())));
    let headers = headers.iter().map(|(name, secret)| (name.clone(), secret.reveal().to_owned()));
    Place {
        address: url.clone(),
        metadata: bearer.chain(headers).collect(),
        authority: service.authority.clone(),
    }
}

const REFLECT_MAX: Duration = Duration::from_secs(10);
/// How long a method may have changed before it is noticed.
const FRESH: Duration = Duration::from_secs(60);
