//! What a language model is asked, by the dialogue and ahead of it.

use callwright_dialogue_core::{Fault, Proposal, Question};

use super::*;

const UNCLEAR: &str = "so the weather grounded everything out of denver last night and i am stuck here";
const BUDGET: Duration = Duration::from_millis(700);

fn greeted() -> Call {
    let mut call = Call::with(0, Some(BUDGET));
    call.hear_out();
    call.acts.clear();
    call
}

impl Call {
    fn question(&mut self) -> Option<(u32, Question)> {
        self.take(|act| match act {
            Act::Interpret(number, question) => Some((*number, question.clone())),
            _ => None,
        })
    }

    fn plans(&mut self) -> Option<String> {
        self.take(|act| match act {
            Act::Plan(_, request) => Some(request.skill.clone()),
            _ => None,
        })
    }
}

fn rebook() -> Result<Proposal, Fault> {
    Ok(Proposal { skill: Some("rebook".to_owned()), ..Proposal::default() })
}

#[test]
fn a_question_asked_at_the_pause_is_answered_when_the_turn_ends() {
    let mut call = greeted();
    call.pauses(UNCLEAR);
    let (number, question) = call.question().expect("the copy is at a loss");
    assert_eq!(question.words.reveal(), UNCLEAR);
    call.tell(Fact::Interpreted(number, rebook()));
    let guessed = call.speculated().expect("planning goes on from it");
    assert_eq!(guessed.1.skill, "rebook");
    assert_eq!(call.plans(), None, "nothing is done for sure");
    call.ends(UNCLEAR);
    assert_eq!(call.question(), None, "nobody is asked twice");
    assert_eq!(call.plans().as_deref(), Some("rebook"), "and nobody waits");
}

#[test]
fn an_answer_that_comes_after_the_turn_is_the_dialogues() {
    let mut call = greeted();
    call.pauses(UNCLEAR);
    let (number, _) = call.question().expect("the copy is at a loss");
    call.ends(UNCLEAR);
    assert_eq!((call.question(), call.plans()), (None, None), "it is waited for");
    call.wait(Duration::from_millis(200));
    call.tell(Fact::Interpreted(number, rebook()));
    assert_eq!(call.plans().as_deref(), Some("rebook"));
    call.tell(Fact::Interpreted(number, rebook()));
    assert_eq!(call.plans(), None, "once");
}

#[test]
fn a_caller_who_said_something_else_is_not_answered_for_the_guess() {
    let mut call = greeted();
    call.pauses(UNCLEAR);
    let (guessed, _) = call.question().expect("the copy is at a loss");
    let other = format!("{UNCLEAR} and so is the cat");
    call.ends(&other);
    let (number, question) = call.question().expect("these are other words");
    assert_eq!(question.words.reveal(), &other);
    call.tell(Fact::Interpreted(guessed, rebook()));
    assert_eq!(call.plans(), None, "that was the guess's");
    call.tell(Fact::Interpreted(number, rebook()));
    assert_eq!(call.plans().as_deref(), Some("rebook"));
}

#[test]
fn without_an_answer_the_budget_ends_the_wait() {
    let mut call = greeted();
    call.caller_says(UNCLEAR);
    let (number, _) = call.question().expect("it is asked");
    call.wait(BUDGET - Duration::from_millis(1));
    assert!(call.kinds().is_empty(), "nothing is said so far");
    call.wait(Duration::from_millis(1));
    assert!(!call.kinds().is_empty(), "it goes on");
    call.tell(Fact::Interpreted(number, rebook()));
    assert_eq!(call.plans(), None);
}
