//! The door before a core before the demo airline, as an agent finds it.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use callwright_actions::{ActionCore, CoreConfig, Limits, Listen};
use callwright_agents::AgentsServer;
use callwright_demo_backends::{Config, Handle, airline};
use callwright_model::PackSource;
use callwright_wire::actions::Client;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub const BOOKING: &str = "K7M4X2";
pub const DEAR: &str = "R8W6N1";

pub struct Stage {
    pub airline: Handle,
    pub client: Client,
    core: ActionCore,
    pub door: AgentsServer,
    _folder: TempDir,
}

fn pack() -> PackSource {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skills/airline");
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&inner)).expect("a folder") {
            let name = inner.join(entry.expect("an entry").file_name());
            if folder.join(&name).is_dir() {
                folders.push(name);
            } else {
                let text = std::fs::read_to_string(folder.join(&name)).expect("text");
                files.insert(name.to_str().expect("UTF-8").to_owned(), text);
            }
        }
    }
    PackSource { folder: "skills/airline".to_owned(), files }
}

impl Stage {
    /// With the demo's pack, or one in which a supervisor may approve what is refused there.
    pub async fn set(supervised: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let airline = airline::start(Config::default()).await.expect("the airline starts");
        let mut pack = pack();
        if supervised {
            let policies = pack.files.get_mut("policies.cedar").expect("policies");
            let refused = "@words(\"credit-too-high\")\n@transfer(\"true\")";
            assert!(policies.contains(refused));
            *policies = policies.replace(refused, "@approval(\"supervisor\")");
        }
        let core = ActionCore::start(CoreConfig {
            listen: Listen::Tcp(([127, 0, 0, 1], 0).into()),
            journal: callwright_actions::Store::File(folder.path().join("journal.db")),
            packs: vec![pack],
            connectors: BTreeMap::from([("airline".to_owned(), airline.url().into())]),
            limits: Limits::default(),
            keep: None,
            spans: None,
        })
        .await
        .expect("the core starts");
        let client = Client::connect(core.url()).await.expect("connects");
        let listen = ([127, 0, 0, 1], 0).into();
        let door = AgentsServer::start(listen, client.clone()).await.expect("a free port");
        Self { airline, client, core, door, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.door.local_addr())
    }

    pub async fn close(self) {
        self.door.shutdown().await;
        drop(self.client);
        self.core.shutdown().await;
        self.airline.shutdown().await;
    }

    /// One request under a name of its own; the status and the body.
    pub async fn ask(&self, host: &str, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.door.local_addr()).await.expect("it listens");
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// One question of A2A; its result or its error.
    pub async fn rpc(&self, method: &str, params: Json) -> Json {
        let question = serde_json::json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let (status, body) = self.ask("127.0.0.1", "POST /a2a", &question.to_string()).await;
        assert_eq!(status, 200, "{body}");
        let answer: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&"2.0".into(), &7.into()), "{answer}");
        answer.get("result").or_else(|| answer.get("error")).cloned().expect("one of the two")
    }
}
