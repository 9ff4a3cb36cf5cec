//! Lines on hold, and a human who has the agent beside them, through the whole gateway.

use callwright_call_core::sdp::Direction;
use callwright_tests::Gateway;

use crate::events::Events;
use crate::sound;
use crate::telephone::{Says, Telephone, Tone};
use crate::transfers::{asks_for_a_person, gateway, line, takes};

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_something_and_the_agents_ear_is_closed_meanwhile() {
    let [mut desk, mut other] = [Telephone::start("desk").await, Telephone::start("other").await];
    let gateway = gateway(&[line("held", &desk, ""), line("shared", &other, ""), line("alone", &desk, "")]);
    tokio::join!(
        a_human_holds(&gateway, &mut desk),
        a_caller_holds(&gateway),
        the_agent_stays_and_gets_the_caller_back(&gateway, &mut other),
    );
}

async fn a_human_holds(gateway: &Gateway, desk: &mut Telephone) {
    let caller = Telephone::start("caller").await;
    let (talk, mut events) = asks_for_a_person(gateway, "held", &caller).await;
    let mut human = takes(desk, &talk, &mut events).await;
    human.says(Says::Silence);
    human.hold(Direction::Inactive).await;
    events.until("held", &[("who", "human".into())]).await;
    talk.hears_us().await;
    // Nothing is sent to who holds.
    human.hears_none_of(&[Tone::Low]).await;
    human.says(Says::Tone(Tone::Middle));
    human.hold(Direction::SendRecv).await;
    events.until("resumed", &[("who", "human".into())]).await;
    talk.hears(Tone::Middle).await;
    // Says that it plays something, and does not at first.
    human.says(Says::Silence);
    human.hold(Direction::SendOnly).await;
    talk.hears_us().await;
    human.says(Says::Tone(Tone::High));
    talk.hears(Tone::High).await;
    human.says(Says::Tone(Tone::Middle));
    human.hold(Direction::SendRecv).await;
    human.hears(Tone::Low).await;
    talk.hears(Tone::Middle).await;
}

async fn a_caller_holds(gateway: &Gateway) {
    let caller = Telephone::start("caller").await;
    let mut events = Events::follow(gateway);
    let mut talk = caller.call(&format!("sip:alone@{}", gateway.sip), None).await;
    events.call_on("alone").await;
    talk.hears_us().await;
    talk.hold(Direction::SendOnly).await;
    events.until("held", &[("who", "caller".into())]).await;
    let words = sound::read(&sound::fixture("en-cancelled.wav"));
    let length = words.len() / 160;
    talk.says(Says::Clip(words.clone()));
    talk.passes(length).await;
    talk.hold(Direction::SendRecv).await;
    events.until("resumed", &[("who", "caller".into())]).await;
    assert!(!events.has_seen("user_started_speaking"), "hold sound is nobody's words");
    talk.says(Says::Clip(words));
    events.until("user_started_speaking", &[]).await;
}

async fn the_agent_stays_and_gets_the_caller_back(gateway: &Gateway, desk: &mut Telephone) {
    let caller = Telephone::start("caller").await;
    let (talk, mut events) = asks_for_a_person(gateway, "shared", &caller).await;
    let mut human = takes(desk, &talk, &mut events).await;
    human.press("*8");
    // The agent is a silent third.
    tokio::join!(human.hears(Tone::Low), talk.hears(Tone::Middle));
    // Whoever talks now is heard by the agent, too, and written down.
    let words = sound::read(&sound::fixture("en-cancelled.wav"));
    talk.says(Says::Silence);
    human.says(Says::Silence);
    human.passes(50).await;
    talk.says(Says::Clip(words.clone()));
    events.until("user_transcription", &[("final", true.into())]).await;
    human.says(Says::Clip(words));
    events.until("human_transcription", &[]).await;
    human.press("*9");
    human.is_hung_up().await;
    events.until("transfer_changed", &[("state", "returned".into())]).await;
    talk.hears_us().await;
}
