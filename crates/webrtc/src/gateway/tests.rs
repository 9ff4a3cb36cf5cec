//! Browsers played by the WebRTC library itself, over loopback sockets.

use std::time::Duration;

use bytes::Bytes;
use callwright_model::Codec;
use proptest::prelude::*;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, timeout};
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
/// Payload types that no browser uses by default: nothing may assume 111.
const OPUS: u8 = 96;
const EVENTS: u8 = 97;
const CLIENT_SSRC: u32 = 0xb0b;

/// A browser: its microphone is `send`, its loudspeaker `heard`.
struct Browser {
    connection: Arc<dyn PeerConnection>,
    microphone: Arc<dyn TrackLocal>,
    heard: mpsc::Receiver<rtp::Packet>,
    state: watch::Receiver<RTCPeerConnectionState>,
    sequence_number: u16,
}

struct Events {
    heard: mpsc::Sender<rtp::Packet>,
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        let _ = self.gathered.send(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.state.send(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let heard = self.heard.clone();
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    let _ = heard.send(packet).await;
                }
            }
        });
    }
}

fn codec(mime_type: &str, channels: u16, fmtp: &str) -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate: 48_000,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

impl Browser {
    /// A browser and its offer.
    async fn offer() -> (Self, String) {
        let mut engine = MediaEngine::default();
        let opus = codec("audio/opus", 2, "minptime=10;useinbandfec=1");
        let codecs = [(opus.clone(), OPUS), (codec("audio/telephone-event", 0, "0-16"), EVENTS)];
        let codecs =
            codecs.map(|(rtp_codec, payload_type)| RTCRtpCodecParameters { rtp_codec, payload_type });
        for codec in &codecs {
            engine.register_codec(codec.clone(), RtpCodecKind::Audio).expect("a codec");
        }
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(CLIENT_SSRC), ..Default::default() },
            codec: opus,
            ..Default::default()
        };
        let track = MediaStreamTrack::new(
            "caller".into(),
            "voice".into(),
            "voice".into(),
            RtpCodecKind::Audio,
            vec![coding],
        );
        let microphone: Arc<dyn TrackLocal> = Arc::new(TrackLocalStaticRTP::new(track));
        let (heard_sender, heard) = mpsc::channel(64);
        let (gathered, mut gathering) = watch::channel(false);
        let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .build();
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_handler(Arc::new(Events { heard: heard_sender, gathered, state: state_sender }))
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .build();
        let connection = Box::pin(connection).await.expect("a peer connection");
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        connection.add_track(microphone.clone()).await.expect("a track");
        for transceiver in connection.get_transceivers().await {
            transceiver.set_codec_preferences(codecs.to_vec()).await.expect("codecs it knows");
        }
        let offer = connection.create_offer(None).await.expect("an offer");
        connection.set_local_description(offer).await.expect("its own offer");
        timeout(PATIENCE, gathering.wait_for(|done| *done)).await.expect("soon").expect("gathered");
        let offer = connection.local_description().await.expect("an offer").sdp;
        (Self { connection, microphone, heard, state, sequence_number: 0 }, offer)
    }

    async fn connect(gateway: &BrowserGateway) -> (Self, BrowserLeg) {
        let (mut browser, offer) = Self::offer().await;
        let leg = gateway.answer(&offer).await.expect("an answer");
        let answer = RTCSessionDescription::answer(leg.answer_sdp.clone()).expect("an answer that reads");
        browser.connection.set_remote_description(answer).await.expect("an answer that fits");
        timeout(PATIENCE, browser.state.wait_for(|state| *state == RTCPeerConnectionState::Connected))
            .await
            .expect("it connects in time")
            .expect("it lives");
        (browser, leg)
    }

    async fn speak(&mut self, payload_type: u8, payload: &[u8]) {
        self.sequence_number += 1;
        let mut packet = rtp::Packet::default();
        packet.header.version = 2;
        packet.header.payload_type = payload_type;
        packet.header.sequence_number = self.sequence_number;
        packet.header.timestamp = u32::from(self.sequence_number) * 960;
        packet.header.ssrc = CLIENT_SSRC;
        packet.payload = Bytes::copy_from_slice(payload);
        self.microphone.write_rtp(packet).await.expect("a living track");
    }
}

/// Ticks as a media worker does until the browser has heard the leg and the leg the browser.
async fn talk(browser: &mut Browser, leg: &mut BrowserLeg, payload_type: u8, words: &[u8], reply: &[u8]) {
    let mut tick = interval(Duration::from_millis(20));
    let (mut leg_heard, mut browser_heard) = (false, false);
    let mut buffer = [0; 1_500];
    let mut number = 0_u8;
    let exchange = async {
        while !(leg_heard && browser_heard) {
            tick.tick().await;
            number += 1;
            browser.speak(payload_type, words).await;
            let mut datagram = vec![0x80, payload_type, 0, number, 0, 0, 0, number, 1, 2, 3, 4];
            datagram.extend(reply);
            leg.io.send(&datagram).expect("a living session");
            while let Some(length) = leg.io.receive(&mut buffer) {
                assert_eq!(buffer[0], 0x80, "a plain header");
                leg_heard |= buffer[1] & 0x7f == payload_type && &buffer[12..length] == words;
            }
            while let Ok(packet) = browser.heard.try_recv() {
                browser_heard |= packet.header.payload_type == payload_type && packet.payload == reply;
            }
        }
    };
    timeout(PATIENCE, exchange).await.expect("both hear each other in time");
}

async fn gateway(config: BrowserConfig) -> BrowserGateway {
    BrowserGateway::start(config).await.expect("a loopback port is free")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_talk_over_one_port_until_each_ends() {
    let gateway = gateway(BrowserConfig::default()).await;
    let ((mut ann, mut ann_leg), (mut bob, mut bob_leg)) =
        tokio::join!(Browser::connect(&gateway), Browser::connect(&gateway));
    let port = gateway.local_addr().port().to_string();
    for leg in [&ann_leg, &bob_leg] {
        assert_eq!((leg.format.codec, leg.format.payload_type_in), (Codec::Opus, OPUS));
        assert_eq!(leg.format.dtmf_in.map(|dtmf| dtmf.payload_type), Some(EVENTS));
        assert!(leg.answer_sdp.contains("SAVPF 96 97\r\n"), "{}", leg.answer_sdp);
        let candidates: Vec<_> = leg.answer_sdp.lines().filter(|line| line.contains("typ host")).collect();
        assert!(candidates.len() == 1 && candidates[0].contains(&format!(" {port} ")), "{candidates:?}");
    }
    tokio::join!(
        talk(&mut ann, &mut ann_leg, OPUS, b"hello from ann", b"hello ann"),
        talk(&mut bob, &mut bob_leg, OPUS, b"hello from bob", b"hello bob"),
    );
    talk(&mut bob, &mut bob_leg, EVENTS, &[5, 0x8a, 3, 0xc0], &[7, 0x8a, 3, 0xc0]).await;

    ann.connection.close().await.expect("a browser that hangs up");
    let end = timeout(PATIENCE, &mut ann_leg.closed).await.expect("it is noticed").expect("and told");
    assert_eq!((end, gateway.sessions()), (SessionEnd::PeerClosed, 1));
    talk(&mut bob, &mut bob_leg, OPUS, b"bob goes on", b"so he does").await;

    let BrowserLeg { io, closed, .. } = bob_leg;
    drop(io);
    assert_eq!(
        timeout(PATIENCE, closed).await.expect("it is noticed").expect("and told"),
        SessionEnd::LegGone
    );
    assert_eq!((gateway.sessions(), gateway.routes()), (0, (0, 0)));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_limit_are_refused_until_one_ends() {
    let gateway = gateway(BrowserConfig { sessions_max: 1, ..BrowserConfig::default() }).await;
    let (_ann, offer) = Browser::offer().await;
    let leg = gateway.answer(&offer).await.expect("the first is answered");
    let refused = gateway.answer(&offer).await.expect_err("the second is not");
    assert_eq!((refused.status(), refused.retry_after_s()), (503, Some(10)));
    assert!(gateway.close(&leg.id));
    assert_eq!(leg.closed.await, Ok(SessionEnd::Closed));
    assert!(!gateway.close(&leg.id));
    let leg = gateway.answer(&offer).await.expect("there is room again");
    gateway.shutdown().await;
    assert_eq!(leg.closed.await, Ok(SessionEnd::Closed));
    assert_eq!(gateway.answer(&offer).await.expect_err("it is over").status(), 503);
    assert_eq!((gateway.sessions(), gateway.routes()), (0, (0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_never_connects_and_a_browser_that_falls_silent_are_forgotten() {
    let impatient = Duration::from_millis(1);
    let strict = gateway(BrowserConfig { connect_timeout: impatient, ..BrowserConfig::default() }).await;
    let (_ann, offer) = Browser::offer().await;
    let leg = strict.answer(&offer).await.expect("an answer");
    assert_eq!(timeout(PATIENCE, leg.closed).await.expect("soon"), Ok(SessionEnd::NeverConnected));
    assert_eq!(strict.routes(), (0, 0));

    let strict = gateway(BrowserConfig { silence_timeout: impatient, ..BrowserConfig::default() }).await;
    let (_bob, leg) = Browser::connect(&strict).await;
    assert_eq!(timeout(PATIENCE, leg.closed).await.expect("soon"), Ok(SessionEnd::PeerLost));
    assert_eq!(strict.routes(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_goes_away_leaves_nothing_behind() {
    let gateway = gateway(BrowserConfig::default()).await;
    let (_ann, offer) = Browser::offer().await;
    drop(timeout(Duration::ZERO, gateway.answer(&offer)).await);
    gateway.0.tasks.close();
    timeout(PATIENCE, gateway.0.tasks.wait()).await.expect("the abandoned session ends by itself");
    assert_eq!((gateway.sessions(), gateway.routes()), (0, (0, 0)));
}

#[test]
fn a_wildcard_is_never_advertised() {
    for wildcard in ["0.0.0.0:5000", "[::]:5000"] {
        let wildcard: SocketAddr = wildcard.parse().expect("an address");
        let told = advertised(wildcard, &[]).expect("some address");
        assert!(told.len() == 1 && !told[0].ip().is_unspecified() && told[0].port() == 5_000, "{told:?}");
        let public: IpAddr = "203.0.113.7".parse().expect("an address");
        assert_eq!(advertised(wildcard, &[public]).expect("ours"), [SocketAddr::new(public, 5_000)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_spoilt_offer_is_refused_or_answered_and_nothing_stays(
        spoils in proptest::collection::vec((0_usize..40, "[a-z]=[ -~]{0,40}|[ -~]{0,20}"), 1..4)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let gateway = gateway(BrowserConfig::default()).await;
            let (_ann, offer) = Browser::offer().await;
            let mut lines: Vec<&str> = offer.lines().collect();
            for (index, line) in &spoils {
                let index = index % lines.len();
                lines[index] = line;
            }
            match gateway.answer(&lines.join("\r\n")).await {
                Ok(leg) => drop(leg),
                Err(error) => assert!(!error.help().is_empty() && (400..=599).contains(&error.status())),
            }
            gateway.shutdown().await;
            assert_eq!((gateway.sessions(), gateway.routes()), (0, (0, 0)));
        });
    }
}

#[tokio::test]
async fn an_offer_of_ours_is_taken_or_leaves_nothing_behind() {
    let gateway = BrowserGateway::start(BrowserConfig {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..BrowserConfig::default()
    })
    .await
    .expect("a free port");
    let offered = gateway.offer().await.expect("an offer");
    let read = offer::read(&offered.offer_sdp).expect("what we would answer ourselves");
    assert_eq!(read.format, offer::own_format());
    assert!(offered.offer_sdp.contains("a=ice-lite") && offered.offer_sdp.contains("a=setup:actpass"));
    assert!(offered.offer_sdp.contains(&format!("127.0.0.1 {} typ host", gateway.local_addr().port())));
    assert_eq!(gateway.sessions(), 1);
    assert!(matches!(offered.accept("junk").await, Err(BrowserError::Malformed { .. })));
    let other = gateway.offer().await.expect("an offer");
    drop(other);
    // Waits for everything that was begun.
    gateway.shutdown().await;
    assert_eq!((gateway.sessions(), gateway.routes()), (0, (0, 0)));
}
