//! SQLite under a business: one transaction a call, and the memory of idempotency keys.

use std::path::Path;

use callwright_model::{Money, Record, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::date::Day;
use crate::snapshot::Snapshot;
use crate::wire::connector::{Description, InvokeError, Refusal};

/// What makes an airline or a shop of a store.
pub(crate) trait Business: Send + Sync + 'static {
    /// Tables, and the column that names a row.
    const TABLES: &'static [(&'static str, &'static str)];

    /// Makes the tables.
    const SCHEMA: &'static str;

    /// Fills empty tables with the demo's facts for the day.
    fn seed(transaction: &Transaction<'_>, day: Day) -> rusqlite::Result<()>;

    /// What callers of the demo know, by the names that skills ask with: one of them a row.
    fn known() -> Vec<Vec<(&'static str, &'static str)>>;

    /// What can be done.
    fn describe() -> Description;

    /// Does one thing.
    fn call(call: &Call<'_>) -> Result<Record, CallError>;
}

/// One call inside its transaction.
pub(crate) struct Call<'c> {
    pub(crate) transaction: &'c Transaction<'c>,
    pub(crate) method: &'c str,
    pub(crate) arguments: &'c Record,
    /// The day the demo plays on.
    pub(crate) day: Day,
}

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum CallError {
    Invoke(InvokeError),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for CallError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<InvokeError> for CallError {
    fn from(error: InvokeError) -> Self {
        Self::Invoke(error)
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Invoke(refusal.into())
    }
}

impl Call<'_> {
    /// The text of an argument.
    pub(crate) fn text(&self, name: &str) -> Result<&str, CallError> {
        let text = self.arguments.get(name).and_then(Value::as_text);
        Ok(text.ok_or_else(|| InvokeError::Misused(format!("`{name}` must be a text")))?)
    }

    /// The money of an argument.
    pub(crate) fn money(&self, name: &str) -> Result<&Money, CallError> {
        match self.arguments.get(name) {
            Some(Value::Money(money)) => Ok(money),
            _ => Err(InvokeError::Misused(format!("`{name}` must be money")).into()),
        }
    }

    /// The answer to a method that is none of ours.
    pub(crate) fn unknown(&self) -> CallError {
        InvokeError::Misused(format!("there is no method `{}`", self.method)).into()
    }
}

/// A no of the business.
pub(crate) fn refused(reason: &str) -> CallError {
    Refusal::Refused { reason: reason.to_owned(), retriable: false }.into()
}

/// An argument that names nothing.
pub(crate) fn not_found(argument: &str, reason: &str) -> CallError {
    Refusal::NotFound { argument: argument.to_owned(), reason: reason.to_owned() }.into()
}

/// A record from pairs.
pub(crate) fn record<const N: usize>(fields: [(&str, Value); N]) -> Record {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Money as a fact.
pub(crate) fn money(minor: i64, currency: String) -> Value {
    Value::Money(Money { minor, currency })
}

/// Opens a database and makes it ready; `None` keeps it in memory.
pub(crate) fn open<B: Business>(path: Option<&Path>, day: Day) -> rusqlite::Result<Connection> {
    let mut connection = match path {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(B::SCHEMA)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS effects (
           key TEXT PRIMARY KEY, method TEXT NOT NULL, arguments TEXT NOT NULL, result TEXT NOT NULL
         ) STRICT;
         CREATE TABLE IF NOT EXISTS demo (day TEXT NOT NULL) STRICT;",
    )?;
    let seeded: Option<String> =
        transaction.query_row("SELECT day FROM demo", [], |row| row.get(0)).optional()?;
    if seeded.is_none() {
        B::seed(&transaction, day)?;
        transaction.execute("INSERT INTO demo (day) VALUES (?1)", [day.to_string()])?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Does one call in one transaction, once per key.
pub(crate) fn perform<B: Business>(
    connection: &mut Connection,
    method: &str,
    arguments: &Record,
    key: Option<&str>,
) -> Result<Record, InvokeError> {
    attempt::<B>(connection, method, arguments, key).map_err(|error| match error {
        CallError::Invoke(error) => error,
        CallError::Database(error) => {
            tracing::warn!(%error, method, "the demo's database failed");
            InvokeError::Unknown("the database failed".to_owned())
        }
    })
}

fn attempt<B: Business>(
    connection: &mut Connection,
    method: &str,
    arguments: &Record,
    key: Option<&str>,
) -> Result<Record, CallError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let asked = serde_json::to_string(arguments).unwrap_or_default();
    if let Some(key) = key {
        let done = transaction
            .query_row("SELECT method, arguments, result FROM effects WHERE key = ?1", [key], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        if let Some((done_method, done_arguments, result)) = done {
            if done_method != method || done_arguments != asked {
                return Err(InvokeError::Misused("the key was used for another call".to_owned()).into());
            }
            return serde_json::from_str(&result)
                .map_err(|_| InvokeError::Unknown("the first answer cannot be read".to_owned()).into());
        }
    }
    let day: String = transaction.query_row("SELECT day FROM demo", [], |row| row.get(0))?;
    let day = Day::parse(&day).unwrap_or_else(Day::tomorrow);
    let result = B::call(&Call { transaction: &transaction, method, arguments, day })?;
    if let Some(key) = key {
        let answer = serde_json::to_string(&result).unwrap_or_default();
        transaction.execute(
            "INSERT INTO effects (key, method, arguments, result) VALUES (?1, ?2, ?3, ?4)",
            params![key, method, asked, answer],
        )?;
    }
    transaction.commit()?;
    Ok(result)
}

/// All tables as they are.
pub(crate) fn snapshot<B: Business>(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    for (table, key) in B::TABLES {
        let rows = snapshot.tables.entry((*table).to_owned()).or_default();
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut cursor = statement.query([])?;
        while let Some(row) = cursor.next()? {
            let mut values = std::collections::BTreeMap::new();
            for (index, column) in columns.iter().enumerate() {
                let text = match row.get_ref(index)? {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
                };
                if column != "pin" {
                    values.insert(column.clone(), text);
                }
            }
            let name: Vec<String> = key.split('+').filter_map(|column| values.remove(column)).collect();
            rows.insert(name.join(" "), values);
        }
    }
    Ok(snapshot)
}
