//! `core.store`: a database for plans, and its password, which is never in the file itself.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use callwright_actions::{Postgres, Store};
use callwright_model::Pii;

use super::Database;
use super::reader::{Reader, Section};
use super::values::Length;

/// Reads what belongs to the database, if one is named.
pub(super) fn database(
    reader: &mut Reader,
    section: &mut Section<'_, '_>,
    folder: &Path,
) -> Option<Database> {
    let address: Option<Text> = reader.parse(section, "store");
    let password: Option<Text> = reader.parse(section, "store_password");
    let authority: Option<String> = reader.parse(section, "store_authority");
    let lease = reader.parse_or(section, "lease", Length(LEASE)).0;
    let at = section.at("store");
    let mut postgres = match Postgres::new(&address?.0, lease) {
        Ok(postgres) => postgres,
        Err(error) => {
            // Not shown as other values are: somebody may have written a password into it.
            reader.problem(at, format!("`core.store` cannot be read: {error}"));
            return None;
        }
    };
    if let Some(file) = authority {
        postgres = postgres.authority(folder.join(file));
    }
    match password.map(|reference| secret(&reference.0, folder)) {
        Some(Ok(password)) => postgres = postgres.password(&password),
        Some(Err(what)) => drop(reader.problem(section.at("store_password"), what)),
        None => {
            if let Some(text) = passfile() {
                postgres = postgres.password_of(&text);
            }
        }
    }
    Some(Database(postgres))
}

/// The journal that somebody names on the command line: a file, or the address of a database. Its password is where libpq's tools look
/// for it; whoever needs more names a configuration.
///
/// # Errors
/// When it is meant for an address and is none.
pub fn named(journal: &Path) -> anyhow::Result<Store> {
    let Some(address) = journal.to_str().filter(|text| text.contains("://")) else {
        return Ok(Store::File(journal.to_owned()));
    };
    let postgres = Postgres::new(address, LEASE).map_err(|error| anyhow!("--journal: {error}"))?;
    Ok(Store::Postgres(match passfile() {
        Some(text) => postgres.password_of(&text),
        None => postgres,
    }))
}

/// Any text: what it must look like is told without showing it.
struct Text(String);

impl std::str::FromStr for Text {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// The secret that a reference names.
fn secret(reference: &str, folder: &Path) -> Result<Pii<String>, String> {
    match reference.split_once(':') {
        Some(("env", name)) => std::env::var(name)
            .map(Pii::new)
            .map_err(|_| format!("`core.store_password`: the environment has no `{name}`")),
        Some(("file", name)) => std::fs::read_to_string(folder.join(name))
            .map(|text| Pii::new(text.trim_end_matches(['\r', '\n']).to_owned()))
            .map_err(|error| format!("`core.store_password`: `{name}` cannot be read: {error}")),
        Some(_) | None => {
            Err("`core.store_password` names where the password is: write `env:NAME` or `file:PATH`"
                .to_owned())
        }
    }
}

/// The file in which libpq and its tools keep passwords.
fn passfile() -> Option<String> {
    let file = match std::env::var_os("PGPASSFILE") {
        Some(file) => file.into(),
        None => Path::new(&std::env::var_os("HOME")?).join(".pgpass"),
    };
    std::fs::read_to_string(file).ok()
}

/// Calls of connectors take some seconds at most; callers of a core that died wait as long as this.
const LEASE: Duration = Duration::from_secs(15);
