//! The sound of one sentence, from when it is asked for: it grows until it is whole, and any number of says follow it from its start.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::SynthesisError;
use crate::sound::Sound;

/// What was made of a sentence so far. Nobody makes the rest when nobody holds it any more.
#[derive(Default)]
pub(crate) struct Rendition {
    grown: Mutex<Grown>,
    changed: Notify,
}

#[derive(Default)]
struct Grown {
    pieces: Vec<Arc<Sound>>,
    end: Option<End>,
}

/// How making it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It is whole, and took so long.
    Whole(Duration),
    Failed(SynthesisError),
    /// It was not begun: speech is shutting down.
    Dropped,
}

impl Rendition {
    /// An empty one, and who fills it.
    pub(crate) fn begin() -> (Arc<Self>, Maker) {
        let rendition = Arc::new(Self::default());
        let maker = Maker { rendition: Arc::downgrade(&rendition) };
        (rendition, maker)
    }

    /// The piece at a place, once it is there. None when there is no such piece and will not be.
    pub(crate) async fn piece(&self, place: usize) -> Option<Arc<Sound>> {
        loop {
            let changed = self.changed.notified();
            {
                let grown = self.lock();
                if let Some(piece) = grown.pieces.get(place) {
                    return Some(Arc::clone(piece));
                }
                if grown.end.is_some() {
                    return None;
                }
            }
            changed.await;
        }
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.lock().end.clone()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.lock().pieces.iter().map(|piece| piece.bytes()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Grown> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fills a rendition. Dropped without an end, it was never begun.
pub(crate) struct Maker {
    rendition: Weak<Rendition>,
}

impl Maker {
    /// Whether somebody still wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.rendition.strong_count() > 0
    }

    /// Adds a piece; breaks off when nobody wants it any more.
    pub(crate) fn add(&self, piece: Sound) -> ControlFlow<()> {
        let Some(rendition) = self.rendition.upgrade() else { return ControlFlow::Break(()) };
        if !piece.samples.is_empty() {
            rendition.lock().pieces.push(Arc::new(piece));
            rendition.changed.notify_waiters();
        }
        ControlFlow::Continue(())
    }

    pub(crate) fn end(self, end: Result<Duration, SynthesisError>) {
        self.close(end.map_or_else(End::Failed, End::Whole));
    }

    fn close(&self, end: End) {
        let Some(rendition) = self.rendition.upgrade() else { return };
        rendition.lock().end.get_or_insert(end);
        rendition.changed.notify_waiters();
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.close(End::Dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: usize) -> Sound {
        Sound { samples: vec![1; samples], words: Vec::new() }
    }

    #[tokio::test]
    async fn who_comes_late_hears_it_from_its_start() {
        let (rendition, maker) = Rendition::begin();
        assert_eq!(maker.add(sound(1)), ControlFlow::Continue(()));
        let early = tokio::spawn({
            let rendition = Arc::clone(&rendition);
            async move { (rendition.piece(0).await, rendition.piece(1).await, rendition.piece(2).await) }
        });
        tokio::task::yield_now().await;
        assert_eq!(maker.add(sound(2)), ControlFlow::Continue(()));
        maker.end(Ok(Duration::from_millis(5)));
        let late = (rendition.piece(0).await, rendition.piece(1).await, rendition.piece(2).await);
        assert_eq!(early.await.expect("it ends"), late);
        assert_eq!(late, (Some(Arc::new(sound(1))), Some(Arc::new(sound(2))), None));
        assert_eq!(rendition.end(), Some(End::Whole(Duration::from_millis(5))));
        assert_eq!(rendition.bytes(), 6);
    }

    #[test]
    fn it_is_given_up_when_nobody_holds_it() {
        let (rendition, maker) = Rendition::begin();
        assert!(maker.is_wanted());
        drop(rendition);
        assert!(!maker.is_wanted());
        assert_eq!(maker.add(sound(1)), ControlFlow::Break(()));
    }

    #[tokio::test]
    async fn one_that_was_never_begun_says_so() {
        let (rendition, maker) = Rendition::begin();
        drop(maker);
        assert_eq!((rendition.piece(0).await, rendition.end()), (None, Some(End::Dropped)));
    }
}
