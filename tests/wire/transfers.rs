//! Calls that are handed on, through the whole gateway: REFER both ways, `Replaces` both ways, and who hears whom afterwards.

use std::time::Duration;

use callwright_sip::{Refer, ReferProgress, SipLegEvent};
use callwright_tests::{Gateway, Settings, repository};

use crate::events::Events;
use crate::telephone::{Says, Talk, Telephone, Tone};

/// A line with one human, more of its settings, and a greeting that is short: nobody is here to hear it.
pub fn line(name: &str, human: &Telephone, more: &str) -> String {
    let address = human.address();
    format!(
        "[[line]]\nname = \"{name}\"\nnumbers = [\"{name}\"]\npack = \"{}\"\n\
         greeting = \"transfer-connected\"\n{more}\n\
         [[line.human]]\nname = \"{name}\"\naddress = \"{address}\"\n",
        repository().join("skills/airline").display()
    )
}

pub fn gateway(lines: &[String]) -> Gateway {
    Gateway::start(&Settings { line: lines.join(""), ..Settings::default() })
}

/// Somebody calls a line and wants a person at once. The call's events follow.
pub async fn asks_for_a_person(gateway: &Gateway, line: &str, caller: &Telephone) -> (Talk, Events) {
    let mut events = Events::follow(gateway);
    let talk = caller.call(&format!("sip:{line}@{}", gateway.sip), None).await;
    talk.press("0");
    events.call_on(line).await;
    (talk, events)
}

/// The human is rung, answers, and accepts what they are told about.
async fn accepts(desk: &mut Telephone) -> Talk {
    let human = desk.answer().await;
    human.hears_us().await;
    human.press("1");
    human
}

/// The human takes the call; each then hears the other's tone.
pub async fn takes(desk: &mut Telephone, caller: &Talk, events: &mut Events) -> Talk {
    let human = accepts(desk).await;
    events.until("transfer_changed", &[("state", "bridged".into())]).await;
    human.says(Says::Tone(Tone::Middle));
    caller.says(Says::Tone(Tone::Low));
    human.hears(Tone::Low).await;
    caller.hears(Tone::Middle).await;
    human
}

/// The gateway's REFER on the caller's leg.
async fn referred(talk: &mut Talk) -> Box<callwright_sip::IncomingRefer> {
    loop {
        if let SipLegEvent::Refer(refer) = talk.event().await {
            return refer;
        }
    }
}

async fn ends(events: &mut Events, why: &str) {
    events.until("call_ended", &[("reason", why.into())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_network_takes_them_to_the_human_or_the_gateway_does() {
    let mut desks = Vec::new();
    let mut lines = Vec::new();
    for (name, how) in [("taken", "blind"), ("silent", "blind"), ("refused", "blind"), ("joined", "attended")]
    {
        let desk = Telephone::start("desk").await;
        lines.push(line(name, &desk, "") + &format!("how = \"{how}\"\n"));
        desks.push(desk);
    }
    let gateway = gateway(&lines);
    let [taken, silent, refused, joined] = desks.try_into().ok().expect("four were made");
    tokio::join!(
        a_refer_is_taken(&gateway, taken),
        a_refer_is_taken_and_no_more_is_told(&gateway, silent),
        a_refer_is_refused(&gateway, refused),
        the_caller_takes_our_place(&gateway, joined),
    );
}

async fn a_refer_is_taken(gateway: &Gateway, mut desk: Telephone) {
    let caller = Telephone::start("taken").await;
    let (mut talk, mut events) = asks_for_a_person(gateway, "taken", &caller).await;
    let refer = referred(&mut talk).await;
    assert_eq!((refer.target.reveal(), &refer.replaces), (&desk.address(), &None));
    let reporter = refer.accept();
    reporter.accepted();
    talk.is_hung_up().await;
    ends(&mut events, "the caller's network has put them through to a human").await;
    assert!(desk.was_left_alone(), "we ring nobody besides");
}

async fn a_refer_is_taken_and_no_more_is_told(gateway: &Gateway, mut desk: Telephone) {
    let caller = Telephone::start("silent").await;
    let (mut talk, mut events) = asks_for_a_person(gateway, "silent", &caller).await;
    let reporter = referred(&mut talk).await.accept();
    reporter.ringing();
    let taken = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !gateway.log().contains("a transfer by the caller's network: Ringing") {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), taken).await.expect("the NOTIFY is there");
    talk.leg.hangup();
    ends(&mut events, "the caller's network took them away and did not tell whether a human has answered")
        .await;
    drop(reporter);
    assert!(desk.was_left_alone());
}

async fn a_refer_is_refused(gateway: &Gateway, mut desk: Telephone) {
    let caller = Telephone::start("refused").await;
    let (mut talk, mut events) = asks_for_a_person(gateway, "refused", &caller).await;
    referred(&mut talk).await.reject(603);
    // We ring by ourselves, and join them.
    takes(&mut desk, &talk, &mut events).await;
}

/// Attended: the caller's phone takes our place in the call with the human who has accepted.
async fn the_caller_takes_our_place(gateway: &Gateway, mut desk: Telephone) {
    let mut caller = Telephone::start("caller").await;
    let (mut talk, mut events) = asks_for_a_person(gateway, "joined", &caller).await;
    let mut consulted = accepts(&mut desk).await;
    let refer = referred(&mut talk).await;
    let replaces = refer.replaces.clone();
    assert!(replaces.is_some(), "it names the call with the human");
    let target = refer.target.reveal().clone();
    let reporter = refer.accept();
    let answering = async {
        let call = desk.rung().await;
        let named = call.replaces.as_ref().is_some_and(|named| consulted.leg.control().is_named_by(named));
        assert!(named, "the human's phone knows the call by that name");
        let joined = desk.takes_call(call).await;
        consulted.leg.hangup();
        joined
    };
    let (caller_end, human_end) = tokio::join!(caller.call(&target, replaces), answering);
    reporter.accepted();
    talk.is_hung_up().await;
    consulted.is_hung_up().await;
    ends(&mut events, "the caller's network has put them through to a human").await;
    human_end.says(Says::Tone(Tone::High));
    caller_end.hears(Tone::High).await;
    assert!(caller.was_left_alone());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_human_moves_the_caller_on_blind_attended_and_to_another_phone() {
    let [mut desk, mut colleague, mut chief] = [
        Telephone::start("desk").await,
        Telephone::start("colleague").await,
        Telephone::start("chief").await,
    ];
    let gateway = gateway(&[line("moves", &desk, "")]);
    let caller = Telephone::start("caller").await;
    let (talk, mut events) = asks_for_a_person(&gateway, "moves", &caller).await;
    let mut human = takes(&mut desk, &talk, &mut events).await;

    // Blind: the colleague is busy first, and the caller is back with the human; then they answer.
    human.leg.control().refer(Refer::new(colleague.address())).expect("it is free");
    colleague.rung().await.reject(486, None);
    assert_eq!(outcome(&mut human).await, ReferProgress::Refused { status: 486 });
    talk.hears(Tone::Middle).await;
    human.leg.control().refer(Refer::new(colleague.address())).expect("it is free");
    let mut human = {
        let target = colleague.answer().await;
        is_relieved(&mut human).await;
        target
    };
    human.says(Says::Tone(Tone::High));
    human.hears(Tone::Low).await;
    talk.hears(Tone::High).await;

    // Attended: they have talked with the chief before.
    let to = chief.address();
    let (mut consult, mut consulted) = tokio::join!(colleague.call(&to, None), chief.answer());
    let mut refer = Refer::new(to);
    refer.replaces = consult.leg.control().as_replaces();
    human.leg.control().refer(refer).expect("it is free");
    let call = chief.rung().await;
    let named = call.replaces.as_ref().is_some_and(|named| consulted.leg.control().is_named_by(named));
    assert!(named, "the gateway takes the colleague's place in their call");
    let mut joined = chief.takes_call(call).await;
    consulted.leg.hangup();
    is_relieved(&mut human).await;
    for talk in [&mut consult, &mut consulted] {
        talk.is_hung_up().await;
    }
    joined.says(Says::Tone(Tone::Middle));
    talk.hears(Tone::Middle).await;

    // Another phone picks the call up where it is.
    let replaces = joined.leg.control().as_replaces();
    let picked = desk.call(&format!("sip:moves@{}", gateway.sip), replaces).await;
    joined.is_hung_up().await;
    picked.says(Says::Tone(Tone::High));
    picked.hears(Tone::Low).await;
    talk.hears(Tone::High).await;
}

/// How a transfer that a human's phone asked for went.
async fn outcome(human: &mut Talk) -> ReferProgress {
    loop {
        match human.event().await {
            SipLegEvent::Referred(ReferProgress::Trying | ReferProgress::Ringing) => {}
            SipLegEvent::Referred(outcome) => return outcome,
            _ => {}
        }
    }
}

/// The caller is with somebody else: the human is let go, and nothing else was told. The BYE may overtake the last NOTIFY.
async fn is_relieved(human: &mut Talk) {
    let end = async {
        loop {
            match human.leg.next().await.expect("its end is told") {
                SipLegEvent::Ended(_) => return,
                SipLegEvent::Referred(ReferProgress::Refused { .. } | ReferProgress::Unknown) => {
                    panic!("it is told that the transfer failed")
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(40), end).await.expect("the human is let go");
}
