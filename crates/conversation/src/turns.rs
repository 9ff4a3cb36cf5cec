//! Which turn a say on a leg answers.

use callwright_model::TurnId;

/// What is known of a leg's turns. The floor makes them; here they are only followed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Turns {
    /// The last one that was ended, or that took the floor from us.
    answerable: TurnId,
    /// The last one that was begun.
    newest: TurnId,
    /// It has neither ended nor turned out to be none.
    running: bool,
}

impl Turns {
    pub(crate) fn started(&mut self, turn: TurnId) {
        self.newest = self.newest.max(turn);
        self.running = true;
    }

    pub(crate) fn ended(&mut self, turn: TurnId) {
        self.took_floor(turn);
        self.running = false;
    }

    /// It was none, or it went on as talk between two people.
    pub(crate) fn forgotten(&mut self) {
        self.running = false;
    }

    /// Whatever is said from here on knows of this turn, also while it runs.
    pub(crate) fn took_floor(&mut self, turn: TurnId) {
        self.newest = self.newest.max(turn);
        self.answerable = self.answerable.max(turn);
    }

    /// The turn that a say answers. While one runs, the floor has not decided yet and drops what overlooks it; a turn that was
    /// begun and came to nothing is over, and a say that names an older one would be dropped for ever.
    pub(crate) fn answering(&self) -> TurnId {
        if self.running { self.answerable } else { self.newest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_came_to_nothing_does_not_silence_us() {
        let mut turns = Turns::default();
        turns.ended(TurnId(1));
        turns.started(TurnId(2));
        assert_eq!(turns.answering(), TurnId(1), "the floor may yet find that it was a cough");
        turns.forgotten();
        assert_eq!(turns.answering(), TurnId(2));
    }
}
