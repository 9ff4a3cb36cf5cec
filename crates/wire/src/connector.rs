//! The door to a business system: what it implements, and how it is called.

use std::future::Future;
use std::time::Duration;

use callwright_model::{ActionKind, Record};
use thiserror::Error;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::pb::connector::v1 as pb;
use crate::pb::connector::v1::connector_client::ConnectorClient;
use crate::pb::connector::v1::connector_server::{self, ConnectorServer};
use crate::{MESSAGE_BYTES_MAX, convert, endpoint};

/// Full name of the service, as health checks know it.
pub const SERVICE: &str = "callwright.connector.v1.Connector";

/// One thing that a connector can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Whether it changes anything.
    pub kind: ActionKind,
    /// Names of its arguments, all required.
    pub arguments: Vec<String>,
    /// Names of what it answers.
    pub results: Vec<String>,
}

impl Method {
    /// A method of these names.
    #[must_use]
    pub fn new(name: &str, summary: &str, kind: ActionKind, arguments: &[&str], results: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            name: name.to_owned(),
            summary: summary.to_owned(),
            kind,
            arguments: owned(arguments),
            results: owned(results),
        }
    }
}

/// What a connector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// What it can do.
    pub methods: Vec<Method>,
}

/// One call of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The method.
    pub method: String,
    /// Its arguments.
    pub arguments: Record,
    /// The same at each attempt; `None` for reads.
    pub idempotency_key: Option<String>,
    /// How long the caller waits.
    pub deadline: Duration,
    /// The plan, for the connector's log.
    pub plan: Option<String>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
}

/// A business answer that is a no: nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// An argument names something that does not exist.
    #[error("{argument} not found: {reason}")]
    NotFound {
        /// Which argument.
        argument: String,
        /// For the operator.
        reason: String,
    },
    /// The business says no.
    #[error("refused: {reason}")]
    Refused {
        /// For the operator.
        reason: String,
        /// The same call may succeed a moment later.
        retriable: bool,
    },
}

/// Why a call has no result. The variants differ in whether something may have been done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvokeError {
    /// The business says no; nothing was done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The call makes no sense to the connector; nothing was done, and trying again does not help.
    #[error("the connector does not understand the call: {0}")]
    Misused(String),
    /// No answer: it may have been done. Try again with the same key.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// What a business implements.
pub trait Connector: Send + Sync + 'static {
    /// What can be done here.
    fn describe(&self) -> Description;

    /// Does one thing, once per idempotency key.
    fn invoke(&self, call: Invocation) -> impl Future<Output = Result<Record, InvokeError>> + Send;
}

/// A connector as a gRPC service.
pub fn routes(connector: impl Connector) -> Routes {
    Routes::new(
        ConnectorServer::new(Adapter(connector))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX),
    )
}

/// Calls a connector.
#[derive(Debug, Clone)]
pub struct Client {
    inner: ConnectorClient<Channel>,
}

impl Client {
    /// A client that connects when first used, and again whenever the connection was lost.
    ///
    /// # Errors
    /// When the address is none.
    pub fn connect_lazy(address: &str) -> Result<Self, tonic::transport::Error> {
        let channel = endpoint(address)?.connect_lazy();
        let inner = ConnectorClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Self { inner })
    }

    /// What can be done there.
    ///
    /// # Errors
    /// [`InvokeError::Unknown`] when it does not answer in time, [`InvokeError::Misused`] when it is no connector.
    pub async fn describe(&self, timeout: Duration) -> Result<Description, InvokeError> {
        let mut request = Request::new(pb::DescribeRequest {});
        request.set_timeout(timeout);
        let reply = self.inner.clone().describe(request).await.map_err(from_status)?.into_inner();
        let methods = reply.methods.into_iter().map(|method| {
            Ok(Method {
                kind: convert::kind_from_pb(method.kind)?,
                name: method.name,
                summary: method.summary,
                arguments: method.arguments,
                results: method.results,
            })
        });
        let methods = methods.collect::<Result<_, _>>().map_err(misused)?;
        Ok(Description { name: reply.name, methods })
    }

    /// Does one thing. Waits no longer than the call's deadline.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke(&self, call: Invocation) -> Result<Record, InvokeError> {
        let deadline = call.deadline;
        let mut request = Request::new(pb::InvokeRequest {
            method: call.method,
            arguments: Some(convert::record_to_pb(call.arguments)),
            idempotency_key: call.idempotency_key.unwrap_or_default(),
            deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
            plan: call.plan.unwrap_or_default(),
            attempt: call.attempt,
        });
        request.set_timeout(deadline);
        let reply = self.inner.clone().invoke(request).await.map_err(from_status)?.into_inner();
        match reply.outcome {
            // A result that cannot be read is no answer: it was done, and the same key asks for the answer again.
            Some(pb::invoke_response::Outcome::Result(record)) => {
                convert::record_from_pb(Some(record)).map_err(|error| InvokeError::Unknown(error.to_string()))
            }
            Some(pb::invoke_response::Outcome::Refusal(refusal)) => Err(refusal_from_pb(refusal).into()),
            None => Err(InvokeError::Unknown("the answer holds neither result nor refusal".to_owned())),
        }
    }
}

struct Adapter<T>(T);

#[tonic::async_trait]
impl<T: Connector> connector_server::Connector for Adapter<T> {
    async fn describe(
        &self,
        _: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        let Description { name, methods } = self.0.describe();
        let methods = methods
            .into_iter()
            .map(|method| pb::Method {
                name: method.name,
                summary: method.summary,
                kind: convert::kind_to_pb(method.kind),
                arguments: method.arguments,
                results: method.results,
            })
            .collect();
        Ok(Response::new(pb::DescribeResponse { name, methods }))
    }

    async fn invoke(
        &self,
        request: Request<pb::InvokeRequest>,
    ) -> Result<Response<pb::InvokeResponse>, Status> {
        let request = request.into_inner();
        let call = Invocation {
            method: request.method,
            arguments: convert::record_from_pb(request.arguments)?,
            idempotency_key: (!request.idempotency_key.is_empty()).then_some(request.idempotency_key),
            deadline: match request.deadline_ms {
                0 => Duration::MAX,
                ms => Duration::from_millis(ms.into()),
            },
            plan: (!request.plan.is_empty()).then_some(request.plan),
            attempt: request.attempt,
        };
        let outcome = match self.0.invoke(call).await {
            Ok(record) => pb::invoke_response::Outcome::Result(convert::record_to_pb(record)),
            Err(InvokeError::Refused(refusal)) => {
                pb::invoke_response::Outcome::Refusal(refusal_to_pb(refusal))
            }
            Err(InvokeError::Misused(why)) => return Err(Status::invalid_argument(why)),
            Err(InvokeError::Unknown(why)) => return Err(Status::unavailable(why)),
        };
        Ok(Response::new(pb::InvokeResponse { outcome: Some(outcome) }))
    }
}

fn refusal_to_pb(refusal: Refusal) -> pb::Refusal {
    match refusal {
        Refusal::NotFound { argument, reason } => {
            pb::Refusal { kind: pb::refusal::Kind::NotFound.into(), reason, retriable: false, argument }
        }
        Refusal::Refused { reason, retriable } => pb::Refusal {
            kind: pb::refusal::Kind::Refused.into(),
            reason,
            retriable,
            argument: String::new(),
        },
    }
}

fn refusal_from_pb(refusal: pb::Refusal) -> Refusal {
    match refusal.kind() {
        pb::refusal::Kind::NotFound => {
            Refusal::NotFound { argument: refusal.argument, reason: refusal.reason }
        }
        pb::refusal::Kind::Refused | pb::refusal::Kind::Unspecified => {
            Refusal::Refused { reason: refusal.reason, retriable: refusal.retriable }
        }
    }
}

fn from_status(status: Status) -> InvokeError {
    let why = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::InvalidArgument
        | Code::Unimplemented
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::NotFound => InvokeError::Misused(why),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => InvokeError::Unknown(why),
    }
}

fn misused(error: convert::ConvertError) -> InvokeError {
    InvokeError::Misused(error.to_string())
}
