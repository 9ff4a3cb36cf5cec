//! Scripts of whole calls.

use std::sync::Arc;
use std::time::Duration;

use callwright_dialogue_core::{DialogueConfig, Note, Pack, SayKind, TransferReason, TransferResult};
use callwright_model::{
    ActionKind, CallId, Expect, Language, Pii, PlanFact, StepState, StepView, TurnId, Value,
};

use crate::script::{Core, Stage, airline, receipts, retail, source};

/// Plays a script: what the caller says, and a piece of each answer.
fn play(language: Language, core: Core, script: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::new(language, core);
    for (caller, wanted) in script {
        let answer = stage.caller(caller);
        assert!(
            answer.contains(wanted),
            "`{caller}` was answered `{answer}`, without `{wanted}`\n{:#?}",
            stage.notes
        );
    }
    stage
}

fn to_the_read_back() -> Stage {
    play(
        Language::EN,
        Core::Works,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "1: at 10:15 in the morning"),
        ],
    )
}

#[test]
fn an_english_caller_is_rebooked() {
    let mut stage = to_the_read_back();
    assert!(
        stage
            .caller("the first one please")
            .contains("10:15 in the morning, and give you a credit of 150 dollars")
    );
    assert_eq!(stage.claims(), 0);
    let answer = stage.caller("yes please");
    assert!(answer.contains("Your seat is 14 C, and your credit is 150 dollars"), "{answer}");
    assert!(answer.ends_with("anything else I can do for you?"), "{answer}");
    assert_eq!(stage.claims(), 1);
    assert_eq!(stage.executed.len(), 1);
    assert_eq!(stage.executed[0].1, "yes please");
    assert!(stage.caller("no thank you").contains("Goodbye"));
    assert!(stage.hung_up && stage.dialogue.ended());
    assert_eq!(stage.dialogue.poll_timeout(), None);
}

#[test]
fn a_spanish_caller_is_rebooked() {
    let mut stage = play(
        Language::ES,
        Core::Works,
        &[
            ("hola, han cancelado mi vuelo", "código de reserva"),
            ("ka siete eme cuatro equis dos", "PIN"),
            ("cuatro ocho dos uno", "las diez y cuarto de la mañana"),
            ("el primero", "¿Lo hago así?"),
            ("sí, de acuerdo", "Su asiento es catorce C"),
        ],
    );
    assert_eq!(stage.claims(), 1);
    assert!(stage.caller("no, gracias").contains("Adiós"));
    assert!(stage.hung_up);
}

#[test]
fn a_korean_caller_is_rebooked() {
    let mut stage = play(
        Language::KO,
        Core::Works,
        &[
            ("비행기가 취소됐어요", "예약 번호"),
            ("케이 칠 엠 사 엑스 이", "비밀번호"),
            ("사팔이일이요", "오전 열 시 십오 분"),
            ("첫 번째요", "그렇게 할까요"),
            ("네 그렇게 해 주세요", "좌석은 십사 씨"),
        ],
    );
    assert_eq!(stage.claims(), 1);
    assert!(stage.caller("아니요 없어요").contains("안녕히 계세요"));
}

#[test]
fn what_the_first_sentence_tells_is_not_asked_again() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("my flight was cancelled the code is k seven m four x two").contains("PIN"));
}

#[test]
fn keys_fill_a_number_and_choose() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("i need another flight", "booking code"), ("k seven m four x two", "PIN")],
    );
    assert!(stage.keys("4821").contains("next flights"));
    assert!(stage.keys("2").contains("2:40 in the afternoon"));
    assert!(stage.keys("1").contains("Your seat is"));
    assert_eq!(stage.executed[0].1, "key 1");
}

#[test]
fn keys_that_stop_half_way_are_asked_for_again() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("i need another flight", "booking code"), ("k seven m four x two", "PIN")],
    );
    stage.keys("48");
    assert!(stage.wait(Duration::from_secs(5)).contains("four digits"));
}

#[test]
fn a_wrong_code_is_told_and_asked_again() {
    play(
        Language::EN,
        Core::Works,
        &[
            ("i need another flight", "booking code"),
            ("p three t nine q five", "cannot find a booking"),
            ("k seven m four x two", "PIN"),
            ("one two three four", "does not belong"),
            ("four eight two one", "next flights"),
        ],
    );
}

#[test]
fn a_no_to_the_read_back_changes_nothing() {
    let mut stage = to_the_read_back();
    stage.caller("ten fifteen");
    assert!(stage.caller("no").contains("not changed anything"));
    assert!(stage.executed.is_empty());
}

#[test]
fn another_option_at_the_read_back_is_another_plan() {
    let mut stage = to_the_read_back();
    assert!(stage.caller("one").contains("10:15"));
    assert!(stage.caller("no, the later one").contains("2:40 in the afternoon"));
    assert_eq!(stage.plans.last().and_then(|plan| plan.plan.clone()), None);
    assert!(stage.executed.is_empty());
}

#[test]
fn a_yes_counts_only_when_the_read_back_was_heard() {
    let mut stage = to_the_read_back();
    stage.ears = false;
    stage.caller("one");
    let read_back = stage.last().clone();
    assert_eq!(read_back.kind, SayKind::ReadBack);
    stage.dialogue.handle_speech_started(TurnId(99), stage.now);
    stage.played(read_back.id, 0.4);
    let again = stage.caller("yes");
    assert!(stage.executed.is_empty());
    assert!(again.contains("Shall I do that?"), "{again}");
    assert!(again.len() < read_back.text.len(), "the second time is shorter");
    assert!(stage.notes.iter().any(|note| matches!(note, Note::YesTooEarly { .. })));
    stage.played(stage.last().id, 0.85);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn doubtful_words_are_asked_again_and_never_acted_on() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller_with("yes", Some(0.2));
    assert!(stage.executed.is_empty());
    stage.caller("yes but which seat");
    assert!(stage.executed.is_empty());
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn without_receipts_nothing_is_claimed() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    let mut liar = Stage::new(Language::EN, Core::ClaimsWithoutReceipts);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        liar.caller(words);
    }
    assert_eq!(liar.claims(), 0);
    assert_eq!(liar.transfers, [TransferReason::InDoubt]);
    assert!(liar.heard_since(0).contains("cannot tell whether this went through"));
}

#[test]
fn a_failed_plan_is_told_and_a_human_offered() {
    let mut stage = play(
        Language::EN,
        Core::Fails,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "flights"),
            ("one", "Shall I"),
            ("yes", "could not rebook you"),
        ],
    );
    assert_eq!(stage.claims(), 0);
    stage.caller("yes please");
    assert_eq!(stage.transfers, [TransferReason::Failed]);
}

#[test]
fn a_step_in_doubt_brings_a_human() {
    let stage = play(
        Language::EN,
        Core::InDoubt,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "flights"),
            ("one", "Shall I"),
            ("yes", "somebody has to look"),
        ],
    );
    assert_eq!(stage.transfers, [TransferReason::InDoubt]);
    assert!(stage.briefings[0].contains("Nobody can tell"), "{}", stage.briefings[0]);
}

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

/// A stage whose airline has one sentence changed, by the time the caller has chosen a flight.
fn with_words(file: &str, from: &str, to: &str) -> Stage {
    let mut source = source("airline");
    let text = source.files.get_mut(file).expect("the file is there");
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replace(from, to);
    let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
    Stage::with(DialogueConfig::new(pack, CallId(7)), Core::Works)
}

#[test]
fn what_cannot_be_read_back_is_never_done() {
    // What a flight looks like only the airline knows, so no check can find this before.
    let mut stage = with_words("words/en.ftl", "{ $flight-departs }", "{ $flight-departure }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    assert!(stage.notes.contains(&Note::Speechless { words: "read-back-rebook".to_owned() }));
    assert!(stage.said.iter().all(|saying| saying.kind != SayKind::ReadBack), "{:?}", stage.said);
    stage.caller("yes");
    stage.keys("1");
    assert!(stage.executed.is_empty());
}

#[test]
fn what_cannot_be_offered_is_not_chosen_from() {
    let mut stage = with_words("words/en.ftl", "{ $option }: at { $departs }", "{ $option }: at { $leaves }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    stage.caller("one");
    stage.caller("yes");
    assert!(stage.executed.is_empty());
}

#[test]
fn a_read_back_that_another_language_lacks_ends_the_plan() {
    let mut stage = with_words("words/es.ftl", "{ $flight-departs }", "{ $flight-salida }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, []);
    stage.caller("español por favor");
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    stage.caller("sí");
    assert!(stage.executed.is_empty());
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
fn when_no_human_comes_the_caller_may_be_called_back_or_go_on() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller("let me talk to a person");
    let before = stage.said.len();
    stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
    stage.settle();
    assert!(stage.heard_since(before).contains("call you back"));
    assert!(stage.caller("no").contains("What else"));
    stage.caller("let me talk to a person");
    assert!(
        stage.wait(Duration::from_secs(125)).contains("call you back"),
        "the search has a timer of its own"
    );
    assert_eq!(stage.caller("yes please"), "", "nothing is promised before it is kept");
    assert_eq!(stage.called_back.as_deref(), Some("+1 555 0100"));
    assert!(stage.wait(Duration::from_secs(3)).contains("One moment"));
    let before = stage.said.len();
    stage.dialogue.handle_call_back(true, stage.now);
    stage.settle();
    assert!(stage.heard_since(before).contains("called back"));
    assert!(stage.hung_up);
}

#[test]
fn a_call_back_that_is_not_kept_is_not_promised() {
    for lost in [true, false] {
        let mut stage = Stage::new(Language::EN, Core::Works);
        stage.caller("let me talk to a person");
        stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
        stage.settle();
        let before = stage.said.len();
        stage.caller("yes please");
        if lost {
            stage.wait(Duration::from_secs(25));
        } else {
            stage.dialogue.handle_call_back(false, stage.now);
            stage.settle();
        }
        let answer = stage.heard_since(before);
        assert!(answer.contains("cannot arrange a call back"), "{answer}");
        assert!(!answer.contains("called back") && !stage.hung_up, "{answer}");
        assert!(stage.caller("my flight was cancelled").contains("booking code"));
    }
}

/// A caller whose number nobody knows, who asked for a person when none was free.
fn without_number(language: Language, caller: Option<&str>) -> Stage {
    let mut config = DialogueConfig::new(airline(), CallId(7));
    config.language = language;
    config.caller = caller.map(|caller| Pii::new(caller.to_owned()));
    let mut stage = Stage::with(config, Core::Works);
    stage.keys("0");
    assert_eq!(stage.transfers, [TransferReason::Asked]);
    stage.dialogue.handle_transfer(TransferResult::Unavailable, stage.now);
    stage.settle();
    assert_eq!(stage.dialogue.state(), "proposing");
    stage
}

#[test]
fn whose_number_is_not_known_gives_one_and_hears_it_in_groups() {
    for (language, caller, asked, said, read_back, yes, kept) in [
        (
            Language::EN,
            None,
            "which number",
            "five five five zero one nine nine",
            "I have 5 5 5, 0 1, 9 9. Is that right?",
            "yes that is right",
            "5550199",
        ),
        (
            Language::ES,
            Some("anonymous"),
            "qué número",
            "seis uno dos tres cuatro cinco seis siete ocho",
            "seis uno dos, tres cuatro cinco, seis siete ocho",
            "sí",
            "612345678",
        ),
        (Language::KO, Some("u2"), "어느 번호", "공일공 일이삼사 오육칠팔", "공 일 공", "네", "01012345678"),
    ] {
        let mut stage = without_number(language, caller);
        assert!(stage.caller(yes).contains(asked), "{language}");
        let expected = Expect::Digits { min: 7, max: 15 };
        assert_eq!(stage.dialogue.hints().expect, expected);
        let answer = stage.caller(said);
        assert!(answer.contains(read_back), "{answer}");
        assert_eq!(stage.called_back, None, "nothing is kept before a yes");
        stage.caller(yes);
        assert_eq!(stage.called_back.as_deref(), Some(kept));
    }
}

#[test]
fn a_number_can_be_keyed_put_right_and_left() {
    let mut stage = without_number(Language::EN, None);
    assert!(stage.keys("1").contains("which number"));
    stage.keys("5550");
    assert!(stage.wait(Duration::from_secs(5)).contains("whole number"), "four digits are no number");
    assert!(stage.keys("5550198#").contains("5 5 5, 0 1, 9 8"));
    assert!(stage.keys("2").contains("whole number"));
    assert!(stage.keys("5550198#").contains("9 8"));
    let put_right = stage.caller("no it is five five five zero one nine nine");
    assert!(put_right.contains("9 9"), "{put_right}");
    stage.keys("1");
    assert_eq!(stage.called_back.as_deref(), Some("5550199"));
    let briefing = stage.dialogue.briefing();
    assert!(briefing.who.reveal().contains("9 9"), "{}", briefing.who.reveal());

    for declined in ["no", "i changed my mind never mind"] {
        let mut stage = without_number(Language::EN, None);
        stage.caller("yes please");
        stage.caller(declined);
        assert_eq!(stage.dialogue.state(), "open", "after `{declined}`");
        assert_eq!(stage.called_back, None);
    }
}

#[test]
fn a_number_that_cannot_be_made_out_is_given_up_in_words() {
    let mut stage = without_number(Language::EN, None);
    stage.caller("yes please");
    let answers = [0, 1, 2].map(|_| stage.caller("purple elephants dance"));
    assert!(answers[0].contains("whole number") && answers[1].contains("type it"), "{answers:?}");
    assert!(answers[2].contains("cannot arrange a call back"), "{answers:?}");
    assert_eq!((stage.dialogue.state(), stage.transfers.len()), ("open", 1), "no human is looked for again");
}

#[test]
fn the_language_changes_in_mid_call() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller("my flight was cancelled");
    assert!(stage.caller("español por favor").contains("¿Cuál es su código de reserva?"));
    assert!(stage.caller("ka siete eme cuatro equis dos").contains("PIN"));
    assert!(stage.caller("한국어로").contains("비밀번호"));
    assert!(stage.caller("사팔이일").contains("오전 열 시 십오 분"));
    assert!(stage.caller("in English please").contains("These are the next flights"));
    assert_eq!(stage.dialogue.language(), Language::EN);
}

#[test]
fn a_plain_sentence_in_another_language_is_answered_in_it() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("hola, me cancelaron el vuelo").contains("código de reserva"));
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("비행기가 취소됐어요").contains("예약 번호"));
}

#[test]
fn the_recognisers_language_counts_where_the_words_do_not_show_it() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller_in("vuelo cancelado", None, Language::ES).contains("código de reserva"));
    assert_eq!(stage.dialogue.language(), Language::ES);
    stage.caller_in("k seven m four x two", None, Language::EN);
    assert_eq!(stage.dialogue.language(), Language::ES, "a code is spelled as one likes");
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller_in("no", None, Language::ES);
    stage.caller_in("bonjour madame", None, "fr".parse().expect("French"));
    assert_eq!(
        stage.dialogue.language(),
        Language::EN,
        "one word is of any language, and others are not the pack's"
    );
}

#[test]
fn a_long_plan_is_commented_on_and_callers_are_answered_meanwhile() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    assert!(stage.wait(Duration::from_secs(3)).contains("One moment"));
    assert!(stage.caller("hello are you there").contains("still working"));
    assert!(stage.wait(Duration::from_secs(9)).contains("still working"));
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert_eq!(stage.claims(), 0);
    let answer = stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() });
    assert!(answer.contains("Your seat is 14 C"), "{answer}");
    assert_eq!(
        stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }),
        "",
        "an event counts once"
    );
}

#[test]
fn a_result_that_comes_while_the_caller_speaks_is_said_afterwards() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.dialogue.handle_speech_started(TurnId(6), stage.now);
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert_eq!(stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }), "");
    let answer = stage.caller("are you still there");
    assert!(answer.contains("Your seat is 14 C"), "{answer}");
}

#[test]
fn a_claim_that_was_cut_off_is_said_again() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.ears = false;
    stage.played(stage.last().id, 1.0);
    stage.caller("yes");
    let claim = stage.said.iter().find(|saying| saying.kind == SayKind::Claim).expect("it was said").clone();
    stage.played(claim.id, 0.3);
    assert!(stage.caller("sorry what").contains(&claim.text));
}

#[test]
fn a_running_plan_survives_a_wish_for_a_human_and_is_told_on_hold() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.caller("let me talk to a person");
    assert!(stage.briefings[0].contains("A plan is running"), "{}", stage.briefings[0]);
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert!(stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }).contains("Your seat"));
    assert!(stage.dialogue.briefing().done.reveal().contains("Your seat is"));
}

#[test]
fn silence_is_asked_about_and_then_ends_the_call() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    let heard = stage.wait(Duration::from_secs(60));
    assert!(heard.contains("Are you still there?"), "{heard}");
    assert!(heard.contains("ending the call"), "{heard}");
    assert!(stage.hung_up);
}

#[test]
fn the_legs_own_silence_prompts_sooner() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.now = stage.now + Duration::from_secs(7);
    stage.dialogue.handle_silence(Duration::from_secs(7), stage.now);
    stage.settle();
    assert_eq!(stage.last().kind, SayKind::Prompt);
    let count = stage.said.len();
    stage.dialogue.handle_silence(Duration::from_secs(8), stage.now);
    stage.settle();
    assert_eq!(stage.said.len(), count, "a silence measured before the prompt is not another one");
}

#[test]
fn the_last_code_is_spelled_on_request() {
    let mut stage = to_the_read_back();
    // The code that the caller gave; never the PIN, which they gave later.
    let answer = stage.caller("can you spell the code please");
    assert!(answer.contains("kilo, seven, mike, four, x-ray, two"), "{answer}");
    assert!(
        answer.ends_with("10:15 in the morning. 2: at 2:40 in the afternoon."),
        "the question follows: {answer}"
    );
    stage.caller("the first one please");
    stage.caller("yes please");
    let answer = stage.caller("could you spell that");
    assert!(answer.contains("one, four, charlie"), "the seat was said last: {answer}");
    for (language, skill, code, ask, wanted) in [
        (
            Language::ES,
            "cancelaron mi vuelo y necesito otro",
            "K7M4X2",
            "deletréelo por favor",
            "K de kilo, siete, M de Madrid, cuatro, X de xilófono, dos",
        ),
        (
            Language::KO,
            "항공편이 취소되어서 새 항공편이 필요해요",
            "K7M4X2",
            "한 글자씩 불러 주세요",
            "킬로 할 때 케이, 칠, 마이크 할 때 엠, 사, 엑스레이 할 때 엑스, 이",
        ),
    ] {
        let mut stage = Stage::new(language, Core::Works);
        stage.caller(skill);
        stage.caller(code);
        let answer = stage.caller(ask);
        assert!(answer.contains(wanted), "{language}: {answer}");
    }
}

#[test]
fn without_a_code_there_is_nothing_to_spell() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    let question = stage.caller("my flight was cancelled");
    assert_eq!(stage.caller("can you spell that"), question, "what was said comes again");
}

#[test]
fn what_was_said_is_repeated_on_request() {
    let mut stage = to_the_read_back();
    assert!(stage.caller("can you repeat that please").contains("10:15 in the morning"));
}

#[test]
fn another_skill_in_mid_question_keeps_who_the_caller_is() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("my flight was cancelled", "booking code"), ("k seven m four x two", "PIN")],
    );
    stage.caller("i want to cancel my booking");
    let request = stage.plans.last().expect("a plan was asked for");
    assert_eq!(request.skill, "cancel");
    assert_eq!(request.inputs.get("code"), Some(&Value::Code("K7M4X2".to_owned())));
}

#[test]
fn a_question_that_only_reads_is_answered() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("is my flight on time").contains("three digits"));
    let answer = stage.caller("two twelve");
    assert!(answer.contains("from San Francisco to Seattle is on time"), "{answer}");
    assert!(stage.caller("no").contains("Goodbye"));
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("is flight two one two on time").contains("on time"));
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

#[test]
fn an_item_is_returned_to_the_shop() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    let script = [
        ("i would like to return something", "order number"),
        ("eight oh four two one five", "PIN"),
        ("three oh six seven", "1: headphones."),
        ("the headphones", "Is it damaged"),
        ("it is broken", "refund 79 dollars for headphones"),
        ("yes", "return label is R T, 5 5"),
    ];
    for (caller, wanted) in script {
        let answer = stage.caller(caller);
        assert!(answer.contains(wanted), "`{caller}` was answered `{answer}`, without `{wanted}`");
    }
    assert_eq!(stage.claims(), 1);
}

#[test]
fn what_cannot_be_returned_is_told_and_the_call_goes_on() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    for words in ["i would like to return something", "eight oh four two one five", "three oh six seven"] {
        stage.caller(words);
    }
    let answer = stage.caller("the gift card");
    assert!(
        answer.contains("a gift card cannot be returned") && answer.contains("anything else"),
        "{answer}"
    );
    assert_eq!(stage.transfers, []);
}

#[test]
fn a_reason_given_at_once_is_not_asked_for() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    for words in ["it arrived damaged and i want to return it", "804215", "3067"] {
        stage.caller(words);
    }
    assert!(stage.caller("number one").contains("refund 79 dollars"));
}

#[test]
fn a_hello_is_answered_and_is_no_misunderstanding() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    for _ in 0..5 {
        assert!(stage.caller("hello").contains("How can I help you?"));
    }
    assert_eq!(stage.transfers, []);
}

#[test]
fn thanks_are_not_goodbye() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller("yes");
    assert!(stage.caller("thank you").contains("anything else"));
    assert!(!stage.hung_up);
    assert!(stage.caller("no thanks that is all").contains("Goodbye"));
}

#[test]
fn a_cough_is_not_answered_but_lost_words_are() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert_eq!(stage.caller(""), "");
    assert_eq!(stage.wait(Duration::from_secs(2)), "");
    assert!(stage.wait(Duration::from_secs(1)).contains("did not get that"));
    assert_eq!(stage.caller(""), "");
    assert!(stage.caller("my flight was cancelled").contains("booking code"));
}

#[test]
fn a_cough_that_cut_a_question_has_it_asked_again() {
    let mut stage = to_the_read_back();
    stage.ears = false;
    stage.caller("one");
    stage.played(stage.last().id, 0.5);
    assert!(stage.caller("").contains("Shall I do that?"));
}

#[test]
fn what_is_not_meant_for_us_gets_no_answer() {
    let mut stage = to_the_read_back();
    for words in ["um", "mm-hm", "can you close the door", "I'm on the phone"] {
        assert_eq!(stage.caller(words), "", "{words}");
        assert_eq!(stage.wait(Duration::from_millis(2_600)), "", "{words}");
    }
    assert_eq!(stage.caller("hold on a second"), "");
    assert_eq!(stage.wait(Duration::from_millis(2_400)), "", "it may have been for somebody else");
    assert_eq!(stage.wait(Duration::from_millis(200)), "Take your time.");
    assert!(stage.wait(Duration::from_secs(9)).contains("still there"), "and the usual patience goes on");
    assert!(stage.caller("the first one").contains("Shall I do that"));
    assert_eq!(stage.caller("mhm"), "", "that is no consent");
    assert_eq!(stage.executed, []);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
    assert_eq!(Stage::new(Language::ES, Core::Works).caller("un momento"), "");
    assert_eq!(Stage::new(Language::KO, Core::Works).caller("잠깐만요"), "");
}

#[test]
fn a_right_that_answers_is_an_answer() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    stage.caller("right");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn what_was_heard_in_doubt_is_read_back_and_never_acted_on() {
    const DOUBT: Option<f32> = Some(0.2);
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller_with("my flight was cancelled", DOUBT).contains("rebook a cancelled flight?"));
    assert_eq!(stage.plans.len(), 0);
    assert!(stage.caller("yes").contains("booking code"));
    let plans = stage.plans.len();
    assert_eq!(stage.caller_with("k seven m four x two", DOUBT), "Did you say K 7 M, 4 X 2?");
    assert_eq!(stage.plans.len(), plans);
    assert!(stage.caller("no").contains("code"), "asked again");
    assert_eq!(stage.caller_with("k seven m four x nine", DOUBT), "Did you say K 7 M, 4 X 9?");
    assert!(stage.caller("k seven m four x two").contains("PIN"), "said again instead of yes or no");
    assert!(!stage.caller_with("four eight two one", DOUBT).contains('4'), "no secret is said aloud");
    stage.caller("four eight two one");
    assert_eq!(stage.caller_with("the first one", DOUBT), "Did you say number 1?");
    assert!(stage.caller("yes").contains("Shall I do that"), "{:?}", stage.said.last());
    stage.caller_with("yes", DOUBT);
    assert_eq!(stage.executed, [], "a doubtful yes is none");
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn doubt_after_doubt_offers_keys_and_then_a_human() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    let answers: Vec<String> = (0..3).map(|_| stage.caller_with("yes", Some(0.1))).collect();
    assert!(answers[0].contains("yes or no") && answers[1].contains("press 1"), "{answers:?}");
    assert_eq!(stage.transfers, [TransferReason::Misunderstood]);
    assert_eq!(stage.executed, []);
}
