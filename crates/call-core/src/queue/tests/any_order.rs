//! Whatever happens in whatever order, no human is rung for more callers than they take, nobody is passed over, and nobody is left
//! reserved when the callers are gone.

use super::*;

/// What the outputs so far amount to.
#[derive(Default)]
struct Ledger {
    /// Who is reserved for which call, by the outputs alone.
    held: BTreeMap<CallId, Vec<usize>>,
    /// Since when, and how urgently; and since when each call has wanted somebody at all.
    waiting: BTreeMap<CallId, (MonoTime, u8)>,
    joined: BTreeMap<CallId, MonoTime>,
    wishes: BTreeMap<CallId, Wish>,
    tried: BTreeMap<CallId, Vec<usize>>,
    talking: BTreeSet<CallId>,
}

impl Ledger {
    fn seek(&mut self, call: CallId, wish: Wish, now: MonoTime) {
        // Who had a human and wants another begins anew.
        if self.talking.contains(&call) {
            self.forget(call);
        }
        let held = self.held.remove(&call).unwrap_or_default();
        self.tried.entry(call).or_default().extend(held);
        let joined = *self.joined.entry(call).or_insert(now);
        self.waiting.entry(call).or_insert((joined, wish.priority));
        self.wishes.insert(call, wish);
    }

    fn forget(&mut self, call: CallId) {
        self.held.remove(&call);
        self.waiting.remove(&call);
        self.tried.remove(&call);
        self.talking.remove(&call);
        self.joined.remove(&call);
    }

    fn take(&mut self, queue: &mut Queue, humans: &[Human], now: MonoTime) {
        while let Some(output) = queue.poll_output() {
            match output {
                Output::Offer { call, humans: offered } => {
                    assert!(!offered.is_empty() && offered.len() <= RUNG_MAX);
                    let since = self.waiting.remove(&call).expect("only those who wait are offered somebody");
                    for human in &offered {
                        let rung = self.held.values().filter(|held| held.contains(human)).count();
                        assert!(rung < humans[*human].calls, "human {human} is rung twice at once");
                        let wish = &self.wishes[&call];
                        assert!(
                            humans[*human].serves.contains_key(&wish.line)
                                && wish.skills.is_subset(&humans[*human].skills)
                        );
                        assert!(
                            !self.tried[&call].contains(human),
                            "human {human} did not take {call} before"
                        );
                        self.passed_over(call, since, *human);
                    }
                    self.held.insert(call, offered);
                }
                Output::Nobody { call, .. } => self.forget(call),
                Output::Waits { call, place, .. } => {
                    assert!(self.waiting.contains_key(&call) && place <= self.waiting.len());
                }
            }
        }
        // Who waits has a timer, which comes before their patience ends.
        if let Some(since) = self.waiting.values().map(|(since, _)| *since).min() {
            assert!(
                queue.poll_timeout().is_some_and(|due| due <= since + Config::default().wait_max),
                "at {now}"
            );
        }
    }

    /// Whoever wants just the same, and waits as long and as urgently, comes before.
    fn passed_over(&self, call: CallId, (since, priority): (MonoTime, u8), human: usize) {
        for (other, (waits, urgent)) in &self.waiting {
            let alike = self.wishes[other].skills == self.wishes[&call].skills
                && self.wishes[other].line == self.wishes[&call].line;
            if alike && !self.tried[other].contains(&human) {
                assert!(!(*waits < since && *urgent >= priority), "{call} was given {human} before {other}");
            }
        }
    }
}

fn facts() -> impl Strategy<Value = Vec<(u8, u64, u64, usize)>> {
    prop::collection::vec((0u8..8, 0u64..40, 1u64..7, 0usize..4), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_is_rung_twice_passed_over_or_left_reserved(facts in facts(), together in any::<bool>()) {
        let humans = vec![
            person(0),
            Human { calls: 2, ..person(1) },
            Human { skills: skilled("billing"), wrap_up: Duration::from_secs(15), ..person(0) },
            Human { serves: BTreeMap::from([(1, 0)]), ..person(0) },
        ];
        let ring = if together { Ring::All } else { Ring::One };
        let mut queue = new(Config { ring, ..Config::default() }, humans.clone());
        let (mut ledger, mut now) = (Ledger::default(), 0);
        for (fact, later, call, human) in facts {
            now += later;
            let call = CallId(call);
            match fact {
                0 | 1 => {
                    let skills = if call.0 == 1 { skilled("billing") } else { BTreeSet::new() };
                    let priority = u8::from(call.0 == 2);
                    let wish = Wish { line: usize::from(call.0 == 3), skills, priority, ..wish() };
                    ledger.seek(call, wish.clone(), at(now));
                    queue.handle_seek(call, wish, at(now));
                }
                2 => {
                    if let Some(held) = ledger.held.get_mut(&call).filter(|held| held.contains(&human)) {
                        *held = vec![human];
                    }
                    queue.handle_answered(call, human, at(now));
                }
                3 => {
                    if let Some(held) = ledger.held.get_mut(&call) {
                        held.truncate(1);
                        ledger.talking.insert(call);
                    }
                    queue.handle_taken(call, at(now));
                }
                4 => {
                    ledger.forget(call);
                    queue.handle_leave(call, at(now));
                }
                5 => queue.handle_paused(human, later.is_multiple_of(2), at(now)),
                6 => {
                    let phones = [Phones::Free, Phones::Busy, Phones::Away][later as usize % 3];
                    queue.handle_phones(human, phones, at(now));
                }
                _ => queue.handle_timeout(at(now)),
            }
            ledger.take(&mut queue, &humans, at(now));
        }
        // Everybody hangs up, and the last wrap-up ends.
        for call in 1..7 {
            ledger.forget(CallId(call));
            queue.handle_leave(CallId(call), at(now));
            ledger.take(&mut queue, &humans, at(now));
        }
        for human in 0..humans.len() {
            queue.handle_paused(human, false, at(now));
            queue.handle_phones(human, Phones::Free, at(now));
        }
        prop_assert!(queue.people(at(now + 15)).all(|doing| doing == Doing::Free), "somebody is left reserved");
        prop_assert_eq!((queue.callers(), queue.poll_timeout()), (0, None));
    }

    /// Callers who all want the same one human, who takes each for a while: everybody is served or told in time.
    #[test]
    fn nobody_waits_for_ever(urgent in prop::collection::vec(any::<bool>(), 1..30), talk in 5u64..90) {
        let config = Config { wait_max: Duration::from_secs(240), ..Config::default() };
        let mut queue = new(config, vec![person(0)]);
        let mut open: BTreeMap<CallId, u64> = BTreeMap::new();
        let (mut talking, mut now) = (None, 0);
        for (at_call, urgent) in urgent.iter().enumerate() {
            let call = CallId(at_call as u64 + 1);
            open.insert(call, now);
            queue.handle_seek(call, Wish { priority: u8::from(*urgent), ..wish() }, at(now));
            now += 3;
        }
        while !open.is_empty() {
            while let Some(output) = queue.poll_output() {
                match output {
                    Output::Offer { call, .. } => {
                        prop_assert!(talking.is_none());
                        open.remove(&call);
                        queue.handle_taken(call, at(now));
                        talking = Some((call, now + talk));
                    }
                    Output::Nobody { call, why } => {
                        prop_assert_eq!(why, Nobody::TooLong);
                        open.remove(&call);
                    }
                    Output::Waits { .. } => {}
                }
            }
            for (call, since) in &open {
                prop_assert!(now <= since + 241, "{} waits since {} and nobody has told them", call, since);
            }
            now += 1;
            if let Some((call, _)) = talking.filter(|(_, until)| *until <= now) {
                talking = None;
                queue.handle_leave(call, at(now));
            }
            if queue.poll_timeout().is_some_and(|due| due <= at(now)) {
                queue.handle_timeout(at(now));
            }
        }
    }
}
