//! How the manager asks, confirms, repairs, and says where it stands; who is identified; how calls end.

use std::sync::Arc;
use std::time::Duration;

use callwright_dialogue_core::{DialogueConfig, Intent, Note, Pack, SayKind, TransferReason, TransferResult};
use callwright_model::{CallId, Language, PlanFact, Value};

use crate::script::{Core, Stage, airline, play, rated, source, started, to_the_read_back};

fn score(stage: &Stage) -> Option<u8> {
    stage.notes.iter().find_map(|note| match note {
        Note::Rated { score } => Some(*score),
        _ => None,
    })
}

fn served() -> Stage {
    let mut stage = Stage::with(rated(CallId(9)), Core::Works);
    assert!(stage.caller("is flight two one two on time").contains("on time"));
    stage
}

#[test]
fn what_was_heard_half_surely_is_said_back_with_the_next_question() {
    const HALF: Option<f32> = Some(0.5);
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert_eq!(
        stage.caller_with("my flight was cancelled", HALF),
        "You would like to rebook a cancelled flight. What is your booking code?"
    );
    assert_eq!(
        stage.caller_with("k seven m four x two", HALF),
        "I heard K 7 M, 4 X 2. And your four digit PIN?"
    );
    assert!(!stage.caller_with("four eight two one", HALF).contains("heard"), "no secret is said");
}

#[test]
fn a_no_takes_back_what_was_said_back() {
    const HALF: Option<f32> = Some(0.5);
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller_with("my flight was cancelled", HALF);
    stage.caller("no");
    assert_eq!(stage.dialogue.state(), "open");
    stage.caller("my flight was cancelled");
    stage.caller_with("k seven m four x two", HALF);
    assert!(stage.caller("no").contains("six letters and digits"), "it is asked for again");
    stage.caller("k seven m four x two");
    assert_eq!(
        stage.plans.last().and_then(|plan| plan.inputs.get("code")),
        Some(&Value::Code("K7M4X2".to_owned()))
    );
}

#[test]
fn two_skills_that_are_close_become_a_question() {
    for (answer, skill) in [("the first one", 0), ("the second one", 1), ("2", 1)] {
        let (mut stage, skills) = between();
        stage.caller(answer);
        assert_eq!(
            stage.plans.last().map(|plan| plan.skill.as_str()),
            Some(skills[skill].as_str()),
            "{answer}"
        );
    }
    let (mut stage, skills) = between();
    stage.keys("1");
    assert_eq!(stage.plans.last().map(|plan| plan.skill.as_str()), Some(skills[0].as_str()));
    let (mut stage, _) = between();
    stage.caller("cancel a booking");
    assert_eq!(stage.plans.last().map(|plan| plan.skill.as_str()), Some("cancel"));
    let (mut stage, _) = between();
    assert!(stage.caller("no").contains("tell me in a few words"));
    let (mut stage, _) = between();
    assert!(stage.caller("purple elephants dance").contains("or"));
}

/// A caller whose words lie between two skills, which are in the order in which they are asked about.
fn between() -> (Stage, [String; 2]) {
    let pack = airline();
    let phrases = [
        "change or cancel my flight",
        "cancel or rebook my flight",
        "should I cancel or rebook my cancelled flight",
        "rebook or cancel",
        "my cancelled booking",
        "cancel this cancelled flight booking",
        "the flight cancel change booking",
        "my flight booking change cancel",
        "cancelled flight change refund",
        "cancel or change the flight",
    ];
    for words in phrases {
        let mut stage = Stage::new(Language::EN, Core::Works);
        let answer = stage.caller(words);
        let name = |skill: &str| {
            pack.sentence(&format!("skill-{skill}"), &[].into(), Language::EN).expect("each has one")
        };
        for pair in [["rebook", "cancel"], ["cancel", "rebook"]] {
            if answer == format!("Would you like to {} or {}?", name(pair[0]), name(pair[1])) {
                return (stage, pair.map(str::to_owned));
            }
        }
    }
    panic!("none of the phrases is between two skills any more: put in others");
}

#[test]
fn of_many_skills_a_few_are_offered_and_the_likeliest_first() {
    let mut source = source("airline");
    let status = source.files["skills/status.yaml"].clone();
    for place in ["lounge", "meal", "wheelchair", "upgrade"] {
        source.files.insert(
            format!("skills/{place}.yaml"),
            status.replace("skill: status", &format!("skill: {place}")),
        );
        for language in ["de", "en", "es", "ko"] {
            let mut add = |file: String, text: String| {
                source.files.get_mut(&file).expect("it is there").push_str(&text)
            };
            add(format!("words/{language}.ftl"), format!("\nskill-{place} = order a {place}\n"));
            let lines: Vec<String> = (0..8).map(|number| format!("  - {place} wish {number}\n")).collect();
            add(format!("examples/{language}.yaml"), format!("{place}:\n{}", lines.concat()));
        }
    }
    let pack = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    // Words that are no wish, and nearest to this one.
    let thin = (1..20).map(|more| format!("wheelchair{}", " elephants".repeat(more)));
    let words = thin.into_iter().find(|words| {
        let reading = pack.read(words, Language::EN);
        let wheelchair = Intent::Skill("wheelchair".to_owned());
        reading.intent == Intent::None
            && reading.seconds.first().is_some_and(|(second, _)| *second == wheelchair)
    });
    let words = words.expect("enough elephants are no wheelchair");
    let mut stage = Stage::with(DialogueConfig::new(Arc::new(pack), CallId(9)), Core::Works);
    stage.caller(&words);
    let answer = stage.caller(&words);
    assert!(answer.starts_with("I can order a wheelchair, "), "{answer}");
    assert_eq!(answer.matches(", ").count() + answer.matches(" or ").count(), 3, "four of seven: {answer}");
}

#[test]
fn what_takes_long_is_told_in_the_words_of_the_action() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.event(1, PlanFact::StepStarted { step: started(1, "assign_seat") });
    assert_eq!(stage.wait(Duration::from_secs(3)), "I am getting you a seat.");
    assert!(stage.wait(Duration::from_secs(9)).contains("still working"), "the same is not said twice");
    stage.event(2, PlanFact::StepStarted { step: started(2, "send_confirmation") });
    assert_eq!(stage.wait(Duration::from_secs(9)), "I am sending you a confirmation.");
}

#[test]
fn wrong_identities_are_counted_over_the_whole_call() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("one two three four", "does not belong"),
            ("i want to cancel my booking", "PIN"),
            ("one two three five", "does not belong"),
        ],
    );
    assert_eq!(stage.transfers, []);
    assert!(stage.caller("one two three six").contains("does not belong"));
    assert_eq!(stage.transfers, [TransferReason::NotFound]);
    stage.dialogue.handle_transfer(TransferResult::Unavailable, stage.now);
    stage.settle();
    stage.caller("no");
    // Nobody tries on after that, by another skill.
    stage.caller("my flight was cancelled");
    assert_eq!(stage.transfers.len(), 2);
}

#[test]
fn the_number_that_somebody_calls_from_may_tell_who_they_are() {
    let mut source = source("airline");
    let pack = source.files.get_mut("pack.yaml").expect("it is there");
    *pack = pack.replace("inputs: [code, pin]", "inputs: [flight, pin], caller: flight");
    let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
    let call = |caller: Option<&str>| {
        let mut config = DialogueConfig::new(pack.clone(), CallId(9));
        config.caller = caller.map(|caller| caller.to_owned().into());
        let mut stage = Stage::with(config, Core::Works);
        let answer = stage.caller("is my flight on time");
        (stage.plans.last().and_then(|plan| plan.inputs.get("flight")).cloned(), answer)
    };
    assert_eq!(call(Some("+1 555 0100")).0, Some(Value::Code("100".to_owned())));
    assert!(call(None).1.contains("three digits"));
    assert!(call(Some("anonymous")).1.contains("three digits"));
}

#[test]
fn a_caller_who_was_served_is_asked_how_satisfied_they_are() {
    for (answer, wanted) in [("five", 5), ("very satisfied", 5), ("it was terrible", 1), ("2", 2)] {
        let mut stage = served();
        assert!(stage.caller("no thank you").contains("how satisfied are you"), "{answer}");
        assert!(!stage.hung_up);
        assert!(stage.caller(answer).contains("Goodbye"), "{answer}");
        assert!(stage.hung_up);
        assert_eq!(score(&stage), Some(wanted), "{answer}");
    }
    let mut stage = served();
    stage.caller("goodbye");
    assert!(stage.keys("4").contains("Goodbye"));
    assert_eq!(score(&stage), Some(4));
}

#[test]
fn nobody_must_rate() {
    for answers in [&["no"][..], &["goodbye"], &["purple elephants dance", "purple elephants dance"]] {
        let mut stage = served();
        stage.caller("no thank you");
        for answer in answers {
            assert!(!stage.hung_up);
            stage.caller(answer);
        }
        assert!(stage.hung_up, "{answers:?}");
        assert_eq!(score(&stage), None);
    }
    let mut stage = served();
    stage.caller("no thank you");
    assert!(stage.wait(Duration::from_secs(20)).contains("Goodbye"));
    let mut stage = served();
    stage.caller("no thank you");
    stage.caller("let me talk to a person");
    assert_eq!(stage.transfers, [TransferReason::Asked]);
    let mut stage = served();
    stage.caller("no thank you");
    assert!(stage.caller("i want to cancel my booking").contains("booking code"), "there is more, after all");
    let mut unserved = Stage::with(rated(CallId(9)), Core::Works);
    unserved.caller("goodbye");
    assert!(unserved.hung_up, "nothing was done that could be rated");
}

#[test]
fn a_read_back_follows_the_same_way_whatever_was_asked_between() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    stage.caller("how much does that cost");
    assert_eq!(stage.last().kind, SayKind::ReadBack);
}
