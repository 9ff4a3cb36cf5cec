//! The threads that synthesise.
//!
//! A job is one sentence. Engines run as fast as they can and the sound they make is kept until it is played: a sentence is short, so
//! its sound is, and an engine that waited for a caller's playout would hold up everyone else's.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use callwright_model::{Language, SAMPLE_RATE, Voice};
use tracing::{error, warn};

use crate::prompt_cache::Key;
use crate::rendition::{Maker, Rendition};
use crate::sound::{Sound, Tailor};
use crate::synthesiser::Synthesiser;
use crate::{SpeechError, SynthesisError};

/// A sentence to speak, until nobody wants it any more.
struct Job {
    key: Key,
    maker: Maker,
}

/// Engines in order of preference, and the threads that run them.
pub(crate) struct Speakers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    engines: Vec<Box<dyn Synthesiser>>,
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

impl Speakers {
    pub(crate) fn start(threads: usize, engines: Vec<Box<dyn Synthesiser>>) -> Result<Self, SpeechError> {
        let shared = Arc::new(Shared { engines, jobs: Mutex::default(), changed: Condvar::new() });
        let threads = (0..threads)
            .map(|number| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new().name(format!("synthesise-{number}")).spawn(move || shared.serve())
            })
            .collect::<Result<_, _>>()
            .map_err(SpeechError::Thread)?;
        Ok(Self { shared, threads })
    }

    /// Has a sentence made.
    pub(crate) fn ask(&self, key: &Key) -> Arc<Rendition> {
        let (rendition, maker) = Rendition::begin();
        self.shared.lock().waiting.push_back(Job { key: key.clone(), maker });
        self.shared.changed.notify_one();
        rendition
    }

    /// Speaks here and now, handing over sound with its words as it is made.
    pub(crate) fn speak(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(Sound) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        self.shared.speak(text, language, voice, take)
    }

    /// The same as one sound.
    pub(crate) fn render(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
    ) -> Result<Vec<i16>, SynthesisError> {
        let mut sound = Vec::new();
        self.speak(text, language, voice, &mut |piece| {
            sound.extend(piece.samples);
            ControlFlow::Continue(())
        })?;
        Ok(sound)
    }
}

impl Drop for Speakers {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                error!("a synthesiser thread has panicked");
            }
        }
    }
}

impl Shared {
    fn serve(&self) {
        while let Some(job) = self.next() {
            let Job { key: Key { language, voice, sentence }, maker } = job;
            if !maker.is_wanted() {
                continue;
            }
            let begun = Instant::now();
            let result = self.speak(&sentence, language, &voice, &mut |piece| maker.add(piece));
            maker.end(result.map(|()| begun.elapsed()));
        }
    }

    /// Speaks by the first engine that can. When one fails before its first sound the next is tried, and at last any engine at all: a
    /// wrong accent is better than dead air.
    fn speak(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(Sound) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError> {
        let (fit, unfit): (Vec<_>, Vec<_>) = self.engines.iter().partition(|engine| engine.knows(language));
        let mut failure = SynthesisError::Language(language);
        for engine in fit.into_iter().chain(unfit) {
            let begun = Instant::now();
            let mut samples_made = 0;
            let mut counted = |sound: Sound| {
                if samples_made == 0 && !sound.samples.is_empty() {
                    metrics::histogram!("callwright_speech_synthesis_first_seconds", "engine" => engine.name())
                        .record(begun.elapsed().as_secs_f64());
                }
                samples_made += sound.samples.len();
                take(sound)
            };
            let mut tailor = Tailor::new(text, &mut counted);
            let result = engine.speak(text, language, voice, &mut |spoken| tailor.add(spoken));
            let result = result.and_then(|()| match tailor.finish() {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(SynthesisError::Stopped),
            });
            match result {
                Ok(()) => {
                    metrics::histogram!("callwright_speech_synthesis_realtime_factor", "engine" => engine.name())
                        .record(begun.elapsed().as_secs_f64() * f64::from(SAMPLE_RATE) / samples_made.max(1) as f64);
                    return Ok(());
                }
                Err(SynthesisError::Stopped) => return Err(SynthesisError::Stopped),
                Err(error) => {
                    metrics::counter!("callwright_speech_synthesis_errors_total").increment(1);
                    warn!(engine = engine.name(), %language, %error, "a sentence is not spoken by this engine");
                    if samples_made > 0 {
                        return Err(error);
                    }
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = self.lock();
        loop {
            if jobs.closed {
                return None;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
