//! sipp against the gateway: what a telecom engineer does first.

use std::path::PathBuf;
use std::process::{Command, Output};

use callwright_tests::{Gateway, Settings, program, repository};

/// Runs a scenario of sip-configs/sipp against the gateway.
fn sipp(gateway: &Gateway, scenario: &str, arguments: &[&str]) -> Output {
    sipp_from("127.0.0.1", gateway, scenario, arguments)
}

/// The same from this address.
fn sipp_from(address: &str, gateway: &Gateway, scenario: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = repository().join("sip-configs/sipp").join(scenario);
    Command::new("sipp")
        .arg(&gateway.sip)
        .args(["-i", address, "-s", "airline", "-nostdin", "-timeout", "60s", "-timeout_error", "-trace_err"])
        .arg("-sf")
        .arg(file)
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("sipp runs: it is in the Debian package sip-tester, see scripts/setup --tests")
}

fn assert_all_well(output: &Output, gateway: &Gateway) {
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let screen: String = printed.lines().rev().take(60).collect::<Vec<_>>().join("\n");
    assert!(output.status.success(), "sipp failed:\n{screen}\n{errors}\n{}", gateway.log());
}

/// A value of the gateway's metrics, summed over its labels.
fn metric(gateway: &Gateway, name: &str) -> f64 {
    let metrics = gateway.get("/metrics");
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn fifty_calls_at_ten_a_second_are_answered_and_ended() {
    let gateway = Gateway::start(&Settings::default());
    let output = sipp(&gateway, "uac-basic.xml", &["-m", "50", "-r", "10", "-l", "50"]);
    assert_all_well(&output, &gateway);
    assert_eq!(metric(&gateway, "callwright_calls_total"), 50.0);
}

#[test]
fn the_same_over_tcp() {
    let gateway = Gateway::start(&Settings::default());
    let output = sipp(&gateway, "uac-basic.xml", &["-m", "10", "-r", "10", "-t", "t1"]);
    assert_all_well(&output, &gateway);
}

#[test]
fn an_offer_may_come_late_and_options_are_answered() {
    let gateway = Gateway::start(&Settings::default());
    for scenario in ["uac-delayed-offer.xml", "uac-options.xml"] {
        assert_all_well(&sipp(&gateway, scenario, &["-m", "3", "-r", "10"]), &gateway);
    }
}

#[test]
fn a_call_over_ipv6_has_sound_both_ways_and_changes_its_codec() {
    let gateway = Gateway::start(&Settings { listen: "[::1]:0".to_owned(), ..Settings::default() });
    let echo = ["-m", "1", "-mi", "::1", "-rtp_echo"];
    assert_all_well(&sipp_from("::1", &gateway, "uac-codec-change.xml", &echo), &gateway);
    // Half a second of each codec, in packets of 20 ms and then of 40, all of which come back; the figures are a second late.
    while metric(&gateway, "callwright_calls_active") > 0.0 {
        std::thread::yield_now();
    }
    let came_back = || metric(&gateway, "callwright_media_packets_received_total");
    assert!(came_back() >= 20.0, "{} packets\n{}", came_back(), gateway.log());
    assert_eq!(metric(&gateway, "callwright_media_packets_malformed_total"), 0.0);
}

#[test]
fn a_call_without_a_common_codec_is_refused_with_488() {
    let gateway = Gateway::start(&Settings::default());
    assert_all_well(&sipp(&gateway, "uac-no-codec.xml", &["-m", "1"]), &gateway);
}

#[test]
fn a_full_gateway_says_503_and_when_to_come_back() {
    let gateway = Gateway::start(&Settings { sip: "calls_max = 1".to_owned(), ..Settings::default() });
    let mut first = Command::new(program())
        .args(["call", &format!("sip:airline@{}", gateway.sip), "--scenario"])
        .arg(repository().join("audio-fixtures/scenarios/greeting.yaml"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program runs");
    while metric(&gateway, "callwright_calls_active") < 1.0 {
        std::thread::yield_now();
    }
    let refused = sipp(&gateway, "uac-full.xml", &["-m", "1"]);
    assert_all_well(&refused, &gateway);
    assert!(first.wait().expect("it was ours").success());
}

#[test]
fn a_source_that_nobody_allowed_is_declined_with_603() {
    let gateway =
        Gateway::start(&Settings { sip: "allow = [\"192.0.2.0/24\"]".to_owned(), ..Settings::default() });
    let declined = sipp(&gateway, "uac-declined.xml", &["-m", "1"]);
    assert_all_well(&declined, &gateway);
    assert_eq!(metric(&gateway, "callwright_calls_total"), 0.0);
}
