//! What a human who has the call asks of the agent that listens: to finish it, to stay, to leave.

use callwright_model::{Language, Record};

use crate::Pack;
use crate::lexicon::{self, fold};

/// What a human wants of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HumanWish {
    /// Take the caller back.
    HandBack,
    /// Stay, silent and listening.
    Stay,
    /// Leave the two alone.
    Leave,
}

/// The wish in a human's words, if there is one: they hold one of the phrases of `hand-back-words`, `stay-words` or `leave-words`, which
/// stand in a pack's words, or in ours, parted by semicolons.
#[must_use]
pub fn human_wish(pack: &Pack, words: &str, language: Language) -> Option<HumanWish> {
    let holds = |key: &str| holds(pack, key, words, language);
    let wishes = [
        ("hand-back-words", HumanWish::HandBack),
        ("stay-words", HumanWish::Stay),
        ("leave-words", HumanWish::Leave),
    ];
    wishes.into_iter().find(|(key, _)| holds(key)).map(|(_, wish)| wish)
}

/// Whether only a machine says such words: they hold one of the phrases of `machine-words`, such as "leave a message".
#[must_use]
pub fn is_machine(pack: &Pack, words: &str, language: Language) -> bool {
    holds(pack, "machine-words", words, language)
}

/// Whether words hold one of the phrases of a sentence, parted by semicolons. A phrase begins with a word and ends with one, but
/// where words take endings of their own.
pub(crate) fn holds(pack: &Pack, key: &str, words: &str, language: Language) -> bool {
    let said = format!(" {} ", fold(words));
    let end = if lexicon::of_or_english(language).joined { "" } else { " " };
    let phrases = pack.sentence(key, &Record::new(), language).unwrap_or_default();
    phrases.split(';').map(fold).any(|phrase| !phrase.is_empty() && said.contains(&format!(" {phrase}{end}")))
}
