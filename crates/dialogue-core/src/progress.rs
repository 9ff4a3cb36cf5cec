//! How far a turn's words have come, while it runs: what the floor needs to know of them.

use callwright_model::{Expect, Language, Progress, Thought, UtteranceSort};

use crate::dialogue::Dialogue;
use crate::lexicon::{self, fold};
use crate::{Intent, Reading, filled, sort_of};

impl Dialogue {
    /// What the words so far of a turn amount to, against what is being asked. `ours` is what the agent said of late, where the line
    /// is known to bring it back.
    #[must_use]
    pub fn progress(&self, words: &str, ours: &[String]) -> Progress {
        let expect = self.current_expect();
        let language = self.language();
        let echo = ours.iter().any(|ours| is_echo(words, ours));
        let sort = if echo { UtteranceSort::Echo } else { sort_of(words, language) };
        let mut progress = Progress {
            filled: filled(&expect, words, language),
            words: u16::try_from(words.split_whitespace().count()).unwrap_or(u16::MAX),
            sort: (!words.trim().is_empty()).then_some(sort),
            ..Progress::default()
        };
        let free = matches!(expect, Expect::Anything) || progress.is_astray();
        progress.thought = self.thought(words, free, language);
        progress
    }

    /// `free`: nothing that is asked for tells by how much of it is filled.
    fn thought(&self, words: &str, free: bool, language: Language) -> Thought {
        let reading = free.then(|| self.read(words));
        // A wish that is clear stands even when noise after it was taken for an "and".
        let wish = |reading: &Reading| match reading.clear() {
            // Of a mumbled syllable a recogniser makes these, and then it makes something of the next one.
            Some(Intent::Hello | Intent::Thanks | Intent::Yes | Intent::No) | None => {
                words.contains(' ') && self.is_known(words)
            }
            Some(_) => true,
        };
        let plain = |reading: &Reading| reading.clear().is_some() && reading.probability >= PLAIN;
        match reading.filter(|reading| plain(reading) && wish(reading)).map(|reading| reading.intent) {
            Some(Intent::Skill(_)) if !asks(words, language) => Thought::Told,
            _ if free && self.is_begun(words) => Thought::Open,
            Some(_) => Thought::Whole,
            None if breaks_off(words, language) => Thought::Open,
            None if free && is_half_spelled(words, language) => Thought::Open,
            None => Thought::Unknown,
        }
    }
}

/// Whether anything in it makes it a question or a request.
fn asks(words: &str, language: Language) -> bool {
    let asking = &lexicon::of_or_english(language).asking;
    fold(words).split(' ').any(|word| asking.contains(word))
}

/// Whether the last word is one that no sentence of the language ends with.
pub(crate) fn breaks_off(words: &str, language: Language) -> bool {
    let folded = fold(words);
    let last = folded.rsplit(' ').next().unwrap_or_default();
    lexicon::of_or_english(language).unfinished.contains(last)
}

/// Whether somebody spells, unasked, and has not come to the end of any usual code.
fn is_half_spelled(words: &str, language: Language) -> bool {
    let code = Expect::Code { min: USUAL_CODE, max: USUAL_CODE };
    let characters = filled(&code, words, language);
    (2..USUAL_CODE).contains(&characters) && usize::from(characters) * 2 > words.split_whitespace().count()
}

/// Whether words are a stretch of what we said. One word is nobody's.
fn is_echo(words: &str, ours: &str) -> bool {
    let (words, ours) = (fold(words), fold(ours));
    words.contains(' ') && format!(" {ours} ").contains(&format!(" {words} "))
}

/// Characters of a booking or customer code.
const USUAL_CODE: u8 = 6;
/// Below this a reading may still change with the next word.
const PLAIN: f32 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_break_off_are_known_by_their_last_word() {
        let cases = [
            (Language::EN, "i would like to", true),
            (Language::EN, "my flight was cancelled and", true),
            (Language::EN, "my flight was cancelled", false),
            (Language::ES, "quiero cambiar el", true),
            (Language::ES, "quiero cambiar el vuelo", false),
            (Language::KO, "비행기가 취소됐는데", true),
            (Language::KO, "비행기가 취소됐어요", false),
        ];
        for (language, words, wanted) in cases {
            assert_eq!(breaks_off(words, language), wanted, "{words}");
        }
    }

    #[test]
    fn what_only_tells_asks_for_nothing() {
        let cases = [
            (Language::EN, "my flight was cancelled last night", false),
            (Language::EN, "my flight was cancelled and I need a new one", true),
            (Language::EN, "what is the status of my flight", true),
            (Language::ES, "cancelaron mi vuelo anoche", false),
            (Language::ES, "cancelaron mi vuelo y necesito otro", true),
            (Language::KO, "어젯밤에 비행기가 취소됐어요", false),
            (Language::KO, "비행기가 취소됐는데 다시 예약해 주세요", true),
        ];
        for (language, words, wanted) in cases {
            assert_eq!(asks(words, language), wanted, "{words}");
        }
    }

    #[test]
    fn an_echo_is_a_stretch_of_our_own_words() {
        let ours = "These are the next flights. 1: at ten fifteen in the morning.";
        assert!(is_echo("next flights", ours));
        assert!(is_echo("ten fifteen in the", ours));
        assert!(!is_echo("flights", ours), "anybody says one word of it");
        assert!(!is_echo("the next one", ours));
        assert!(!is_echo("wait please", ours));
    }
}
