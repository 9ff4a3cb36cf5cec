//! When a human is brought in, what they are told, and the way back.

use callwright_dialogue_core::{DialogueConfig, TransferReason, TransferResult};
use callwright_model::{ActionKind, CallId, Language, PlanFact, StepState, StepView};

use crate::script::{Core, Stage, play, receipts, retail};

#[test]
fn a_denied_plan_brings_a_human_who_knows_why() {
    let stage = play(
        Language::EN,
        Core::Denies,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "more than I may give"),
        ],
    );
    assert_eq!(stage.transfers, [TransferReason::Refused]);
    let briefing = &stage.briefings[0];
    for part in [
        "plus 1, 5 5 5, 0 1 0 0",
        "identified for K 7 M, 4 X 2",
        "rebook a cancelled flight",
        "Nothing has been changed",
        "150 dollars",
    ] {
        assert!(briefing.contains(part), "`{part}` is not in `{briefing}`");
    }
}

#[test]
fn a_third_wrong_pin_is_not_called_a_misunderstanding() {
    for (language, wish, code, said) in [
        (Language::EN, "my flight was cancelled", "k seven m four x two", "cannot get any further"),
        (Language::ES, "hola, han cancelado mi vuelo", "ka siete eme cuatro equis dos", "no puedo seguir"),
        (Language::KO, "비행기가 취소됐어요", "케이 칠 엠 사 엑스 이", "더 진행할 수 없습니다"),
    ] {
        let mut stage = Stage::new(language, Core::Works);
        stage.caller(wish);
        stage.caller(code);
        stage.keys("1111");
        stage.keys("2222");
        let answer = stage.keys("3333");
        assert!(answer.contains(said), "{answer}");
        assert_eq!(stage.transfers, [TransferReason::NotFound]);
        assert!(stage.briefings[0].contains("could not be found"), "{}", stage.briefings[0]);
    }
}

#[test]
fn a_briefing_says_that_nothing_was_changed_only_when_that_is_known() {
    let nothing = "Nothing has been changed";
    let to_the_yes = ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"];
    let seat = PlanFact::StepCommitted { receipt: receipts()[0].clone() };
    let mut stage = Stage::new(Language::EN, Core::Slow);
    stage.caller("let me talk to a person");
    assert!(stage.briefings[0].contains(nothing), "{}", stage.briefings[0]);

    let mut stage = Stage::new(Language::EN, Core::Slow);
    to_the_yes.iter().for_each(|words| drop(stage.caller(words)));
    let running = stage.dialogue.briefing().text().into_inner();
    assert!(!running.contains(nothing) && running.contains("A plan is running"), "{running}");
    stage.event(1, seat.clone());
    let running = stage.dialogue.briefing().text().into_inner();
    assert!(running.contains("These steps are done: assign seat."), "{running}");
    stage.event(2, PlanFact::InDoubt { step: 4 });
    let doubt = &stage.briefings[0];
    assert!(!doubt.contains(nothing) && doubt.contains("These steps are done: assign seat."), "{doubt}");
    assert!(doubt.contains("Nobody can tell"), "{doubt}");

    let mut stage = Stage::new(Language::EN, Core::Slow);
    to_the_yes.iter().for_each(|words| drop(stage.caller(words)));
    stage.event(1, seat.clone());
    stage.dialogue.handle_core_unavailable(stage.now);
    stage.settle();
    let lost = stage.briefings[0].clone();
    assert!(!lost.contains(nothing) && lost.contains("assign seat"), "{lost}");
    let PlanFact::StepCommitted { receipt } = seat else { panic!("it is one") };
    let (number, kind) = (receipt.step, ActionKind::Write);
    let step = StepView { number, action: receipt.action, kind, state: StepState::Undone };
    stage.event(2, PlanFact::StepUndone { step });
    stage.event(3, PlanFact::Failed { words: "rebook-failed".to_owned(), step: 4, reason: String::new() });
    let settled = stage.dialogue.briefing().text().into_inner();
    assert!(settled.contains(nothing) && !settled.contains("Nobody can tell"), "{settled}");
}

#[test]
fn what_was_given_is_not_what_was_proved() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    // The shop's core of this stage verifies nobody, however much it is given.
    for words in ["i would like to return something", "804215", "3067", "number one"] {
        stage.caller(words);
    }
    assert!(stage.dialogue.briefing().verified.reveal().contains("not been identified"));
}

#[test]
fn three_misunderstandings_bring_a_human() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("purple elephants dance").contains("did not get that"));
    assert!(stage.caller("purple elephants dance").contains("I can"));
    assert!(stage.caller("purple elephants dance").contains("find a colleague"));
    assert_eq!(stage.transfers, [TransferReason::Misunderstood]);
}

#[test]
fn a_human_is_a_sentence_away_at_any_time() {
    let wish = "let me talk to a person";
    let scripts: [&[&str]; 4] = [
        &[],
        &["my flight was cancelled"],
        &["my flight was cancelled", "k seven m four x two", "four eight two one"],
        &["my flight was cancelled", "k seven m four x two", "four eight two one", "one"],
    ];
    for script in scripts {
        let mut stage = Stage::new(Language::EN, Core::Works);
        for words in script {
            stage.caller(words);
        }
        stage.caller(wish);
        assert_eq!(stage.transfers, [TransferReason::Asked], "after {script:?}");
    }
}

#[test]
fn a_core_that_is_gone_brings_a_human() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.dialogue.handle_core_unavailable(stage.now);
    stage.settle();
    assert_eq!(stage.transfers, [TransferReason::InDoubt]);
    assert_eq!(stage.claims(), 0);
}

#[test]
fn a_caller_who_comes_back_from_a_human_goes_on() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller("operator");
    stage.dialogue.handle_transfer(TransferResult::Connected, stage.now);
    stage.settle();
    assert_eq!(stage.dialogue.poll_timeout(), None);
    stage.dialogue.handle_transfer(TransferResult::Returned, stage.now);
    stage.settle();
    assert!(stage.last().text.contains("back with me"));
    assert!(stage.caller("my flight was cancelled").contains("booking code"));
}
