//! Which language the caller wants, or speaks.

use callwright_model::{Identified, Language, Utterance};

use crate::lexicon::{self, fold};

/// The language asked for in so many words ("in English please", "español por favor", "한국어로"), in whatever language it is asked,
/// if it is one of `among`.
#[must_use]
pub fn requested(words: &str, among: &[Language]) -> Option<Language> {
    let folded = fold(words);
    let count = folded.split(' ').count();
    // A wish for a language is short; in a longer sentence the name of a language is about something else.
    if count > 8 {
        return None;
    }
    let padded = format!(" {folded} ");
    let mut best: Option<(usize, Language)> = None;
    for language in lexicon::languages() {
        let Some(lexicon) = lexicon::of(language) else { continue };
        for (phrase, wanted) in &lexicon.requests {
            let hit = padded.contains(&format!(" {phrase} "))
                || (!phrase.is_ascii() && folded.replace(' ', "").starts_with(&phrase.replace(' ', "")));
            if hit && among.contains(wanted) && best.is_none_or(|(length, _)| phrase.len() > length) {
                best = Some((phrase.len(), *wanted));
            }
        }
    }
    best.map(|(_, language)| language)
}

/// The language that the caller plainly speaks, if it is another than `current`: by the recogniser's ear where it tells languages apart
/// and is sure, else by the words. While something is being spelled (`spelling`) only the words' script counts.
#[must_use]
pub fn spoken(
    utterance: &Utterance,
    current: Language,
    among: &[Language],
    spelling: bool,
) -> Option<Language> {
    let words = utterance.words.reveal().as_str();
    let by_words = |spelling| detect(words, current, among, spelling);
    let count = words.split_whitespace().count();
    let enough = if count < WORDS_MANY { PROBABILITY_FEW_WORDS } else { PROBABILITY };
    let other = (utterance.language != current && among.contains(&utterance.language))
        .then_some(utterance.language)
        // One word may be of any language.
        .filter(|_| !spelling && count >= 2);
    match utterance.identified {
        // What was recognised in another language than it is taken for is not understood either way.
        Some(Identified { language, probability }) if probability >= enough => {
            other.filter(|other| *other == language).or_else(|| by_words(true))
        }
        // It was asked and does not know.
        Some(_) => by_words(spelling),
        // It only says what it was recognised in, which is not what it was told to.
        None => by_words(spelling).or(other),
    }
}

/// The language that the words plainly are of, if it is another than `current`: by its script, or by at least two of its most
/// common words and none of the current language's. While something is being spelled (`spelling`) only the script counts.
#[must_use]
pub fn detect(words: &str, current: Language, among: &[Language], spelling: bool) -> Option<Language> {
    let letters = words.chars().filter(|c| c.is_alphabetic()).count();
    let script = |language: &Language| lexicon::of(*language).and_then(|lexicon| lexicon.script.as_ref());
    let written_in = |language: &&Language| {
        let of_it = |c: &char| script(language).is_some_and(|script| script.contains(c));
        words.chars().filter(of_it).count() * 2 > letters
    };
    if written_in(&&current) {
        return None;
    }
    if let Some(language) = among.iter().find(written_in) {
        return Some(*language);
    }
    if spelling || letters < 6 {
        return None;
    }
    let folded = fold(words);
    let hits = |language: Language| {
        let Some(lexicon) = lexicon::of(language) else { return 0 };
        folded.split(' ').filter(|word| lexicon.function_words.contains(*word)).count()
    };
    let here = hits(current);
    let count = folded.split(' ').count();
    among
        .iter()
        .copied()
        .filter(|&language| language != current)
        .map(|language| (hits(language), language))
        .filter(|&(found, _)| found >= here + 2 && found * 3 >= count)
        .max_by_key(|&(found, _)| found)
        .map(|(_, language)| language)
}

/// Share of the likeliest language from which a sentence counts as spoken in it. A wrong change costs the caller a turn in a language
/// that may not be theirs, a missed one a turn that is not understood: both are one turn, so it need not be surer than this. Real voices
/// were not measured.
const PROBABILITY: f32 = 0.8;
/// The same for a few words, which may be a name or a loan from another language.
const PROBABILITY_FEW_WORDS: f32 = 0.9;
/// From so many words on it is a sentence.
const WORDS_MANY: usize = 4;

#[cfg(test)]
mod tests {
    use callwright_model::TurnId;

    use super::*;

    const ALL: [Language; 3] = [Language::EN, Language::ES, Language::KO];

    #[test]
    fn explicit_wishes_are_heard_in_any_language() {
        let cases = [
            ("español por favor", Some(Language::ES)),
            ("Spanish, please", Some(Language::ES)),
            ("in English please", Some(Language::EN)),
            ("¿habla inglés?", Some(Language::EN)),
            ("한국어로", Some(Language::KO)),
            ("한국어로 해 주세요", Some(Language::KO)),
            ("영어로 해주세요", Some(Language::EN)),
            ("do you speak Korean", Some(Language::KO)),
            ("my flight was cancelled", None),
            ("K7M4X2", None),
            ("", None),
        ];
        for (words, wanted) in cases {
            assert_eq!(requested(words, &ALL), wanted, "{words}");
        }
        assert_eq!(requested("한국어로", &[Language::EN]), None);
    }

    #[test]
    fn the_recognisers_ear_decides_where_it_is_sure() {
        const EN: Language = Language::EN;
        const ES: Language = Language::ES;
        const KO: Language = Language::KO;
        let korean = "항공편이 취소됐어요";
        let long = "quiero otro vuelo mañana";
        // Words, recognised in, taken for with which share, while spelling; the call is in English.
        let cases = [
            (long, ES, Some((ES, 0.95)), false, Some(ES)),
            (long, ES, Some((ES, 0.85)), false, Some(ES)),
            (long, ES, Some((ES, 0.95)), true, None),
            ("vuelo cancelado", ES, Some((ES, 0.85)), false, None),
            ("vuelo cancelado", ES, Some((ES, 0.95)), false, Some(ES)),
            ("vuelo", ES, Some((ES, 0.99)), false, None),
            // It was heard as English all the same, so that its words mean nothing.
            ("key arrow oh throw whale oh", EN, Some((ES, 0.95)), false, None),
            // What looks like Spanish and is taken for English stays English; another script does not.
            ("hola, quiero cambiar mi vuelo", EN, Some((EN, 0.95)), false, None),
            ("hola, quiero cambiar mi vuelo", EN, Some((EN, 0.55)), false, Some(ES)),
            (korean, EN, Some((EN, 0.95)), false, Some(KO)),
            (korean, KO, Some((KO, 0.95)), true, Some(KO)),
            // A language that the line does not speak.
            ("je voudrais un autre vol", "fr".parse().expect("French"), None, false, None),
            // A recogniser that cannot tell, and one that only tells the language.
            ("hola, quiero cambiar mi vuelo", EN, None, false, Some(ES)),
            ("vuelo cancelado", ES, None, false, Some(ES)),
            ("no", ES, None, false, None),
        ];
        for (words, language, taken_for, spelling, wanted) in cases {
            let identified = taken_for.map(|(language, probability)| Identified { language, probability });
            let (turn, words) = (TurnId(1), words.to_owned().into());
            let utterance =
                Utterance { turn, words, alternatives: vec![], confidence: None, language, identified };
            assert_eq!(spoken(&utterance, EN, &ALL, spelling), wanted, "{utterance:?}");
        }
    }

    #[test]
    fn a_plain_sentence_tells_its_language() {
        let cases = [
            ("hola, quiero cambiar mi vuelo", Language::EN, Some(Language::ES)),
            ("me cancelaron el vuelo", Language::EN, Some(Language::ES)),
            ("항공편이 취소됐어요", Language::EN, Some(Language::KO)),
            ("my flight was cancelled and I need a new one", Language::ES, Some(Language::EN)),
            ("my flight was cancelled", Language::EN, None),
            ("mi vuelo fue cancelado", Language::ES, None),
            ("no", Language::EN, None),
            ("kilo seven mike", Language::ES, None),
            ("", Language::EN, None),
        ];
        for (words, current, found) in cases {
            assert_eq!(detect(words, current, &ALL, false), found, "{words}");
        }
    }
}
