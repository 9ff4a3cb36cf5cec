//! Requests inside a dialog whose answer is not there or not acknowledged yet: PRACK, UPDATE, keys and what must wait. The library leaves
//! them without an answer.

use std::sync::Arc;

use rsipstack::dialog::dialog::{DialogState, TransactionHandle};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use rsipstack::transaction::transaction::Transaction;

use crate::endpoint::Shared;
use crate::registry::Known;
use crate::request::{ALLOW, SDP};

/// A request inside a leg that waits for an answer of its task.
pub(crate) struct Inside {
    pub(crate) request: Request,
    pub(crate) asker: Asker,
}

/// Who waits for an answer to a request inside a dialog.
pub(crate) enum Asker {
    /// The library drives it.
    Handle(TransactionHandle),
    /// We do.
    Transaction(Box<Transaction>, Option<Header>),
}

impl Asker {
    /// Answers in a task of its own.
    pub(crate) fn reply(self, status: u16, headers: Vec<Header>) {
        tokio::spawn(async move { self.respond(status, headers, None).await });
    }

    pub(crate) async fn respond(self, status: u16, mut headers: Vec<Header>, body: Option<Vec<u8>>) {
        let status = StatusCode::from(status);
        // The transaction may be over: then nobody waits for it.
        match self {
            Self::Handle(handle) => drop(handle.respond(status, Some(headers), body).await),
            Self::Transaction(mut transaction, contact) => {
                headers.extend(contact);
                drop(transaction.reply_with(status, headers, body).await);
            }
        }
    }
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inside").field("method", &self.request.method).finish_non_exhaustive()
    }
}

/// Serves a request that the library would leave unanswered; gives it back when it is the library's.
pub(crate) async fn serve_early(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
) -> Result<rsipstack::Result<()>, Transaction> {
    let request = &transaction.original;
    let Some(leg) = leg_of(shared, request) else { return Err(transaction) };
    let dialog = leg.dialog();
    let unanswered = match dialog.state() {
        DialogState::Calling(_)
        | DialogState::Trying(_)
        | DialogState::Early(..)
        | DialogState::WaitAck(..) => true,
        DialogState::Confirmed(..)
        | DialogState::Updated(..)
        | DialogState::Publish(..)
        | DialogState::Notify(..)
        | DialogState::Refer(..)
        | DialogState::Message(..)
        | DialogState::Info(..)
        | DialogState::Options(..)
        | DialogState::Terminated(..) => false,
    };
    let called = dialog.role() == TransactionRole::Server;
    let later = || vec![Header::RetryAfter("1".into())];
    match request.method {
        Method::PRack if called => {}
        Method::Update if unanswered => {}
        Method::Options if unanswered => {
            let headers = vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())];
            return Ok(transaction.reply_with(StatusCode::OK, headers, None).await);
        }
        // We have answered: the dialog is confirmed for us (RFC 3261 section 12.1), and a key may overtake the ACK.
        Method::Info if called && matches!(dialog.state(), DialogState::WaitAck(..)) => {}
        // RFC 3261 section 14.2: one INVITE at a time.
        Method::Invite | Method::Info | Method::Refer | Method::Notify | Method::Message
            if unanswered && called =>
        {
            return Ok(transaction.reply_with(StatusCode::ServerInternalError, later(), None).await);
        }
        Method::PRack => return Ok(transaction.reply(StatusCode::CallTransactionDoesNotExist).await),
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Info
        | Method::Invite
        | Method::Message
        | Method::Notify
        | Method::Options
        | Method::Publish
        | Method::Refer
        | Method::Register
        | Method::Subscribe
        | Method::Update => return Err(transaction),
    }
    let Ok(place) = leg.inside.try_reserve() else {
        return Ok(transaction.reply_with(StatusCode::ServerInternalError, later(), None).await);
    };
    // Only an UPDATE's answer tells it (RFC 3311 section 5.2).
    let contact = dialog.snapshot().local_contact.filter(|_| request.method == Method::Update);
    let contact = contact.map(|uri| Header::Contact(rsipstack::sip::typed::Contact::from(uri).into()));
    let request = transaction.original.clone();
    place.send(Inside { request, asker: Asker::Transaction(Box::new(transaction), contact) });
    Ok(Ok(()))
}

/// The leg that a request is inside of.
fn leg_of(shared: &Shared, request: &Request) -> Option<Arc<Known>> {
    let call_id = request.call_id_header().ok()?.value().to_owned();
    let ours = request.to_header().ok()?.tag().ok()??.value().to_owned();
    let theirs = request.from_header().ok()?.tag().ok()??.value().to_owned();
    shared.registry.of_call(&call_id).into_iter().find(|leg| {
        let id = leg.id();
        id.local_tag == ours && id.remote_tag == theirs
    })
}

/// The number in a PRACK, when it is for the INVITE of this dialog.
pub(crate) fn acknowledged(prack: &Request, invite: &Request) -> Option<u32> {
    let (number, cseq, method) = prack.rack_value()?;
    let of_invite = invite.cseq_header().ok()?.seq().ok()?;
    (cseq == of_invite && method == Method::Invite).then_some(number)
}
