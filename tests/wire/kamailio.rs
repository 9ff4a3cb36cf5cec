//! Kamailio, which nobody here wrote: in front of two gateways, and as the registrar of a trunk.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use callwright_tests::{Gateway, Settings, eventually, free_ports, program, repository};
use tempfile::TempDir;

/// A running Kamailio with the configuration of `sip-configs/kamailio`. Ended when dropped.
struct Kamailio {
    folder: TempDir,
    child: Child,
    sip: SocketAddr,
    tls: SocketAddr,
}

impl Kamailio {
    /// Starts it in front of these gateways, and waits until it listens.
    fn start(gateways: &[&Gateway]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name);
        let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
        std::fs::write(file("kamailio.pem"), own.cert.pem()).expect("the folder is ours");
        std::fs::write(file("kamailio.key"), own.signing_key.serialize_pem()).expect("the folder is ours");
        let list: Vec<String> = gateways.iter().map(|gateway| format!("1 sip:{}\n", gateway.sip)).collect();
        std::fs::write(file("dispatcher.list"), list.concat()).expect("the folder is ours");
        let port = free_ports(2);
        let [sip, tls] = [port, port + 1].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let template = repository().join("sip-configs/kamailio/kamailio.cfg");
        let text = std::fs::read_to_string(template).expect("it is in the repository");
        let text = text
            .replace("@SIP@", &sip.to_string())
            .replace("@TLS@", &tls.to_string())
            .replace("@MODULES@", modules())
            .replace("@FOLDER@", &folder.path().display().to_string())
            .replace("@PASSWORD@", "a secret");
        std::fs::write(file("kamailio.cfg"), text).expect("the folder is ours");
        let log = std::fs::File::create(file("log")).expect("the folder is ours");
        let mut child = Command::new("kamailio")
            .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
            .arg(file("kamailio.cfg"))
            .arg("-Y")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program kamailio is installed, see scripts/setup --tests");
        let listens = || {
            let ended = child.try_wait().expect("it is ours").is_some();
            assert!(!ended, "kamailio has ended:\n{}", read(&file("log")));
            ([sip, tls].iter().all(|at| TcpStream::connect(at).is_ok()), read(&file("log")))
        };
        eventually("kamailio listens", listens, |(listens, _)| *listens);
        Self { folder, child, sip, tls }
    }

    fn log(&self) -> String {
        read(&self.folder.path().join("log"))
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // On SIGTERM its first process ends all others.
        drop(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status());
        drop(self.child.wait());
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// Debian puts them below the name of the machine's kind.
fn modules() -> &'static str {
    let known = [
        "/usr/lib/x86_64-linux-gnu/kamailio/modules",
        "/usr/lib/aarch64-linux-gnu/kamailio/modules",
        "/usr/lib/kamailio/modules",
    ];
    known.into_iter().find(|folder| Path::new(folder).is_dir()).expect("kamailio's modules are installed")
}

/// Calls a user at an address, so many times.
fn sipp(at: SocketAddr, user: &str, calls: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    Command::new("sipp")
        .arg(at.to_string())
        .args(["-i", "127.0.0.1", "-s", user, "-nostdin", "-timeout", "40s", "-timeout_error"])
        .args(["-m", calls, "-r", "10", "-sf"])
        .arg(repository().join("sip-configs/sipp/uac-basic.xml"))
        .current_dir(folder.path())
        .output()
        .expect("sipp runs: it is in the Debian package sip-tester, see scripts/setup --tests")
}

fn assert_well(output: &Output, kamailio: &Kamailio) {
    let screen = String::from_utf8_lossy(&output.stdout);
    let screen: Vec<&str> = screen.lines().rev().take(60).collect();
    assert!(output.status.success(), "sipp failed:\n{}\n{}", screen.join("\n"), kamailio.log());
}

/// Calls that a gateway has taken so far.
fn taken(gateway: &Gateway) -> f64 {
    let metrics = gateway.get("/metrics");
    let lines = metrics.lines().filter(|line| line.starts_with("callwright_calls_total"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn calls_are_shared_by_two_gateways_and_go_on_when_one_ends() {
    let mut first = Gateway::start(&Settings { top: "grace = \"5s\"".to_owned(), ..Settings::default() });
    let second = Gateway::start(&Settings::default());
    let kamailio = Kamailio::start(&[&first, &second]);
    assert_well(&sipp(kamailio.sip, "airline", "10"), &kamailio);
    assert_eq!((taken(&first), taken(&second)), (5.0, 5.0), "in turn");
    // It takes no new calls any more, and is gone while they come.
    first.terminate();
    assert_well(&sipp(kamailio.sip, "airline", "4"), &kamailio);
    assert_eq!(taken(&second), 9.0);
    first.wait(Duration::from_secs(30));
    assert_well(&sipp(kamailio.sip, "airline", "4"), &kamailio);
    assert_eq!(taken(&second), 13.0, "a gateway that is silent is passed over as well");
}

#[test]
fn trunks_register_over_tcp_and_tls_and_bring_calls_for_the_account() {
    let kamailio = Kamailio::start(&[]);
    let path = |file: &str| kamailio.folder.path().join(file).display().to_string();
    std::fs::write(path("password"), "a secret").expect("the folder is ours");
    let trunk = |transport: &str, at: SocketAddr| {
        format!(
            "[[trunk]]\nname = \"{transport}\"\naddress = \"sip:{at}\"\ntransport = \"{transport}\"\nuser = \"by-{transport}\"\n\
             password = \"file:{}\"\nregister = \"60s\"\n",
            path("password")
        )
    };
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(path("own.pem"), own.cert.pem()).expect("the folder is ours");
    std::fs::write(path("own.key"), own.signing_key.serialize_pem()).expect("the folder is ours");
    let tls = format!(
        "[sip.tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"{}\"\nkey = \"{}\"\ntrust = \"{}\"\n",
        path("own.pem"),
        path("own.key"),
        path("kamailio.pem")
    );
    let gateway = Gateway::start(&Settings {
        top: trunk("tcp", kamailio.sip) + &trunk("tls", kamailio.tls),
        sip: tls,
        ..Settings::default()
    });
    let looks = || (gateway.get("/v1/trunks"), kamailio.log());
    eventually("both register", looks, |(trunks, _)| trunks.matches("\"registered\"").count() == 2);
    for (transport, calls) in [("tcp", "2"), ("tls", "1")] {
        assert_well(&sipp(kamailio.sip, &format!("by-{transport}"), calls), &kamailio);
        let trunks = gateway.get("/v1/trunks");
        let status: serde_json::Value = serde_json::from_str(&trunks).expect("a list");
        let status = status.as_array().expect("a list").iter().find(|status| status["trunk"] == transport);
        assert_eq!(status.expect("it is there")["calls_in"].to_string(), calls, "{trunks}");
    }
    // Its own words for it.
    let test = |name: &str| {
        let mut command = Command::new(program());
        command
            .args(["trunk", "test", name, "--json", "--config"])
            .arg(gateway.folder.path().join("callwright.toml"));
        command.output().expect("the program runs")
    };
    for transport in ["tcp", "tls"] {
        let output = test(transport);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{printed}");
        let report: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
        let steps: Vec<_> =
            report["steps"].as_array().expect("steps").iter().map(|step| &step["outcome"]).collect();
        assert_eq!(steps, ["good"; 5], "{printed}");
    }
    std::fs::write(path("password"), "another").expect("the folder is ours");
    let output = test("tls");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.code() == Some(1) && printed.contains("the name or the password is wrong"),
        "{printed}"
    );
}
