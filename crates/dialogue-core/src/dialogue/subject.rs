//! Which skill the talk is about: one or several wishes in an utterance, what is not wanted, a change of mind and a digression.

use callwright_model::{MonoTime, Record, SlotType};

use super::Dialogue;
use super::line::Plain;
use super::memory::{Implicit, is_same};
use super::state::{How, Proposal, State, Task};
use crate::clauses;
use crate::lexicon::{self, fold};
use crate::pack::input_words_key;
use crate::slots::{self, YesNo};
use crate::understand::{Intent, Reading};
use crate::wish;

/// What an utterance of several clauses wants and does not want.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wishes {
    /// Skills that are surely wanted, each with its words.
    wanted: Vec<(String, String)>,
    /// Skills that are surely not.
    unwanted: Vec<String>,
    /// What else was said, before any wish.
    loose: String,
}

impl Dialogue {
    /// Reads an utterance clause by clause.
    fn wishes(&self, words: &str) -> Wishes {
        let lexicon = lexicon::of_or_english(self.language);
        let interpreter = &self.tongue().interpreter;
        let mut wishes = Wishes::default();
        for clause in clauses::split(words, lexicon) {
            if let Some(skill) = self.unwanted(&clause) {
                wishes.unwanted.push(skill);
                continue;
            }
            let reading = interpreter.read(&without_figures(&clause));
            let sure = reading.probability >= CHANGE_OF_SUBJECT;
            let skill = reading.clear().filter(|_| sure).and_then(Intent::skill).map(str::to_owned);
            let same =
                skill.as_ref().and_then(|skill| wishes.wanted.iter().position(|(known, _)| known == skill));
            match (skill, same) {
                (Some(skill), None) => {
                    let lead = std::mem::take(&mut wishes.loose);
                    wishes.wanted.push((skill, join(&lead, &clause)));
                }
                (Some(_), Some(at)) => wishes.wanted[at].1 = join(&wishes.wanted[at].1, &clause),
                (None, _) => match wishes.wanted.last_mut() {
                    Some((_, words)) => *words = join(words, &clause),
                    None => wishes.loose = join(&wishes.loose, &clause),
                },
            }
        }
        wishes
    }

    /// The skill that a clause says is not wanted. "I do not want to fly any more" may well be how people wish for one: what an
    /// example begins with is no negation.
    fn unwanted(&self, clause: &str) -> Option<String> {
        let lexicon = lexicon::of_or_english(self.language);
        let tongue = self.tongue();
        let rest = clauses::negated(clause, lexicon)?;
        let reading = tongue.interpreter.read(&rest);
        let skill = reading.clear().and_then(Intent::skill)?;
        let folded = fold(&rest);
        let first = folded.split(' ').next().unwrap_or_default();
        let begins: Vec<String> =
            lexicon.clauses.negation.iter().map(|no| format!(" {no} {first} ")).collect();
        let known = |example: &String| {
            let example = format!(" {} ", fold(example));
            begins.iter().any(|begin| example.contains(begin.as_str()))
        };
        (!tongue.sentences.iter().any(known)).then(|| skill.to_owned())
    }

    /// Takes several wishes at once, and what is not wanted. False when an utterance is no such.
    pub(super) fn reconsider(&mut self, words: &str, now: MonoTime) -> bool {
        let Wishes { wanted, unwanted, loose } = self.wishes(words);
        let current = self.state.task().map(|task| task.skill.clone());
        if unwanted.is_empty() {
            // In the middle of a question one wish is taken where its answer is.
            return wanted.len() > 1
                && matches!(self.state, State::Open { .. })
                && self.begin_all(wanted, now);
        }
        let mut others: Vec<_> =
            wanted.into_iter().filter(|(skill, _)| Some(skill) != current.as_ref()).collect();
        let off = current.as_ref().is_none_or(|current| unwanted.contains(current));
        if others.is_empty() && off {
            // Less sure than a clause by itself must be, but said in the place of what is not wanted.
            let reading = self.tongue().interpreter.read(&loose);
            let skill = reading.clear().and_then(Intent::skill);
            others.extend(
                skill
                    .filter(|skill| !unwanted.iter().any(|not| not == skill))
                    .map(|skill| (skill.to_owned(), loose.clone())),
            );
        }
        match (others.is_empty(), off) {
            (false, _) => self.begin_all(others, now),
            (true, true) if current.is_some() => {
                self.abandon(
                    if matches!(self.state, State::ReadBack { .. }) { "not-confirmed" } else { "abandoned" },
                    now,
                );
                true
            }
            (true, true) if matches!(self.state, State::Open { .. }) => {
                self.tell_question("not-wanted", now);
                true
            }
            (true, _) => false,
        }
    }

    /// The one clause of an utterance that is clear, where the whole is not: "rebook K7M4X2, my PIN is 4821".
    pub(super) fn begin_clause(&mut self, words: &str, now: MonoTime) -> bool {
        let wanted = self.wishes(words).wanted;
        wanted.len() == 1 && self.begin_all(wanted, now)
    }

    /// Begins the first of some wishes and remembers the others, which the caller is told.
    fn begin_all(&mut self, wanted: Vec<(String, String)>, now: MonoTime) -> bool {
        let mut wanted = wanted.into_iter();
        let Some((first, words)) = wanted.next() else { return false };
        let mut phrases = vec![self.skill_phrase(&first)];
        for (skill, words) in wanted {
            let task = self.told(&skill, &words);
            if self.remember(task) {
                phrases.push(self.skill_phrase(&skill));
            }
        }
        if phrases.len() > 1 {
            let sentence = self.words_with("several-wishes", "skills", phrases.join("; "));
            self.tell(Plain::Progress, sentence, now);
        }
        self.change_to(&first, &words, now);
        true
    }

    /// Another wish beside the answer to a question, or while a plan is made or runs: it comes next. False when there is none.
    pub(super) fn also(&mut self, words: &str, now: MonoTime) -> bool {
        let current = self.state.task().map(|task| task.skill.clone()).or_else(|| self.record.asked.clone());
        let mut noted = Vec::new();
        for (skill, words) in self.wishes(words).wanted {
            if Some(&skill) == current.as_ref() {
                continue;
            }
            let task = self.told(&skill, &words);
            if self.remember(task) {
                noted.push(self.skill_phrase(&skill));
            }
        }
        if noted.is_empty() {
            return false;
        }
        let sentence = self.words_with("noted-wish", "skills", noted.join("; "));
        self.tell(Plain::Progress, sentence, now);
        true
    }

    /// "Yes please, and tell me whether flight 212 is late": a yes in a clause of its own, and a wish that changes nothing.
    pub(super) fn yes_and_more(&self, words: &str) -> Option<YesNo> {
        let lexicon = lexicon::of_or_english(self.language);
        let clauses = clauses::split(words, lexicon);
        let yes = slots::yes_no(clauses.first()?, self.language).filter(|answer| *answer == YesNo::Yes)?;
        let Wishes { wanted, unwanted, loose: _ } = self.wishes(&clauses[1..].join(", "));
        let harmless = !wanted.is_empty() && wanted.iter().all(|(skill, _)| self.reads_only(skill));
        (harmless && unwanted.is_empty() && !clauses::correction(words, lexicon).marked).then_some(yes)
    }

    /// A plain wish for another skill while something else was asked. The words that identify the caller are kept.
    pub(super) fn change_of_subject(&mut self, words: &str, reading: &Reading, now: MonoTime) -> bool {
        let Some(Intent::Skill(skill)) = reading.clear() else { return false };
        let plain = reading.probability >= CHANGE_OF_SUBJECT || self.state.is_offer();
        if !plain
            || self.state.task().is_some_and(|task| task.skill == *skill)
            || self.unwanted(words).as_ref() == Some(skill)
        {
            return false;
        }
        let skill = skill.clone();
        self.change_to(&skill, words, now);
        true
    }

    /// Who is asked whether that is what they want, and says it once more, does.
    pub(super) fn wants_it(&mut self, words: &str, reading: &Reading, now: MonoTime) -> bool {
        let State::Proposing(Proposal::Skill(task)) = &self.state else { return false };
        let again = matches!(reading.clear(), Some(Intent::Skill(skill)) if *skill == task.skill);
        if !again || self.unwanted(words).is_some() {
            return false;
        }
        let skill = task.skill.clone();
        let task = self.new_task(&skill, words);
        self.misses = 0;
        self.plan(task, now);
        true
    }

    /// "Is flight 318 on time?" names an option, and is a question about it: what names it is what a skill that looks something up needs.
    pub(super) fn asks_about_option(&self, words: &str, reading: &Reading) -> bool {
        let Some(Intent::Skill(skill)) = reading.clear() else { return false };
        let choosing = matches!(self.state, State::Choosing { .. });
        choosing && self.reads_only(skill) && !self.told(skill, words).inputs.is_empty()
    }

    /// Goes over to a skill. What only looks something up is a digression, after which the talk goes on where it was; anything else is
    /// a change of mind.
    pub(super) fn change_to(&mut self, skill: &str, words: &str, now: MonoTime) {
        let writes = |task: &Task| !self.reads_only(&task.skill);
        let in_flow = self.state.task().is_some_and(writes);
        let back =
            self.memory.aside.as_ref().and_then(|aside| aside.task()).is_some_and(|task| task.skill == skill);
        if back {
            return self.go_on(now);
        }
        let task = self.new_task(skill, words);
        self.misses = 0;
        if self.reads_only(skill) && in_flow {
            let state = self.take_state().suspended();
            self.memory.aside = Some(Box::new(state));
        } else if self.state.task().is_some() && !self.reads_only(skill) {
            self.memory.aside = None;
            let sentence = self.words_with("change-of-mind", "skill", self.skill_phrase(skill));
            self.tell(Plain::Progress, sentence, now);
        } else if self.state.task().is_none() {
            self.tell_known(&task, words, now);
        }
        self.plan(task, now);
    }

    /// Asks which of two skills is meant, where the words say one of them and not which.
    pub(super) fn ask_which(&mut self, words: &str, reading: &Reading, now: MonoTime) -> bool {
        let Some(skills) = reading.close() else { return false };
        let tasks = skills.map(|skill| self.new_task(skill, words)).to_vec();
        self.enter(State::Proposing(Proposal::Either(tasks)), now);
        self.ask(How::First, now);
        true
    }

    /// Which of the two was meant: by what it is called, by its place, or in words for it that are clearer than before.
    pub(super) fn take_either(&mut self, words: &str, reading: &Reading, now: MonoTime) -> bool {
        let State::Proposing(Proposal::Either(tasks)) = &self.state else { return false };
        let skills: Vec<String> = tasks.iter().map(|task| task.skill.clone()).collect();
        let forms = skills.iter().map(|skill| (skill.clone(), vec![self.skill_phrase(skill)])).collect();
        let read = reading.intent.skill().map(str::to_owned);
        let chosen = slots::closed(words, &skills, &forms, self.language).or(read);
        let place = chosen.and_then(|chosen| skills.iter().position(|skill| *skill == chosen));
        place.is_some_and(|place| self.choose(place + 1, now))
    }

    fn reads_only(&self, skill: &str) -> bool {
        self.config.pack.skill(skill).is_some_and(|head| head.reads_only)
    }

    /// "And flight 213?" after an answer: the same is looked up again with another input.
    pub(super) fn look_up_again(&mut self, words: &str, now: MonoTime) -> bool {
        let Some(mut task) = self.memory.looked_up.clone() else { return false };
        let new = self.told(&task.skill, words).inputs;
        if new.is_empty() || new.iter().all(|(name, value)| task.inputs.get(name) == Some(value)) {
            return false;
        }
        for (name, value) in new {
            self.filled(&name, &value);
            task.inputs.insert(name, value);
        }
        self.plan(task, now);
        true
    }

    /// Starts a skill with whatever the utterance and the task before it already tell.
    pub(super) fn begin(&mut self, skill: &str, words: &str, now: MonoTime) {
        let task = self.new_task(skill, words);
        self.begin_task(task, words, now);
    }

    /// The same with what is known of it.
    pub(super) fn begin_task(&mut self, task: Task, words: &str, now: MonoTime) {
        self.misses = 0;
        self.tell_known(&task, words, now);
        if self.half_sure {
            let sentence = self.words_with("heard-skill", "skill", self.skill_phrase(&task.skill));
            self.tell(Plain::Progress, sentence, now);
            self.memory.implicit = Some(Implicit::Skill);
        }
        self.plan(task, now);
    }

    /// Says what a task takes over from an earlier one, but for secrets: a caller who means another booking hears that it is not.
    fn tell_known(&mut self, task: &Task, words: &str, now: MonoTime) {
        let pack = self.config.pack.clone();
        let told = self.mentioned(&task.skill, words);
        let open = |name: &str| {
            pack.input(&task.skill, name).is_some_and(|spec| !matches!(spec.slot, SlotType::Digits { .. }))
        };
        let known = task.inputs.iter().filter(|(name, _)| open(name) && !told.contains_key(*name));
        let said: Vec<String> = known.map(|(_, value)| self.spoken_value(value)).collect();
        if !said.is_empty() {
            let sentence = self.words_with("with-known", "values", said.join("; "));
            self.tell(Plain::Progress, sentence, now);
        }
    }

    pub(super) fn new_task(&mut self, skill: &str, words: &str) -> Task {
        let pack = self.config.pack.clone();
        let mut task = self.told(skill, words);
        let Some(head) = pack.skill(skill) else { return task };
        let other = self.means_another(words);
        for (name, spec) in head.inputs.iter().filter(|_| !other) {
            let carried = self.state.task().and_then(|known| {
                let same = known.inputs.iter().find(|(other, _)| {
                    pack.input(&known.skill, other)
                        .is_some_and(|other_spec| is_same(name, spec, other, other_spec))
                });
                same.map(|(_, value)| value)
            });
            if let Some(value) = carried.or_else(|| self.remembered(name, spec)).cloned() {
                task.inputs.entry(name.clone()).or_insert(value);
            }
        }
        for (name, spec) in &head.inputs {
            if let Some(value) = self.by_caller_id(name, spec) {
                task.inputs.entry(name.clone()).or_insert(value);
            }
        }
        for (name, value) in &task.inputs {
            self.filled(name, value);
        }
        task
    }

    /// "Another booking" is not the one that was talked about.
    pub(super) fn means_another(&self, words: &str) -> bool {
        wish::holds(&self.config.pack, "other-words", words, self.language)
    }

    /// Whether words name an input: as the pack's words call it (`input-code-words`), or by its own name.
    pub(super) fn names(&self, input: &str, words: &str) -> bool {
        let by_pack = wish::holds(&self.config.pack, &input_words_key(input), words, self.language);
        by_pack || fold(words).split(' ').any(|word| word == input)
    }

    /// A task with what these words alone tell for it.
    fn told(&self, skill: &str, words: &str) -> Task {
        let mut task = Task { skill: skill.to_owned(), ..Task::default() };
        task.inputs = self.mentioned(skill, words);
        task
    }

    /// Inputs of a skill that are in words which may be about something else.
    pub(super) fn mentioned(&self, skill: &str, words: &str) -> Record {
        let mentions = self.config.pack.mentions(skill, words, self.language);
        mentions.into_iter().map(|mention| (mention.input, mention.value)).collect()
    }
}

/// Words without those that have figures in them: a code says nothing of what is wanted, and half a short clause may be one.
fn without_figures(clause: &str) -> String {
    let words = clause.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    let words: Vec<&str> = words.collect();
    if words.is_empty() { clause.to_owned() } else { words.join(" ") }
}

fn join(words: &str, more: &str) -> String {
    if words.is_empty() { more.to_owned() } else { format!("{words} {more}") }
}

/// A change of subject in the middle of a question must be this clear, and so must each of two wishes in one breath.
pub(super) const CHANGE_OF_SUBJECT: f32 = 0.7;
