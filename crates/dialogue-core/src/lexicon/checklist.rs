//! All that a language needs, with what is there of it: for somebody who adds one.

use callwright_model::yaml::Node;
use callwright_model::{Language, PackSource};

use super::sections::{Need, SECTIONS};
use super::{BUILT_IN, of_or_english};
use crate::words::{Words, entry_lines, entry_text};

/// Something that a language needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageItem {
    /// The file that it stands in, as the person would name it.
    pub file: String,
    /// The name of a table or a sentence; empty for a file as a whole.
    pub name: String,
    /// Whether it is there.
    pub there: bool,
    /// Whether nothing works without it.
    pub must: bool,
    /// What it is for; of a sentence, how it is in English.
    pub what: String,
}

/// What a language needs, in the order to write it in: its tables, its base sentences, and what a pack needs in it. Of a language that is
/// built in, the pack's part only is the pack's.
#[must_use]
pub fn language_checklist(language: Language, pack: Option<&PackSource>) -> Vec<LanguageItem> {
    let built_in = BUILT_IN.iter().find(|(code, ..)| *code == language.code());
    let [tables, base] = ["yaml", "ftl"].map(|kind| {
        let name = format!("languages/{language}.{kind}");
        match (built_in, pack) {
            (Some((_, tables, base)), _) => {
                (format!("built in: {language}.{kind}"), if kind == "yaml" { *tables } else { *base })
            }
            (None, Some(pack)) => (pack.path(&name), pack.files.get(&name).map_or("", String::as_str)),
            (None, None) => (name, ""),
        }
    });
    let mut items = tables_of(&tables.0, tables.1);
    items.extend(sentences_of(&base.0, base.1));
    for (folder, kind, what) in [
        ("words", "ftl", "the pack's own sentences; `check` tells which ones its skills need"),
        ("examples", "yaml", "what callers say for each skill, 8 sentences and more"),
    ] {
        let Some(pack) = pack else { continue };
        let name = format!("{folder}/{language}.{kind}");
        items.push(LanguageItem {
            file: pack.path(&name),
            name: String::new(),
            there: pack.files.contains_key(&name),
            must: true,
            what: what.to_owned(),
        });
    }
    items
}

fn tables_of(file: &str, text: &str) -> Vec<LanguageItem> {
    let node = Node::parse(file, text).ok();
    let there = |path: &str| {
        let found = path.split('.').try_fold(node.as_ref()?, |node, name| node.field(name))?;
        found.text().map(|text| !text.trim().is_empty())
    };
    let item = |path: &str, need: Need, what: &str| LanguageItem {
        file: file.to_owned(),
        name: path.to_owned(),
        there: there(path) == Some(true),
        must: need == Need::Must,
        what: what.to_owned(),
    };
    SECTIONS.iter().map(|section| item(section.path, section.need, section.what)).collect()
}

fn sentences_of(file: &str, text: &str) -> Vec<LanguageItem> {
    let english = of_or_english(Language::EN);
    let wanted = Words::of_language(english, None, &mut Vec::new());
    let lines = entry_lines(&english.base);
    let mut keys: Vec<&str> = wanted.keys().collect();
    keys.sort_by_key(|key| lines.get(*key).copied());
    let there = entry_lines(text);
    let item = |key: &str| LanguageItem {
        file: file.to_owned(),
        name: key.to_owned(),
        there: there.contains_key(key),
        must: true,
        what: entry_text(&english.base, key).unwrap_or_default(),
    };
    keys.into_iter().map(item).collect()
}
