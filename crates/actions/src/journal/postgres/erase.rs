//! Erasing what plans say, as in the file: texts and salts go, places, times and hashes stay. What Postgres itself keeps of rows as they
//! were, until it vacuums them and its log is written anew, is its own.

use callwright_model::{CallId, PlanId};
use callwright_plan_core::{Hash, Sealed, SealedPlan, Written};
use tokio_postgres::{Error, Row};

use super::super::JournalError;
use super::super::owned::Owners;
use super::claim::locked;
use super::link::Link;
use super::names;

/// Erases plans that have ended, with their events, what policies refused under their number, and calls back.
pub(super) async fn erase(link: &Link, plans: &[PlanId], calls: &[CallId]) -> Result<(), JournalError> {
    let client = &link.client;
    let calls: Vec<String> = calls.iter().map(CallId::to_string).collect();
    let erased = locked(client, async {
        let ended = "SELECT id, plan, trail, salt FROM plans WHERE id = ANY ($1) AND finished";
        let rows = client.query(ended, &[&names(plans)]).await?;
        for row in &rows {
            if let Ok(owners) = serde_json::from_str::<Owners>(row.get(1)) {
                let (plan, journeys): (&str, _) = (row.get(0), owners.journeys(&link.origin));
                client.execute(FORGET, &[&journeys, &plan]).await?;
            }
        }
        let (ids, salts): (Vec<&str>, Vec<Vec<u8>>) = rows.iter().map(plan).unzip();
        client.execute(ERASE_PLANS, &[&ids, &salts]).await?;
        let events = client.query(EVENTS, &[&ids]).await?;
        let (places, salts): (Vec<i64>, Vec<Vec<u8>>) = events.iter().map(event).unzip();
        client.execute(ERASE_EVENTS, &[&places, &salts]).await?;
        let refusals = client.query(REFUSALS, &[&names(plans)]).await?;
        let (places, salts): (Vec<i64>, Vec<Vec<u8>>) = refusals.iter().map(refusal).unzip();
        client.execute(ERASE_REFUSALS, &[&places, &salts]).await?;
        client.execute("DELETE FROM callbacks WHERE call = ANY ($1)", &[&calls]).await?;
        client.execute("DELETE FROM callbacks_done WHERE call = ANY ($1)", &[&calls]).await?;
        client.execute("DELETE FROM promises WHERE call = ANY ($1)", &[&calls]).await?;
        Ok::<_, Error>(())
    });
    erased.await
}

/// A plan and what is left of it.
fn plan(row: &Row) -> (&str, Vec<u8>) {
    let id: &str = row.get(0);
    let mut plan = SealedPlan {
        id: id.to_owned(),
        text: row.get(1),
        trail: row.get(2),
        salt: row.get(3),
        finished: true,
    };
    plan.erase();
    (id, plan.salt)
}

fn event(row: &Row) -> (i64, Vec<u8>) {
    let what = Written::Event { number: 0, before_in_plan: Hash::stored(&[]), text: row.get(2) };
    entry(row, what)
}

fn refusal(row: &Row) -> (i64, Vec<u8>) {
    entry(row, Written::Refusal { text: row.get(2), json: row.get(3) })
}

/// An entry as far as erasing it needs, its texts and their salt, and what is left of it.
fn entry(row: &Row, what: Written) -> (i64, Vec<u8>) {
    let (place, nowhere) = (row.get::<_, i64>(0), Hash::stored(&[]));
    let (place_of, salt) = (place.cast_unsigned(), row.get(1));
    let mut entry = Sealed {
        place: place_of,
        before: nowhere,
        plan: String::new(),
        unix_ms: 0,
        salt,
        what,
        hash: nowhere,
    };
    entry.erase();
    (place, entry.salt)
}

const FORGET: &str = "DELETE FROM owned WHERE journey = ANY ($1) AND plan = $2";
const EVENTS: &str = "SELECT place, salt, event FROM events WHERE plan = ANY ($1)";
const REFUSALS: &str = "SELECT place, salt, text, json FROM refusals WHERE plan = ANY ($1)";
const ERASE_PLANS: &str = "
    UPDATE plans SET plan = '', trail = '', salt = gone.salt
    FROM unnest($1::text[], $2::bytea[]) AS gone (id, salt) WHERE plans.id = gone.id";
const ERASE_EVENTS: &str = "
    UPDATE events SET event = '', salt = gone.salt
    FROM unnest($1::bigint[], $2::bytea[]) AS gone (place, salt) WHERE events.place = gone.place";
const ERASE_REFUSALS: &str = "
    UPDATE refusals SET text = '', json = '', salt = gone.salt
    FROM unnest($1::bigint[], $2::bytea[]) AS gone (place, salt) WHERE refusals.place = gone.place";
