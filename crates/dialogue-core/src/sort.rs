//! What sort of thing an utterance is, before anyone asks what it means.

use callwright_model::{Language, UtteranceSort};

use crate::lexicon::{self, Lexicon, fold};

/// The sort of an utterance, or of its words so far. An utterance is no more than its most telling part: "um, hold on a second"
/// is side talk, and one word that is in no list makes all of it speech.
#[must_use]
pub fn sort_of(words: &str, language: Language) -> UtteranceSort {
    let lexicon = lexicon::of_or_english(language);
    let mut text = squeezed(&fold(words));
    // What is written together is spaced by taste, and recognisers differ in it.
    let spaced = !lexicon.joined;
    if !spaced {
        text.retain(|c| c != ' ');
    }
    let mut rest = text.as_str();
    let mut sort = UtteranceSort::Filler;
    while !rest.is_empty() {
        let found = longest(lexicon, rest, spaced).or_else(|| begun(lexicon, rest, spaced));
        let Some((length, part)) = found else { return UtteranceSort::Speech };
        sort = sort.max(part);
        rest = rest[length..].trim_start();
    }
    sort
}

/// The longest phrase that a text starts with, and its sort.
fn longest(lexicon: &Lexicon, text: &str, spaced: bool) -> Option<(usize, UtteranceSort)> {
    let lists = [
        (&lexicon.hesitations, UtteranceSort::Filler),
        (&lexicon.backchannels, UtteranceSort::Backchannel),
        (&lexicon.side_talk, UtteranceSort::SideTalk),
    ];
    let mut best: Option<(usize, UtteranceSort)> = None;
    for (phrases, sort) in lists {
        for phrase in phrases {
            let length = starts_with(text, phrase, spaced);
            if let Some(length) = length.filter(|length| best.is_none_or(|(longest, _)| *length > longest)) {
                best = Some((length, sort));
            }
        }
    }
    best
}

/// How much of a text a phrase at its start takes, if it is there as whole words.
fn starts_with(text: &str, phrase: &str, spaced: bool) -> Option<usize> {
    if spaced {
        let rest = text.strip_prefix(phrase)?;
        return (rest.is_empty() || rest.starts_with(' ')).then_some(phrase.len());
    }
    let mut rest = text;
    for part in phrase.split(' ') {
        rest = rest.strip_prefix(part)?;
    }
    Some(text.len() - rest.len())
}

/// A text that breaks off inside a phrase of side talk, after more than half of it: the words so far of one.
fn begun(lexicon: &Lexicon, text: &str, spaced: bool) -> Option<(usize, UtteranceSort)> {
    let phrase = lexicon.side_talk.iter().find(|phrase| {
        let whole = if spaced { (*phrase).clone() } else { phrase.replace(' ', "") };
        let cut = whole.strip_prefix(text);
        let border = cut.is_some_and(|cut| !spaced || cut.starts_with(' '));
        border && text.len() * 2 > whole.len() && (!spaced || text.contains(' '))
    });
    phrase.map(|_| (text.len(), UtteranceSort::SideTalk))
}

/// "Hmmmm" and "ummm" are written with as many letters as the recogniser pleases: never more than two in a row here.
fn squeezed(folded: &str) -> String {
    let mut text = String::with_capacity(folded.len());
    for c in folded.chars() {
        let twice = {
            let mut last = text.chars().rev();
            last.next() == Some(c) && last.next() == Some(c)
        };
        if !twice || c.is_ascii_digit() {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests;
