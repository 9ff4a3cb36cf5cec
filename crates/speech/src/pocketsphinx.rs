//! The offline stand-by: pocketsphinx with a language model made from what is expected of the caller.
//!
//! It knows US English only, and only words that the hints led to expect. That makes it honest in directed dialogue (confirm, spell,
//! choose, name one's wish in usual words) and useless for free talk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use callwright_model::{Alternative, Hints, Language, Pii};
use tracing::debug;

use crate::recogniser::{GivenUp, Hearing, Reading, Recogniser};
use crate::{RecogniseError, SpeechError};

mod arpa;
mod band;
mod ffi;
mod lexicon;
mod phrases;
mod words;

use ffi::{Decoder, MemoryFile, Segment};
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

/// What a decoder is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Words so far, while somebody speaks: cheap, for most of its work is overtaken. It knows the line by nothing but its kind.
    Running { telephone: bool },
    /// The utterance: as good as can be.
    Final,
}

/// A decoder's hints and use.
type Key = (u64, Pass);

/// Decoders and grammars, each with the key of the hints that it was made for; the latest used is last.
#[derive(Default)]
struct Pool {
    idle: Vec<(Key, Decoder)>,
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
            languages: Vec::new(),
            sentences: Arc::from([]),
            likely: Vec::new(),
        };
        let decoder = engine.shared.lease(&trial, Pass::Final);
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

    fn hears_along(&self) -> bool {
        true
    }

    fn prepare(&self, hints: &Hints) {
        if !self.knows(hints.language) {
            return;
        }
        for pass in [Pass::Running { telephone: true }, Pass::Final] {
            match self.shared.lease(hints, pass) {
                Ok(decoder) => self.shared.give_back(decoder),
                Err(error) => debug!(%error, "hints could not be prepared"),
            }
        }
    }

    fn hearing(&self, given_up: GivenUp) -> Box<dyn Hearing> {
        Box::new(Ears {
            shared: Arc::clone(&self.shared),
            given_up,
            running: None,
            unfolded: Vec::new(),
            telephone: true,
        })
    }
}

impl Shared {
    /// A decoder for the hints: an idle one, or a new one.
    fn lease(&self, hints: &Hints, pass: Pass) -> Result<(Key, Decoder), RecogniseError> {
        let key = key(hints);
        let grammar = {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = pool.idle.iter().rposition(|(known, _)| *known == (key, pass)) {
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
        Ok(((key, pass), self.decoder(&grammar, pass)?))
    }

    fn give_back(&self, decoder: (Key, Decoder)) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.idle.push(decoder);
        let oldest = (pool.idle.len() > IDLE_MAX).then(|| pool.idle.remove(0));
        drop(pool);
        drop(oldest);
    }

    fn decoder(&self, grammar: &Grammar, pass: Pass) -> Result<Decoder, RecogniseError> {
        let failed = |reason: &str| RecogniseError::Engine { engine: NAME, reason: reason.to_owned() };
        let model = MemoryFile::new(grammar.model.as_bytes()).map_err(|e| failed(&e.to_string()))?;
        let dictionary =
            MemoryFile::new(grammar.dictionary.as_bytes()).map_err(|e| failed(&e.to_string()))?;
        let (model, dictionary) = (model.path(), dictionary.path());
        let acoustic_model = self.acoustic_model.to_str().ok_or_else(|| failed("its path is not UTF-8"))?;
        let mut arguments = vec![("-hmm", acoustic_model), ("-lm", &model), ("-dict", &dictionary)];
        arguments.extend(TUNING);
        match pass {
            Pass::Running { telephone } => {
                arguments.extend(RUNNING);
                if telephone {
                    arguments.push(TELEPHONE);
                }
            }
            Pass::Final => {}
        }
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
    /// What the turn is heard with, and the decoder of its running pass.
    running: Option<(Arc<Hints>, Key, Decoder)>,
    unfolded: Vec<i16>,
    /// The last turn came over a telephone; so it is taken for one at first.
    telephone: bool,
}

impl Hearing for Ears {
    fn begin(&mut self, hints: &Arc<Hints>) -> Result<(), RecogniseError> {
        if hints.language != Language::EN {
            return Err(RecogniseError::Language { engine: NAME, language: hints.language });
        }
        let pass = Pass::Running { telephone: self.telephone };
        if self.running.as_ref().is_none_or(|(_, known, _)| *known != (key(hints), pass)) {
            self.forget();
            let (key, decoder) = self.shared.lease(hints, pass)?;
            self.running = Some((Arc::clone(hints), key, decoder));
        }
        let begun = self.running.as_mut().is_some_and(|(_, _, decoder)| decoder.start());
        if begun { Ok(()) } else { Err(failed("it does not begin")) }
    }

    fn extend(&mut self, samples: &[i16]) -> Result<(), RecogniseError> {
        if self.given_up.is_set() {
            return Err(RecogniseError::GivenUp);
        }
        let Some((_, (_, pass), decoder)) = &mut self.running else { return Err(failed("it has not begun")) };
        let sound = unfolded(*pass == Pass::Running { telephone: true }, samples, &mut self.unfolded);
        if decoder.hear(sound, false) { Ok(()) } else { Err(failed("it does not take sound")) }
    }

    fn partial(&mut self, _all: &[i16], _stop: &GivenUp) -> Option<Reading> {
        let decoder = &mut self.running.as_mut()?.2;
        let words = tidy(&decoder.hypothesis()?);
        Some(Reading { words, confidence: confidence(&decoder.segments_so_far()), ..Reading::default() })
    }

    fn finish(&mut self, all: &[i16]) -> Result<Reading, RecogniseError> {
        if self.given_up.is_set() {
            return Err(RecogniseError::GivenUp);
        }
        // A second pass over the whole turn, for it knows the line's mean spectrum from the first sample on; the running estimate
        // of the first pass mishears a caller's first words.
        self.telephone = band::is_telephone(all);
        let Some((hints, ..)) = &self.running else { return Err(failed("it has not begun")) };
        let (key, mut decoder) = self.shared.lease(hints, Pass::Final)?;
        let sound = unfolded(self.telephone, all, &mut self.unfolded);
        let reading = if decoder.start() && decoder.hear(sound, true) && decoder.finish() {
            Ok(read(&mut decoder))
        } else {
            Err(failed("it does not hear a whole turn"))
        };
        self.shared.give_back((key, decoder));
        reading
    }

    fn goes_on(&self) -> bool {
        let pass = Pass::Running { telephone: self.telephone };
        self.running.as_ref().is_some_and(|(_, (_, running), _)| *running == pass)
    }

    fn forget(&mut self) {
        if let Some((_, key, mut decoder)) = self.running.take() {
            decoder.finish();
            self.shared.give_back((key, decoder));
        }
    }
}

/// Sound as the model knows it.
fn unfolded<'a>(telephone: bool, samples: &'a [i16], out: &'a mut Vec<i16>) -> &'a [i16] {
    if !telephone {
        return samples;
    }
    band::unfold(samples, out);
    out
}

/// What a decoder has made of a whole turn.
fn read(decoder: &mut Decoder) -> Reading {
    let words = decoder.hypothesis().map(|words| tidy(&words)).unwrap_or_default();
    let confidence = confidence(&decoder.segments());
    let mut alternatives: Vec<Alternative> = Vec::new();
    let mut best = None;
    for (reading, score) in decoder.readings(READINGS_LOOKED_AT) {
        let reading = tidy(&reading);
        let best = *best.get_or_insert(score);
        if alternatives.len() < ALTERNATIVES_MAX
            && !reading.is_empty()
            && reading != words
            && alternatives.iter().all(|known| *known.words.reveal() != reading)
        {
            let weight = Some(weight(score, best));
            alternatives.push(Alternative { words: Pii::new(reading), weight });
        }
    }
    Reading { words, alternatives, confidence, language: None, identified: None }
}

/// How likely a reading is beside the best one, from their scores: logarithms to the decoder's base. They add up what each frame says as
/// if frames knew nothing of each other, so that their distance is far too large; it is divided as is usual for word lattices.
fn weight(score: i32, best: i32) -> f32 {
    let distance = f64::from(score.saturating_sub(best).min(0)) * LOG_BASE.ln() / LATTICE_SCALE;
    distance.exp() as f32
}

/// How sure a reading is: how well its words fit the sound, all together and the worst of them. The decoder's own posterior is
/// none: over the sentences of the accuracy example its mean is 0.13 where the words are right and 0.03 where they are wrong, with
/// most of both near zero.
fn confidence(segments: &[Segment]) -> Option<f32> {
    let misfit = |acoustic: i64, frames: u32| -acoustic as f32 / frames.max(1) as f32 / 1e4;
    let (mut frames, mut acoustic, mut worst) = (0, 0_i64, 0.0_f32);
    for segment in segments.iter().filter(|segment| !is_filler(&segment.word)) {
        frames += segment.frames;
        acoustic += i64::from(segment.acoustic);
        worst = worst.max(misfit(segment.acoustic.into(), segment.frames));
    }
    let evidence = FIT - FIT_MEAN * misfit(acoustic, frames) - FIT_WORST * worst.min(WORST_MAX);
    (frames > 0).then(|| 1.0 / (1.0 + (-evidence).exp()))
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
        .filter(|word| !is_filler(word))
        .map(|word| word.split('(').next().unwrap_or(word))
        .collect();
    words.join(" ")
}

/// Silence, breath and noise of the model's own.
fn is_filler(word: &str) -> bool {
    word.starts_with(['<', '[', '+'])
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
/// Decoders kept for hints of late, 8 MB each, two for each hints. Those in use by turns come on top.
const IDLE_MAX: usize = 16;
/// Grammars kept as text, about 100 KB each: the questions of a skill pack.
const GRAMMARS_MAX: usize = 64;
/// Readings that we offer beside the best.
const ALTERNATIVES_MAX: usize = 3;
/// The base of the decoder's logarithms.
const LOG_BASE: f64 = 1.0001;
/// What scores are divided by to become likelihoods: the weight of the language model (`-lw`), as for posteriors of words in lattices.
/// Not measured with real voices.
const LATTICE_SCALE: f64 = 9.0;
/// Readings that we ask the lattice for: many differ in pauses only.
const READINGS_LOOKED_AT: usize = 12;
/// Settings that differ from the library's: a little more trust in the language model, and no noise filter, which the model was not
/// trained with. Measured with `examples/accuracy`: 93.4 % of words instead of 92.3.
const TUNING: [(&str, &str); 2] = [("-lw", "9"), ("-remove_noise", "no")];
/// The running pass looks at every second frame and does no second search: over the sentences of `examples/accuracy` a whole
/// recognition with `-ds 2` costs 0.044 s of a core a second instead of 0.072, for 96.0 % of words instead of 96.3.
const RUNNING: [(&str, &str); 3] = [("-ds", "2"), ("-fwdflat", "no"), ("-bestpath", "no")];
/// What a telephone line does to the mean of each cepstral coefficient, for a running pass that cannot wait for the turn's own:
/// medians over turns of `load --duplex regular --rehearse`. The model's default is that of a close microphone.
const TELEPHONE: (&str, &str) = ("-cmninit", "55,10,3,18,-2,-9,9,-18,-1,0,-1,10,-6");
/// A logistic curve over how far, for each frame of 10 ms, the words lie from the likeliest sounds, in units of 10,000 of the
/// library's logarithm. Fitted with `examples/accuracy`: right sentences have a mean of 1.5 to 3.7 (5 to 95 %), babble taken for
/// words 3.2 to 6.1. Placed so that 0.4, the dialogue's limit, keeps 99 % of right sentences; of babble it keeps 23 %.
const FIT: f32 = 7.86;
const FIT_MEAN: f32 = 1.51;
const FIT_WORST: f32 = 0.316;
/// One short word may fit as badly as it likes.
const WORST_MAX: f32 = 9.0;

#[cfg(test)]
mod tests;
