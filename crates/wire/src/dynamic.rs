//! Services with protos of their own: any unary method, called by its descriptor, with plain JSON on our side.
//!
//! Descriptors come from a file (`protoc --include_imports --descriptor_set_out FILE`, `buf build -o FILE`) or from the service's own
//! reflection. Here alone is an address spoken to over TLS: these services are not processes of ours.
//!
//! JSON is that of protobuf with the names as in the proto, but for what facts have a shape for: a `Timestamp` is a time in UTC
//! (`2026-11-28T14:00`), a `Duration` a number of seconds, `google.type.Date` a date, and `google.type.Money` an amount (`minor`, `currency`).

mod client;
mod codec;
mod reflect;
mod schema;
mod shape;
mod status;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::Value as Json;

pub use client::{CallError, Place, RpcCall, RpcClient};

/// What a service's descriptors say.
#[derive(Debug, Clone)]
pub struct Protos(DescriptorPool);

/// One method.
#[derive(Debug, Clone, PartialEq)]
pub struct Rpc {
    /// Its name as gRPC has it: `shop.v1.Orders/FindOrder`.
    pub name: String,
    /// What stands above it in the proto; empty when the descriptors have no comments.
    pub comment: String,
    /// It is declared to change nothing (`idempotency_level = NO_SIDE_EFFECTS`).
    pub only_reads: bool,
    /// It sends or takes more than one message, and cannot be called here.
    pub streams: bool,
    /// Groups of fields of its request of which one may be set (`oneof`), by name.
    pub choices: Vec<(String, Vec<String>)>,
    /// Its request as JSON Schema, with the numbers of fields and values as `x-field` and `x-values`.
    pub input: Json,
    /// Its response in the same way.
    pub output: Json,
}

impl Protos {
    /// Reads a file descriptor set.
    ///
    /// # Errors
    /// When it is none, or does not hold what its files import.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let pool = DescriptorPool::decode(bytes);
        pool.map(Self)
            .map_err(|error| format!("it is no file descriptor set with all that it imports: {error}"))
    }

    /// The same as a file descriptor set, to be kept.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// All methods but those of gRPC itself (health, reflection), by name.
    #[must_use]
    pub fn rpcs(&self) -> Vec<Rpc> {
        let services = self.0.services().filter(|service| !service.full_name().starts_with("grpc."));
        let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
        let mut rpcs: Vec<Rpc> = methods.map(|method| rpc(&method)).collect();
        rpcs.sort_by(|a, b| a.name.cmp(&b.name));
        rpcs
    }

    fn method(&self, name: &str) -> Option<MethodDescriptor> {
        let (service, method) = name.split_once('/')?;
        self.0.get_service_by_name(service)?.methods().find(|known| known.name() == method)
    }
}

fn rpc(method: &MethodDescriptor) -> Rpc {
    let options = method.options();
    let level = options.get_field_by_name("idempotency_level").and_then(|level| level.as_enum_number());
    Rpc {
        name: format!("{}/{}", method.parent_service().full_name(), method.name()),
        comment: schema::comment(method),
        only_reads: level == Some(NO_SIDE_EFFECTS),
        streams: method.is_client_streaming() || method.is_server_streaming(),
        choices: schema::choices(&method.input()),
        input: schema::of(&method.input()),
        output: schema::of(&method.output()),
    }
}

/// `google.protobuf.MethodOptions.idempotency_level`
const NO_SIDE_EFFECTS: i32 = 1;

#[cfg(test)]
mod tests;
