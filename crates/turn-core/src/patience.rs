//! How long a silence the floor waits out, by what is expected and how much of it is there.

use std::time::Duration;

use callwright_model::Expect;

use crate::config::Patience;

impl Patience {
    /// The silence that ends a turn in which `filled` characters, digits or options and `words` words were recognised.
    pub(crate) fn of(&self, expect: &Expect, filled: u8, words: u16) -> Duration {
        match expect {
            Expect::Anything => self.anything,
            Expect::YesNo | Expect::Choice { .. } if words > SHORT_ANSWER_WORDS => self.explaining,
            Expect::YesNo | Expect::Choice { .. } if filled > 0 => self.full,
            Expect::YesNo | Expect::Choice { .. } => self.short_answer,
            Expect::Code { min, max } | Expect::Digits { min, max } => {
                if filled >= *max {
                    self.full
                } else if filled >= *min {
                    self.may_be_full
                } else {
                    self.half_filled
                }
            }
            Expect::Date | Expect::Name if filled > 0 => self.anything,
            Expect::Date | Expect::Name => self.thoughtful,
        }
    }
}

/// "Yes, please do" is a short answer; five words and more are a sentence that may go on.
const SHORT_ANSWER_WORDS: u16 = 4;
