//! From YAML.

use std::collections::BTreeMap;
use std::time::Duration;

use callwright_model::Problem;
use callwright_model::yaml::{Kind, Node};

use super::{Deed, Expected, Sentence, Story, Turn};
use crate::call::Spoken;
use crate::stage::{Human, Setup};

pub(super) fn story(file: &str, text: &str) -> Result<Story, Vec<Problem>> {
    let root = Node::parse(file, text).map_err(|problem| vec![problem])?;
    let mut reader = Reader { file, problems: Vec::new() };
    let story = reader.story(&root);
    if reader.problems.is_empty() { Ok(story) } else { Err(reader.problems) }
}

struct Reader<'f> {
    file: &'f str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn story(&mut self, root: &Node) -> Story {
        self.keys(
            root,
            &[
                "story",
                "pack",
                "language",
                "caller",
                "ask_recording",
                "before",
                "faults",
                "append",
                "humans",
                "turns",
                "ending",
                "effects",
            ],
        );
        let mut turns = Vec::new();
        for node in self.list(root, "turns") {
            if turns.len() == TURNS_MAX {
                self.wrong(
                    node.line,
                    format!("a conversation has at most {TURNS_MAX} turns"),
                    "make two of it",
                );
                break;
            }
            turns.push(self.turn(node));
        }
        if turns.is_empty() {
            self.wrong(root.line, "there are no turns", "write `turns:` with what the caller says");
        }
        let ending = self.needed(root, "ending");
        if !ENDINGS.contains(&ending.as_str()) && !ending.is_empty() {
            let what = format!("`{ending}` is no ending");
            self.wrong(root.line, what, &format!("write one of {}", ENDINGS.join(", ")));
        }
        Story {
            file: self.file.to_owned(),
            name: self.needed(root, "story"),
            pack: self.needed(root, "pack"),
            setup: self.setup(root),
            append: self.texts(root, "append"),
            turns,
            ending,
            effects: self.strings(root, "effects"),
        }
    }

    fn setup(&mut self, root: &Node) -> Setup {
        let mut setup = Setup {
            number: 1,
            language: self.language(root),
            caller: root.field("caller").and_then(Node::text).map(str::to_owned),
            ask_recording: self.yes(root, "ask_recording"),
            before: self.texts(root, "before"),
            ..Setup::default()
        };
        for (connector, node) in self.entries(root, "faults") {
            for fault in node.list().unwrap_or_default() {
                match fault.text().unwrap_or_default().parse() {
                    Ok(fault) => setup.faults.entry(connector.clone()).or_default().push(fault),
                    Err(why) => self.wrong(fault.line, "this is no fault", &why),
                }
            }
        }
        for node in self.list(root, "humans") {
            self.keys(node, &["accepts", "language"]);
            setup.humans.push(Human { accepts: self.yes(node, "accepts"), language: self.language(node) });
        }
        setup
    }

    fn turn(&mut self, node: &Node) -> Turn {
        self.keys(
            node,
            &[
                "say",
                "over",
                "press",
                "wait",
                "cough",
                "hang_up",
                "approve",
                "confidence",
                "alternatives",
                "language",
                "skill",
                "slots",
                "does",
                "hear",
            ],
        );
        let expected = Expected {
            skill: node.field("skill").and_then(Node::text).map(str::to_owned),
            slots: self.texts(node, "slots"),
            does: self.strings(node, "does"),
            hear: self.list(node, "hear").iter().map(|node| self.sentence(node)).collect(),
        };
        Turn { line: node.line, caller: self.deed(node), expected }
    }

    fn deed(&mut self, node: &Node) -> Deed {
        let deeds = ["say", "press", "wait", "cough", "hang_up", "approve"];
        let written: Vec<&str> = deeds.into_iter().filter(|name| node.field(name).is_some()).collect();
        if written.len() > 1 {
            self.wrong(node.line, format!("{} in one turn", written.join(" and ")), "make a turn of each");
        }
        let Some(deed) = written.first() else { return Deed::Listen };
        let text = node.field(deed).and_then(Node::text).unwrap_or_default().to_owned();
        match *deed {
            "say" => {
                let spoken = self.spoken(node, text);
                match self.number(node, "over") {
                    Some(words) => Deed::Over(words as u16, spoken),
                    None => Deed::Say(spoken),
                }
            }
            "cough" => {
                Deed::Say(Spoken { cough: true, words: text, confidence: Some(0.3), ..Spoken::default() })
            }
            "press" => {
                if text.is_empty() || !text.chars().all(|key| "0123456789*#".contains(key)) {
                    self.wrong(
                        node.line,
                        format!("`{text}` are no keys"),
                        "write digits, * and #, in quotes",
                    );
                }
                Deed::Press(text)
            }
            "wait" => Deed::Wait(Duration::from_secs_f64(self.number(node, "wait").unwrap_or_default())),
            "approve" => Deed::Approved(self.yes(node, "approve")),
            _ => Deed::HangUp,
        }
    }

    fn spoken(&mut self, node: &Node, words: String) -> Spoken {
        let confidence = match self.number(node, "confidence") {
            Some(sure) if sure <= 1.0 => sure as f32,
            Some(sure) => {
                self.wrong(node.line, format!("a confidence of {sure}"), "write a number from 0 to 1");
                1.0
            }
            None => 0.95,
        };
        Spoken {
            words,
            confidence: Some(confidence),
            alternatives: self.strings(node, "alternatives"),
            language: self.language(node),
            cough: false,
        }
    }

    /// `key`, `{ key: words }`, `{ key: [words, words] }`, `{ words: words }` or `...`.
    fn sentence(&mut self, node: &Node) -> Sentence {
        match &node.kind {
            Kind::Scalar(text) if text == "..." => Sentence::Any,
            Kind::Scalar(key) => Sentence::Key(key.clone(), Vec::new()),
            Kind::Map(entries) if entries.len() == 1 => {
                let (key, node) = &entries[0];
                let words = match &node.kind {
                    Kind::Scalar(text) => vec![text.clone()],
                    Kind::List(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
                    Kind::Empty | Kind::Map(_) => Vec::new(),
                };
                if key.name == "words" {
                    return Sentence::Words(words);
                }
                Sentence::Key(key.name.clone(), words)
            }
            Kind::Empty | Kind::List(_) | Kind::Map(_) => {
                let help = "write `key`, `key: words that it holds`, `words: some of it`, or `...`";
                self.wrong(node.line, "this is no sentence", help);
                Sentence::Any
            }
        }
    }

    fn language(&mut self, node: &Node) -> Option<callwright_model::Language> {
        let node = node.field("language")?;
        match node.text().unwrap_or_default().parse() {
            Ok(language) => Some(language),
            Err(error) => {
                let error: callwright_model::LanguageError = error;
                self.wrong(node.line, error.to_string(), "such as `es`");
                None
            }
        }
    }

    fn needed(&mut self, node: &Node, name: &str) -> String {
        let text = node.field(name).and_then(Node::text).unwrap_or_default();
        if text.is_empty() {
            self.wrong(node.line, format!("there is no `{name}`"), &format!("write `{name}: ...`"));
        }
        text.to_owned()
    }

    fn number(&mut self, node: &Node, name: &str) -> Option<f64> {
        let node = node.field(name)?;
        let number = node.text().and_then(|text| text.parse::<f64>().ok());
        let number = number.filter(|number| (0.0..=NUMBER_MAX).contains(number));
        if number.is_none() {
            self.wrong(node.line, format!("`{name}` is no number"), &format!("from 0 to {NUMBER_MAX}"));
        }
        number
    }

    fn yes(&mut self, node: &Node, name: &str) -> bool {
        match node.field(name).map(|node| (node.line, node.text())) {
            None | Some((_, Some("false"))) => false,
            Some((_, Some("true"))) => true,
            Some((line, _)) => {
                self.wrong(line, format!("`{name}` is neither true nor false"), "write one of them");
                false
            }
        }
    }

    fn list<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        let Some(node) = node.field(name) else { return &[] };
        node.list().unwrap_or_else(|| {
            self.wrong(node.line, format!("`{name}` is no list"), "write `- ` before each");
            &[]
        })
    }

    fn strings(&mut self, node: &Node, name: &str) -> Vec<String> {
        self.list(node, name).iter().filter_map(Node::text).map(str::to_owned).collect()
    }

    fn entries<'n>(&mut self, node: &'n Node, name: &str) -> Vec<(String, &'n Node)> {
        let Some(node) = node.field(name) else { return Vec::new() };
        let Some(entries) = node.map() else {
            self.wrong(node.line, format!("`{name}` is no mapping"), "write `name: value`");
            return Vec::new();
        };
        entries.iter().map(|(key, node)| (key.name.clone(), node)).collect()
    }

    fn texts(&mut self, node: &Node, name: &str) -> BTreeMap<String, String> {
        let entries = self.entries(node, name).into_iter();
        entries.map(|(key, node)| (key, node.text().unwrap_or_default().to_owned())).collect()
    }

    fn keys(&mut self, node: &Node, known: &[&str]) {
        node.check_keys(self.file, known, &mut self.problems);
    }

    fn wrong(&mut self, line: u32, what: impl Into<String>, help: &str) {
        self.problems.push(Problem::error(self.file, Some(line), what).help(help));
    }
}

/// How a conversation can end.
const ENDINGS: [&str; 4] = ["agent", "caller", "human", "open"];
/// Far more than people have patience for.
const TURNS_MAX: usize = 200;
/// Words, seconds.
const NUMBER_MAX: f64 = 3_600.0;
