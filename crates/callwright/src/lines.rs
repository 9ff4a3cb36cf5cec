//! Reads skill packs from their folders and makes each line ready to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callwright_dialogue_core::Pack;
use callwright_model::{Language, PackSource, Problem, Severity};
use sha2::{Digest, Sha256};

use crate::config::{Config, Line};
use crate::secrets::Secrets;

/// A line with its pack in memory.
#[derive(Clone)]
pub struct LoadedLine {
    /// What the configuration says.
    pub line: Line,
    /// What can be talked about.
    pub pack: Arc<Pack>,
    /// The language that callers are greeted in.
    pub language: Language,
    /// What is secret of what its callers say.
    pub secrets: Secrets,
    /// Tells whether the pack is the same as at another time.
    pub fingerprint: String,
}

/// A pack in memory, with the files that it was made from.
pub struct LoadedPack {
    /// What can be talked about.
    pub pack: Arc<Pack>,
    /// Its files, for the action core.
    pub source: PackSource,
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
        let (packs, mut problems) = load_packs(config);
        problems.extend(config.verify(&packs));
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(problems);
        }
        let lines =
            config.lines.iter().filter_map(|line| Some(LoadedLine::new(line, packs.get(&line.pack)?)));
        let lines = lines.collect();
        let sources = packs.into_values().map(|pack| pack.source).collect();
        Ok(Self { lines, sources })
    }

    /// The line that a called number or user name reaches, by the trunk that the call came by.
    pub fn for_number(&self, config: &Config, number: &str, trunk: Option<&str>) -> Option<&LoadedLine> {
        let name = &config.line_for_number(number, trunk)?.name;
        self.named(name)
    }

    /// The line of this name.
    pub fn named(&self, name: &str) -> Option<&LoadedLine> {
        self.lines.iter().find(|line| line.line.name == name)
    }
}

impl LoadedLine {
    pub fn new(line: &Line, LoadedPack { pack, source }: &LoadedPack) -> Self {
        let first = line.languages.first().or(pack.languages().first()).copied();
        Self {
            line: line.clone(),
            pack: Arc::clone(pack),
            language: first.unwrap_or(Language::EN),
            secrets: secrets(source),
            fingerprint: fingerprint(source),
        }
    }
}

/// What is secret of what callers say for a pack's skills.
pub fn secrets(source: &PackSource) -> Secrets {
    // It has passed its check already; one that does not load here has no skill to ask anything for.
    let inputs = callwright_plan_core::Pack::load(source).map(|pack| pack.secret_inputs());
    Secrets::new(Arc::new(inputs.unwrap_or_default()))
}

/// Another one for each change of a pack's files.
pub fn fingerprint(source: &PackSource) -> String {
    let mut hash = Sha256::new();
    for (name, text) in &source.files {
        for part in [name, text] {
            // The length first, so that no two packs read the same.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(FINGERPRINT_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads each pack of a configuration once, as far as it can be; a folder that is not there is the configuration's mistake and
/// is told with it.
pub fn load_packs(config: &Config) -> (BTreeMap<PathBuf, LoadedPack>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut packs = BTreeMap::new();
    let folders: BTreeSet<&PathBuf> = config.lines.iter().map(|line| &line.pack).collect();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        match load_pack(folder) {
            Ok((pack, source)) => drop(packs.insert(folder.clone(), LoadedPack { pack, source })),
            Err(found) => problems.extend(found),
        }
    }
    (packs, problems)
}

/// Reads a pack, for the dialogue and for the action core, which each check their part of it.
///
/// # Errors
/// Every mistake that either finds.
pub fn load_pack(folder: &Path) -> Result<(Arc<Pack>, PackSource), Vec<Problem>> {
    let (source, mut problems) = read_pack(folder)?;
    problems.extend(callwright_plan_core::check(&source));
    problems.retain(|problem| problem.severity == Severity::Error);
    match Pack::load(&source) {
        Ok(pack) if problems.is_empty() => Ok((Arc::new(pack), source)),
        Ok(_) => Err(problems),
        Err(found) => {
            // Both halves read pack.yaml and the skills; a mistake there is one mistake.
            problems.extend(found);
            problems.sort_by(|a, b| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
            problems.dedup_by(|a, b| (&a.file, a.line, &a.what) == (&b.file, b.line, &b.what));
            Err(problems)
        }
    }
}

/// Reads a pack's files into memory, with what is wrong with files as such. A file that is not UTF-8 is told and read as far as
/// it goes, so that it hides no other mistake. Hidden files and other kinds of files are left.
///
/// # Errors
/// When the folder or a file of it cannot be read.
pub fn read_pack(folder: &Path) -> Result<(PackSource, Vec<Problem>), Vec<Problem>> {
    let name = folder.display().to_string();
    let mut source = PackSource { folder: name.clone(), files: BTreeMap::new() };
    if !folder.is_dir() {
        let problem = Problem::error(name, None, "there is no such folder");
        return Err(vec![problem.help("a pack is a folder with pack.yaml, skills/, words/ and examples/")]);
    }
    let mut problems = Vec::new();
    read_folder(folder, "", &mut source, &mut problems).map_err(|problem| vec![problem])?;
    Ok((source, problems))
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    source: &mut PackSource,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
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
                read_folder(&path, &format!("{inner}/"), source, problems)?;
            }
        } else if KINDS.iter().any(|kind| name.ends_with(kind)) {
            let size = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
            if size > FILE_BYTES_MAX {
                let what = format!("has {size} bytes; a pack's file has at most {FILE_BYTES_MAX}");
                return Err(Problem::error(path.display().to_string(), None, what));
            }
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            source.files.insert(inner, text(&path, bytes, problems));
        }
    }
    Ok(())
}

fn text(path: &Path, bytes: Vec<u8>, problems: &mut Vec<Problem>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let problem =
            Problem::error(path.display().to_string(), u32::try_from(line).ok(), "is not UTF-8 here");
        problems.push(problem.help("save the file as UTF-8"));
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })
}

/// Enough to tell apart all versions that a pack will ever have.
const FINGERPRINT_BYTES: usize = 8;
/// Files that a pack is made of.
const KINDS: [&str; 4] = [".yaml", ".ftl", ".cedar", ".cedarschema"];
/// Far above any pack that people write; a log or a recording put there by mistake stops here.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_once_and_hides_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        for inner in ["words", "skills"] {
            std::fs::create_dir(folder.path().join(inner)).expect("a folder");
        }
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
        write("words/en.ftl", b"hello = Hello.\nbye = \xff\xfe\n");
        write("pack.yaml", b"pack: x\nlangauges: [en]\n");
        // Both halves of a pack read these: the dialogue what is asked, the action core what is done.
        write("skills/a.yaml", b"skill: x\nsumary: a\ninputs:\n  c: { type: digit, ask: q }\nsteps: []\n");
        write("skills/b.yaml", b"skill: x\nsummary: b\nsteps: []\n");
        let problems = crate::check::check_pack(folder.path());
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for wanted in [
            "words/en.ftl:2: error: is not UTF-8 here",
            "pack.yaml:2: error: `langauges` is not a key that is known here",
            "a.yaml:2: error: `sumary` is not a key that is known here",
            "a.yaml:4: error: input `c` has no known type (did you mean `digits`?)",
            "b.yaml:1: error: a skill `x` is in another file too",
            "there is no actions.yaml",
            "there is no policies.cedar",
        ] {
            let count = told.iter().filter(|line| line.contains(wanted)).count();
            assert_eq!(count, 1, "{wanted}: {told:#?}");
        }
        let errors = |found: &[Problem]| found.iter().filter(|one| one.severity == Severity::Error).count();
        let refused = load_pack(folder.path()).err().unwrap_or_default();
        assert_eq!(errors(&refused), errors(&problems), "{refused:#?}");
    }
}
