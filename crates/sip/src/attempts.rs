//! A call that is asked for more than once: somewhere else (3xx), or for a session that lives longer (422).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Pii;
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HasHeaders;
use rsipstack::sip::{Header, Response, Scheme};
use rsipstack::transport::SipAddr;
use tokio::task::JoinHandle;

use crate::Transport;
use crate::endpoint::Shared;
use crate::error::SipError;
use crate::fields::addresses;
use crate::listeners::{peer, transport_of};
use crate::outgoing::{Invited, OutgoingCall, check_uri, parse, replaces_headers};
use crate::registrar::Binding;
use crate::request::{ALLOW, EXTENSIONS, SDP};
use crate::timer::{wanted, wish};
use crate::trunk::Carried;

/// Where a call was tried, and where it may be tried.
#[derive(Debug)]
pub(crate) struct Attempts {
    target: String,
    /// Where the target is, when that is known better than by its address.
    at: Option<(Transport, SocketAddr)>,
    tried: Vec<String>,
    others: VecDeque<String>,
    redirects_left: u8,
    min_se: Duration,
    raises_left: u8,
    /// Where it goes by a trunk.
    pub(crate) carried: Option<Carried>,
}

/// An INVITE on its way.
pub(crate) struct Invitation {
    pub(crate) dialog: InviteDialog,
    pub(crate) states: DialogStateReceiver,
    pub(crate) inviting: JoinHandle<Invited>,
}

impl Attempts {
    pub(crate) fn new(call: &OutgoingCall, min_se: Duration) -> Self {
        Self {
            target: call.to.clone(),
            at: None,
            tried: vec![call.to.clone()],
            others: VecDeque::new(),
            redirects_left: call.redirects_max,
            min_se,
            raises_left: RAISES_MAX,
            carried: None,
        }
    }

    /// For a phone that has told where it is.
    pub(crate) fn at_phone(call: &OutgoingCall, min_se: Duration, phone: &Binding) -> Self {
        Self {
            target: phone.contact.clone(),
            at: Some((phone.transport, phone.source)),
            tried: vec![phone.contact.clone()],
            ..Self::new(call, min_se)
        }
    }

    /// Whether a refusal leaves something to be tried, which is then the next target.
    pub(crate) fn go_on(&mut self, response: &Response) -> bool {
        let status = response.status_code.code();
        match status {
            // RFC 4028 section 7.4: once more, with what the other end wants.
            422 => {
                let Some(wanted) = wanted(response).filter(|wanted| *wanted > self.min_se) else {
                    return false;
                };
                self.min_se = wanted;
                let left = self.raises_left > 0;
                self.raises_left = self.raises_left.saturating_sub(1);
                return left;
            }
            300..400 if self.redirects_left > 0 => {
                self.redirects_left -= 1;
                self.others.extend(contacts(response));
            }
            // RFC 3261 section 8.1.3.4: after a 6xx nobody else is asked.
            300..400 | 600..700 => self.others.clear(),
            // RFC 3263 section 4.3: another server may have room.
            408 | 503 if self.next_server() => return true,
            _ => {}
        }
        while let Some(next) = self.others.pop_front() {
            // Who was asked already would send us round in circles.
            if check_uri(&next).is_ok() && !self.tried.contains(&next) && self.tried.len() < TRIED_MAX {
                self.tried.push(next.clone());
                self.target = next;
                self.at = None;
                return true;
            }
        }
        false
    }

    /// Goes on to another server of the trunk, if it goes by one that has another.
    pub(crate) fn next_server(&mut self) -> bool {
        self.carried.as_mut().is_some_and(Carried::next)
    }

    /// Sends the INVITE where it can be sent: servers that cannot be reached are passed over.
    pub(crate) async fn invite(
        &mut self,
        shared: &Arc<Shared>,
        call: &OutgoingCall,
        call_id: Option<String>,
    ) -> Result<Invitation, SipError> {
        loop {
            match self.invite_here(shared, call, call_id.clone()).await {
                Err(_) if self.next_server() => {}
                outcome => return outcome,
            }
        }
    }

    /// Sends the INVITE; further ones of a call have its `Call-ID`.
    async fn invite_here(
        &self,
        shared: &Arc<Shared>,
        call: &OutgoingCall,
        call_id: Option<String>,
    ) -> Result<Invitation, SipError> {
        let credential = call.credentials.clone().map(|credentials| Credential {
            username: credentials.user,
            password: credentials.password.into_inner(),
            realm: None,
            auth_username: None,
        });
        let mut headers = vec![Header::Allow(ALLOW.into()), Header::Supported(EXTENSIONS.join(", ").into())];
        headers.extend(wish(&shared.config, self.min_se));
        headers.extend(call.fields.write());
        headers.extend(replaces_headers(call.replaces.clone()));
        let name = call.from_name.as_ref().map(Pii::reveal);
        let mut option = InviteOption {
            caller_display_name: name.map(|name| format!("\"{name}\"")),
            content_type: Some(SDP.to_owned()),
            offer: Some(call.offer.clone().into_bytes()),
            credential,
            headers: Some(headers),
            call_id,
            ..InviteOption::default()
        };
        let way = match &self.carried {
            Some(carried) => {
                carried.route(shared, &mut option).await?;
                option.destination.clone()
            }
            None => self.route(shared, call, &mut option).await?,
        };
        if let Some(way) = way.filter(|_| is_large(&option)) {
            by_tcp(shared, &way, &mut option).await;
        }
        let (sender, states) = shared.dialogs.new_dialog_state_channel();
        let (dialog, inviting) = shared
            .dialogs
            .do_invite_async(option, sender)
            .map_err(|error| SipError::Library(error.to_string()))?;
        Ok(Invitation { dialog, states, inviting })
    }

    /// Where a call goes that has an address of its own; told unless it is a phone, which listens where it came from and nowhere else.
    async fn route(
        &self,
        shared: &Arc<Shared>,
        call: &OutgoingCall,
        option: &mut InviteOption,
    ) -> Result<Option<SipAddr>, SipError> {
        option.callee = parse(&self.target)?;
        option.caller = parse(&call.from)?;
        let mut way = None;
        let (transport, peer) = match self.at {
            Some(at) => at,
            None => {
                let transport =
                    transport_of(&option.callee).ok_or_else(|| SipError::BadUri(self.target.clone()))?;
                // A connection that cannot be made is told here, with its reason, and not by a timer of the library.
                let found = shared.way_to(&option.callee).await?;
                let peer = peer(&option.callee, transport).await?;
                way = Some(found).filter(|found| *found == SipAddr::new(transport.wire(), peer.into()));
                (transport, peer)
            }
        };
        option.destination = self.at.map(|(transport, phone)| SipAddr::new(transport.wire(), phone.into()));
        let local = shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(self.target.clone()))?;
        let secure = option.callee.scheme == Some(Scheme::Sips);
        option.contact = shared.contact(peer, local, transport, secure)?;
        Ok(way)
    }
}

/// Whether an INVITE may be too large for one datagram (RFC 3261 section 18.1.1).
fn is_large(option: &InviteOption) -> bool {
    let proof = if option.credential.is_some() { PROOF_LEN } else { 0 };
    // The request's line and `To` have the same address.
    let addresses = [&option.callee, &option.callee, &option.caller, &option.contact];
    let addresses: usize = addresses.iter().map(|uri| uri.to_string().len()).sum();
    let headers = option.headers.iter().flatten().map(|header| header.to_string().len() + LINE_END_LEN);
    let body = option.offer.as_ref().map_or(0, Vec::len);
    FRAME_LEN + addresses + headers.sum::<usize>() + body + proof > DATAGRAM_MAX
}

/// Sends what would go by UDP over TCP, unless nobody takes a connection there.
async fn by_tcp(shared: &Arc<Shared>, way: &SipAddr, option: &mut InviteOption) {
    let by_udp = way.r#type == Some(Transport::Udp.wire());
    let Some(peer) = way.get_socketaddr().ok().filter(|_| by_udp) else { return };
    let connecting = shared.connect(Transport::Tcp, peer, "");
    let Ok(Ok(destination)) = tokio::time::timeout(TCP_TIME, connecting).await else {
        tracing::debug!(%peer, "a large INVITE goes over UDP: there is no TCP");
        return;
    };
    let local = shared.local_ip(peer);
    if let Some(contact) = local.and_then(|local| shared.contact(peer, local, Transport::Tcp, false).ok()) {
        option.destination = Some(destination);
        option.contact = contact;
    }
}

/// Where a 3xx sends us, the best first.
fn contacts(response: &Response) -> Vec<String> {
    let mut found = Vec::new();
    for header in response.headers().iter() {
        if let Header::Contact(contact) = header {
            found.extend(addresses(contact.value()));
        }
    }
    found.truncate(TRIED_MAX);
    // Those of equal weight stay in their order.
    found.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(uri, _)| uri).collect()
}

/// A call that was at so many places goes in circles.
const TRIED_MAX: usize = 16;
/// Each proxy on the way may want a longer session.
const RAISES_MAX: u8 = 3;
/// RFC 3261 section 18.1.1, where nobody knows what the way takes in one piece.
const DATAGRAM_MAX: usize = 1_300;
/// What every INVITE has besides: `Via`, `Call-ID`, tags, the names of fields.
const FRAME_LEN: usize = 350;
const LINE_END_LEN: usize = 2;
/// What an answer to a challenge adds, with names and nonces as servers make them.
const PROOF_LEN: usize = 350;
/// Who takes connections does so within some round trips; the caller waits for the others.
const TCP_TIME: Duration = Duration::from_secs(1);
