//! Sound made for what will probably be said, kept until it is said or the next guess takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::LikelySay;

use crate::mouth::{SENTENCE_BYTES_MAX, limited};
use crate::prompt_cache::{Key, PromptCache};
use crate::rendition::{End, Rendition};
use crate::sentences::sentences;
use crate::speaking::Speakers;

/// First sentences that are ready, or being made, for one leg.
#[derive(Clone, Default)]
pub(crate) struct Prepared(Arc<Mutex<Vec<Ready>>>);

struct Ready {
    key: Key,
    rendition: Arc<Rendition>,
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
            let Some(&sentence) = sentences(limited(&text), SENTENCE_BYTES_MAX).first() else { continue };
            let key = Key { language, voice, sentence: sentence.to_owned() };
            if let Some(place) = old.iter().position(|ready| ready.key == key) {
                wanted.push(old.swap_remove(place));
            } else if !cache.has(&key) {
                let rendition = speakers.ask(&key);
                wanted.push(Ready { key, rendition, asked: Instant::now() });
            }
        }
        for ready in old {
            wasted(match ready.rendition.end() {
                Some(End::Whole(took)) => took,
                Some(End::Failed(_) | End::Dropped) | None => ready.asked.elapsed(),
            });
        }
        *self.lock() = wanted;
    }

    /// The sound of a say's first sentence, if it was foreseen.
    pub(crate) fn take(&self, key: &Key) -> Option<Arc<Rendition>> {
        let mut ready = self.lock();
        let place = ready.iter().position(|ready| ready.key == *key)?;
        Some(ready.swap_remove(place).rendition)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ready>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wasted(time: Duration) {
    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    metrics::counter!("callwright_speculation_wasted_ms_total", "part" => "synthesis").increment(time);
}
