//! How satisfied callers said they are, from the journals of calls: by pack, how often which rating from one to five.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value as Json;

/// The ratings of a pack's callers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ratings {
    /// How many callers gave each, from one to five.
    scores: BTreeMap<u8, u64>,
}

impl Ratings {
    fn count(&self) -> u64 {
        self.scores.values().sum()
    }

    fn mean(&self) -> f64 {
        let sum: u64 = self.scores.iter().map(|(score, times)| u64::from(*score) * times).sum();
        sum as f64 / self.count().max(1) as f64
    }
}

/// Reads the journals of calls in a folder that were begun at or after a time.
///
/// # Errors
/// When the folder cannot be read. A journal that is cut off tells what it tells.
pub fn find(folder: &Path, since_unix_ms: u64) -> Result<BTreeMap<String, Ratings>> {
    let mut found: BTreeMap<String, Ratings> = BTreeMap::new();
    let listing = std::fs::read_dir(folder);
    let listing = listing.with_context(|| format!("journals of calls are not in {}", folder.display()))?;
    for entry in listing {
        let file = entry.with_context(|| folder.display().to_string())?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl")
            && let Ok(Some((pack, score))) = call(&file, since_unix_ms)
        {
            *found.entry(pack).or_default().scores.entry(score).or_default() += 1;
        }
    }
    Ok(found)
}

/// The pack and the rating of a call, if its caller gave one.
fn call(file: &Path, since_unix_ms: u64) -> Result<Option<(String, u8)>> {
    let mut rows = BufReader::new(File::open(file)?).lines();
    let header: Json = serde_json::from_str(&rows.next().context("it is empty")??)?;
    if header["started_unix_ms"].as_u64().unwrap_or_default() < since_unix_ms {
        return Ok(None);
    }
    let pack = header["pack"]["name"].as_str().unwrap_or_default().to_owned();
    for row in rows {
        // What was cut off comes last.
        let Ok(row) = serde_json::from_str::<Json>(&row?) else { break };
        let score = row["do"]["tell"]["note"]["rated"]["score"].as_u64();
        if let Some(score) = score.and_then(|score| u8::try_from(score).ok()) {
            return Ok(Some((pack, score)));
        }
    }
    Ok(None)
}

/// The ratings as text.
pub fn told(found: &BTreeMap<String, Ratings>) -> String {
    if found.is_empty() {
        return "no caller has rated a call".to_owned();
    }
    let line = |(pack, ratings): (&String, &Ratings)| {
        let scores: Vec<String> =
            ratings.scores.iter().rev().map(|(score, times)| format!("{score}: {times}")).collect();
        format!(
            "{pack}: {} ratings, {:.2} on average; {}",
            ratings.count(),
            ratings.mean(),
            scores.join(", ")
        )
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_counted_by_pack_and_journals_without_one_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |call: &str, pack: &str, started: u64, rest: &str| {
            let header = format!(
                r#"{{"journal":1,"call":"{call}","started_unix_ms":{started},"pack":{{"name":"{pack}"}}}}"#
            );
            let file = folder.path().join(call).with_extension("jsonl");
            std::fs::write(file, format!("{header}\n{rest}")).expect("written");
        };
        let rated = |score: u8| {
            format!(r#"{{"at_ms":1.0,"do":{{"tell":{{"note":{{"rated":{{"score":{score}}}}}}}}}}}"#)
        };
        write("a1", "airline", 1_000, &rated(5));
        write("a2", "airline", 1_000, &rated(4));
        write("a3", "airline", 1_000, r#"{"at_ms":1.0,"do":{"tell":{"note":{"state":"open"}}}}"#);
        write("a4", "airline", 1_000, "{\"cut");
        write("b1", "retail", 3_000, &rated(1));
        let found = find(folder.path(), 0).expect("the folder is there");
        let text = told(&found);
        assert_eq!(
            text,
            "airline: 2 ratings, 4.50 on average; 5: 1, 4: 1\nretail: 1 ratings, 1.00 on average; 1: 1"
        );
        assert_eq!(
            find(folder.path(), 2_000).expect("the folder is there").keys().collect::<Vec<_>>(),
            ["retail"]
        );
        assert_eq!(told(&BTreeMap::new()), "no caller has rated a call");
        assert!(find(&folder.path().join("nothing"), 0).is_err());
    }
}
