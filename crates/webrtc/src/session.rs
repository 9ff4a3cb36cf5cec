//! One browser's session: the library's peer connection, and the one task that feeds it and ends it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callwright_model::AudioFormat;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::peer_connection::transport::RTCDtlsTransportState;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder,
    configure_rtcp_reports,
};
use webrtc::rtp_transceiver::RtpSender;

use crate::io::{Inward, Outward};
use crate::mux::{Mux, MuxRuntime};
use crate::offer::Offer;
use crate::{BrowserConfig, BrowserError};

/// How long the library may take to list its one local address. It is a matter of a task switch.
const GATHER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a session looks whether its browser is still there.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Names a session in the URL that ends it. Drawn from 128 random bits: who knows it may hang up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) String);

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// [`BrowserGateway::close`](crate::BrowserGateway::close), or the gateway's shutdown.
    Closed,
    /// The leg dropped its [`PacketIo`](callwright_model::PacketIo).
    LegGone,
    /// The browser hung up: it closed the encrypted session.
    PeerClosed,
    /// The browser has fallen silent or its path broke.
    PeerLost,
    /// The offer was answered and no connection followed in time.
    NeverConnected,
}

/// A peer connection that has agreed and waits to be driven. `sdp` is our answer, if it was us who answered.
pub(crate) struct Answered {
    pub(crate) sdp: String,
    connection: Arc<dyn PeerConnection>,
    track: Arc<dyn TrackLocal>,
    sender: Arc<dyn RtpSender>,
    ssrc: u32,
    state: watch::Receiver<RTCPeerConnectionState>,
}

/// What one session draws at random.
pub(crate) struct Secrets {
    pub(crate) ufrag: String,
    pub(crate) password: String,
    pub(crate) ssrc: u32,
}

/// A peer connection that has sound to send and has agreed on nothing yet.
pub(crate) struct Made {
    connection: Arc<dyn PeerConnection>,
    track: Arc<dyn TrackLocal>,
    sender: Arc<dyn RtpSender>,
    ssrc: u32,
    state: watch::Receiver<RTCPeerConnectionState>,
    gathering: watch::Receiver<bool>,
}

/// Makes the peer connection and its answer.
pub(crate) async fn answer(
    mux: &Arc<Mux>,
    offer: Offer,
    secrets: Secrets,
    inward: Inward,
) -> Result<Answered, BrowserError> {
    let remote = RTCSessionDescription::offer(offer.sdp)
        .map_err(|error| BrowserError::Malformed { what: error.to_string() })?;
    let mut made = make(mux, &offer.format, secrets, inward).await?;
    let answered = async {
        // The offer has been read by us and by the library's parser: what it refuses now is in the offer all the same.
        made.connection
            .set_remote_description(remote)
            .await
            .map_err(|error| BrowserError::Malformed { what: error.to_string() })?;
        let answer = made.connection.create_answer(None).await.map_err(failed)?;
        made.describe(answer).await
    };
    match answered.await {
        Ok(sdp) => Ok(made.agreed(sdp)),
        Err(error) => {
            made.close().await;
            Err(error)
        }
    }
}

/// Makes the peer connection and its offer, for a browser that is called.
pub(crate) async fn offer(
    mux: &Arc<Mux>,
    format: &AudioFormat,
    secrets: Secrets,
    inward: Inward,
) -> Result<(Made, String), BrowserError> {
    let mut made = make(mux, format, secrets, inward).await?;
    let offered = async {
        let offer = made.connection.create_offer(None).await.map_err(failed)?;
        made.describe(offer).await
    };
    match offered.await {
        Ok(sdp) => Ok((made, sdp)),
        Err(error) => {
            made.close().await;
            Err(error)
        }
    }
}

async fn make(
    mux: &Arc<Mux>,
    format: &AudioFormat,
    secrets: Secrets,
    inward: Inward,
) -> Result<Made, BrowserError> {
    let Secrets { ufrag, password, ssrc } = secrets;
    let (gathered, gathering) = watch::channel(false);
    let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
    let handler = Arc::new(Handler { gathered, state: state_sender, inward: Mutex::new(Some(inward)) });
    let track: Arc<dyn TrackLocal> = Arc::new(local_track(ssrc));
    let local = match mux.local_addr().map_err(|error| BrowserError::Session(error.to_string()))? {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    };
    let settings = SettingEngineBuilder::new()
        .with_lite(true)
        // The throw-away socket is on loopback wherever the real one is bound.
        .with_include_loopback_candidate(true)
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_ice_credentials(ufrag.clone(), password)
        .build();
    let connection = PeerConnectionBuilder::new()
        .with_runtime(Arc::new(MuxRuntime { mux: mux.clone(), ufrag }))
        .with_configuration(RTCConfigurationBuilder::new().build())
        .with_media_engine(media_engine(format).map_err(failed)?)
        .with_interceptor_registry(configure_rtcp_reports(Registry::new()))
        .with_setting_engine(settings)
        .with_handler(handler)
        .with_udp_addrs(vec![local])
        .build();
    // Boxed: what the library builds is 20 KB.
    let connection = Box::pin(connection).await.map_err(failed)?;
    let connection: Arc<dyn PeerConnection> = Arc::new(connection);
    match connection.add_track(track.clone()).await {
        Ok(sender) => Ok(Made { connection, track, sender, ssrc, state, gathering }),
        Err(error) => {
            let _ = connection.close().await;
            Err(failed(error))
        }
    }
}

impl Made {
    /// Sets our description, and gives it with what was gathered for it.
    async fn describe(&mut self, ours: RTCSessionDescription) -> Result<String, BrowserError> {
        self.connection.set_local_description(ours).await.map_err(failed)?;
        timeout(GATHER_TIMEOUT, self.gathering.wait_for(|gathered| *gathered))
            .await
            .map_err(|_| BrowserError::Session("no local address was found in time".to_owned()))?
            .map_err(|_| BrowserError::Session("the session ended while it was made".to_owned()))?;
        let description = self.connection.local_description().await;
        let description =
            description.ok_or_else(|| BrowserError::Session("there is no description of ours".to_owned()))?;
        Ok(description.sdp)
    }

    /// Takes the answer to our offer.
    pub(crate) async fn accept(self, answer: Offer) -> Result<Answered, BrowserError> {
        let malformed = |what: String| BrowserError::Malformed { what };
        let taken = async {
            let remote =
                RTCSessionDescription::answer(answer.sdp).map_err(|error| malformed(error.to_string()))?;
            self.connection.set_remote_description(remote).await.map_err(|error| malformed(error.to_string()))
        };
        match taken.await {
            Ok(()) => Ok(self.agreed(String::new())),
            Err(error) => {
                self.close().await;
                Err(error)
            }
        }
    }

    fn agreed(self, sdp: String) -> Answered {
        let Self { connection, track, sender, ssrc, state, gathering: _ } = self;
        Answered { sdp, connection, track, sender, ssrc, state }
    }

    /// Lets go of it.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            debug!(%error, "closing a session that did not begin");
        }
    }
}

impl Answered {
    /// Carries packets out and watches over the session until it ends, then takes it down.
    pub(crate) async fn drive(
        mut self,
        mux: &Mux,
        ufrag: &str,
        mut outward: Outward,
        config: &BrowserConfig,
        stop: CancellationToken,
    ) -> SessionEnd {
        let answered_at = Instant::now();
        let mut connected = false;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = loop {
            tokio::select! {
                () = stop.cancelled() => break SessionEnd::Closed,
                changed = self.state.changed() => {
                    let state = *self.state.borrow_and_update();
                    debug!(%state, "browser session");
                    match state {
                        RTCPeerConnectionState::Connected => connected = true,
                        RTCPeerConnectionState::Failed => break SessionEnd::PeerLost,
                        RTCPeerConnectionState::Closed => break SessionEnd::PeerClosed,
                        // A disconnected one may come back until it has been silent for too long. The enum is open.
                        _ => {}
                    }
                    if changed.is_err() {
                        break SessionEnd::PeerLost;
                    }
                }
                () = outward.wake.notified() => {
                    while let Some(packet) = outward.next(self.ssrc) {
                        // Sound from before the path is open would have nowhere to go.
                        if connected && let Err(error) = self.track.write_rtp(packet).await {
                            debug!(%error, "a packet to the browser was lost");
                        }
                    }
                    if outward.is_abandoned() {
                        break SessionEnd::LegGone;
                    }
                }
                _ = look.tick() => {
                    if !connected && answered_at.elapsed() >= config.connect_timeout {
                        break SessionEnd::NeverConnected;
                    }
                    if connected && mux.silent_for(ufrag).is_none_or(|silence| silence >= config.silence_timeout) {
                        break SessionEnd::PeerLost;
                    }
                    if connected && self.peer_has_closed().await {
                        break SessionEnd::PeerClosed;
                    }
                }
            }
        };
        if let Err(error) = self.connection.close().await {
            debug!(%error, "closing the session");
        }
        end
    }

    /// Whether the browser has closed the encrypted session. The library keeps that to its DTLS transport: as the standard
    /// wants it, the connection as a whole stays "connected".
    async fn peer_has_closed(&self) -> bool {
        let Ok(Some(transport)) = self.sender.transport().await else {
            return false;
        };
        matches!(transport.state().await, Ok(RTCDtlsTransportState::Closed | RTCDtlsTransportState::Failed))
    }
}

/// Receives what the library tells. Its callbacks run on the session's driver and never wait.
struct Handler {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
    inward: Mutex<Option<Inward>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            let _ = self.gathered.send(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.state.send(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        // One audio section has one stream; a browser that changes its SSRC midway is not heard under the new one.
        let inward = self.inward.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut inward) = inward {
            tokio::spawn(async move {
                while let Some(event) = track.poll().await {
                    if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                        inward.deliver(&packet);
                    }
                }
            });
        }
    }
}

fn media_engine(format: &AudioFormat) -> webrtc::error::Result<MediaEngine> {
    let mut engine = MediaEngine::default();
    let opus = RTCRtpCodecParameters { rtp_codec: opus_codec(), payload_type: format.payload_type_in };
    engine.register_codec(opus, RtpCodecKind::Audio)?;
    if let Some(dtmf) = format.dtmf_in {
        let codec = RTCRtpCodec {
            mime_type: "audio/telephone-event".to_owned(),
            clock_rate: dtmf.clock_rate,
            channels: 0,
            sdp_fmtp_line: "0-16".to_owned(),
            rtcp_feedback: Vec::new(),
        };
        let events = RTCRtpCodecParameters { rtp_codec: codec, payload_type: dtmf.payload_type };
        engine.register_codec(events, RtpCodecKind::Audio)?;
    }
    Ok(engine)
}

fn opus_codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn local_track(ssrc: u32) -> TrackLocalStaticRTP {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: opus_codec(),
        ..Default::default()
    };
    TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "agent".into(),
        "agent-audio".into(),
        "agent".into(),
        RtpCodecKind::Audio,
        vec![coding],
    ))
}

fn failed(error: webrtc::error::Error) -> BrowserError {
    BrowserError::Session(error.to_string())
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell sessions apart in a log, too little to end one.
        write!(f, "SessionId({}…)", &self.0[..self.0.len().min(6)])
    }
}

impl From<&str> for SessionId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
