//! What became of plans, counted by skill and action: success, times, denials, and what people had to put right.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::execute::{Event, Progress, progress};
use crate::explain::Entry;
use crate::plan::Plan;

/// Counts plans one after another.
#[derive(Debug, Default)]
pub struct Stats {
    skills: BTreeMap<String, SkillStats>,
}

/// Of one skill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SkillStats {
    /// Plans that were said yes to.
    pub plans: u64,
    /// All their steps are done.
    pub completed: u64,
    /// They ended without their goal, and nothing of them is left.
    pub failed: u64,
    /// They ended in doubt: a human had to look.
    pub in_doubt: u64,
    /// They have not ended.
    pub open: u64,
    /// How often a policy said no before there was a plan.
    pub denied: u64,
    /// How often each rule was what denied, before there was a plan or before a step.
    pub denied_by: BTreeMap<String, u64>,
    /// Plans that somebody wanted cancelled after they had begun.
    pub cancelled: u64,
    /// Approvals that a human gave.
    pub approved: u64,
    /// Approvals that a human refused.
    pub rejected: u64,
    /// Approvals that nobody answered in time.
    pub unanswered: u64,
    /// From the yes to the end, in milliseconds, of the plans that ended; waits for approvals count.
    pub took_ms: Times,
    /// By version of the skill: what became of its plans.
    pub versions: BTreeMap<String, VersionStats>,
    /// By action.
    pub steps: BTreeMap<String, StepStats>,
}

/// Of one version of a skill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VersionStats {
    /// Plans that were said yes to.
    pub plans: u64,
    /// All their steps are done.
    pub completed: u64,
    /// They ended without their goal, and nothing of them is left.
    pub failed: u64,
    /// They ended in doubt: a human had to look.
    pub in_doubt: u64,
}

/// Of one action within a skill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StepStats {
    /// Steps that were begun, or given up before.
    pub steps: u64,
    /// They are done, be it that they were undone later.
    pub committed: u64,
    /// They were given up without effect.
    pub failed: u64,
    /// Of those, how many because a policy said no.
    pub denied: u64,
    /// They were done and then undone.
    pub undone: u64,
    /// A human had to look at them.
    pub in_doubt: u64,
    /// Calls of the system.
    pub attempts: u64,
    /// Calls without an answer.
    pub lost: u64,
    /// Calls that the system refused.
    pub refused: u64,
    /// From the first call to the result, in milliseconds, of the steps that are done.
    pub took_ms: Times,
}

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Vec<u64>);

impl Times {
    /// What so many of a hundred stay below or at; `None` when nothing was measured.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        // The nearest rank: the smallest value that so many are not above.
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    fn add(&mut self, began: u64, ended: u64) {
        self.0.push(ended.saturating_sub(began));
    }
}

impl Serialize for Times {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = [
            ("count", Some(self.0.len() as u64)),
            ("p50", self.percentile(50)),
            ("p95", self.percentile(95)),
        ];
        serializer.collect_map(all)
    }
}

impl Stats {
    /// Counts a plan that was said yes to, with everything that is written down of it.
    pub fn plan(&mut self, plan: &Plan, entries: &[Entry]) {
        let skill = self.skills.entry(format!("{}/{}", plan.pack, plan.skill)).or_default();
        skill.plans += 1;
        let version = skill.versions.entry(plan.version.clone()).or_default();
        version.plans += 1;
        let ended = match progress(plan, entries.iter().map(|entry| &entry.event)).0 {
            Progress::Running | Progress::AwaitingApproval | Progress::Undoing => {
                skill.open += 1;
                false
            }
            Progress::Completed => {
                skill.completed += 1;
                version.completed += 1;
                true
            }
            Progress::Failed => {
                skill.failed += 1;
                version.failed += 1;
                true
            }
            Progress::InDoubt => {
                skill.in_doubt += 1;
                version.in_doubt += 1;
                true
            }
        };
        if let (true, Some(first), Some(last)) = (ended, entries.first(), entries.last()) {
            skill.took_ms.add(first.unix_ms, last.unix_ms);
        }
        let mut began = BTreeMap::new();
        for entry in entries {
            skill.event(plan, entry, &mut began);
        }
    }

    /// Counts a policy's no, by its story as JSON. A story that cannot be read counts nowhere.
    pub fn refusal(&mut self, story: &str) {
        let Ok(story) = serde_json::from_str::<Json>(story) else { return };
        let Some(name) = story["skill"].as_str() else { return };
        let skill = self.skills.entry(name.to_owned()).or_default();
        skill.denied += 1;
        let rules = story["rules"].as_array().into_iter().flatten().filter_map(Json::as_str);
        for rule in rules {
            *skill.denied_by.entry(rule.to_owned()).or_default() += 1;
        }
    }

    /// By skill, named `pack/skill`.
    #[must_use]
    pub fn finish(self) -> BTreeMap<String, SkillStats> {
        self.skills
    }
}

impl SkillStats {
    fn event(&mut self, plan: &Plan, entry: &Entry, began: &mut BTreeMap<u32, u64>) {
        match &entry.event {
            Event::CancelAsked { .. } => self.cancelled += 1,
            Event::Approved { .. } => self.approved += 1,
            Event::Rejected { by: Some(_), .. } => self.rejected += 1,
            Event::Rejected { by: None, .. } => self.unanswered += 1,
            Event::StepFailed { rules, .. } => {
                for rule in rules {
                    *self.denied_by.entry(rule.clone()).or_default() += 1;
                }
            }
            Event::Consented { .. }
            | Event::Held { .. }
            | Event::ApprovalAsked { .. }
            | Event::StepStarted { .. }
            | Event::StepCommitted { .. }
            | Event::StepLost { .. }
            | Event::StepRefused { .. }
            | Event::StepAbsent { .. }
            | Event::StepLeftOut { .. }
            | Event::VerifyLost { .. }
            | Event::UndoStarted { .. }
            | Event::StepUndone { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. }
            | Event::Completed
            | Event::Failed { .. }
            | Event::InDoubt { .. } => {}
        }
        if let Some(number) = entry.event.step()
            && let Some(step) = plan.step(number)
        {
            self.steps.entry(step.action.clone()).or_default().event(number, entry, began);
        }
    }
}

impl StepStats {
    /// `began` tells when each step of this plan was first asked for.
    fn event(&mut self, number: u32, entry: &Entry, began: &mut BTreeMap<u32, u64>) {
        match &entry.event {
            Event::StepStarted { .. } => {
                self.attempts += 1;
                // Further attempts are the same step.
                began.entry(number).or_insert_with(|| {
                    self.steps += 1;
                    entry.unix_ms
                });
            }
            Event::StepCommitted { .. } => {
                self.committed += 1;
                self.took_ms.add(began.get(&number).copied().unwrap_or(entry.unix_ms), entry.unix_ms);
            }
            Event::StepFailed { rules, .. } => {
                self.failed += 1;
                self.denied += u64::from(!rules.is_empty());
                // It may have been given up before it was ever asked for.
                self.steps += u64::from(!began.contains_key(&number));
            }
            Event::StepLost { .. } => self.lost += 1,
            Event::StepRefused { .. } => self.refused += 1,
            Event::StepUndone { .. } => self.undone += 1,
            Event::InDoubt { .. } => self.in_doubt += 1,
            Event::Consented { .. }
            | Event::CancelAsked { .. }
            | Event::Held { .. }
            | Event::ApprovalAsked { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::StepAbsent { .. }
            | Event::StepLeftOut { .. }
            | Event::VerifyLost { .. }
            | Event::UndoStarted { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. }
            | Event::Completed
            | Event::Failed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use callwright_model::Idempotency;

    use super::*;
    use crate::execute::tests::plan as sample_plan;

    fn entries(events: Vec<(u64, Event)>) -> Vec<Entry> {
        (1..).zip(events).map(|(number, (unix_ms, event))| Entry { number, unix_ms, event }).collect()
    }

    fn consent() -> Event {
        Event::Consented { words_sha256: String::new() }
    }

    fn begun(step: u32, attempt: u32) -> Event {
        Event::StepStarted { step, attempt, rules: Vec::new() }
    }

    fn done(step: u32) -> Event {
        Event::StepCommitted { step, result: callwright_model::Record::new() }
    }

    #[test]
    fn success_time_denials_and_corrections_are_counted() {
        let plan = sample_plan(&[(Idempotency::Key, true), (Idempotency::Key, true)], 2);
        let mut stats = Stats::default();
        stats.plan(
            &plan,
            &entries(vec![
                (100, consent()),
                (110, begun(1, 1)),
                (120, Event::StepLost { step: 1, attempt: 1, reason: String::new() }),
                (150, begun(1, 2)),
                (160, done(1)),
                (161, begun(2, 1)),
                (171, done(2)),
                (172, Event::Completed),
            ]),
        );
        let no =
            Event::StepFailed { step: 2, reason: String::new(), rules: vec!["dear".to_owned()], words: None };
        let by = Some("Ada".to_owned());
        stats.plan(
            &plan,
            &entries(vec![
                (100, consent()),
                (101, begun(1, 1)),
                (103, done(1)),
                (104, no),
                (105, Event::UndoStarted { step: 1, attempt: 1 }),
                (106, Event::StepUndone { step: 1 }),
                (130, Event::Failed { step: 2, reason: String::new(), words: None }),
            ]),
        );
        let asked =
            Event::ApprovalAsked { role: "r".to_owned(), steps: vec![1], rules: Vec::new(), within_s: 1 };
        let rejected = Event::Rejected { role: "r".to_owned(), by, reason: String::new() };
        stats.plan(&plan, &entries(vec![(100, consent()), (101, asked), (102, rejected)]));
        stats.refusal(r#"{"skill":"world/all","rules":["too-much"]}"#);
        stats.refusal("no JSON");
        let all = stats.finish();
        let skill = &all["world/all"];
        assert_eq!((skill.plans, skill.completed, skill.failed, skill.in_doubt, skill.open), (3, 1, 1, 0, 1));
        assert_eq!((skill.denied, skill.rejected, skill.approved, skill.unanswered), (1, 1, 0, 0));
        assert_eq!(skill.denied_by, BTreeMap::from([("dear".to_owned(), 1), ("too-much".to_owned(), 1)]));
        assert_eq!((skill.took_ms.percentile(50), skill.took_ms.percentile(95)), (Some(30), Some(72)));
        let first = &skill.steps["do1"];
        assert_eq!((first.steps, first.committed, first.undone), (2, 2, 1));
        assert_eq!((first.attempts, first.lost, first.refused), (3, 1, 0));
        assert_eq!(first.took_ms.percentile(100), Some(50), "from the first attempt on");
        let second = &skill.steps["do2"];
        assert_eq!((second.steps, second.committed, second.failed, second.denied), (2, 1, 1, 1));
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        assert_eq!(Times::default().percentile(50), None);
        let ten = Times((1..=10).rev().collect());
        assert_eq!([50, 95, 100].map(|percent| ten.percentile(percent)), [Some(5), Some(10), Some(10)]);
        assert_eq!(serde_json::json!(ten).to_string(), r#"{"count":10,"p50":5,"p95":10}"#);
    }
}
