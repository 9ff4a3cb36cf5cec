//! Sound made for what will probably be said, kept until it is said or the next guess takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::{LikelySay, Say};
use tokio::sync::{mpsc, oneshot};

use crate::SynthesisError;
use crate::mouth::{SENTENCE_BYTES_MAX, limited};
use crate::prompt_cache::{Key, PromptCache};
use crate::sentences::sentences;
use crate::sound::Sound;
use crate::speaking::{Job, Speakers};

/// The sound of one sentence on its way, and how making it ended.
pub(crate) type Sounding =
    (mpsc::UnboundedReceiver<Sound>, oneshot::Receiver<Result<Duration, SynthesisError>>);

/// First sentences that are ready, or being made, for one leg.
#[derive(Clone, Default)]
pub(crate) struct Prepared(Arc<Mutex<Vec<Ready>>>);

struct Ready {
    key: Key,
    sentence: String,
    sounding: Sounding,
    asked: Instant,
}

impl Prepared {
    /// Has the first sentence of each made. What was made before and is not wanted any more is thrown away, and stopped if it is
    /// still being made.
    pub(crate) fn prepare(&self, says: Vec<LikelySay>, speakers: &Speakers, cache: &PromptCache) {
        let mut wanted = Vec::new();
        let mut old = std::mem::take(&mut *self.lock());
        for say in says {
            let LikelySay { text, language, voice } = say;
            let key = Key { language, voice, text };
            if let Some(place) = old.iter().position(|ready| ready.key == key) {
                wanted.push(old.swap_remove(place));
            } else if cache.find(&key).is_none()
                && let Some(sentence) =
                    sentences(limited(&key.text), SENTENCE_BYTES_MAX).first().map(|s| (*s).to_owned())
            {
                let sounding = ask(speakers, &key, &sentence);
                wanted.push(Ready { key, sentence, sounding, asked: Instant::now() });
            }
        }
        for mut ready in old {
            let made = ready.sounding.1.try_recv().ok().and_then(Result::ok);
            wasted(made.unwrap_or_else(|| ready.asked.elapsed()));
        }
        *self.lock() = wanted;
    }

    /// The sound of a say's first sentence, if it was foreseen.
    pub(crate) fn take(&self, say: &Say, sentence: &str) -> Option<Sounding> {
        let mut ready = self.lock();
        let place = ready.iter().position(|ready| {
            let Key { language, voice, text } = &ready.key;
            *language == say.language
                && *voice == say.voice
                && *text == say.text
                && ready.sentence == sentence
        })?;
        Some(ready.swap_remove(place).sounding)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ready>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has a sentence made.
pub(crate) fn ask(speakers: &Speakers, key: &Key, sentence: &str) -> Sounding {
    let (sound, pieces) = mpsc::unbounded_channel();
    let (ended, end) = oneshot::channel();
    speakers.ask(Job {
        text: sentence.to_owned(),
        language: key.language,
        voice: key.voice.clone(),
        sound,
        ended,
    });
    (pieces, end)
}

fn wasted(time: Duration) {
    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    metrics::counter!("callwright_speculation_wasted_ms_total", "part" => "synthesis").increment(time);
}
