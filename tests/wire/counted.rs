//! What is dropped is counted where an operator looks, and each count says what it is.

use std::collections::BTreeSet;
use std::net::UdpSocket;

use callwright_tests::{Airline, Gateway, Settings, eventually};

fn value(metrics: &str, line: &str) -> f64 {
    let found = metrics.lines().find_map(|text| text.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or(-1.0)
}

#[test]
fn junk_to_either_port_is_counted() {
    let gateway = Gateway::start(&Settings::default());
    let metrics = gateway.get("/metrics");
    assert_eq!(value(&metrics, "callwright_browser_datagrams_unrouted_total"), 0.0, "{metrics}");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    for port in [&gateway.sip, &gateway.webrtc] {
        for junk in [&[0_u8; 40][..], b"GET / HTTP/1.1", &[0xff; 1_400]] {
            socket.send_to(junk, port.as_str()).expect("loopback takes it");
        }
    }
    let metrics = || gateway.get("/metrics");
    eventually("both are counted", metrics, |metrics| {
        let sip = value(metrics, "callwright_sip_dropped_total{reason=\"junk\"}");
        let webrtc = value(metrics, "callwright_browser_datagrams_unrouted_total");
        sip >= 1.0 && webrtc == 3.0
    });
}

#[test]
fn every_metric_says_what_it_is() {
    let gateway = Gateway::start(&Settings::default());
    eventually(
        "the SIP side has published its counts",
        || gateway.get("/metrics"),
        |metrics| value(metrics, "callwright_sip_dialogs") == 0.0,
    );
    let metrics = gateway.get("/metrics");
    let named = |kind: &str| -> BTreeSet<String> {
        let lines =
            metrics.lines().filter_map(|line| line.strip_prefix(kind)?.split(' ').next().map(str::to_owned));
        lines.collect()
    };
    let without: Vec<_> = named("# TYPE ").difference(&named("# HELP ")).cloned().collect();
    assert!(without.is_empty(), "{without:?} have no help");
    assert!(named("# HELP ").len() > 15, "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_systems_are_down_says_so_and_answers_all_the_same() {
    let alone = Gateway::start(&Settings::default());
    eventually(
        "it is not ready",
        || alone.get("/ready"),
        |ready| ready.contains("no business system answers: airline, shop"),
    );
    assert!(alone.get("/metrics").contains("callwright_connector_up{connector=\"airline\"} 0"));
    let airline = Airline::start().await;
    let with_one = Gateway::start(&Settings { airline: airline.url(), ..Settings::default() });
    eventually(
        "the airline is up",
        || with_one.get("/metrics"),
        |metrics| metrics.contains("callwright_connector_up{connector=\"airline\"} 1"),
    );
    assert!(with_one.get("/ready").contains("\"ready\""), "{}", with_one.get("/ready"));
}
