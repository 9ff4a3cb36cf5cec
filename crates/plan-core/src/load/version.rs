//! The version of a skill: a hash of all that a plan of it is bound by, whatever the files look like.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::yaml::{Kind, Node};
use sha2::{Digest as _, Sha256};

use super::read::Reader;
use crate::catalogue::{Action, Undo};
use crate::skill::{Skill, each_use};

/// Hashes of what is written, by name.
#[derive(Default)]
pub(super) struct Digests {
    pub(super) skills: BTreeMap<String, [u8; 32]>,
    pub(super) actions: BTreeMap<String, [u8; 32]>,
}

/// A hash of what a node says: comments, order of lines in between and ways of quoting are not in it.
pub(super) fn digest(node: &Node) -> [u8; 32] {
    let mut hash = Sha256::new();
    feed(&mut hash, node);
    hash.finalize().into()
}

fn feed(hash: &mut Sha256, node: &Node) {
    match &node.kind {
        Kind::Empty => hash.update([0]),
        Kind::Scalar(text) => {
            hash.update([1]);
            feed_text(hash, text);
        }
        Kind::List(nodes) => {
            hash.update([2]);
            hash.update((nodes.len() as u64).to_be_bytes());
            nodes.iter().for_each(|node| feed(hash, node));
        }
        Kind::Map(entries) => {
            hash.update([3]);
            hash.update((entries.len() as u64).to_be_bytes());
            for (key, node) in entries {
                feed_text(hash, &key.name);
                feed(hash, node);
            }
        }
    }
}

fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

/// What people call a version; empty when the file says nothing.
pub(super) fn label(reader: &mut Reader<'_>, raw: &Node) -> String {
    let Some(label) = reader.text(raw, "version") else { return String::new() };
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if label.value.is_empty() || label.value.len() > LABEL_BYTES_MAX || !label.value.chars().all(plain) {
        let what = format!("`version: {}` is no label", label.value);
        let help = format!("letters, digits, `.`, `-` and `_`, {LABEL_BYTES_MAX} at most, such as 2.1");
        reader.wrong(label.line, what, Some(help));
    }
    label.value
}

/// Puts the hash to each skill's label: of the skill, of those it uses, and of every action that they may come to, with what takes it
/// back and what tells of it.
pub(super) fn seal(
    skills: &mut BTreeMap<String, Skill>,
    actions: Option<&BTreeMap<String, Action>>,
    digests: &Digests,
) {
    let versions: Vec<(String, String)> = skills
        .values()
        .map(|skill| {
            let (used, called) = reach(skills, actions, skill);
            let mut hash = Sha256::new();
            for (names, digests) in [(used, &digests.skills), (called, &digests.actions)] {
                for name in names {
                    feed_text(&mut hash, &name);
                    hash.update(digests.get(&name).copied().unwrap_or_default());
                }
            }
            let hash: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            let label = &skill.version;
            let version = if label.is_empty() { hash } else { format!("{label}+{hash}") };
            (skill.name.clone(), version)
        })
        .collect();
    for (name, version) in versions {
        if let Some(skill) = skills.get_mut(&name) {
            skill.version = version;
        }
    }
}

/// The skills that one comes to, itself among them, and all their actions.
fn reach(
    skills: &BTreeMap<String, Skill>,
    actions: Option<&BTreeMap<String, Action>>,
    skill: &Skill,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut used, mut called) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![skill];
    while let Some(skill) = open.pop() {
        if !used.insert(skill.name.clone()) {
            continue;
        }
        called.extend(skill.actions());
        each_use(&skill.steps, &mut |name, _| open.extend(skills.get(name)));
    }
    let follows = called.iter().filter_map(|name| actions?.get(name)).flat_map(|action| {
        let undo = match &action.undo {
            Undo::By(follow) => Some(follow),
            Undo::None | Undo::Undeclared => None,
        };
        undo.into_iter().chain(&action.verify).map(|follow| follow.action.clone())
    });
    let follows: Vec<String> = follows.collect();
    called.extend(follows);
    (used, called)
}

/// More no table of figures can show.
const LABEL_BYTES_MAX: usize = 40;
