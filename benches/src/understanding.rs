//! What is measured of understanding: the airline's pack with sentences that it has not learnt, and a large pack's cost.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use callwright_dialogue_core::{Intent, Judged, Measured, Mention, Pack, SlotsMeasured};
use callwright_model::{Language, PackSource, Problem};

/// The languages that there are sentences in.
pub const LANGUAGES: [Language; 3] = [Language::EN, Language::ES, Language::KO];

/// A sentence that a caller might say.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it means.
    pub wanted: Intent,
    /// The words.
    pub said: String,
    /// The inputs that they hold: name and value.
    pub slots: Vec<(String, String)>,
}

/// The sentences of a language: label, tab, sentence, and then slots, `name=value`.
///
/// # Errors
/// When the file cannot be read, or a line has no sentence or a slot without a value.
pub fn rows(folder: &Path, language: Language) -> Result<Vec<Row>> {
    let file = folder.join(format!("{language}.tsv"));
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (Some(label), Some(said)) = (columns.next(), columns.next()) else {
            bail!("{}:{number}: a label, a tab and a sentence are expected", file.display());
        };
        let wanted = Intent::builtin(label).unwrap_or_else(|| Intent::Skill(label.to_owned()));
        let slot = |column: &str| {
            let (name, value) = column.split_once('=').with_context(|| {
                format!("{}:{number}: `{column}` is no slot, `name=value`", file.display())
            })?;
            Ok((name.to_owned(), value.to_owned()))
        };
        let slots = columns.map(slot).collect::<Result<_>>()?;
        rows.push(Row { wanted, said: said.to_owned(), slots });
    }
    Ok(rows)
}

/// Reads all sentences with a pack; with `damaged` so many percent of their words are damaged first.
#[must_use]
pub fn judged(pack: &Pack, language: Language, rows: &[Row], damaged: Option<u8>) -> Vec<Judged> {
    let interpreter = pack.interpreter(language);
    let heard = |seed, row: &Row| match damaged {
        Some(percent) => interpreter.misheard(&row.said, percent, seed),
        None => row.said.clone(),
    };
    let reading = |seed, row| interpreter.read(&heard(seed, row));
    (1..)
        .zip(rows)
        .map(|(seed, row)| Judged { wanted: row.wanted.clone(), reading: reading(seed, row) })
        .collect()
}

/// How well the inputs are found that the sentences hold: those of the skill that was understood, as in a call.
#[must_use]
pub fn slots(pack: &Pack, language: Language, rows: &[Row], read: &[Judged]) -> SlotsMeasured {
    let mut measured = SlotsMeasured::default();
    for (row, judged) in rows.iter().zip(read) {
        let skill = judged.reading.known().and_then(Intent::skill);
        let found = skill.map(|skill| pack.mentions(skill, &row.said, language)).unwrap_or_default();
        if row.wanted != Intent::None {
            measured.count(&row.slots, &found.into_iter().map(Mention::into_texts).collect::<Vec<_>>());
        }
    }
    measured
}

/// The same, counted.
#[must_use]
pub fn measured(pack: &Pack, language: Language, rows: &[Row], damaged: Option<u8>) -> Measured {
    Measured::of(&judged(pack, language, rows, damaged))
}

/// The files of a pack.
///
/// # Errors
/// When one cannot be read.
pub fn source(folder: &Path) -> Result<PackSource> {
    let mut source = PackSource { folder: folder.display().to_string(), files: BTreeMap::new() };
    collect(folder, "", &mut source.files)?;
    Ok(source)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else {
            let text = std::fs::read_to_string(&path);
            files.insert(name, text.with_context(|| format!("{} cannot be read", path.display()))?);
        }
    }
    Ok(())
}

/// The large pack: its examples are files, and of its skills only names matter here.
///
/// # Errors
/// When a file cannot be read.
pub fn large(folder: &Path) -> Result<PackSource> {
    let mut large = source(folder)?;
    let english = large.files.get("examples/en.yaml").context("there are no English examples")?;
    let skills: Vec<String> = english
        .lines()
        .filter(|line| !line.starts_with(['#', ' ']))
        .filter_map(|line| Some(line.strip_suffix(':')?.to_owned()))
        .collect();
    let languages = LANGUAGES.map(|language| language.to_string()).join(", ");
    large.files.insert("pack.yaml".to_owned(), format!("pack: provider\nlanguages: [{languages}]\n"));
    for skill in &skills {
        let text = format!("skill: {skill}\nsummary: One of many\nsteps:\n  - answer: told\n");
        large.files.insert(format!("skills/{skill}.yaml"), text);
    }
    for language in LANGUAGES {
        let named = skills.iter().map(|skill| format!("skill-{skill} = {skill}\n"));
        let words: String = std::iter::once("told = So it is.\n".to_owned()).chain(named).collect();
        large.files.insert(format!("words/{language}.ftl"), words);
    }
    Ok(large)
}

/// Loads a pack.
///
/// # Errors
/// What is wrong with its files.
pub fn load(source: &PackSource) -> Result<Pack> {
    Pack::load(source).map_err(told)
}

/// Problems as one error.
#[must_use]
pub fn told(problems: Vec<Problem>) -> anyhow::Error {
    anyhow::anyhow!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn here(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    /// A sentence as it is compared: small letters and nothing but words.
    fn plain(said: &str) -> String {
        let words = said.to_lowercase();
        words
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn no_sentence_is_measured_that_was_learnt() {
        let airline = load(&source(&here("../skills/airline")).expect("it is there")).expect("it loads");
        for language in LANGUAGES {
            let learnt: BTreeSet<String> =
                airline.sentences(language).iter().map(|sentence| plain(sentence)).collect();
            let rows = rows(&here("understanding"), language).expect("they are there");
            assert!(rows.len() >= 300, "{language}: {}", rows.len());
            assert!(rows.iter().filter(|row| row.wanted == Intent::None).count() >= 70, "{language}");
            let mut seen = BTreeSet::new();
            for row in &rows {
                assert!(!learnt.contains(&plain(&row.said)), "{language}: {}", row.said);
                assert!(seen.insert(plain(&row.said)), "{language}, twice: {}", row.said);
                if let Intent::Skill(skill) = &row.wanted {
                    assert!(airline.skill(skill).is_some(), "{language}: {skill}");
                }
            }
        }
    }

    #[test]
    fn the_airlines_callers_are_understood() {
        let airline = load(&source(&here("../skills/airline")).expect("it is there")).expect("it loads");
        for language in LANGUAGES {
            let rows = rows(&here("understanding"), language).expect("they are there");
            let plain = measured(&airline, language, &rows, None);
            let damaged = measured(&airline, language, &rows, Some(15));
            // Below what is wanted, so that an example more or less is no failure; `make bench-understanding` tells the figures.
            assert!(plain.accuracy >= Some(0.9), "{language}: {plain:?}");
            assert!(damaged.accuracy >= Some(0.85), "{language}: {damaged:?}");
            let slots = slots(&airline, language, &rows, &judged(&airline, language, &rows, None));
            assert!(slots.f1() >= Some(0.9), "{language}: {slots:?}");
            assert!(plain.none_recall >= Some(0.6), "{language}: {plain:?}");
            assert!(plain.wrong <= Some(0.08), "{language}: {plain:?}");
            assert!(plain.calibration_error <= Some(0.15), "{language}: {plain:?}");
        }
    }

    #[test]
    fn the_large_pack_is_large() {
        let large = load(&large(&here("understanding/pack")).expect("it is there")).expect("it loads");
        assert_eq!(large.skills().count(), 30);
        for language in LANGUAGES {
            assert!(large.sentences(language).len() >= 600, "{language}");
        }
    }
}
