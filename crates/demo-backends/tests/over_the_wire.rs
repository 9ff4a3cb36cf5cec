//! The demo businesses as their callers see them.

use std::time::Duration;

use callwright_demo_backends::{Config, FaultKind, airline, shop};
use callwright_model::{Money, Record, Value};
use callwright_wire::connector::{Client, Invocation, InvokeError, Refusal};

fn record<const N: usize>(fields: [(&str, Value); N]) -> Record {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn call(method: &str, arguments: Record, key: Option<&str>) -> Invocation {
    Invocation {
        method: method.to_owned(),
        arguments,
        idempotency_key: key.map(str::to_owned),
        deadline: Duration::from_secs(10),
        plan: None,
        attempt: 1,
    }
}

fn dollars(minor: i64) -> Value {
    Value::Money(Money { minor, currency: "USD".to_owned() })
}

fn credit() -> Record {
    record([("booking", "K7M4X2".into()), ("amount", dollars(15_000))])
}

#[tokio::test]
async fn a_repeated_key_changes_nothing_and_gets_the_first_answer() {
    let airline = airline::start(Config::default()).await.expect("starts");
    let client = Client::connect_lazy(&airline.url()).expect("an address");
    let first = client.invoke(call("apply_credit", credit(), Some("p:1"))).await.expect("done");
    let again = client.invoke(call("apply_credit", credit(), Some("p:1"))).await.expect("done before");
    assert_eq!(first, again);
    assert_eq!(airline.snapshot().expect("readable").count("credits", "booking", "K7M4X2"), 1);
    let other = record([("booking", "K7M4X2".into()), ("amount", dollars(1))]);
    let misused = client.invoke(call("apply_credit", other, Some("p:1"))).await;
    assert!(matches!(misused, Err(InvokeError::Misused(_))), "{misused:?}");
    airline.shutdown().await;
}

#[tokio::test]
async fn a_lost_reply_has_taken_effect_and_a_refusal_has_not() {
    let airline = airline::start(Config::default()).await.expect("starts");
    let client = Client::connect_lazy(&airline.url()).expect("an address");
    airline.faults().once("apply_credit", FaultKind::Refuse);
    let refused = client.invoke(call("apply_credit", credit(), Some("p:1"))).await;
    assert!(matches!(refused, Err(InvokeError::Refused(Refusal::Refused { retriable: false, .. }))));
    assert_eq!(airline.snapshot().expect("readable").count("credits", "state", "active"), 0);

    let fault = record([("kind", "lost_reply".into()), ("method", "apply_credit".into())]);
    client.invoke(call("_faults", fault, None)).await.expect("set over the wire");
    let lost = client.invoke(call("apply_credit", credit(), Some("p:1"))).await;
    assert!(matches!(lost, Err(InvokeError::Unknown(_))), "{lost:?}");
    assert_eq!(airline.snapshot().expect("readable").count("credits", "state", "active"), 1);
    client.invoke(call("apply_credit", credit(), Some("p:1"))).await.expect("the answer, late");
    assert_eq!(airline.snapshot().expect("readable").count("credits", "state", "active"), 1);
    airline.shutdown().await;
}

#[tokio::test]
async fn a_call_that_is_held_is_done_when_released_though_nobody_waits_for_it() {
    let airline = airline::start(Config::default()).await.expect("starts");
    let client = Client::connect_lazy(&airline.url()).expect("an address");
    let active = || airline.snapshot().expect("readable").count("credits", "state", "active");
    for (kind, done_before) in [("hold_request", 0), ("hold_reply", 1)] {
        let fault = record([("kind", kind.into()), ("plan", kind.into()), ("method", "apply_credit".into())]);
        client.invoke(call("_faults", fault, None)).await.expect("set over the wire");
        let plan = Some(kind.to_owned());
        let impatient = Client::connect_lazy(&airline.url()).expect("an address");
        let asked = Invocation { plan, ..call("apply_credit", credit(), Some(kind)) };
        let waiting = tokio::spawn(async move { impatient.invoke(asked).await });
        let look = || client.invoke(call("_faults", record([("kind", "look".into())]), None));
        while look().await.expect("told")["held"] != Value::List(vec![kind.into()]) {
            tokio::task::yield_now().await;
        }
        assert_eq!(active(), done_before);
        waiting.abort();
        assert!(waiting.await.expect_err("it is given up").is_cancelled());
        let release = record([("kind", "release".into()), ("plan", kind.into())]);
        client.invoke(call("_faults", release, None)).await.expect("released");
        while look().await.expect("told")["held"] != Value::List(Vec::new()) {
            tokio::task::yield_now().await;
        }
        assert_eq!(active(), 1, "{kind}");
        let again = call("apply_credit", credit(), Some(kind));
        client.invoke(again).await.expect("the same call, once more");
        assert_eq!(active(), 1, "{kind}");
        let taken = record([("booking", "K7M4X2".into()), ("credit", "1".into())]);
        client.invoke(call("revoke_credit", taken, None)).await.expect("taken back");
    }
    airline.shutdown().await;
}

#[tokio::test]
async fn a_wrong_code_and_a_wrong_pin_are_told_apart() {
    let airline = airline::start(Config::default()).await.expect("starts");
    let client = Client::connect_lazy(&airline.url()).expect("an address");
    for (code, pin, argument) in [("ZZZZZZ", "4821", "code"), ("K7M4X2", "0000", "pin")] {
        let asked = record([("code", code.into()), ("pin", pin.into())]);
        match client.invoke(call("find_booking", asked, None)).await {
            Err(InvokeError::Refused(Refusal::NotFound { argument: named, .. })) => {
                assert_eq!(named, argument);
            }
            other => panic!("{other:?}"),
        }
    }
    airline.shutdown().await;
}

#[tokio::test]
async fn a_seat_is_taken_once_and_the_last_one_is_the_last() {
    let config = Config { date: Some("2026-11-23".to_owned()), ..Config::default() };
    let airline = airline::start(config).await.expect("starts");
    let client = Client::connect_lazy(&airline.url()).expect("an address");
    let seat = || record([("flight", "CW318-2026-11-23".into()), ("booking", "K7M4X2".into())]);
    for number in 0..5 {
        let key = format!("p{number}:1");
        client.invoke(call("assign_seat", seat(), Some(&key))).await.expect("a seat");
    }
    let full = client.invoke(call("assign_seat", seat(), Some("p5:1"))).await;
    assert!(matches!(full, Err(InvokeError::Refused(Refusal::Refused { .. }))), "{full:?}");
    airline.shutdown().await;
}

#[tokio::test]
async fn what_is_described_is_there_and_takes_what_it_says() {
    let airline = airline::start(Config::default()).await.expect("starts");
    let shop = shop::start(Config::default()).await.expect("starts");
    for address in [airline.url(), shop.url()] {
        let client = Client::connect_lazy(&address).expect("an address");
        let description = client.describe(Duration::from_secs(10)).await.expect("describes itself");
        assert!(!description.methods.is_empty());
        for method in description.methods {
            // Without arguments a method that is there says which it wants; one that is not says so.
            match client.invoke(call(&method.name, Record::new(), None)).await {
                Err(InvokeError::Misused(why)) => assert!(why.contains("must be"), "{}: {why}", method.name),
                other => panic!("{}: {other:?}", method.name),
            }
        }
    }
    airline.shutdown().await;
    shop.shutdown().await;
}

#[tokio::test]
async fn data_survives_in_its_file_and_changes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { database: Some(folder.path().join("shop.db")), ..Config::default() };
    let shop_now = shop::start(config.clone()).await.expect("starts");
    let before = shop_now.snapshot().expect("readable");
    let client = Client::connect_lazy(&shop_now.url()).expect("an address");
    let item = record([("order", "804215".into()), ("item", "headphones-1".into())]);
    client.invoke(call("restock", item, Some("p:1"))).await.expect("done");
    shop_now.shutdown().await;
    let later = shop::start(config).await.expect("starts again");
    let changes = later.snapshot().expect("readable").changes_since(&before);
    assert_eq!(
        changes,
        [
            "items headphones-1: state delivered -> returning",
            "returns 1 (new): item headphones-1, purchase 804215, state expected",
        ]
    );
    later.shutdown().await;
}
