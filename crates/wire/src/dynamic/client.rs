//! Calling a service by its descriptors.

use std::time::Duration;

use prost_reflect::{DeserializeOptions, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value as Json};
use thiserror::Error;
use tonic::client::Grpc;
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic::{Request, Status};

use super::codec::Messages;
use super::{Protos, reflect, shape, status};
use crate::connector::InvokeError;
use crate::endpoint;

/// Where a service is, and what it is told to let us in.
#[derive(Clone, Default)]
pub struct Place {
    /// `http://host:port` or, over TLS, `https://host:port`.
    pub address: String,
    /// Sent as metadata with each call, secret.
    pub metadata: Vec<(String, String)>,
    /// Certificates (PEM) of whom to trust instead of those that browsers trust.
    pub authority: Option<Vec<u8>>,
}

/// Calls a service. Nothing is sent again by itself.
#[derive(Debug, Clone)]
pub struct RpcClient {
    channel: Channel,
    metadata: MetadataMap,
}

/// One call.
#[derive(Debug, Clone)]
pub struct RpcCall<'c> {
    /// `shop.v1.Orders/FindOrder`
    pub method: &'c str,
    /// The request.
    pub arguments: Map<String, Json>,
    /// Sent as `idempotency-key`.
    pub key: Option<&'c str>,
    /// The argument that names nothing when the service answers `NOT_FOUND`.
    pub not_found: Option<&'c str>,
    /// It was sent before, and nobody knows what came of it.
    pub again: bool,
    /// How long the caller waits; the service is told as `grpc-timeout`.
    pub deadline: Duration,
}

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Nobody was reached: it was not sent.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The arguments are not what the descriptors say: it was not sent, and never will be.
    #[error("not sent: {0}")]
    Unfit(String),
    /// It was sent.
    #[error(transparent)]
    Sent(#[from] InvokeError),
}

impl RpcClient {
    /// A client that connects when first used. Wants a runtime around it.
    ///
    /// # Errors
    /// When the address, an entry of metadata or a certificate is none. No secret is in the text.
    pub fn new(place: &Place) -> Result<Self, String> {
        let mut metadata = MetadataMap::new();
        for (name, value) in &place.metadata {
            let key = MetadataKey::from_bytes(name.to_ascii_lowercase().as_bytes());
            let key = key.map_err(|_| format!("`{name}` is no name of an entry of metadata"))?;
            let value = MetadataValue::try_from(value.as_str());
            let mut value =
                value.map_err(|_| format!("the secret for `{name}` holds what no entry of metadata can"))?;
            value.set_sensitive(true);
            metadata.insert(key, value);
        }
        let address = &place.address;
        let mut endpoint =
            endpoint(address).map_err(|error| format!("`{address}` is no address: {error}"))?;
        if address.starts_with("https:") {
            let tls = match &place.authority {
                Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
                None => ClientTlsConfig::new().with_webpki_roots(),
            };
            let tls = endpoint.tls_config(tls);
            endpoint = tls.map_err(|error| format!("TLS to `{address}`: {error}"))?;
        }
        Ok(Self { channel: endpoint.connect_lazy(), metadata })
    }

    /// Asks the service for its descriptors, by reflection (v1, else v1alpha).
    ///
    /// # Errors
    /// When it does not answer, or has no reflection.
    pub async fn reflect(&self, timeout: Duration) -> Result<Protos, String> {
        let asked = tokio::time::timeout(timeout, reflect::pool(&self.channel, &self.metadata)).await;
        asked.map_err(|_| "it did not tell of its methods in time".to_owned())?.map(Protos)
    }

    /// Calls a method once.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, protos: &Protos, call: RpcCall<'_>) -> Result<Map<String, Json>, CallError> {
        let RpcCall { method: name, arguments, key, not_found, again, deadline } = call;
        let unfit = CallError::Unfit;
        let method = protos.method(name).ok_or_else(|| unfit(format!("there is no method `{name}`")))?;
        if method.is_client_streaming() || method.is_server_streaming() {
            return Err(unfit(format!("`{name}` streams")));
        }
        let arguments = shape::to_message(&method.input(), arguments).map_err(unfit)?;
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let message =
            DynamicMessage::deserialize_with_options(method.input(), Json::Object(arguments), &options);
        let message = message.map_err(|error| unfit(format!("the arguments of `{name}`: {error}")))?;
        let path = format!("/{name}").try_into().map_err(|_| unfit(format!("`{name}` is no path")))?;
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        if let Some(key) = key {
            let value = key.parse().map_err(|_| unfit("the idempotency key is no metadata".to_owned()))?;
            request.metadata_mut().insert(IDEMPOTENCY_KEY, value);
        }
        request.set_timeout(deadline);
        let called = async {
            let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
            grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
            grpc.unary(request, path, Messages(method.clone())).await
        };
        let answer = match tokio::time::timeout(deadline, called).await {
            Err(_) => return Err(InvokeError::Unknown("no answer in time".to_owned()).into()),
            Ok(answer) => answer.map_err(|status| status::failure(&status, not_found, again))?.into_inner(),
        };
        plain(&answer).map_err(|what| InvokeError::Unknown(format!("the answer: {what}")).into())
    }
}

/// An answer as plain JSON. Fields that protobuf always has a value for are there.
pub(super) fn plain(answer: &DynamicMessage) -> Result<Map<String, Json>, String> {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(false)
        .stringify_64_bit_integers(false);
    match answer.serialize_with_options(serde_json::value::Serializer, &options) {
        Ok(Json::Object(members)) => {
            shape::from_message(&prost_reflect::ReflectMessage::descriptor(answer), members)
        }
        Ok(_) => Err("is no message with fields".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// As the HTTP header of the same meaning.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Facts for a sentence are under 10 KiB; a list of offers may be more.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
