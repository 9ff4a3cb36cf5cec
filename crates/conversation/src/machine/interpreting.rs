//! Questions to a language model, which are also asked ahead: at a pause a copy of the dialogue finds out that there will be one, and
//! by the time that the turn has ended its answer may be there.

use callwright_dialogue_core::{Fault, InterpretId, Proposal, Question};
use callwright_model::{MonoTime, TurnId};

use super::Conversation;
use crate::fact::Act;

/// The question that was asked last.
pub(super) struct Interpreting {
    /// Which one it is: numbers of the dialogue's are used twice, by a copy and by itself.
    number: u32,
    /// The turn that it is about.
    turn: TurnId,
    question: Question,
    asker: Asker,
    /// What came of it before the dialogue wanted to know.
    answer: Option<Result<Proposal, Fault>>,
}

/// Who wants to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The dialogue, which waits.
    Dialogue(InterpretId),
    /// A copy of it, for which nobody waits.
    Guess(InterpretId),
}

impl Conversation {
    /// The dialogue asks. What its copy has asked already is not asked again.
    pub(super) fn interpret(&mut self, id: InterpretId, question: Question, now: MonoTime) {
        let foreseen = self.interpreting.as_mut().filter(|asked| {
            let same = asked.turn == self.heard && asked.question == question;
            same && matches!(asked.asker, Asker::Guess(_))
        });
        let Some(foreseen) = foreseen else {
            return self.ask_model(self.heard, question, Asker::Dialogue(id));
        };
        foreseen.asker = Asker::Dialogue(id);
        if let Some(answer) = foreseen.answer.take() {
            self.dialogue.handle_interpretation(id, answer, now);
        }
    }

    /// A copy of the dialogue would ask.
    pub(super) fn foresee_question(&mut self, turn: TurnId, id: InterpretId, question: Question) {
        self.ask_model(turn, question, Asker::Guess(id));
    }

    fn ask_model(&mut self, turn: TurnId, question: Question, asker: Asker) {
        self.questions = self.questions.wrapping_add(1);
        let number = self.questions;
        self.interpreting =
            Some(Interpreting { number, turn, question: question.clone(), asker, answer: None });
        self.act(Act::Interpret(number, question));
    }

    /// The language model has answered, or cannot.
    pub(super) fn model_answer(&mut self, number: u32, answer: Result<Proposal, Fault>, now: MonoTime) {
        let Some(asked) = self.interpreting.as_mut().filter(|asked| asked.number == number) else { return };
        match asked.asker {
            Asker::Dialogue(id) => {
                self.interpreting = None;
                self.dialogue.handle_interpretation(id, answer, now);
            }
            Asker::Guess(id) => {
                asked.answer = Some(answer.clone());
                self.foreseen_answer(id, answer, now);
            }
        }
    }
}
