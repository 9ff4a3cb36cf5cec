//! `callwright trunk test --call`: one call by the trunk, and whether sound comes back.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use callwright_audio_core::{Decoder, PcmRing};
use callwright_call_core::sdp::{self, SessionDescription};
use callwright_call_core::trunk::dialled;
use callwright_media::{Media, MediaConfig, RtpSocket};
use callwright_model::{AudioFormat, Frame, PacketIo, Road};
use callwright_rtp_core::{AudioSender, RtpPacket};
use callwright_sip::{LegEnd, OutgoingCall, SipEndpoint, SipLeg, SipLegEvent, TrunkWay};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{BAD, CALL, GOOD, Step};
use crate::chat::random_id;
use crate::config::Config;
use crate::gateway::local_media;

/// What was heard.
struct Heard {
    packets: usize,
    /// The loudest 20 ms, in dB of full scale.
    loudest: f32,
    codec: &'static str,
}

/// Calls, listens for some seconds, and hangs up.
pub(super) async fn call(config: &Config, endpoint: &SipEndpoint, trunk: &str, number: &str) -> Step {
    let bad =
        |found: String, help: &str| Step { step: CALL, outcome: BAD, found, help: Some(help.to_owned()) };
    match place(config, endpoint, trunk, number).await {
        Ok(Heard { packets: 0, codec, .. }) => bad(
            format!("answered with {codec}, and no sound came in {} s", LISTENING.as_secs()),
            "let UDP in at `media.ports`, and set `media.external_ip` behind a NAT",
        ),
        Ok(Heard { loudest, packets, codec }) if loudest < QUIET => bad(
            format!(
                "answered with {codec}; {packets} packets came, and all are silence (at most {loudest:.0} dBFS)"
            ),
            "call a number that says something, such as the carrier's announcement",
        ),
        Ok(Heard { loudest, packets, codec }) => {
            let found =
                format!("answered with {codec}; {packets} packets came, the loudest at {loudest:.0} dBFS");
            Step { step: CALL, outcome: GOOD, found, help: None }
        }
        Err(error) => bad(format!("{error:#}"), advice(&error)),
    }
}

/// Why nothing was even asked.
#[derive(Debug, thiserror::Error)]
enum Unplaced {
    #[error("that is no number")]
    Number,
    #[error("none of its `route`s takes this number")]
    Route,
}

fn advice(error: &anyhow::Error) -> &'static str {
    match error.downcast_ref::<Unplaced>() {
        Some(Unplaced::Number) => "write digits after an optional `+`",
        Some(Unplaced::Route) => "add a `[[trunk.route]]` whose `numbers` fit it",
        None => {
            "403 and 603 mostly mean that the caller's number (`caller_id`) or the account may not; 404 and 484 that the \
             number is written otherwise there (`strip`, `add`); 488 and no codec in common that `codecs` or `srtp` do not fit"
        }
    }
}

async fn place(config: &Config, endpoint: &SipEndpoint, trunk: &str, number: &str) -> Result<Heard> {
    let number = dialled(number).ok_or(Unplaced::Number)?;
    let ways = endpoint.ways(&number);
    let way: &TrunkWay = ways.iter().find(|way| way.trunk == trunk).ok_or(Unplaced::Route)?;
    let ip = endpoint.local_ip_to_trunk(trunk).await?;
    let media = Media::start(MediaConfig {
        workers: 1,
        ports: config.media.ports.0..=config.media.ports.1,
        ..MediaConfig::default()
    })?;
    let (mut socket, local) = local_media(&media, config, ip, Some(trunk))?;
    let ours = sdp::offer(&local);
    let mut call = OutgoingCall::new("", "sip:callwright@callwright.invalid", ours.to_string());
    call.answer_time = RINGING;
    let mut leg = endpoint.invite_by_trunk(way, call).await?;
    let theirs: SessionDescription = answered(&mut leg).await?.parse()?;
    let agreed = sdp::accept(&ours, &theirs)?;
    socket.connect(&agreed.path());
    let heard = listen(&mut leg, &mut socket, agreed.format).await;
    leg.hangup();
    while leg.next().await.is_some() {}
    media.shutdown();
    heard
}

async fn answered(leg: &mut SipLeg) -> Result<String> {
    while let Some(event) = leg.next().await {
        match event {
            SipLegEvent::Answered { sdp } => return sdp.context("the answer has no session description"),
            SipLegEvent::Refused { status, reason } => bail!("refused with {status} {reason}"),
            SipLegEvent::Ended(LegEnd::NoAnswer) => bail!("nobody answered in {} s", RINGING.as_secs()),
            SipLegEvent::Ended(end) => bail!("it ended before an answer: {end:?}"),
            SipLegEvent::Ringing { .. }
            | SipLegEvent::Established { .. }
            | SipLegEvent::Reinvite(_)
            | SipLegEvent::Dtmf { .. }
            | SipLegEvent::Reinvited { .. }
            | SipLegEvent::ReinviteRefused { .. }
            | SipLegEvent::Refer(_)
            | SipLegEvent::Referred(_) => {}
        }
    }
    bail!("the endpoint is gone")
}

/// Sends silence, so that whoever waits for our first packet has it, and hears until there was sound or the time is over.
async fn listen(leg: &mut SipLeg, socket: &mut RtpSocket, format: AudioFormat) -> Result<Heard> {
    let mut sender = AudioSender::new(format, random_id())?;
    let mut decoder = Decoder::new(format.codec)?;
    let (mut pcm, mut frame, mut buffer) = (PcmRing::new(), Frame::SILENCE, [0; DATAGRAM]);
    let mut heard = Heard { packets: 0, loudest: SILENCE, codec: format.codec.name() };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + LISTENING;
    while Instant::now() < end && heard.loudest < QUIET {
        tokio::select! {
            _ = ticks.tick() => {}
            event = leg.next() => match event {
                Some(SipLegEvent::Ended(_)) | None => bail!("they hung up at once"),
                Some(_) => continue,
            },
        }
        let mut sent = sender.send(&Frame::SILENCE, &mut buffer);
        // Nothing while a packet is not full, several where they are shorter than a tick.
        while let Ok(length @ 1..) = sent {
            // What does not go out is lost, as on any network.
            drop(socket.send(&buffer[..length]));
            sent = sender.send_more(&mut buffer);
        }
        if socket.road() == Road::Barred {
            bail!("no keys could be agreed on by DTLS, see the log");
        }
        while let Some(length) = socket.receive(&mut buffer) {
            let Ok(packet) = RtpPacket::parse(&buffer[..length]) else { continue };
            if packet.header.payload_type != format.payload_type_in {
                continue;
            }
            heard.packets += 1;
            if decoder.decode(packet.payload, &mut pcm).is_err() {
                continue;
            }
            while pcm.pop_frame(&mut frame) {
                heard.loudest = heard.loudest.max(frame.level_dbfs());
            }
        }
    }
    Ok(heard)
}

/// As long as people let it ring.
const RINGING: Duration = Duration::from_secs(45);
/// Announcements begin within it.
const LISTENING: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(20);
/// Noise of an idle line is below, any voice above.
const QUIET: f32 = -55.0;
const SILENCE: f32 = -100.0;
/// Longer than any Ethernet frame.
const DATAGRAM: usize = 2_048;
