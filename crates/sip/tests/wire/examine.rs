//! A trunk that does not work says why: a case for each thing that can be in the way.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use callwright_call_core::trunk::{KeepaliveConfig, NumberPlan};
use callwright_model::Pii;
use callwright_sip::{
    CallerId, Credentials, Identity, SipConfig, StepOutcome, TlsConfig, TrunkCheck, TrunkConfig, TrunkStep,
};
use rcgen::{CertificateParams, KeyPair};

use crate::support::carrier::{Carrier, Zone};
use crate::support::{config, header, start, within};

fn trunk(uri: String) -> TrunkConfig {
    TrunkConfig {
        name: "carrier".to_owned(),
        uri,
        user: Some("alice".to_owned()),
        credentials: Some(Credentials { user: "alice".to_owned(), password: Pii::new("secret".to_owned()) }),
        register: Some(Duration::from_secs(600)),
        sources: Vec::new(),
        calls_max: 1,
        calls_per_second_max: 0,
        routes: Vec::new(),
        numbers: NumberPlan::default(),
        caller_id: CallerId::default(),
        keepalive: KeepaliveConfig { every: Duration::ZERO, misses_max: 1, answers_min: 1 },
        answer_within: Duration::from_millis(300),
    }
}

/// By an endpoint that has nothing else to do there.
async fn examine(trunk: TrunkConfig, config: SipConfig) -> Vec<TrunkStep> {
    let (endpoint, _calls) = start(config).await;
    within("the examination", endpoint.examine_trunk(trunk)).await.expect("it has an address")
}

fn step(steps: &[TrunkStep], what: TrunkCheck) -> &TrunkStep {
    steps.iter().find(|step| step.what == what).unwrap_or_else(|| panic!("no {what:?} in {steps:#?}"))
}

/// The last step is bad, and says so in these words.
fn assert_ends(steps: &[TrunkStep], what: TrunkCheck, words: &str) {
    let bad = steps.iter().find(|step| step.outcome == StepOutcome::Bad);
    let bad = bad.unwrap_or_else(|| panic!("nothing is bad in {steps:#?}"));
    assert_eq!(bad.what, what, "{steps:#?}");
    let told = format!("{} {}", bad.found, bad.help.as_deref().unwrap_or_default());
    assert!(told.contains(words), "`{words}` is not in `{told}`");
}

/// A carrier that answers OPTIONS and, without and with a proof, REGISTER like this.
async fn examined_at(
    options: &str,
    asked: (&str, &str),
    proved: (&str, &str),
    with: impl Fn(&mut TrunkConfig),
) -> Vec<TrunkStep> {
    let carrier = Carrier::start().await;
    let mut trunk = trunk(carrier.uri());
    with(&mut trunk);
    let answering = async {
        loop {
            let request = carrier.any_request().await;
            assert!(header(&request.text, "Contact").is_none(), "nothing is registered: {}", request.text);
            if request.text.starts_with("OPTIONS ") {
                if !options.is_empty() {
                    carrier.answer(&request, options, "").await;
                }
            } else if request.text.starts_with("REGISTER ") {
                let proof = header(&request.text, "Authorization").is_some();
                let (status, more) = if proof { proved } else { asked };
                carrier.answer(&request, status, more).await;
            }
        }
    };
    tokio::select! {
        () = answering => unreachable!("it never ends"),
        steps = examine(trunk, config()) => steps,
    }
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
const CHALLENGED: (&str, &str) = ("401 Unauthorized", CHALLENGE);

#[tokio::test]
async fn a_good_trunk_is_good_in_every_step() {
    let steps = examined_at("200 OK", CHALLENGED, ("200 OK", ""), |_| {}).await;
    assert_eq!(steps.len(), 4, "{steps:#?}");
    assert!(steps.iter().all(|step| step.outcome == StepOutcome::Good && step.help.is_none()), "{steps:#?}");
    let known = examined_at("200 OK", CHALLENGED, ("200 OK", ""), |trunk| trunk.register = None).await;
    assert_eq!(step(&known, TrunkCheck::Registration).outcome, StepOutcome::Skipped);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told() {
    let dns = Zone::start(vec![("host.test.", Zone::a())]).await;
    let config = SipConfig { name_servers: vec![dns.address()], ..config() };
    let steps = examine(trunk("sip:nowhere.test".to_owned()), config).await;
    assert_ends(&steps, TrunkCheck::Dns, "there is no such name");
    assert_eq!(steps.len(), 1, "nothing else can be looked at: {steps:#?}");
}

#[tokio::test]
async fn one_server_of_two_that_is_away_is_only_doubtful() {
    let carrier = Carrier::start().await;
    let gone = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let dns = Zone::start(vec![
        ("_sip._udp.two.test.", Zone::srv(1, 1, gone, "a.two.test.")),
        ("_sip._udp.two.test.", Zone::srv(2, 1, carrier.port(), "b.two.test.")),
        ("a.two.test.", Zone::a()),
        ("b.two.test.", Zone::a()),
    ])
    .await;
    let config = SipConfig { name_servers: vec![dns.address()], ..config() };
    let trunk = TrunkConfig { register: None, ..trunk("sip:two.test".to_owned()) };
    let answering = async {
        loop {
            let request = carrier.request("OPTIONS").await;
            carrier.answer(&request, "200 OK", "").await;
        }
    };
    let steps = tokio::select! {
        () = answering => unreachable!("it never ends"),
        steps = examine(trunk, config) => steps,
    };
    assert!(step(&steps, TrunkCheck::Dns).found.contains("priority 2"), "{steps:#?}");
    let outcomes: Vec<_> = steps.iter().map(|step| step.outcome).collect();
    use StepOutcome::{Doubtful, Good, Skipped};
    assert_eq!(outcomes, [Good, Doubtful, Good, Good, Skipped], "{steps:#?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let udp = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let steps = examine(trunk(format!("sip:{udp}")), config()).await;
    assert_ends(&steps, TrunkCheck::Transport, "nothing listens on this UDP port");
    let tcp = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let steps = examine(trunk(format!("sip:{tcp};transport=tcp")), config()).await;
    assert_ends(&steps, TrunkCheck::Transport, "refused");
}

/// A server's certificate for this name, whose time ends in this year, in a folder.
fn certificate(folder: &std::path::Path, file: &str, name: &str, year: i32) -> Identity {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    // Those of one name would be taken for one another.
    params.distinguished_name.push(rcgen::DnType::CommonName, file);
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let own = params.self_signed(&key).expect("a certificate");
    let path = |end: &str| folder.join(format!("{file}.{end}"));
    std::fs::write(path("pem"), own.pem()).expect("the folder is ours");
    std::fs::write(path("key"), key.serialize_pem()).expect("the folder is ours");
    Identity { certificate: path("pem"), key: path("key") }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_with_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, name, year, trusted, words) in [
        ("name", "other.test", 2100, true, "its certificate is not for `127.0.0.1`"),
        ("issuer", "127.0.0.1", 2100, false, "`sip.tls.trust`"),
        ("old", "127.0.0.1", 2001, true, "this machine's clock"),
    ] {
        let own = certificate(folder.path(), file, name, year);
        let other = certificate(folder.path(), "other", "127.0.0.1", 2100);
        let trust = Some(if trusted { own.certificate.clone() } else { other.certificate });
        let tls = TlsConfig { identity: Some(own), ..TlsConfig::default() };
        let listen_tls = vec!["127.0.0.1:0".parse().expect("an address")];
        let (server, _calls) = start(SipConfig { tls, listen_tls, ..config() }).await;
        let (_, at) = *server.addresses().last().expect("TLS comes last");
        let ours = SipConfig { tls: TlsConfig { trust, ..TlsConfig::default() }, ..config() };
        let steps = examine(trunk(format!("sip:{at};transport=tls")), ours).await;
        assert_ends(&steps, TrunkCheck::Transport, words);
    }
}

#[tokio::test]
async fn what_options_say_is_told() {
    let silent = examined_at("", CHALLENGED, ("200 OK", ""), |_| {}).await;
    assert_ends(&silent, TrunkCheck::Options, "put ours (127.0.0.1");
    assert_eq!(step(&silent, TrunkCheck::Registration).outcome, StepOutcome::Skipped);
    let busy = examined_at("503 Service Unavailable", CHALLENGED, ("200 OK", ""), |_| {}).await;
    assert_ends(&busy, TrunkCheck::Options, "takes no calls now");
    let strict = examined_at("403 Forbidden", CHALLENGED, ("200 OK", ""), |_| {}).await;
    assert_eq!(step(&strict, TrunkCheck::Options).outcome, StepOutcome::Doubtful);
    let shy = examined_at("405 Method Not Allowed", CHALLENGED, ("200 OK", ""), |_| {}).await;
    assert_eq!(step(&shy, TrunkCheck::Options).outcome, StepOutcome::Good, "whoever refuses OPTIONS lives");
}

#[tokio::test]
async fn why_a_registration_is_refused_is_told() {
    let odd = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256\r\n";
    let good = ("200 OK", "");
    for (asked, proved, words) in [
        (CHALLENGED, CHALLENGED, "the name or the password is wrong"),
        (("401 Unauthorized", odd), good, "MD5 or SHA-256"),
        (("403 Forbidden", ""), good, "only from addresses on the carrier's list"),
        (CHALLENGED, ("403 Forbidden", ""), "the account may be locked"),
        (("404 Not Found", ""), good, "no such account"),
        (("500 Server Internal Error", ""), good, "ask the carrier"),
    ] {
        let steps = examined_at("200 OK", asked, proved, |_| {}).await;
        assert_ends(&steps, TrunkCheck::Registration, words);
    }
    let steps = examined_at("200 OK", CHALLENGED, good, |trunk| trunk.credentials = None).await;
    assert_ends(&steps, TrunkCheck::Registration, "no password is set");
}
