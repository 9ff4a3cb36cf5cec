use std::collections::BTreeSet;

use callwright_model::{CallId, Record};

use super::*;

fn plan(id: &str) -> Plan {
    Plan {
        id: PlanId(id.to_owned()),
        pack: "airline".to_owned(),
        skill: "rebook".to_owned(),
        call: CallId(7),
        verified: BTreeSet::new(),
        steps: Vec::new(),
        facts: Record::new(),
        done: "done".to_owned(),
        failed: "failed".to_owned(),
        rules: Vec::new(),
    }
}

fn trail() -> Trail {
    Trail { summary: "Rebook a cancelled flight".to_owned(), ..Trail::default() }
}

fn consented() -> Event {
    Event::Consented { words_sha256: "00".to_owned() }
}

#[tokio::test]
async fn what_is_written_is_there_after_closing_and_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    let first = journal.begin(plan("p1"), trail(), consented()).await.expect("written");
    let second = journal.append(&PlanId("p1".to_owned()), 2, Event::Completed).await.expect("written");
    journal.begin(plan("p2"), Trail::default(), consented()).await.expect("written");
    journal.close();

    let journal = Journal::open(&path).expect("opens again");
    let story = journal.load(&PlanId("p1".to_owned())).await.expect("readable").expect("is there");
    assert_eq!(story, Story { plan: plan("p1"), trail: trail(), entries: vec![first, second] });
    let open: Vec<_> =
        journal.unfinished().await.expect("readable").into_iter().map(|s| s.plan.id.0).collect();
    assert_eq!(open, ["p2"]);
    assert_eq!(journal.load(&PlanId("p3".to_owned())).await, Ok(None));
    journal.close();
}

#[tokio::test]
async fn a_place_is_written_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(&folder.path().join("journal.db")).expect("opens");
    let id = PlanId("p1".to_owned());
    journal.begin(plan("p1"), Trail::default(), consented()).await.expect("written");
    assert_eq!(journal.begin(plan("p1"), Trail::default(), consented()).await, Err(JournalError::Conflict));
    let two = journal.append(&id, 2, Event::Completed);
    let other = journal.append(&id, 2, Event::Completed);
    let (two, other) = tokio::join!(two, other);
    assert!(two.is_ok() != other.is_ok(), "{two:?} {other:?}");
    let entries = journal.load(&id).await.expect("readable").expect("is there").entries;
    assert_eq!(entries.len(), 2);
    journal.close();
}

#[tokio::test]
async fn a_batch_that_cannot_be_begun_is_told_to_all_who_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    Connection::open(&path).and_then(|it| it.execute_batch("DROP TABLE events")).expect("done");
    let id = PlanId("p1".to_owned());
    let (begun, loaded) = tokio::join!(journal.begin(plan("p1"), trail(), consented()), journal.load(&id));
    assert!(matches!(begun, Err(JournalError::Database(_))), "{begun:?}");
    assert!(matches!(loaded, Err(JournalError::Database(_))), "{loaded:?}");
    journal.close();
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "this is no database, but long enough to be taken for one".repeat(99))
        .expect("written");
    assert!(matches!(Journal::open(&path), Err(JournalError::Database(_))));
}

#[tokio::test]
async fn an_event_has_its_place_behind_another_and_a_conflict_leaves_the_chain_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    let id = PlanId("p1".to_owned());
    assert_eq!(journal.append(&id, 1, consented()).await, Err(JournalError::Conflict), "there is no plan");
    let story = Explained { text: "no".to_owned(), json: "{}".to_owned() };
    let (begun, again, early, refused, other) = tokio::join!(
        journal.begin(plan("p1"), Trail::default(), consented()),
        journal.begin(plan("p1"), Trail::default(), consented()),
        journal.append(&id, 3, Event::Completed),
        journal.refuse(&id, story.clone()),
        journal.begin(plan("p2"), Trail::default(), consented()),
    );
    assert!(begun.is_ok() && other.is_ok() && refused.is_ok());
    assert_eq!((again, early), (Err(JournalError::Conflict), Err(JournalError::Conflict)));
    let later = Explained { text: "still no".to_owned(), json: "{}".to_owned() };
    journal.refuse(&id, later.clone()).await.expect("written");
    assert_eq!(journal.refusal(&id).await, Ok(Some(later)), "the latest is told, the first is kept");
    journal.close();
    let audited = crate::audit(&path, None).expect("readable");
    assert_eq!(audited.findings, []);
    assert_eq!((audited.plans, audited.events, audited.refusals), (2, 2, 2));
}

/// A journal as the first layout had it, with two plans and a refusal.
fn unchained(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("opens");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE plans (
               id TEXT PRIMARY KEY, plan TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0
             ) STRICT, WITHOUT ROWID;
             CREATE INDEX unfinished ON plans (id) WHERE finished = 0;
             CREATE TABLE events (
               plan TEXT NOT NULL, number INTEGER NOT NULL, unix_ms INTEGER NOT NULL, event TEXT NOT NULL,
               PRIMARY KEY (plan, number)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE refusals (
               id TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE callbacks (
               call TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, number TEXT NOT NULL, briefing TEXT NOT NULL
             ) STRICT, WITHOUT ROWID;
             INSERT INTO callbacks VALUES ('0000000000000001', 1, '15550100', 'Call them.');
             INSERT INTO refusals VALUES ('r1', 5, 'no', '{}');",
        )
        .expect("made");
    let event = |event: &Event| serde_json::to_string(event).expect("JSON");
    // Keys as the first layout knew them: without what was added to plans since.
    for (id, time, events) in [("p2", 1, vec![consented()]), ("p1", 2, vec![consented(), Event::Completed])] {
        let text = serde_json::to_string(&plan(id)).expect("JSON");
        let finished = events.len() == 2;
        connection.execute("INSERT INTO plans VALUES (?1, ?2, ?3)", (id, text, finished)).expect("written");
        for (number, one) in (1_i64..).zip(&events) {
            let row = (id, number, time, event(one));
            connection.execute("INSERT INTO events VALUES (?1, ?2, ?3, ?4)", row).expect("written");
        }
    }
    connection
}

#[tokio::test]
async fn a_journal_without_a_chain_gets_one_and_keeps_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    drop(unchained(&path));
    assert_eq!(crate::audit(&path, None), Err(crate::AuditError::Unchained));

    let journal = Journal::open(&path).expect("opens");
    let (p1, p2) = (PlanId("p1".to_owned()), PlanId("p2".to_owned()));
    let entry = |number, unix_ms, event| Entry { number, unix_ms, event };
    let entries = vec![entry(1, 2, consented()), entry(2, 2, Event::Completed)];
    assert_eq!(
        journal.load(&p1).await,
        Ok(Some(Story { plan: plan("p1"), trail: Trail::default(), entries }))
    );
    let open = journal.unfinished().await.expect("readable");
    assert_eq!(
        open,
        [Story { plan: plan("p2"), trail: Trail::default(), entries: vec![entry(1, 1, consented())] }]
    );
    assert!(journal.refusal(&PlanId("r1".to_owned())).await.expect("readable").is_some());
    assert_eq!(journal.call_backs(false).await.expect("readable").len(), 1);
    journal.append(&p2, 2, Event::Completed).await.expect("it goes on");
    journal.close();

    Journal::open(&path).expect("opens again").close();
    let audited = crate::audit(&path, None).expect("readable");
    assert_eq!(audited.findings, []);
    assert_eq!((audited.plans, audited.events, audited.refusals), (2, 4, 1));
    let connection = Connection::open(&path).expect("opens");
    let origin = schema::origin(&connection).expect("readable").expect("is there");
    assert_eq!(origin.adopted, 4, "the chain cannot vouch for what was there before");
}

#[test]
fn an_old_journal_whose_parts_do_not_belong_together_is_left_as_it_is() {
    for damage in [
        "DELETE FROM plans WHERE id = 'p1'",
        "DELETE FROM events WHERE plan = 'p2'",
        "UPDATE events SET number = 7 WHERE plan = 'p2'",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.db");
        let old = unchained(&path);
        old.execute_batch(damage).expect("done");
        let error = Journal::open(&path).expect_err("a person must look").to_string();
        assert!(error.contains("do not belong together"), "{damage}: {error}");
        assert_eq!(schema::layout(&old), Ok(schema::Layout::Unchained), "{damage}");
    }
}

#[test]
fn a_newer_journal_and_another_programs_database_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (newer, other) = (folder.path().join("newer.db"), folder.path().join("other.db"));
    Journal::open(&newer).expect("opens").close();
    Connection::open(&newer).and_then(|it| it.pragma_update(None, "user_version", 3)).expect("written");
    Connection::open(&other).and_then(|it| it.execute_batch("CREATE TABLE t (x)")).expect("written");
    for (path, wanted) in [(&newer, JournalError::Newer(3)), (&other, JournalError::Foreign)] {
        let before = std::fs::read(path).expect("readable");
        assert_eq!(Journal::open(path).expect_err("it is refused"), wanted);
        assert_eq!(std::fs::read(path).expect("readable"), before, "{wanted}");
    }
}
