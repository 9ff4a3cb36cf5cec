//! Plays a scripted conversation and holds what came of it against what was expected.

use std::collections::BTreeMap;

use callwright_conversation::Ending;
use callwright_demo_backends::Snapshot;
use callwright_model::MonoTime;

use super::side_by_side::Row;
use super::{Deed, Expected, Sentence, Story, Turn};
use crate::call::{Call, Outcome};
use crate::stage::Stage;
use crate::transcript::Told;

/// What came of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Expected and real, line by line.
    pub(super) rows: Vec<Row>,
    /// All of it with times.
    pub told: Vec<(MonoTime, Told)>,
}

impl Story {
    /// Plays it on a stage made of [`Self::source`].
    ///
    /// # Errors
    /// When the call cannot be set up as it says.
    pub fn play(&self, stage: &Stage) -> Result<Played, String> {
        let mut call = Call::begin(stage, self.setup.clone())?;
        let before = call.snapshots()?;
        let mut rows = Vec::new();
        let mut known = 0;
        let mut turns = self.turns.iter().peekable();
        while let Some(turn) = turns.next() {
            let done = perform(&mut call, &turn.caller);
            match turns.peek().map(|next| &next.caller) {
                // What is spoken over must not be over by then.
                Some(Deed::Over(words, _)) => drop(call.listen_to(*words)),
                Some(_) | None => call.listen(),
            }
            self.compare(stage, turn, done, &call.told()[known..], &mut rows);
            known = call.told().len();
        }
        let ending = match call.outcome() {
            Outcome::Open => "open",
            Outcome::WithHuman => "human",
            Outcome::Ended(Ending::Caller) => "caller",
            Outcome::Ended(
                Ending::Agent
                | Ending::Machine
                | Ending::Transferred
                | Ending::TransferredInDoubt
                | Ending::Drained,
            ) => "agent",
        };
        rows.push(Row::new(format!("ending {}", self.ending), format!("ending {ending}")));
        let effects = changes(&before, &call.snapshots()?);
        pairs(&self.effects, &effects, |wanted, real| wanted == real, &mut rows);
        Ok(Played { rows, told: call.told().to_vec() })
    }

    fn compare(
        &self,
        stage: &Stage,
        turn: &Turn,
        done: Result<(), &'static str>,
        told: &[(MonoTime, Told)],
        rows: &mut Vec<Row>,
    ) {
        rows.push(Row::head(format!("line {}", turn.line), deed(&turn.caller)));
        if let Err(why) = done {
            rows.push(Row::new(String::new(), why.to_owned()));
        }
        let told: Vec<&Told> = told.iter().map(|(_, told)| told).collect();
        let Expected { skill, slots, does, hear } = &turn.expected;
        if let Some(skill) = skill {
            let real = told.iter().find_map(|told| match told {
                Told::Skill { intent, .. } => Some(intent.as_str()),
                _ => None,
            });
            rows.push(Row::new(format!("[{skill}]"), format!("[{}]", real.unwrap_or("nothing"))));
        }
        for (input, wanted) in slots {
            let real = told.iter().rev().find_map(|told| match told {
                Told::Slot { input: name, value } if name == input => Some(value.as_str()),
                _ => None,
            });
            let real = real.unwrap_or("not known");
            rows.push(Row::new(format!("[{input}: {wanted}]"), format!("[{input}: {real}]")));
        }
        let real: Vec<String> = told.iter().filter_map(|told| told.deed()).collect();
        pairs(does, &real, |wanted, real| wanted == real, rows);
        self.sayings(stage, hear, &told, rows);
    }

    fn sayings(&self, stage: &Stage, hear: &[Sentence], told: &[&Told], rows: &mut Vec<Row>) {
        let mut said = told
            .iter()
            .filter_map(|told| match told {
                Told::Said { text, key, language, .. } => Some((text, key, *language)),
                _ => None,
            })
            .peekable();
        let fits = |wanted: &Sentence, (text, _, language): (&String, _, _)| match wanted {
            Sentence::Key(key, words) => {
                stage.dialogue.is_said(key, text, language) && words.iter().all(|words| text.contains(words))
            }
            Sentence::Words(words) => words.iter().all(|words| text.contains(words)),
            Sentence::Any => true,
        };
        let show = |(text, key, _): (&String, &Option<String>, _)| {
            format!("{}: {text}", key.as_deref().unwrap_or("-"))
        };
        let mut hear = hear.iter().peekable();
        while let Some(wanted) = hear.next() {
            if *wanted == Sentence::Any {
                // What follows any number of sentences is looked for from where it first comes.
                while let Some(real) = said.peek() {
                    if hear.peek().is_some_and(|next| fits(next, *real)) {
                        break;
                    }
                    rows.push(Row::same("...".to_owned(), show(*real)));
                    said.next();
                }
                continue;
            }
            match said.next() {
                Some(real) if fits(wanted, real) => rows.push(Row::same(wanted.to_string(), show(real))),
                Some(real) => rows.push(Row::differs(wanted.to_string(), show(real))),
                None => rows.push(Row::differs(wanted.to_string(), String::new())),
            }
        }
        rows.extend(said.map(|real| Row::differs(String::new(), show(real))));
    }
}

fn perform(call: &mut Call, deed: &Deed) -> Result<(), &'static str> {
    if matches!(call.outcome(), Outcome::Ended(_)) {
        return Err("the call is over");
    }
    match deed {
        Deed::Listen => call.listen(),
        Deed::Say(spoken) => call.say(spoken),
        Deed::Over(_, spoken) => call.interrupt(spoken),
        Deed::Press(keys) => call.press(keys),
        Deed::Wait(length) => call.wait(*length),
        Deed::HangUp => call.hang_up(),
        Deed::Approved(approve) => {
            if !call.approve(*approve) {
                return Err("nobody asks for an approval");
            }
        }
    }
    Ok(())
}

/// Two lists, one beside the other.
fn pairs(wanted: &[String], real: &[String], fits: impl Fn(&str, &str) -> bool, rows: &mut Vec<Row>) {
    for place in 0..wanted.len().max(real.len()) {
        let (wanted, real) = (wanted.get(place), real.get(place));
        let same = matches!((wanted, real), (Some(wanted), Some(real)) if fits(wanted, real));
        let (wanted, real) = (wanted.cloned().unwrap_or_default(), real.cloned().unwrap_or_default());
        rows.push(if same { Row::same(wanted, real) } else { Row::differs(wanted, real) });
    }
}

/// Every row that is different, of all systems.
pub(crate) fn changes(
    before: &BTreeMap<String, Snapshot>,
    after: &BTreeMap<String, Snapshot>,
) -> Vec<String> {
    let none = Snapshot::default();
    after.iter().flat_map(|(name, now)| now.changes_since(before.get(name).unwrap_or(&none))).collect()
}

fn deed(deed: &Deed) -> String {
    match deed {
        Deed::Listen => "caller> (listens)".to_owned(),
        Deed::Say(spoken) if spoken.cough => "caller> (coughs)".to_owned(),
        Deed::Say(spoken) => format!("caller> {}", spoken.words),
        Deed::Over(words, spoken) => format!("caller> (after {words} words) {}", spoken.words),
        Deed::Press(keys) => format!("caller> (keys {keys})"),
        Deed::Wait(length) => format!("caller> (silent for {} s)", length.as_secs_f64()),
        Deed::HangUp => "caller> (hangs up)".to_owned(),
        Deed::Approved(true) => "desk> (approves)".to_owned(),
        Deed::Approved(false) => "desk> (rejects)".to_owned(),
    }
}
