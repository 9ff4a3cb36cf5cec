//! Which language the caller wants, or speaks.

use callwright_model::Language;

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

/// The language that the caller plainly speaks, if it is another than `current`: by its script, or by at least two of its most
/// common words and none of the current language's. While something is being spelled (`spelling`) only the script counts.
#[must_use]
pub fn detect(words: &str, current: Language, among: &[Language], spelling: bool) -> Option<Language> {
    let letters = words.chars().filter(|c| c.is_alphabetic()).count();
    let hangul = words.chars().filter(|c| ('가'..='힣').contains(c)).count();
    if hangul * 2 > letters {
        return (current != Language::KO && among.contains(&Language::KO)).then_some(Language::KO);
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

#[cfg(test)]
mod tests {
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
