//! What holds of a journal wherever it is: each test runs on a file and in Postgres.

use callwright_model::{Language, PromiseTerms, Standing};
use callwright_plan_core::Audited;
use callwright_plan_core::promise::{self, NotTaken};
use tempfile::TempDir;

use super::*;
use crate::audit;

/// A place for a journal.
struct Place {
    store: Store,
    _folder: Option<TempDir>,
}

impl Place {
    fn file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { store: Store::File(folder.path().join("journal.db")), _folder: Some(folder) }
    }

    fn postgres() -> Self {
        let address = callwright_scratch_postgres::database().expect("a database");
        let postgres = Postgres::new(&address, Duration::from_secs(60)).expect("an address");
        Self { store: Store::Postgres(postgres), _folder: None }
    }

    /// A journal with its core alive.
    async fn open(&self) -> (Journal, Vec<Story>) {
        let journal = Journal::of(&self.store).await.expect("opens");
        let left = journal.claim(vec!["airline".to_owned()], &no_limits()).await.expect("readable");
        (journal, left)
    }

    async fn audited(&self) -> Audited {
        audit(&self.store, None).await.expect("readable")
    }
}

macro_rules! wherever {
    ($($name:ident)+) => {
        mod on_a_file {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::file()).await;
            })+
        }
        mod in_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::postgres()).await;
            })+
        }
    };
}

wherever! {
    plans_are_found_by_their_owner_newest_first_until_they_are_erased
    what_is_written_is_there_after_closing_and_opening
    a_place_is_written_once
    events_that_follow_each_other_are_written_together_or_not_at_all
    an_event_has_its_place_behind_another_and_a_conflict_leaves_the_chain_whole
    many_plans_at_once_hang_on_one_chain
    callers_who_want_to_be_called_back_are_kept_until_somebody_has_called
    a_promise_is_given_to_one_gateway_at_a_time_and_stays_over_a_restart
    one_number_is_called_by_one_gateway_whoever_asked_for_it
    a_gateway_that_is_not_heard_of_is_stood_in_for_once_its_lease_has_ended
    a_promise_that_is_over_done_or_let_go_of_is_given_to_nobody
}

const T: Token = Token::FIRST;

async fn what_is_written_is_there_after_closing_and_opening(place: Place) {
    let (journal, _) = place.open().await;
    let first = journal.begin(plan("p1"), trail(), consented()).await.expect("written");
    let second = journal.append(&PlanId("p1".to_owned()), T, 2, Event::Completed).await.expect("written");
    journal.begin(plan("p2"), Trail::default(), consented()).await.expect("written");
    journal.close();

    let (journal, left) = place.open().await;
    let story = journal.load(&PlanId("p1".to_owned())).await.expect("readable").expect("is there");
    let entries = vec![first, second];
    assert_eq!(story, Story { plan: plan("p1"), trail: trail(), token: T, entries });
    let left: Vec<_> = left.into_iter().map(|story| story.plan.id.0).collect();
    assert_eq!(left, ["p2"]);
    assert_eq!(journal.load(&PlanId("p3".to_owned())).await, Ok(None));
    journal.close();
}

async fn a_place_is_written_once(place: Place) {
    let (journal, _) = place.open().await;
    let id = PlanId("p1".to_owned());
    journal.begin(plan("p1"), Trail::default(), consented()).await.expect("written");
    assert_eq!(journal.begin(plan("p1"), Trail::default(), consented()).await, Err(JournalError::Conflict));
    let two = journal.append(&id, T, 2, Event::Completed);
    let other = journal.append(&id, T, 2, Event::Completed);
    let (two, other) = tokio::join!(two, other);
    assert!(two.is_ok() != other.is_ok(), "{two:?} {other:?}");
    let entries = journal.load(&id).await.expect("readable").expect("is there").entries;
    assert_eq!(entries.len(), 2);
    journal.close();
}

async fn events_that_follow_each_other_are_written_together_or_not_at_all(place: Place) {
    let (journal, _) = place.open().await;
    let id = PlanId("p1".to_owned());
    journal.begin(plan("p1"), trail(), consented()).await.expect("written");
    let both = || vec![Event::StepStarted { step: 1, attempt: 1, rules: Vec::new() }, Event::Completed];
    let written = journal.append_all(&id, T, 2, both(), None).await.expect("written");
    assert_eq!(written.iter().map(|entry| entry.number).collect::<Vec<_>>(), [2, 3]);
    for number in [2, 3, 5] {
        let again = journal.append_all(&id, T, number, both(), None).await;
        assert_eq!(again, Err(JournalError::Conflict), "at {number}");
    }
    let entries = journal.load(&id).await.expect("readable").expect("is there").entries;
    assert_eq!(entries[1..], written);
    journal.close();
    let audited = place.audited().await;
    assert_eq!((audited.events, audited.findings), (3, vec![]));
}

async fn an_event_has_its_place_behind_another_and_a_conflict_leaves_the_chain_whole(place: Place) {
    let (journal, _) = place.open().await;
    let id = PlanId("p1".to_owned());
    assert_eq!(journal.append(&id, T, 1, consented()).await, Err(JournalError::Conflict), "there is no plan");
    let story = Explained { text: "no".to_owned(), json: "{}".to_owned() };
    let (begun, again, early, refused, other) = tokio::join!(
        journal.begin(plan("p1"), Trail::default(), consented()),
        journal.begin(plan("p1"), Trail::default(), consented()),
        journal.append(&id, T, 3, Event::Completed),
        journal.refuse(&id, story.clone()),
        journal.begin(plan("p2"), Trail::default(), consented()),
    );
    assert!(begun.is_ok() && other.is_ok() && refused.is_ok());
    assert_eq!((again, early), (Err(JournalError::Conflict), Err(JournalError::Conflict)));
    let later = Explained { text: "still no".to_owned(), json: "{}".to_owned() };
    journal.refuse(&id, later.clone()).await.expect("written");
    assert_eq!(journal.refusal(&id).await, Ok(Some(later)), "the latest is told, the first is kept");
    journal.close();
    let audited = place.audited().await;
    assert_eq!(audited.findings, []);
    assert_eq!((audited.plans, audited.events, audited.refusals), (2, 2, 2));
}

async fn many_plans_at_once_hang_on_one_chain(place: Place) {
    let (journal, _) = place.open().await;
    let ids: Vec<PlanId> = (0..300).map(|number| PlanId(format!("p{number:03}"))).collect();
    let one = async |id: &PlanId| {
        journal.begin(plan(&id.0), Trail::default(), consented()).await?;
        let started = Event::StepStarted { step: 1, attempt: 1, rules: Vec::new() };
        journal.append(id, T, 2, started).await?;
        journal.append(id, T, 3, Event::Completed).await
    };
    for written in futures_util::future::join_all(ids.iter().map(one)).await {
        assert_eq!(written.map(|entry| entry.number), Ok(3));
    }
    journal.close();
    let audited = place.audited().await;
    assert_eq!((audited.plans, audited.events, audited.findings), (300, 900, vec![]));
    let (journal, left) = place.open().await;
    assert_eq!(left, [], "all of them have ended");
    journal.close();
}

async fn callers_who_want_to_be_called_back_are_kept_until_somebody_has_called(place: Place) {
    let (journal, _) = place.open().await;
    let callback = |call, number: &str| Callback {
        call: CallId(call),
        number: Pii::new(number.to_owned()),
        briefing: Pii::new("a \0 b".to_owned()),
        asked_unix_ms: 0,
        done: None,
        promise: None,
    };
    for (call, number) in [(2, "15550100"), (1, "15550101"), (1, "15550102")] {
        journal.call_back(callback(call, number)).await.expect("it is kept");
    }
    let who = || Pii::new("desk".to_owned());
    assert_eq!(journal.called_back(CallId(3), who()).await, Ok(None));
    let done = journal.called_back(CallId(2), who()).await.expect("marked").expect("is there");
    assert!(done.done.is_some() && done.asked_unix_ms > 0);
    assert_eq!(journal.call_backs(true).await, Ok(vec![done]));
    let open = journal.call_backs(false).await.expect("listed");
    assert_eq!(open.iter().map(|it| it.number.reveal().as_str()).collect::<Vec<_>>(), ["15550102"]);
    journal.call_back(callback(2, "15550103")).await.expect("it is kept");
    assert_eq!(journal.call_backs(true).await, Ok(vec![]), "who asks again waits again");
    journal.close();
}

/// A promise that may be kept between two times, from now, in milliseconds.
fn promised(call: u64, number: &str, from: i64, to: i64) -> Callback {
    let at = |offset: i64| unix_ms().saturating_add_signed(offset);
    let terms = PromiseTerms {
        not_before_unix_ms: at(from),
        not_after_unix_ms: at(to),
        line: "airline".to_owned(),
        language: Language::ES,
        tries_max: 2,
        pause_ms: 0,
    };
    Callback {
        call: CallId(call),
        number: Pii::new(number.to_owned()),
        briefing: Pii::new("They waited.".to_owned()),
        asked_unix_ms: 0,
        done: None,
        promise: Some(promise::made(terms, None)),
    }
}

fn of(gateway: &str, lines: &[&str]) -> ClaimRequest {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    ClaimRequest { gateway: gateway.to_owned(), lines, max: 10, lease_ms: 60_000 }
}

async fn calls_for(journal: &Journal, claim: ClaimRequest) -> Vec<(u64, u64)> {
    let claimed = journal.claim_call_backs(claim).await.expect("asked");
    claimed.iter().map(|it| (it.callback.call.0, it.token)).collect()
}

async fn a_promise_is_given_to_one_gateway_at_a_time_and_stays_over_a_restart(place: Place) {
    let (journal, _) = place.open().await;
    journal.call_back(promised(1, "15550100", -1_000, HOUR)).await.expect("it is kept");
    journal.call_back(promised(2, "15550101", HOUR, 2 * HOUR)).await.expect("it is kept");
    assert_eq!(calls_for(&journal, of("a", &["retail"])).await, [], "another line's");
    let (one, other) = tokio::join!(
        calls_for(&journal, of("a", &["airline", "retail"])),
        calls_for(&journal, of("b", &["airline"]))
    );
    assert_eq!([one, other].concat(), [(1, 1)], "what is not due is nobody's");
    journal.close();

    let (journal, _) = place.open().await;
    assert_eq!(calls_for(&journal, of("c", &["airline"])).await, [], "the lease runs");
    let none = journal.report_call_back(CallId(9), 1, TryOutcome::Talked).await;
    assert_eq!(none, Ok(None));
    let stale = journal.report_call_back(CallId(1), 7, TryOutcome::Talked).await;
    assert_eq!(stale, Ok(Some(Err(NotTaken::Stale))));
    let busy = journal.report_call_back(CallId(1), 1, TryOutcome::Busy).await.expect("written");
    let busy = busy.expect("is there").expect("is taken").promise.expect("is promised");
    assert!(matches!(busy.standing, Standing::Open { .. }), "{busy:?}");
    assert_eq!(calls_for(&journal, of("c", &["airline"])).await, [(1, 2)]);
    let talked = journal.report_call_back(CallId(1), 2, TryOutcome::Talked).await.expect("written");
    assert!(matches!(talked, Some(Ok(_))), "{talked:?}");
    let listed = journal.call_backs(true).await.expect("listed");
    let promise = listed[0].promise.as_ref().expect("is promised");
    let outcomes: Vec<_> =
        promise.tries.iter().filter_map(|one| one.ended).map(|(_, outcome)| outcome).collect();
    assert_eq!((listed.len(), outcomes), (1, vec![TryOutcome::Busy, TryOutcome::Talked]));
    let open = journal.call_backs(false).await.expect("listed");
    assert_eq!(
        open.iter().map(|it| it.call).collect::<Vec<_>>(),
        [CallId(2)],
        "who was reached waits no more"
    );
    // Who asks again in the same call is promised anew; no old token fits.
    journal.call_back(promised(1, "15550100", -1_000, HOUR)).await.expect("it is kept");
    assert_eq!(calls_for(&journal, of("a", &["airline"])).await, [(1, 3)]);
    journal.close();
}

async fn one_number_is_called_by_one_gateway_whoever_asked_for_it(place: Place) {
    let (journal, _) = place.open().await;
    for call in [1, 2] {
        journal.call_back(promised(call, "15550100", -1_000, HOUR)).await.expect("it is kept");
    }
    assert_eq!(calls_for(&journal, of("a", &["airline"])).await, [(1, 1)]);
    assert_eq!(calls_for(&journal, of("b", &["airline"])).await, []);
    journal.report_call_back(CallId(1), 1, TryOutcome::Talked).await.expect("written");
    assert_eq!(calls_for(&journal, of("b", &["airline"])).await, [(2, 1)]);
    journal.close();
}

async fn a_gateway_that_is_not_heard_of_is_stood_in_for_once_its_lease_has_ended(place: Place) {
    let (journal, _) = place.open().await;
    journal.call_back(promised(1, "15550100", -1_000, HOUR)).await.expect("it is kept");
    let short = ClaimRequest { lease_ms: 50, ..of("a", &["airline"]) };
    assert_eq!(calls_for(&journal, short).await, [(1, 1)]);
    let deadline = Instant::now() + Duration::from_secs(10);
    let claimed = loop {
        let claimed = calls_for(&journal, of("b", &["airline"])).await;
        assert!(Instant::now() < deadline, "it is nobody's for ever");
        if !claimed.is_empty() {
            break claimed;
        }
    };
    assert_eq!(claimed, [(1, 2)]);
    let late = journal.report_call_back(CallId(1), 1, TryOutcome::Talked).await;
    assert_eq!(late, Ok(Some(Err(NotTaken::Stale))), "b calls by now");
    let kept = journal.report_call_back(CallId(1), 2, TryOutcome::Talked).await.expect("written");
    let promise = kept.expect("is there").expect("is taken").promise.expect("is promised");
    let outcomes: Vec<_> =
        promise.tries.iter().filter_map(|one| one.ended).map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [TryOutcome::Lost, TryOutcome::Talked]);
    journal.close();
}

async fn a_promise_that_is_over_done_or_let_go_of_is_given_to_nobody(place: Place) {
    let (journal, _) = place.open().await;
    for (call, to) in [(1, -500), (2, HOUR), (3, HOUR), (4, HOUR)] {
        journal.call_back(promised(call, &format!("1555010{call}"), -1_000, to)).await.expect("it is kept");
    }
    let who = || Pii::new("desk".to_owned());
    journal.called_back(CallId(2), who()).await.expect("marked");
    let cancelled = journal.cancel_call_back(CallId(3), who()).await.expect("written");
    assert!(matches!(cancelled, Some(Ok(_))), "{cancelled:?}");
    journal.call_back(Callback { promise: None, ..promised(4, "15550104", 0, 0) }).await.expect("it is kept");
    assert_eq!(calls_for(&journal, of("a", &["airline"])).await, []);
    let open = journal.call_backs(false).await.expect("listed");
    let standing = |it: &Callback| it.promise.as_ref().map(|promise| promise.standing.clone());
    let open: Vec<_> = open.iter().map(|it| (it.call.0, standing(it))).collect();
    assert!(open.contains(&(1, Some(Standing::GivenUp))), "a person must call: {open:?}");
    assert!(open.contains(&(4, None)) && open.len() == 2, "{open:?}");
    assert_eq!(journal.call_backs(true).await.expect("listed").len(), 2);
    journal.erase(vec![], vec![CallId(1)]).await.expect("erased");
    assert_eq!(journal.cancel_call_back(CallId(1), who()).await, Ok(None), "nothing is left of it");
    journal.close();
}

const HOUR: i64 = 3_600_000;

/// A plan of somebody who has proved to own these.
fn owned(id: &str, verified: &[&str]) -> Plan {
    Plan { verified: verified.iter().map(|owned| (*owned).to_owned()).collect(), ..plan(id) }
}

async fn plans_are_found_by_their_owner_newest_first_until_they_are_erased(place: Place) {
    let (journal, _) = place.open().await;
    for (id, verified) in
        [("p1", &["K7M4X2"][..]), ("p2", &["P3T9Q5"]), ("p3", &[]), ("p4", &["K7M4X2", "P3T9Q5"])]
    {
        journal.begin(owned(id, verified), Trail::default(), consented()).await.expect("written");
    }
    let ask = |identities: &[&str], most| {
        let identities = identities.iter().map(|owned| (*owned).to_owned()).collect();
        journal.past(Whose { pack: "airline".to_owned(), identities, most })
    };
    let told = |past: Result<Vec<Past>, JournalError>| -> Vec<(String, bool)> {
        past.expect("told").into_iter().map(|past| (past.story.plan.id.0, past.heard)).collect()
    };
    let row = |id: &str, heard| (id.to_owned(), heard);
    assert_eq!(told(ask(&["K7M4X2"], 8).await), [row("p4", false), row("p1", false)]);
    assert_eq!(told(ask(&["K7M4X2", "P3T9Q5"], 2).await), [row("p4", false), row("p2", false)], "each once");
    assert_eq!(told(ask(&["N0B0DY"], 8).await), []);
    let elsewhere = Whose { pack: "retail".to_owned(), identities: ["K7M4X2".to_owned()].into(), most: 8 };
    assert_eq!(told(journal.past(elsewhere).await), [], "of another pack");

    let p1 = PlanId("p1".to_owned());
    assert_eq!(journal.heard(&p1).await, Ok(true));
    assert_eq!(journal.heard(&p1).await, Ok(true), "again changes nothing");
    assert_eq!(journal.heard(&PlanId("p3".to_owned())).await, Ok(true), "it is nobody's to remember");
    assert_eq!(journal.heard(&PlanId("p9".to_owned())).await, Ok(false));
    assert_eq!(told(ask(&["K7M4X2"], 8).await), [row("p4", false), row("p1", true)]);

    journal.append(&p1, Token::FIRST, 2, Event::Completed).await.expect("written");
    journal.erase(vec![p1.clone()], vec![]).await.expect("erased");
    assert_eq!(told(ask(&["K7M4X2"], 8).await), [row("p4", false)]);
    assert_eq!(journal.heard(&p1).await, Ok(false));
    journal.close();
    assert_eq!(place.audited().await.findings, [], "the table is no part of the chain");
}
