//! A connection with what is prepared on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use callwright_plan_core::{Head, Origin, Sealed, Written};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::owned::Owners;
use super::super::{JournalError, Token};
use super::batch::{Batch, Tail};
use super::settings::Postgres;
use super::{database, schema};

/// A connection that can write.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) origin: Origin,
    lock: Statement,
    head: Statement,
    tails: Statement,
    plans: Statement,
    events: Statement,
    refusals: Statement,
    owners: Statement,
    finished: Statement,
}

/// Connects. What the database may do to the session of a core that has fallen asleep, or to a commit, is set here.
pub(crate) async fn connect(settings: &Postgres) -> Result<Client, JournalError> {
    let client = match settings.config.get_ssl_mode() {
        SslMode::Disable => {
            let (client, connection) = settings.config.connect(NoTls).await.map_err(database)?;
            tokio::spawn(connection);
            client
        }
        _ => {
            let tls = MakeRustlsConnect::new(tls(settings.authority.as_deref())?);
            let (client, connection) = settings.config.connect(tls).await.map_err(database)?;
            tokio::spawn(connection);
            client
        }
    };
    client.batch_execute(SESSION).await.map_err(database)?;
    let fsync: String = client.query_one("SHOW fsync", &[]).await.map_err(database)?.get(0);
    if fsync != "on" {
        tracing::warn!("the database has `fsync` off: a loss of power loses what was promised");
    }
    Ok(client)
}

fn tls(authority: Option<&Path>) -> Result<ClientConfig, JournalError> {
    let mut roots = RootCertStore::empty();
    match authority {
        Some(file) => {
            let unusable = |error: String| JournalError::Database(format!("{}: {error}", file.display()));
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|error| JournalError::Database(error.to_string()))
}

impl Link {
    /// Prepares what is asked again and again, on a database that is ready.
    pub(super) async fn new(client: Client) -> Result<Self, JournalError> {
        let origin =
            client.query_one("SELECT id, unix_ms, adopted FROM origin", &[]).await.map_err(database)?;
        let (lock, head, tails) =
            tokio::try_join!(client.prepare(LOCK), client.prepare(schema::HEAD), client.prepare(TAILS))
                .map_err(database)?;
        let (plans, events, refusals, owners, finished) = tokio::try_join!(
            client.prepare(PLANS),
            client.prepare(EVENTS),
            client.prepare(REFUSALS),
            client.prepare(OWNERS),
            client.prepare(FINISHED)
        )
        .map_err(database)?;
        let origin = schema::origin(&origin);
        Ok(Self { client, origin, lock, head, tails, plans, events, refusals, owners, finished })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The head goes to the log: one that is kept elsewhere is the anchor that shows later whether entries were cut off.
    pub(super) async fn note_head(&self, what: &str) -> Result<(), JournalError> {
        let newest = self.client.query_opt(&self.head, &[]).await.map_err(database)?;
        let head = schema::head(&self.origin, newest.as_ref());
        tracing::info!(entries = head.place, head = %head.hash, "{what}");
        Ok(())
    }

    /// Begins a transaction that alone may add to the chain, and looks how things stand. The statements go out together: each sees what
    /// was committed before the lock was had.
    pub(super) async fn look(&self, plans: &[&str]) -> Result<(Head, BTreeMap<String, Tail>), JournalError> {
        let of_plans: [&(dyn ToSql + Sync); 1] = [&plans];
        let (_, _, newest, tails) = tokio::try_join!(
            biased;
            self.client.batch_execute("BEGIN"),
            self.client.execute(&self.lock, &[&schema::LOCK]),
            self.client.query_opt(&self.head, &[]),
            self.client.query(&self.tails, &of_plans),
        )
        .map_err(database)?;
        let tails = tails.iter().map(|row| {
            let tail = Tail {
                owner: row.get(1),
                token: Token(row.get(2)),
                number: schema::number(row, 3),
                hash: schema::hash(row, 4),
            };
            (row.get(0), tail)
        });
        Ok((schema::head(&self.origin, newest.as_ref()), tails.collect()))
    }

    /// Writes what was worked out, and ends the transaction. The statements go out together; once one has failed the database does none
    /// of those behind it.
    pub(super) async fn keep(&self, batch: &Batch<'_>) -> Result<(), JournalError> {
        tokio::try_join!(
            biased;
            self.write_plans(batch),
            self.write_events(&batch.entries),
            self.write_refusals(&batch.entries),
            self.write_owners(&batch.owners),
            self.write_finished(&batch.finished),
            self.client.batch_execute("COMMIT"),
        )
        .map(drop)
        .map_err(database)
    }

    async fn write_plans(&self, batch: &Batch<'_>) -> Result<(), tokio_postgres::Error> {
        if batch.plans.is_empty() {
            return Ok(());
        }
        let of = |field: fn(&callwright_plan_core::SealedPlan) -> &str| -> Vec<&str> {
            batch.plans.iter().map(field).collect()
        };
        let salts: Vec<&[u8]> = batch.plans.iter().map(|plan| plan.salt.as_slice()).collect();
        let (ids, texts, trails) = (of(|plan| &plan.id), of(|plan| &plan.text), of(|plan| &plan.trail));
        self.client
            .execute(&self.plans, &[&ids, &salts, &texts, &trails, &batch.core(), &Token::FIRST.0])
            .await
            .map(drop)
    }

    async fn write_events(&self, entries: &[Sealed]) -> Result<(), tokio_postgres::Error> {
        let mut rows = Rows::default();
        let (mut numbers, mut texts, mut in_plan) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match &entry.what {
                Written::Event { number, before_in_plan, text } => {
                    rows.add(entry);
                    numbers.push(number.cast_signed());
                    texts.push(text.as_str());
                    in_plan.push(before_in_plan.bytes());
                }
                Written::Refusal { .. } => {}
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        let Rows { places, plans, times, salts, befores, hashes } = rows;
        self.client
            .execute(
                &self.events,
                &[&places, &plans, &numbers, &times, &salts, &texts, &in_plan, &befores, &hashes],
            )
            .await
            .map(drop)
    }

    async fn write_refusals(&self, entries: &[Sealed]) -> Result<(), tokio_postgres::Error> {
        let mut rows = Rows::default();
        let (mut texts, mut jsons) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.what {
                Written::Refusal { text, json } => {
                    rows.add(entry);
                    texts.push(text.as_str());
                    jsons.push(json.as_str());
                }
                Written::Event { .. } => {}
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        let Rows { places, plans, times, salts, befores, hashes } = rows;
        self.client
            .execute(&self.refusals, &[&places, &plans, &times, &salts, &texts, &jsons, &befores, &hashes])
            .await
            .map(drop)
    }

    async fn write_owners(&self, owners: &[(String, Owners, u64)]) -> Result<(), tokio_postgres::Error> {
        let (mut journeys, mut places, mut plans) = (Vec::new(), Vec::new(), Vec::new());
        for (plan, owners, place) in owners {
            for journey in owners.journeys(&self.origin) {
                journeys.push(journey);
                places.push(place.cast_signed());
                plans.push(plan.as_str());
            }
        }
        if plans.is_empty() {
            return Ok(());
        }
        self.client.execute(&self.owners, &[&journeys, &places, &plans]).await.map(drop)
    }

    async fn write_finished(&self, plans: &[String]) -> Result<(), tokio_postgres::Error> {
        if plans.is_empty() {
            return Ok(());
        }
        self.client.execute(&self.finished, &[&plans]).await.map(drop)
    }
}

/// What all entries have, column by column.
#[derive(Default)]
struct Rows<'e> {
    places: Vec<i64>,
    plans: Vec<&'e str>,
    times: Vec<i64>,
    salts: Vec<&'e [u8]>,
    befores: Vec<&'e [u8]>,
    hashes: Vec<&'e [u8]>,
}

impl<'e> Rows<'e> {
    fn add(&mut self, entry: &'e Sealed) {
        self.places.push(entry.place.cast_signed());
        self.plans.push(&entry.plan);
        self.times.push(entry.unix_ms.cast_signed());
        self.salts.push(&entry.salt);
        self.befores.push(entry.before.bytes());
        self.hashes.push(entry.hash.bytes());
    }
}

/// A core that falls asleep in a transaction holds up all others; one that promises must have it on disk.
const SESSION: &str = "
    SET application_name = 'callwright';
    SET idle_in_transaction_session_timeout = '5s';
    SET lock_timeout = '8s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');";
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
const TAILS: &str = "
    SELECT plans.id, plans.owner, plans.token, last.number, last.hash FROM plans
    CROSS JOIN LATERAL (SELECT number, hash FROM events WHERE events.plan = plans.id ORDER BY number DESC LIMIT 1) AS last
    WHERE plans.id = ANY ($1)";
const PLANS: &str = "
    INSERT INTO plans (id, salt, plan, trail, finished, owner, token)
    SELECT id, salt, plan, trail, false, $5, $6
    FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[]) AS new (id, salt, plan, trail)";
const EVENTS: &str = "
    INSERT INTO events (place, plan, number, unix_ms, salt, event, before_in_plan, before, hash)
    SELECT * FROM unnest(
      $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::bytea[], $8::bytea[], $9::bytea[])";
const REFUSALS: &str = "
    INSERT INTO refusals (place, plan, unix_ms, salt, text, json, before, hash)
    SELECT * FROM unnest(
      $1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])";
const OWNERS: &str = "
    INSERT INTO owned (journey, place, plan) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[])";
const FINISHED: &str = "UPDATE plans SET finished = true WHERE id = ANY ($1)";
