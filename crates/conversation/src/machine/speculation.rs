//! Thinking ahead: what will probably follow, worked out in the silence before it is sure that the caller has finished.
//!
//! The reading made at a pause is given to a copy of the dialogue. Of what the copy wants, three things are done at once, for nobody
//! outside can see them: plans are bound as guesses, a language model is asked, and the first sentences are turned into sound. When the caller goes on, or the
//! utterance turns out to be another, all of it is dropped; when it comes true the real dialogue does the same and finds the
//! plan bound and the sound ready. The copy never acts: nothing is executed, said, transferred or written down on its behalf.

use std::time::Duration;

use callwright_dialogue_core::{AskId, Dialogue, Fault, InterpretId, Note, Output, Proposal};
use callwright_model::{LikelySay, MonoTime, PlanReply, PlanRequest, TurnId, Utterance};

use super::evidence::Evidence;
use super::{Conversation, State};
use crate::fact::Act;

/// What is foreseen.
pub(super) struct Guess {
    /// Which one it is, for the reply to its plan.
    number: u32,
    utterance: Utterance,
    /// The copy that has heard the utterance already.
    dialogue: Dialogue,
    /// What its inputs were taken from, as it will be when the turn has ended.
    evidence: Evidence,
    plan: Planning,
    says: Vec<LikelySay>,
}

/// How far the guess is with its plan.
enum Planning {
    /// It needs none so far.
    NotAsked,
    Asked {
        ask: AskId,
        since: MonoTime,
    },
    Answered {
        took: Duration,
    },
}

impl Conversation {
    /// The turn is probably over, and this was said in it.
    pub(super) fn foresee(&mut self, utterance: Utterance, now: MonoTime) {
        let idle = self.state != State::Talking || self.handover.is_some() || utterance.turn <= self.heard;
        if idle || utterance.words.reveal().trim().is_empty() {
            return;
        }
        if self.guess.as_ref().is_some_and(|guess| guess.utterance == utterance) {
            return;
        }
        self.drop_guess(now);
        self.guesses = self.guesses.wrapping_add(1);
        let mut dialogue = self.dialogue.clone();
        dialogue.handle_utterance(utterance.clone(), now);
        let mut evidence = self.evidence.clone();
        evidence.said(utterance.turn);
        let (number, says) = (self.guesses, Vec::new());
        self.guess = Some(Guess { number, utterance, dialogue, evidence, plan: Planning::NotAsked, says });
        self.think_ahead(now);
    }

    /// The action core has answered a guess.
    pub(super) fn foreseen_plan(&mut self, number: u32, reply: Option<PlanReply>, now: MonoTime) {
        let Some(guess) = self.guess.as_mut().filter(|guess| guess.number == number) else { return };
        let Planning::Asked { ask, since } = guess.plan else { return };
        guess.plan = Planning::Answered { took: now.since(since) };
        // Without a reply there is nothing to foresee; the real question will tell whether the core is gone.
        if let Some(reply) = reply {
            guess.dialogue.handle_plan(ask, reply, now);
            self.think_ahead(now);
        }
    }

    /// A language model has answered the copy.
    pub(super) fn foreseen_answer(
        &mut self,
        id: InterpretId,
        answer: Result<Proposal, Fault>,
        now: MonoTime,
    ) {
        if let Some(guess) = &mut self.guess {
            guess.dialogue.handle_interpretation(id, answer, now);
            self.think_ahead(now);
        }
    }

    /// Words so far that the guess did not know of mean that the caller goes on.
    pub(super) fn caller_goes_on(&mut self, turn: TurnId, words: &str, now: MonoTime) {
        let wrong = |guess: &Guess| guess.utterance.turn != turn || guess.utterance.words.reveal() != words;
        if self.guess.as_ref().is_some_and(wrong) {
            self.drop_guess(now);
        }
    }

    /// The utterance is there: says whether it was foreseen. What the guess has prepared stays for the real dialogue to find.
    pub(super) fn settle_guess(&mut self, utterance: &Utterance, now: MonoTime) {
        if self.guess.as_ref().is_some_and(|guess| guess.utterance == *utterance) {
            self.guess = None;
            self.act(Act::Speculated { right: true, wasted: Duration::ZERO });
        } else {
            self.drop_guess(now);
        }
    }

    /// It will not come true, or it does not matter any more.
    pub(super) fn drop_guess(&mut self, now: MonoTime) {
        let Some(guess) = self.guess.take() else { return };
        let wasted = match guess.plan {
            Planning::NotAsked => Duration::ZERO,
            Planning::Asked { since, .. } => now.since(since),
            Planning::Answered { took } => took,
        };
        if !guess.says.is_empty() {
            self.act(Act::Prepare(self.config.caller, Vec::new()));
        }
        self.act(Act::Speculated { right: false, wasted });
    }

    /// Does of what the copy wants all that has no effect outside of the process.
    fn think_ahead(&mut self, now: MonoTime) {
        let Some(guess) = &mut self.guess else { return };
        let known = guess.says.len();
        let (mut question, mut unclear) = (None, None);
        while let Some(output) = guess.dialogue.poll_output() {
            match output {
                Output::Say(saying) if guess.says.len() < SAYS_MAX => {
                    let voice = self.config.voice_for(saying.language);
                    guess.says.push(LikelySay { text: saying.text, language: saying.language, voice });
                }
                Output::Plan { ask, request } => {
                    guess.plan = Planning::Asked { ask, since: now };
                    question = Some(PlanRequest { speculative: true, ..guess.evidence.attach(request) });
                }
                // Who somebody is is not asked about on a guess.
                Output::Recall { ask, .. } => guess.dialogue.handle_recalled(ask, None, now),
                Output::Interpret { id, question } => unclear = Some((id, question)),
                Output::Note(Note::Filled { input, .. }) => guess.evidence.filled(&input),
                Output::Say(_)
                | Output::Listen(_)
                | Output::Note(_)
                | Output::Consent { .. }
                | Output::Heard { .. }
                | Output::Execute { .. }
                | Output::Transfer { .. }
                | Output::CallBack { .. }
                | Output::Unwanted
                | Output::Hangup { .. } => {}
            }
        }
        let (number, says, turn) = (guess.number, guess.says.clone(), guess.utterance.turn);
        if let Some((id, question)) = unclear {
            self.foresee_question(turn, id, question);
        }
        if let Some(request) = question {
            self.act(Act::Speculate(number, request));
        }
        if says.len() > known {
            self.act(Act::Prepare(self.config.caller, says));
        }
    }
}

/// Sayings whose first sentence is made ahead: while the first is heard there is time for all that follow.
const SAYS_MAX: usize = 2;
