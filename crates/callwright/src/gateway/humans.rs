//! The queue of humans with its clock: calls ask it for somebody, and hear from it what comes of that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use callwright_call_core::call::How;
use callwright_call_core::queue::{Doing, Hours, Output, Phones, Queue, Wish};
use callwright_console::{BriefingView, HumanRefusal, HumanState, HumanView, Humans as HumansPort};
use callwright_model::{CallId, MonoTime};
use tokio::sync::{Notify, mpsc};
use tracing::info;

use crate::config::{Config, Human};
use crate::gateway::Shared;
use crate::gateway::webhook::unix_ms;

/// Everybody who can be rung, and who waits for them.
pub(crate) struct Humans {
    people: Vec<Human>,
    state: Mutex<State>,
    /// Something happened: the machine's timer may be another one.
    changed: Notify,
}

struct State {
    queue: Queue,
    /// Calls that look for somebody.
    calls: BTreeMap<CallId, mpsc::Sender<Output>>,
    /// What is known of each human's phones, as the machine was told.
    phones: Vec<Phones>,
}

impl Humans {
    pub(crate) fn new(config: &Config, now: MonoTime) -> Self {
        let people = config.everybody();
        let queue = Queue::new(config.queue.clone(), config.queued(), unix_ms(), now);
        let phones = vec![Phones::Free; people.len()];
        let state = State { queue, calls: BTreeMap::new(), phones };
        Self { people, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Somebody by their place in the list.
    pub(crate) fn person(&self, place: usize) -> Option<&Human> {
        self.people.get(place)
    }

    /// When those who take a line's callers work, each of their hours once.
    pub(crate) fn hours_on(&self, line: &str) -> Vec<&Hours> {
        let mut all: Vec<&Hours> = Vec::new();
        for human in self.people.iter().filter(|human| human.takes(line)) {
            if !all.contains(&&human.hours) {
                all.push(&human.hours);
            }
        }
        all
    }

    /// How a caller comes to these people: several who are rung together are all called by us.
    pub(crate) fn way(&self, places: &[usize]) -> How {
        match places {
            [place] => self.person(*place).map(|human| human.how).unwrap_or_default(),
            [] | [_, _, ..] => How::Warm,
        }
    }

    /// A call wants somebody, or somebody else. What was given out for it before ends.
    pub(crate) fn seek(&self, call: CallId, wish: Wish, now: MonoTime) -> mpsc::Receiver<Output> {
        let (tell, told) = mpsc::channel(TOLD_WAITING);
        let mut state = self.state();
        state.calls.insert(call, tell);
        state.queue.handle_seek(call, wish, now);
        self.drain(state);
        told
    }

    /// Of those who are rung for a call this one has answered.
    pub(crate) fn answered(&self, call: CallId, human: usize, now: MonoTime) {
        let mut state = self.state();
        state.queue.handle_answered(call, human, now);
        self.drain(state);
    }

    /// The human who was rung for a call has it.
    pub(crate) fn taken(&self, call: CallId, now: MonoTime) {
        let mut state = self.state();
        state.queue.handle_taken(call, now);
        self.drain(state);
    }

    /// A call wants nobody any more.
    pub(crate) fn leave(&self, call: CallId, now: MonoTime) {
        let mut state = self.state();
        state.calls.remove(&call);
        state.queue.handle_leave(call, now);
        self.drain(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands on what the machine says, and has its timer looked at again.
    fn drain(&self, mut state: MutexGuard<'_, State>) {
        self.hand_on(&mut state);
        drop(state);
        self.changed.notify_one();
    }

    fn hand_on(&self, state: &mut State) {
        while let Some(output) = state.queue.poll_output() {
            let (Output::Offer { call, .. } | Output::Waits { call, .. } | Output::Nobody { call, .. }) =
                &output;
            // A call that does not listen any more is about to leave; one that is slow hears its place another time.
            if let Some(tell) = state.calls.get(call)
                && let Err(error) = tell.try_send(output)
            {
                info!(%error, "a call does not hear what the queue says");
            }
        }
        metrics::gauge!("callwright_queue_callers").set(state.queue.callers() as f64);
    }

    /// What everybody is doing.
    fn views(&self, now: MonoTime) -> Vec<HumanView> {
        let doing: Vec<Doing> = self.state().queue.people(now).collect();
        let people = self.people.iter().zip(doing);
        people.map(|(human, doing)| HumanView { name: human.name.clone(), state: shown(doing) }).collect()
    }

    /// Somebody takes calls, or takes none. `false` when nobody is called so.
    fn pause(&self, name: &str, paused: bool, now: MonoTime) -> bool {
        let mut state = self.state();
        let places = self.people.iter().enumerate().filter(|(_, human)| human.name == name);
        let known = places.map(|(at, _)| state.queue.handle_paused(at, paused, now)).count() > 0;
        self.drain(state);
        known
    }

    /// Telephones that register have come or gone, or are in a call.
    fn look_at_phones(&self, shared: &Shared) {
        let mut state = self.state();
        for (at, human) in self.people.iter().enumerate() {
            let phones = phones_of(shared, human);
            if state.phones.get(at) != Some(&phones) {
                state.phones[at] = phones;
                state.queue.handle_phones(at, phones, shared.media.now());
            }
        }
        self.hand_on(&mut state);
    }
}

/// Whether a human could be rung. Of an address elsewhere nobody knows before it is called.
fn phones_of(shared: &Shared, human: &Human) -> Phones {
    let mut known = Phones::Away;
    for address in &human.addresses {
        let Some(user) = address.strip_prefix("user:") else { return Phones::Free };
        let Some(there) = shared.sip.phones_of(user).filter(|there| !there.contacts.is_empty()) else {
            continue;
        };
        if there.calls < human.calls {
            return Phones::Free;
        }
        known = Phones::Busy;
    }
    known
}

/// Keeps the queue's time for as long as the gateway runs.
pub(crate) async fn keep_time(shared: Weak<Shared>) {
    let registering = |human: &Human| human.addresses.iter().any(|address| address.starts_with("user:"));
    let Some(strong) = shared.upgrade() else { return };
    let humans = Arc::clone(&strong.humans);
    let registers = humans.people.iter().any(registering);
    let mut phones = strong.sip.phones_changed();
    drop(strong);
    loop {
        let Some(strong) = shared.upgrade() else { return };
        if registers {
            humans.look_at_phones(&strong);
        }
        let now = strong.media.now();
        let due = humans.state().queue.poll_timeout();
        drop(strong);
        let longest = if registers { RUN_OUT_EVERY } else { WALL_CLOCK_EVERY };
        let wait = due.map_or(longest, |due| due.since(now).min(longest));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = humans.changed.notified() => {}
            // An endpoint that is gone changes no phones any more: then only the time counts.
            Ok(()) = phones.changed(), if registers => {}
        }
        let Some(strong) = shared.upgrade() else { return };
        let now = strong.media.now();
        let mut state = humans.state();
        if state.queue.poll_timeout().is_some_and(|due| now >= due) {
            state.queue.handle_wall_clock(unix_ms(), now);
            state.queue.handle_timeout(now);
            humans.hand_on(&mut state);
        }
    }
}

/// The operator's view.
pub(crate) struct HumanList(pub(crate) Arc<Shared>);

#[async_trait]
impl HumansPort for HumanList {
    async fn list(&self) -> Vec<HumanView> {
        self.0.humans.views(self.0.media.now())
    }

    async fn set(&self, name: &str, takes_calls: bool) -> Result<(), HumanRefusal> {
        let known = self.0.humans.pause(name, !takes_calls, self.0.media.now());
        known.then_some(()).ok_or(HumanRefusal::Unknown)
    }

    async fn briefing(&self, call: CallId, token: Option<String>) -> Option<BriefingView> {
        self.0.briefing(call, token.as_deref())
    }
}

fn shown(doing: Doing) -> HumanState {
    match doing {
        Doing::Free => HumanState::Available,
        Doing::Rung => HumanState::Ringing,
        Doing::Talking => HumanState::Talking,
        Doing::WrapUp => HumanState::WrapUp,
        Doing::Closed => HumanState::Closed,
        Doing::Paused => HumanState::Paused,
        Doing::Unreachable => HumanState::Unreachable,
    }
}

/// What the queue says to one call; more than a few is never meant for one.
const TOLD_WAITING: usize = 64;
const WALL_CLOCK_EVERY: Duration = Duration::from_secs(60);
/// A phone that did not register again is known to be gone after this.
const RUN_OUT_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use callwright_model::Language;

    use super::*;

    #[test]
    fn who_waits_is_told_their_place_and_gets_who_becomes_free() {
        let text = "[[line]]\nname = \"air\"\npack = \"skills/airline\"\n[[human]]\nname = \"ada\"\n\
                    addresses = [\"sip:ada@127.0.0.1\", \"sip:ada@127.0.0.1:5070\"]\nhow = \"attended\"\n";
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("callwright.toml");
        std::fs::write(&file, text).expect("the folder is ours");
        let config = Config::load(&file).expect("it is whole");
        let humans = Humans::new(&config, MonoTime::ZERO);
        let (first, second) = (CallId(1), CallId(2));
        let wish = || Wish { line: 0, language: Language::EN, skills: Default::default(), priority: 0 };
        let mut to_first = humans.seek(first, wish(), MonoTime::ZERO);
        let mut to_second = humans.seek(second, wish(), MonoTime::ZERO);
        assert_eq!(to_first.try_recv(), Ok(Output::Offer { call: first, humans: vec![0] }));
        assert_eq!(to_second.try_recv(), Ok(Output::Waits { call: second, place: 1, minutes: None }));
        assert_eq!(humans.way(&[0]), How::Attended);
        assert_eq!(humans.way(&[0, 0]), How::Warm, "several are rung by us");
        humans.taken(first, MonoTime::ZERO);
        assert_eq!(humans.views(MonoTime::ZERO)[0].state, HumanState::Talking);
        humans.leave(first, MonoTime::from_millis(1));
        assert_eq!(to_second.try_recv(), Ok(Output::Offer { call: second, humans: vec![0] }));
    }
}
