//! Callers who are called back at the time that they were promised, by whichever gateway is there then.

use std::sync::Arc;
use std::time::Duration;

use callwright_loadtest::{Callee, CalleeConfig, LoadConfig, NoObserver, Outcome, Scenario, run};
use callwright_model::{Standing, TryOutcome};
use callwright_tests::{Airline, CoreAlone, Gateway, Settings, eventually};
use callwright_wire::actions::{Callback, Client};

/// What the phone of the tests does, written where it can be read from.
fn scenario(folder: &std::path::Path, name: &str, steps: &str) -> Arc<Scenario> {
    let file = folder.join(format!("{name}.yaml"));
    let text = format!("scenario: {name}\nsummary: A test.\npatience_ms: 30000\nsteps:\n{steps}");
    std::fs::write(&file, text).expect("the folder is ours");
    Arc::new(Scenario::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

/// Wants a person, of whom there is none; then a call back, as soon as possible; and agrees to the time.
const ASKS: &str =
    "  - dtmf: \"0\"\n  - dtmf: \"1\"\n  - dtmf: \"1\"\n  - dtmf: \"1\"\n  - wait_end: 20000\n";
/// It is a good moment; and when nobody is free again, they let it be.
const ANSWERS: &str = "  - dtmf: \"1\"\n  - dtmf: \"2\"\n  - pause: 300\n  - hangup\n";

/// A gateway before a core, whose calls to numbers go to one telephone.
fn gateway(core: &CoreAlone, phone: &Callee) -> Gateway {
    let address = phone.address();
    let address = address.rsplit('@').next().expect("a host");
    Gateway::start(&Settings {
        core: format!("address = \"{}\"", core.url()),
        top: format!(
            "[[trunk]]\nname = \"carrier\"\naddress = \"sip:{address}\"\nkeepalive = {{ every = \"0s\" }}\n\
             [[trunk.route]]\nnumbers = \"*\"\n"
        ),
        tables: "[call_backs]\nenabled = true\nsoonest = \"25s\"\npoll = \"300ms\"\nnumbers = [\"1555\"]\n"
            .to_owned(),
        ..Settings::default()
    })
}

async fn listed(client: &Client, done: bool) -> Vec<Callback> {
    client.list_callbacks(done).await.expect("the core answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_kept_in_time_and_once_by_the_gateway_that_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let answers = scenario(folder.path(), "called", ANSWERS);
    let phone = Callee::start(CalleeConfig::new("carrier", answers), Arc::new(NoObserver)).await;
    let phone = phone.expect("a telephone");
    let airline = Airline::start().await;
    let core = CoreAlone::start(&airline.url(), "", "", &[]);
    let client = Client::connect(&core.url()).await.expect("connects");

    let first = gateway(&core, &phone);
    let second = gateway(&core, &phone);
    let config = LoadConfig {
        calls: 1,
        concurrent: 1,
        from_user: "15550100".to_owned(),
        ..LoadConfig::new(format!("sip:airline@{}", first.sip), scenario(folder.path(), "asks", ASKS))
    };
    let report = run(config, Arc::new(NoObserver), |_| {}).await.expect("calls can be placed");
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}\n{}", first.log());
    let open = listed(&client, false).await;
    let promise = open[0].promise.clone().expect("a time was promised");
    assert_eq!((open.len(), open[0].number.reveal().as_str()), (1, "15550100"));
    assert_eq!((promise.tries.len(), promise.terms.line.as_str()), (0, "airline"), "it is not time yet");
    // Whoever promised it is gone, without a word.
    drop(first);

    let called = tokio::time::timeout(Duration::from_secs(60), phone.next_report()).await;
    let called = called.unwrap_or_else(|_| panic!("nobody calls:\n{}", second.log())).expect("a call");
    assert_eq!(called.outcome, Outcome::Completed, "{called:#?}\n{}", second.log());
    let done = || second.get("/v1/callbacks?done=true");
    let list = eventually("the promise is kept", done, |list| list.contains("\"state\":\"kept\""));
    let kept = listed(&client, true).await.pop().expect("it is done");
    let promise = kept.promise.expect("is promised");
    assert!(matches!(promise.standing, Standing::Kept { .. }), "{promise:?}");
    let [one] = promise.tries.as_slice() else { panic!("{promise:?}") };
    assert!(matches!(one.ended, Some((_, TryOutcome::Talked))), "{one:?}");
    assert!(
        (promise.terms.not_before_unix_ms..=promise.terms.not_after_unix_ms).contains(&one.begun_unix_ms)
    );
    assert_eq!(listed(&client, false).await, [], "nobody need call any more");

    let journals = second.folder.path().join("calls");
    let told: String = std::fs::read_dir(journals)
        .expect("calls are written down")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("text"))
        .collect();
    assert!(told.contains("you asked us to call you back"), "the agent says why it calls: {told}");
    assert!(list.contains("\"outcome\":\"talked\""), "{list}");
    let metrics = second.get("/metrics");
    assert!(metrics.contains("callwright_call_backs_total{outcome=\"talked\"} 1"), "{metrics}");
    phone.shutdown().await;
}
