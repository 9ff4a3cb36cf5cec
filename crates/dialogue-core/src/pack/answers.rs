//! `answers:` in `pack.yaml`: questions that callers ask in between, each with its sentences.

use std::collections::BTreeMap;

use callwright_model::Problem;
use callwright_model::yaml::Node;

use super::SkillHead;
use crate::understand::Intent;

/// What the pack says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Keys of sentences. The first is said that can be with the facts at hand; the last names none, so that it always can.
    pub(crate) words: Vec<String>,
    pub(crate) line: u32,
}

/// Answers by the name of their question, under which the examples files tell how it is asked.
pub(crate) type Answers = BTreeMap<String, Answer>;

pub(super) fn read(node: Option<&Node>, file: &str, problems: &mut Vec<Problem>) -> Answers {
    let mut answers = Answers::new();
    let Some(node) = node else { return answers };
    let Some(entries) = node.map() else {
        let what = "`answers` must name questions, each with the key of its sentence";
        problems.push(
            Problem::error(file, Some(node.line), what).help("answers: { opening-hours: answer-hours }"),
        );
        return answers;
    };
    for (key, value) in entries {
        let listed = value.list().unwrap_or_default().iter().filter_map(Node::text);
        let words: Vec<String> = value.text().into_iter().chain(listed).map(str::to_owned).collect();
        if words.is_empty() || Intent::builtin(&key.name).is_some() {
            let what =
                format!("the answer `{}` needs the key of a sentence, and a name of its own", key.name);
            problems.push(Problem::error(file, Some(key.line), what));
            continue;
        }
        answers.insert(key.name.clone(), Answer { words, line: key.line });
    }
    answers
}

/// No question has the name of a skill: the examples could not tell them apart.
pub(super) fn check(
    answers: &Answers,
    skills: &BTreeMap<String, SkillHead>,
    file: &str,
    problems: &mut Vec<Problem>,
) {
    for (name, answer) in answers.iter().filter(|(name, _)| skills.contains_key(*name)) {
        let what = format!("`answers` has the question `{name}`, which is a skill's name");
        problems.push(Problem::error(file, Some(answer.line), what).help("give the question another name"));
    }
}
