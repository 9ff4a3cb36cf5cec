//! Reads skill packs from their folders and makes each line ready to answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use callwright_dialogue_core::Pack;
use callwright_model::{Language, PackSource, Problem};

use crate::config::{Config, Line};

/// A line with its pack in memory.
#[derive(Clone)]
pub struct LoadedLine {
    /// What the configuration says.
    pub line: Line,
    /// What can be talked about.
    pub pack: Arc<Pack>,
    /// The language that callers are greeted in.
    pub language: Language,
}

/// Every line of a configuration, and the files of its packs for the action core.
pub struct Lines {
    /// By order of the configuration.
    pub lines: Vec<LoadedLine>,
    /// Each pack once.
    pub sources: Vec<PackSource>,
}

impl Lines {
    /// Reads and checks all packs.
    ///
    /// # Errors
    /// Every mistake in all of them.
    pub fn load(config: &Config) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut packs: BTreeMap<&Path, (Arc<Pack>, PackSource)> = BTreeMap::new();
        let mut lines = Vec::new();
        for line in &config.lines {
            let folder = line.pack.as_path();
            if !packs.contains_key(folder) {
                match load_pack(folder) {
                    Ok(loaded) => drop(packs.insert(folder, loaded)),
                    Err(found) => {
                        problems.extend(found);
                        continue;
                    }
                }
            }
            let pack = Arc::clone(&packs[folder].0);
            for language in &line.languages {
                if !pack.languages().contains(language) {
                    let what =
                        format!("line `{}` speaks `{language}`, but its pack has no words in it", line.name);
                    problems.push(Problem::error(folder.display().to_string(), None, what));
                }
            }
            let first = line.languages.first().or(pack.languages().first()).copied();
            lines.push(LoadedLine { line: line.clone(), pack, language: first.unwrap_or(Language::EN) });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let sources = packs.into_values().map(|(_, source)| source).collect();
        Ok(Self { lines, sources })
    }

    /// The line that a called number or user name reaches.
    pub fn for_number(&self, config: &Config, number: &str) -> Option<&LoadedLine> {
        let name = &config.line_for_number(number)?.name;
        self.named(name)
    }

    /// The line of this name.
    pub fn named(&self, name: &str) -> Option<&LoadedLine> {
        self.lines.iter().find(|line| line.line.name == name)
    }
}

/// Reads a pack, for the dialogue and for the action core, which each check their part of it.
///
/// # Errors
/// Every mistake that either finds.
pub fn load_pack(folder: &Path) -> Result<(Arc<Pack>, PackSource), Vec<Problem>> {
    let source = read_pack(folder).map_err(|problem| vec![problem])?;
    let mut problems = callwright_plan_core::check(&source);
    problems.retain(|problem| problem.severity == callwright_model::Severity::Error);
    match Pack::load(&source) {
        Ok(pack) if problems.is_empty() => Ok((Arc::new(pack), source)),
        Ok(_) => Err(problems),
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

/// Reads a pack's files into memory. Hidden files and other kinds of files are left.
///
/// # Errors
/// When the folder or a file of it cannot be read.
pub fn read_pack(folder: &Path) -> Result<PackSource, Problem> {
    let name = folder.display().to_string();
    let mut source = PackSource { folder: name.clone(), files: BTreeMap::new() };
    if !folder.is_dir() {
        return Err(Problem::error(name, None, "there is no such folder")
            .help("a pack is a folder with pack.yaml, skills/, words/ and examples/"));
    }
    read_folder(folder, "", &mut source)?;
    Ok(source)
}

fn read_folder(folder: &Path, prefix: &str, source: &mut PackSource) -> Result<(), Problem> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        Problem::error(path.display().to_string(), None, format!("cannot be read: {error}"))
    };
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let inner = format!("{prefix}{name}");
        if path.is_dir() {
            // A pack's folders hold files only; one more level is room for people's own order.
            if prefix.matches('/').count() < 2 {
                read_folder(&path, &format!("{inner}/"), source)?;
            }
        } else if KINDS.iter().any(|kind| name.ends_with(kind)) {
            let size = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
            if size > FILE_BYTES_MAX {
                let what = format!("has {size} bytes; a pack's file has at most {FILE_BYTES_MAX}");
                return Err(Problem::error(path.display().to_string(), None, what));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            source.files.insert(inner, text);
        }
    }
    Ok(())
}

/// Files that a pack is made of.
const KINDS: [&str; 4] = [".yaml", ".ftl", ".cedar", ".cedarschema"];
/// Far above any pack that people write; a log or a recording put there by mistake stops here.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
