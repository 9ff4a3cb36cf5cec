//! `[[trunk]]`: carriers and exchanges that calls come from and go by.

use std::str::FromStr;
use std::time::Duration;

use callwright_call_core::trunk::{KeepaliveConfig, NumberPattern, NumberPlan, dialled};
use callwright_model::{Codec, Pii, Problem, SecretRef, Severity};
use callwright_sip::{CallerId, Credentials, Network, TrunkConfig, TrunkRoute, check_uri};

use super::connectors::read_secret;
use super::reader::{Reader, Section};
use super::values::{CodecName, Length, Seconds, Whole};
use super::{CALLS_MAX, Config, Srtp};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Where it stands in the file, as a path of keys.
    pub place: String,
    /// Everything that the SIP endpoint is told, but the password.
    pub config: TrunkConfig,
    /// By which name its challenges are answered; unset means the account's.
    pub auth_user: Option<String>,
    /// Where the password is kept.
    pub password: Option<SecretRef>,
    /// Codecs offered to it and accepted from it; empty means those of `[media]`.
    pub codecs: Vec<Codec>,
    /// Whether its sound is encrypted; unset means as `[media]` says.
    pub srtp: Option<Srtp>,
}

impl Trunk {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    fn is_secure(&self) -> bool {
        self.config.uri.starts_with("sips:") || self.config.uri.contains(";transport=tls")
    }

    /// The trunk with its password, which is read now.
    ///
    /// # Errors
    /// When it is not there.
    pub fn resolve(&self) -> Result<TrunkConfig, String> {
        let mut config = self.config.clone();
        let user = self.auth_user.clone().or_else(|| config.user.clone());
        if let (Some(user), Some(kept)) = (user, &self.password) {
            config.credentials = Some(Credentials { user, password: Pii::new(read_secret(kept)?) });
        }
        Ok(config)
    }
}

pub(super) fn read(reader: &mut Reader, root: &mut Section<'_, '_>, calls_max: usize) -> Vec<Trunk> {
    let mut trunks: Vec<Trunk> = Vec::new();
    for mut section in reader.sections(root, "trunk") {
        let trunk = read_one(reader, &mut section, calls_max);
        let name_at = section.at("name");
        reader.close(section);
        let Some(trunk) = trunk else { continue };
        if trunks.iter().any(|other| other.name() == trunk.name()) {
            reader.problem(name_at, format!("there are two trunks called `{}`", trunk.name()));
        }
        trunks.push(trunk);
    }
    trunks
}

fn read_one(reader: &mut Reader, section: &mut Section<'_, '_>, calls_max: usize) -> Option<Trunk> {
    let name: Option<TrunkName> = reader.required(section, "name");
    let address: Option<TrunkAddress> = reader.required(section, "address");
    let transport: Option<TrunkTransport> = reader.parse(section, "transport");
    let user: Option<Account> = reader.parse(section, "user");
    let auth_user: Option<String> = reader.parse(section, "auth_user");
    let password = reader.secret(section, "password");
    let register: Option<Registering> = reader.parse(section, "register");
    if register.is_some() && user.is_none() && section.at("user").is_none() {
        let what = format!("`{}` registers without an account", section.path());
        reader.problem(section.at("register"), what).help = Some("set `user`".to_owned());
    }
    if password.is_some() && user.is_none() && auth_user.is_none() {
        let what = format!("`{}` has a password for nobody", section.path());
        reader.problem(section.at("password"), what).help = Some("set `user` or `auth_user`".to_owned());
    }
    let codecs: Vec<CodecName> = reader.list(section, "codecs").unwrap_or_default();
    let srtp = reader.parse(section, "srtp");
    let sources = reader.list::<Network>(section, "allow").unwrap_or_default();
    let calls_max = reader.parse_or(section, "calls_max", Whole::<1, CALLS_MAX>(calls_max)).0;
    let rate = reader.parse_or(section, "calls_per_second_max", Whole::<0, RATE_MAX>(0)).0;
    let answer_within = reader.parse_or(section, "answer_within", AnswerTime(Duration::from_secs(4))).0;
    let keepalive = read_keepalive(reader, section);
    let numbers = read_numbers(reader, section);
    let caller_id = read_caller_id(reader, section);
    let routes = read_routes(reader, section);
    let (TrunkName(name), TrunkAddress(address)) = (name?, address?);
    let uri = match transport {
        Some(TrunkTransport(_)) if address.contains(";transport=") => {
            let what = format!("`{}` says twice over what it is reached", section.path());
            reader.problem(section.at("transport"), what).help =
                Some("leave out `transport`, or `;transport=` of the address".to_owned());
            address
        }
        Some(TrunkTransport(transport)) => format!("{address};transport={transport}"),
        None => address,
    };
    let config = TrunkConfig {
        name,
        uri,
        user: user.map(|user| user.0),
        credentials: None,
        register: register.map(|register| register.0),
        sources,
        calls_max,
        calls_per_second_max: u32::try_from(rate).unwrap_or(u32::MAX),
        routes,
        numbers,
        caller_id,
        keepalive,
        answer_within,
    };
    let codecs = codecs.into_iter().map(|name| name.0).collect();
    Some(Trunk { place: section.path().to_owned(), config, auth_user, password, codecs, srtp })
}

fn read_keepalive(reader: &mut Reader, trunk: &mut Section<'_, '_>) -> KeepaliveConfig {
    let mut section = reader.section(trunk, "keepalive");
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let keepalive = KeepaliveConfig {
        every: reader.parse_or(&mut section, "every", Length(Duration::from_secs(30))).0,
        misses_max: small(reader.parse_or(&mut section, "misses_max", Whole::<1, MISSES_MAX>(3)).0),
        answers_min: small(reader.parse_or(&mut section, "answers_min", Whole::<1, MISSES_MAX>(2)).0),
    };
    reader.close(section);
    keepalive
}

fn read_numbers(reader: &mut Reader, trunk: &mut Section<'_, '_>) -> NumberPlan {
    let mut section = reader.section(trunk, "numbers");
    let mut digits = |key| reader.parse_or(&mut section, key, Digits(String::new())).0;
    let plan = NumberPlan {
        country_code: digits("country_code"),
        international_prefix: digits("international_prefix"),
        national_prefix: digits("national_prefix"),
    };
    reader.close(section);
    plan
}

fn read_caller_id(reader: &mut Reader, trunk: &mut Section<'_, '_>) -> CallerId {
    let mut section = reader.section(trunk, "caller_id");
    let caller_id = CallerId {
        number: reader.parse::<Account>(&mut section, "number").map(|number| number.0),
        trusted: reader.parse_or(&mut section, "trusted", false),
        withheld: reader.parse_or(&mut section, "withheld", false),
    };
    reader.close(section);
    caller_id
}

fn read_routes(reader: &mut Reader, trunk: &mut Section<'_, '_>) -> Vec<TrunkRoute> {
    let mut routes = Vec::new();
    for mut section in reader.sections(trunk, "route") {
        let numbers: Option<NumberPattern> = reader.required(&mut section, "numbers");
        let strip = reader.parse_or(&mut section, "strip", Whole::<0, STRIP_MAX>(0)).0;
        let add = reader.parse_or(&mut section, "add", Prefix(String::new())).0;
        reader.close(section);
        routes.extend(numbers.map(|numbers| TrunkRoute { numbers, strip, add }));
    }
    routes
}

/// A name that can stand in a command and in a metric's label.
struct TrunkName(String);

impl FromStr for TrunkName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let fits = plain && !text.is_empty() && text.len() <= NAME_MAX;
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| "write at most 64 letters, digits or `-_.`".to_owned())
    }
}

/// `sip:HOST`, or `HOST` alone.
struct TrunkAddress(String);

impl FromStr for TrunkAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let schemed = text.starts_with("sip:") || text.starts_with("sips:");
        let uri = if schemed { text.to_owned() } else { format!("sip:{text}") };
        let help = "write where it is without a user, such as `sip:sip.example.com` or `sip:192.0.2.10:5060`";
        if uri.contains('@') || check_uri(&uri).is_err() { Err(help.to_owned()) } else { Ok(Self(uri)) }
    }
}

/// Over what it is reached.
struct TrunkTransport(&'static str);

impl FromStr for TrunkTransport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = ["udp", "tcp", "tls"].into_iter().find(|known| *known == text);
        known.map(Self).ok_or_else(|| "write `udp`, `tcp` or `tls`".to_owned())
    }
}

/// What can stand before the `@` of an address.
struct Account(String);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help = "write at most 64 letters, digits or `-_.+`, such as `+4930123456`";
        callwright_sip::is_user_name(text).then(|| Self(text.to_owned())).ok_or_else(|| help.to_owned())
    }
}

/// For how long we register.
struct Registering(Duration);

impl FromStr for Registering {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Seconds(length) = text.parse()?;
        let long = length >= REGISTER_MIN;
        long.then_some(Self(length))
            .ok_or_else(|| "write a time from `60s` to a day, such as `600s`".to_owned())
    }
}

/// How long one of its servers may be silent.
struct AnswerTime(Duration);

impl FromStr for AnswerTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Length(length) = text.parse()?;
        let sane = (ANSWER_MIN..=ANSWER_MAX).contains(&length);
        sane.then_some(Self(length)).ok_or_else(|| "write a time from `100ms` to `32s`".to_owned())
    }
}

/// Digits, or none.
struct Digits(String);

impl FromStr for Digits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() <= PREFIX_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(text.to_owned())).ok_or_else(|| "write at most 8 digits, such as `49`".to_owned())
    }
}

/// What is put before a number.
struct Prefix(String);

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let dialled = text.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte));
        let fits = dialled && text.len() <= STRIP_MAX;
        fits.then(|| Self(text.to_owned())).ok_or_else(|| "write digits, `+`, `*` or `#`".to_owned())
    }
}

impl Config {
    /// The trunk of this name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.name() == name)
    }

    /// Codecs and encryption of a leg, by the trunk that it goes or came by.
    #[must_use]
    pub fn sound(&self, trunk: Option<&str>) -> (&[Codec], Srtp) {
        let trunk = trunk.and_then(|name| self.trunk(name));
        let codecs = trunk.map_or(&[][..], |trunk| &trunk.codecs);
        let codecs = if codecs.is_empty() { &self.media.codecs } else { codecs };
        (codecs, trunk.and_then(|trunk| trunk.srtp).unwrap_or(self.media.srtp))
    }

    /// Passwords that are not there, trunks that lines only speak of, and numbers that no trunk takes.
    pub(super) fn trunks_fit(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for trunk in &self.trunks {
            if let Err(error) = trunk.resolve() {
                problems.push(self.places.problem(&format!("{}.password", trunk.place), error));
            }
        }
        for trunk in self.trunks.iter().filter(|trunk| trunk.is_secure() && self.sip.tls.listen.is_none()) {
            let what = format!("the trunk `{}` is called over TLS, and cannot call us so", trunk.name());
            let help = "set `sip.tls.listen`, unless it sends its requests over our connection";
            let problem = self.places.problem(&format!("{}.name", trunk.place), what).help(help);
            problems.push(Problem { severity: Severity::Warning, ..problem });
        }
        for line in &self.lines {
            for name in line.trunks.iter().filter(|name| self.trunk(name).is_none()) {
                let what =
                    format!("line `{}` takes calls of the trunk `{name}`, and there is none", line.name);
                let help = "add a `[[trunk]]` with this name";
                problems.push(self.places.problem(&format!("{}.trunk", line.place), what).help(help));
            }
        }
        for human in self.lines.iter().flat_map(|line| &line.humans).chain(&self.humans) {
            for number in human.addresses.iter().filter_map(|address| dialled(address)) {
                if !self.takes(&number) {
                    let what =
                        format!("human `{}` has the number {number}, which no trunk takes", human.name);
                    let help = "add a `[[trunk.route]]` whose `numbers` fit it";
                    problems.push(self.places.problem(&format!("{}.name", human.place), what).help(help));
                }
            }
        }
        problems
    }

    fn takes(&self, number: &str) -> bool {
        let routes = self.trunks.iter().flat_map(|trunk| &trunk.config.routes);
        routes.into_iter().any(|route| route.numbers.fit(number).is_some())
    }
}

/// More in a second than any machine sets up; a number above it is a slip of the hand.
const RATE_MAX: usize = 10_000;
/// A trunk that is asked so often in vain is not there.
const MISSES_MAX: usize = 100;
/// E.164 has 15 digits and prefixes are shorter.
const STRIP_MAX: usize = 15;
const PREFIX_MAX: usize = 8;
const NAME_MAX: usize = 64;
/// A registration that is shorter is refused by most registrars with 423.
const REGISTER_MIN: Duration = Duration::from_secs(60);
/// Below a network's round trip every address would be passed over.
const ANSWER_MIN: Duration = Duration::from_millis(100);
/// RFC 3261 gives up after 64 times T1.
const ANSWER_MAX: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests;
