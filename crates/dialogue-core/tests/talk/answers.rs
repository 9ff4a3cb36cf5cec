//! Answers of each type: what is taken at once, what is read back first, and what is noted of it.

use std::sync::Arc;

use callwright_dialogue_core::{Clock, DialogueConfig, Note, Pack};
use callwright_model::{CallId, Language, Money, MonoTime, Value};

use crate::script::{Core, Stage, source};

/// A stage where the status of a flight is asked by something of another type, on Wednesday, 2026-11-25, at ten.
fn asking(slot: &str) -> Stage {
    let mut source = source("airline");
    let file = source.files.get_mut("skills/status.yaml").expect("the skill is there");
    *file = file.replace("type: digits, length: 3", slot);
    let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
    let mut config = DialogueConfig::new(pack, CallId(7));
    config.clock = Some(Clock::new(1_795_600_800_000, MonoTime::ZERO, chrono_tz::Tz::UTC));
    let mut stage = Stage::with(config, Core::Works);
    stage.caller("is my flight on time");
    stage
}

fn answered(stage: &Stage) -> Option<&Value> {
    stage.plans.last()?.inputs.get("flight")
}

#[test]
fn a_day_is_understood_by_the_callers_calendar() {
    let mut stage = asking("type: date");
    stage.caller("well, next Friday please");
    assert_eq!(answered(&stage), Some(&Value::Date("2026-12-04".to_owned())));
    let noted = stage.notes.iter().find_map(|note| match note {
        Note::Taken { input, heard, value, sure, language, .. } => {
            Some((input.as_str(), heard.reveal().as_str(), value.reveal().as_str(), *sure, *language))
        }
        _ => None,
    });
    assert_eq!(noted, Some(("flight", "next Friday", "2026-12-04", 1.0, Language::EN)));
}

#[test]
fn what_leaves_something_open_is_read_back() {
    let mut stage = asking("type: time");
    let said = stage.caller("at three");
    assert!(said.contains("3 in the afternoon"), "{said}");
    assert_eq!(answered(&stage), None);
    stage.caller("yes");
    assert_eq!(answered(&stage), Some(&Value::Time("15:00".to_owned())));
}

#[test]
fn another_answer_to_the_read_back_takes_its_place() {
    let mut stage = asking("type: time");
    stage.caller("at three");
    stage.caller("no, at three in the morning");
    assert_eq!(answered(&stage), Some(&Value::Time("03:00".to_owned())));
}

#[test]
fn dates_amounts_and_times_may_be_keyed() {
    let mut stage = asking("type: date");
    stage.keys("1204#");
    assert_eq!(answered(&stage), Some(&Value::Date("2026-12-04".to_owned())));
    let mut stage = asking("type: date, lean: past");
    stage.keys("19810505#");
    assert_eq!(answered(&stage), Some(&Value::Date("1981-05-05".to_owned())));
    let mut stage = asking("type: number, min: 1, max: 9");
    stage.keys("4#");
    assert_eq!(answered(&stage), Some(&Value::Int(4)));
    let mut stage = asking("type: time");
    stage.keys("1630#");
    assert_eq!(answered(&stage), Some(&Value::Time("16:30".to_owned())));
}

#[test]
fn an_amount_is_of_the_currency_that_the_skill_names() {
    let mut stage = asking("type: money, currency: EUR");
    let said = stage.caller("twelve fifty");
    assert!(said.contains("12 euros and 50 cents"), "{said}");
    stage.caller("yes");
    let money = Money { minor: 1_250, currency: "EUR".to_owned() };
    assert_eq!(answered(&stage), Some(&Value::Money(money)));
}

#[test]
fn what_is_beyond_its_bounds_is_asked_for_again() {
    let mut stage = asking("type: number, max: 9");
    stage.caller("twelve");
    assert_eq!(answered(&stage), None);
    stage.caller("nine");
    assert_eq!(answered(&stage), Some(&Value::Int(9)));
}
