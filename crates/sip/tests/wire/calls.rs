//! Two endpoints call each other.

use std::time::Duration;

use callwright_call_core::sdp;
use callwright_sip::{LegEnd, SipLegEvent, Transport};

use crate::expect_event;
use crate::support::{accept, answer_to, call_to, config, incoming, media, start, uri, within};

#[tokio::test]
async fn a_call_is_answered_and_ended_by_either_side() {
    for (name, transport) in [("udp", Transport::Udp), ("tcp", Transport::Tcp)] {
        for caller_ends in [true, false] {
            let (here, _) = start(config()).await;
            let (there, mut calls) = start(config()).await;
            let mut out = here.invite(call_to(uri(&there, "100", name))).await.expect("it goes out");
            let call = incoming(&mut calls).await;
            assert_eq!((call.from.reveal().as_str(), call.to_user.as_str()), ("alice", "100"));
            assert_eq!((call.transport, call.local_ip.is_loopback()), (transport, true));
            assert_eq!(call.call_id, out.call_id());
            call.ring();
            expect_event!(out, SipLegEvent::Ringing { sdp: None });
            let offer: sdp::SessionDescription =
                call.offer.as_deref().expect("an offer").parse().expect("it reads");
            let (answer, agreed) = sdp::answer(&offer, &media(40_002)).expect("a common codec");
            assert_eq!(agreed.remote.port(), 40_000);
            let mut leg = call.accept(answer.to_string());
            let answered = expect_event!(out, SipLegEvent::Answered { sdp: Some(answered) } => answered);
            assert_eq!(answered, answer.to_string());
            expect_event!(leg, SipLegEvent::Established { sdp: None });
            let (mut ending, mut ended) = if caller_ends { (out, leg) } else { (leg, out) };
            ending.hangup();
            expect_event!(ended, SipLegEvent::Ended(LegEnd::ByPeer(None)));
            expect_event!(ending, SipLegEvent::Ended(LegEnd::ByUs));
            assert!(within("the end of events", ended.next()).await.is_none());
            for endpoint in [here, there] {
                assert!(endpoint.shutdown(Duration::from_secs(5)).await, "nothing is left to be ended");
                assert_eq!(endpoint.statistics().dialogs_now, 0);
                assert_eq!(endpoint.statistics().calls_incoming_now, 0);
            }
        }
    }
}

#[tokio::test]
async fn a_caller_who_gives_up_is_told_to_the_called_side() {
    for transport in ["udp", "tcp"] {
        let (here, _) = start(config()).await;
        let (there, mut calls) = start(config()).await;
        let mut out = here.invite(call_to(uri(&there, "100", transport))).await.expect("it goes out");
        let mut call = incoming(&mut calls).await;
        call.ring();
        expect_event!(out, SipLegEvent::Ringing { .. });
        out.cancel();
        assert_eq!(within("the news", call.gone()).await, LegEnd::ByPeer(None));
        expect_event!(out, SipLegEvent::Ended(LegEnd::ByUs));
        // Answering now is too late, and harmless.
        let mut late = call.accept(sdp::offer(&media(40_002)).to_string());
        assert!(within("the end of events", late.next()).await.is_none());
    }
}

#[tokio::test]
async fn cancel_leaves_an_answered_call_alone() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    out.cancel();
    leg.hangup();
    expect_event!(out, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn nobody_rings_for_ever() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut call = call_to(uri(&there, "100", "udp"));
    call.answer_time = Duration::from_millis(300);
    let mut out = here.invite(call).await.expect("it goes out");
    let mut call = incoming(&mut calls).await;
    call.ring();
    expect_event!(out, SipLegEvent::Ringing { .. });
    expect_event!(out, SipLegEvent::Ended(LegEnd::NoAnswer));
    assert_eq!(within("the news", call.gone()).await, LegEnd::ByPeer(None));
}

#[tokio::test]
async fn early_sound_comes_with_its_description() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let call = incoming(&mut calls).await;
    let answer = answer_to(call.offer.as_deref().expect("an offer"));
    call.ring_with_sound(answer.clone());
    let early = expect_event!(out, SipLegEvent::Ringing { sdp: Some(early) } => early);
    assert_eq!(early, answer);
}

#[tokio::test]
async fn letting_go_of_a_leg_hangs_up() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "tcp"))).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    drop(leg);
    expect_event!(out, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn shutting_down_says_good_bye_to_everyone() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut talking = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(talking, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    let mut waiting = here.invite(call_to(uri(&there, "101", "udp"))).await.expect("it goes out");
    let call = incoming(&mut calls).await;
    call.ring();
    expect_event!(waiting, SipLegEvent::Ringing { .. });
    assert!(there.shutdown(Duration::from_secs(5)).await, "every good-bye is answered");
    expect_event!(talking, SipLegEvent::Ended(LegEnd::ByPeer(None)));
    expect_event!(waiting, SipLegEvent::Refused { status: 480, .. });
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    assert!(there.invite(call_to(uri(&here, "100", "udp"))).await.is_err(), "it is closed");
    within("the news of it", there.closed()).await;
    // The port is free again.
    let mut again = config();
    again.listen = there.local_addresses().to_vec();
    drop((there, leg, call));
    within("the port", async {
        while callwright_sip::SipEndpoint::start(again.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn many_calls_at_once_all_end_cleanly() {
    const CALLS: usize = 60;
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let called = tokio::spawn(async move {
        let mut legs = Vec::new();
        for _ in 0..CALLS {
            let call = incoming(&mut calls).await;
            legs.push(tokio::spawn(async move {
                let mut leg = accept(call);
                expect_event!(leg, SipLegEvent::Established { .. });
                expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
            }));
        }
        for leg in legs {
            leg.await.expect("every leg ends as it should");
        }
    });
    let mut callers = Vec::new();
    for number in 0..CALLS {
        let transport = if number % 2 == 0 { "udp" } else { "tcp" };
        let mut out = here.invite(call_to(uri(&there, "100", transport))).await.expect("it goes out");
        callers.push(tokio::spawn(async move {
            expect_event!(out, SipLegEvent::Answered { .. });
            out.hangup();
            expect_event!(out, SipLegEvent::Ended(LegEnd::ByUs));
        }));
    }
    for caller in callers {
        caller.await.expect("every call ends as it should");
    }
    within("all legs", called).await.expect("all legs");
    assert_eq!(there.statistics().calls_offered, CALLS as u64);
    assert!(there.shutdown(Duration::from_secs(5)).await);
    assert_eq!(there.statistics().dialogs_now, 0);
}
