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

fn consented() -> Event {
    Event::Consented { words_sha256: "00".to_owned() }
}

#[tokio::test]
async fn what_is_written_is_there_after_closing_and_opening() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    let first = journal.begin(plan("p1"), consented()).await.expect("written");
    let second = journal.append(&PlanId("p1".to_owned()), 2, Event::Completed).await.expect("written");
    journal.begin(plan("p2"), consented()).await.expect("written");
    journal.close();

    let journal = Journal::open(&path).expect("opens again");
    let story = journal.load(&PlanId("p1".to_owned())).await.expect("readable").expect("is there");
    assert_eq!(story, Story { plan: plan("p1"), entries: vec![first, second] });
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
    journal.begin(plan("p1"), consented()).await.expect("written");
    assert_eq!(journal.begin(plan("p1"), consented()).await, Err(JournalError::Conflict));
    let two = journal.append(&id, 2, Event::Completed);
    let other = journal.append(&id, 2, Event::Completed);
    let (two, other) = tokio::join!(two, other);
    assert!(two.is_ok() != other.is_ok(), "{two:?} {other:?}");
    let entries = journal.load(&id).await.expect("readable").expect("is there").entries;
    assert_eq!(entries.len(), 2);
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
