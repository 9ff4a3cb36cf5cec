//! What a gateway tells the operator, as it happens.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use callwright_tests::Gateway;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Follows `/v1/events`.
pub struct Events {
    told: mpsc::UnboundedReceiver<Value>,
    /// The one call that is meant.
    call: Option<Value>,
    /// All that was read, for whoever has to find out.
    seen: Vec<Value>,
}

impl Events {
    /// From now on.
    pub fn follow(gateway: &Gateway) -> Self {
        let mut stream = TcpStream::connect(&gateway.web).expect("the web server answers");
        let request = format!("GET /v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.web);
        stream.write_all(request.as_bytes()).expect("it listens");
        let (tell, told) = mpsc::unbounded_channel();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        // Nothing is missed once the head of the answer is here.
        while line.trim_end() != "" || line.is_empty() {
            line.clear();
            assert!(lines.read_line(&mut line).is_ok_and(|length| length > 0), "there are events");
        }
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let event =
                    line.strip_prefix("data:").and_then(|data| serde_json::from_str(data.trim()).ok());
                if event.is_some_and(|event| tell.send(event).is_err()) {
                    return;
                }
            }
        });
        Self { told, call: None, seen: Vec::new() }
    }

    /// The next call of this line is meant from now on. Gives its identity.
    pub async fn call_on(&mut self, line: &str) -> String {
        self.call = None;
        let started = self.until("call_started", &[("line", line.into())]).await;
        self.call = Some(started["call"].clone());
        started["call"].as_str().expect("an identity").to_owned()
    }

    /// The identity of the call that is meant.
    pub fn call(&self) -> &str {
        self.call.as_ref().and_then(Value::as_str).expect("one was chosen")
    }

    /// Waits for an event of this type with these fields, and gives it.
    pub async fn until(&mut self, kind: &str, fields: &[(&str, Value)]) -> Value {
        loop {
            match timeout(Duration::from_secs(40), self.told.recv()).await {
                Ok(Some(event)) if self.call.as_ref().is_some_and(|call| event["call"] != *call) => {}
                Ok(Some(event)) => {
                    let right =
                        event["type"] == kind && fields.iter().all(|(name, value)| event[name] == *value);
                    self.seen.push(event.clone());
                    if right {
                        return event;
                    }
                }
                Ok(None) => panic!("the events are over before {kind} {fields:?}: {:#?}", self.seen),
                Err(_) => panic!("{kind} {fields:?} is not told: {:#?}", self.seen),
            }
        }
    }

    /// Waits until the agent has said these words to their end, among others.
    pub async fn agent_has_said(&mut self, words: &str) {
        loop {
            let said = self.until("agent_transcription", &[("state", "spoken".into())]).await;
            if said["text"].as_str().is_some_and(|text| text.contains(words)) {
                return;
            }
        }
    }

    /// Whether such an event has been read.
    pub fn has_seen(&self, kind: &str) -> bool {
        self.seen.iter().any(|event| event["type"] == kind)
    }
}
