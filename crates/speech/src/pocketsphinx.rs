//! The offline stand-by: pocketsphinx with a language model made from what is expected of the caller.
//!
//! It knows US English only, and only words that the hints led to expect. That makes it honest in directed dialogue (confirm, spell,
//! choose, name one's wish in usual words) and useless for free talk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use callwright_model::{Hints, Language};
use tracing::debug;

use crate::recogniser::{GivenUp, Hearing, Reading, Recogniser};
use crate::{RecogniseError, SpeechError};

mod arpa;
mod band;
mod ffi;
mod lexicon;
mod phrases;
mod words;

use ffi::{Decoder, MemoryFile};
use lexicon::Lexicon;
use phrases::Grammar;

/// The engine: acoustic model, dictionary, and decoders made for hints of late.
pub(crate) struct Pocketsphinx {
    shared: Arc<Shared>,
}

struct Shared {
    acoustic_model: PathBuf,
    lexicon: Lexicon,
    pool: Mutex<Pool>,
}

/// Decoders and grammars, each with the key of the hints that it was made for; the latest used is last.
#[derive(Default)]
struct Pool {
    idle: Vec<(u64, Decoder)>,
    grammars: Vec<(u64, Arc<Grammar>)>,
}

impl Pocketsphinx {
    /// Loads the dictionary and tries the acoustic model. `guess` makes up the sounds of words that are not in the dictionary.
    pub(crate) fn load(dir: &Path, guess: fn(&str) -> Option<String>) -> Result<Self, SpeechError> {
        let acoustic_model = dir.join("en-us");
        let dictionary = dir.join("cmudict-en-us.dict");
        let parts = ["mdef", "means", "variances", "transition_matrices", "feat.params", "noisedict"];
        for path in parts.iter().map(|part| acoustic_model.join(part)).chain([dictionary.clone()]) {
            if !path.is_file() {
                return Err(SpeechError::PocketsphinxModelMissing { path });
            }
        }
        let lexicon = Lexicon::load(&dictionary, guess)
            .map_err(|source| SpeechError::Unreadable { path: dictionary, source })?;
        let engine = Self { shared: Arc::new(Shared { acoustic_model, lexicon, pool: Mutex::default() }) };
        let trial = Hints {
            expect: callwright_model::Expect::YesNo,
            language: Language::EN,
            sentences: Arc::from([]),
            likely: Vec::new(),
        };
        let decoder = engine.shared.lease(&trial);
        let decoder = decoder.map_err(|_| SpeechError::PocketsphinxModelRefused { path: dir.to_owned() })?;
        engine.shared.give_back(decoder);
        Ok(engine)
    }
}

impl Recogniser for Pocketsphinx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn knows(&self, language: Language) -> bool {
        language == Language::EN
    }

    fn prepare(&self, hints: &Hints) {
        if !self.knows(hints.language) {
            return;
        }
        match self.shared.lease(hints) {
            Ok(decoder) => self.shared.give_back(decoder),
            Err(error) => debug!(%error, "hints could not be prepared"),
        }
    }

    fn hearing(&self, given_up: GivenUp) -> Box<dyn Hearing> {
        Box::new(Ears {
            shared: Arc::clone(&self.shared),
            given_up,
            decoder: None,
            unfolded: Vec::new(),
            telephone: true,
        })
    }
}

impl Shared {
    /// A decoder for the hints: an idle one, or a new one.
    fn lease(&self, hints: &Hints) -> Result<(u64, Decoder), RecogniseError> {
        let key = key(hints);
        let grammar = {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = pool.idle.iter().rposition(|(known, _)| *known == key) {
                return Ok(pool.idle.remove(place));
            }
            pool.grammar(key)
        };
        let grammar = match grammar {
            Some(grammar) => grammar,
            None => {
                let grammar = Arc::new(Grammar::new(hints, &self.lexicon));
                if grammar.skipped > 0 {
                    debug!(words = grammar.skipped, "words without a pronunciation are left out");
                }
                let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
                pool.keep(key, &grammar);
                grammar
            }
        };
        Ok((key, self.decoder(&grammar)?))
    }

    fn give_back(&self, decoder: (u64, Decoder)) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.idle.push(decoder);
        let oldest = (pool.idle.len() > IDLE_MAX).then(|| pool.idle.remove(0));
        drop(pool);
        drop(oldest);
    }

    fn decoder(&self, grammar: &Grammar) -> Result<Decoder, RecogniseError> {
        let failed = |reason: &str| RecogniseError::Engine { engine: NAME, reason: reason.to_owned() };
        let model = MemoryFile::new(grammar.model.as_bytes()).map_err(|e| failed(&e.to_string()))?;
        let dictionary =
            MemoryFile::new(grammar.dictionary.as_bytes()).map_err(|e| failed(&e.to_string()))?;
        let (model, dictionary) = (model.path(), dictionary.path());
        let acoustic_model = self.acoustic_model.to_str().ok_or_else(|| failed("its path is not UTF-8"))?;
        let mut arguments = vec![("-hmm", acoustic_model), ("-lm", &model), ("-dict", &dictionary)];
        arguments.extend(TUNING);
        Decoder::new(&arguments).ok_or_else(|| failed("the library refuses its model"))
    }
}

impl Pool {
    fn grammar(&mut self, key: u64) -> Option<Arc<Grammar>> {
        let place = self.grammars.iter().position(|(known, _)| *known == key)?;
        let entry = self.grammars.remove(place);
        let grammar = Arc::clone(&entry.1);
        self.grammars.push(entry);
        Some(grammar)
    }

    fn keep(&mut self, key: u64, grammar: &Arc<Grammar>) {
        self.grammars.push((key, Arc::clone(grammar)));
        if self.grammars.len() > GRAMMARS_MAX {
            self.grammars.remove(0);
        }
    }
}

/// One leg's ears.
struct Ears {
    shared: Arc<Shared>,
    given_up: GivenUp,
    decoder: Option<(u64, Decoder)>,
    unfolded: Vec<i16>,
    /// The last turn came over a telephone; so it is taken for one at first.
    telephone: bool,
}

impl Ears {
    fn hear(&mut self, samples: &[i16], whole: bool) -> Result<(), RecogniseError> {
        let sound = if self.telephone {
            band::unfold(samples, &mut self.unfolded);
            &self.unfolded[..]
        } else {
            samples
        };
        let heard = self.decoder.as_mut().is_some_and(|(_, decoder)| decoder.hear(sound, whole));
        if heard { Ok(()) } else { Err(failed("it does not take sound")) }
    }
}

impl Hearing for Ears {
    fn begin(&mut self, hints: &Arc<Hints>) -> Result<(), RecogniseError> {
        if hints.language != Language::EN {
            return Err(RecogniseError::Language { engine: NAME, language: hints.language });
        }
        if self.decoder.as_ref().is_none_or(|(known, _)| *known != key(hints)) {
            self.forget();
            self.decoder = Some(self.shared.lease(hints)?);
        }
        let begun = self.decoder.as_mut().is_some_and(|(_, decoder)| decoder.start());
        if begun { Ok(()) } else { Err(failed("it does not begin")) }
    }

    fn extend(&mut self, samples: &[i16]) -> Result<(), RecogniseError> {
        if self.given_up.is_set() {
            return Err(RecogniseError::GivenUp);
        }
        self.hear(samples, false)
    }

    fn partial(&mut self, _all: &[i16]) -> Option<String> {
        self.decoder.as_mut()?.1.hypothesis().map(|words| tidy(&words))
    }

    fn finish(&mut self, all: &[i16]) -> Result<Reading, RecogniseError> {
        // A second pass over the whole turn, for it knows the line's mean spectrum from the first sample on; the running estimate
        // of the first pass mishears a caller's first words.
        self.telephone = band::is_telephone(all);
        let Some((_, decoder)) = &mut self.decoder else { return Err(failed("it has not begun")) };
        if !decoder.start() {
            return Err(failed("it does not begin again"));
        }
        self.hear(all, true)?;
        let Some((_, decoder)) = &mut self.decoder else { return Err(failed("it has not begun")) };
        if !decoder.finish() {
            return Err(failed("it does not end"));
        }
        let words = decoder.hypothesis().map(|words| tidy(&words)).unwrap_or_default();
        // The decoder's posterior is no confidence: over the sentences of the accuracy example its mean is 0.13 where the words
        // are right and 0.03 where they are wrong, with most of both near zero.
        let confidence = None;
        let mut alternatives: Vec<String> = Vec::new();
        for reading in decoder.readings(READINGS_LOOKED_AT) {
            let reading = tidy(&reading);
            if alternatives.len() < ALTERNATIVES_MAX
                && !reading.is_empty()
                && reading != words
                && !alternatives.contains(&reading)
            {
                alternatives.push(reading);
            }
        }
        Ok(Reading { words, alternatives, confidence })
    }

    fn forget(&mut self) {
        if let Some(decoder) = self.decoder.take() {
            self.shared.give_back(decoder);
        }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.forget();
    }
}

fn failed(reason: &str) -> RecogniseError {
    RecogniseError::Engine { engine: NAME, reason: reason.to_owned() }
}

/// Words without the marks of fillers and pronunciation variants.
fn tidy(words: &str) -> String {
    let words: Vec<&str> = words
        .split_whitespace()
        .filter(|word| !word.starts_with(['<', '[', '+']))
        .map(|word| word.split('(').next().unwrap_or(word))
        .collect();
    words.join(" ")
}

/// The hints' identity: FNV-1a over all that goes into the grammar.
fn key(hints: &Hints) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(&format!("{:?}", hints.expect));
    hints.sentences.iter().chain(&hints.likely).for_each(|sentence| add(sentence));
    hash
}

const NAME: &str = "pocketsphinx";
/// Decoders kept for hints of late, 8 MB each. Those in use by turns come on top.
const IDLE_MAX: usize = 8;
/// Grammars kept as text, about 100 KB each: the questions of a skill pack.
const GRAMMARS_MAX: usize = 64;
/// Readings that we offer beside the best.
const ALTERNATIVES_MAX: usize = 3;
/// Readings that we ask the lattice for: many differ in pauses only.
const READINGS_LOOKED_AT: usize = 12;
/// Settings that differ from the library's: a little more trust in the language model, and no noise filter, which the model was not
/// trained with. Measured with `examples/accuracy`: 93.4 % of words instead of 92.3.
const TUNING: [(&str, &str); 2] = [("-lw", "9"), ("-remove_noise", "no")];

#[cfg(test)]
mod tests;
