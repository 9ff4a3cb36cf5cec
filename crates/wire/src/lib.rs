//! gRPC types and services generated from proto/, converted to and from the model.
//!
//! Nobody else sees protobuf. A server implements [`actions::ActionCore`] or [`connector::Connector`] in words of the model
//! and gets [`tonic::service::Routes`] to serve; a client is [`actions::Client`] or [`connector::Client`]. What a peer sent
//! amiss becomes `INVALID_ARGUMENT` naming the field (server) or a `Protocol` error (client), never a panic.
//!
//! Absent: TLS and authentication between our own processes (they meet on loopback or a Unix socket), and any retry - who
//! calls knows whether a second attempt is safe.

pub mod actions;
pub mod connector;
mod convert;
pub mod dynamic;
mod pb;

pub use convert::ConvertError;

/// The compiled descriptors of every service, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Largest message that is accepted, in bytes. A plan with nine options of twenty facts is under 10 KiB.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// An address a client may name: `http://127.0.0.1:7001` or `unix:/run/callwright/core.sock`.
fn endpoint(address: &str) -> Result<tonic::transport::Endpoint, tonic::transport::Error> {
    Ok(tonic::transport::Endpoint::from_shared(address.to_owned())?
        .connect_timeout(std::time::Duration::from_secs(2))
        .tcp_nodelay(true))
}
