//! What only shows beside the packs and on the disk: mistakes that would refuse to start, or that callers would meet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use callwright_model::{Problem, Record, Severity};
use callwright_speech::models;

use super::{Config, Connector, Line, RecogniserChoice};
use crate::chat::random_id;
use crate::lines::LoadedPack;

impl Config {
    /// Everything that is wrong with settings that parse. `packs` are those that could be read, by folder; what is wrong
    /// inside a pack is told by reading it.
    pub fn verify(&self, packs: &BTreeMap<PathBuf, LoadedPack>) -> Vec<Problem> {
        let mut problems = self.listeners();
        problems.extend(self.certificates());
        problems.extend(self.users());
        problems.extend(self.able_humans(packs));
        problems.extend(self.language_model_fits());
        problems.extend(self.webhook_fits());
        problems.extend(self.trunks_fit());
        problems.extend(self.core_journal());
        problems.extend(self.journal());
        problems.extend(self.whisper());
        for line in &self.lines {
            match packs.get(&line.pack) {
                Some(pack) => self.line(line, pack, &mut problems),
                None if line.pack.is_dir() => {}
                None => {
                    let what = format!("there is no folder `{}`", line.pack.display());
                    let help = "a pack is a folder with pack.yaml, skills/, words/ and examples/; relative paths count \
                                from this file";
                    problems.push(self.places.problem(&format!("{}.pack", line.place), what).help(help));
                }
            }
        }
        problems.extend(self.connectors(packs));
        problems
    }

    /// Two listeners cannot share a port, unless one is for UDP and the other for TCP.
    fn listeners(&self) -> Vec<Problem> {
        let own_core = self.core.address.is_none();
        let tcp = [
            Some(("sip.listen", self.sip.listen)),
            self.sip.tls.listen.map(|listen| ("sip.tls.listen", listen)),
            self.sip.websocket.listen.map(|listen| ("sip.websocket.listen", listen)),
            self.sip.websocket.listen_secure.map(|listen| ("sip.websocket.listen_secure", listen)),
            Some(("web.listen", self.web.listen)),
            own_core.then_some(("core.listen", self.core.listen)),
        ];
        let udp = [Some(("sip.listen", self.sip.listen)), Some(("web.webrtc", self.web.webrtc))];
        let mut problems = Vec::new();
        for listeners in [&tcp[..], &udp[..]] {
            let listeners: Vec<_> = listeners.iter().flatten().collect();
            for (at, (key, address)) in listeners.iter().enumerate() {
                if let Some((other, _)) = listeners[..at].iter().find(|(_, other)| clash(*other, *address)) {
                    let what = format!("`{key}` cannot be `{address}`: `{other}` listens there");
                    problems.push(self.places.problem(key, what));
                }
            }
        }
        problems
    }

    fn core_journal(&self) -> Option<Problem> {
        let journal = &self.core.journal;
        if self.core.address.is_some() || self.core.database.is_some() {
            return None;
        }
        let folder =
            journal.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let what = if !folder.is_dir() {
            format!("the journal `{}` cannot be made: there is no such folder", journal.display())
        } else if journal.is_dir() {
            format!("the journal `{}` is a folder", journal.display())
        } else {
            return None;
        };
        Some(self.places.problem("core.journal", what).help("name a file in a folder that exists"))
    }

    /// The folder of calls can be written, or made by whoever writes the first.
    fn journal(&self) -> Option<Problem> {
        let dir = &self.journal.dir;
        if self.journal.keep_days == 0 {
            return None;
        }
        // The nearest folder that is there: those below it are made at the start.
        let there = dir.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        // Gateways that start together try the same folder.
        let probe = there.join(format!(".callwright-{:016x}", random_id()));
        // A folder's permissions alone do not tell, on a disk that is mounted to be read or for a user who may do all.
        let error = std::fs::File::create_new(&probe).and_then(|_| std::fs::remove_file(&probe)).err()?;
        let what = format!("journals of calls cannot be written into `{}`: {error}", dir.display());
        let help = "name a folder that this user can write, or write `keep_days = 0` for no journals";
        Some(self.places.problem("journal.dir", what).help(help))
    }

    fn whisper(&self) -> Option<Problem> {
        let speech = &self.speech;
        let wanted = match speech.recogniser {
            RecogniserChoice::Pocketsphinx => return None,
            RecogniserChoice::Auto => false,
            RecogniserChoice::Whisper => true,
        };
        let help = "`callwright models fetch whisper-base` brings one";
        match &speech.whisper_model {
            Some(model) if !model.is_file() => {
                let what = format!("there is no model file `{}`", model.display());
                Some(self.places.problem("speech.whisper_model", what).help(help))
            }
            None if wanted && models::largest_whisper(&speech.models).is_none() => {
                let what = format!("there is no whisper model in `{}`", speech.models.display());
                Some(self.places.problem("speech.recogniser", what).help(help))
            }
            Some(_) | None => None,
        }
    }

    fn line(&self, line: &Line, LoadedPack { pack, .. }: &LoadedPack, problems: &mut Vec<Problem>) {
        let place = |key: &str| format!("{}.{key}", line.place);
        let known: Vec<_> = pack.languages().iter().map(ToString::to_string).collect();
        for language in line.languages.iter().filter(|language| !pack.languages().contains(language)) {
            let what = format!("line `{}` speaks `{language}`, but its pack has no words in it", line.name);
            let problem = self.places.problem(&place("languages"), what);
            problems.push(problem.help(format!("it has {}", known.join(", "))));
        }
        let spoken = if line.languages.is_empty() { pack.languages() } else { &line.languages };
        if !line.voice.0.is_empty()
            && !spoken.iter().any(|language| callwright_speech::has_voice(&line.voice, *language))
        {
            let what = format!("there is no voice `{}` for what line `{}` speaks", line.voice.0, line.name);
            let help = "slt, rms, awb and kal16 speak English; espeak-ng's begin with their language, such as `es-419`";
            problems.push(self.places.problem(&place("voice"), what).help(help));
        }
        if let Some(greeting) = &line.greeting {
            // A greeting is said before anything is known.
            let nothing = Record::new();
            let mut languages: Vec<_> =
                spoken.iter().filter(|language| pack.languages().contains(language)).collect();
            if languages.is_empty() {
                languages.extend(pack.languages());
            }
            for language in languages
                .into_iter()
                .filter(|language| pack.sentence(greeting, &nothing, **language).is_none())
            {
                let what = format!("the words of `{language}` have no sentence `{greeting}` without facts");
                problems.push(self.places.problem(&place("greeting"), what));
            }
        }
    }

    /// Each connector of a pack has an address, and each address a pack.
    fn connectors(&self, packs: &BTreeMap<PathBuf, LoadedPack>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.core.address.is_some() {
            // An action core elsewhere has its own.
            return problems;
        }
        let mut used = BTreeSet::new();
        for (name, connector) in &self.connectors {
            if let Err(why) = connector.resolve() {
                problems.push(self.places.problem(&format!("connectors.{name}"), why));
            }
        }
        for LoadedPack { pack, source } in packs.values() {
            let Ok(acting) = callwright_plan_core::Pack::load(source) else { continue };
            let names: BTreeMap<String, &'static str> = acting
                .actions
                .into_values()
                .map(|action| (action.call.connector.clone(), action.call.door.name()))
                .collect();
            for (name, wanted) in &names {
                let Some(speaks) = self.connectors.get(name).map(Connector::speaks) else { continue };
                if speaks != *wanted {
                    let what = format!(
                        "the pack `{}` speaks {wanted} to `{name}`, which speaks {speaks}",
                        pack.name()
                    );
                    problems.push(self.places.problem(&format!("connectors.{name}"), what));
                }
            }
            let names: BTreeSet<String> = names.into_keys().collect();
            for name in names.iter().filter(|name| !self.connectors.contains_key(*name)) {
                if self.places.know(&format!("connectors.{name}")) {
                    // What stands there is no address, and that was told.
                    continue;
                }
                let what =
                    format!("the pack `{}` calls the connector `{name}`, which has no address", pack.name());
                let help = format!("write `{name} = \"http://127.0.0.1:7101\"` under [connectors]");
                problems.push(self.places.problem("connectors", what).help(help));
            }
            used.extend(names);
        }
        let all_read = self.lines.iter().all(|line| packs.contains_key(&line.pack));
        for name in self.connectors.keys().filter(|name| all_read && !used.contains(*name)) {
            let problem = self
                .places
                .problem(&format!("connectors.{name}"), format!("no pack calls the connector `{name}`"));
            problems.push(Problem { severity: Severity::Warning, ..problem });
        }
        problems
    }
}

/// Whether two sockets of one kind cannot both be bound. Port 0 is a free one each time.
fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let overlap = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && overlap
}
