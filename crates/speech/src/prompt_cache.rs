//! The sound of fixed prompts, kept so that they are synthesised once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callwright_model::{Language, Voice};

use crate::sound::Sound;

/// A bounded store of sound; what was not used for longest goes first.
pub(crate) struct PromptCache {
    bytes_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    prompts: HashMap<Key, Prompt>,
    bytes: usize,
    clock: u64,
}

/// What makes a prompt's sound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) language: Language,
    pub(crate) voice: Voice,
    pub(crate) text: String,
}

struct Prompt {
    sound: Arc<Sound>,
    used: u64,
}

impl PromptCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: Mutex::default() }
    }

    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Sound>> {
        let mut inner = self.lock();
        inner.clock += 1;
        let clock = inner.clock;
        let prompt = inner.prompts.get_mut(key)?;
        prompt.used = clock;
        Some(Arc::clone(&prompt.sound))
    }

    pub(crate) fn keep(&self, key: Key, sound: Arc<Sound>) {
        let bytes = sound.bytes();
        if bytes > self.bytes_max {
            return;
        }
        let mut inner = self.lock();
        inner.clock += 1;
        let used = inner.clock;
        inner.bytes += bytes;
        if let Some(old) = inner.prompts.insert(key, Prompt { sound, used }) {
            inner.bytes -= old.sound.bytes();
        }
        while inner.bytes > self.bytes_max {
            let oldest =
                inner.prompts.iter().min_by_key(|(_, prompt)| prompt.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| inner.prompts.remove(&key)) else { break };
            inner.bytes -= gone.sound.bytes();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key { language: Language::EN, voice: Voice::default(), text: text.to_owned() }
    }

    fn sound(samples: usize) -> Arc<Sound> {
        Arc::new(Sound { samples: vec![1; samples], words: Vec::new() })
    }

    #[test]
    fn the_prompt_not_used_for_longest_makes_room() {
        let cache = PromptCache::new(400);
        for text in ["a", "b"] {
            cache.keep(key(text), sound(100));
        }
        assert!(cache.find(&key("a")).is_some());
        cache.keep(key("c"), sound(50));
        assert!(cache.find(&key("a")).is_some());
        assert!(cache.find(&key("b")).is_none());
        assert!(cache.find(&key("c")).is_some());
        cache.keep(key("too long"), sound(500));
        assert!(cache.find(&key("too long")).is_none());
        assert_eq!(cache.lock().bytes, 300);
    }

    #[test]
    fn keeping_a_prompt_again_counts_it_once() {
        let cache = PromptCache::new(400);
        cache.keep(key("a"), sound(100));
        cache.keep(key("a"), sound(150));
        assert_eq!(cache.lock().bytes, 300);
    }
}
