//! Facts on their way up. Bounded: a conversation that does not read loses the newest, which are counted.

use std::collections::VecDeque;

use callwright_model::LegFact;

pub(crate) struct Facts {
    waiting: VecDeque<LegFact>,
    dropped: u64,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(CAPACITY), dropped: 0 }
    }

    pub(crate) fn push(&mut self, fact: LegFact) {
        // One place is kept for the last fact of all.
        let room = if matches!(fact, LegFact::Gone(_)) { CAPACITY } else { CAPACITY - 1 };
        if self.waiting.len() < room {
            self.waiting.push_back(fact);
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<LegFact> {
        self.waiting.pop_front()
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// A talkative caller makes a few facts a second: this is half a minute of a conversation that does not run.
const CAPACITY: usize = 128;

#[cfg(test)]
mod tests {
    use callwright_model::{Gone, SayId};

    use super::*;

    #[test]
    fn the_last_fact_finds_room_when_nobody_reads() {
        let mut facts = Facts::new();
        for n in 0..1_000 {
            facts.push(LegFact::SayStarted { say: SayId(n) });
        }
        facts.push(LegFact::Gone(Gone::Timeout));
        assert_eq!(facts.dropped(), 1_000 - (CAPACITY as u64 - 1));
        let all: Vec<LegFact> = std::iter::from_fn(|| facts.pop()).collect();
        assert_eq!(all.last(), Some(&LegFact::Gone(Gone::Timeout)));
        assert_eq!(all.first(), Some(&LegFact::SayStarted { say: SayId(0) }));
    }
}
