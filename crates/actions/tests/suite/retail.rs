//! The shop's pack before the demo shop.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use callwright_actions::{ActionCore, CoreConfig, Limits, Listen};
use callwright_demo_backends::{Config, FaultKind, shop};
use callwright_model::{CallId, PackSource, Pii, PlanFact, PlanId, PlanReply, PlanRequest, Record, Value};
use callwright_wire::actions::{Client, Consent};
use tokio_stream::StreamExt as _;

use crate::common::store;

const CALL: CallId = CallId(2);

fn pack() -> PackSource {
    let files = [
        ("pack.yaml", include_str!("../../../../skills/retail/pack.yaml")),
        ("actions.yaml", include_str!("../../../../skills/retail/actions.yaml")),
        ("policies.cedar", include_str!("../../../../skills/retail/policies.cedar")),
        ("schema.cedarschema", include_str!("../../../../skills/retail/schema.cedarschema")),
        ("skills/return.yaml", include_str!("../../../../skills/retail/skills/return.yaml")),
    ];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    PackSource { folder: "skills/retail".to_owned(), files }
}

fn request(plan: Option<PlanId>, order: &str, pin: &str, reason: &str, item: Option<i64>) -> PlanRequest {
    let mut inputs = Record::from([
        ("order".to_owned(), order.into()),
        ("pin".to_owned(), pin.into()),
        ("reason".to_owned(), reason.into()),
    ]);
    inputs.extend(item.map(|number| ("item".to_owned(), Value::Int(number))));
    PlanRequest {
        plan,
        pack: "retail".to_owned(),
        skill: "return".to_owned(),
        inputs,
        call: CALL,
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

/// Every item of an order is sent back: two skills, a loop that reads and one that writes.
const RETURN_ALL: [(&str, &str); 2] = [
    (
        "skills/identify.yaml",
        "skill: identify
summary: Find the order
internal: true
inputs:
  order: { type: digits, length: 6, ask: ask-order }
  pin: { type: digits, length: 4, ask: ask-pin }
steps:
  - read: find_order
    with: { order: order, pin: pin }
    as: purchase
    not_found:
      - { input: order, words: no-such-order }
",
    ),
    (
        "skills/return_all.yaml",
        "skill: return_all
summary: Return all items of an order
steps:
  - use: identify
    as: who
  - for_each: item
    in: who.purchase.items
    most: 3
    as: parts
    steps:
      - when: item.price.minor > 50000
        refuse: not-returnable
      - read: return_policy
        with: { order: who.purchase.number, item: item.id, reason: '\"damaged\"' }
        as: terms
  - confirm: read-back-return
  - for_each: part
    in: parts
    most: 3
    steps:
      - write: refund_payment
        with: { order: who.purchase.number, item: part.item.id, amount: part.terms.refund }
        as: refund
      - write: restock
        with: { order: who.purchase.number, item: part.item.id }
        as: stock
done: return-done
failed: return-failed
",
    ),
];

#[tokio::test]
async fn a_loop_of_writes_is_carried_out_and_undone_item_by_item() {
    for fails in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = shop::start(Config::default()).await.expect("starts");
        let mut pack = pack();
        pack.files.extend(RETURN_ALL.map(|(file, text)| (file.to_owned(), text.to_owned())));
        let core = ActionCore::start(CoreConfig {
            listen: Listen::Tcp(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
            journal: store(folder.path()),
            packs: vec![pack],
            connectors: BTreeMap::from([("shop".to_owned(), shop.url().into())]),
            limits: Limits::default(),
            keep: None,
            spans: None,
        })
        .await
        .expect("starts");
        let client = Client::connect(core.url()).await.expect("connects");
        let ask = PlanRequest {
            skill: "return_all".to_owned(),
            ..request(None, "804215", "3067", "damaged", None)
        };
        let reply = client.plan(ask).await.expect("plans");
        let PlanReply::Ready { plan, steps, facts, .. } = reply else { panic!("{reply:?}") };
        let Some(Value::List(parts)) = facts.get("parts") else { panic!("{facts:?}") };
        let items = parts.len();
        assert_eq!((items, steps.len()), (2, 1 + 3 * items), "{steps:?}");
        if fails {
            // The first item is expected back, the second is refused: the three writes before are taken back.
            shop.faults().once("restock", FaultKind::Delay(Duration::from_millis(1)));
            shop.faults().once("restock", FaultKind::Refuse);
        }
        let yes = Consent { call: CALL, words: Pii::new("yes".to_owned()) };
        let events: Vec<_> = client.execute(&plan, yes).await.expect("executes").collect().await;
        let last = events.into_iter().next_back().expect("events").expect("an event");
        let now = shop.snapshot().expect("readable");
        let (refunds, returns) =
            (now.count("refunds", "state", "active"), now.count("returns", "state", "expected"));
        match last.fact {
            PlanFact::Completed { .. } => {
                assert!(!fails && (refunds, returns) == (items, items), "{refunds} {returns}")
            }
            PlanFact::Failed { step, .. } => {
                assert!(fails && (step, refunds, returns) == (7, 0, 0), "{step} {refunds} {returns}");
            }
            other => panic!("{other:?}"),
        }
        core.shutdown().await;
        shop.shutdown().await;
    }
}

#[tokio::test]
async fn headphones_are_returned_and_what_must_not_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop::start(Config::default()).await.expect("starts");
    let core = ActionCore::start(CoreConfig {
        listen: Listen::Tcp(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
        journal: store(folder.path()),
        packs: vec![pack()],
        connectors: BTreeMap::from([("shop".to_owned(), shop.url().into())]),
        limits: Limits::default(),
        keep: None,
        spans: None,
    })
    .await
    .expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");

    for (order, pin, reason, item, words, transfer) in [
        ("804215", "3067", "damaged", 2, "not-returnable", false),
        ("655090", "8810", "changed_mind", 1, "return-too-late", true),
        ("731846", "5521", "damaged", 1, "refund-too-high", true),
    ] {
        let reply = client.plan(request(None, order, pin, reason, Some(item))).await.expect("plans");
        let PlanReply::Refused { words: said, transfer: to_human, .. } = reply else { panic!("{reply:?}") };
        assert_eq!((said.as_str(), to_human), (words, transfer), "{order}");
    }

    let reply = client.plan(request(None, "804215", "3067", "changed_mind", None)).await.expect("plans");
    let PlanReply::Choose { plan, options, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(options[0]["name"], "headphones".into());
    let chosen = request(Some(plan), "804215", "3067", "changed_mind", Some(1));
    let reply = client.plan(chosen).await.expect("plans");
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    let yes = Consent { call: CALL, words: Pii::new("yes".to_owned()) };
    let events: Vec<_> = client.execute(&plan, yes).await.expect("executes").collect().await;
    let last = events.into_iter().next_back().expect("events").expect("an event");
    assert_eq!(last.fact, PlanFact::Completed { words: "return-done".to_owned() });
    let now = shop.snapshot().expect("readable");
    assert_eq!(now.column("items", "headphones-1", "state"), Some("returning"));
    assert_eq!((now.count("refunds", "amount", "7990"), now.count("returns", "state", "expected")), (1, 1));
    core.shutdown().await;
    shop.shutdown().await;
}
