//! What arrives: requests, and among these new calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Method, Request, Scheme, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use crate::Transport;
use crate::endpoint::{Shared, SipEvent};
use crate::fields::{CallFields, Replaces};
use crate::incoming::{IncomingCall, IncomingTask, Ringer, called};
use crate::inside::serve_early;
use crate::leg::LegTask;
use crate::registrar::Denied;
use crate::request::{ALLOW, Body, SDP, accepts_sdp, allows, required};
use crate::timer::{Negotiated, negotiate};
use crate::trunk::{Trunk, TrunkPlace, caller};

pub(crate) async fn take_transactions(mut transactions: TransactionReceiver, shared: Arc<Shared>) {
    loop {
        let transaction = tokio::select! {
            () = shared.closed.cancelled() => return,
            transaction = transactions.recv() => transaction,
        };
        let Some(transaction) = transaction else { return };
        match Arc::clone(&shared.transactions).try_acquire_owned() {
            Ok(permit) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    // The library's clock stops with its sockets: a transaction would wait for ever.
                    let served = Box::pin(serve(&shared, transaction));
                    shared.closed.run_until_cancelled(served).await;
                    drop(permit);
                });
            }
            Err(_) => shared.gate.counters.dropped_overload.count(),
        }
    }
}

async fn serve(shared: &Arc<Shared>, mut transaction: Transaction) {
    let request = &transaction.original;
    let method = request.method;
    let inside = request.to_header().is_ok_and(|to| to.tag().is_ok_and(|tag| tag.is_some()));
    let demands = required(request);
    let result = if !demands.is_empty() && !matches!(method, Method::Ack | Method::Cancel) {
        // RFC 3261 section 8.2.2.3: whatever the method.
        shared.gate.counters.refused_malformed.count();
        let unsupported = vec![Header::Unsupported(demands.join(", ").into())];
        transaction.reply_with(StatusCode::BadExtension, unsupported, None).await
    } else if inside {
        match serve_early(shared, transaction).await {
            Ok(served) => served,
            Err(transaction) => serve_inside(shared, transaction).await,
        }
    } else {
        match method {
            Method::Invite => serve_invite(shared, transaction).await,
            Method::Register if shared.registrar.has_users() => serve_register(shared, transaction).await,
            Method::Options => {
                let mut headers = vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())];
                let draining = shared.is_draining();
                if draining {
                    headers.push(shared.retry_after());
                }
                let status = if draining { StatusCode::ServiceUnavailable } else { StatusCode::OK };
                transaction.reply_with(status, headers, None).await
            }
            Method::Ack | Method::Cancel => Ok(()),
            Method::Bye | Method::Info | Method::Notify | Method::PRack | Method::Update => {
                transaction.reply(StatusCode::CallTransactionDoesNotExist).await
            }
            // Who calls on the wish of somebody without a call is nobody here.
            Method::Refer => transaction.reply(StatusCode::Forbidden).await,
            Method::Message | Method::Publish | Method::Register | Method::Subscribe => {
                let allow = vec![Header::Allow(ALLOW.into())];
                transaction.reply_with(StatusCode::MethodNotAllowed, allow, None).await
            }
        }
    };
    if let Err(error) = result {
        debug!(%method, %error, "a request could not be served");
    }
}

/// A request inside a dialog.
async fn serve_inside(shared: &Arc<Shared>, mut transaction: Transaction) -> rsipstack::Result<()> {
    // The library tells the other end that a call of ours is confirmed a moment before it can be found by its full name.
    for _ in 0..DIALOG_LOOKS {
        if let Some(mut dialog) = shared.dialogs.match_dialog(&transaction) {
            return dialog.handle(&mut transaction).await;
        }
        if transaction.original.method == Method::Ack {
            return Ok(());
        }
        tokio::time::sleep(DIALOG_PAUSE).await;
    }
    transaction.reply(StatusCode::CallTransactionDoesNotExist).await
}

/// A phone tells where it is.
async fn serve_register(shared: &Arc<Shared>, mut transaction: Transaction) -> rsipstack::Result<()> {
    let Some((source, transport)) = origin(&transaction) else {
        return transaction.reply(StatusCode::ServerInternalError).await;
    };
    let user = match shared.registrar.authenticate(&transaction.original, source.ip()) {
        Ok(user) => user,
        Err(denied) => return deny(shared, transaction, denied).await,
    };
    match shared.registrar.register(&transaction.original, &user, source, transport) {
        Ok(contacts) => transaction.reply_with(StatusCode::OK, contacts, None).await,
        Err((status, more)) => transaction.reply_with(StatusCode::from(status), more, None).await,
    }
}

async fn deny(shared: &Shared, mut transaction: Transaction, denied: Denied) -> rsipstack::Result<()> {
    match denied {
        Denied::Stale(asked) => {
            shared.gate.counters.challenged.count();
            transaction.reply_with(StatusCode::Unauthorized, asked, None).await
        }
        Denied::Wrong => {
            shared.gate.counters.refused_password.count();
            transaction.reply(StatusCode::Forbidden).await
        }
    }
}

/// Where a request came from, and over what.
fn origin(transaction: &Transaction) -> Option<(SocketAddr, Transport)> {
    let connection = transaction.connection.as_ref()?;
    let source = connection.get_remote_addr()?.get_socketaddr().ok()?;
    Some((source, Transport::of(connection.get_addr().r#type)))
}

/// Whose call it is; `None` for a stranger who may call all the same.
fn caller_of(
    shared: &Shared,
    request: &Request,
    source: SocketAddr,
    transport: Transport,
) -> Result<Option<String>, Denied> {
    if shared.gate.allows(source.ip()) {
        return Ok(shared.registrar.user_at(transport, source));
    }
    let user = shared.registrar.authenticate(request, source.ip())?;
    let from = request.from_header().ok().and_then(|from| from.typed().ok());
    // A user calls in no other's name.
    if from.as_ref().and_then(|from| from.uri.user()) == Some(&user) {
        Ok(Some(user))
    } else {
        Err(Denied::Wrong)
    }
}

/// A call comes in.
async fn serve_invite(shared: &Arc<Shared>, mut transaction: Transaction) -> rsipstack::Result<()> {
    let counters = &shared.gate.counters;
    if shared.registry.has_merged(&transaction.original) {
        return transaction.reply(StatusCode::LoopDetected).await;
    }
    let place = origin(&transaction).and_then(|(source, transport)| {
        shared.local_ip(source).map(|local_ip| (source, transport, local_ip))
    });
    let Some((source, transport, local_ip)) = place else {
        return transaction.reply(StatusCode::ServerInternalError).await;
    };
    let user = match caller_of(shared, &transaction.original, source, transport) {
        Ok(user) => user,
        Err(denied) => return deny(shared, transaction, denied).await,
    };
    if !accepts_sdp(&transaction.original) {
        counters.refused_malformed.count();
        return transaction.reply(StatusCode::NotAcceptable).await;
    }
    let offer = match Body::of(&transaction.original, &transaction.original.body) {
        Body::Sdp(offer) => Some(offer),
        Body::Nothing => None,
        Body::Other => {
            counters.refused_malformed.count();
            let accept = vec![Header::Accept(SDP.into())];
            return transaction.reply_with(StatusCode::UnsupportedMediaType, accept, None).await;
        }
    };
    let replaces = match replaced(shared, &transaction.original) {
        Ok(replaces) => replaces,
        Err(status) => {
            counters.refused_replaces.count();
            return transaction.reply(StatusCode::from(status)).await;
        }
    };
    let trunk = shared.trunks.of(source.ip(), &transaction.original);
    let trunk = match trunk.as_ref().map(Trunk::admit).transpose() {
        Ok(place) => place,
        Err(limit) => {
            counters.refused_full.count();
            let retry = vec![shared.retry_after_limit(limit)];
            return transaction.reply_with(StatusCode::ServiceUnavailable, retry, None).await;
        }
    };
    let slot = match shared.admit() {
        Ok(slot) => slot,
        Err(status) => {
            return transaction.reply_with(StatusCode::from(status), vec![shared.retry_after()], None).await;
        }
    };
    let Ok(waiting) = shared.events.clone().try_reserve_owned() else {
        counters.refused_full.count();
        let retry = vec![shared.retry_after()];
        return transaction.reply_with(StatusCode::ServiceUnavailable, retry, None).await;
    };
    let (session_headers, session_timer) = match negotiate(&transaction.original, &shared.config, None) {
        Negotiated::Agreed(headers, timer) => (headers, timer),
        Negotiated::TooSmall(min_se) => {
            let status = StatusCode::SessionIntervalTooSmall;
            return transaction.reply_with(status, vec![min_se], None).await;
        }
    };
    let (sender, states) = shared.dialogs.new_dialog_state_channel();
    let secure = transaction.original.uri.scheme == Some(Scheme::Sips);
    let contact = shared.contact(source, local_ip, transport, secure).ok();
    let mut dialog = match shared.dialogs.get_or_create_server_invite(&transaction, sender, None, contact) {
        Ok(dialog) => dialog,
        // No `Contact`, or one that cannot be read.
        Err(error) => {
            counters.refused_malformed.count();
            debug!(%error, "an INVITE without what a dialog needs");
            return transaction.reply(StatusCode::BadRequest).await;
        }
    };
    let (leg, task) = LegTask::new(shared, dialog.clone(), states);
    let lost = task.lost.clone();
    let (ring, ringing) = mpsc::channel(4);
    let (verdict, judged) = oneshot::channel();
    let from = caller(&transaction.original, trunk.as_ref().map(TrunkPlace::trunk));
    let (fields, ignored) = CallFields::read(&transaction.original);
    counters.ignored_fields.add(ignored);
    let call = IncomingCall {
        call_id: leg.call_id().to_owned(),
        from: from.user,
        from_uri: from.uri,
        to_user: called(&transaction.original, trunk.as_ref().map(TrunkPlace::trunk)),
        trunk: trunk.as_ref().map(|place| place.trunk().config.name.clone()),
        source,
        local_ip,
        transport,
        user: user.clone(),
        offer,
        fields,
        replaces,
        ring,
        verdict,
        leg,
    };
    let mut task = task;
    task.timer = session_timer;
    task.peer_takes_update = allows(&transaction.original, "UPDATE");
    let task = IncomingTask {
        ringer: Ringer::new(&transaction.original),
        session_headers,
        leg: task,
        ring: ringing,
        verdict: judged,
        transaction: transaction.tu_sender.clone(),
        delayed: call.offer.is_none(),
        slot,
        in_call: user.and_then(|user| shared.registrar.in_call(&user)),
        trunk,
    };
    counters.calls_offered.count();
    waiting.send(SipEvent::Incoming(call));
    shared.spawn(task.run());
    let handled = dialog.handle(&mut transaction).await;
    let state = dialog.state();
    if !state.is_confirmed() && !state.is_terminated() {
        lost.cancel();
    }
    handled
}

/// Whose place a new call takes; an error is the status to refuse it with (RFC 3891 section 3).
fn replaced(shared: &Shared, request: &Request) -> Result<Option<Replaces>, u16> {
    let mut named = request.headers.iter().filter_map(|header| match header {
        Header::Replaces(value) => Some(value.value()),
        _ => None,
    });
    let Some(value) = named.next() else { return Ok(None) };
    let replaces: Replaces = value.parse().map_err(|_| 400_u16)?;
    if named.next().is_some() {
        return Err(400);
    }
    shared.registry.replaced(&replaces)?;
    Ok(Some(replaces))
}

/// How often, and
const DIALOG_LOOKS: usize = 4;
/// how far apart a dialog is looked for: the library needs microseconds.
const DIALOG_PAUSE: Duration = Duration::from_millis(10);
