//! `[sip]` beside its plain keys: certificates, where phones come over TLS and WebSocket, and whose phones may register.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use callwright_model::{Pii, Problem, SecretRef};
use callwright_sip::{DigestAlgorithm, Identity, Secret, SipError, SipUser, TlsConfig, is_user_name};

use super::Config;
use super::connectors::read_secret;
use super::reader::{Reader, Section};
use super::values::Listen;

/// `[sip.tls]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Address for TLS; unset means that nobody reaches us over it.
    pub listen: Option<SocketAddr>,
    /// Files.
    pub certificates: TlsConfig,
}

/// `[sip.websocket]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebSocket {
    /// Address for WebSocket without TLS.
    pub listen: Option<SocketAddr>,
    /// Address for WebSocket with TLS.
    pub listen_secure: Option<SocketAddr>,
}

/// `[[sip.user]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Where it stands in the file, as a path of keys.
    pub place: String,
    /// The name, as in `sip:NAME@host` and `user:NAME`.
    pub name: String,
    /// What their phones know.
    pub secret: UserSecret,
}

/// Where the secret of a user is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserSecret {
    /// The password.
    Password(SecretRef),
    /// A hash of it.
    Ha1(SecretRef),
}

impl User {
    /// The user with their secret, which is read now.
    ///
    /// # Errors
    /// When it is not there, or cannot be one.
    pub fn resolve(&self) -> Result<SipUser, String> {
        let secret = match &self.secret {
            UserSecret::Password(kept) => Secret::Password(Pii::new(read_secret(kept)?)),
            UserSecret::Ha1(kept) => {
                let secret = Secret::Ha1(Pii::new(read_secret(kept)?));
                if !secret.is_well_formed() {
                    return Err(format!(
                        "`{kept}` does not hold an HA1: 32 hexadecimal digits by MD5, 64 by SHA-256"
                    ));
                }
                secret
            }
        };
        Ok(SipUser { name: self.name.clone(), secret })
    }
}

pub(super) fn users(reader: &mut Reader, sip: &mut Section<'_, '_>) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for mut section in reader.sections(sip, "user") {
        let name: Option<UserName> = reader.required(&mut section, "name");
        let password = reader.secret(&mut section, "password").map(UserSecret::Password);
        let ha1 = reader.secret(&mut section, "ha1").map(UserSecret::Ha1);
        let given = ["password", "ha1"].iter().filter(|key| section.at(key).is_some()).count();
        if given != 1 {
            let what = format!("`{}` needs either `password` or `ha1`", section.path());
            reader.problem(section.start(), what).help =
                Some("both say where the secret is kept: `env:NAME` or `file:PATH`".to_owned());
        }
        if let Some(UserName(name)) = &name
            && users.iter().any(|user| user.name == *name)
        {
            reader.problem(section.at("name"), format!("there are two users called `{name}`"));
        }
        let place = section.path().to_owned();
        reader.close(section);
        if let (Some(UserName(name)), Some(secret)) = (name, password.or(ha1)) {
            users.push(User { place, name, secret });
        }
    }
    users
}

/// A name that can stand in an address.
struct UserName(String);

impl FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help = "write at most 64 letters, digits or `-_.+`";
        if is_user_name(text) { Ok(Self(text.to_owned())) } else { Err(help.to_owned()) }
    }
}

/// The realm of digests: what stands in quotes in a header.
pub(super) struct Realm(pub(super) String);

impl FromStr for Realm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain =
            text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',' | ':') || c == ' ');
        if plain && !text.is_empty() {
            Ok(Self(text.to_owned()))
        } else {
            Err("write a plain name".to_owned())
        }
    }
}

/// A hash of digests.
pub(super) struct Hash(pub(super) DigestAlgorithm);

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        DigestAlgorithm::named(text).map(Self).ok_or_else(|| "write `SHA-256` or `MD5`".to_owned())
    }
}

pub(super) fn tls(reader: &mut Reader, sip: &mut Section<'_, '_>, folder: &Path) -> Tls {
    let mut section = reader.section(sip, "tls");
    let listen = reader.parse::<Listen>(&mut section, "listen").map(|listen| listen.0);
    let mut file = |key: &'static str| -> Option<PathBuf> {
        reader.parse::<String>(&mut section, key).map(|file| folder.join(file))
    };
    let (certificate, key) = (file("certificate"), file("key"));
    let (trust, clients) = (file("trust"), file("clients"));
    if certificate.is_some() != key.is_some() {
        let there = if certificate.is_some() { "certificate" } else { "key" };
        let what = "`sip.tls.certificate` and `sip.tls.key` belong together".to_owned();
        reader.problem(section.at(there), what);
    }
    reader.close(section);
    let identity = certificate.zip(key).map(|(certificate, key)| Identity { certificate, key });
    Tls { listen, certificates: TlsConfig { identity, trust, clients } }
}

pub(super) fn websocket(reader: &mut Reader, sip: &mut Section<'_, '_>) -> WebSocket {
    let mut section = reader.section(sip, "websocket");
    let mut address = |key| reader.parse::<Listen>(&mut section, key).map(|listen| listen.0);
    let websocket = WebSocket { listen: address("listen"), listen_secure: address("listen_secure") };
    reader.close(section);
    websocket
}

impl Config {
    /// Secrets that are not there, and humans whose phones nobody could register.
    pub(super) fn users(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for user in &self.sip.users {
            if let Err(error) = user.resolve() {
                problems.push(self.places.problem(&format!("{}.name", user.place), error));
            }
        }
        for human in self.lines.iter().flat_map(|line| &line.humans).chain(&self.humans) {
            for name in human.addresses.iter().filter_map(|address| address.strip_prefix("user:")) {
                if !self.sip.users.iter().any(|user| user.name == name) {
                    let what = format!(
                        "human `{}` has the phone `user:{name}`, and there is no such user",
                        human.name
                    );
                    let help = "add a `[[sip.user]]` with this name";
                    problems.push(self.places.problem(&format!("{}.name", human.place), what).help(help));
                }
            }
        }
        problems
    }

    /// Certificates that cannot be used, and addresses that need one.
    pub(super) fn certificates(&self) -> Vec<Problem> {
        let Tls { listen, certificates } = &self.sip.tls;
        let mut problems = Vec::new();
        if let Err(error) = certificates.check() {
            let key = match &error {
                SipError::Certificate { file, .. } => certificate_key(certificates, file),
                _ => "sip.tls",
            };
            let help =
                "name PEM files: a certificate with those that lead to its authority, and its private key";
            problems.push(self.places.problem(key, error.to_string()).help(help));
        }
        let secure =
            [("sip.tls.listen", listen), ("sip.websocket.listen_secure", &self.sip.websocket.listen_secure)];
        for (key, _) in secure.iter().filter(|(_, listen)| listen.is_some()) {
            if certificates.identity.is_none() {
                let what = format!("`{key}` needs a certificate");
                problems
                    .push(self.places.problem(key, what).help("set `sip.tls.certificate` and `sip.tls.key`"));
            }
        }
        problems
    }
}

fn certificate_key(certificates: &TlsConfig, file: &Path) -> &'static str {
    let is = |other: Option<&PathBuf>| other.is_some_and(|other| other == file);
    let identity = certificates.identity.as_ref();
    if is(identity.map(|identity| &identity.certificate)) {
        "sip.tls.certificate"
    } else if is(certificates.trust.as_ref()) {
        "sip.tls.trust"
    } else if is(certificates.clients.as_ref()) {
        "sip.tls.clients"
    } else {
        "sip.tls.key"
    }
}
