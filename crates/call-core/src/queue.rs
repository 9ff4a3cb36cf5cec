//! Who is rung for whom: callers who wait for a human, and the humans who take them.
//!
//! One machine per gateway. Callers join with [`Queue::handle_seek`] and are offered one human, or several who are rung together;
//! whoever asks again has not got that one. Each human has a fixed number of calls at one time, usually one, and is reserved from
//! the offer on, so that no phone is rung for two callers.
//!
//! Who comes first: callers by priority, which grows while they wait, then by when they came; humans by their rank on the line, then by
//! who has been idle longest. Who did not take a call counts as idle from then on, so that a phone on an empty desk does not
//! get every caller first.
//!
//! Driven like every machine here: call a `handle_*`, then drain [`Queue::poll_output`] until `None`, then ask
//! [`Queue::poll_timeout`]. Every caller who waits has a timer; each offer has one too, should its call never say what came of it.
//!
//! What it does not do: ring anybody, or know what a phone is.

mod hours;
mod person;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use callwright_model::{CallId, Language, MonoTime};

pub use hours::{Hours, Shift, common, joined, unix_ms};
use person::Person;
pub use person::{Doing, Human, Phones};

/// How humans are rung and how long callers wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// One after another, or all who are free at once.
    pub ring: Ring,
    /// Callers who may wait at one time; the next is not taken.
    pub waiting_max: usize,
    /// Longest wait of one caller.
    pub wait_max: Duration,
    /// How often one human is offered one caller.
    pub tries: u32,
    /// A caller who has waited for so long counts as one priority higher, and so on: nobody waits for ever behind others.
    pub ageing: Duration,
    /// An offer of which nothing was heard for so long is taken back with its caller.
    pub offer_max: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring: Ring::One,
            waiting_max: 50,
            wait_max: Duration::from_secs(300),
            tries: 1,
            ageing: Duration::from_secs(60),
            offer_max: Duration::from_secs(300),
        }
    }
}

/// Who is rung of those who are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// The first.
    One,
    /// All of them, at most [`RUNG_MAX`]; the first who answers is asked.
    All,
}

/// What a caller needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The line that they called.
    pub line: usize,
    /// What they speak. Humans who do not are offered only where nobody on the line does.
    pub language: Language,
    /// What the human must be able to do.
    pub skills: BTreeSet<String>,
    /// Higher ones come first.
    pub priority: u8,
}

/// What the queue tells a caller's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// These humans are reserved: ring them, and tell with [`Queue::handle_taken`] who took the call; or seek again.
    Offer {
        /// For whom.
        call: CallId,
        /// Places in the list of humans.
        humans: Vec<usize>,
    },
    /// The caller waits, at this place.
    Waits {
        /// Who.
        call: CallId,
        /// Their place among those who wait for the same people, from 1.
        place: usize,
        /// How long it will take, in whole minutes, as far as calls before tell.
        minutes: Option<u64>,
    },
    /// Nobody will come; the caller is not in the queue any more.
    Nobody {
        /// For whom.
        call: CallId,
        /// Why.
        why: Nobody,
    },
}

/// Why nobody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nobody {
    /// No human takes this line's callers, or none can do what is needed.
    Unfit,
    /// All of them are out of their working time.
    Closed,
    /// Those who would be there have paused, or their phones cannot be reached.
    Away,
    /// Everybody was rung, and nobody took the call.
    Tried,
    /// Too many wait already.
    Full,
    /// The caller has waited for as long as anybody may.
    TooLong,
}

/// The machine. See the module's text.
#[derive(Debug)]
pub struct Queue {
    config: Config,
    people: Vec<Person>,
    callers: BTreeMap<CallId, Caller>,
    /// Unix time at [`MonoTime::ZERO`], in milliseconds.
    epoch_ms: u64,
    /// Mean length of the last calls, in seconds.
    talk_s: Option<f64>,
    looked: MonoTime,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Caller {
    wish: Wish,
    joined: MonoTime,
    /// How often each human was offered this caller and did not take them.
    tried: BTreeMap<usize, u32>,
    stands: Stands,
}

#[derive(Debug, PartialEq, Eq)]
enum Stands {
    Waiting { told: Option<(usize, Option<u64>)> },
    Offered { humans: Vec<usize>, since: MonoTime },
    Talking { human: usize },
}

impl Queue {
    /// An empty queue. `unix_ms` is the wall clock at `now`.
    #[must_use]
    pub fn new(config: Config, humans: Vec<Human>, unix_ms: u64, now: MonoTime) -> Self {
        Self {
            config,
            people: humans.into_iter().map(|human| Person::new(human, now)).collect(),
            callers: BTreeMap::new(),
            epoch_ms: unix_ms.saturating_sub(now.as_millis()),
            talk_s: None,
            looked: now,
            outputs: VecDeque::new(),
        }
    }

    /// The wall clock was set.
    pub fn handle_wall_clock(&mut self, unix_ms: u64, now: MonoTime) {
        self.epoch_ms = unix_ms.saturating_sub(now.as_millis());
        self.look(now);
    }

    /// A call wants a human; or another one, since nobody of the last offer took it.
    pub fn handle_seek(&mut self, call: CallId, wish: Wish, now: MonoTime) {
        if let Some(Caller { stands: Stands::Talking { human }, .. }) = self.callers.get(&call) {
            let human = *human;
            self.callers.remove(&call);
            self.release(call, &[human], now);
        }
        let full = self.waiting().count() >= self.config.waiting_max;
        match self.callers.get_mut(&call) {
            Some(caller) => {
                caller.wish = wish;
                if let Stands::Offered { humans, .. } = &mut caller.stands {
                    let humans = std::mem::take(humans);
                    caller.stands = Stands::Waiting { told: None };
                    humans.iter().for_each(|human| *caller.tried.entry(*human).or_default() += 1);
                    self.release(call, &humans, now);
                }
            }
            None if full => {
                return self.outputs.push_back(Output::Nobody { call, why: Nobody::Full });
            }
            None => {
                let stands = Stands::Waiting { told: None };
                self.callers.insert(call, Caller { wish, joined: now, tried: BTreeMap::new(), stands });
            }
        }
        self.look(now);
    }

    /// One of the humans who were offered has answered: the others are free again.
    pub fn handle_answered(&mut self, call: CallId, human: usize, now: MonoTime) {
        let Some(Caller { stands: Stands::Offered { humans, .. }, .. }) = self.callers.get_mut(&call) else {
            return;
        };
        if !humans.contains(&human) {
            return;
        }
        let others: Vec<usize> = humans.extract_if(.., |other| *other != human).collect();
        self.release(call, &others, now);
        self.look(now);
    }

    /// A human who was offered has taken the call: they talk.
    pub fn handle_taken(&mut self, call: CallId, now: MonoTime) {
        let Some(caller) = self.callers.get_mut(&call) else { return };
        let Stands::Offered { humans, .. } = &caller.stands else { return };
        let Some((&human, others)) = humans.split_first() else { return };
        let others = others.to_vec();
        caller.stands = Stands::Talking { human };
        self.people[human].with.insert(call, Some(now));
        self.release(call, &others, now);
        self.look(now);
    }

    /// A call wants nobody any more: it is over, or its human has left it.
    pub fn handle_leave(&mut self, call: CallId, now: MonoTime) {
        let Some(caller) = self.callers.remove(&call) else { return };
        match caller.stands {
            Stands::Waiting { .. } => {}
            Stands::Offered { humans, .. } => self.release(call, &humans, now),
            Stands::Talking { human } => self.release(call, &[human], now),
        }
        self.look(now);
    }

    /// A human takes calls, or does not.
    pub fn handle_paused(&mut self, human: usize, paused: bool, now: MonoTime) {
        if let Some(person) = self.people.get_mut(human) {
            if person.paused && !paused {
                person.idle_since = now;
            }
            person.paused = paused;
            self.look(now);
        }
    }

    /// A human's phones have come or gone, or they are in a call that this queue has not given them.
    pub fn handle_phones(&mut self, human: usize, phones: Phones, now: MonoTime) {
        if let Some(person) = self.people.get_mut(human) {
            if person.phones == Phones::Busy && phones != Phones::Busy {
                person.idle_since = now;
            }
            person.phones = phones;
            self.look(now);
        }
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        let silent: Vec<CallId> = self
            .callers
            .iter()
            .filter(|(_, caller)| match caller.stands {
                Stands::Offered { since, .. } => now >= since + self.config.offer_max,
                Stands::Waiting { .. } | Stands::Talking { .. } => false,
            })
            .map(|(call, _)| *call)
            .collect();
        for call in silent {
            self.outputs.push_back(Output::Nobody { call, why: Nobody::TooLong });
            self.handle_leave(call, now);
        }
        self.look(now);
    }

    /// What to do next, `None` when all was said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted. `None` while nobody waits and nobody is rung.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let due = self.callers.values().filter_map(|caller| match caller.stands {
            Stands::Waiting { .. } => {
                Some((caller.joined + self.config.wait_max).min(self.looked + LOOK_AGAIN))
            }
            Stands::Offered { since, .. } => Some(since + self.config.offer_max),
            Stands::Talking { .. } => None,
        });
        let waits = self.waiting().next().is_some();
        let ready =
            self.people.iter().map(|person| person.wrap_up_until).filter(|at| waits && *at > self.looked);
        due.chain(ready).min()
    }

    /// What each human is doing, in the order of the list.
    pub fn people(&self, now: MonoTime) -> impl Iterator<Item = Doing> {
        let unix_ms = self.unix_ms(now);
        self.people.iter().map(move |person| person.doing(unix_ms, now))
    }

    /// Callers who wait and whose offer is not yet taken.
    pub fn callers(&self) -> usize {
        self.callers.values().filter(|caller| !matches!(caller.stands, Stands::Talking { .. })).count()
    }

    /// When a caller with this wish could be taken, should nobody be there now: `None` when nobody will be.
    #[must_use]
    pub fn next_open(&self, wish: &Wish, unix_ms: u64) -> Option<u64> {
        let fit = self.fitting(wish);
        fit.into_iter().filter_map(|human| self.people[human].human.hours.next_open(unix_ms)).min()
    }

    fn waiting(&self) -> impl Iterator<Item = (&CallId, &Caller)> {
        self.callers.iter().filter(|(_, caller)| matches!(caller.stands, Stands::Waiting { .. }))
    }

    /// Gives humans to callers, in order.
    fn look(&mut self, now: MonoTime) {
        self.looked = now;
        for call in self.in_order(now) {
            let wish = &self.callers[&call].wish;
            let fit = self.fitting(wish);
            // Who was rung in vain for longer than anybody may wait is not rung for any more.
            let caller = &self.callers[&call];
            let late = !caller.tried.is_empty() && now >= caller.joined + self.config.wait_max;
            let offer = if late { Vec::new() } else { self.free(&fit, call, now) };
            if let Some(caller) = self.callers.get_mut(&call).filter(|_| !offer.is_empty()) {
                caller.stands = Stands::Offered { humans: offer.clone(), since: now };
                for human in &offer {
                    self.people[*human].with.insert(call, None);
                }
                self.outputs.push_back(Output::Offer { call, humans: offer });
            } else if let Some(why) = self.hopeless(&fit, call, now) {
                self.callers.remove(&call);
                self.outputs.push_back(Output::Nobody { call, why });
            }
        }
        self.tell_places(now);
    }

    /// Who waits, the first first.
    fn in_order(&self, now: MonoTime) -> Vec<CallId> {
        let mut waiting: Vec<_> = self
            .waiting()
            .map(|(call, caller)| {
                let age = now.since(caller.joined).as_millis() / self.config.ageing.as_millis().max(1);
                let priority = u128::from(caller.wish.priority) + age;
                (std::cmp::Reverse(priority), caller.joined, *call)
            })
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, _, call)| call).collect()
    }

    /// Everybody whom this caller may be given to at some time.
    fn fitting(&self, wish: &Wish) -> Vec<usize> {
        let able = |by_language| {
            let people = self.people.iter().enumerate();
            people.filter(move |(_, person)| person.fits(wish, by_language)).map(|(at, _)| at).collect()
        };
        let speaking: Vec<usize> = able(true);
        if speaking.is_empty() { able(false) } else { speaking }
    }

    /// Who of those is rung, in order.
    fn free(&self, fit: &[usize], call: CallId, now: MonoTime) -> Vec<usize> {
        let (unix_ms, caller) = (self.unix_ms(now), &self.callers[&call]);
        let mut free: Vec<_> = fit
            .iter()
            .filter(|human| self.people[**human].doing(unix_ms, now) == Doing::Free)
            .filter(|human| caller.tried.get(human).is_none_or(|tries| *tries < self.config.tries))
            .map(|human| {
                let person = &self.people[*human];
                (person.human.serves.get(&caller.wish.line), person.idle_since, *human)
            })
            .collect();
        free.sort_unstable();
        let rung = match self.config.ring {
            Ring::One => 1,
            Ring::All => RUNG_MAX,
        };
        free.into_iter().map(|(_, _, human)| human).take(rung).collect()
    }

    /// Why a caller who cannot be given to anybody now shall not wait for it either.
    fn hopeless(&self, fit: &[usize], call: CallId, now: MonoTime) -> Option<Nobody> {
        let (unix_ms, caller) = (self.unix_ms(now), &self.callers[&call]);
        if now >= caller.joined + self.config.wait_max {
            return Some(Nobody::TooLong);
        }
        let untried = |human: &&usize| caller.tried.get(human).is_none_or(|tries| *tries < self.config.tries);
        let mut why = if fit.is_empty() { Nobody::Unfit } else { Nobody::Closed };
        for human in fit {
            match self.people[*human].doing(unix_ms, now) {
                Doing::Free | Doing::Rung | Doing::Talking | Doing::WrapUp if untried(&human) => return None,
                Doing::Free | Doing::Rung | Doing::Talking | Doing::WrapUp => why = Nobody::Tried,
                Doing::Paused | Doing::Unreachable if why == Nobody::Closed => why = Nobody::Away,
                Doing::Paused | Doing::Unreachable | Doing::Closed => {}
            }
        }
        Some(if caller.tried.is_empty() { why } else { Nobody::Tried })
    }

    /// Tells those who wait where they stand, when that has changed.
    fn tell_places(&mut self, now: MonoTime) {
        let order = self.in_order(now);
        let wants: Vec<BTreeSet<usize>> =
            order.iter().map(|call| self.fitting(&self.callers[call].wish).into_iter().collect()).collect();
        for (at, call) in order.iter().enumerate() {
            let ahead = wants[..at].iter().filter(|other| !other.is_disjoint(&wants[at])).count();
            let place = ahead + 1;
            let minutes = self.talk_s.map(|talk_s| {
                // Each who takes calls frees one place in the mean time of a call.
                let seconds = talk_s * place as f64 / wants[at].len().max(1) as f64;
                (seconds / 60.0).ceil().clamp(1.0, MINUTES_MAX) as u64
            });
            if let Some(Caller { stands: Stands::Waiting { told }, .. }) = self.callers.get_mut(call)
                && *told != Some((place, minutes))
            {
                *told = Some((place, minutes));
                self.outputs.push_back(Output::Waits { call: *call, place, minutes });
            }
        }
    }

    /// These humans have nothing to do with the call any more.
    fn release(&mut self, call: CallId, humans: &[usize], now: MonoTime) {
        for human in humans {
            let person = &mut self.people[*human];
            let Some(since) = person.with.remove(&call) else { continue };
            person.idle_since = now;
            if let Some(since) = since {
                person.wrap_up_until = now + person.human.wrap_up;
                let length = now.since(since).as_secs_f64();
                self.talk_s = Some(self.talk_s.map_or(length, |mean| mean + (length - mean) * TALK_WEIGHT));
            }
        }
    }

    fn unix_ms(&self, now: MonoTime) -> u64 {
        self.epoch_ms.saturating_add(now.as_millis())
    }
}

/// Phones that ring together at most: more would be answered twice more often than once.
pub const RUNG_MAX: usize = 8;
/// How often those who wait are looked at when nothing happens: working time begins and ends by the minute.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The last ten calls or so make the mean.
const TALK_WEIGHT: f64 = 0.1;
/// Nobody is told a longer wait in minutes.
const MINUTES_MAX: f64 = 120.0;

#[cfg(test)]
mod tests;
