//! May the call be recorded?

use std::time::Duration;

use callwright_dialogue_core::DialogueConfig;
use callwright_model::{CallId, Language};

use crate::script::{Core, Stage, airline};

fn asked(language: Language) -> Stage {
    let mut config = DialogueConfig::new(airline(), CallId(7));
    config.language = language;
    config.ask_recording = true;
    Stage::with(config, Core::Works)
}

fn answer(stage: &Stage) -> Vec<(&str, bool)> {
    stage.consents.iter().map(|(what, given)| (what.as_str(), *given)).collect()
}

#[test]
fn a_yes_is_a_consent_that_plans_are_asked_with() {
    for (language, yes) in [(Language::EN, "yes please"), (Language::ES, "sí"), (Language::KO, "네")] {
        let mut stage = asked(language);
        assert_eq!(stage.said.len(), 1, "nothing else is said before: {:?}", stage.said);
        let said = stage.caller(yes);
        assert_eq!(answer(&stage), [("recording", true)], "{language}: {said}");
        assert_eq!(stage.dialogue.state(), "open");
    }
    let mut stage = asked(Language::EN);
    stage.keys("1");
    stage.caller("my flight was cancelled");
    assert!(stage.plans[0].consents.contains("recording"), "{:?}", stage.plans);
}

#[test]
fn a_no_keeps_the_call_going_and_is_no_consent() {
    for no in ["no", "no I don't want that"] {
        let mut stage = asked(Language::EN);
        let said = stage.caller(no);
        assert!(said.contains("not recorded") && said.contains("airline"), "{said}");
        assert_eq!(answer(&stage), [("recording", false)]);
        stage.caller("my flight was cancelled");
        assert!(stage.plans[0].consents.is_empty());
    }
    let mut stage = asked(Language::EN);
    stage.keys("2");
    assert_eq!((answer(&stage), stage.hung_up), (vec![("recording", false)], false));
}

#[test]
fn who_says_what_they_want_instead_is_served_and_not_recorded() {
    let mut stage = asked(Language::EN);
    stage.caller("my flight was cancelled");
    assert_eq!((answer(&stage), stage.plans.len()), (vec![("recording", false)], 1));
    let mut stage = asked(Language::EN);
    stage.keys("0");
    assert_eq!((answer(&stage), stage.transfers.len()), (vec![("recording", false)], 1));
}

#[test]
fn who_cannot_be_understood_is_asked_once_more_and_then_not_recorded() {
    let mut stage = asked(Language::EN);
    stage.caller("the purple table sang to the lamp");
    assert!(answer(&stage).is_empty());
    stage.caller("the purple table sang to the lamp");
    assert_eq!((answer(&stage), stage.dialogue.state()), (vec![("recording", false)], "open"));
}

#[test]
fn silence_is_no_consent() {
    let mut stage = asked(Language::EN);
    let said = stage.wait(Duration::from_secs(12));
    assert!(said.contains("not recorded"), "{said}");
    assert_eq!((answer(&stage), stage.hung_up), (vec![("recording", false)], false));
}

#[test]
fn a_yes_to_a_question_that_was_not_heard_is_none() {
    let mut config = DialogueConfig::new(airline(), CallId(7));
    config.ask_recording = true;
    let mut stage = Stage::with(config, Core::Works);
    stage.ears = false;
    stage.caller("say that again");
    let again = stage.last().id;
    stage.played(again, 0.1);
    stage.caller("yes");
    assert!(answer(&stage).is_empty(), "{:?}", stage.said);
}
