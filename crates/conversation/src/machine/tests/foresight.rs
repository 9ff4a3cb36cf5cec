//! Thinking ahead, as seen from outside: what is prepared, and what becomes of it.

use callwright_model::{LikelySay, PlanRequest};

use super::*;

const FLIGHT: &str = "my flight was cancelled";

impl Call {
    /// The caller has begun to speak and pauses after these words.
    pub(super) fn pauses(&mut self, words: &str) {
        self.turn = self.turn.next();
        let turn = self.turn;
        self.leg(CALLER, LegFact::SpeechStarted { turn });
        self.wait(Duration::from_secs(1));
        self.acts.clear();
        self.provisional(words);
    }

    fn provisional(&mut self, words: &str) {
        let utterance = self.utterance(words);
        self.tell(Fact::Recognised(CALLER, Recognised::Provisional(utterance)));
        // The floor hears of it, as of all words so far.
        let told = self.take(|act| match act {
            Act::Command(CALLER, LegCommand::Partial { progress, .. }) => Some(*progress),
            _ => None,
        });
        assert!(told.is_some_and(|progress| progress.words > 0));
    }

    /// The turn is over.
    pub(super) fn ends(&mut self, words: &str) {
        let turn = self.turn;
        self.leg(
            CALLER,
            LegFact::TurnEnded {
                turn,
                length: Duration::from_secs(1),
                silent: Duration::ZERO,
                level_db: None,
                cough: false,
            },
        );
        let utterance = self.utterance(words);
        self.tell(Fact::Recognised(CALLER, Recognised::Final(utterance)));
    }

    fn utterance(&self, words: &str) -> Utterance {
        Utterance { words: words.to_owned().into(), ..silence(self.turn, Language::EN) }
    }

    pub(super) fn speculated(&mut self) -> Option<(u32, PlanRequest)> {
        self.take(|act| match act {
            Act::Speculate(number, request) => Some((*number, request.clone())),
            _ => None,
        })
    }

    fn prepared(&mut self) -> Option<Vec<LikelySay>> {
        self.take(|act| match act {
            Act::Prepare(CALLER, says) => Some(says.clone()),
            _ => None,
        })
    }

    fn verdict(&mut self) -> Option<(bool, Duration)> {
        self.take(|act| match act {
            Act::Speculated { right, wasted } => Some((*right, *wasted)),
            _ => None,
        })
    }

    /// Texts said on the caller's leg, and forgotten.
    fn says(&mut self) -> Vec<String> {
        std::iter::from_fn(|| {
            self.take(|act| match act {
                Act::Say(CALLER, say) => Some(say.text.clone()),
                _ => None,
            })
        })
        .collect()
    }
}

fn code_needed() -> PlanReply {
    PlanReply::Need {
        plan: plan(),
        verified: Vec::new(),
        input: "code".to_owned(),
        why: callwright_model::NeedWhy::Missing,
    }
}

fn greeted() -> Call {
    let mut call = Call::new(0);
    call.hear_out();
    call
}

#[test]
fn a_right_guess_has_its_plan_and_its_sound_ready() {
    let mut call = greeted();
    call.pauses(FLIGHT);
    let (number, guessed) = call.speculated().expect("planning is all that follows so far");
    assert!(guessed.speculative && guessed.skill == "rebook");
    assert_eq!(call.acts, [], "nothing else is done, said or told");
    call.wait(Duration::from_millis(40));
    call.tell(Fact::Speculated(number, Some(code_needed())));
    let ready = call.prepared().expect("the question that will follow");
    assert_eq!(call.acts, []);

    call.wait(Duration::from_millis(300));
    call.ends(FLIGHT);
    assert_eq!(call.verdict(), Some((true, Duration::ZERO)));
    assert_eq!(call.prepared(), None, "what is ready stays ready");
    let asked = call.take(|act| match act {
        Act::Plan(ask, request) => Some((*ask, request.clone())),
        _ => None,
    });
    let (ask, asked) = asked.expect("the real question is asked");
    assert_eq!(PlanRequest { speculative: true, ..asked }, guessed, "and is the one that was foreseen");
    call.tell(Fact::Plan(ask, Some(code_needed())));
    let said = call.says();
    assert!(!said.is_empty() && said[0] == ready[0].text, "{said:?}");
    assert!(call.kinds().contains(&SayKind::Question));
}

#[test]
fn a_wrong_guess_is_gone_when_the_utterance_comes() {
    let mut call = greeted();
    call.pauses(FLIGHT);
    let (number, _) = call.speculated().expect("planning");
    call.wait(Duration::from_millis(40));
    call.tell(Fact::Speculated(number, Some(code_needed())));
    assert!(call.prepared().is_some());
    call.ends("talk to a person");
    assert_eq!(call.verdict(), Some((false, Duration::from_millis(40))));
    assert_eq!(call.prepared(), Some(Vec::new()), "its sound is forgotten");
    assert!(call.acts.iter().all(|act| !matches!(act, Act::Plan(..))), "{:?}", call.acts);
    assert!(call.acts.iter().any(|act| matches!(act, Act::Tell(Happening::Transfer { .. }))));
}

#[test]
fn a_caller_who_goes_on_makes_it_nothing() {
    let mut call = greeted();
    call.pauses("i want to");
    let wait = call.machine.poll_timeout();
    call.acts.clear();
    let partial = |call: &Call, words: &str| {
        Fact::Recognised(
            CALLER,
            Recognised::Partial { turn: call.turn, words: words.to_owned().into(), confidence: None },
        )
    };
    call.tell(partial(&call, "i want to"));
    assert_eq!(call.verdict(), None, "the reading of the pause itself, told as words so far");
    call.tell(partial(&call, "i want to cancel"));
    assert!(matches!(call.verdict(), Some((false, _))));
    assert_eq!(call.machine.poll_timeout(), wait, "the copy's timers were its own");
    call.acts.clear();
    call.provisional("i want to cancel my flight");
    assert!(call.speculated().is_some(), "the next pause is another guess");
    call.leg(CALLER, LegFact::Resumed { turn: call.turn });
    assert!(matches!(call.verdict(), Some((false, _))));
    assert!(call.acts.iter().all(|act| !matches!(act, Act::Plan(..) | Act::Execute(..))), "{:?}", call.acts);
}

#[test]
fn a_plan_still_in_flight_is_asked_for_sure_and_its_guess_ignored() {
    let mut call = greeted();
    call.pauses(FLIGHT);
    let (number, _) = call.speculated().expect("planning");
    call.ends(FLIGHT);
    assert_eq!(call.verdict(), Some((true, Duration::ZERO)));
    let ask = call.asked();
    call.acts.clear();
    call.tell(Fact::Speculated(number, Some(refused())));
    assert_eq!(call.acts, [], "the core answers the real question itself");
    call.tell(Fact::Plan(ask, Some(code_needed())));
    assert_eq!(call.says().len(), 1);
}

#[test]
fn what_has_an_effect_is_never_done_ahead() {
    let mut call = greeted();
    call.caller_says(FLIGHT);
    let ask = call.asked();
    let ready = PlanReply::Ready {
        verified: Vec::new(),
        plan: plan(),
        // Any sentence that needs no facts reads back as well.
        words: "yes-or-no".to_owned(),
        facts: Record::new(),
        steps: Vec::new(),
    };
    call.tell(Fact::Plan(ask, Some(ready)));
    call.hear_out();
    call.pauses("yes please");
    assert!(call.prepared().is_some(), "only that it is being done is made ready to be said");
    assert_eq!(call.acts, [], "nothing is executed");
    call.ends("yes please");
    assert!(call.acts.iter().any(|act| matches!(act, Act::Execute(..))));

    for words in ["talk to a person", "goodbye"] {
        let mut call = greeted();
        call.pauses(words);
        assert!(call.prepared().is_some(), "{words}");
        assert_eq!(call.acts, [], "{words}");
        assert!(!call.machine.is_over() && call.machine.handover.is_none(), "{words}");
    }
}
