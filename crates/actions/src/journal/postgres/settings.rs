//! Where a Postgres store is, and how it is reached.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use callwright_model::Pii;
use tokio_postgres::config::{Config, Host, SslMode};

/// A database in which cores keep their journal together.
#[derive(Clone)]
pub struct Postgres {
    pub(super) config: Box<Config>,
    pub(super) authority: Option<PathBuf>,
    pub(super) lease: Duration,
}

impl Postgres {
    /// A database by its address, such as `postgres://callwright@db.example.com/plans`. Plans of a core that has not been heard of for a
    /// `lease` are taken over by another; it should be longer than any call of a connector may take.
    ///
    /// Outside of this machine it is spoken to over TLS, unless the address says `sslmode=disable`.
    ///
    /// # Errors
    /// What is wrong with the address. It is not shown, for there may be a password in it.
    pub fn new(address: &str, lease: Duration) -> Result<Self, String> {
        let is_one = address.starts_with("postgres://") || address.starts_with("postgresql://");
        let config = Config::from_str(address).ok().filter(|_| is_one).ok_or(
            "write an address such as `postgres://callwright@db.example.com/plans`, or \
             `postgres://callwright@%2Fvar%2Frun%2Fpostgresql/plans` for a socket in that folder",
        )?;
        if config.get_password().is_some() {
            return Err(
                "a password does not belong into an address, which ends in logs; name it by reference"
                    .to_owned(),
            );
        }
        if config.get_hosts().is_empty() {
            return Err("there is no host in it".to_owned());
        }
        let mut postgres = Self { config: Box::new(config), authority: None, lease: lease.max(LEASE_MIN) };
        let near = postgres.config.get_hosts().iter().all(is_near);
        if near && postgres.config.get_ssl_mode() == SslMode::Prefer {
            postgres.config.ssl_mode(SslMode::Disable);
        } else if postgres.config.get_ssl_mode() == SslMode::Prefer {
            postgres.config.ssl_mode(SslMode::Require);
        }
        postgres.config.connect_timeout(CONNECTING_MAX);
        Ok(postgres)
    }

    /// With a password.
    #[must_use]
    pub fn password(mut self, password: &Pii<String>) -> Self {
        self.config.password(password.reveal());
        self
    }

    /// With the password that a file as libpq knows it (`PGPASSFILE`) has for it, if it has one.
    #[must_use]
    pub fn password_of(self, passfile: &str) -> Self {
        let found = passfile.lines().find_map(|line| self.fitting(line));
        match found {
            Some(password) => self.password(&Pii::new(password)),
            None => self,
        }
    }

    /// Trusts whom this authority (a file of certificates, PEM) vouches for, instead of those that browsers trust.
    #[must_use]
    pub fn authority(mut self, file: PathBuf) -> Self {
        self.authority = Some(file);
        self
    }

    /// For how long a core that is not heard of keeps its plans.
    pub(in super::super) fn lease(&self) -> Duration {
        self.lease
    }

    /// The password of one line, `host:port:database:user:password`, if it is meant for this database.
    fn fitting(&self, line: &str) -> Option<String> {
        let [host, port, database, user, password] = <[String; 5]>::try_from(fields(line)).ok()?;
        let is = |field: &str, value: &str| field == "*" || field == value;
        let host_fits = match self.config.get_hosts().first()? {
            Host::Tcp(name) => is(&host, name),
            Host::Unix(folder) => is(&host, "localhost") || is(&host, &folder.display().to_string()),
        };
        let own_user = self.config.get_user().unwrap_or_default();
        let number = self.config.get_ports().first().copied().unwrap_or(PORT).to_string();
        let named = self.config.get_dbname().unwrap_or(own_user);
        (host_fits && is(&port, &number) && is(&database, named) && is(&user, own_user)).then_some(password)
    }
}

/// Where it is, without anything secret.
impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => String::new(),
        };
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        write!(f, "postgres {database} at {host}")
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({self})")
    }
}

/// Whether nobody is in between who could listen.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// The fields of a line: parted by colons, with `\` before those that belong to one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    if line.starts_with('#') {
        return fields;
    }
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let last = fields.len() - 1;
        match letter {
            ':' => fields.push(String::new()),
            '\\' => fields[last].extend(letters.next()),
            other => fields[last].push(other),
        }
    }
    fields
}

/// Postgres's own.
const PORT: u16 = 5432;
/// For each host that is tried.
const CONNECTING_MAX: Duration = Duration::from_secs(5);
/// A third of it must be far longer than a busy database takes to answer.
const LEASE_MIN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(15);

    #[test]
    fn an_address_has_a_host_and_no_password_and_is_shown_without_its_user() {
        for (address, told) in [
            ("callwright.sqlite", "write an address"),
            ("postgres://me:hunter2@db/plans", "a password does not belong"),
            ("postgres:///plans", "there is no host"),
        ] {
            let error = Postgres::new(address, LEASE).expect_err(address);
            assert!(error.contains(told) && !error.contains("hunter2"), "{address}: {error}");
        }
        let postgres = Postgres::new("postgres://me@db.example.com/plans", LEASE).expect("is one");
        let postgres = postgres.password(&Pii::new("hunter2".to_owned()));
        assert_eq!(format!("{postgres:?}"), "Postgres(postgres plans at db.example.com)");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_told_otherwise() {
        for (address, mode) in [
            ("postgres://me@db.example.com/plans", SslMode::Require),
            ("postgres://me@db.example.com/plans?sslmode=disable", SslMode::Disable),
            ("postgres://me@127.0.0.1/plans", SslMode::Disable),
            ("postgres://me@localhost/plans?sslmode=require", SslMode::Require),
            ("postgres://me@%2Frun%2Fpostgresql/plans", SslMode::Disable),
        ] {
            let postgres = Postgres::new(address, LEASE).expect("is one");
            assert_eq!(postgres.config.get_ssl_mode(), mode, "{address}");
        }
    }

    #[test]
    fn a_password_is_found_as_libpq_finds_it() {
        let file = "# host:port:database:user:password\nother:*:*:me:no\ndb:5432:plans:me:it\\:is\\\\so\n*:*:*:*:late\n";
        let found = |address: &str| {
            let postgres = Postgres::new(address, LEASE).expect("is one").password_of(file);
            postgres.config.get_password().map(|it| String::from_utf8_lossy(it).into_owned())
        };
        assert_eq!(found("postgres://me@db/plans").as_deref(), Some("it:is\\so"));
        assert_eq!(found("postgres://me@db:5433/plans").as_deref(), Some("late"));
        let none = Postgres::new("postgres://me@db/plans", LEASE).expect("is one").password_of("db:1:2:3");
        assert_eq!(none.config.get_password(), None);
    }
}
