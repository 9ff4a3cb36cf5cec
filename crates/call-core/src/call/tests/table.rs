//! The table of states in ARCHITECTURE.md, made by walking the machine through everything that it can be told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::path::Path;

use super::*;

/// What the walk has seen of one state.
#[derive(Default)]
struct Row {
    hears: BTreeSet<&'static str>,
    timers: BTreeMap<Timer, BTreeSet<&'static str>>,
    exits: BTreeMap<&'static str, BTreeSet<Fact>>,
}

/// Walks to every state that facts and timers can lead to. Two calls that differ in times only are one.
fn walk(how: How, facts: &[Fact]) -> BTreeMap<&'static str, Row> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(Call::new(Config::default(), at(0)), at(0))]);
    while let Some((call, now)) = open.pop_front() {
        if !seen.insert(shape(&call)) {
            continue;
        }
        let row = rows.entry(call.state()).or_default();
        row.hears.insert(caller_hears(&call));
        let mut next = Vec::new();
        if let Some((due, timer)) = call.poll_timeout() {
            let mut later = call.clone();
            later.handle_timeout(due);
            row.timers.entry(timer).or_default().insert(later.state());
            next.push((later, due));
        }
        // The comfort hides what the longer timer leads to.
        if let Some((due, timer)) = call.deadline() {
            let mut later = call.clone();
            later.handle_timeout(due);
            row.timers.entry(timer).or_default().insert(later.state());
            next.push((later, due));
        }
        for fact in facts {
            let mut told = call.clone();
            fact.tell(&mut told, how, now);
            if told.state() != call.state() {
                row.exits.entry(told.state()).or_default().insert(*fact);
            }
            next.push((told, now));
        }
        for (mut call, now) in next {
            outputs(&mut call);
            open.push_back((call, now));
        }
    }
    rows
}

fn shape(call: &Call) -> String {
    let mut call = call.clone();
    call.since = MonoTime::ZERO;
    if let Some(comfort) = call.stage.comfort_at() {
        *comfort = MonoTime::ZERO;
    }
    match &mut call.supervision {
        Supervision::Nobody => {}
        Supervision::Ringing { since, .. } | Supervision::Present { since, .. } => *since = MonoTime::ZERO,
    }
    format!("{:?} {:?} {:?} {:?}", call.stage, call.supervision, call.caller_holds, call.human_holds)
}

fn caller_hears(call: &Call) -> &'static str {
    let hears = call.sound_now().caller;
    match (hears.human, hears.hold, hears.agent) {
        (true, _, _) => "the human, or hold sound while they hold in silence",
        (false, true, _) => "hold sound, and the agent",
        (false, false, true) => "the agent",
        (false, false, false) => "nothing",
    }
}

fn seconds(timer: Timer) -> String {
    let config = Config::default();
    let (name, length) = match timer {
        Timer::Announce => ("announce", config.announce_max),
        Timer::Seek => ("seek", config.seek_max),
        Timer::Ring => ("ring", config.ring_max),
        Timer::Brief => ("brief", config.brief_max),
        Timer::Accept => ("accept", config.accept_max / 2),
        Timer::Connect => ("connect", config.connect_max),
        Timer::Refer => ("refer", config.refer_max),
        Timer::Comfort => ("comfort", config.comfort_every),
        Timer::Probe => ("probe", config.probe_every),
        Timer::SupervisorRing => ("supervisor", config.ring_max),
    };
    format!("{name} {} s", length.as_secs())
}

fn words(fact: Fact) -> String {
    let mut words = String::new();
    for letter in format!("{fact:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn table() -> String {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    // A supervisor is walked apart: their part is the same in every state.
    let facts: Vec<Fact> = Fact::ALL.into_iter().filter(|fact| *fact < Fact::Listen).collect();
    for how in [How::Warm, How::Blind, How::Attended] {
        for (state, row) in walk(how, &facts) {
            let all = rows.entry(state).or_default();
            all.hears.extend(row.hears);
            for (timer, to) in row.timers {
                all.timers.entry(timer).or_default().extend(to);
            }
            for (to, facts) in row.exits {
                all.exits.entry(to).or_default().extend(facts);
            }
        }
    }
    let mut text =
        rendered("| state | the caller hears | timer, and where it leads | what else leads where |", &rows);
    text.push('\n');
    text + &supervisors_table()
}

/// One line for each state.
fn rendered(head: &str, rows: &BTreeMap<&'static str, Row>) -> String {
    let mut text = format!("{head}\n|---|---|---|---|\n");
    for (state, row) in rows {
        let hears = row.hears.iter().copied().collect::<Vec<_>>().join("; ");
        let timers = row
            .timers
            .iter()
            .map(|(timer, to)| {
                format!("{}: {}", seconds(*timer), to.iter().copied().collect::<Vec<_>>().join(", "))
            })
            .collect::<Vec<_>>()
            .join("; ");
        let exits = row
            .exits
            .iter()
            .map(|(to, facts)| {
                let facts: Vec<String> = facts.iter().map(|fact| words(*fact)).collect();
                format!("{to}: {}", facts.join(", "))
            })
            .collect::<Vec<_>>()
            .join("; ");
        writeln!(text, "| {state} | {hears} | {timers} | {exits} |").expect("strings grow");
    }
    text
}

/// A supervisor's part, beside the agent alone and beside a human.
fn supervisors_table() -> String {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([(Call::new(Config::default(), at(0)), at(0)), (bridged(), at(1))]);
    while let Some((call, now)) = open.pop_front() {
        if !seen.insert(shape(&call)) {
            continue;
        }
        let row = rows.entry(call.supervision()).or_default();
        row.hears.insert(supervisor_is_heard(&call));
        let mut next = Vec::new();
        if let Some((due, timer)) = call.supervisor_deadline() {
            let mut later = call.clone();
            later.handle_timeout(due);
            row.timers.entry(timer).or_default().insert(later.supervision());
            next.push((later, due));
        }
        for fact in Fact::ALL.into_iter().filter(|fact| *fact >= Fact::Listen) {
            let mut told = call.clone();
            fact.tell(&mut told, How::Warm, now);
            if told.supervision() != call.supervision() {
                row.exits.entry(told.supervision()).or_default().insert(fact);
            }
            next.push((told, now));
        }
        for (mut call, now) in next {
            outputs(&mut call);
            open.push_back((call, now));
        }
    }
    rendered("| supervisor | who hears them | timer, and where it leads | what else leads where |", &rows)
}

fn supervisor_is_heard(call: &Call) -> &'static str {
    let sound = call.sound_now();
    match (sound.caller.supervisor, sound.human.supervisor) {
        (true, true) => "caller and human",
        (true, false) => "the caller, of whom the agent has the call",
        (false, true) => "the human",
        (false, false) => "nobody",
    }
}

/// `CALLWRIGHT_WRITE_TABLES=1` writes it anew.
#[test]
fn the_table_of_states_is_what_the_machine_does() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    let text = std::fs::read_to_string(&file).expect("it is in the repository");
    let (before, rest) = text.split_once(BEGIN).expect("the begin of the table is marked");
    let (there, after) = rest.split_once(END).expect("the end of the table is marked");
    let table = format!("\n{}", table());
    if std::env::var_os("CALLWRIGHT_WRITE_TABLES").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{table}{END}{after}")).expect("it can be written");
    } else {
        assert_eq!(there, table, "write it anew with CALLWRIGHT_WRITE_TABLES=1");
    }
}

#[test]
fn every_state_has_a_timer_and_an_exit() {
    for how in [How::Warm, How::Blind, How::Attended] {
        for (state, row) in walk(how, &Fact::ALL) {
            assert!(state == "over" || !row.timers.is_empty(), "{state} has no timer");
            assert!(state == "over" || !row.exits.is_empty(), "{state} has no exit");
            assert!(state != "over" || row.timers.is_empty() && row.exits.is_empty(), "there is a way back");
        }
    }
}

const BEGIN: &str = "<!-- call states: made by callwright-call-core's tests -->\n";
const END: &str = "\n<!-- end of call states -->";
