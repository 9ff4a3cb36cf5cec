//! What came of it, in rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::stores::StoreBlow;
use super::story::{Ending, Judged, Story};

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Blow {
    /// The core.
    Core,
    /// The core and both systems.
    Both,
    /// The core, and again once it has taken up what had not ended.
    CoreTwice,
    /// Both systems, which come back at once.
    Systems,
    /// Both systems, which stay away until every plan has ended.
    SystemsForLong,
}

/// Where a plan stood when it was struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stood {
    InWriteBefore,
    InWriteAfter,
    InUndoBefore,
    InUndoAfter,
    /// A call was written down, and was on its way there or back.
    OnTheWay,
    /// Between two calls.
    Between,
    /// The yes was said and not yet written down.
    NotBegun,
    Ended,
}

/// What else goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weather {
    LostReply,
    LostRequest,
    RefuseForNow,
    Delay,
}

/// What happened to one plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suffered {
    pub(super) blow: Blow,
    pub(super) stood: Stood,
    pub(super) weather: Option<Weather>,
    pub(super) ending: Ending,
    pub(super) judged: Judged,
}

/// Plans that have something in common, and what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Plans.
    pub plans: u32,
    /// All of it was done.
    pub completed: u32,
    /// A step was refused, and nothing is left of the others.
    pub undone: u32,
    /// Plans that say so.
    pub in_doubt: u32,
    /// Plans that did not end.
    pub unended: u32,
    /// Their effects.
    #[serde(flatten)]
    pub judged: Judged,
}

/// Plans whose journal something befell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StoreRow {
    /// What came of them.
    #[serde(flatten)]
    pub row: Row,
    /// Whether the chain is as it was written, after that.
    pub journal_is_whole: bool,
}

/// Everything that was tried.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Waves.
    pub waves: usize,
    /// All plans.
    pub total: Row,
    blows: BTreeMap<Blow, Row>,
    places: BTreeMap<Stood, Row>,
    weather: BTreeMap<Weather, Row>,
    /// What befell journals; not among all plans.
    pub(super) stores: BTreeMap<StoreBlow, StoreRow>,
    /// How many plans stood where, as the journal had it.
    pub stood: BTreeMap<String, u32>,
    /// Whether the journal's chain is as it was written, after all that.
    pub journal_is_whole: bool,
    /// Plans that something is wrong with.
    pub wrong: Vec<String>,
}

impl Blow {
    /// Of the wave of this number.
    pub(super) fn of(wave: usize) -> Self {
        // A system that stays away leaves all of its plans in doubt, so it does so seldom.
        const ORDER: [Blow; 9] = [
            Blow::Core,
            Blow::Both,
            Blow::CoreTwice,
            Blow::Systems,
            Blow::Core,
            Blow::CoreTwice,
            Blow::Both,
            Blow::Core,
            Blow::SystemsForLong,
        ];
        ORDER[wave % ORDER.len()]
    }

    fn words(self) -> &'static str {
        match self {
            Self::Core => "the core is killed",
            Self::Both => "the core and its systems are killed",
            Self::CoreTwice => "the core is killed, and again as it resumes",
            Self::Systems => "the systems are killed",
            Self::SystemsForLong => "the systems are killed and stay away",
        }
    }
}

impl Stood {
    fn words(self) -> &'static str {
        match self {
            Self::InWriteBefore => "inside a write that is not done yet",
            Self::InWriteAfter => "inside a write that is done",
            Self::InUndoBefore => "inside an undo that is not done yet",
            Self::InUndoAfter => "inside an undo that is done",
            Self::OnTheWay => "a call is on its way there or back",
            Self::Between => "between two calls",
            Self::NotBegun => "before the yes is written down",
            Self::Ended => "after its end",
        }
    }
}

impl Weather {
    pub(super) const ALL: [Self; 4] = [Self::LostReply, Self::LostRequest, Self::RefuseForNow, Self::Delay];

    /// As systems call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LostReply => "lost_reply",
            Self::LostRequest => "lost_request",
            Self::RefuseForNow => "refuse_for_now",
            Self::Delay => "delay",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::LostReply => "an answer is lost",
            Self::LostRequest => "a call is lost",
            Self::RefuseForNow => "a call is refused for now",
            Self::Delay => "a call is slow",
        }
    }
}

impl Suffered {
    pub(super) fn is_wrong(&self) -> bool {
        let Judged { lost, doubled, left, .. } = self.judged;
        self.ending == Ending::Unended || lost + doubled + left > 0
    }
}

impl Row {
    fn add(&mut self, suffered: &Suffered) {
        self.count(suffered.ending, suffered.judged);
    }

    pub(super) fn count(&mut self, ending: Ending, judged: Judged) {
        self.plans += 1;
        match ending {
            Ending::Completed => self.completed += 1,
            Ending::Undone => self.undone += 1,
            Ending::InDoubt => self.in_doubt += 1,
            Ending::Unended => self.unended += 1,
        }
        let Judged { effects, lost, doubled, left } = judged;
        self.judged.effects += effects;
        self.judged.lost += lost;
        self.judged.doubled += doubled;
        self.judged.left += left;
    }

    fn is_right(&self) -> bool {
        let Judged { lost, doubled, left, .. } = self.judged;
        self.plans > 0 && self.unended + lost + doubled + left == 0
    }

    fn line(&self, words: &str) -> String {
        let Self { plans, completed, undone, in_doubt, unended, judged } = self;
        let Judged { effects, lost, doubled, left } = judged;
        format!(
            "{words:<46} {plans:>6} {completed:>10} {undone:>7} {in_doubt:>9} {unended:>8} {effects:>8} {lost:>5} {doubled:>8} {left:>5}"
        )
    }
}

impl Report {
    pub(super) fn add(&mut self, suffered: &Suffered, story: Story, stood: &str) {
        self.total.add(suffered);
        self.blows.entry(suffered.blow).or_default().add(suffered);
        self.places.entry(suffered.stood).or_default().add(suffered);
        if let Some(weather) = suffered.weather {
            self.weather.entry(weather).or_default().add(suffered);
        }
        let stood = if suffered.stood == Stood::NotBegun {
            format!("{} {stood}", story.skill())
        } else {
            stood.to_owned()
        };
        *self.stood.entry(stood).or_default() += 1;
    }

    /// Whether every effect is there exactly once, or its plan says that it is in doubt.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let stores = self.stores.values().all(|store| store.row.is_right() && store.journal_is_whole);
        self.wrong.is_empty() && self.journal_is_whole && stores
    }

    /// The table.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let head = |words: &str| {
            format!(
                "{words:<46} {:>6} {:>10} {:>7} {:>9} {:>8} {:>8} {:>5} {:>8} {:>5}",
                "plans", "completed", "undone", "in doubt", "unended", "effects", "lost", "doubled", "left"
            )
        };
        let mut lines = vec![head("who dies")];
        lines.extend(self.blows.iter().map(|(blow, row)| row.line(blow.words())));
        lines.extend([String::new(), head("where its plans stand then")]);
        lines.extend(self.places.iter().map(|(place, row)| row.line(place.words())));
        lines.extend([String::new(), head("what else goes wrong with them")]);
        lines.extend(self.weather.iter().map(|(weather, row)| row.line(weather.words())));
        lines.extend([String::new(), self.total.line("all")]);
        if !self.stores.is_empty() {
            lines.extend([String::new(), head("what befalls the journal")]);
            for (blow, StoreRow { row, journal_is_whole }) in &self.stores {
                let broken = if *journal_is_whole { "" } else { "  its chain is broken" };
                lines.push(format!("{}{broken}", row.line(blow.words())));
            }
        }
        lines
    }
}
