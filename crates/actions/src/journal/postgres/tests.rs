use std::collections::BTreeSet;

use callwright_model::{CallId, Pii, Record};
use callwright_plan_core::{Event, Plan, Trail};
use callwright_scratch_postgres::{Durability, Server};

use super::super::tests::no_limits;
use super::super::{Journal, Store, Token};
use super::*;

const PACK: &str = "airline";
const NONE: [&str; 0] = [];

fn plan(id: &str) -> Plan {
    Plan {
        id: PlanId(id.to_owned()),
        pack: PACK.to_owned(),
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

fn event() -> Event {
    Event::Consented { words_sha256: "00".to_owned() }
}

/// A journal of a core that has not looked for plans yet.
async fn opened(address: &str) -> Journal {
    let postgres = Postgres::new(address, Duration::from_secs(600)).expect("an address");
    Journal::of(&Store::Postgres(postgres)).await.expect("opens")
}

async fn open(address: &str) -> Journal {
    let journal = opened(address).await;
    assert_eq!(claimed(&journal).await, NONE, "nothing was left");
    journal
}

async fn claimed(journal: &Journal) -> Vec<String> {
    let stories = journal.claim(vec![PACK.to_owned()], &no_limits()).await.expect("told");
    stories.into_iter().map(|story| format!("{} {:?}", story.plan.id, story.token)).collect()
}

async fn sql(address: &str, statement: &str) {
    let (client, connection) =
        tokio_postgres::connect(address, tokio_postgres::NoTls).await.expect("connects");
    tokio::spawn(connection);
    client.batch_execute(statement).await.expect("done");
}

async fn audited(address: &str) -> callwright_plan_core::Audited {
    let postgres = Postgres::new(address, Duration::from_secs(1)).expect("an address");
    crate::audit(&Store::Postgres(postgres), None).await.expect("readable")
}

#[tokio::test]
async fn a_core_that_slept_through_its_lease_writes_nothing_more() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let (sleeper, other) = (open(&address).await, open(&address).await);
    let (id, known) = (PlanId("p1".to_owned()), Instant::now());
    sleeper.begin(plan("p1"), Trail::default(), event()).await.expect("written");
    assert_eq!(claimed(&other).await, NONE, "its core lives");
    assert_eq!(sleeper.holds(&id, Token::FIRST, known).await, Ok(true));
    assert_eq!(other.append(&id, Token::FIRST, 2, Event::Completed).await, Err(JournalError::Stale));

    sql(&address, "UPDATE cores SET until = until - interval '1 day'").await;
    assert_eq!(claimed(&other).await, ["p1 Token(2)"]);
    assert_eq!(claimed(&other).await, NONE, "once");
    assert_eq!(sleeper.append(&id, Token::FIRST, 2, Event::Completed).await, Err(JournalError::Stale));
    assert_eq!(sleeper.append(&id, Token(2), 2, Event::Completed).await, Err(JournalError::Stale));
    assert_eq!(claimed(&sleeper).await, NONE, "it is heard of again, and so is the other");
    // As it would be for one that was asleep: it does not take its plans for its own since before that.
    let long_ago = known.checked_sub(Duration::from_secs(3_600)).expect("a clock that is older");
    assert_eq!(sleeper.holds(&id, Token::FIRST, long_ago).await, Ok(false));
    assert_eq!(other.holds(&id, Token(2), long_ago).await, Ok(true));
    let written = other.append(&id, Token(2), 2, Event::Completed).await;
    assert_eq!(written.map(|entry| entry.number), Ok(2));
    sleeper.close();
    other.close();
    let audited = audited(&address).await;
    assert_eq!((audited.events, audited.findings), (2, vec![]));
}

#[tokio::test]
async fn a_zero_byte_in_what_a_system_said_keeps_no_plan_from_being_taken_over() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let gone = open(&address).await;
    let mut strange = plan("p1");
    strange.facts.insert("said".to_owned(), "a\0b \\u0000 \"pack\":\"retail\"".into());
    gone.begin(strange.clone(), Trail::default(), event()).await.expect("written");
    gone.begin(plan("p2"), Trail::default(), event()).await.expect("written");
    gone.close();
    let other = opened(&address).await;
    assert_eq!(other.claim(vec!["retail".to_owned()], &no_limits()).await, Ok(Vec::new()));
    let mut left = other.claim(vec![PACK.to_owned()], &no_limits()).await.expect("told");
    left.sort_by(|a, b| a.plan.id.cmp(&b.plan.id));
    let left: Vec<Plan> = left.into_iter().map(|story| story.plan).collect();
    assert_eq!(left, [strange, plan("p2")]);
    other.close();
}

#[tokio::test]
async fn of_many_that_want_a_plan_that_was_left_one_gets_it() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let gone = open(&address).await;
    for number in 0..40 {
        gone.begin(plan(&format!("p{number:02}")), Trail::default(), event()).await.expect("written");
    }
    let stand_ins = [open(&address).await, open(&address).await, open(&address).await];
    gone.close();
    let [a, b, c] = &stand_ins;
    let (a, b, c) = tokio::join!(claimed(a), claimed(b), claimed(c));
    let all: BTreeSet<String> = [&a, &b, &c].into_iter().flatten().cloned().collect();
    assert_eq!((a.len() + b.len() + c.len(), all.len()), (40, 40));
    assert_eq!(stand_ins[0].claim(vec!["retail".to_owned()], &no_limits()).await, Ok(Vec::new()));
    stand_ins.into_iter().for_each(Journal::close);
}

#[tokio::test]
async fn cores_that_write_at_once_extend_one_chain() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let cores = [open(&address).await, open(&address).await];
    let write = async |core: usize, number: usize| {
        let id = PlanId(format!("p{core}-{number}"));
        cores[core].begin(plan(&id.0), Trail::default(), event()).await?;
        cores[core].append(&id, Token::FIRST, 2, Event::Completed).await
    };
    let all = (0..100).map(|number| write(number % 2, number));
    for written in futures_util::future::join_all(all).await {
        assert_eq!(written.map(|entry| entry.number), Ok(2));
    }
    cores.into_iter().for_each(Journal::close);
    let whole = audited(&address).await;
    assert_eq!((whole.plans, whole.events, whole.findings), (100, 200, vec![]));
    sql(&address, "UPDATE events SET unix_ms = unix_ms + 1 WHERE place = 17").await;
    let changed = audited(&address).await;
    assert!(!changed.findings.is_empty(), "and shows what was changed in it");
}

#[tokio::test]
async fn a_connection_that_breaks_and_a_database_that_is_away_are_told_and_come_back() {
    let mut server = Server::start(Durability::None).expect("starts");
    let address = server.create("plans").expect("is made");
    let journal = open(&address).await;
    let id = PlanId("p1".to_owned());
    journal.begin(plan("p1"), Trail::default(), event()).await.expect("written");
    let others =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'callwright'";
    sql(&address, others).await;
    let broken = journal.append(&id, Token::FIRST, 2, event()).await;
    assert!(broken.is_ok() || broken.as_ref().is_err_and(JournalError::is_passing), "{broken:?}");

    server.crash().expect("is stopped");
    let away = journal.append(&id, Token::FIRST, 3, event()).await.expect_err("nobody is there");
    assert!(matches!(away, JournalError::Away(_)), "{away:?}");
    assert!(journal.load(&id).await.expect_err("nobody is there").is_passing());
    server.revive().expect("starts again");
    let until = Instant::now() + Duration::from_secs(30);
    let story = loop {
        match journal.load(&id).await {
            Ok(story) => break story.expect("it is kept"),
            Err(error) => assert!(error.is_passing() && Instant::now() < until, "{error}"),
        }
    };
    let next = story.entries.len() as u64 + 1;
    let written = journal.append(&id, Token::FIRST, next, Event::Completed).await;
    assert_eq!(written.map(|entry| entry.number), Ok(next));
    journal.close();
    assert_eq!(audited(&address).await.findings, []);
}

#[tokio::test]
async fn a_database_from_before_promises_gets_a_place_for_them() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let store = Store::Postgres(Postgres::new(&address, Duration::from_secs(1)).expect("an address"));
    Journal::of(&store).await.expect("opens").close();
    sql(&address, "DROP TABLE promises, owned").await;
    sql(&address, "UPDATE origin SET layout = 2").await;
    let journal = Journal::of(&store).await.expect("opens");
    assert_eq!(journal.cancel_call_back(CallId(1), Pii::new("desk".to_owned())).await, Ok(None));
    journal.close();
}

#[tokio::test]
async fn a_database_of_something_else_and_a_newer_layout_are_refused() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let postgres = Postgres::new(&address, Duration::from_secs(1)).expect("an address");
    let store = Store::Postgres(postgres);
    sql(&address, "CREATE TABLE events (what TEXT)").await;
    assert_eq!(Journal::of(&store).await.map(Journal::close), Err(JournalError::Foreign));
    sql(&address, "DROP TABLE events").await;
    Journal::of(&store).await.expect("opens").close();
    sql(&address, "UPDATE origin SET layout = 99").await;
    assert_eq!(Journal::of(&store).await.map(Journal::close), Err(JournalError::Newer(99)));
    let nobody =
        Postgres::new("postgres://me@127.0.0.1:1/plans", Duration::from_secs(1)).expect("an address");
    let nobody = Journal::of(&Store::Postgres(nobody)).await.map(Journal::close);
    assert!(matches!(nobody, Err(JournalError::Away(_))), "{nobody:?}");
}

#[tokio::test]
async fn a_database_from_before_owners_were_looked_up_finds_them_by_an_index() {
    let address = callwright_scratch_postgres::database().expect("a database");
    let journal = open(&address).await;
    let whose =
        super::super::Whose { pack: PACK.to_owned(), identities: ["K7M4X2".to_owned()].into(), most: 8 };
    for id in ["p1", "p2"] {
        let plan = Plan { verified: whose.identities.clone(), ..plan(id) };
        journal.begin(plan, Trail::default(), event()).await.expect("written");
    }
    journal.append(&PlanId("p1".to_owned()), Token::FIRST, 2, Event::Completed).await.expect("written");
    journal.close();
    sql(&address, "DROP TABLE owned; UPDATE origin SET layout = 3").await;
    let journal = opened(&address).await;
    let past = journal.past(whose).await.expect("told");
    let told: Vec<_> = past.iter().map(|past| (past.story.plan.id.0.as_str(), past.heard)).collect();
    assert_eq!(told, [("p2", false), ("p1", true)]);
    journal.close();

    let (client, connection) =
        tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("connects");
    tokio::spawn(connection);
    // Of two rows the planner would read both.
    client.batch_execute("SET enable_seqscan = off").await.expect("set");
    let newest = journeys::NEWEST.replace("$1", "'\\x00'").replace("$2", "8");
    let rows = client.query(&format!("EXPLAIN {newest}"), &[]).await.expect("told");
    let explained: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let explained = explained.join("\n");
    assert!(explained.contains("owned_pkey"), "{explained}");
}
