//! A skill pack as far as talking goes: what each skill asks for, the sentences and examples of each language.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callwright_model::yaml::{Node, nearest};
use callwright_model::{InputSpec, Language, MemoryRules, PackSource, Problem, Severity};

use crate::lexicon::{self, Lexicon};
use crate::understand::{Intent, Interpreter};
use crate::words::Words;

pub(crate) mod answers;
mod examples;
mod facts;
pub(crate) mod handover;
mod mention;
mod skills;
pub(crate) mod talk;

use facts::Facts;
pub use mention::Mention;
pub use skills::SkillHead;
use skills::WordsUse;

/// A skill pack, checked and ready to talk. Shared by all calls of its lines.
#[derive(Debug)]
pub struct Pack {
    name: String,
    languages: Vec<Language>,
    skills: BTreeMap<String, SkillHead>,
    tongues: BTreeMap<Language, Tongue>,
    /// When which human is brought in.
    pub(crate) handover: handover::Rules,
    /// What callers ask in between.
    pub(crate) answers: answers::Answers,
    /// By what callers show who they are.
    pub(crate) identity: Option<talk::Identity>,
    /// Callers are remembered over their calls. How surely they must be known for it, the action core sees to.
    pub(crate) remembers: bool,
    /// What is asked before goodbye.
    pub(crate) closing: Option<talk::Closing>,
    warnings: Vec<Problem>,
}

/// All that belongs to one language.
#[derive(Debug)]
pub(crate) struct Tongue {
    pub(crate) language: Language,
    pub(crate) words: Words,
    pub(crate) interpreter: Interpreter,
    /// Everything the pack's examples and our base examples know callers to say.
    pub(crate) sentences: Arc<[String]>,
    /// The first example of each skill, in the order of the file.
    openings: Vec<String>,
    /// How the values of closed lists are spoken.
    pub(crate) choices: BTreeMap<String, Vec<String>>,
}

impl Pack {
    /// Reads, checks and trains. With an error, all problems come back, warnings too; without, warnings are in
    /// [`Pack::warnings`].
    ///
    /// # Errors
    /// Everything that is wrong with the files, at once.
    pub fn load(source: &PackSource) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        lexicon::brought::take(source, &mut problems);
        let head = Head::read(source, &mut problems);
        let (skills, uses) = skills::read(source, &mut problems);
        head.handover.check(&skills, &known_somewhere(&uses), &source.path("pack.yaml"), &mut problems);
        if let Some(identity) = &head.identity {
            identity.check(&skills, &source.path("pack.yaml"), &mut problems);
        }
        answers::check(&head.answers, &skills, &source.path("pack.yaml"), &mut problems);
        let mut unlearnt = Vec::new();
        for &language in &head.languages {
            let Some(lexicon) = lexicon::of(language) else {
                let known: Vec<_> = lexicon::languages().iter().map(Language::to_string).collect();
                // What is wrong with its own files is told already.
                if lexicon::brought::is_in(source, language) {
                    for name in [format!("words/{language}.ftl"), format!("examples/{language}.yaml")] {
                        if !source.files.contains_key(&name) {
                            let what = format!("`{language}` needs this file too");
                            problems.push(Problem::error(source.path(&name), None, what));
                        }
                    }
                    continue;
                }
                let what = format!("there are no tables and base sentences for the language `{language}`");
                let help = format!(
                    "there are for {}; docs/languages.md tells how to add one, as languages/{language}.yaml and .ftl",
                    known.join(", ")
                );
                problems.push(Problem::error(source.path("pack.yaml"), head.languages_line, what).help(help));
                continue;
            };
            unlearnt.push(Unlearnt::read(source, language, lexicon, &skills, &uses, &head, &mut problems));
        }
        if problems.iter().any(|problem| problem.severity == Severity::Error) || unlearnt.is_empty() {
            return Err(problems);
        }
        let tongues =
            unlearnt.into_iter().map(|unlearnt| (unlearnt.lexicon.language, unlearnt.learnt())).collect();
        Ok(Self {
            name: head.name,
            languages: head.languages,
            skills,
            tongues,
            handover: head.handover,
            answers: head.answers,
            identity: head.identity,
            remembers: head.remembers,
            closing: head.closing,
            warnings: problems,
        })
    }

    /// Its name, as in `pack.yaml`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The languages it has words in, the default first. At least one.
    #[must_use]
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// Its skills by name.
    pub fn skills(&self) -> impl Iterator<Item = &str> {
        self.skills.keys().map(String::as_str)
    }

    /// What the dialogue knows of a skill.
    #[must_use]
    pub fn skill(&self, name: &str) -> Option<&SkillHead> {
        self.skills.get(name)
    }

    /// What humans must be able to do for its handovers, each with its line in `pack.yaml`.
    pub fn human_skills(&self) -> impl Iterator<Item = (&str, u32)> {
        self.handover.needs()
    }

    /// What is not as it should be, but does not keep the pack from loading.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Every sentence that callers are known to say in a language: what a recogniser's language model is made from.
    #[must_use]
    pub fn sentences(&self, language: Language) -> Arc<[String]> {
        self.tongue(language).sentences.clone()
    }

    /// One thing that callers say for each skill, in the order of the examples' file: what to show somebody who has not called yet.
    #[must_use]
    pub fn openings(&self, language: Language) -> &[String] {
        &self.tongue(language).openings
    }

    /// What the interpreter makes of a sentence.
    #[must_use]
    pub fn read(&self, words: &str, language: Language) -> crate::Reading {
        self.tongue(language).interpreter.read(words)
    }

    /// What a language was learnt to be read with.
    #[must_use]
    pub fn interpreter(&self, language: Language) -> &Interpreter {
        &self.tongue(language).interpreter
    }

    /// A sentence of the pack under a key of its words files (or of the base words), from these facts. `None` when the key is
    /// not there or names a fact that is not.
    #[must_use]
    pub fn sentence(
        &self,
        key: &str,
        facts: &callwright_model::Record,
        language: Language,
    ) -> Option<String> {
        self.tongue(language).words.render(key, facts).map(|sentence| sentence.text)
    }

    /// Whether a text that was said begins with the sentence under a key, whatever facts stand in it.
    #[must_use]
    pub fn is_said(&self, key: &str, text: &str, language: Language) -> bool {
        self.tongue(language).words.begins(key, text).is_some()
    }

    /// The key of the sentence that a text was made from: of those with which it begins the one with most words of its own.
    #[must_use]
    pub fn key_of(&self, text: &str, language: Language) -> Option<&str> {
        let words = &self.tongue(language).words;
        // What puts facts into words is a part of sentences, not one.
        let sentences = words.keys().filter(|key| !key.starts_with("say-"));
        let said = sentences.filter_map(|key| Some((words.begins(key, text)?, key)));
        said.max().map(|(_, key)| key)
    }

    /// What an input of a skill is, and how it is asked for.
    #[must_use]
    pub fn input(&self, skill: &str, input: &str) -> Option<&InputSpec> {
        self.skills.get(skill)?.inputs.iter().find(|(name, _)| name == input).map(|(_, spec)| spec)
    }

    /// The language's words, or those of the first language when it is not the pack's.
    pub(crate) fn tongue(&self, language: Language) -> &Tongue {
        self.tongues
            .get(&language)
            .or_else(|| self.languages.first().and_then(|first| self.tongues.get(first)))
            .expect("a pack loads only with words for its languages, of which there is at least one")
    }
}

/// `pack.yaml`.
struct Head {
    name: String,
    languages: Vec<Language>,
    languages_line: Option<u32>,
    /// Languages in which callers are spoken to as friends are.
    familiar: Vec<Language>,
    denied: Option<(String, u32)>,
    /// Sentences that the caller may not cut short, each with its line.
    uninterruptible: Vec<(String, u32)>,
    handover: handover::Rules,
    answers: answers::Answers,
    identity: Option<talk::Identity>,
    remembers: bool,
    closing: Option<talk::Closing>,
}

impl Head {
    fn read(source: &PackSource, problems: &mut Vec<Problem>) -> Self {
        let mut head = Self {
            name: String::new(),
            languages: Vec::new(),
            languages_line: None,
            familiar: Vec::new(),
            denied: None,
            uninterruptible: Vec::new(),
            handover: handover::Rules::default(),
            answers: answers::Answers::new(),
            identity: None,
            remembers: false,
            closing: None,
        };
        let file = source.path("pack.yaml");
        let Some(text) = source.files.get("pack.yaml") else {
            problems.push(
                Problem::error(&file, None, "there is no pack.yaml")
                    .help("it names the pack and its languages"),
            );
            return head;
        };
        let node = match Node::parse(&file, text) {
            Ok(node) => node,
            Err(problem) => {
                problems.push(problem);
                return head;
            }
        };
        node.check_keys(&file, &PackSource::KEYS, problems);
        match node.field("pack").and_then(Node::text) {
            Some(name) if !name.is_empty() => head.name = name.to_owned(),
            _ => problems.push(Problem::error(&file, None, "`pack:` with the pack's name is missing")),
        }
        let languages = node.field("languages");
        head.languages_line = languages.map(|node| node.line);
        for item in languages.and_then(Node::list).unwrap_or_default() {
            match item.text().unwrap_or_default().parse() {
                Ok(language) if !head.languages.contains(&language) => head.languages.push(language),
                Ok(language) => {
                    problems.push(Problem::warning(
                        &file,
                        Some(item.line),
                        format!("`{language}` is named twice"),
                    ));
                }
                Err(error) => problems.push(Problem::error(&file, Some(item.line), error.to_string())),
            }
        }
        if head.languages.is_empty() {
            problems.push(
                Problem::error(&file, head.languages_line, "`languages:` names no language")
                    .help("languages: [en]"),
            );
        }
        for item in node.field("familiar").and_then(Node::list).unwrap_or_default() {
            let language = item.text().unwrap_or_default();
            match language.parse() {
                Ok(language) if head.languages.contains(&language) => head.familiar.push(language),
                Ok(_) | Err(_) => problems.push(
                    Problem::error(
                        &file,
                        Some(item.line),
                        format!("`{language}` is no language of this pack"),
                    )
                    .help(
                        "`familiar:` names those of `languages:` in which callers are not addressed formally",
                    ),
                ),
            }
        }
        head.handover = handover::Rules::read(node.field("handover"), &file, problems);
        head.answers = answers::read(node.field("answers"), &file, problems);
        head.identity = talk::Identity::read(node.field("identity"), &file, problems);
        head.remembers = MemoryRules::read(node.field("memory"), &file, problems).is_some();
        head.closing = talk::Closing::read(node.field("closing"), &file, problems);
        head.denied = node.field("denied").and_then(|node| Some((node.text()?.to_owned(), node.line)));
        for item in node.field("uninterruptible").and_then(Node::list).unwrap_or_default() {
            head.uninterruptible.push((item.text().unwrap_or_default().to_owned(), item.line));
        }
        head
    }
}

/// A language whose examples are not learnt yet: that takes its time, and is for packs without mistakes.
struct Unlearnt {
    lexicon: &'static Lexicon,
    words: Words,
    examples: examples::Examples,
}

impl Unlearnt {
    fn read(
        source: &PackSource,
        language: Language,
        lexicon: &'static Lexicon,
        skills: &BTreeMap<String, SkillHead>,
        uses: &[WordsUse],
        head: &Head,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let words_name = format!("words/{language}.ftl");
        let words_file = source.path(&words_name);
        let text = source.files.get(&words_name);
        if text.is_none() {
            problems.push(Problem::error(&words_file, None, format!("there are no words in `{language}`")));
        }
        let own = text.map(|text| (words_file.as_str(), text.as_str()));
        let mut words = Words::of_language(lexicon, own, problems);
        if text.is_some() {
            check_words(&words, &words_file, source, skills, uses, head, problems);
        }
        for (key, _) in &head.uninterruptible {
            words.require(key);
        }
        if head.familiar.contains(&language) {
            words.speak_familiarly();
        }
        let examples = examples::read(source, language, skills, &head.answers, problems);
        Self { lexicon, words, examples }
    }

    fn learnt(self) -> Tongue {
        let Self { lexicon, words, examples } = self;
        let of_skills = examples.intents.iter().filter(|(intent, _)| matches!(intent, Intent::Skill(_)));
        let openings = of_skills.filter_map(|(_, lines)| lines.first().cloned()).collect();
        let mut sentences: Vec<String> =
            examples.intents.iter().flat_map(|(_, lines)| lines.iter().cloned()).collect();
        sentences.extend(lexicon.intents.iter().flat_map(|(_, lines)| lines.iter().cloned()));
        sentences.extend(examples.choices.values().flatten().cloned());
        sentences.sort();
        sentences.dedup();
        let interpreter = Interpreter::train(lexicon, &examples.intents);
        Tongue {
            language: lexicon.language,
            words,
            interpreter,
            sentences: sentences.into(),
            openings,
            choices: examples.choices,
        }
    }
}

/// Every key that the skills name is there, and every fact that a sentence names could be.
fn check_words(
    words: &Words,
    file: &str,
    source: &PackSource,
    skills: &BTreeMap<String, SkillHead>,
    uses: &[WordsUse],
    head: &Head,
    problems: &mut Vec<Problem>,
) {
    let missing = |key: &str, at: String| {
        Problem::error(file, None, format!("the sentence `{key}` is missing")).help(format!("named in {at}"))
    };
    let mut unknown = Unknown { words, file, told: BTreeSet::new(), problems };
    for used in uses {
        unknown.check(&used.key, &used.facts);
    }
    for (key, _, facts) in words.rewritten().filter(|(key, ..)| uses.iter().all(|used| used.key != *key)) {
        unknown.check(key, &Facts::of(facts.iter().cloned()));
    }
    let policies = policy_words(source);
    // Whichever skill is denied: what is known in none of them is a mistake.
    let all = known_somewhere(uses);
    let none = Facts::default();
    for key in policies.iter().map(|(key, _)| key).chain(head.denied.iter().map(|(key, _)| key)) {
        unknown.check(key, &all);
    }
    // Whatever happened, it can be said that a human is brought in.
    for (key, _) in head.handover.words() {
        unknown.check(key, &Facts::default());
    }
    for name in skills.keys() {
        unknown.check(&format!("skill-{name}"), &Facts::default());
    }
    if let Some(closing) = &head.closing {
        unknown.check(&closing.satisfaction, &none);
        if !words.has(&closing.satisfaction) {
            unknown.problems.push(missing(
                &closing.satisfaction,
                format!("{}:{}", source.path("pack.yaml"), closing.line),
            ));
        }
    }
    for (name, answer) in &head.answers {
        let last = answer.words.len() - 1;
        for (place, key) in answer.words.iter().enumerate() {
            unknown.check(key, if place == last { &none } else { &all });
            if !words.has(key) {
                unknown.problems.push(missing(
                    key,
                    format!("{}:{} (answers: {name})", source.path("pack.yaml"), answer.line),
                ));
            }
        }
    }
    // Said while a caller waits for a human; a pack need not have them.
    unknown.check("queue-place", &Facts::of(["place".to_owned()]));
    unknown.check("queue-wait", &Facts::of(["place".to_owned(), "minutes".to_owned()]));
    check_doing(words, file, source, unknown.problems);
    check_input_words(words, file, skills, unknown.problems);
    let mut told = BTreeSet::new();
    for used in uses.iter().filter(|used| !used.optional && !words.has(&used.key)) {
        // Once is enough, however many skills name it.
        if told.insert(&used.key) {
            problems.push(missing(&used.key, format!("{}:{}", used.file, used.line)));
        }
    }
    for name in skills.keys() {
        let key = format!("skill-{name}");
        if !words.has(&key) {
            problems.push(missing(
                &key,
                format!("every pack: what the skill `{name}` is called, as in \"I can ...\""),
            ));
        }
    }
    if let Some((key, line)) = &head.denied
        && !words.has(key)
    {
        problems.push(missing(key, format!("{}:{line}", source.path("pack.yaml"))));
    }
    for (key, line) in head.handover.words() {
        if !words.has(key) {
            problems.push(missing(key, format!("{}:{line}", source.path("pack.yaml"))));
        }
    }
    for (key, line) in &head.uninterruptible {
        if !words.has(key) {
            problems.push(missing(key, format!("{}:{line}", source.path("pack.yaml"))));
        }
    }
    for (key, line) in &policies {
        if !words.has(key) {
            problems.push(missing(key, format!("{}:{line}", source.path("policies.cedar"))));
        }
    }
}

/// What is said while an action takes long names an action, and no facts.
fn check_doing(words: &Words, file: &str, source: &PackSource, problems: &mut Vec<Problem>) {
    let actions = facts::Actions::read(source);
    let actions = actions.names();
    for key in words.keys() {
        let Some(action) = key.strip_prefix(DOING) else { continue };
        let Some(message) = words.message(key).filter(|message| message.line.is_some()) else { continue };
        if !actions.iter().any(|known| spoken_key(known) == action) {
            let what = format!("`{key}` is said of the action `{action}`, which there is not");
            problems.push(Problem::error(file, message.line, what).help(nearest(action, &actions)));
        }
        if let Some(fact) = message.variables.iter().next() {
            let what = format!("`{key}` names the fact `{fact}`, which is not known there");
            problems.push(Problem::error(file, message.line, what).help("no facts are"));
        }
    }
}

/// Words for inputs that there are not are a mistake: nobody would be understood by them.
fn check_input_words(
    words: &Words,
    file: &str,
    skills: &BTreeMap<String, SkillHead>,
    problems: &mut Vec<Problem>,
) {
    let inputs: Vec<&str> =
        skills.values().flat_map(|head| &head.inputs).map(|(name, _)| name.as_str()).collect();
    let called: Vec<String> = inputs.iter().map(|input| input_words_key(input)).collect();
    for key in words.keys().filter(|key| key.starts_with(INPUT) && key.ends_with(WORDS)) {
        let line = words.message(key).and_then(|message| message.line);
        if !called.iter().any(|called| called == key) {
            let what = format!("`{key}` is how an input is called that no skill asks for");
            let called: Vec<&str> = called.iter().map(String::as_str).collect();
            problems.push(Problem::error(file, line, what).help(nearest(key, &called)));
        }
    }
}

/// The key of what callers call an input: `input-code-words`.
pub(crate) fn input_words_key(input: &str) -> String {
    format!("{INPUT}{}{WORDS}", spoken_key(input))
}

const INPUT: &str = "input-";
const WORDS: &str = "-words";

/// The key of what is said while an action takes long: `doing-assign-seat`.
pub(crate) fn doing_key(action: &str) -> String {
    format!("{DOING}{}", spoken_key(action))
}

fn spoken_key(action: &str) -> String {
    action.replace('_', "-")
}

const DOING: &str = "doing-";

/// Every fact that some skill knows.
fn known_somewhere(uses: &[WordsUse]) -> Facts {
    let mut all = Facts::default();
    uses.iter().filter(|used| used.facts != Facts::any()).for_each(|used| all.extend(&used.facts));
    all
}

/// Tells facts that a sentence names and that are not there when it is said: it could never be said.
struct Unknown<'u> {
    words: &'u Words,
    file: &'u str,
    told: BTreeSet<String>,
    problems: &'u mut Vec<Problem>,
}

impl Unknown<'_> {
    fn check(&mut self, key: &str, facts: &Facts) {
        let Some(message) = self.words.message(key).filter(|message| message.line.is_some()) else { return };
        for variable in message.variables.iter().filter(|variable| !facts.knows(variable)) {
            if !self.told.insert(format!("{key}/{variable}")) {
                continue;
            }
            let what = format!("`{key}` names the fact `{variable}`, which is not known there");
            let names = facts.names();
            let help = if names.is_empty() { "no facts are".to_owned() } else { nearest(variable, &names) };
            self.problems.push(Problem::error(self.file, message.line, what).help(help));
        }
    }
}

/// `@words("key")` annotations: a policy may bring its own sentence.
fn policy_words(source: &PackSource) -> Vec<(String, usize)> {
    let text = source.files.get("policies.cedar").map_or("", String::as_str);
    (1..)
        .zip(text.lines())
        .filter_map(|(number, line)| {
            let rest = line.trim_start().strip_prefix("@words(\"")?;
            Some((rest.split('"').next()?.to_owned(), number))
        })
        .collect()
}
