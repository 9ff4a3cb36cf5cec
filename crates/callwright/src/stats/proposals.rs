//! What callers said before a human had to take over: proposals for example sentences. They are shown and never applied; somebody
//! who knows the skill decides.
//!
//! Only what was said freely and not understood counts: an answer to a question is a code, a date or a name and no example of anything,
//! and what began a skill needs no example, however that ended. Of that, words
//! are shown that the pack knows, and others once callers of three calls have used them; numbers and spelled codes never are. So a
//! name that one caller says is not shown, and a word that many callers use is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use callwright_dialogue_core::{Intent, Pack, filled};
use callwright_model::{Expect, Language};
use serde::Serialize;
use serde_json::Value as Json;

use crate::config::Config;
use crate::lines::{Lines, LoadedLine};
use crate::secrets::hidden;
use crate::serve::all;

/// A sentence that might become an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The pack whose examples it might join.
    pack: String,
    /// Its language.
    language: Language,
    /// The sentence; what may be personal is a `…` in it.
    sentence: String,
    /// What the interpreter takes it for today: the nearest skill, or another thing that callers say.
    nearest: String,
    /// How sure it is of that, 0 to 1.
    probability: f32,
    /// Why a human took over, and how often.
    because: BTreeMap<String, usize>,
    /// In how many calls it was said.
    calls: usize,
}

/// Something that a caller said freely in a call that went to a human.
struct Said {
    call: String,
    pack: String,
    language: Language,
    words: Vec<String>,
    because: String,
}

/// Reads the journals of calls in a folder that were begun at or after a time.
pub fn find(config: &Config, folder: &Path, since_unix_ms: u64) -> Result<Vec<Proposal>> {
    let lines = Lines::load(config).map_err(all)?;
    let mut said = Vec::new();
    let listing = std::fs::read_dir(folder);
    let listing = listing.with_context(|| format!("journals of calls are not in {}", folder.display()))?;
    for entry in listing {
        let file = entry.with_context(|| folder.display().to_string())?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            // One that is cut off or of another version tells what it tells.
            said.extend(call(&file, &lines, since_unix_ms).unwrap_or_default());
        }
    }
    Ok(proposals(&lines.lines, said))
}

/// What a journal tells of a call that went to a human; nothing of one that did not.
fn call(file: &Path, lines: &Lines, since_unix_ms: u64) -> Result<Vec<Said>> {
    let mut rows = BufReader::new(File::open(file)?).lines();
    let header: Json = serde_json::from_str(&rows.next().context("it is empty")??)?;
    let pack = header["pack"]["name"].as_str().unwrap_or_default().to_owned();
    let begun = header["started_unix_ms"].as_u64().unwrap_or_default();
    if begun < since_unix_ms || !lines.lines.iter().any(|line| line.pack.name() == pack) {
        return Ok(Vec::new());
    }
    let call = header["call"].as_str().unwrap_or_default().to_owned();
    let (mut free, mut open, mut said) = (Vec::new(), false, Vec::new());
    // Whether the last of them is still to be understood.
    let mut pending = false;
    for row in rows {
        let row: Json = serde_json::from_str(&row?)?;
        let told = &row["do"]["tell"];
        if let Some(state) = told["note"]["state"].as_str() {
            open = state == "open";
            if BEGUN.contains(&state) && std::mem::take(&mut pending) {
                free.pop();
            }
        } else if told["note"]["not_for_us"].is_object() && std::mem::take(&mut pending) {
            free.pop();
        } else if let Some(words) = told["caller_said"]["words"].as_str()
            && open
            && !words.contains(&hidden())
        {
            let language = told["caller_said"]["language"].as_str().and_then(|code| code.parse().ok());
            free.push((words.to_owned(), language.unwrap_or(Language::EN)));
            pending = true;
        } else if let Some(because) = told["transfer"]["reason"].as_str() {
            said.extend(free.drain(..).map(|(words, language)| Said {
                call: call.clone(),
                pack: pack.clone(),
                language,
                words: words.split_whitespace().map(str::to_owned).collect(),
                because: because.to_owned(),
            }));
        } else if told["plan"]["fact"]["completed"].is_object() {
            // What was said before helped the caller in the end.
            free.clear();
        }
    }
    Ok(said)
}

fn proposals(lines: &[LoadedLine], said: Vec<Said>) -> Vec<Proposal> {
    let packs: BTreeMap<&str, &Pack> = lines.iter().map(|line| (line.pack.name(), &*line.pack)).collect();
    let words = Words::new(&packs, &said);
    let mut found: BTreeMap<(String, Language, String), Met> = BTreeMap::new();
    for said in &said {
        let sentence = words.masked(said);
        if sentence.split(' ').filter(|word| *word != MASK).count() < WORDS_MIN {
            continue;
        }
        let met = found.entry((said.pack.clone(), said.language, sentence)).or_default();
        if met.calls.insert(said.call.clone()) {
            *met.because.entry(said.because.clone()).or_default() += 1;
        }
    }
    let proposal = |((pack, language, sentence), met): ((String, Language, String), Met)| {
        let reading = packs.get(pack.as_str())?.read(&sentence.replace(MASK, " "), language);
        // Whoever asks for a human by name was understood.
        (reading.intent != Intent::Human).then(|| Proposal {
            nearest: reading.intent.name().to_owned(),
            probability: reading.probability,
            calls: met.calls.len(),
            pack,
            language,
            sentence,
            because: met.because,
        })
    };
    let mut all: Vec<Proposal> = found.into_iter().filter_map(proposal).collect();
    all.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.sentence.cmp(&b.sentence)));
    all
}

/// Where a sentence was met.
#[derive(Default)]
struct Met {
    /// In which calls.
    calls: BTreeSet<String>,
    /// Why a human took over, and how often.
    because: BTreeMap<String, usize>,
}

/// Which words may be shown.
struct Words {
    /// Words of what the pack's callers are known to say, by pack and language.
    known: BTreeMap<(String, Language), BTreeSet<String>>,
    /// Words of others, with the calls they were said in.
    heard: BTreeMap<String, BTreeSet<String>>,
}

impl Words {
    fn new(packs: &BTreeMap<&str, &Pack>, said: &[Said]) -> Self {
        let mut words = Self { known: BTreeMap::new(), heard: BTreeMap::new() };
        for (name, pack) in packs {
            for &language in pack.languages() {
                let sentences = pack.sentences(language);
                let all =
                    sentences.iter().flat_map(|sentence| sentence.split_whitespace()).map(bare).collect();
                words.known.insert(((*name).to_owned(), language), all);
            }
        }
        for said in said {
            for word in &said.words {
                words.heard.entry(bare(word)).or_default().insert(said.call.clone());
            }
        }
        words
    }

    fn masked(&self, said: &Said) -> String {
        let known = self.known.get(&(said.pack.clone(), said.language));
        let spelled: Vec<bool> = said.words.iter().map(|word| spells(word, said.language)).collect();
        let mut shown: Vec<&str> = Vec::new();
        for (at, word) in said.words.iter().enumerate() {
            let alone = !(spelled[at] && (at > 0 && spelled[at - 1] || spelled.get(at + 1) == Some(&true)));
            let plain = bare(word);
            let often = || self.heard.get(&plain).is_some_and(|calls| calls.len() >= CALLS_MIN);
            let digits = plain.chars().any(|c| c.is_numeric());
            if alone && !digits && (known.is_some_and(|known| known.contains(&plain)) || often()) {
                shown.push(word);
            } else if shown.last() != Some(&MASK) {
                shown.push(MASK);
            }
        }
        shown.join(" ")
    }
}

/// A part of a spelled code or number: of `four eight two one` each word is.
fn spells(word: &str, language: Language) -> bool {
    filled(&Expect::Code { min: 1, max: 64 }, word, language) > 0
}

/// A word as it is compared: small letters, without what stands around it.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The proposals for a person.
pub fn told(proposals: &[Proposal]) -> String {
    if proposals.is_empty() {
        return "no call that went to a human had anything in it to learn from".to_owned();
    }
    let mut lines = vec![format!(
        "{} sentences that ended in a human. Nothing is applied: put what fits into examples/LANGUAGE.yaml of the pack.",
        proposals.len()
    )];
    for it in proposals {
        let because: Vec<&str> = it.because.keys().map(String::as_str).collect();
        lines.push(format!(
            "{:>4} call(s)  {} {}  nearest: {} ({:.2})  human because: {}\n      \"{}\"",
            it.calls,
            it.pack,
            it.language,
            it.nearest,
            it.probability,
            because.join(", "),
            it.sentence
        ));
    }
    lines.join("\n")
}

/// States of a skill that has begun: what led there was understood, at once or after "did you mean".
const BEGUN: [&str; 5] = ["asking", "planning", "choosing", "read_back", "acting"];
/// Stands for words that may be personal.
const MASK: &str = "…";
/// Callers who must have used a word that the pack does not know: a name is seldom that of three callers in a month.
const CALLS_MIN: usize = 3;
/// Words that must be left of a sentence for it to be of use.
const WORDS_MIN: usize = 3;

#[cfg(test)]
mod tests;
