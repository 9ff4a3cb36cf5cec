//! The other way round: sipp is called and does what telephones seldom do. Each file stands for one hard part of the standard.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use callwright_call_core::sdp::{self, Direction};
use callwright_model::Pii;
use callwright_sip::{
    CallFields, Diversion, HistoryEntry, LegEnd, OutgoingCall, Reason, Refer, ReferProgress, Replaces,
    SipConfig, SipEndpoint, SipLeg, SipLegEvent, UserToUser,
};
use tokio::process::{Child, Command};

use crate::expect_event;
use crate::support::{answer_to, call_to, config, media, start, within};

/// A called side that plays a scenario once, and the endpoint that calls it.
struct Called {
    endpoint: SipEndpoint,
    address: SocketAddr,
    sipp: Child,
}

impl Called {
    async fn start(scenario: &str, config: SipConfig) -> Self {
        let (endpoint, _calls) = start(config).await;
        let free = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sip-configs/sipp").join(scenario);
        let sipp = Command::new("sipp")
            .arg("-sf")
            .arg(&path)
            .args(["-i", "127.0.0.1", "-p", &address.port().to_string(), "-m", "1", "-nostdin"])
            .args(["-timeout", "20s", "-timeout_error"])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("`sipp` cannot be run ({error}); it is in the Debian package `sip-tester`")
            });
        // Until it listens, what is sent to it is lost, and sent again.
        Self { endpoint, address, sipp }
    }

    fn call(&self, user: &str) -> OutgoingCall {
        call_to(format!("sip:{user}@{}", self.address))
    }

    async fn invite(&self, call: OutgoingCall) -> SipLeg {
        self.endpoint.invite(call).await.expect("it goes out")
    }

    /// The scenario was played to its end, and nothing is left of the call.
    async fn done(self, leg: SipLeg) {
        let output =
            within("the end of the scenario", self.sipp.wait_with_output()).await.expect("sipp ends");
        assert!(
            output.status.success(),
            "sipp says {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        drop(leg);
        assert!(self.endpoint.shutdown(Duration::from_secs(5)).await, "every leg has ended");
        assert_eq!(self.endpoint.statistics().dialogs_now, 0);
    }
}

fn short() -> SipConfig {
    SipConfig { session_expires: Duration::from_secs(2), min_se: Duration::from_secs(1), ..config() }
}

async fn hang_up(leg: &mut SipLeg) {
    leg.hangup();
    expect_event!(*leg, SipLegEvent::Ended(LegEnd::ByUs));
}

#[tokio::test]
async fn sipp_is_heard_before_it_answers() {
    let called = Called::start("uas-early-media.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: Some(_) });
    expect_event!(leg, SipLegEvent::Answered { .. });
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_sends_a_call_elsewhere() {
    let called = Called::start("uas-redirect.xml", config()).await;
    let mut leg = called.invite(called.call("first")).await;
    expect_event!(leg, SipLegEvent::Answered { sdp: Some(_) });
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_answers_a_forked_call_twice() {
    let called = Called::start("uas-forked.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: None });
    expect_event!(leg, SipLegEvent::Ringing { sdp: Some(_) });
    expect_event!(leg, SipLegEvent::Answered { sdp: Some(_) });
    // The branch that we keep hangs up once the other is gone.
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_lets_a_call_take_the_place_of_another() {
    let called = Called::start("uas-replaces.xml", config()).await;
    let replaces: Replaces =
        "other@127.0.0.1;to-tag=ours;from-tag=theirs".parse().expect("it names a dialog");
    let mut leg = called.invite(OutgoingCall { replaces: Some(replaces), ..called.call("100") }).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_refreshes_a_session() {
    let called = Called::start("uas-refresher.xml", short()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    // It outlives the two seconds, and a refresh that changes nothing may be told or not.
    loop {
        match crate::support::next(&mut leg).await {
            SipLegEvent::Reinvite(change) => {
                let answer = answer_to(change.offer.as_deref().expect("an offer"));
                change.answer(answer);
            }
            SipLegEvent::Established { .. } => {}
            SipLegEvent::Ended(end) => {
                assert_eq!(end, LegEnd::ByPeer(None));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_forgets_to_refresh_a_session() {
    let called = Called::start("uas-no-refresh.xml", short()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Ended(LegEnd::Expired));
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_answers_as_it_is_given_up() {
    let called = Called::start("uas-answers-cancel.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Ringing { .. });
    leg.hangup();
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_asks_for_a_change_as_we_do() {
    let called = Called::start("uas-glare.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    let mut held = media(40_000);
    held.direction = Direction::SendOnly;
    leg.control().reinvite(sdp::offer(&held).to_string()).expect("it is free");
    expect_event!(leg, SipLegEvent::Reinvited { sdp: Some(_) });
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_changes_the_session_while_it_rings() {
    let called = Called::start("uas-update.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: Some(_) });
    let change = expect_event!(leg, SipLegEvent::Reinvite(change) => change);
    let answer = answer_to(change.offer.as_deref().expect("an offer"));
    change.answer(answer);
    expect_event!(leg, SipLegEvent::Answered { .. });
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_is_handed_to_somebody_else() {
    let called = Called::start("uas-refer.xml", config()).await;
    let mut leg = called.invite(called.call("100")).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    let by = Some("sip:100@127.0.0.1".to_owned());
    leg.control().refer(Refer { referred_by: by, ..Refer::new("sip:desk@127.0.0.1") }).expect("it is free");
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Trying));
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Ringing));
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Accepted));
    hang_up(&mut leg).await;
    called.done(leg).await;
}

#[tokio::test]
async fn sipp_is_told_where_a_call_was_before() {
    let called = Called::start("uas-fields.xml", config()).await;
    let before = || Pii::new("sip:1@127.0.0.1".to_owned());
    let fields = CallFields {
        user_to_user: vec![UserToUser::hex(b"order")],
        diversions: vec![Diversion { uri: before(), reason: Some("user-busy".to_owned()), counter: Some(1) }],
        history: vec![HistoryEntry { uri: before(), index: "1".to_owned(), cause: Some(486) }],
        referred_by: None,
        ..CallFields::default()
    };
    let mut leg = called.invite(OutgoingCall { fields, ..called.call("100") }).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    leg.control().hangup_because(Reason::q850(16, "done"));
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    called.done(leg).await;
}
