//! Repeats what happens in calls to whoever follows them, from each call's start.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callwright_model::CallId;
use tokio::sync::broadcast;

use crate::event::{CallEvent, CallFact, CallbackEvent, TrunkEvent};

/// Events that a follower may be behind before it loses some and is told so.
const LIVE: usize = 1_024;
/// Events kept of one call. A talk of an hour has about three thousand, of which a page needs the last.
const HISTORY: usize = 2_000;
/// Calls that are over and still remembered, for a page that reloads after hanging up.
const ENDED_CALLS: usize = 64;
/// Calls remembered at all. More than a gateway carries at once.
const CALLS: usize = 4_096;

/// Where the binary publishes [`CallEvent`]s and event streams get them. Clones are the same hub. Publishing never waits.
#[derive(Debug, Clone)]
pub struct EventHub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    live: broadcast::Sender<Told>,
}

#[derive(Debug, Default)]
struct State {
    number: u64,
    calls: BTreeMap<CallId, VecDeque<Arc<Numbered>>>,
    started: VecDeque<CallId>,
    ended: VecDeque<CallId>,
}

/// An event with its place among all events of this process, from 1.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) event: CallEvent,
}

/// What followers are told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// Something happened in a call.
    Call(Arc<Numbered>),
    /// Something happened to a trunk. Not remembered: who joins late asks how trunks are.
    Trunk(Arc<TrunkEvent>),
    /// Somebody was called back. Not remembered: who joins late asks for the list.
    Callback(Arc<CallbackEvent>),
}

/// What a follower gets: what was, then what comes, without a gap between.
pub(crate) struct Subscription {
    pub(crate) so_far: Vec<Arc<Numbered>>,
    pub(crate) live: broadcast::Receiver<Told>,
}

impl EventHub {
    /// A hub that knows of no call.
    #[must_use]
    pub fn new() -> Self {
        let (live, _) = broadcast::channel(LIVE);
        Self(Arc::new(Shared { state: Mutex::default(), live }))
    }

    /// Tells everyone who follows the call, and remembers it for those who join late.
    pub fn publish(&self, event: CallEvent) {
        let mut state = self.state();
        state.number += 1;
        let numbered = Arc::new(Numbered { number: state.number, event });
        state.remember(numbered.clone());
        // Sent under the lock, so that everyone gets events in the order of their numbers. Nobody listening is no error.
        let _ = self.0.live.send(Told::Call(numbered));
    }

    /// Tells everyone who follows all calls what happened to a trunk.
    pub fn publish_trunk(&self, event: TrunkEvent) {
        // Nobody listening is no error.
        let _ = self.0.live.send(Told::Trunk(Arc::new(event)));
    }

    /// Tells everyone who follows all calls what came of calling somebody back.
    pub fn publish_callback(&self, event: CallbackEvent) {
        // Nobody listening is no error.
        let _ = self.0.live.send(Told::Callback(Arc::new(event)));
    }

    /// Whether anything is remembered of a call.
    #[must_use]
    pub fn knows(&self, call: CallId) -> bool {
        self.state().calls.contains_key(&call)
    }

    /// Follows one call, or all, leaving out what came up to number `after`.
    pub(crate) fn subscribe(&self, call: Option<CallId>, after: u64) -> Subscription {
        let state = self.state();
        // A number that was not given out yet is from before a restart of this process.
        let after = if after > state.number { 0 } else { after };
        let mut so_far: Vec<Arc<Numbered>> = match call {
            Some(call) => state.calls.get(&call).into_iter().flatten().cloned().collect(),
            None => state.calls.values().flatten().cloned().collect(),
        };
        so_far.retain(|numbered| numbered.number > after);
        so_far.sort_unstable_by_key(|numbered| numbered.number);
        Subscription { so_far, live: self.0.live.subscribe() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for EventHub {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn remember(&mut self, numbered: Arc<Numbered>) {
        let call = numbered.event.call;
        if !self.calls.contains_key(&call) {
            self.started.push_back(call);
            while self.started.len() > CALLS {
                self.forget_oldest();
            }
        }
        let ended = matches!(numbered.event.fact, CallFact::CallEnded { .. });
        let history = self.calls.entry(call).or_default();
        if let Some(key) = numbered.event.fact.replaces() {
            history.retain(|earlier| earlier.event.fact.replaces() != Some(key));
        }
        if history.len() == HISTORY {
            // The first event tells what call it is; the oldest after it goes.
            history.remove(1);
        }
        history.push_back(numbered);
        if ended && !self.ended.contains(&call) {
            self.ended.push_back(call);
            if self.ended.len() > ENDED_CALLS
                && let Some(oldest) = self.ended.pop_front()
            {
                self.calls.remove(&oldest);
                self.started.retain(|started| *started != oldest);
            }
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.started.pop_front() {
            self.calls.remove(&oldest);
            self.ended.retain(|ended| *ended != oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use callwright_model::{Language, Pii, TurnId};
    use proptest::prelude::*;

    use super::*;

    fn event(call: u64, fact: CallFact) -> CallEvent {
        CallEvent { call: CallId(call), at_ms: 0, fact }
    }

    fn heard(turn: u32, text: &str, is_final: bool) -> CallFact {
        let text = Pii::new(text.to_owned());
        CallFact::UserTranscription { turn: TurnId(turn), text, is_final, language: Language::EN }
    }

    fn ended() -> CallFact {
        CallFact::CallEnded { reason: "caller hung up".to_owned(), mos: None, peer_mos: None }
    }

    #[tokio::test]
    async fn a_late_joiner_gets_the_call_so_far_and_what_comes() {
        let hub = EventHub::new();
        hub.publish(event(1, CallFact::DtmfReceived { digit: '1' }));
        hub.publish(event(2, CallFact::DtmfReceived { digit: '2' }));
        let mut follower = hub.subscribe(Some(CallId(1)), 0);
        hub.publish(event(1, CallFact::DtmfReceived { digit: '3' }));
        assert_eq!(follower.so_far.iter().map(|n| n.number).collect::<Vec<_>>(), [1]);
        match follower.live.recv().await.expect("it was sent") {
            Told::Call(numbered) => assert_eq!(numbered.number, 3),
            Told::Trunk(event) => panic!("{event:?}"),
            Told::Callback(event) => panic!("{event:?}"),
        }
        assert_eq!(hub.subscribe(None, 1).so_far.len(), 2);
        assert_eq!(hub.subscribe(None, 99).so_far.len(), 3, "a number of an earlier process means nothing");
    }

    #[test]
    fn partial_words_are_replaced_in_the_history() {
        let hub = EventHub::new();
        for (text, is_final) in [("my", false), ("my flight", false), ("my flight is cancelled", true)] {
            hub.publish(event(1, heard(1, text, is_final)));
        }
        hub.publish(event(1, heard(2, "yes", true)));
        let numbers: Vec<u64> = hub.subscribe(Some(CallId(1)), 0).so_far.iter().map(|n| n.number).collect();
        assert_eq!(numbers, [3, 4]);
    }

    #[test]
    fn ended_calls_are_forgotten_in_the_end() {
        let hub = EventHub::new();
        hub.publish(event(9_999, CallFact::DtmfReceived { digit: '1' }));
        for call in 0..100 {
            hub.publish(event(call, ended()));
        }
        assert!(!hub.knows(CallId(35)) && hub.knows(CallId(36)), "64 of 100 are remembered");
        assert!(hub.knows(CallId(9_999)), "a running call is");
    }

    #[test]
    fn a_long_call_keeps_its_first_event_and_the_latest() {
        let hub = EventHub::new();
        for _ in 0..HISTORY + 10 {
            hub.publish(event(1, CallFact::DtmfReceived { digit: '1' }));
        }
        let so_far = hub.subscribe(Some(CallId(1)), 0).so_far;
        assert_eq!((so_far.len(), so_far[0].number, so_far[1].number), (HISTORY, 1, 12));
    }

    proptest! {
        #[test]
        fn whatever_is_published_stays_within_its_limits(
            calls in proptest::collection::vec((0_u64..8_000, 0_u8..3), 0..300)
        ) {
            let hub = EventHub::new();
            for (call, kind) in calls {
                let fact = match kind {
                    0 => heard(1, "x", false),
                    1 => CallFact::DtmfReceived { digit: '#' },
                    _ => ended(),
                };
                hub.publish(event(call, fact));
            }
            let state = hub.state();
            prop_assert!(state.ended.len() <= ENDED_CALLS);
            prop_assert_eq!(state.calls.len(), state.started.len());
        }
    }
}
