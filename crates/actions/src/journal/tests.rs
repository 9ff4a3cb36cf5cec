use std::collections::BTreeSet;

use callwright_model::{CallId, Record};

use super::*;

mod wherever;

pub(super) fn plan(id: &str) -> Plan {
    Plan {
        id: PlanId(id.to_owned()),
        pack: "airline".to_owned(),
        skill: "rebook".to_owned(),
        version: String::new(),
        call: CallId(7),
        verified: BTreeSet::new(),
        level: 0,
        asker: Default::default(),
        steps: Vec::new(),
        facts: Record::new(),
        remembered: Record::new(),
        done: "done".to_owned(),
        failed: "failed".to_owned(),
        rules: Vec::new(),
    }
}

/// Of a core whose packs have no limits.
pub(super) fn no_limits() -> Arc<Tally> {
    Tally::new(std::iter::empty())
}

pub(super) fn trail() -> Trail {
    Trail { summary: "Rebook a cancelled flight".to_owned(), ..Trail::default() }
}

pub(super) fn consented() -> Event {
    Event::Consented { words_sha256: "00".to_owned() }
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

#[test]
fn a_second_core_on_a_file_is_refused_until_the_first_lets_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let first = Journal::open(&path).expect("opens");
    assert_eq!(Journal::open(&path).map(Journal::close), Err(JournalError::Locked));
    crate::audit::audit_file(&path, None).expect("an auditor may look");
    first.close();
    Journal::open(&path).expect("opens").close();
}

#[tokio::test]
async fn a_disk_without_room_takes_nothing_of_a_batch_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    let id = PlanId("p1".to_owned());
    journal.begin(plan("p1"), trail(), consented()).await.expect("written");
    journal.close();

    let mut connection = Connection::open(&path).expect("opens");
    schema::prepare(&mut connection).expect("ready");
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("told");
    connection.pragma_update(None, "max_page_count", pages).expect("set");
    let large = Trail { summary: "long ".repeat(10_000), ..Trail::default() };
    let (small, mut first) = completed(&id);
    let (reply, mut begun) = oneshot::channel();
    let begin = Request::Begin { plan: Box::new(plan("p2")), trail: large, event: consented(), reply };
    let (again, mut last) = completed(&id);
    let mut answers = Vec::new();
    let full = commit(&mut connection, &mut None, vec![small, begin, again], &mut answers)
        .expect_err("there is no room");
    answers.into_iter().for_each(|answer| answer(Some(&full)));
    assert!(full.is_passing(), "{full:?}");
    assert_eq!(begun.try_recv(), Ok(Err(full.clone())));
    assert_eq!(
        (first.try_recv(), last.try_recv()),
        (Ok(Err(full.clone())), Ok(Err(full))),
        "they were asked for with it"
    );

    let (small, mut first) = completed(&id);
    let mut answers = Vec::new();
    commit(&mut connection, &mut None, vec![small], &mut answers).expect("what has room is written");
    answers.into_iter().for_each(|answer| answer(None));
    assert!(first.try_recv().is_ok_and(|it| it.is_ok_and(|entries| entries.len() == 1)));
    drop(connection);
    let audited = crate::audit::audit_file(&path, None).expect("readable");
    assert_eq!((audited.plans, audited.events, audited.findings), (1, 2, vec![]));
}

/// A request to write down that a plan is done.
fn completed(plan: &PlanId) -> (Request, oneshot::Receiver<Result<Vec<Entry>, JournalError>>) {
    let (reply, answer) = oneshot::channel();
    let events = vec![Event::Completed];
    (
        Request::Append {
            plan: plan.clone(),
            token: Some(Token::FIRST),
            number: 2,
            events,
            charge: None,
            reply,
        },
        answer,
    )
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "this is no database, but long enough to be taken for one".repeat(99))
        .expect("written");
    assert!(matches!(Journal::open(&path), Err(JournalError::Database(_))));
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
    assert_eq!(crate::audit::audit_file(&path, None), Err(crate::AuditError::Unchained));

    let journal = Journal::open(&path).expect("opens");
    let (p1, p2) = (PlanId("p1".to_owned()), PlanId("p2".to_owned()));
    let entry = |number, unix_ms, event| Entry { number, unix_ms, event };
    let entries = vec![entry(1, 2, consented()), entry(2, 2, Event::Completed)];
    assert_eq!(
        journal.load(&p1).await,
        Ok(Some(Story { plan: plan("p1"), trail: Trail::default(), token: Token::FIRST, entries }))
    );
    let open = journal.claim(Vec::new(), &no_limits()).await.expect("readable");
    let entries = vec![entry(1, 1, consented())];
    assert_eq!(open, [Story { plan: plan("p2"), trail: Trail::default(), token: Token::FIRST, entries }]);
    assert!(journal.refusal(&PlanId("r1".to_owned())).await.expect("readable").is_some());
    assert_eq!(journal.call_backs(false).await.expect("readable").len(), 1);
    journal.append(&p2, Token::FIRST, 2, Event::Completed).await.expect("it goes on");
    journal.close();

    Journal::open(&path).expect("opens again").close();
    let audited = crate::audit::audit_file(&path, None).expect("readable");
    assert_eq!(audited.findings, []);
    assert_eq!((audited.plans, audited.events, audited.refusals), (2, 4, 1));
    let connection = Connection::open(&path).expect("opens");
    let origin = schema::origin(&connection).expect("readable").expect("is there");
    assert_eq!(origin.adopted, 4, "the chain cannot vouch for what was there before");
    drop(connection);

    let journal = Journal::open(&path).expect("opens");
    journal.erase(vec![p1], Vec::new()).await.expect("erased");
    journal.close();
    let file = String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).into_owned();
    assert!(!file.contains(r#""id":"p1""#) && file.contains(r#""id":"p2""#), "nor where it stood before");
}

#[tokio::test]
async fn a_journal_from_before_promises_keeps_what_it_holds_and_takes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    journal.begin(plan("p1"), Trail::default(), consented()).await.expect("written");
    journal.close();
    let old = Connection::open(&path).expect("opens");
    put_back(&old, 2);
    assert!(crate::audit::audit_file(&path, None).is_ok_and(|audited| audited.findings.is_empty()));

    let journal = Journal::open(&path).expect("opens");
    assert_eq!(schema::layout(&old), Ok(schema::Layout::Current));
    assert!(journal.load(&PlanId("p1".to_owned())).await.is_ok_and(|story| story.is_some()));
    assert_eq!(journal.cancel_call_back(CallId(1), Pii::new("desk".to_owned())).await, Ok(None));
    journal.close();
}

/// Makes a journal one of an older version of the layout.
fn put_back(journal: &Connection, version: i64) {
    let missing = match version {
        2 => "DROP TABLE promises; DROP TABLE owned;",
        3 => "DROP TABLE owned;",
        _ => "",
    };
    journal
        .execute_batch(&format!(
            "{missing}
             CREATE TABLE older (
               id TEXT PRIMARY KEY, salt BLOB NOT NULL, plan TEXT NOT NULL, trail TEXT NOT NULL,
               finished INTEGER NOT NULL CHECK (finished IN (0, 1))
             ) STRICT, WITHOUT ROWID;
             INSERT INTO older SELECT * FROM plans;
             DROP TABLE plans;
             ALTER TABLE older RENAME TO plans;
             CREATE INDEX unfinished ON plans (id) WHERE finished = 0;
             PRAGMA user_version = {version}"
        ))
        .expect("as it was");
    assert_eq!(schema::layout(journal), Ok(schema::Layout::Older(version)));
}

#[tokio::test]
async fn a_journal_whose_plans_stood_in_the_index_keeps_them_and_forgets_where_they_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    // Long enough for pages of its own.
    let told = |id: &str| Plan { skill: format!("{id} told it {}", "once more ".repeat(1_000)), ..plan(id) };
    for id in ["p1", "p2"] {
        journal.begin(told(id), Trail::default(), consented()).await.expect("written");
    }
    let [p1, p2] = ["p1", "p2"].map(|id| PlanId(id.to_owned()));
    journal.append(&p1, Token::FIRST, 2, Event::Completed).await.expect("written");
    journal.close();
    let old = Connection::open(&path).expect("opens");
    put_back(&old, 4);
    let audited = crate::audit::audit_file(&path, None).expect("readable");
    assert_eq!((audited.findings, audited.plans, audited.events), (Vec::new(), 2, 3));
    // Only what is told of here is to be found: not what making the older one left behind.
    old.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").expect("done");
    drop(old);

    let journal = Journal::open(&path).expect("opens");
    let open = journal.claim(Vec::new(), &no_limits()).await.expect("readable");
    assert_eq!(open.into_iter().map(|story| story.plan).collect::<Vec<_>>(), [told("p2")]);
    assert_eq!(journal.load(&p1).await.map(|story| story.map(|story| story.plan)), Ok(Some(told("p1"))));
    journal.append(&p2, Token::FIRST, 2, Event::Completed).await.expect("it goes on");
    journal.erase(vec![p1], Vec::new()).await.expect("erased");
    journal.close();
    let audited = crate::audit::audit_file(&path, None).expect("readable");
    assert_eq!((audited.findings, audited.plans, audited.events), (Vec::new(), 2, 4));
    let file = String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).into_owned();
    assert!(!file.contains("p1 told it") && file.contains("p2 told it"));
    let connection = Connection::open(&path).expect("opens");
    assert_eq!(schema::layout(&connection), Ok(schema::Layout::Current));
    let found = explained(&connection, "SELECT plan FROM plans WHERE id = ?1");
    assert!(found.contains("SEARCH plans USING INDEX"), "{found}");
}

/// What SQLite does for a statement.
fn explained(connection: &Connection, statement: &str) -> String {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("a statement");
    let parameters = vec![rusqlite::types::Value::Null; explain.parameter_count()];
    let rows = explain.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>(3));
    rows.and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>).expect("told").join("; ")
}

#[test]
fn whose_plans_are_whose_is_looked_up_and_no_plan_is_scanned() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    Journal::open(&path).expect("opens").close();
    let connection = Connection::open(&path).expect("opens");
    for statement in [owned::NEWEST, owned::HEARD, crate::journey::NAMED] {
        let explained = explained(&connection, statement);
        assert!(explained.contains("SEARCH owned USING PRIMARY KEY (journey=?"), "{explained}");
        assert!(!explained.contains("SCAN") && !explained.contains("TEMP B-TREE"), "{explained}");
    }
}

#[tokio::test]
async fn a_journal_from_before_owners_were_looked_up_finds_them_and_tells_nobody_of_last_year() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path).expect("opens");
    let whose = Whose { pack: "airline".to_owned(), identities: ["K7M4X2".to_owned()].into(), most: 8 };
    for id in ["p1", "p2"] {
        let plan = Plan { verified: whose.identities.clone(), ..plan(id) };
        journal.begin(plan, Trail::default(), consented()).await.expect("written");
    }
    let p1 = PlanId("p1".to_owned());
    journal.append(&p1, Token::FIRST, 2, Event::Completed).await.expect("written");
    journal.close();
    let old = Connection::open(&path).expect("opens");
    for version in [3, 2] {
        put_back(&old, version);
        let journal = Journal::open(&path).expect("opens");
        assert_eq!(schema::layout(&old), Ok(schema::Layout::Current));
        let past = journal.past(whose.clone()).await.expect("told");
        let told: Vec<_> = past.iter().map(|past| (past.story.plan.id.0.as_str(), past.heard)).collect();
        assert_eq!(told, [("p2", false), ("p1", true)], "what runs yet may still be told");
        journal.close();
    }
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
    Connection::open(&newer).and_then(|it| it.pragma_update(None, "user_version", 99)).expect("written");
    Connection::open(&other).and_then(|it| it.execute_batch("CREATE TABLE t (x)")).expect("written");
    for (path, wanted) in [(&newer, JournalError::Newer(99)), (&other, JournalError::Foreign)] {
        let before = std::fs::read(path).expect("readable");
        assert_eq!(Journal::open(path).expect_err("it is refused"), wanted);
        assert_eq!(std::fs::read(path).expect("readable"), before, "{wanted}");
    }
}
