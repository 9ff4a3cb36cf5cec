//! English speech by flite, in this process.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use callwright_model::{Language, SAMPLE_RATE, Voice};

use crate::SynthesisError;
use crate::sound::WordSpan;
use crate::synthesiser::{Spoken, Synthesiser};

mod ffi;

/// The voices linked into this process. There is one set, because a voice is a static object of the library.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flite;

impl Flite {
    /// How the library's letter-to-sound rules pronounce a word, in the phones of the US English recogniser's model.
    pub(crate) fn pronounce(word: &str) -> Option<String> {
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'') {
            return None;
        }
        let phones = voices().get_mut(DEFAULT_VOICE)?.phones(word);
        let phones: Vec<String> = phones
            .iter()
            .filter(|phone| *phone != "pau")
            .map(|phone| if phone == "ax" { "AH".to_owned() } else { phone.to_uppercase() })
            .collect();
        let known = !phones.is_empty() && phones.iter().all(|phone| PHONES.contains(&phone.as_str()));
        known.then(|| phones.join(" "))
    }
}

impl Synthesiser for Flite {
    fn name(&self) -> &'static str {
        "flite"
    }

    fn knows(&self, language: Language) -> bool {
        language == Language::EN
    }

    fn speak(
        &self,
        text: &str,
        _language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(Spoken<'_>) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        let failed = |reason: &str| SynthesisError::Engine { engine: "flite", reason: reason.to_owned() };
        let text = readable(text);
        let ends = word_ends(&text);
        let text = CString::new(text).map_err(|_| failed("the text holds a zero byte"))?;
        let mut voices = voices();
        let known = voices.contains_key(voice.0.as_str());
        let voice = voices
            .get_mut(if known { voice.0.as_str() } else { DEFAULT_VOICE })
            .ok_or_else(|| failed("no voice is linked"))?;
        let mut stopped = false;
        let spoken = voice.speak(&text, &mut |chunk| {
            let flow = match chunk {
                ffi::Chunk::Tokens(tokens) => take(Spoken::Words(spans(&ends, &tokens))),
                ffi::Chunk::Sound(samples, SAMPLE_RATE) => take(Spoken::Sound(samples)),
                ffi::Chunk::Sound(..) => return ControlFlow::Break(()),
            };
            stopped = flow.is_break();
            flow
        });
        match (stopped, spoken) {
            (true, _) => Err(SynthesisError::Stopped),
            (false, true) => Ok(()),
            (false, false) => Err(failed("it made no sound of the text")),
        }
    }
}

/// A text as the library reads it right, word for word. One space between words, for it tells a word's place by what it has
/// read of the text. A lone A in a code would be read as the article.
fn readable(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    for place in 1..words.len() {
        let next = words[place].trim_end_matches(|c: char| c.is_ascii_punctuation());
        let code = next.bytes().all(|b| b.is_ascii_digit()) || matches!(next.as_bytes(), [b'A'..=b'Z']);
        if words[place - 1] == "A" && code && !next.is_empty() {
            words[place - 1] = "ay";
        }
    }
    words.join(" ").chars().map(plain).collect()
}

/// The letters of other languages that names are written with; the library skips those that are not ASCII.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' => 'A',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ø' => 'O',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'Ñ' => 'N',
        'Ç' => 'C',
        '’' => '\'',
        other => other,
    }
}

/// Where each word of a text with single spaces ends, in bytes.
fn word_ends(text: &str) -> Vec<usize> {
    text.match_indices(' ').map(|(place, _)| place).chain([text.len()]).collect()
}

/// The words of the text from the library's tokens: `$79.90,` is one word and one token, spoken as five words. What has no
/// sound of its own, such as a dash, is over with the word before it.
fn spans(ends: &[usize], tokens: &[ffi::Token]) -> Vec<WordSpan> {
    let mut spans: Vec<WordSpan> = Vec::with_capacity(ends.len());
    let mut tokens = tokens.iter().peekable();
    for (words, end) in (1..).zip(ends) {
        let before = spans.last().map_or(0, |span| span.end);
        let mut span = WordSpan { words, start: before, end: before };
        // The library's place of a token is behind the space after it, where there is one.
        while let Some(token) = tokens.next_if(|token| token.read <= end + 1) {
            let place = |seconds: f32| (seconds * SAMPLE_RATE as f32) as usize;
            if token.end > token.start {
                if span.start == before {
                    span.start = place(token.start);
                }
                span.end = place(token.end).max(span.end);
            }
        }
        spans.push(span);
    }
    spans
}

/// One speaks at a time: the noise in consonants comes from the C library's dice, which all voices throw, and a sentence must sound the
/// same whoever else speaks.
fn voices() -> MutexGuard<'static, BTreeMap<&'static str, ffi::Voice>> {
    static VOICES: OnceLock<Mutex<BTreeMap<&'static str, ffi::Voice>>> = OnceLock::new();
    let register = |name: &&'static str| Some((*name, ffi::Voice::register(name)?));
    let voices = VOICES.get_or_init(|| Mutex::new(VOICE_NAMES.iter().filter_map(register).collect()));
    voices.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those that Debian and Ubuntu ship at 16 kHz.
pub(crate) const VOICE_NAMES: [&str; 4] = ["slt", "rms", "awb", "kal16"];
const DEFAULT_VOICE: &str = "slt";
/// The phones that the recogniser's model knows.
const PHONES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY",
    "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y",
    "Z", "ZH",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_and_a_name_are_read_as_they_are_said() {
        for (text, wanted) in [
            ("Your code is A 7 I,  2 A B.", "Your code is ay 7 I, 2 ay B."),
            ("A flight at 10. Seat 11 A.", "A flight at 10. Seat 11 A."),
            ("José Núñez’s", "Jose Nunez's"),
        ] {
            assert_eq!(readable(text), wanted);
        }
    }

    /// What is written with figures and single letters sounds as if it were written out. The texts are those of dialogue-core's
    /// verbaliser.
    #[test]
    fn figures_and_letters_are_read_as_they_are_meant() {
        let mut voices = voices();
        let voice = voices.get_mut(DEFAULT_VOICE).expect("it is linked");
        for (written, said) in [
            ("Your seat is 11 A.", "Your seat is eleven ay."),
            ("gate B 12", "gate bee twelve"),
            ("K 7 M, 4 X 2", "kay seven em, four ex two"),
            ("A 7 I, O 2 E", "ay seven eye, oh two ee"),
            ("4 8, 2 1", "four eight, two one"),
            ("C W, 3 1 8", "see double u, three one eight"),
            ("150 dollars", "one hundred fifty dollars"),
            ("79 dollars and 90 cents", "seventy nine dollars and ninety cents"),
            ("12000 won", "twelve thousand won"),
            ("10:15 in the morning", "ten fifteen in the morning"),
            ("9 oh 5 in the morning", "nine oh five in the morning"),
            ("Monday, November 23", "Monday, November twenty third"),
            ("2 hours and 15 minutes", "two hours and fifteen minutes"),
            ("plus 1, 5 5 5, 0 1 0 0", "plus one, five five five, zero one zero zero"),
            ("kilo, seven, mike, four, x-ray, two", "kilo, seven, mike, four, ex ray, two"),
            ("GARCIA", "garcia"),
        ] {
            assert_eq!(voice.phones(&readable(written)), voice.phones(said), "{written}");
        }
    }

    #[test]
    fn tokens_become_the_words_of_the_text() {
        let text = "At $9.50 - (say) ...";
        let token = |read, start, end| ffi::Token { read, start, end };
        let tokens = [
            token(3, 0.2, 0.4),
            token(9, 0.5, 1.5),
            token(11, 0.0, 0.0),
            token(17, 1.6, 2.0),
            token(20, 0.0, 0.0),
        ];
        let spans = spans(&word_ends(text), &tokens);
        let places: Vec<_> = spans.iter().map(|span| (span.words, span.start, span.end)).collect();
        assert_eq!(
            places,
            [
                (1, 3_200, 6_400),
                (2, 8_000, 24_000),
                (3, 24_000, 24_000),
                (4, 25_600, 32_000),
                (5, 32_000, 32_000)
            ]
        );
    }

    /// The voice's own words, told before its sound, cover it from the first to the last.
    #[test]
    fn a_voice_tells_where_its_words_are() {
        let mut told = Vec::new();
        let mut samples = 0;
        let text = "I give you $79.90, and seat 11 A.";
        Flite
            .speak(text, Language::EN, &Voice::default(), &mut |spoken| {
                match spoken {
                    Spoken::Words(words) => {
                        assert_eq!(samples, 0, "words come first");
                        told = words;
                    }
                    Spoken::Sound(sound) => samples += sound.len(),
                }
                ControlFlow::Continue(())
            })
            .expect("flite speaks");
        assert_eq!(told.len(), 8);
        assert!(told.windows(2).all(|pair| pair[0].start < pair[0].end && pair[0].end <= pair[1].start));
        assert!(told[7].end <= samples && told[7].end + 8_000 > samples, "{told:?} of {samples}");
        let length = |word: usize| told[word].end - told[word].start;
        assert!(length(3) > 5 * length(2), "an amount takes long to say: {told:?}");
    }
    /// The library throws the C library's dice, of which there is one pair.
    #[test]
    fn a_sentence_sounds_the_same_whoever_else_speaks() {
        fn sound(voice: &str) -> Vec<i16> {
            let mut sound = Vec::new();
            let mut take = |spoken: Spoken<'_>| {
                if let Spoken::Sound(samples) = spoken {
                    sound.extend_from_slice(samples);
                }
                ControlFlow::Continue(())
            };
            let text = "Six small ships see the shore.";
            Flite.speak(text, Language::EN, &Voice(voice.to_owned()), &mut take).expect("flite speaks");
            sound
        }
        let alone = VOICE_NAMES.map(sound);
        let together = std::thread::scope(|scope| {
            VOICE_NAMES
                .map(|voice| scope.spawn(move || sound(voice)))
                .map(|voice| voice.join().expect("it speaks"))
        });
        assert!(alone == together, "a sentence sounds another way when others speak");
    }
}
