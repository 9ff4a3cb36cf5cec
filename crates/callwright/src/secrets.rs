//! What a caller says for a secret - a PIN, the digits of a card - and what is shown in its place. One rule for everyone who
//! watches or writes: events, the typed talk, the journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use callwright_dialogue_core::without_sensitive;
use callwright_model::{Pii, PlanReply};

/// What is secret in a line's pack, and whether a secret is being asked for.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Inputs of its skills that are not shown to anybody.
    inputs: Arc<BTreeSet<String>>,
    /// One was asked for, and what the caller says or keys may hold it.
    asked: bool,
}

impl Secrets {
    /// The secrets of a pack at the start of a call.
    pub fn new(inputs: Arc<BTreeSet<String>>) -> Self {
        Self { inputs, asked: false }
    }

    /// The action core has answered: what it needs next is secret or not.
    pub fn planned(&mut self, reply: &PlanReply) {
        self.asked = matches!(reply, PlanReply::Need { input, .. } if self.holds(input));
    }

    /// Whether an input is secret.
    pub fn holds(&self, input: &str) -> bool {
        self.inputs.contains(input)
    }

    /// Whether what the caller says or keys now may hold a secret.
    pub fn asked(&self) -> bool {
        self.asked
    }

    /// What the caller said: words that answer a question for a secret are not shown, nor are the numbers of cards and PINs that nobody
    /// asked for.
    pub fn words(&self, words: &Pii<String>) -> Pii<String> {
        if self.asked && !words.reveal().is_empty() {
            return hidden().into();
        }
        without_sensitive(words.reveal(), |_| hidden()).into()
    }

    /// A key that the caller pressed.
    pub fn key(&self, digit: char) -> char {
        if self.asked { HIDDEN } else { digit }
    }

    /// The value of an input.
    pub fn value(&self, input: &str, value: &Pii<String>) -> Pii<String> {
        if self.holds(input) { hidden().into() } else { value.clone() }
    }
}

/// What is shown in place of a secret; it does not tell how long that is.
pub fn hidden() -> String {
    String::from_iter([HIDDEN; 4])
}

/// Stands for what is not shown.
const HIDDEN: char = '•';
