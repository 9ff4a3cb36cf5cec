//! The rules of dependency that ARCHITECTURE.md draws, read from what cargo knows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const CORES: [&str; 8] = [
    "audio-core",
    "rtp-core",
    "turn-core",
    "leg-core",
    "call-core",
    "dialogue-core",
    "plan-core",
    "capture-core",
];
const SHELLS: [&str; 11] = [
    "sip",
    "webrtc",
    "media",
    "recording",
    "speech",
    "conversation",
    "actions",
    "agents",
    "console",
    "loadtest",
    "demo-backends",
];

/// What a pure crate may never reach for: runtimes, transports, clocks and global randomness.
const IMPURE: [&str; 8] = ["tokio", "tonic", "prost", "socket2", "libc", "rand", "rusqlite", "ureq"];

/// Each crate of ours with what it uses outside its own tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs: it has built this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let short = |name: &Value| {
        let name = name.as_str().expect("a name");
        // Some of ours are called like a library that they wrap.
        match name.strip_prefix("callwright-") {
            Some(ours) => ours.to_owned(),
            None => format!("library {name}"),
        }
    };
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().expect("a list of dependencies");
            let normal = uses.iter().filter(|dependency| dependency["kind"].is_null());
            (short(&package["name"]), normal.map(|dependency| short(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn the_model_knows_nobody() {
    let all = dependencies();
    let ours: Vec<_> = all["model"].iter().filter(|name| all.contains_key(*name)).collect();
    assert!(ours.is_empty(), "model uses {ours:?}");
}

#[test]
fn cores_are_pure_and_know_only_the_model_and_cores() {
    let all = dependencies();
    for core in CORES {
        for used in &all[core] {
            let library = used.strip_prefix("library ").unwrap_or_default();
            assert!(!IMPURE.contains(&library), "{core} uses {used}");
            let ours = all.contains_key(used);
            assert!(!ours || used == "model" || CORES.contains(&used.as_str()), "{core} uses {used}");
        }
    }
}

/// Two edges between shells are meant: everybody who speaks gRPC goes through `wire`, which is no shell, and the scripted
/// callers of `loadtest` place their calls with our own SIP endpoint, as a peer, not as a part of the gateway.
#[test]
fn shells_do_not_know_each_other() {
    let all = dependencies();
    for shell in SHELLS {
        for used in all[shell].iter().filter(|used| SHELLS.contains(&used.as_str())) {
            assert_eq!((shell, used.as_str()), ("loadtest", "sip"), "a shell knows a shell");
        }
    }
}

#[test]
fn protobuf_stays_in_wire() {
    for (name, uses) in dependencies() {
        if name != "wire" {
            assert!(
                !uses.contains("library prost") && !uses.contains("library prost-types"),
                "{name} uses prost"
            );
        }
    }
}
