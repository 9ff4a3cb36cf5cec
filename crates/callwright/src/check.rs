//! `callwright check`: every mistake at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callwright_dialogue_core::{LanguageItem, Pack, language_checklist};
use callwright_model::{Language, PackSource, Problem, Severity};

use crate::config::Config;
use crate::lines::{load_packs, read_pack};

/// Checks a configuration with all its packs, or these packs alone, and prints what is wrong.
pub fn run(config: &Path, packs: &[PathBuf], json: bool) -> ExitCode {
    let mut problems = Vec::new();
    let mut folders = packs.to_vec();
    if packs.is_empty() {
        let (config, found) = Config::read(config);
        problems.extend(found);
        if let Some(config) = config {
            folders = config.lines.iter().map(|line| line.pack.clone()).collect();
            folders.sort();
            folders.dedup();
            folders.retain(|folder| folder.is_dir());
            problems.extend(config.verify(&load_packs(&config).0));
            problems.sort_by_key(|problem| problem.line);
        }
    }
    for folder in &folders {
        problems.extend(check_pack(folder));
    }
    report(&problems, json, folders.len())
}

/// What is wrong with one pack.
pub fn check_pack(folder: &Path) -> Vec<Problem> {
    let (source, mut problems) = match read_pack(folder) {
        Ok(read) => read,
        Err(problems) => return problems,
    };
    problems.extend(callwright_plan_core::check(&source));
    problems.extend(crate::import::check_descriptors(folder, &source));
    match Pack::load(&source) {
        Ok(pack) => problems.extend(pack.warnings().iter().cloned()),
        Err(found) => problems.extend(found),
    }
    problems.sort_by(|a, b| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
    // Both halves read pack.yaml and the skills; a mistake there is one mistake.
    problems.dedup_by(|a, b| (&a.file, a.line, &a.what) == (&b.file, b.line, &b.what));
    problems
}

/// Prints what a language needs and which of it is there, in each of these packs, or in the program alone.
pub fn list_language(language: Language, packs: &[PathBuf]) -> ExitCode {
    let mut sources: Vec<Option<PackSource>> = Vec::new();
    for folder in packs {
        match read_pack(folder) {
            Ok((source, _)) => sources.push(Some(source)),
            Err(problems) => return report(&problems, false, packs.len()),
        }
    }
    if sources.is_empty() {
        sources.push(None);
    }
    let items: Vec<LanguageItem> =
        sources.iter().flat_map(|source| language_checklist(language, source.as_ref())).collect();
    let mut file = "";
    for item in &items {
        if item.file != file {
            file = &item.file;
            answer!("{file}");
        }
        let state = match (item.there, item.must) {
            (true, _) => "there",
            (false, true) => "MISSING",
            (false, false) => "may be left out",
        };
        answer!("  {state:15}  {:28}  {}", item.name, item.what);
    }
    let missing = items.iter().filter(|item| item.must && !item.there).count();
    if missing == 0 {
        answer!(
            "nothing is missing for `{language}`: `callwright check` with the pack tells whether it is right"
        );
        return ExitCode::SUCCESS;
    }
    answer!("{missing} missing for `{language}`; docs/languages.md tells how to write them");
    ExitCode::FAILURE
}

fn report(problems: &[Problem], json: bool, packs: usize) -> ExitCode {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if json {
        answer!("{}", serde_json::to_string_pretty(problems).expect("problems are plain data"));
    } else {
        for problem in problems {
            answer!("{problem}");
        }
        match (errors, problems.len() - errors) {
            (0, 0) => answer!("all is well: {packs} pack(s) checked"),
            (0, warnings) => answer!("{warnings} warning(s), no error"),
            (errors, warnings) => answer!("{errors} error(s), {warnings} warning(s)"),
        }
    }
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
