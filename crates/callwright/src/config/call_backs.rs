//! `[call_backs]`: whether callers are promised to be called back at a time, and how that is kept.

use std::time::Duration;

use callwright_call_core::queue::Hours;

use super::Trunk;
use super::humans::read_hours;
use super::reader::{Reader, Section};
use super::values::{Length, Whole};

/// `[call_backs]`
#[derive(Debug, Clone, PartialEq)]
pub struct CallBacks {
    /// Whether times are promised, and this gateway keeps promises. Without it people work through the list.
    pub enabled: bool,
    /// So many tries; then people have it.
    pub tries: usize,
    /// How long is waited after a try that reached nobody.
    pub pause: Duration,
    /// How long a time is that is promised.
    pub window: Duration,
    /// Nobody is called sooner.
    pub soonest: Duration,
    /// Calls at one time, by this gateway.
    pub at_once: usize,
    /// How long a phone rings.
    pub ring: Duration,
    /// For how long a gateway has a call back to itself. Who dies meanwhile is stood in for after it.
    pub lease: Duration,
    /// How often the action core is asked for what is due.
    pub poll: Duration,
    /// The trunk that numbers are called by, with its caller id; unset means whichever takes them.
    pub trunk: Option<String>,
    /// How numbers begin that may be called; empty means those that a trunk takes.
    pub numbers: Vec<String>,
    /// When people may be called, within the working hours of the line's humans; and the zone that callers live in.
    pub hours: Hours,
}

impl Default for CallBacks {
    /// None: people work through the list.
    fn default() -> Self {
        Self {
            enabled: false,
            tries: 3,
            pause: Duration::from_secs(600),
            window: Duration::from_secs(1_800),
            soonest: Duration::from_secs(120),
            at_once: 2,
            ring: Duration::from_secs(30),
            lease: Duration::from_secs(120),
            poll: Duration::from_secs(5),
            trunk: None,
            numbers: Vec::new(),
            hours: Hours::default(),
        }
    }
}

pub(super) fn read(reader: &mut Reader, root: &mut Section<'_, '_>, trunks: &[Trunk]) -> CallBacks {
    let mut section = reader.section(root, "call_backs");
    let usual = CallBacks::default();
    let config = CallBacks {
        enabled: reader.parse_or(&mut section, "enabled", usual.enabled),
        tries: reader.parse_or(&mut section, "tries", Whole::<1, TRIES_MAX>(usual.tries)).0,
        pause: reader.parse_or(&mut section, "pause", Length(usual.pause)).0,
        window: reader.parse_or(&mut section, "window", Length(usual.window)).0,
        soonest: reader.parse_or(&mut section, "soonest", Length(usual.soonest)).0,
        at_once: reader.parse_or(&mut section, "at_once", Whole::<1, AT_ONCE_MAX>(usual.at_once)).0,
        ring: reader.parse_or(&mut section, "ring", Length(usual.ring)).0,
        lease: reader.parse_or(&mut section, "lease", Length(usual.lease)).0,
        poll: reader.parse_or(&mut section, "poll", Length(usual.poll)).0,
        trunk: reader.parse(&mut section, "trunk"),
        numbers: reader.list(&mut section, "numbers").unwrap_or_default(),
        hours: read_hours(reader, &mut section),
    };
    let too_short = config.lease < config.ring + ANSWERED_MAX;
    if too_short || config.lease > LEASE_MAX {
        let what = format!(
            "`call_backs.lease` must be at least {} s longer than `call_backs.ring`, and at most {} s",
            ANSWERED_MAX.as_secs(),
            LEASE_MAX.as_secs()
        );
        reader.problem(section.at("lease"), what).help =
            Some("another gateway calls the same caller once a lease has ended".to_owned());
    }
    if config.window.is_zero() || config.window > DAY || config.pause > DAY {
        let what =
            "`call_backs.window` must be more than nothing, and neither it nor `pause` more than a day";
        reader.problem(section.at("window"), what.to_owned());
    }
    if config.poll < POLL_MIN {
        let what = format!("`call_backs.poll` is less than {} ms", POLL_MIN.as_millis());
        reader.problem(section.at("poll"), what);
    }
    if let Some(unknown) = config.trunk.as_ref().filter(|name| trunks.iter().all(|it| it.name() != *name)) {
        let what = format!("there is no trunk `{unknown}`");
        reader.problem(section.at("trunk"), what);
    }
    reader.close(section);
    config
}

/// As many as the action core takes.
const TRIES_MAX: usize = 10;
const AT_ONCE_MAX: usize = 100;
/// Greeting, question and answer take less; then it is known whether a person is there.
const ANSWERED_MAX: Duration = Duration::from_secs(30);
const LEASE_MAX: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);
/// Each asks the action core's journal.
const POLL_MIN: Duration = Duration::from_millis(200);
