//! `[queue]` and `[[human]]`: who can be rung, for which lines, when, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use callwright_call_core::call::How;
use callwright_call_core::queue::{self, Hours, Ring, Shift};
use callwright_model::{Language, Problem, Severity};
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::reader::{Reader, Section};
use super::values::{Length, SipAddress, Way, Whole};
use super::{Config, Line};
use crate::lines::LoadedPack;

/// `[[human]]`, or a `[[line.human]]` with the defaults of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Human {
    /// Where it stands in the file.
    pub place: String,
    /// Who, for the journal and the operator.
    pub name: String,
    /// Their telephones, which ring together: SIP addresses, or `user:NAME` for those that register here under a name.
    pub addresses: Vec<String>,
    /// How a caller comes to them.
    pub how: How,
    /// The lines whose callers they take, with their rank there; `None` is every line.
    pub lines: Option<BTreeMap<String, u32>>,
    /// Their rank on every line.
    pub rank: u32,
    /// What they can do.
    pub skills: BTreeSet<String>,
    /// What they speak; empty means what their lines do.
    pub languages: Vec<Language>,
    /// When they work.
    pub hours: Hours,
    /// What they need after a call.
    pub wrap_up: Duration,
    /// Calls at one time.
    pub calls: usize,
}

impl Human {
    /// One who takes every line's callers at any time.
    pub fn new(name: String, addresses: Vec<String>) -> Self {
        Self {
            place: String::new(),
            name,
            addresses,
            how: How::Warm,
            lines: None,
            rank: 0,
            skills: BTreeSet::new(),
            languages: Vec::new(),
            hours: Hours::default(),
            wrap_up: Duration::ZERO,
            calls: 1,
        }
    }

    /// Whether they take a line's callers.
    pub fn takes(&self, line: &str) -> bool {
        self.rank_on(line).is_some()
    }

    /// Their rank on a line, if they take its callers.
    fn rank_on(&self, line: &str) -> Option<u32> {
        match &self.lines {
            None => Some(self.rank),
            Some(lines) => lines.get(line).copied(),
        }
    }
}

impl Config {
    /// Everybody who can be rung: those of `[[human]]`, and of lines, where whoever is named alike with the same address on several
    /// lines is one.
    #[must_use]
    pub fn everybody(&self) -> Vec<Human> {
        let mut all = self.humans.clone();
        for line in &self.lines {
            for (rank, human) in (0u32..).zip(&line.humans) {
                let known = all.iter_mut().find(|other| {
                    other.lines.is_some()
                        && (&other.name, &other.addresses) == (&human.name, &human.addresses)
                });
                match known.and_then(|known| known.lines.as_mut()) {
                    Some(lines) => {
                        lines.entry(line.name.clone()).or_insert(rank);
                    }
                    None => {
                        let lines = Some(BTreeMap::from([(line.name.clone(), rank)]));
                        all.push(Human { lines, ..human.clone() });
                    }
                }
            }
        }
        all
    }

    /// What packs want humans to be able to do, and no human of the line can.
    pub(super) fn able_humans(&self, packs: &BTreeMap<PathBuf, LoadedPack>) -> Vec<Problem> {
        let everybody = self.everybody();
        let mut problems = Vec::new();
        for line in &self.lines {
            let there: Vec<&Human> = everybody.iter().filter(|it| it.rank_on(&line.name).is_some()).collect();
            let needed = packs.get(&line.pack).into_iter().flat_map(|pack| pack.pack.human_skills());
            for (skill, _) in needed.filter(|_| !there.is_empty()) {
                if !there.iter().any(|human| human.skills.contains(skill)) {
                    let what = format!("no human of line `{}` has the skill `{skill}`", line.name);
                    let help = "the pack's `handover` needs it: name it in `skills` of a `[[human]]`";
                    let problem = self.places.problem(&format!("{}.name", line.place), what).help(help);
                    problems.push(Problem { severity: Severity::Warning, ..problem });
                }
            }
        }
        problems
    }

    /// The same as the queue knows them.
    #[must_use]
    pub fn queued(&self) -> Vec<queue::Human> {
        let lines = || self.lines.iter().enumerate();
        let queued = |human: Human| queue::Human {
            serves: lines().filter_map(|(at, line)| Some((at, human.rank_on(&line.name)?))).collect(),
            skills: human.skills,
            languages: human.languages,
            hours: human.hours,
            wrap_up: human.wrap_up,
            calls: human.calls,
        };
        self.everybody().into_iter().map(queued).collect()
    }
}

pub(super) fn read_queue(reader: &mut Reader, root: &mut Section<'_, '_>) -> queue::Config {
    let mut section = reader.section(root, "queue");
    let usual = queue::Config::default();
    let config = queue::Config {
        ring: reader.parse_or(&mut section, "ring", RingName(usual.ring)).0,
        waiting_max: reader
            .parse_or(&mut section, "waiting_max", Whole::<0, WAITING_MAX>(usual.waiting_max))
            .0,
        wait_max: reader.parse_or(&mut section, "wait_max", Length(usual.wait_max)).0,
        tries: reader.parse_or(&mut section, "tries", Whole::<1, TRIES_MAX>(1)).0.try_into().unwrap_or(1),
        ..usual
    };
    reader.close(section);
    config
}

pub(super) fn read_humans(reader: &mut Reader, root: &mut Section<'_, '_>, lines: &[Line]) -> Vec<Human> {
    let mut humans: Vec<Human> = Vec::new();
    for mut section in reader.sections(root, "human") {
        let name: Option<String> = reader.required(&mut section, "name");
        let addresses: Vec<SipAddress> = reader.list(&mut section, "addresses").unwrap_or_default();
        let addresses: Vec<String> = addresses.into_iter().map(|address| address.0).collect();
        if addresses.is_empty() {
            let what = format!("`{}.addresses` names no telephone", section.path());
            reader.problem(section.start(), what).help =
                Some(r#"addresses = ["sip:ada@192.168.1.20"]"#.to_owned());
        }
        let rank = reader.parse_or(&mut section, "rank", Whole::<0, RANK_MAX>(0)).0;
        let rank = u32::try_from(rank).unwrap_or(u32::MAX);
        let named: Option<Vec<String>> = reader.list(&mut section, "lines");
        for unknown in named.iter().flatten().filter(|name| lines.iter().all(|line| line.name != **name)) {
            let what = format!("there is no line `{unknown}`");
            reader.problem(section.at("lines"), what);
        }
        let human = Human {
            place: section.path().to_owned(),
            how: reader.parse_or(&mut section, "how", Way(How::Warm)).0,
            lines: named.map(|lines| lines.into_iter().map(|line| (line, rank)).collect()),
            rank,
            skills: reader.list(&mut section, "skills").unwrap_or_default().into_iter().collect(),
            languages: reader.list(&mut section, "languages").unwrap_or_default(),
            hours: read_hours(reader, &mut section),
            wrap_up: reader.parse_or(&mut section, "wrap_up", Length(Duration::ZERO)).0,
            calls: reader.parse_or(&mut section, "calls", Whole::<1, AT_ONCE_MAX>(1)).0,
            ..Human::new(name.clone().unwrap_or_default(), addresses)
        };
        if humans.iter().any(|other| Some(&other.name) == name.as_ref()) {
            reader.problem(section.at("name"), format!("there are two humans called `{}`", human.name));
        }
        reader.close(section);
        humans.push(human);
    }
    humans
}

/// `hours`, `zone` and `days_off`.
pub(super) fn read_hours(reader: &mut Reader, section: &mut Section<'_, '_>) -> Hours {
    Hours {
        shifts: reader.list::<Shift>(section, "hours").unwrap_or_default(),
        zone: reader.parse_or(section, "zone", Zone(Tz::UTC)).0,
        days_off: reader
            .list::<Day>(section, "days_off")
            .unwrap_or_default()
            .into_iter()
            .map(|day| day.0)
            .collect(),
    }
}

/// `[[line.human]]`: those of one line, in the order in which they are rung.
pub(super) fn read_of_line(reader: &mut Reader, line: &mut Section<'_, '_>) -> Vec<Human> {
    let mut humans = Vec::new();
    for mut section in reader.sections(line, "human") {
        let name: Option<String> = reader.required(&mut section, "name");
        let address: Option<SipAddress> = reader.required(&mut section, "address");
        let Way(how) = reader.parse_or(&mut section, "how", Way(How::Warm));
        let calls = reader.parse_or(&mut section, "calls", Whole::<1, AT_ONCE_MAX>(1)).0;
        let place = section.path().to_owned();
        reader.close(section);
        if let (Some(name), Some(SipAddress(address))) = (name, address) {
            humans.push(Human { place, how, calls, ..Human::new(name, vec![address]) });
        }
    }
    humans
}

struct RingName(Ring);

impl FromStr for RingName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "one" => Ok(Self(Ring::One)),
            "all" => Ok(Self(Ring::All)),
            _ => Err("write `one` or `all`".to_owned()),
        }
    }
}

/// A time zone by its name.
pub(super) struct Zone(pub(super) Tz);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "write a time zone such as `Europe/Berlin` or `UTC`".to_owned())
    }
}

struct Day(NaiveDate);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "write a day such as `2026-12-25`".to_owned())
    }
}

/// Each who waits holds a call; more than these no machine carries.
const WAITING_MAX: usize = 10_000;
/// Who did not answer five times is not there.
const TRIES_MAX: usize = 5;
const RANK_MAX: usize = 1_000;
/// As many sit behind one address in the largest halls.
const AT_ONCE_MAX: usize = 1_000;
