//! Reliable provisional answers to our INVITEs (RFC 3262 section 4).
//!
//! The library sends a PRACK for each, but knows one counter for all branches of a forked INVITE and sends it where the INVITE
//! went. So each answer is numbered anew before the library sees it, repeated ones and those after a gap are kept from it, and
//! its PRACK gets the real number, address and route back on its way out.

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Method, Request, Response, Route, StatusCodeKind, Uri};

/// What was answered reliably to one INVITE.
#[derive(Debug, Default)]
pub(crate) struct Provisionals {
    seen: Vec<Seen>,
}

/// Whom a PRACK of ours is for.
#[derive(Debug)]
struct Seen {
    tag: String,
    number: u32,
    target: Uri,
    routes: Vec<Route>,
}

impl Provisionals {
    /// Takes a reliable answer, and writes our own number into it. Returns where its PRACK is sent to; `None` when it is a repetition,
    /// comes after a gap, or cannot be acknowledged.
    pub(crate) fn take(&mut self, response: &mut Response) -> Option<Uri> {
        let number = response.rseq_value()?;
        let tag = response.to_header().ok()?.tag().ok()??.value().to_owned();
        let target = response.typed_contact_headers().ok()?.first()?.uri.clone();
        let last = self.seen.iter().rev().find(|seen| seen.tag == tag).map(|seen| seen.number);
        if last.is_some_and(|last| number != last.wrapping_add(1)) || self.seen.len() >= SEEN_MAX {
            return None;
        }
        let recorded = response.record_route_headers();
        let mut routes: Vec<Route> = recorded
            .iter()
            .flat_map(|route| route.value().split(','))
            .map(|route| route.trim().into())
            .collect();
        routes.reverse();
        let first = routes.first().and_then(|route| route.typed().ok()).map(|route| route.uri);
        let sent_to = first.unwrap_or_else(|| target.clone());
        self.seen.push(Seen { tag, number, target, routes });
        let ours = u32::try_from(self.seen.len()).ok()?;
        response.headers.unique_push(Header::RSeq(ours.to_string().into()));
        Some(sent_to)
    }

    /// Puts into the library's PRACK what the other end knows.
    pub(crate) fn mend(&self, prack: &mut Request) {
        let Some((ours, cseq, method)) = prack.rack_value() else { return };
        let place = usize::try_from(ours).ok().and_then(|ours| ours.checked_sub(1));
        let Some(seen) = place.and_then(|place| self.seen.get(place)) else { return };
        prack.headers.unique_push(Header::RAck(format!("{} {cseq} {method}", seen.number).into()));
        prack.uri = seen.target.clone();
        prack.headers.retain(|header| !matches!(header, Header::Route(_)));
        for route in &seen.routes {
            prack.headers.push(Header::Route(route.clone()));
        }
    }
}

/// Whether an answer is provisional and wants a PRACK.
pub(crate) fn is_reliable(response: &Response) -> bool {
    let to_invite =
        response.cseq_header().is_ok_and(|cseq| cseq.method().is_ok_and(|it| it == Method::Invite));
    to_invite
        && response.status_code.kind() == StatusCodeKind::Provisional
        && response.header_contains_token("Require", "100rel")
}

/// Reliable answers to one INVITE, over all its branches; more means that somebody rings without end.
const SEEN_MAX: usize = 64;
