//! What a status of gRPC means for whether a call was done. The table with the reasons is in docs/grpc.md.

use tonic::{Code, Status};

use super::client::CallError;
use crate::connector::{InvokeError, Refusal};

/// `not_found` is the argument that names nothing when the service says so; `again` is whether it was sent before.
pub(super) fn failure(status: &Status, not_found: Option<&str>, again: bool) -> CallError {
    if never_reached(status) {
        return CallError::NotSent("the service takes no connection".to_owned());
    }
    let said: String = status.message().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    let reason = format!("{:?}: {said}", status.code());
    if is_of_answer(status) {
        return InvokeError::Unknown(reason).into();
    }
    let refused = |reason| InvokeError::from(Refusal::Refused { reason, retriable: false });
    let error = match status.code() {
        Code::NotFound => match not_found {
            Some(argument) => Refusal::NotFound { argument: argument.to_owned(), reason }.into(),
            None => refused(reason),
        },
        // What is there may be what an earlier attempt of ours has made.
        Code::AlreadyExists if again => InvokeError::Unknown(reason),
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::OutOfRange
        | Code::PermissionDenied => refused(reason),
        Code::Unimplemented | Code::Unauthenticated => InvokeError::Misused(reason),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => InvokeError::Unknown(reason),
    };
    error.into()
}

/// Whether nobody was reached: then nothing was sent.
fn never_reached(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether our own library made this status of an answer that it does not take. It uses codes that from a service would be a no; this was
/// done.
fn is_of_answer(status: &Status) -> bool {
    ANSWER_NOT_TAKEN.iter().any(|begin| status.message().starts_with(begin))
}

/// How tonic words an answer that is too long, and one that is packed as nobody asked for.
const ANSWER_NOT_TAKEN: [&str; 2] = ["Error, decoded message length too large", "Content is compressed with"];
/// A line for the operator; more of what a service says is not kept.
const REASON_CHARS_MAX: usize = 200;
