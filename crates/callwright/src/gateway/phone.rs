//! Telephones: callers who come in by SIP, and humans who are rung.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use callwright_call_core::call::Hold;
use callwright_call_core::sdp::{
    self, Agreed, Direction, LocalDtls, LocalKeys, LocalMedia, Security, SessionDescription,
};
use callwright_console::Channel;
use callwright_conversation::{Fact, HumanFact};
use callwright_media::{Media, RtpSocket};
use callwright_model::{
    AudioFormat, Codec, Expect, Hints, Language, LegCommand, LegId, LegRole, MediaPath, Pii, SrtpMaster,
};
use callwright_sip::{
    IncomingCall, LegEnd, OutgoingCall, Reinvite, Replaces, SipLeg, SipLegEvent, UserToUser,
};
use callwright_webrtc::{BrowserLeg, BrowserOffer, BrowserSession};
use tracing::{debug, info, warn};

use crate::chat::random_id;
use crate::config::{Config, Srtp};
use crate::gateway::board::{Legs, Phone};
use crate::gateway::dial::{NoWay, Way, another_may_help};
use crate::gateway::promises::Called;
use crate::gateway::ring::Rival;
use crate::gateway::{Begun, NewCall, Shared, transfers, web_phone};
use crate::lines::LoadedLine;

/// Answers a caller, or refuses with the status that says why.
pub(crate) fn answer(shared: &Arc<Shared>, call: IncomingCall) {
    if call.replaces.is_some() {
        return transfers::take_place(shared, call);
    }
    let Some(line) = shared.lines.for_number(&shared.config, &call.to_user, call.trunk.as_deref()).cloned()
    else {
        info!(to = %call.to_user, "nobody answers this number");
        call.reject(404, None);
        return;
    };
    if let Some(offer) = call.offer.clone().filter(|offer| web_phone::is_web(offer)) {
        tokio::spawn(web_phone::answer(Arc::clone(shared), line, call, offer));
        return;
    }
    let local = match local(shared, call.local_ip, call.trunk.as_deref()) {
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
pub(crate) struct Local {
    pub(crate) socket: RtpSocket,
    pub(crate) media: LocalMedia,
}

pub(crate) fn local(shared: &Shared, ip: IpAddr, trunk: Option<&str>) -> Result<Local> {
    let (socket, media) = local_media(&shared.media, &shared.config, ip, trunk)?;
    Ok(Local { socket, media })
}

/// A port for the sound of a call by a trunk or by none, and what is said about it.
///
/// # Errors
/// When no port is free, or the system gives no random bytes.
pub(crate) fn local_media(
    media: &Media,
    config: &Config,
    ip: IpAddr,
    trunk: Option<&str>,
) -> Result<(RtpSocket, LocalMedia)> {
    let socket = media.bind(ip)?;
    let address = config.media.external_ip.unwrap_or(ip);
    let (codecs, srtp) = config.sound(trunk);
    let mut media = LocalMedia::new(address, socket.local_addr().port(), codecs, random_id() >> 1);
    media.comfort_noise = config.media.comfort_noise;
    let dtls = LocalDtls::new(socket.fingerprint());
    media.security = match srtp {
        Srtp::Off => Security::Clear,
        Srtp::Optional => Security::Optional(fresh_keys(dtls)?),
        Srtp::Required => Security::Required(fresh_keys(dtls)?),
        Srtp::Dtls => Security::Dtls(dtls),
    };
    Ok((socket, media))
}

/// Keys for one leg, never used before.
fn fresh_keys(dtls: LocalDtls) -> Result<LocalKeys> {
    let random = rustls::crypto::ring::default_provider().secure_random;
    let mut masters = [[0; SrtpMaster::LEN]; 2];
    for master in &mut masters {
        random.fill(master).map_err(|_| anyhow!("the system gives no random bytes for keys"))?;
    }
    Ok(LocalKeys::new(masters, dtls))
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
    local.socket.connect(&agreed.path());
    local.media.settle(&agreed);
    let caller = Some(call.from.clone()).filter(|from| !from.reveal().is_empty());
    let trunk = call.trunk.clone();
    call.ring();
    // The leg is made before the answer leaves: the caller's first packets come right behind it.
    let leg = call.accept(ours.to_string());
    begin(shared, leg, Answered { line, trunk, caller, called: None, local, ours, agreed });
}

/// The caller leaves the offer to us: it goes into our answer, and theirs comes with the acknowledgement.
async fn answer_with_offer(shared: Arc<Shared>, line: LoadedLine, call: IncomingCall, mut local: Local) {
    let ours = sdp::offer(&local.media);
    let caller = Some(call.from.clone()).filter(|from| !from.reveal().is_empty());
    let trunk = call.trunk.clone();
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
    local.socket.connect(&agreed.path());
    local.media.settle(&agreed);
    begin(&shared, leg, Answered { line, trunk, caller, called: None, local, ours, agreed });
}

/// A call that was answered, and on what terms.
pub(crate) struct Answered {
    pub(crate) line: LoadedLine,
    pub(crate) trunk: Option<String>,
    pub(crate) caller: Option<Pii<String>>,
    /// We have called them.
    pub(crate) called: Option<Called>,
    pub(crate) local: Local,
    pub(crate) ours: SessionDescription,
    pub(crate) agreed: Agreed,
}

/// Begins the conversation, and has the leg followed to its end.
pub(crate) fn begin(shared: &Arc<Shared>, leg: SipLeg, answered: Answered) {
    let Answered { line, trunk, caller, called, local, ours, agreed } = answered;
    let begun = shared.begin(NewCall {
        line,
        channel: Channel::Sip,
        trunk,
        caller,
        called,
        io: shared.capture.sound(leg.call_id(), local.socket, &agreed.path()),
        format: agreed.format,
        phone: Phone::Sip(leg.control()),
    });
    match begun {
        Ok(begun) => {
            shared.capture.link(begun.call, leg.call_id());
            let session = Session {
                ours,
                media: local.media,
                hold: Hold::Off,
                path: agreed.path(),
                format: agreed.format,
            };
            tokio::spawn(follow_caller(Arc::clone(shared), leg, begun, Changes::Phone(Box::new(session))));
        }
        Err(error) => {
            warn!(%error, "a call could not begin");
            leg.hangup();
        }
    }
}

/// What both sides agreed on last.
pub(crate) struct Session {
    ours: SessionDescription,
    media: LocalMedia,
    hold: Hold,
    path: MediaPath,
    format: AudioFormat,
}

impl Session {
    /// Answers a change: hold, resume, another address, other keys, another codec, though the one that is spoken stays while the other
    /// end still offers it. Tells whether the other end holds the line by now.
    fn change(&mut self, reinvite: Reinvite, media: &Media, leg: LegId) -> Hold {
        let answered = match &reinvite.offer {
            Some(offer) => offer
                .parse::<SessionDescription>()
                .and_then(|offer| sdp::answer(&offer, &self.media))
                .map(|(answer, agreed)| (answer.following(&self.ours), Some(agreed))),
            None => Ok((sdp::reoffer(&self.ours, &self.media), None)),
        };
        match answered {
            Ok((answer, agreed)) => {
                if let Some(agreed) = agreed {
                    self.follow(&agreed, media, leg);
                }
                reinvite.answer(answer.to_string());
                self.ours = answer;
            }
            Err(error) => {
                info!(%error, "a change of a call's media is refused");
                reinvite.reject(error.status());
            }
        }
        self.hold
    }

    /// The answer to an offer of ours has come with an acknowledgement.
    fn established(&mut self, theirs: Option<String>, media: &Media, leg: LegId) -> Option<Hold> {
        let theirs = theirs?.parse().ok()?;
        self.follow(&sdp::accept(&self.ours, &theirs).ok()?, media, leg);
        Some(self.hold)
    }

    /// Packets go where the other end says. An end that only holds names no address; the old one stays.
    fn follow(&mut self, agreed: &Agreed, media: &Media, leg: LegId) {
        self.hold = held(agreed.direction);
        self.media.settle(agreed);
        if agreed.format != self.format {
            self.format = agreed.format;
            media.agree(leg, agreed.format);
        }
        let path = agreed.path();
        if path != self.path && !path.remote.ip().is_unspecified() {
            self.path = path;
            media.redirect(leg, path);
        }
    }
}

/// How changes of a leg's session are answered.
pub(crate) enum Changes {
    /// Of a telephone with RTP.
    Phone(Box<Session>),
    /// Of one that is a page.
    Page(BrowserSession),
}

impl Changes {
    /// Answers one. Tells whether the other end holds the line by then; `None` when nothing has changed.
    fn answer(&mut self, reinvite: Reinvite, media: &Media, leg: LegId) -> Option<Hold> {
        match self {
            Self::Phone(session) => Some(session.change(reinvite, media, leg)),
            Self::Page(session) => web_phone::change(session, reinvite),
        }
    }

    /// The answer to an offer of ours has come with an acknowledgement.
    fn established(&mut self, theirs: Option<String>, media: &Media, leg: LegId) -> Option<Hold> {
        match self {
            Self::Phone(session) => session.established(theirs, media, leg),
            Self::Page(_) => None,
        }
    }
}

/// What the other end does, by what is left for us (RFC 3264 section 8.4).
fn held(ours: Direction) -> Hold {
    match ours {
        Direction::SendRecv | Direction::SendOnly => Hold::Off,
        Direction::RecvOnly => Hold::Music,
        Direction::Inactive => Hold::Silent,
    }
}

pub(crate) async fn follow_caller(shared: Arc<Shared>, mut leg: SipLeg, begun: Begun, mut session: Changes) {
    let Begun { leg: id, facts, .. } = begun;
    while let Some(event) = leg.next().await {
        match event {
            SipLegEvent::Reinvite(reinvite) => {
                if let Some(hold) = session.answer(reinvite, &shared.media, id) {
                    drop(facts.send(Fact::Held(id, hold)).await);
                }
            }
            SipLegEvent::Established { sdp } => {
                if let Some(hold) = session.established(sdp, &shared.media, id) {
                    drop(facts.send(Fact::Held(id, hold)).await);
                }
            }
            SipLegEvent::Referred(progress) => {
                debug!("a transfer by the caller's network: {progress:?}");
                drop(facts.send(Fact::Refer(transfers::progress(progress))).await);
            }
            SipLegEvent::Dtmf { digit, .. } => {
                // The leg knows whether the same key has come in media as well.
                shared.media.command(id, LegCommand::Key { digit });
            }
            SipLegEvent::Refused { .. } | SipLegEvent::Ended(_) => break,
            // Nobody but the human has anybody to move on.
            SipLegEvent::Refer(refer) => refer.reject(603),
            SipLegEvent::Ringing { .. }
            | SipLegEvent::Answered { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. } => {}
        }
    }
    drop(facts.send(Fact::CallerGone).await);
}

/// Whose phone is rung.
pub(crate) struct Callee {
    /// Who, for the operator.
    pub(crate) name: String,
    pub(crate) address: String,
    /// The call at the other end whose place ours takes.
    pub(crate) replaces: Option<Replaces>,
    /// On whose wish.
    pub(crate) referred_by: Option<Pii<String>>,
    /// Other phones ring for the same leg.
    pub(crate) rival: Option<Rival>,
}

/// Rings somebody's phone and follows it to its end.
pub(crate) async fn ring(legs: Legs, leg: LegId, callee: Callee) {
    let outcome = match place(&legs, leg, callee).await {
        Ok(()) => HumanFact::Gone,
        Err(error) => {
            if let Some(NoWay::Declined { status, .. }) = error.downcast_ref() {
                legs.declined(leg, *status);
            }
            HumanFact::Refused(format!("{error:#}"))
        }
    };
    legs.shared.media.command(leg, LegCommand::Remove);
    legs.forget(leg);
    debug!(?outcome, "a human's phone is done");
    drop(legs.facts.send(Fact::Human(leg, outcome)).await);
}

/// Tries one way after another, until somebody's phone has been reached.
pub(crate) async fn place(legs: &Legs, leg: LegId, callee: Callee) -> Result<()> {
    let mut ways = Way::to(&legs.shared.sip, &callee.address)?.into_iter().peekable();
    while let Some(way) = ways.next() {
        match place_by(legs, leg, &callee, &way).await {
            Err(error) if ways.peek().is_some() && another_may_help(&error) => {
                info!(trunk = way.trunk(), %error, "a trunk was of no use: the next one is tried");
            }
            outcome => return outcome.with_context(|| format!("ringing {}", callee.name)),
        }
    }
    Ok(())
}

async fn place_by(legs: &Legs, leg: LegId, callee: &Callee, way: &Way) -> Result<()> {
    let shared = &legs.shared;
    let ip = way.local_ip(&shared.sip).await?;
    let mut local = local(shared, ip, way.trunk())?;
    if way.trunk().is_none() {
        // The cheapest bridge is between equal codecs, and the caller's is mostly G.711; a desk phone that wants another says so.
        local.media.codecs.sort_by_key(|codec| !matches!(codec, Codec::Pcmu | Codec::Pcma));
    }
    let ours = sdp::offer(&local.media);
    let mut call = OutgoingCall::new(way.address(), transfers::our_address(shared), ours.to_string());
    call.answer_time = ANSWER_TIME;
    call.replaces.clone_from(&callee.replaces);
    call.fields.referred_by.clone_from(&callee.referred_by);
    if callee.rival.is_some() {
        // A human's own system finds the call by these; nothing of the caller is in them.
        call.fields.call = Some(legs.call.to_string());
        call.fields.user_to_user = vec![UserToUser::hex(&legs.call.0.to_be_bytes())];
    }
    let mut web = web_phone::offer(shared, way.address()).await?;
    call.web_offer = web.as_ref().map(|web| web.offer_sdp.clone());
    let mut phone = way.invite(&shared.sip, call).await?;
    shared.capture.link(legs.call, phone.call_id());
    let number = callee.rival.as_ref().map_or(0, |rival| rival.number);
    if !legs.ringing(leg, number, Phone::Sip(phone.control())) {
        phone.hangup();
    }
    let mut waiting = Some(local);
    while let Some(event) = phone.next().await {
        match event {
            SipLegEvent::Ringing { .. } => {
                drop(legs.facts.send(Fact::Human(leg, HumanFact::Ringing)).await);
            }
            SipLegEvent::Answered { sdp } => {
                let Some(local) = waiting.take() else { continue };
                if callee.rival.as_ref().is_some_and(|rival| !rival.wins(legs, leg)) {
                    phone.hangup();
                    continue;
                }
                let session = match (web.take(), &sdp) {
                    (Some(web), Some(sdp)) if web_phone::is_web(sdp) => {
                        Changes::Page(answered_by_page(legs, leg, &phone, sdp, web).await?)
                    }
                    _ => Changes::Phone(Box::new(answered(legs, leg, &phone, sdp, &ours, local)?)),
                };
                drop(legs.facts.send(Fact::Human(leg, HumanFact::Answered)).await);
                return follow_human(legs, leg, &mut phone, session).await;
            }
            SipLegEvent::Refused { status, reason } => return Err(NoWay::Declined { status, reason }.into()),
            SipLegEvent::Ended(LegEnd::Failed(why)) => return Err(NoWay::Lost(why).into()),
            SipLegEvent::Ended(_) => break,
            SipLegEvent::Refer(refer) => refer.reject(603),
            SipLegEvent::Established { .. }
            | SipLegEvent::Reinvite(_)
            | SipLegEvent::Dtmf { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Referred(_) => {}
        }
    }
    Ok(())
}

/// From the answer of somebody's phone to its end.
async fn follow_human(legs: &Legs, leg: LegId, phone: &mut SipLeg, mut session: Changes) -> Result<()> {
    while let Some(event) = phone.next().await {
        match event {
            SipLegEvent::Reinvite(reinvite) => {
                if let Some(hold) = session.answer(reinvite, &legs.shared.media, leg) {
                    drop(legs.facts.send(Fact::Held(leg, hold)).await);
                }
            }
            SipLegEvent::Established { sdp } => {
                if let Some(hold) = session.established(sdp, &legs.shared.media, leg) {
                    drop(legs.facts.send(Fact::Held(leg, hold)).await);
                }
            }
            SipLegEvent::Dtmf { digit, .. } => {
                legs.shared.media.command(leg, LegCommand::Key { digit });
            }
            SipLegEvent::Refer(refer) => {
                if legs.move_asked(*refer) {
                    drop(legs.facts.send(Fact::MoveAsked(leg)).await);
                }
            }
            SipLegEvent::Ended(_) => break,
            SipLegEvent::Ringing { .. }
            | SipLegEvent::Answered { .. }
            | SipLegEvent::Refused { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Referred(_) => {}
        }
    }
    Ok(())
}

/// The human has answered in a browser: their leg gets sound when the page has connected.
async fn answered_by_page(
    legs: &Legs,
    leg: LegId,
    phone: &SipLeg,
    sdp: &str,
    offer: BrowserOffer,
) -> Result<BrowserSession> {
    let session = BrowserSession::new(&offer.offer_sdp, sdp)?;
    let BrowserLeg { io, format, closed, .. } = offer.accept(sdp).await?;
    legs.attach(leg, LegRole::Human, io, format, Phone::Sip(phone.control()), human_hints(), None)?;
    let control = phone.control();
    tokio::spawn(async move {
        // Its sound is gone, with or without a word: so is the call.
        drop(closed.await);
        control.hangup();
    });
    Ok(session)
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
    local.socket.connect(&agreed.path());
    local.media.settle(&agreed);
    let control = Phone::Sip(phone.control());
    let io = legs.shared.capture.sound(phone.call_id(), local.socket, &agreed.path());
    legs.attach(leg, LegRole::Human, io, agreed.format, control, human_hints(), None)?;
    Ok(Session {
        ours: ours.clone(),
        media: local.media,
        hold: Hold::Off,
        path: agreed.path(),
        format: agreed.format,
    })
}

/// Another phone takes the place of somebody's: it is answered, and its leg has sound when this returns.
pub(crate) async fn answer_in_place(legs: Legs, leg: LegId, replaced: LegId, call: IncomingCall) {
    let answered = answer_replacing(&legs, leg, call);
    let (mut phone, session) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            info!(%error, "a phone could not take another's place");
            return;
        }
    };
    drop(legs.facts.send(Fact::Replaced { leg: replaced, by: leg }).await);
    // It tells no failure: the phone was answered.
    drop(follow_human(&legs, leg, &mut phone, Changes::Phone(Box::new(session))).await);
    legs.shared.media.command(leg, LegCommand::Remove);
    legs.forget(leg);
    drop(legs.facts.send(Fact::Human(leg, HumanFact::Gone)).await);
}

fn answer_replacing(legs: &Legs, leg: LegId, call: IncomingCall) -> Result<(SipLeg, Session)> {
    let mut local = local(&legs.shared, call.local_ip, call.trunk.as_deref())?;
    let Some(offer) = call.offer.clone() else {
        call.reject(488, None);
        return Err(anyhow!("an INVITE with Replaces that leaves the offer to us"));
    };
    let agreed = offer.parse::<SessionDescription>().and_then(|offer| sdp::answer(&offer, &local.media));
    let (ours, agreed) = match agreed {
        Ok(agreed) => agreed,
        Err(error) => {
            call.reject(error.status(), None);
            return Err(error.into());
        }
    };
    local.socket.connect(&agreed.path());
    local.media.settle(&agreed);
    let phone = call.accept(ours.to_string());
    legs.shared.capture.link(legs.call, phone.call_id());
    let control = Phone::Sip(phone.control());
    let io = legs.shared.capture.sound(phone.call_id(), local.socket, &agreed.path());
    legs.attach(leg, LegRole::Human, io, agreed.format, control, human_hints(), None)?;
    Ok((
        phone,
        Session { ours, media: local.media, hold: Hold::Off, path: agreed.path(), format: agreed.format },
    ))
}

fn human_hints() -> Hints {
    Hints {
        expect: Expect::YesNo,
        language: Language::EN,
        languages: Vec::new(),
        sentences: Arc::from([]),
        likely: Vec::new(),
    }
}

fn retry_after(shared: &Shared) -> u32 {
    u32::try_from(shared.config.sip.retry_after.as_secs()).unwrap_or(u32::MAX)
}

/// Longer than the transfer lets any phone ring; it hangs up by itself before.
const ANSWER_TIME: Duration = Duration::from_secs(90);
