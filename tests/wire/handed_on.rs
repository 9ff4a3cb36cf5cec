//! baresip as the human who holds the caller, comes back, and hands them on to another baresip.

use callwright_tests::{Gateway, Settings};

use crate::baresip::{Baresip, Telephone};
use crate::events::Events;
use crate::sound;

fn phone(
    user: &'static str,
    answers: bool,
    says: &'static [(u64, Option<&'static str>)],
) -> Telephone<'static> {
    Telephone { user, answers, says, codec: "PCMU/8000/1", encryption: "" }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_holds_the_caller_comes_back_and_hands_them_on() {
    let mut desk = Baresip::start(phone("desk", true, &[(60_000, None)])).await;
    let mut other =
        Baresip::start(phone("other", true, &[(1_500, Some("en-desk-hello.wav")), (500, None)])).await;
    let mut caller = Baresip::start(phone("caller", false, &[(90_000, None)])).await;
    let gateway = Gateway::start(&Settings { humans: vec![desk.address()], ..Settings::default() });
    let mut events = Events::follow(&gateway);
    caller.dial(&format!("sip:airline@{}", gateway.sip)).await;
    caller.until("Call established").await;
    caller.press("0").await;
    desk.until("Call established").await;
    // The key is the acceptance; the briefing gives way to it.
    desk.press("1").await;
    events.until("transfer_changed", &[("state", "bridged".into())]).await;
    desk.press("x").await;
    events.until("held", &[("who", "human".into())]).await;
    desk.press("X").await;
    events.until("resumed", &[("who", "human".into())]).await;
    desk.press(&format!("/transfer {}\n", other.address())).await;
    other.until("Call established").await;
    // Whom the caller was handed to is heard; who handed them on is out of it.
    desk.until("terminated").await;
    other.until("terminated").await;
    caller.press("b").await;
    let hello = sound::read(&sound::fixture("en-desk-hello.wav"));
    let (alike, _) = sound::likeness(&hello, &caller.heard().await);
    assert!(alike > 0.8, "the caller heard something else ({alike:.2})");
}
