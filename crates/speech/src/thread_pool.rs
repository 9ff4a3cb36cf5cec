//! The threads on which models are computed.

use std::sync::Arc;

use rten::ThreadPool;

thread_local! {
    /// The library works on threads of its own. Each thread that asks gets one helper to itself: it inherits the asking
    /// thread's priority, which for media is a high one, and nobody waits for another's window.
    static HELPER: Arc<ThreadPool> = Arc::new(ThreadPool::with_num_threads(1));
}

/// The calling thread's helper.
pub(crate) fn helper() -> Arc<ThreadPool> {
    HELPER.with(Arc::clone)
}
