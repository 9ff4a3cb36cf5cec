//! A supervisor in a call, through the whole gateway: who hears them is measured by sound.

use callwright_call_core::sdp::Direction;
use callwright_tests::Gateway;
use serde_json::Value;

use crate::telephone::{Says, Telephone, Tone};
use crate::transfers::{asks_for_a_person, gateway, line, takes};

/// The supervisor's wish, as people send it by curl.
fn wish(gateway: &Gateway, call: &str, mode: &str, phone: Option<&str>) -> u16 {
    let phone = phone.map(|phone| format!(r#""phone":"{phone}","#)).unwrap_or_default();
    let body = format!(r#"{{"mode":"{mode}",{phone}"by":"Ada Lovelace"}}"#);
    gateway.ask("POST", &format!("/v1/calls/{call}/supervise"), &body).0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_barges_in_and_takes_over() {
    let [mut desk, mut chief] = [Telephone::start("desk").await, Telephone::start("chief").await];
    let gateway = gateway(&[line("watched", &desk, "")]);
    let caller = Telephone::start("caller").await;
    let (talk, mut events) = asks_for_a_person(&gateway, "watched", &caller).await;
    let call = events.call().to_owned();
    assert_eq!(wish(&gateway, "beef", "listen", Some(&chief.address())), 404);
    assert_eq!(wish(&gateway, &call, "listen", None), 422, "whose phone?");
    assert_eq!(wish(&gateway, &call, "listen", Some("nonsense")), 422);
    let mut human = takes(&mut desk, &talk, &mut events).await;

    assert_eq!(wish(&gateway, &call, "listen", Some(&chief.address())), 202);
    let mut supervisor = chief.answer().await;
    let told = events.until("supervision_changed", &[("what", "listen".into())]).await;
    assert_eq!(told["by"], "Ada Lovelace");
    supervisor.says(Says::Tone(Tone::High));
    supervisor.hears(Tone::Low).await;
    supervisor.hears(Tone::Middle).await;
    tokio::join!(talk.hears_none_of(&[Tone::High]), human.hears_none_of(&[Tone::High]));
    assert_eq!(wish(&gateway, &call, "barge", Some("sip:other@127.0.0.1")), 409, "one at a time");

    assert_eq!(wish(&gateway, &call, "whisper", None), 202);
    human.hears(Tone::High).await;
    // And for as long as it lasts the caller hears the human alone.
    tokio::join!(talk.hears_none_of(&[Tone::High]), talk.hears(Tone::Middle), human.hears(Tone::Low));

    supervisor.press("6");
    let told = events.until("supervision_changed", &[("what", "barge".into())]).await;
    assert_eq!(told["by"], Value::Null, "it was a key");
    talk.hears(Tone::High).await;
    human.hears(Tone::High).await;
    supervisor.press("4");
    events.until("supervision_changed", &[("what", "listen".into())]).await;
    tokio::join!(talk.hears_none_of(&[Tone::High]), human.hears_none_of(&[Tone::High]));

    // Somebody who holds meanwhile is held by hold sound, and the others go on.
    human.says(Says::Silence);
    human.hold(Direction::Inactive).await;
    talk.hears_us().await;
    human.hold(Direction::SendRecv).await;

    assert_eq!(wish(&gateway, &call, "take_over", None), 202);
    events.until("supervision_changed", &[("what", "take_over".into())]).await;
    human.is_hung_up().await;
    talk.hears(Tone::High).await;
    supervisor.hears(Tone::Low).await;

    // The call is theirs, so somebody else may supervise it; and it ends for everybody with the caller.
    assert_eq!(wish(&gateway, &call, "barge", Some(&desk.address())), 202);
    let mut second = desk.answer().await;
    second.says(Says::Tone(Tone::Middle));
    talk.hears(Tone::Middle).await;
    assert_eq!(gateway.ask("DELETE", &format!("/v1/calls/{call}/supervise"), "").0, 202);
    second.is_hung_up().await;
    talk.hears(Tone::High).await;
    talk.leg.hangup();
    supervisor.is_hung_up().await;
    assert_eq!(wish(&gateway, &call, "listen", Some(&desk.address())), 404, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_takes_a_caller_from_the_agent() {
    let [desk, mut chief] = [Telephone::start("desk").await, Telephone::start("chief").await];
    let gateway = gateway(&[line("served", &desk, "")]);
    let caller = Telephone::start("caller").await;
    let mut events = crate::events::Events::follow(&gateway);
    let talk = caller.call(&format!("sip:served@{}", gateway.sip), None).await;
    let call = events.call_on("served").await;
    talk.hears_us().await;
    assert_eq!(wish(&gateway, &call, "listen", Some(&chief.address())), 202);
    let supervisor = chief.answer().await;
    // Both sides of the talk with the agent.
    talk.says(Says::Tone(Tone::Low));
    supervisor.hears(Tone::Low).await;
    talk.says(Says::Silence);
    supervisor.hears_us().await;
    supervisor.press("7");
    events.until("transfer_changed", &[("state", "bridged".into())]).await;
    supervisor.says(Says::Tone(Tone::High));
    talk.hears(Tone::High).await;
    // The caller is never lost by it: the agent has them again.
    supervisor.leg.hangup();
    events.until("transfer_changed", &[("state", "returned".into())]).await;
    talk.hears_us().await;
}
