//! The shop's pack before the demo shop.

use std::collections::BTreeMap;

use callwright_actions::{ActionCore, CoreConfig, Limits, Listen};
use callwright_demo_backends::{Config, shop};
use callwright_model::{CallId, PackSource, Pii, PlanFact, PlanId, PlanReply, PlanRequest, Record, Value};
use callwright_wire::actions::{Client, Consent};
use tokio_stream::StreamExt as _;

const CALL: CallId = CallId(2);

fn pack() -> PackSource {
    let files = [
        ("pack.yaml", include_str!("../../../skills/retail/pack.yaml")),
        ("actions.yaml", include_str!("../../../skills/retail/actions.yaml")),
        ("policies.cedar", include_str!("../../../skills/retail/policies.cedar")),
        ("schema.cedarschema", include_str!("../../../skills/retail/schema.cedarschema")),
        ("skills/return.yaml", include_str!("../../../skills/retail/skills/return.yaml")),
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
        speculative: false,
    }
}

#[tokio::test]
async fn headphones_are_returned_and_what_must_not_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = shop::start(Config::default()).await.expect("starts");
    let core = ActionCore::start(CoreConfig {
        listen: Listen::Tcp(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
        journal: folder.path().join("journal.db"),
        packs: vec![pack()],
        connectors: BTreeMap::from([("shop".to_owned(), shop.url())]),
        limits: Limits::default(),
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
