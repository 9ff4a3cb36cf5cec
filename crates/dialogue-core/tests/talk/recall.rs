//! Callers who have called before: what is told of it, when, and to whom it is not.

use std::sync::Arc;
use std::time::Duration;

use callwright_dialogue_core::{DialogueConfig, Note, Pack, SayKind};
use callwright_model::{
    CallId, Language, NeedWhy, PastPlan, PastStanding, PlanId, PlanReply, Recalled, Receipt, Record, Value,
};

use crate::script::{Core, Remembers, Stage, plan, receipts, source};

fn past(standing: PastStanding) -> PastPlan {
    PastPlan { plan: PlanId("plan-0".to_owned()), skill: "rebook".to_owned(), heard: false, standing }
}

fn done() -> PastStanding {
    let of_then = |receipt| Receipt { plan: PlanId("plan-0".to_owned()), ..receipt };
    let receipts = receipts().into_iter().map(of_then).collect();
    PastStanding::Completed { words: "rebook-done".to_owned(), receipts }
}

fn known(plans: Vec<PastPlan>) -> Recalled {
    Recalled { sure: true, plans, ..Recalled::default() }
}

/// A caller of whom this is known, before they have shown who they are.
fn before_the_pin(language: Language, recalled: Recalled) -> Stage {
    let mut stage = Stage::new(language, Core::Works);
    stage.remembers = Remembers::Known(recalled);
    let wish = match language.to_string().as_str() {
        "es" => "cancelaron mi vuelo y necesito otro",
        "ko" => "항공편이 취소되어서 새 항공편이 필요해요",
        "de" => "mein flug wurde gestrichen",
        _ => "my flight was cancelled",
    };
    stage.caller(wish);
    stage.caller("K7M4X2");
    assert!(stage.recalls.is_empty(), "nobody is asked about by a name alone");
    stage
}

fn remembered(stage: &Stage) -> Vec<String> {
    let noted = |note: &Note| match note {
        Note::Remembered { what, which } => Some(format!("{what} {which}")),
        _ => None,
    };
    stage.notes.iter().filter_map(noted).collect()
}

#[test]
fn who_hung_up_in_mid_plan_hears_after_the_pin_how_it_ended_and_once() {
    let mut stage = before_the_pin(Language::EN, known(vec![past(done())]));
    let heard = stage.caller("4821");
    let place = |what: &str| heard.find(what).unwrap_or_else(|| panic!("`{what}` is not in: {heard}"));
    assert!(
        place("last time you wanted to rebook a cancelled flight") < place("Your seat is 14 C"),
        "{heard}"
    );
    assert!(
        place("A confirmation is on its way") < place("1: at 10:15"),
        "before the next question: {heard}"
    );
    assert_eq!((stage.claims(), &stage.heard), (1, &vec![PlanId("plan-0".to_owned())]));
    assert_eq!(stage.recalls, [plan()], "asked once");
    assert_eq!(remembered(&stage), ["outcome rebook"]);
    let heard = stage.caller("the first one");
    assert!(!heard.contains("last time"), "{heard}");
    stage.caller("yes");
    assert_eq!(stage.heard, [PlanId("plan-0".to_owned()), plan()], "what is done in this call is heard too");
    assert_eq!(stage.recalls, [plan()], "they are known by now");
}

#[test]
fn what_was_heard_and_what_is_nobodys_is_not_told() {
    let heard = PastPlan { heard: true, ..past(done()) };
    let unknown = PastPlan { skill: "dance".to_owned(), ..past(done()) };
    let claimless = past(PastStanding::Completed { words: "rebook-done".to_owned(), receipts: Vec::new() });
    let unsure = Recalled { sure: false, ..known(vec![past(done())]) };
    for recalled in [known(vec![heard]), known(vec![unknown]), known(vec![claimless]), unsure] {
        let mut stage = before_the_pin(Language::EN, recalled.clone());
        let answer = stage.caller("4821");
        assert!(answer.contains("1: at 10:15") && !answer.to_lowercase().contains("last time"), "{answer}");
        assert_eq!((stage.claims(), stage.heard.len()), (0, 0));
        stage.caller("the first one");
        // Who is not known surely enough yet may be later.
        assert_eq!(stage.recalls.len(), if recalled.sure { 1 } else { 2 });
    }
}

#[test]
fn a_core_that_does_not_answer_holds_nobody_up_and_a_late_answer_changes_nothing() {
    let mut stage = before_the_pin(Language::EN, known(vec![]));
    stage.remembers = Remembers::Silent;
    assert_eq!(stage.caller("4821"), "");
    assert_eq!(stage.wait(Duration::from_millis(249)), "");
    assert!(stage.wait(Duration::from_millis(1)).contains("1: at 10:15"));
    let (before, ask) = (stage.said.len(), stage.asked.expect("it was asked"));
    stage.dialogue.handle_recalled(ask, Some(known(vec![past(done())])), stage.now);
    stage.settle();
    assert_eq!(stage.heard_since(before), "");
    assert!(stage.caller("the first one").contains("10:15"), "and is not held up again");
    assert_eq!((stage.dialogue.state(), stage.recalls.len()), ("read_back", 1));
}

#[test]
fn who_speaks_meanwhile_loses_nothing() {
    let mut stage = before_the_pin(Language::EN, known(vec![]));
    stage.remembers = Remembers::Silent;
    stage.caller("4821");
    let ask = stage.asked.expect("it was asked");
    stage.dialogue.handle_speech_started(callwright_model::TurnId(9), stage.now);
    stage.dialogue.handle_recalled(ask, Some(known(vec![past(done())])), stage.now);
    stage.settle();
    let before = stage.said.len();
    stage.dialogue.handle_speech_discarded(callwright_model::TurnId(9), stage.now);
    stage.settle();
    let heard = stage.heard_since(before);
    assert!(
        heard.contains("last time") && heard.contains("14 C") && heard.contains("1: at 10:15"),
        "{heard}"
    );
    assert_eq!(stage.heard.len(), 1);
}

#[test]
fn what_was_cut_short_was_not_heard_and_is_told_again() {
    let mut stage = before_the_pin(Language::EN, known(vec![past(done())]));
    stage.ears = false;
    stage.caller("4821");
    let claim = stage.said.iter().find(|saying| saying.kind == SayKind::Claim).expect("it is told").id;
    stage.played(claim, 0.2);
    assert!(stage.heard.is_empty());
    stage.ears = true;
    let heard = stage.caller("the first one");
    assert!(heard.contains("14 C"), "{heard}");
    assert_eq!(stage.heard.len(), 1);
}

#[test]
fn each_way_that_it_may_stand_is_told_in_each_language() {
    let failed = |words: &str| PastStanding::Failed { words: words.to_owned(), facts: Record::new() };
    let standings = [
        (done(), ["You are booked", "Tiene plaza", "예약되었습니다", "Sie sind auf den Flug"]),
        (failed("rebook-failed"), ["could not rebook", "no he podido", "못했습니다", "nicht umbuchen"]),
        (
            failed("of-another-day"),
            ["could not be done", "No se pudo hacer", "바뀐 것은 없습니다", "nicht möglich"],
        ),
        (PastStanding::InDoubt, ["looking into it", "revisando", "담당자가", "sieht es sich"]),
        (PastStanding::Running, ["being worked on", "Todavía estamos", "처리 중", "noch in Arbeit"]),
        (PastStanding::AwaitingApproval, ["to approve it", "aprobación", "승인을 기다", "genehmigen"]),
    ];
    for (standing, wanted) in standings {
        let ended = !matches!(standing, PastStanding::Running | PastStanding::AwaitingApproval);
        for (language, wanted) in ["en", "es", "ko", "de"].into_iter().zip(wanted) {
            let language: Language = language.parse().expect("a language");
            let mut stage = before_the_pin(language, known(vec![past(standing.clone())]));
            let heard = stage.caller("4821");
            assert!(heard.contains(wanted), "{language}: {heard}");
            assert_eq!(stage.claims(), usize::from(standing == done()), "{heard}");
            assert_eq!(stage.heard.len(), usize::from(ended), "what has not ended is told again: {heard}");
        }
    }
}

#[test]
fn who_has_not_heard_of_many_hears_of_the_newest_in_order() {
    let named = |number: u8, standing| PastPlan { plan: PlanId(format!("past-{number}")), ..past(standing) };
    let failed = PastStanding::Failed { words: "rebook-failed".to_owned(), facts: Record::new() };
    let plans = vec![named(3, PastStanding::InDoubt), named(2, failed), named(1, done())];
    let mut stage = before_the_pin(Language::EN, known(plans));
    let heard = stage.caller("4821");
    let place = |what: &str| heard.find(what).unwrap_or_else(|| panic!("`{what}` is not in: {heard}"));
    assert!(place("could not rebook") < place("looking into it"), "{heard}");
    assert!(!heard.contains("14 C"), "{heard}");
}

#[test]
fn what_was_left_open_is_offered_when_the_wish_is_done() {
    let open = Recalled { left_open: Some("cancel".to_owned()), ..known(vec![]) };
    for (answer, wanted) in [("yes", "cancel"), ("no thanks", "rebook")] {
        let mut stage = before_the_pin(Language::EN, open.clone());
        stage.caller("4821");
        stage.caller("the first one");
        let heard = stage.caller("yes");
        assert!(
            heard.contains("not get to the end of last time. Would you like to cancel a booking?"),
            "{heard}"
        );
        let heard = stage.caller(answer);
        assert_eq!(stage.plans.last().expect("plans").skill, wanted, "{heard}");
        if answer == "yes" {
            let inputs = &stage.plans.last().expect("plans").inputs;
            assert!(inputs.contains_key("code") && inputs.contains_key("pin"), "asked for once: {inputs:?}");
        }
    }
    // What they have come for by themselves need not be offered.
    let same = Recalled { left_open: Some("rebook".to_owned()), ..known(vec![]) };
    let mut stage = before_the_pin(Language::EN, same);
    ["4821", "the first one"].iter().for_each(|words| drop(stage.caller(words)));
    let heard = stage.caller("yes");
    assert!(heard.contains("anything else") && !heard.contains("last time"), "{heard}");
}

#[test]
fn who_spoke_another_language_last_time_is_told_so_in_it() {
    let spanish = Recalled { language: Some(Language::ES), ..known(vec![]) };
    let mut stage = before_the_pin(Language::EN, spanish.clone());
    let heard = stage.caller("4821");
    assert!(heard.contains("La última vez hablamos en español") && heard.contains("1: at 10:15"), "{heard}");
    let said = stage.said.iter().find(|saying| saying.text.contains("última")).expect("it is said");
    assert_eq!(said.language, Language::ES, "by a voice that can");
    let heard = stage.caller("en español, por favor");
    assert!(heard.contains("diez y cuarto de la mañana"), "{heard}");

    let mut stage = Stage::new(Language::ES, Core::Works);
    stage.remembers = Remembers::Known(spanish.clone());
    ["in English please", "my flight was cancelled", "K7M4X2"]
        .iter()
        .for_each(|words| drop(stage.caller(words)));
    let heard = stage.caller("4821");
    assert!(!heard.contains("español"), "they have chosen: {heard}");
}

/// The shop, which lets a reason be remembered.
fn shop() -> DialogueConfig {
    let mut source = source("retail");
    let skill = source.files.get_mut("skills/return.yaml").expect("the pack has it");
    *skill = skill.replace("again: ask-reason-again }", "again: ask-reason-again, remember: true }");
    let pack = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    DialogueConfig::new(Arc::new(pack), CallId(7))
}

#[test]
fn what_may_be_remembered_is_not_asked_again_and_a_no_takes_it_back() {
    let given = Record::from([("reason".to_owned(), Value::from("damaged"))]);
    let recalled = Recalled { inputs: given, ..known(vec![]) };
    let reason = |stage: &Stage| stage.plans.last().and_then(|plan| plan.inputs.get("reason").cloned());
    let to_the_item = |config: DialogueConfig| {
        let mut stage = Stage::with(config, Core::Shop);
        stage.remembers = Remembers::Known(recalled.clone());
        for words in ["I want to return something", "804215", "3067"] {
            stage.caller(words);
        }
        let heard = stage.caller("the headphones");
        (stage, heard)
    };
    let (stage, heard) = to_the_item(shop());
    assert!(heard.contains("what you told me last time: ") && heard.contains("Shall I do that"), "{heard}");
    assert_eq!(reason(&stage), Some(Value::from("damaged")));
    assert_eq!(remembered(&stage), ["input reason"]);
    // A pack that does not say so remembers nothing, whatever the core tells.
    let forgetful = Pack::load(&source("retail")).expect("it loads");
    let (stage, heard) = to_the_item(DialogueConfig::new(Arc::new(forgetful), CallId(7)));
    assert!(!heard.contains("last time") && reason(&stage).is_none(), "{heard}");
    // What led nowhere is asked for.
    let (mut stage, _) = to_the_item(shop());
    stage.remembers = Remembers::Silent;
    stage.caller("no, another reason");
    assert!(!stage.hung_up);
}

#[test]
fn a_pack_without_a_memory_asks_nothing() {
    let mut source = source("airline");
    let head = source.files.get_mut("pack.yaml").expect("the pack has it");
    *head = head.replace("memory:", "# memory:");
    let pack = Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut stage = Stage::with(DialogueConfig::new(Arc::new(pack), CallId(7)), Core::Works);
    stage.remembers = Remembers::Known(known(vec![past(done())]));
    ["my flight was cancelled", "K7M4X2", "4821", "the first one", "yes"]
        .iter()
        .for_each(|words| drop(stage.caller(words)));
    assert!(stage.recalls.is_empty() && stage.heard.is_empty() && stage.claims() == 1);
}

#[test]
fn mistakes_in_the_rules_are_told() {
    for (rules, wanted) in [
        ("{ level: 3 }", "from 1 to 2"),
        ("{ days: 0 }", "from 1 to 3650"),
        ("{ years: 1 }", "years"),
        ("yes", "how surely"),
    ] {
        let mut source = source("airline");
        let head = source.files.get_mut("pack.yaml").expect("the pack has it");
        *head = head.replace("{ level: 2, days: 30 }", rules);
        let problems = Pack::load(&source).expect_err("it is wrong");
        assert!(
            problems.iter().any(|problem| problem.to_string().contains(wanted)),
            "{rules}: {problems:#?}"
        );
    }
}

#[test]
fn a_reply_that_waits_is_let_go_of_with_its_question() {
    let mut stage = before_the_pin(Language::EN, known(vec![]));
    stage.remembers = Remembers::Silent;
    stage.caller("4821");
    let heard = stage.caller("let me talk to a person");
    assert!(!stage.transfers.is_empty(), "{heard}");
    let before = stage.said.len();
    let ask = stage.asked.expect("it was asked");
    stage.dialogue.handle_recalled(ask, Some(known(vec![past(done())])), stage.now);
    let why = NeedWhy::Missing;
    let late = PlanReply::Need { plan: plan(), verified: vec![], input: "pin".to_owned(), why };
    stage.dialogue.handle_plan(ask, late, stage.now);
    stage.settle();
    assert_eq!(stage.heard_since(before), "");
}
