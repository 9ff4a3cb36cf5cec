//! Reading what is written down.

use callwright_model::PlanId;
use callwright_plan_core::{Entry, Explained};
use rusqlite::{Connection, OptionalExtension as _, Params};

use super::{JournalError, Story, Token, database};

/// A plan with its events.
pub(crate) fn load(connection: &Connection, plan: &PlanId) -> Result<Option<Story>, JournalError> {
    let texts: Option<(String, String)> = connection
        .query_row("SELECT plan, trail FROM plans WHERE id = ?1", [&plan.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(database)?;
    // Of one that was erased there is nothing to tell.
    let texts = texts.filter(|(text, _)| !text.is_empty());
    texts.map(|(text, trail)| story(connection, plan, &text, &trail)).transpose()
}

fn story(connection: &Connection, id: &PlanId, plan: &str, trail: &str) -> Result<Story, JournalError> {
    let plan = serde_json::from_str(plan)
        .map_err(|error| JournalError::Database(format!("plan {id} cannot be read: {error}")))?;
    // A trail only explains. One that is not there, or of another version, must not keep a plan from going on.
    let trail = serde_json::from_str(trail).unwrap_or_default();
    let mut select = connection
        .prepare_cached("SELECT number, unix_ms, event FROM events WHERE plan = ?1 ORDER BY number")
        .map_err(database)?;
    let rows = select
        .query_map([&id.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .map_err(database)?;
    let mut entries = Vec::new();
    for row in rows {
        let (number, time, text) = row.map_err(database)?;
        let event = serde_json::from_str(&text)
            .map_err(|error| JournalError::Database(format!("event {number} of plan {id}: {error}")))?;
        let (number, unix_ms) = (u64::try_from(number).unwrap_or(0), u64::try_from(time).unwrap_or(0));
        entries.push(Entry { number, unix_ms, event });
    }
    Ok(Story { plan, trail, token: Token::FIRST, entries })
}

/// Why something was not done; of several times the latest.
pub(crate) fn refusal(connection: &Connection, plan: &PlanId) -> Result<Option<Explained>, JournalError> {
    connection
        .query_row(
            "SELECT text, json FROM refusals WHERE plan = ?1 AND text <> '' ORDER BY place DESC LIMIT 1",
            [&plan.0],
            |row| Ok(Explained { text: row.get(0)?, json: row.get(1)? }),
        )
        .optional()
        .map_err(database)
}

/// Plans that have not ended.
pub(super) fn unfinished(connection: &Connection) -> Result<Vec<Story>, JournalError> {
    stories(connection, "SELECT id, plan, trail FROM plans WHERE finished = 0 ORDER BY id", [])
}

/// Plans with an event since then. What was erased tells nothing that could count.
pub(super) fn since(connection: &Connection, unix_ms: u64) -> Result<Vec<Story>, JournalError> {
    let those = "SELECT id, plan, trail FROM plans
                 WHERE plan <> '' AND id IN (SELECT plan FROM events WHERE unix_ms >= ?1) ORDER BY id";
    stories(connection, those, [unix_ms.cast_signed()])
}

fn stories(connection: &Connection, those: &str, params: impl Params) -> Result<Vec<Story>, JournalError> {
    let mut select = connection.prepare(those).map_err(database)?;
    let rows = select
        .query_map(params, |row| {
            Ok((PlanId(row.get(0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .map_err(database)?;
    let mut stories = Vec::new();
    for row in rows {
        let (id, text, trail) = row.map_err(database)?;
        match story(connection, &id, &text, &trail) {
            Ok(story) => stories.push(story),
            // One plan that cannot be read must not keep the others from going on.
            Err(error) => tracing::error!(plan = %id, %error, "a plan cannot be resumed: a person must look"),
        }
    }
    Ok(stories)
}
