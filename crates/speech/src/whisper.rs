//! Recognition by whisper.cpp, the default wherever a model file is present.
//!
//! One model in memory, a state with its buffers for each pass that runs at the same moment (so as many as recogniser threads), one
//! thread a pass: two threads on busy cores wait for each other at every layer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use callwright_model::{Hints, Identified, Language, SAMPLE_RATE};
use whisper_rs::{WhisperContext, WhisperContextParameters, WhisperError};

use crate::recogniser::{GivenUp, Hearing, Reading, Recogniser};
use crate::{RecogniseError, SpeechError};

mod ffi;
mod file;

use ffi::{Limits, Seat};

/// The engine.
pub(crate) struct Whisper {
    shared: Arc<Shared>,
}

struct Shared {
    context: WhisperContext,
    seats: Mutex<Vec<Seat>>,
    seats_max: usize,
}

impl Whisper {
    /// Loads a model. `seats` states are kept: one for each thread that recognises.
    pub(crate) fn load(path: &Path, seats: usize) -> Result<Self, SpeechError> {
        let refused = |reason: String| SpeechError::WhisperModelRefused { path: path.to_owned(), reason };
        // The library trusts what it reads: a damaged file would end the process.
        file::check(path).map_err(refused)?;
        whisper_rs::install_logging_hooks();
        let context = WhisperContext::new_with_params(path, WhisperContextParameters::default())
            .map_err(|error| refused(error.to_string()))?;
        let shared = Shared { context, seats: Mutex::default(), seats_max: seats.max(1) };
        let seat = shared.seat().map_err(|error| refused(error.to_string()))?;
        shared.give_back(seat);
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Recogniser for Whisper {
    fn name(&self) -> &'static str {
        NAME
    }

    fn knows(&self, language: Language) -> bool {
        if self.shared.context.is_multilingual() {
            whisper_rs::get_lang_id(language.code()).is_some()
        } else {
            language == Language::EN
        }
    }

    fn hears_along(&self) -> bool {
        false
    }

    fn prepare(&self, _hints: &Hints) {}

    fn hearing(&self, given_up: GivenUp) -> Box<dyn Hearing> {
        Box::new(Ears {
            shared: Arc::clone(&self.shared),
            given_up,
            language: Language::EN,
            languages: Vec::new(),
        })
    }
}

impl Shared {
    fn seat(&self) -> Result<Seat, RecogniseError> {
        let free = self.seats.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match free {
            Some(seat) => Ok(seat),
            None => Seat::new(&self.context).map_err(|error| failed(&error.to_string())),
        }
    }

    fn give_back(&self, seat: Seat) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.len() < self.seats_max {
            seats.push(seat);
        }
    }
}

/// One leg's ears.
struct Ears {
    shared: Arc<Shared>,
    given_up: GivenUp,
    language: Language,
    /// Those that the turn may be in; empty where it is not to be found out.
    languages: Vec<Language>,
}

impl Ears {
    /// A reading of the sound, in one of the languages `among` if it is surely in that, else in the language that was told.
    fn read(
        &self,
        all: &[i16],
        tokens_max: i32,
        among: &[Language],
        stop: &GivenUp,
    ) -> Result<Reading, RecogniseError> {
        if stop.is_set() {
            return Err(RecogniseError::GivenUp);
        }
        let mut sound: Vec<f32> = all.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
        sound.resize(sound.len().max(SAMPLES_MIN), 0.0);
        let limits = Limits { audio_ctx: self.audio_ctx(sound.len()), tokens_max };
        let mut seat = self.shared.seat()?;
        let result = self.passes(&mut seat, &sound, limits, among, stop);
        self.shared.give_back(seat);
        result.map_err(|error| match error {
            _ if stop.is_set() => RecogniseError::GivenUp,
            error => failed(&error.to_string()),
        })
    }

    fn passes(
        &self,
        seat: &mut Seat,
        sound: &[f32],
        limits: Limits,
        among: &[Language],
        stop: &GivenUp,
    ) -> Result<Reading, WhisperError> {
        let mut written = seat.pass(sound, self.language, limits, stop)?;
        let identified = if among.is_empty() { None } else { seat.identify(&self.shared.context, among)? };
        let other = identified.and_then(|identified| another(identified, self.language));
        if let Some(language) = other {
            written = seat.pass(sound, language, limits, stop)?;
        }
        let words = tidy(&written.text);
        let confidence = written.probability.filter(|_| !words.is_empty());
        Ok(Reading { words, alternatives: Vec::new(), confidence, language: other, identified })
    }

    /// The part of the model's 30 s window to look at, in its units of 20 ms.
    fn audio_ctx(&self, samples: usize) -> i32 {
        let model = self.shared.context.model_n_audio_ctx();
        let needed = i32::try_from(samples / (SAMPLE_RATE as usize / 50)).unwrap_or(i32::MAX);
        needed.saturating_add(CONTEXT_MARGIN).max(CONTEXT_MIN).min(model)
    }
}

impl Hearing for Ears {
    fn begin(&mut self, hints: &Arc<Hints>) -> Result<(), RecogniseError> {
        if whisper_rs::get_lang_id(hints.language.code()).is_none() {
            return Err(RecogniseError::Language { engine: NAME, language: hints.language });
        }
        self.language = hints.language;
        self.languages.clear();
        if hints.languages.len() > 1 && self.shared.context.is_multilingual() {
            self.languages.extend(&hints.languages);
        }
        Ok(())
    }

    fn extend(&mut self, _samples: &[i16]) -> Result<(), RecogniseError> {
        if self.given_up.is_set() { Err(RecogniseError::GivenUp) } else { Ok(()) }
    }

    fn partial(&mut self, all: &[i16], stop: &GivenUp) -> Option<Reading> {
        if all.len() < PARTIAL_SAMPLES_MIN {
            return None;
        }
        self.read(all, TOKENS_PARTIAL, &[], stop).ok()
    }

    fn finish(&mut self, all: &[i16]) -> Result<Reading, RecogniseError> {
        let long = all.len() >= LANGUAGE_SAMPLES_MIN;
        self.read(all, TOKENS_FINAL, if long { &self.languages } else { &[] }, &self.given_up)
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn forget(&mut self) {}
}

/// The language to read the sound in once more, if it is surely another than `current`.
fn another(identified: Identified, current: Language) -> Option<Language> {
    (identified.language != current && identified.probability >= LANGUAGE_SURE).then_some(identified.language)
}

fn failed(reason: &str) -> RecogniseError {
    RecogniseError::Engine { engine: NAME, reason: reason.to_owned() }
}

/// Lower-case words without punctuation and without remarks such as `[music]`.
fn tidy(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut remark = 0_u32;
    for c in text.chars() {
        match c {
            '[' | '(' => remark += 1,
            ']' | ')' => remark = remark.saturating_sub(1),
            _ if remark > 0 => {}
            '\'' | '\u{2019}' | '-' | ':' => plain.push(if c == '\u{2019}' { '\'' } else { c }),
            c if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            // Marks of scripts that compose letters of several characters.
            c if !c.is_ascii() && !c.is_whitespace() && !is_punctuation(c) => plain.push(c),
            _ => plain.push(' '),
        }
    }
    let words: Vec<&str> = plain
        .split_whitespace()
        .map(|word| word.trim_matches(['-', '\'', ':']))
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ")
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '¿' | '¡' | '«' | '»' | '…' | '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{3020}' | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' | '\u{fffd}' | '♪' | '♫')
}

const NAME: &str = "whisper";
/// The library refuses less than a tenth of a second and hears little in less than a second.
const SAMPLES_MIN: usize = SAMPLE_RATE as usize * 11 / 10;
/// Words so far are not asked for before this much was said.
const PARTIAL_SAMPLES_MIN: usize = SAMPLE_RATE as usize * 6 / 10;
/// Less sound than a few words tells no language: 0.3 s of it lie before the onset and 0.1 s after the end.
const LANGUAGE_SAMPLES_MIN: usize = SAMPLE_RATE as usize * 12 / 10;
/// From this share among the line's languages on a second pass in it is worth its time. The dialogue changes its language from the same
/// share on; real voices were not measured.
const LANGUAGE_SURE: f32 = 0.8;
/// Window beyond the end of the sound: 0.6 s, in units of 20 ms.
const CONTEXT_MARGIN: i32 = 32;
/// Shorter windows make the model repeat itself; not measured with real weights yet.
const CONTEXT_MIN: i32 = 512;
/// What a caller says in a turn of half a minute, and in a few seconds.
const TOKENS_FINAL: i32 = 120;
const TOKENS_PARTIAL: i32 = 48;

#[cfg(test)]
mod tests;
