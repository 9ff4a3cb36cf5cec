//! `callwright core` as a process of its own, before one airline.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use callwright_model::{CallId, Pii, PlanId, PlanReply, PlanRequest, Record, Value};
use callwright_wire::actions::{Client, Consent};
use tempfile::TempDir;
use tokio_stream::StreamExt as _;

use crate::{program, repository};

/// A running core. Killed when dropped, if it was not stopped.
pub struct CoreAlone {
    child: Child,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    /// Other lines that it printed before that one.
    pub printed: Vec<String>,
    /// Its configuration, journal and log.
    pub folder: TempDir,
}

impl CoreAlone {
    /// Starts one whose connector is at `airline`, with these lines under `[core]` and these at the end of the configuration, and
    /// these variables of the environment.
    ///
    /// # Panics
    /// When it does not start; its own words are in the panic.
    #[must_use]
    pub fn start(airline: &str, core: &str, more: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let text = format!(
            "[core]\nlisten = \"127.0.0.1:0\"\njournal = \"plans.sqlite\"\n{core}\n[connectors]\nairline = \"{airline}\"\n\
             [[line]]\nname = \"airline\"\nnumbers = [\"*\"]\npack = \"{}\"\n{more}",
            repository().join("skills/airline").display()
        );
        let file = folder.path().join("callwright.toml");
        std::fs::write(&file, text).expect("the folder can be written");
        let log = folder.path().join("log");
        let mut child = Command::new(program())
            .args(["--log", "callwright=info,warn", "core", "--config"])
            .arg(&file)
            .envs(variables.iter().copied())
            .current_dir(repository())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(std::fs::File::create(&log).expect("a log file")))
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("it is piped");
        let mut started = Self { child, address: String::new(), printed: Vec::new(), folder };
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("action core: http://") {
                address.split(' ').next().unwrap_or_default().clone_into(&mut started.address);
                return started;
            }
            started.printed.push(line);
        }
        let said = std::fs::read_to_string(log).unwrap_or_default();
        panic!("the core does not start:\n{said}");
    }

    /// Its address for a client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks for a skill of the airline with everything that it needs.
    ///
    /// # Panics
    /// When the core does not answer.
    pub async fn plan(&self, call: CallId, skill: &str, inputs: &[(&str, Value)]) -> PlanReply {
        let client = Client::connect(&self.url()).await.expect("the core answers");
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let request = PlanRequest {
            plan: None,
            pack: "airline".to_owned(),
            skill: skill.to_owned(),
            inputs: inputs.collect::<Record>(),
            call,
            caller: None,
            evidence: BTreeMap::new(),
            agent: String::new(),
            consents: BTreeSet::new(),
            language: None,
            speculative: false,
        };
        client.plan(request).await.expect("it plans")
    }

    /// Says yes to a plan, and waits for its end.
    ///
    /// # Panics
    /// When it is not carried out.
    pub async fn execute(&self, call: CallId, plan: &PlanId) {
        let client = Client::connect(&self.url()).await.expect("the core answers");
        let consent = Consent { call, words: Pii::new("yes please".to_owned()) };
        let mut events = client.execute(plan, consent).await.expect("it begins");
        while let Some(event) = events.next().await {
            event.expect("an event");
        }
    }

    /// Rebooks the demo's passenger from beginning to end.
    ///
    /// # Panics
    /// When that cannot be planned.
    pub async fn rebook(&self, call: CallId) -> PlanId {
        let inputs = [("code", "K7M4X2".into()), ("pin", "4821".into()), ("flight", Value::Int(1))];
        let PlanReply::Ready { plan, .. } = self.plan(call, "rebook", &inputs).await else {
            panic!("everything is known");
        };
        self.execute(call, &plan).await;
        plan
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Sends SIGTERM and waits until it has ended.
    ///
    /// # Panics
    /// When it cannot be told, or ends with an error.
    pub fn stop(&mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "SIGTERM is sent");
        assert!(self.child.wait().expect("it was ours").success(), "{}", self.log());
    }
}

impl Drop for CoreAlone {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("the core's log:\n{}", self.log());
        }
    }
}
