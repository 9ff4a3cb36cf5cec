//! Offer and answer of one audio stream: what two ends agree on before the first sound.
//!
//! This is the part of SDP (RFC 8866) and of the offer/answer model (RFC 3264) that a telephone leg needs, and no more:
//!
//! - [`SessionDescription`] parses and prints. It keeps origin, connection addresses, attributes and media lines, and forgets
//!   lines that do not matter to us (bandwidth, repeat times, contact details of a person).
//! - [`offer`] makes an offer, [`reoffer`] one that follows an earlier description of ours.
//! - [`answer`] answers an offer. Our order of preference decides among the codecs that were offered.
//! - [`accept`] takes the answer to our own offer; there the other end's order decides, for it had the choice.
//!
//! Rules kept:
//!
//! - Exactly one audio stream is taken: the first that has a codec in common with us. Every other line is answered in its
//!   place with port 0, as RFC 3264 wants it.
//! - `RTP/AVP`, `RTP/SAVP`, `UDP/TLS/RTP/SAVP` and each of them with an `F` are spoken and answered in kind. [`Security`] says whether
//!   media is encrypted (keys by `a=crypto`, RFC 4568, or by DTLS, RFC 5763); what insists on it is never silently answered in clear.
//! - Payload types 0, 8 and 9 mean PCMU, PCMA and G.722 without an `rtpmap`; every other type needs one.
//! - Comfort noise (RFC 3389) is neither offered nor answered unless [`LocalMedia::comfort_noise`] says so, for whoever suppresses silence
//!   cuts words; what an end sends of it all the same is known by the number that it has named.
//! - Telephone events are agreed only at the codec's own clock rate, for they share its RTP timestamps.
//! - Hold: `sendonly` is answered with `recvonly`, `inactive` with `inactive`; the old form `c=IN IP4 0.0.0.0` counts as an
//!   end that does not want to receive.
//! - We ask for VoIP metrics (RFC 3611) in offers, and in answers where the other end does.
//! - We ask for packets of 20 ms and send as long ones as the other end asks for, from 10 to 60 ms.
//! - A peer's junk is an [`SdpError`] with the SIP status to answer, never a panic.
//!
//! Not here: ICE (browser legs bring their own), the handshake itself, video, multicast, host names in `c=` lines
//! (nobody in this crate can look one up), and several audio streams at once.

mod audio;
mod crypto;
mod description;
mod direction;
mod dtls;
mod error;

use core::net::{IpAddr, SocketAddr};

use callwright_model::{AudioFormat, Codec, DtmfFormat, MediaPath, Protection};

use self::audio::{
    TelephoneEvents, audio_formats, comfort_noise, local_payload_types, packet_ms, wants_voip_metrics,
};
pub use self::crypto::{LocalKeys, Security};
pub use self::description::{Attribute, Connection, MediaDescription, Origin, SessionDescription};
pub use self::direction::Direction;
pub use self::dtls::LocalDtls;
pub use self::error::SdpError;

/// What we bring to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive RTP; goes into the `c=` and `o=` lines.
    pub address: IpAddr,
    /// The UDP port at which we receive RTP.
    pub port: u16,
    /// Codecs we speak, the one we like best first.
    pub codecs: Vec<Codec>,
    /// Whether we offer and accept telephone events (RFC 4733).
    pub dtmf: bool,
    /// Whether we offer and accept comfort noise (RFC 3389), and send it in place of silence.
    pub comfort_noise: bool,
    /// What we are willing to do: `SendRecv`, or less while we hold.
    pub direction: Direction,
    /// Whether we take RTCP on the RTP port (RFC 5761) when the other end does.
    pub rtcp_mux: bool,
    /// Whether media is encrypted.
    pub security: Security,
    /// Number of the session in the `o=` line; the same for the whole life of a leg, and drawn by the shell.
    pub session: u64,
}

impl LocalMedia {
    /// Audio both ways at this address with these codecs, with telephone events and RTCP on the RTP port.
    #[must_use]
    pub fn new(address: IpAddr, port: u16, codecs: &[Codec], session: u64) -> Self {
        Self {
            address,
            port,
            codecs: codecs.to_vec(),
            dtmf: true,
            comfort_noise: false,
            direction: Direction::SendRecv,
            rtcp_mux: true,
            security: Security::Clear,
            session,
        }
    }

    /// Goes on with what was agreed: likes the codec best that is spoken, and stays on its side of a handshake.
    pub fn settle(&mut self, agreed: &Agreed) {
        self.codecs.sort_by_key(|other| *other != agreed.format.codec);
        self.security.keep(&agreed.protection);
    }
}

/// What offer and answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Codec, payload types, telephone events.
    pub format: AudioFormat,
    /// Where the other end wants RTP. May be unspecified (`0.0.0.0`) while it holds; then `direction` does not send.
    pub remote: SocketAddr,
    /// Where it wants RTCP: the same port with `rtcp-mux`, else what `a=rtcp` says, else the next port.
    pub remote_rtcp: SocketAddr,
    /// What *we* may do.
    pub direction: Direction,
    /// How media is encrypted.
    pub protection: Protection,
}

impl Agreed {
    /// The way that packets take.
    #[must_use]
    pub const fn path(&self) -> MediaPath {
        MediaPath { remote: self.remote, remote_rtcp: self.remote_rtcp, protection: self.protection }
    }
}

/// Our offer.
#[must_use]
pub fn offer(local: &LocalMedia) -> SessionDescription {
    describe(local, vec![offered_audio(local)])
}

/// An offer that follows `previous`, our last description in this session: same lines in the same places, and the version
/// counted up when anything changed.
#[must_use]
pub fn reoffer(previous: &SessionDescription, local: &LocalMedia) -> SessionDescription {
    let mut media: Vec<MediaDescription> = previous.media.iter().map(MediaDescription::refused).collect();
    match previous.media.iter().position(MediaDescription::is_live_audio) {
        Some(place) => media[place] = offered_audio(local),
        None => media.push(offered_audio(local)),
    }
    describe(local, media).following(previous)
}

/// Answers an offer.
///
/// For a later offer in the same session call [`SessionDescription::following`] on the result with our previous description.
///
/// # Errors
/// When there is nothing in it that we can agree to; [`SdpError::status`] is the SIP status that says so.
pub fn answer(
    offer: &SessionDescription,
    local: &LocalMedia,
) -> Result<(SessionDescription, Agreed), SdpError> {
    let mut reason = SdpError::NoAudio;
    let mut chosen = None;
    for (place, line) in offer.media.iter().enumerate() {
        if !line.is_live_audio() {
            continue;
        }
        match answer_audio(offer, line, local) {
            Ok(found) => {
                chosen = Some((place, found));
                break;
            }
            Err(error) => reason = error,
        }
    }
    let Some((place, (audio, agreed))) = chosen else { return Err(reason) };
    let mut media: Vec<MediaDescription> = offer.media.iter().map(MediaDescription::refused).collect();
    media[place] = audio;
    Ok((describe(local, media), agreed))
}

/// Takes the answer to our offer.
///
/// # Errors
/// When it answers something else than was offered, or refuses the audio.
pub fn accept(ours: &SessionDescription, theirs: &SessionDescription) -> Result<Agreed, SdpError> {
    if ours.media.len() != theirs.media.len() {
        return Err(SdpError::AnswerMismatch("it has another number of media lines than the offer"));
    }
    let offered_and_answered =
        ours.media.iter().zip(&theirs.media).find(|(offered, _)| offered.is_live_audio());
    let Some((offered, answered)) = offered_and_answered else {
        return Err(SdpError::AnswerMismatch("nothing was offered"));
    };
    if answered.kind != "audio" {
        return Err(SdpError::AnswerMismatch("the audio line is answered by another medium"));
    }
    if answered.port == 0 {
        return Err(SdpError::NoCommonCodec);
    }
    let protection = crypto::accept(offered, theirs, answered)?;
    let (our_codecs, our_events) = audio_formats(offered);
    let (their_codecs, their_events) = audio_formats(answered);
    let both = their_codecs.iter().find_map(|(codec, out)| {
        our_codecs
            .iter()
            .find(|(ours, _)| ours == codec)
            .map(|(_, payload_type)| (*codec, *payload_type, *out))
    });
    let Some((codec, payload_type_in, payload_type_out)) = both else { return Err(SdpError::NoCommonCodec) };
    let clock_rate = codec.clock_rate();
    let dtmf_in = events_at(&our_events, clock_rate);
    let dtmf_out = events_at(&their_events, clock_rate);
    // Both or neither: an end that did not answer telephone events will not send any either.
    let (dtmf_in, dtmf_out) = if dtmf_out.is_some() { (dtmf_in, dtmf_out) } else { (None, None) };
    let comfort_noise_in = comfort_noise(answered, codec);
    let comfort_noise_out = comfort_noise_in.filter(|_| comfort_noise(offered, codec).is_some());
    let format = AudioFormat {
        codec,
        payload_type_in,
        payload_type_out,
        dtmf_in,
        dtmf_out,
        comfort_noise_in,
        comfort_noise_out,
        packet_ms_out: packet_ms(answered, codec),
        voip_metrics_out: wants_voip_metrics(theirs, answered),
    };
    let wish = offered.direction(ours);
    agree(theirs, answered, format, wish, protection)
}

fn answer_audio(
    offer: &SessionDescription,
    line: &MediaDescription,
    local: &LocalMedia,
) -> Result<(MediaDescription, Agreed), SdpError> {
    let (protection, security) = local.security.answer(offer, line)?;
    let (codecs, events) = audio_formats(line);
    let chosen = local.codecs.iter().find_map(|ours| codecs.iter().find(|(codec, _)| codec == ours));
    let Some(&(codec, payload_type)) = chosen else { return Err(SdpError::NoCommonCodec) };
    let dtmf = if local.dtmf { events_at(&events, codec.clock_rate()) } else { None };
    // The offerer's numbers are kept for both ways, as RFC 3264 section 6.1 recommends.
    let format = AudioFormat {
        codec,
        payload_type_in: payload_type,
        payload_type_out: payload_type,
        dtmf_in: dtmf,
        dtmf_out: dtmf,
        comfort_noise_in: comfort_noise(line, codec),
        comfort_noise_out: comfort_noise(line, codec)
            .filter(|_| local.comfort_noise && codec.clock_rate() == 8_000),
        packet_ms_out: packet_ms(line, codec),
        voip_metrics_out: wants_voip_metrics(offer, line),
    };
    let agreed = agree(offer, line, format, local.direction, protection)?;
    let rtcp_mux = local.rtcp_mux && line.has("rtcp-mux");
    let events: Vec<DtmfFormat> = dtmf.into_iter().collect();
    let mut audio = MediaDescription::audio(
        local.port,
        &line.protocol,
        &[(codec, payload_type)],
        &events,
        agreed.direction,
        rtcp_mux,
    );
    if let Some(payload_type) = format.comfort_noise_out {
        audio.add_comfort_noise(payload_type);
    }
    audio.attributes.extend(security);
    if format.voip_metrics_out {
        audio.attributes.push(audio::want_voip_metrics());
    }
    Ok((audio, agreed))
}

fn agree(
    theirs: &SessionDescription,
    line: &MediaDescription,
    format: AudioFormat,
    wish: Direction,
    protection: Protection,
) -> Result<Agreed, SdpError> {
    let connection = line.connection.as_ref().or(theirs.connection.as_ref());
    let ip = match connection {
        Some(Connection::Ip(ip)) => *ip,
        Some(Connection::Name(_)) => return Err(SdpError::UnusableAddress),
        None => {
            return Err(SdpError::Malformed { line: 0, what: "an audio line without a connection address" });
        }
    };
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    if ip.is_multicast() || broadcast {
        return Err(SdpError::UnusableAddress);
    }
    let mut offered = line.direction(theirs);
    if ip.is_unspecified() {
        offered = offered.without_receiving();
    }
    let remote = SocketAddr::new(ip, line.port);
    let rtcp_port = match (line.has("rtcp-mux"), line.value("rtcp")) {
        (true, _) => line.port,
        (false, Some(value)) => value
            .split_whitespace()
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or(line.port.saturating_add(1)),
        (false, None) => line.port.saturating_add(1),
    };
    let remote_rtcp = SocketAddr::new(ip, rtcp_port);
    Ok(Agreed { format, remote, remote_rtcp, direction: offered.reversed().and(wish), protection })
}

fn offered_audio(local: &LocalMedia) -> MediaDescription {
    let codecs = local_payload_types(&local.codecs);
    let events = if local.dtmf { TelephoneEvents::offered(&local.codecs) } else { Vec::new() };
    let (protocol, security) = local.security.offered();
    let mut audio =
        MediaDescription::audio(local.port, protocol, &codecs, &events, local.direction, local.rtcp_mux);
    if local.comfort_noise && local.codecs.iter().any(|codec| codec.clock_rate() == 8_000) {
        audio.add_comfort_noise(audio::COMFORT_NOISE);
    }
    audio.attributes.extend(security);
    audio.attributes.push(audio::want_voip_metrics());
    audio
}

fn describe(local: &LocalMedia, media: Vec<MediaDescription>) -> SessionDescription {
    SessionDescription {
        origin: Origin {
            user: "-".to_owned(),
            session: local.session.to_string(),
            version: "1".to_owned(),
            address: local.address.to_string(),
        },
        connection: Some(Connection::Ip(local.address)),
        attributes: Vec::new(),
        media,
    }
}

fn events_at(events: &[DtmfFormat], clock_rate: u32) -> Option<DtmfFormat> {
    events.iter().copied().find(|format| format.clock_rate == clock_rate)
}

#[cfg(test)]
mod tests;
