//! Telephones: callers who come in by SIP, and humans who are rung.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use callwright_call_core::sdp::{self, LocalMedia, SessionDescription};
use callwright_console::Channel;
use callwright_conversation::{Fact, HumanFact};
use callwright_media::RtpSocket;
use callwright_model::{Codec, Expect, Hints, Language, LegEvent, LegFact, LegId, LegRole};
use callwright_sip::{IncomingCall, OutgoingCall, Reinvite, SipLeg, SipLegEvent};
use tracing::{debug, info, warn};

use crate::chat::random_id;
use crate::config::Human;
use crate::gateway::board::{Legs, Phone};
use crate::gateway::{Begun, NewCall, Shared};
use crate::lines::LoadedLine;

/// Answers a caller, or refuses with the status that says why.
pub(crate) fn answer(shared: &Arc<Shared>, call: IncomingCall) {
    if call.replaces.is_some() {
        // No leg of ours is given up to a call that was not asked for.
        call.reject(603, None);
        return;
    }
    let Some(line) = shared.lines.for_number(&shared.config, &call.to_user).cloned() else {
        info!(to = %call.to_user, "nobody answers this number");
        call.reject(404, None);
        return;
    };
    let local = match local_media(shared, call.local_ip) {
        Ok(local) => local,
        Err(error) => {
            warn!(%error, "no port for a call's sound");
            call.reject(503, Some(retry_after(shared)));
            return;
        }
    };
    match call.offer.clone() {
        Some(offer) => answer_offer(shared, line, call, &offer, local),
        None => {
            tokio::spawn(answer_with_offer(Arc::clone(shared), line, call, local));
        }
    }
}

/// A port of ours for a leg's sound, and what we say about it.
struct Local {
    socket: RtpSocket,
    media: LocalMedia,
}

fn local_media(shared: &Shared, ip: IpAddr) -> Result<Local> {
    let socket = shared.media.bind(ip)?;
    let address = shared.config.media.external_ip.unwrap_or(ip);
    let media =
        LocalMedia::new(address, socket.local_addr().port(), &shared.config.media.codecs, random_id() >> 1);
    Ok(Local { socket, media })
}

/// The usual way: the caller has offered, we answer.
fn answer_offer(shared: &Arc<Shared>, line: LoadedLine, call: IncomingCall, offer: &str, mut local: Local) {
    let agreed = offer.parse::<SessionDescription>().and_then(|offer| sdp::answer(&offer, &local.media));
    let (ours, agreed) = match agreed {
        Ok(agreed) => agreed,
        Err(error) => {
            info!(%error, "an offer that cannot be answered");
            call.reject(error.status(), None);
            return;
        }
    };
    connect(&mut local.socket, &agreed);
    local.media.codecs = vec![agreed.format.codec];
    let caller = Some(call.from.clone());
    call.ring();
    // The leg is made before the answer leaves: the caller's first packets come right behind it.
    let leg = call.accept(ours.to_string());
    let begun = shared.begin(NewCall {
        line,
        channel: Channel::Sip,
        caller,
        io: Box::new(local.socket),
        format: agreed.format,
        phone: Phone::Sip(leg.control()),
    });
    match begun {
        Ok(begun) => {
            let session = Session { ours, media: local.media };
            tokio::spawn(follow_caller(Arc::clone(shared), leg, begun, session));
        }
        Err(error) => {
            warn!(%error, "a call could not begin");
            leg.hangup();
        }
    }
}

/// The caller leaves the offer to us: it goes into our answer, and theirs comes with the acknowledgement.
async fn answer_with_offer(shared: Arc<Shared>, line: LoadedLine, call: IncomingCall, mut local: Local) {
    let ours = sdp::offer(&local.media);
    let caller = Some(call.from.clone());
    call.ring();
    let mut leg = call.accept(ours.to_string());
    let theirs = loop {
        match leg.next().await {
            Some(SipLegEvent::Established { sdp }) => break sdp,
            Some(SipLegEvent::Ended(_)) | None => return,
            Some(_) => {}
        }
    };
    let agreed = theirs
        .ok_or_else(|| anyhow!("the caller did not answer our offer"))
        .and_then(|theirs| Ok(sdp::accept(&ours, &theirs.parse()?)?));
    let agreed = match agreed {
        Ok(agreed) => agreed,
        Err(error) => {
            info!(%error, "a call without common media");
            leg.hangup();
            return;
        }
    };
    connect(&mut local.socket, &agreed);
    local.media.codecs = vec![agreed.format.codec];
    let begun = shared.begin(NewCall {
        line,
        channel: Channel::Sip,
        caller,
        io: Box::new(local.socket),
        format: agreed.format,
        phone: Phone::Sip(leg.control()),
    });
    match begun {
        Ok(begun) => follow_caller(shared, leg, begun, Session { ours, media: local.media }).await,
        Err(error) => {
            warn!(%error, "a call could not begin");
            leg.hangup();
        }
    }
}

fn connect(socket: &mut RtpSocket, agreed: &sdp::Agreed) {
    socket.connect_to(agreed.remote);
    if agreed.remote_rtcp == agreed.remote {
        socket.share_port_with_rtcp();
    }
}

/// What both sides agreed on last.
struct Session {
    ours: SessionDescription,
    media: LocalMedia,
}

impl Session {
    /// Answers a change: hold, resume, another address. The codec stays: the leg was made for it.
    fn change(&mut self, reinvite: Reinvite) {
        let answered = match &reinvite.offer {
            Some(offer) => offer
                .parse::<SessionDescription>()
                .and_then(|offer| sdp::answer(&offer, &self.media))
                .map(|(answer, _)| answer.following(&self.ours)),
            None => Ok(sdp::reoffer(&self.ours, &self.media)),
        };
        match answered {
            Ok(answer) => {
                reinvite.answer(answer.to_string());
                self.ours = answer;
            }
            Err(error) => reinvite.reject(error.status()),
        }
    }
}

async fn follow_caller(shared: Arc<Shared>, mut leg: SipLeg, begun: Begun, mut session: Session) {
    let Begun { leg: id, facts, .. } = begun;
    while let Some(event) = leg.next().await {
        match event {
            SipLegEvent::Reinvite(reinvite) => session.change(reinvite),
            SipLegEvent::Dtmf { digit, .. } => {
                // Told in signalling instead of in media: for the conversation it is the same key.
                let (at, fact) = (shared.media.now(), LegFact::Dtmf { digit });
                drop(facts.send(Fact::Leg(LegEvent { leg: id, at, fact })).await);
            }
            SipLegEvent::Refused { .. } | SipLegEvent::Ended(_) => break,
            SipLegEvent::Refer(refer) => refer.reject(603),
            SipLegEvent::Ringing { .. }
            | SipLegEvent::Answered { .. }
            | SipLegEvent::Established { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Referred(_) => {}
        }
    }
    drop(facts.send(Fact::CallerGone).await);
}

/// Rings a human's phone and follows it to its end.
pub(crate) async fn ring(legs: Legs, leg: LegId, human: Human) {
    let outcome = match place(&legs, leg, &human).await {
        Ok(()) => HumanFact::Gone,
        Err(error) => HumanFact::Refused(format!("{error:#}")),
    };
    legs.shared.media.command(leg, callwright_model::LegCommand::Remove);
    legs.forget(leg);
    debug!(?outcome, "a human's phone is done");
    drop(legs.facts.send(Fact::Human(leg, outcome)).await);
}

async fn place(legs: &Legs, leg: LegId, human: &Human) -> Result<()> {
    let shared = &legs.shared;
    let ip = shared.sip.local_ip_toward(&human.address).await?;
    let mut local = local_media(shared, ip)?;
    // The cheapest bridge is between equal codecs, and the caller's is mostly G.711; a desk phone that wants another says so.
    local.media.codecs.sort_by_key(|codec| *codec == Codec::Opus);
    let ours = sdp::offer(&local.media);
    let from = format!("sip:callwright@{}", shared.sip.local_addresses()[0]);
    let mut call = OutgoingCall::new(&human.address, from, ours.to_string());
    call.answer_time = ANSWER_TIME;
    let mut phone = shared.sip.invite(call).await.with_context(|| format!("ringing {}", human.name))?;
    if !legs.ringing(leg, Phone::Sip(phone.control())) {
        phone.hangup();
    }
    let mut waiting = Some(local);
    let mut session = None;
    while let Some(event) = phone.next().await {
        match event {
            SipLegEvent::Ringing { .. } => {
                drop(legs.facts.send(Fact::Human(leg, HumanFact::Ringing)).await);
            }
            SipLegEvent::Answered { sdp } => {
                let Some(local) = waiting.take() else { continue };
                session = Some(answered(legs, leg, &phone, sdp, &ours, local)?);
                drop(legs.facts.send(Fact::Human(leg, HumanFact::Answered)).await);
            }
            SipLegEvent::Refused { status, reason } => return Err(anyhow!("{status} {reason}")),
            SipLegEvent::Reinvite(reinvite) => {
                if let Some(session) = &mut session {
                    Session::change(session, reinvite);
                }
            }
            SipLegEvent::Dtmf { digit, .. } => {
                let fact = LegFact::Dtmf { digit };
                let at = shared.media.now();
                drop(legs.facts.send(Fact::Leg(LegEvent { leg, at, fact })).await);
            }
            SipLegEvent::Refer(refer) => refer.reject(603),
            SipLegEvent::Established { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Referred(_) => {}
            SipLegEvent::Ended(_) => break,
        }
    }
    Ok(())
}

/// The human has answered: their leg gets sound.
fn answered(
    legs: &Legs,
    leg: LegId,
    phone: &SipLeg,
    sdp: Option<String>,
    ours: &SessionDescription,
    mut local: Local,
) -> Result<Session> {
    let theirs: SessionDescription = sdp.context("the answer has no session description")?.parse()?;
    let agreed = sdp::accept(ours, &theirs)?;
    connect(&mut local.socket, &agreed);
    local.media.codecs = vec![agreed.format.codec];
    let hints = Hints {
        expect: Expect::YesNo,
        language: Language::EN,
        languages: Vec::new(),
        sentences: Arc::from([]),
        likely: Vec::new(),
    };
    let control = Phone::Sip(phone.control());
    legs.attach(leg, LegRole::Human, Box::new(local.socket), agreed.format, control, hints)?;
    Ok(Session { ours: ours.clone(), media: local.media })
}

fn retry_after(shared: &Shared) -> u32 {
    u32::try_from(shared.config.sip.retry_after.as_secs()).unwrap_or(u32::MAX)
}

/// Longer than the transfer lets any phone ring; it hangs up by itself before.
const ANSWER_TIME: Duration = Duration::from_secs(90);
