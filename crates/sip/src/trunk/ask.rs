//! Requests outside of calls: OPTIONS and REGISTER to one address of a trunk, with an answer to its challenge.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::{AuthRetry, Credential, handle_client_authenticate};
use rsipstack::sip::headers::CallId;
use rsipstack::sip::{Header, Method, Response, SipMessage, StatusCode, Uri, typed};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipAddr;

use super::Trunk;
use crate::digest::is_answerable;
use crate::dns::Target;
use crate::endpoint::Shared;
use crate::outgoing::Credentials;
use crate::request::{ALLOW, SDP};

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The address in `From` and `To`.
    pub(crate) who: Uri,
    pub(crate) call_id: Option<CallId>,
    pub(crate) headers: Vec<Header>,
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) patience: Duration,
}

impl Ask<'_> {
    /// OPTIONS, as a server that takes our calls would answer it.
    pub(super) fn whether_alive(trunk: &Trunk) -> Self {
        Self {
            method: Method::Options,
            uri: trunk.domain(),
            who: trunk.account(),
            call_id: None,
            headers: vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())],
            credentials: None,
            patience: trunk.config.answer_within,
        }
    }
}

/// What came of it.
pub(crate) enum Reply {
    /// A final answer.
    Answer(Response),
    /// None in time.
    Silence,
    /// It could not even be sent.
    Unreachable(String),
}

/// Asks one address. `sequence` is the number of the request before, and moves on.
pub(crate) async fn ask(shared: &Arc<Shared>, target: &Target, ask: Ask<'_>, sequence: &mut u32) -> Reply {
    let patience = ask.patience;
    let asked = Box::pin(exchange(shared, target, ask, sequence));
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(Some(response))) if response.status_code != StatusCode::RequestTimeout => {
            Reply::Answer(response)
        }
        // The library makes a 408 of its own when its timers end.
        Ok(Ok(_)) | Err(_) => Reply::Silence,
        Ok(Err(error)) => Reply::Unreachable(error.to_string()),
    }
}

async fn exchange(
    shared: &Arc<Shared>,
    target: &Target,
    ask: Ask<'_>,
    sequence: &mut u32,
) -> rsipstack::Result<Option<Response>> {
    let destination = address(target);
    // A connection that cannot be had is known now; the transaction would try for half a minute.
    let connected = shared.connect(target.transport, target.address, &target.host).await;
    connected.map_err(|error| rsipstack::Error::Error(error.to_string()))?;
    let via = shared.endpoint.get_via(shared.sent_by(target), None)?;
    let from =
        typed::From { display_name: None, uri: ask.who.clone(), params: Vec::new() }.with_tag(make_tag());
    let to = typed::To { display_name: None, uri: ask.who, params: Vec::new() };
    *sequence += 1;
    let mut request =
        shared.endpoint.make_request(ask.method, ask.uri, via, from, to, *sequence, ask.call_id);
    for header in ask.headers {
        request.headers.push(header);
    }
    let key = TransactionKey::from_request(&request, TransactionRole::Client)?;
    let mut transaction = Transaction::new_client(key, request, Arc::clone(&shared.endpoint), None);
    transaction.destination = Some(destination);
    transaction.send().await?;
    let mut retry = AuthRetry::new();
    while let Some(message) = transaction.receive().await {
        let SipMessage::Response(response) = message else { continue };
        let challenged = matches!(
            response.status_code,
            StatusCode::Unauthorized | StatusCode::ProxyAuthenticationRequired
        );
        match ask.credentials {
            // A second challenge in a row says that our proof was refused, unless only its nonce was too old.
            Some(credentials) if challenged && is_answerable(&response) && retry.should_answer(&response) => {
                *sequence += 1;
                let credential = credential(credentials);
                transaction =
                    handle_client_authenticate(*sequence, &transaction, response, &credential).await?;
                transaction.send().await?;
            }
            Some(_) | None if response.status_code.code() < 200 => {}
            Some(_) | None => return Ok(Some(response)),
        }
    }
    Ok(None)
}

fn credential(credentials: &Credentials) -> Credential {
    Credential {
        username: credentials.user.clone(),
        password: credentials.password.reveal().clone(),
        realm: None,
        auth_username: None,
    }
}

/// A target as the library writes one.
pub(crate) fn address(target: &Target) -> SipAddr {
    let mut address = SipAddr::from(target.address);
    address.r#type = Some(target.transport.wire());
    address
}

impl Shared {
    /// What `Via` says: where we listen, for this kind of transport.
    fn sent_by(&self, target: &Target) -> Option<SipAddr> {
        let local = self.local_ip(target.address)?;
        let port = self.listening.iter().find(|address| address.is_ipv4() == local.is_ipv4())?.port();
        let mut address = SipAddr::from(std::net::SocketAddr::new(local, port));
        address.r#type = Some(target.transport.wire());
        Some(address)
    }
}
