//! The sentences of fixed prompts, kept so that each is synthesised once, however many callers it is said to at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callwright_model::{Language, Voice};

use crate::rendition::{End, Rendition};

/// A bounded store of sound; what was not used for longest goes first.
pub(crate) struct PromptCache {
    bytes_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    prompts: HashMap<Key, Prompt>,
    clock: u64,
}

/// What makes a sentence's sound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) language: Language,
    pub(crate) voice: Voice,
    pub(crate) sentence: String,
}

struct Prompt {
    rendition: Arc<Rendition>,
    used: u64,
}

impl PromptCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: Mutex::default() }
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.lock().prompts.contains_key(key)
    }

    /// A sentence that is here or on its way, or else what is made for it now. One that failed is made again.
    pub(crate) fn get_or(&self, key: Key, make: impl FnOnce(&Key) -> Arc<Rendition>) -> Arc<Rendition> {
        let mut inner = self.lock();
        inner.clock += 1;
        let used = inner.clock;
        if let Some(prompt) = inner.prompts.get_mut(&key)
            && matches!(prompt.rendition.end(), None | Some(End::Whole(_)))
        {
            prompt.used = used;
            return Arc::clone(&prompt.rendition);
        }
        let rendition = make(&key);
        inner.prompts.insert(key, Prompt { rendition: Arc::clone(&rendition), used });
        inner.make_room(self.bytes_max);
        rendition
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// How much a new sentence will take is known when the next one comes.
    fn make_room(&mut self, bytes_max: usize) {
        let mut bytes: usize = self.prompts.values().map(|prompt| prompt.rendition.bytes()).sum();
        while bytes > bytes_max {
            let oldest =
                self.prompts.iter().min_by_key(|(_, prompt)| prompt.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.prompts.remove(&key)) else { break };
            // One that is still being made may have grown since.
            bytes = bytes.saturating_sub(gone.rendition.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::SynthesisError;
    use crate::sound::Sound;

    fn key(sentence: &str) -> Key {
        Key { language: Language::EN, voice: Voice::default(), sentence: sentence.to_owned() }
    }

    fn whole(samples: usize) -> Arc<Rendition> {
        let (rendition, maker) = Rendition::begin();
        assert!(maker.add(Sound { samples: vec![1; samples], words: Vec::new() }).is_continue());
        maker.end(Ok(Duration::ZERO));
        rendition
    }

    #[test]
    fn the_sentence_not_used_for_longest_makes_room() {
        let cache = PromptCache::new(500);
        for sentence in ["a", "b", "a"] {
            cache.get_or(key(sentence), |_| whole(100));
        }
        cache.get_or(key("c"), |_| whole(100));
        assert_eq!(["a", "b", "c"].map(|sentence| cache.has(&key(sentence))), [true, false, true]);
    }

    #[test]
    fn a_sentence_on_its_way_is_not_asked_for_again() {
        let cache = PromptCache::new(500);
        let (rendition, maker) = Rendition::begin();
        cache.get_or(key("a"), |_| rendition);
        let again = cache.get_or(key("a"), |_| unreachable!("it is being made"));
        // Only the cache and a say hold it; the cache would be enough.
        drop(again);
        assert!(maker.is_wanted());
    }

    #[test]
    fn a_sentence_that_failed_is_made_again() {
        let cache = PromptCache::new(500);
        let (rendition, maker) = Rendition::begin();
        cache.get_or(key("a"), |_| rendition);
        maker.end(Err(SynthesisError::Timeout(Duration::ZERO)));
        assert_eq!(cache.get_or(key("a"), |_| whole(100)).bytes(), 200);
    }
}
