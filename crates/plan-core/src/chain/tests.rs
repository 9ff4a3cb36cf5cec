//! Random journals and random changes: every change is found, and nothing else is.

use proptest::prelude::*;

use super::*;

/// A journal in memory, as a database would keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Book {
    origin: Origin,
    plans: Vec<SealedPlan>,
    entries: Vec<Sealed>,
}

impl Book {
    fn new() -> Self {
        let origin = Origin { id: b"sixteen bytes...".to_vec(), unix_ms: 1, adopted: 0 };
        Self { origin, plans: Vec::new(), entries: Vec::new() }
    }

    fn head(&self) -> Head {
        self.entries.last().map_or(self.origin.head(), Sealed::head)
    }

    fn plan(&mut self) {
        let id = format!("p{}", self.plans.len());
        let plan = SealedPlan {
            text: format!("{{\"id\":\"{id}\"}}"),
            trail: "{}".to_owned(),
            salt: vec![7; 16],
            finished: false,
            id,
        };
        self.plans.push(plan);
        let last = self.plans.len() - 1;
        self.event(last, "{\"event\":\"consented\",\"words_sha256\":\"00\"}");
    }

    /// Adds an event to a plan that goes on.
    fn event(&mut self, plan: usize, text: &str) {
        let plan = &mut self.plans[plan];
        if plan.finished {
            return;
        }
        let last = self.entries.iter().rev().find_map(|entry| match entry.what {
            Written::Event { number, .. } if entry.plan == plan.id => Some((number, entry.hash)),
            Written::Event { .. } | Written::Refusal { .. } => None,
        });
        let (number, before_in_plan) = last.map_or((1, plan.hash()), |(number, hash)| (number + 1, hash));
        plan.finished = text.contains("completed");
        let id = plan.id.clone();
        self.write(id, Written::Event { number, before_in_plan, text: text.to_owned() });
    }

    fn refusal(&mut self) {
        let (text, json) = ("It is forbidden.".to_owned(), "{}".to_owned());
        self.write("refused".to_owned(), Written::Refusal { text, json });
    }

    fn write(&mut self, plan: String, what: Written) {
        let time = 1_000 + self.entries.len() as u64;
        // No two salts are alike, as none of those drawn by lot are.
        let salt = time.to_be_bytes().repeat(2);
        self.entries.push(Sealed::after(self.head(), plan, time, salt, what));
    }

    fn audit(&self, noted: Option<Hash>) -> Audited {
        let mut audit = Audit::new(self.origin.clone(), noted);
        self.plans.iter().for_each(|plan| audit.plan(plan));
        let mut entries = self.entries.clone();
        entries.sort_by_key(|entry| entry.place);
        entries.iter().for_each(|entry| audit.entry(entry));
        audit.finish()
    }

    /// Hashes everything from a place on anew, as somebody who knows how would.
    fn write_anew(&mut self) {
        let old = std::mem::take(&mut self.entries);
        let plans = std::mem::take(&mut self.plans);
        self.plans = plans.into_iter().map(|plan| SealedPlan { finished: false, ..plan }).collect();
        for entry in old {
            match &entry.what {
                Written::Event { text, .. } => {
                    if let Some(plan) = self.plans.iter().position(|plan| plan.id == entry.plan) {
                        self.event(plan, text);
                    }
                }
                Written::Refusal { .. } => self.write(entry.plan, entry.what),
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Plan,
    Step(usize),
    End(usize),
    Refuse,
}

fn books() -> impl Strategy<Value = Book> {
    let op = prop_oneof![
        2 => Just(Op::Plan),
        5 => any::<usize>().prop_map(Op::Step),
        1 => any::<usize>().prop_map(Op::End),
        1 => Just(Op::Refuse),
    ];
    prop::collection::vec(op, 2..24).prop_map(|ops| {
        let mut book = Book::new();
        book.plan();
        book.plan();
        for op in ops {
            let plans = book.plans.len();
            match op {
                Op::Plan => book.plan(),
                Op::Step(plan) => book.event(plan % plans, "{\"event\":\"step_undone\",\"step\":1}"),
                Op::End(plan) => book.event(plan % plans, "{\"event\":\"completed\"}"),
                Op::Refuse => book.refusal(),
            }
        }
        book
    })
}

/// What somebody does to a journal.
#[derive(Debug, Clone, Copy)]
enum Change {
    Text(usize, usize),
    Json,
    Time(usize, u64),
    Place(usize, u64),
    Number(usize, u64),
    Salt(usize, usize),
    Plan(usize),
    Before(usize, usize),
    BeforeInPlan(usize, usize),
    Hash(usize, usize),
    PlanText(usize, usize),
    PlanTrail(usize, usize),
    PlanSalt(usize, usize),
    PlanId(usize),
    Mark(usize),
    Origin(usize),
    SwapEntries(usize, usize),
    SwapPlans(usize, usize),
    Delete(usize),
    DeletePlan(usize),
    DeletePlanAndEvents(usize),
    Repeat(usize, usize),
    PutInPlan,
}

fn changes() -> impl Strategy<Value = Change> {
    let (n, m) = (any::<usize>, any::<usize>);
    let flip = || any::<u64>().prop_filter("a change", |bits| *bits != 0);
    prop_oneof![
        (n(), m()).prop_map(|(n, m)| Change::Text(n, m)),
        Just(Change::Json),
        (n(), flip()).prop_map(|(n, bits)| Change::Time(n, bits)),
        (n(), flip()).prop_map(|(n, bits)| Change::Place(n, bits)),
        (n(), flip()).prop_map(|(n, bits)| Change::Number(n, bits)),
        (n(), m()).prop_map(|(n, m)| Change::Salt(n, m)),
        n().prop_map(Change::Plan),
        (n(), m()).prop_map(|(n, m)| Change::Before(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::BeforeInPlan(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::Hash(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::PlanText(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::PlanTrail(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::PlanSalt(n, m)),
        n().prop_map(Change::PlanId),
        n().prop_map(Change::Mark),
        n().prop_map(Change::Origin),
        (n(), m()).prop_map(|(n, m)| Change::SwapEntries(n, m)),
        (n(), m()).prop_map(|(n, m)| Change::SwapPlans(n, m)),
        n().prop_map(Change::Delete),
        n().prop_map(Change::DeletePlan),
        n().prop_map(Change::DeletePlanAndEvents),
        (n(), m()).prop_map(|(n, m)| Change::Repeat(n, m)),
        Just(Change::PutInPlan),
    ]
}

fn flip_text(text: &mut String, at: usize) {
    let mut bytes = std::mem::take(text).into_bytes();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    *text = String::from_utf8(bytes).expect("ASCII stays ASCII");
}

fn flip_hash(hash: &mut Hash, at: usize) {
    hash.0[at % 32] ^= 1 << (at % 8);
}

impl Book {
    fn change(&mut self, change: Change) {
        let (entries, plans) = (self.entries.len(), self.plans.len());
        match change {
            Change::Text(n, at) => match &mut self.entries[n % entries].what {
                Written::Event { text, .. } | Written::Refusal { text, .. } => flip_text(text, at),
            },
            Change::Json => {
                for entry in &mut self.entries {
                    if let Written::Refusal { json, .. } = &mut entry.what {
                        json.push(' ');
                    }
                }
            }
            Change::Time(n, bits) => self.entries[n % entries].unix_ms ^= bits,
            Change::Place(n, bits) => self.entries[n % entries].place ^= bits,
            Change::Number(n, bits) => {
                if let Written::Event { number, .. } = &mut self.entries[n % entries].what {
                    *number ^= bits;
                }
            }
            Change::Salt(n, at) => self.entries[n % entries].salt[at % 16] ^= 1,
            Change::Plan(n) => self.entries[n % entries].plan.push('x'),
            Change::Before(n, at) => flip_hash(&mut self.entries[n % entries].before, at),
            Change::BeforeInPlan(n, at) => {
                if let Written::Event { before_in_plan, .. } = &mut self.entries[n % entries].what {
                    flip_hash(before_in_plan, at);
                }
            }
            Change::Hash(n, at) => flip_hash(&mut self.entries[n % entries].hash, at),
            Change::PlanText(n, at) => flip_text(&mut self.plans[n % plans].text, at),
            Change::PlanTrail(n, at) => flip_text(&mut self.plans[n % plans].trail, at),
            Change::PlanSalt(n, at) => self.plans[n % plans].salt[at % 16] ^= 1,
            Change::PlanId(n) => self.plans[n % plans].id.push('x'),
            Change::Mark(n) => self.plans[n % plans].finished ^= true,
            Change::Origin(at) => self.origin.id[at % 16] ^= 1,
            Change::SwapEntries(n, m) => {
                let (n, m) = (n % entries, m % entries);
                self.entries.swap(n, m);
                let (one, other) = (self.entries[n].place, self.entries[m].place);
                (self.entries[n].place, self.entries[m].place) = (other, one);
            }
            Change::SwapPlans(n, m) => {
                let (n, m) = (n % plans, m % plans);
                self.plans.swap(n, m);
                let one = self.plans[n].id.clone();
                self.plans[n].id = std::mem::replace(&mut self.plans[m].id, one);
            }
            // The newest stays: without it the rest is a journal without a flaw.
            Change::Delete(n) => drop((entries > 1).then(|| self.entries.remove(n % (entries - 1)))),
            Change::DeletePlan(n) => drop(self.plans.remove(n % plans)),
            Change::DeletePlanAndEvents(n) => {
                let newest = self.entries.last().map(|entry| entry.plan.clone());
                let plan = self.plans[n % plans].id.clone();
                if newest.as_ref() != Some(&plan) {
                    self.plans.retain(|kept| kept.id != plan);
                    self.entries.retain(|kept| kept.plan != plan);
                }
            }
            Change::Repeat(n, at) => {
                let mut again = self.entries[n % entries].clone();
                again.place = 1 + (at % (entries + 1)) as u64;
                self.entries.push(again);
            }
            Change::PutInPlan => {
                let plan = SealedPlan { id: "new".to_owned(), ..self.plans[0].clone() };
                self.plans.push(plan);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_touched_is_whole(book in books(), noted in any::<prop::sample::Index>()) {
        let noted = book.entries[noted.index(book.entries.len())].head();
        let audited = book.audit(Some(noted.hash));
        prop_assert_eq!(&audited.findings, &[]);
        prop_assert_eq!(audited.head, book.head().hash);
        prop_assert_eq!(audited.since_head, Some(book.head().place - noted.place));
        prop_assert_eq!(audited.plans as usize, book.plans.len());
        prop_assert_eq!((audited.events + audited.refusals) as usize, book.entries.len());
    }

    #[test]
    fn what_is_erased_leaves_a_whole_chain_and_nothing_of_its_texts(
        book in books(), plans in any::<u32>(), entries in any::<u32>(), twice in any::<bool>()
    ) {
        let mut erased = book.clone();
        let chosen = |mask: u32, at: usize| mask >> (at % 32) & 1 == 1;
        for _ in 0..=u8::from(twice) {
            for (_, plan) in erased.plans.iter_mut().enumerate().filter(|(at, _)| chosen(plans, *at)) {
                plan.erase();
            }
            for (_, entry) in erased.entries.iter_mut().enumerate().filter(|(at, _)| chosen(entries, *at)) {
                entry.erase();
            }
        }
        let audited = erased.audit(Some(book.head().hash));
        prop_assert_eq!(&audited.findings, &[]);
        prop_assert_eq!((audited.head, audited.since_head), (book.head().hash, Some(0)));
        let gone = |count: usize, mask: u32| (0..count).filter(|at| chosen(mask, *at)).count() as u64;
        let expected = gone(book.plans.len(), plans) + gone(book.entries.len(), entries);
        prop_assert_eq!(audited.erased, expected);
        for (at, entry) in erased.entries.iter().enumerate().filter(|(at, _)| chosen(entries, *at)) {
            prop_assert!(entry.is_erased() && !format!("{entry:?}").contains("event\\\""), "{:?}", entry);
            prop_assert_ne!(&entry.salt, &book.entries[at].salt);
        }
    }

    #[test]
    fn a_hash_in_the_place_of_a_salt_that_does_not_fit_is_found(book in books(), n in any::<usize>(), at in 0_usize..32) {
        let mut changed = book.clone();
        let n = n % book.entries.len();
        changed.entries[n].erase();
        changed.entries[n].salt[at] ^= 1;
        let findings = changed.audit(None).findings;
        prop_assert_eq!(findings.len(), 1, "{:?}", &findings);
        prop_assert_eq!(&findings[0].what, &Misfit::Changed);
    }

    #[test]
    fn every_change_is_found(book in books(), change in changes()) {
        let mut changed = book.clone();
        changed.change(change);
        prop_assume!(changed != book);
        prop_assert_ne!(changed.audit(None).findings, vec![]);
    }

    #[test]
    fn one_changed_text_is_told_once_and_by_its_place(book in books(), n in any::<usize>(), at in any::<usize>()) {
        let mut changed = book.clone();
        changed.change(Change::Text(n, at));
        let entry = &book.entries[n % book.entries.len()];
        let findings = changed.audit(None).findings;
        prop_assert_eq!(findings.len(), 1, "{:?}", &findings);
        prop_assert_eq!((findings[0].entry, &findings[0].what), (Some(entry.place), &Misfit::Changed));
        prop_assert_eq!(findings[0].plan.as_ref(), Some(&entry.plan));
    }

    #[test]
    fn a_cut_off_end_is_found_by_a_head_that_was_noted(book in books(), cut in 1_usize..5) {
        let mut changed = book.clone();
        changed.entries.truncate(book.entries.len().saturating_sub(cut));
        let left = &changed.entries;
        changed.plans.retain(|plan| left.iter().any(|entry| entry.plan == plan.id));
        for plan in &mut changed.plans {
            plan.finished &= left.iter().any(|entry| matches!(
                &entry.what,
                Written::Event { text, .. } if entry.plan == plan.id && text.contains("completed")
            ));
        }
        prop_assert_eq!(changed.audit(None).findings, vec![], "the chain alone cannot show it");
        let noted = book.head().hash;
        let findings = changed.audit(Some(noted)).findings;
        prop_assert_eq!(findings.last().map(|finding| &finding.what), Some(&Misfit::HeadMissing { head: noted }));
    }

    #[test]
    fn a_journal_written_anew_is_found_by_a_head_that_was_noted(book in books(), change in changes()) {
        let mut changed = book.clone();
        changed.change(change);
        changed.write_anew();
        // What is only added looks as if the core had gone on.
        prop_assume!(changed.entries.iter().all(|entry| entry.hash != book.head().hash));
        prop_assert_ne!(changed.audit(Some(book.head().hash)).findings, vec![]);
    }
}

#[test]
fn findings_say_which_plan_and_event_and_what_is_wrong() {
    let mut book = Book::new();
    book.plan();
    book.refusal();
    book.event(0, "{\"event\":\"completed\"}");
    let Written::Event { text, .. } = &mut book.entries[2].what else { panic!("an event") };
    text.push(' ');
    book.entries.remove(1);
    book.plans[0].finished = false;
    let told: Vec<String> = book.audit(None).findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "plan p0, event 2 (entry 3) comes after a gap: entries 2 to 2 are missing",
            "plan p0, event 2 (entry 3) does not fit its own hash: it was changed after it was written",
            "plan p0 is marked as going on, and its events say otherwise",
        ]
    );
}

#[test]
fn a_hash_is_read_as_it_is_shown() {
    let hash = Book::new().origin.hash();
    assert_eq!(hash.to_string().parse(), Ok(hash));
    assert_eq!(hash.to_string().to_uppercase().parse(), Ok(hash));
    let shown = hash.to_string();
    for none in [
        "",
        "0",
        "+f",
        "é",
        &shown[1..],
        &format!("{shown}0"),
        &format!("{shown}00"),
        &shown.replace('0', "g"),
    ] {
        assert_eq!(none.parse::<Hash>(), Err(NoHash), "{none}");
    }
}

/// The bytes that are hashed are a promise to whoever checks a journal without us.
#[test]
fn what_is_hashed_stays_what_it_is() {
    let mut book = Book::new();
    book.plan();
    book.refusal();
    let plan = &book.plans[0];
    let hashes: Vec<String> = [book.origin.hash(), plan.hash(), book.entries[0].hash, book.entries[1].hash]
        .iter()
        .map(|hash| hash.to_string()[..16].to_owned())
        .collect();
    assert_eq!(hashes, ["0fd8217580092db2", "7b962eb66255e9da", "66d9e7e8607b32c1", "68c4b6c0cc3ae1f8"]);
}
