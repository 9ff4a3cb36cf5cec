//! Whatever is done to a journal's file is found. The chain's own tests try random journals; here it is the file.

use std::path::PathBuf;

use callwright_model::{CallId, Pii, Record};
use callwright_plan_core::{Event, Finding, Misfit, Plan, Trail};
use callwright_wire::actions::Callback;
use rusqlite::types::Value as Cell;

use super::*;
use crate::journal::{Journal, Token};

fn plan(id: &str) -> Plan {
    Plan {
        id: PlanId(id.to_owned()),
        pack: "airline".to_owned(),
        skill: "rebook".to_owned(),
        version: String::new(),
        call: CallId(7),
        verified: std::collections::BTreeSet::new(),
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

/// A closed journal of three plans and a refusal between them.
async fn closed(folder: &Path) -> PathBuf {
    let file = folder.join("journal.db");
    let journal = Journal::open(&file).expect("opens");
    let consented = || Event::Consented { words_sha256: "00".to_owned() };
    let started = |step| Event::StepStarted { step, attempt: 1, rules: vec!["may".to_owned()] };
    for id in ["p1", "p2"] {
        journal.begin(plan(id), Trail::default(), consented()).await.expect("written");
        journal.append(&PlanId(id.to_owned()), Token::FIRST, 2, started(1)).await.expect("written");
    }
    let story = Explained { text: "no".to_owned(), json: "{}".to_owned() };
    journal.refuse(&PlanId("r1".to_owned()), story).await.expect("written");
    journal.append(&PlanId("p1".to_owned()), Token::FIRST, 3, Event::Completed).await.expect("written");
    journal.begin(plan("p3"), Trail::default(), consented()).await.expect("written");
    journal.close();
    file
}

const TABLES: [(&str, &str); 4] =
    [("origin", "only"), ("plans", "id"), ("events", "place"), ("refusals", "place")];

/// Everything that hangs on the chain.
fn dump(file: &Path) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let connection = Connection::open(file)?;
    let mut all = Vec::new();
    for (table, key) in TABLES {
        let mut select = connection.prepare(&format!("SELECT * FROM {table} ORDER BY {key}"))?;
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
        all.extend(rows.collect::<rusqlite::Result<Vec<Vec<Cell>>>>()?);
    }
    Ok(all)
}

/// Does something to a copy of a journal, and tells what the audit finds.
fn after(file: &Path, sql: &str) -> Vec<Finding> {
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).expect("copied");
    Connection::open(&copy)
        .and_then(|it| it.execute_batch(sql))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    audit_file(&copy, None).expect("readable").findings
}

#[tokio::test]
async fn a_change_to_any_field_of_any_row_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = closed(folder.path()).await;
    assert_eq!(audit_file(&file, None).expect("readable").findings, []);
    let connection = Connection::open(&file).expect("opens");
    let mut changes = 0;
    for (table, key) in TABLES {
        let select = connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let keys: Vec<Cell> = connection
            .prepare(&format!("SELECT {key} FROM {table}"))
            .and_then(|mut keys| keys.query_map([], |row| row.get(0))?.collect())
            .expect("keys");
        for row in &keys {
            let row = match row {
                Cell::Integer(number) => number.to_string(),
                Cell::Text(text) => format!("'{text}'"),
                Cell::Null | Cell::Real(_) | Cell::Blob(_) => panic!("no key of ours"),
            };
            // That there is one origin is the table's own rule.
            for column in columns.iter().filter(|column| *column != "only") {
                let number = if column == "finished" { "1 -" } else { "100 +" };
                let change = format!(
                    "UPDATE {table} SET {column} = CASE typeof({column})
                       WHEN 'integer' THEN {number} {column}
                       WHEN 'text' THEN {column} || ' '
                       ELSE zeroblob(length({column})) END
                     WHERE {key} = {row}"
                );
                assert_ne!(after(&file, &change), [], "{change}");
                changes += 1;
            }
        }
    }
    // Three fields of the origin, five of each plan, nine of each event, eight of each refusal.
    assert_eq!(changes, 3 + 3 * 5 + 6 * 9 + 8);
}

#[tokio::test]
async fn rows_that_are_removed_put_in_or_exchanged_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = closed(folder.path()).await;
    let told = |sql: &str| -> Vec<String> { after(&file, sql).iter().map(ToString::to_string).collect() };
    assert_eq!(
        told("DELETE FROM events WHERE plan = 'p1' AND number = 2"),
        [
            "plan p2, event 1 (entry 3) comes after a gap: entries 2 to 2 are missing",
            "plan p1, event 3 (entry 6) stands where event 2 should stand",
        ]
    );
    assert_eq!(
        told("UPDATE events SET event = replace(event, 'may', 'new') WHERE plan = 'p2' AND number = 2"),
        ["plan p2, event 2 (entry 4) does not fit its own hash: it was changed after it was written"]
    );
    assert_eq!(
        told("UPDATE plans SET plan = replace(plan, 'airline', 'airlane') WHERE id = 'p2'"),
        ["plan p2, event 1 (entry 3) is not the plan that was consented to"]
    );
    assert_eq!(
        told("UPDATE plans SET finished = 1 WHERE id = 'p3'"),
        ["plan p3 is marked as ended, and its events say otherwise"]
    );
    for sql in [
        "DELETE FROM refusals",
        "DELETE FROM origin",
        "DELETE FROM plans WHERE id = 'p3'",
        "DELETE FROM plans WHERE id = 'p1'; DELETE FROM events WHERE plan = 'p1'",
        "INSERT INTO plans SELECT 'p4', salt, plan, trail, finished FROM plans WHERE id = 'p1'",
        "INSERT INTO events SELECT 100, plan, 9, unix_ms, salt, event, before_in_plan, before, hash FROM events WHERE place = 6",
        "INSERT INTO refusals SELECT 8, plan, unix_ms, salt, text, json, before, hash FROM refusals",
        "UPDATE plans SET (salt, plan, trail) = (SELECT salt, plan, trail FROM plans AS p WHERE p.id = 'p2') WHERE id = 'p1'",
        "UPDATE plans SET id = CASE id WHEN 'p1' THEN 'x' WHEN 'p2' THEN 'p1' ELSE id END;
         UPDATE plans SET id = 'p2' WHERE id = 'x'",
        "UPDATE events SET place = -place WHERE place IN (2, 3); UPDATE events SET place = 5 + place WHERE place < 0",
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END",
        "CREATE VIEW v AS SELECT * FROM events",
    ] {
        assert_ne!(told(sql), Vec::<String>::new(), "{sql}");
    }
}

#[tokio::test]
async fn a_cut_off_end_is_found_by_the_head_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = closed(folder.path()).await;
    let head = audit_file(&file, None).expect("readable").head;
    let cut = "DELETE FROM plans WHERE id = 'p3'; DELETE FROM events WHERE plan = 'p3'";
    assert_eq!(after(&file, cut), [], "as if it had never been");
    let copy = file.with_extension("copy");
    let findings = audit_file(&copy, Some(head)).expect("readable").findings;
    assert!(
        matches!(findings[..], [Finding { what: Misfit::HeadMissing { head: missing }, .. }] if missing == head)
    );
}

#[tokio::test]
async fn a_head_that_was_noted_while_the_core_works_is_found_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("journal.db");
    let journal = Journal::open(&file).expect("opens");
    let noted = audit_file(&file, None).expect("readable, also without entries").head;
    journal
        .begin(plan("p1"), Trail::default(), Event::Consented { words_sha256: "00".to_owned() })
        .await
        .expect("written");
    let now = audit_file(&file, Some(noted)).expect("readable beside the core that writes");
    assert_eq!((now.findings, now.since_head), (vec![], Some(1)));
    journal.append(&PlanId("p1".to_owned()), Token::FIRST, 2, Event::Completed).await.expect("written");
    let later = audit_file(&file, Some(now.head)).expect("readable");
    assert_eq!((later.findings, later.since_head, later.events), (vec![], Some(1), 2));
    journal.close();
}

#[tokio::test]
async fn a_flipped_byte_of_the_file_is_found_or_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = closed(folder.path()).await;
    let (bytes, rows) = (std::fs::read(&file).expect("readable"), dump(&file).expect("readable"));
    let copy = file.with_extension("copy");
    let mut found = 0;
    // Every byte would be a minute's work; a step that shares no divisor with a page's size meets each kind of place.
    for at in (0..bytes.len()).step_by(67) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        std::fs::write(&copy, changed).expect("written");
        match audit_file(&copy, None) {
            Ok(audited) if audited.findings.is_empty() => {
                assert_eq!(dump(&copy).as_ref(), Ok(&rows), "byte {at}")
            }
            Ok(_) | Err(_) => found += 1,
        }
        for beside in ["copy-wal", "copy-shm"] {
            let _ = std::fs::remove_file(file.with_extension(beside));
        }
    }
    assert!(found > 20, "{found}");
}

#[tokio::test]
async fn what_is_no_journal_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = |name: &str| folder.path().join(name);
    assert_eq!(audit_file(&in_folder("none.db"), None), Err(AuditError::Missing));
    assert_eq!(audit_file(folder.path(), None), Err(AuditError::Missing));
    std::fs::write(in_folder("text"), "{\"fact\": \"no database\"}\n".repeat(99)).expect("written");
    std::fs::write(in_folder("empty"), "").expect("written");
    Connection::open(in_folder("other"))
        .and_then(|it| it.execute_batch("CREATE TABLE t (x)"))
        .expect("written");
    for other in ["text", "empty", "other"] {
        assert_eq!(audit_file(&in_folder(other), None), Err(AuditError::Foreign), "{other}");
    }
    let file = closed(folder.path()).await;
    let owner = Connection::open(&file).expect("opens");
    owner.pragma_update(None, "locking_mode", "EXCLUSIVE").expect("set");
    owner.execute_batch("BEGIN EXCLUSIVE").expect("it is theirs");
    assert_eq!(audit_file(&file, None), Err(AuditError::Locked));
    owner.execute_batch("ROLLBACK; PRAGMA user_version = 99").expect("written");
    drop(owner);
    assert_eq!(audit_file(&file, None), Err(AuditError::Newer(99)));
}

#[tokio::test]
async fn a_story_is_told_from_the_file_and_callbacks_are_no_part_of_the_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = closed(folder.path()).await;
    let told = |plan: &str| explain_from_file(&file, &PlanId(plan.to_owned())).expect("readable");
    assert!(told("p1").expect("is there").text.contains("completed"));
    assert_eq!(told("r1").expect("is there").text, "no");
    assert_eq!(told("p9"), None);
    let listed = list_file(&file).expect("readable");
    let states: Vec<_> = listed.iter().map(|it| (it.plan.0.as_str(), it.state)).collect();
    assert_eq!(states, [("p1", Progress::Completed), ("p2", Progress::Running), ("p3", Progress::Running)]);
    assert!(listed[0].begun_unix_ms > 1_700_000_000_000);
    let head = audit_file(&file, None).expect("readable").head;
    let journal = Journal::open(&file).expect("opens");
    let words = |words: &str| Pii::new(words.to_owned());
    let (number, briefing) = (words("15550100"), words("Call them."));
    let callback =
        Callback { call: CallId(1), number, briefing, asked_unix_ms: 0, done: None, promise: None };
    journal.call_back(callback).await.expect("written");
    journal.close();
    assert_eq!(audit_file(&file, None).expect("readable").head, head);
}
