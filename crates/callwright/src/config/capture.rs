//! `[capture]`, and where a Homer collector is.

use std::net::SocketAddr;
use std::str::FromStr;

use callwright_model::SecretRef;

use super::connectors;
use super::reader::{Reader, Section};
use super::values::Whole;

/// `[capture]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// SIP legs whose messages are kept, the last ones; 0 keeps none.
    pub legs: usize,
    /// Whether the heads of their RTP packets are kept too.
    pub rtp: bool,
}

impl Default for Capture {
    fn default() -> Self {
        Self { legs: LEGS, rtp: false }
    }
}

/// `telemetry.hep` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hep {
    /// Where the collector takes datagrams.
    pub collector: SocketAddr,
    /// Our number there.
    pub id: u32,
    /// Where the password is kept that it asks for.
    pub password: Option<SecretRef>,
}

impl Hep {
    /// The password.
    ///
    /// # Errors
    /// When it is not where it is said to be.
    pub fn password(&self) -> Result<Option<String>, String> {
        let read = |kept| connectors::secret(kept).map(|secret| secret.reveal().to_owned());
        self.password.as_ref().map(read).transpose()
    }
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_, '_>) -> Capture {
    let rtp = reader.parse_or(section, "rtp", Rtp::Off) == Rtp::Heads;
    Capture { legs: reader.parse_or(section, "legs", Whole::<0, LEGS_MAX>(LEGS)).0, rtp }
}

pub(super) fn read_hep(reader: &mut Reader, section: &mut Section<'_, '_>) -> Option<Hep> {
    let collector = reader.parse::<Collector>(section, "hep");
    let id = reader.parse_or(section, "hep_id", Whole::<0, { u32::MAX as usize }>(HEP_ID)).0;
    let password = reader.secret(section, "hep_password");
    let id = u32::try_from(id).unwrap_or(u32::MAX);
    collector.map(|Collector(collector)| Hep { collector, id, password })
}

/// `udp:ADDRESS:PORT`
struct Collector(SocketAddr);

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.strip_prefix("udp:").and_then(|address| address.parse().ok());
        let help = "write where a collector takes HEP3 over UDP, such as `udp:127.0.0.1:9060`";
        address.map(Self).ok_or_else(|| help.to_owned())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rtp {
    Off,
    Heads,
}

impl FromStr for Rtp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "heads" => Ok(Self::Heads),
            _ => Err("write `off` or `heads`".to_owned()),
        }
    }
}

/// A leg has some 15 messages of a kilobyte: three megabytes.
const LEGS: usize = 200;
const LEGS_MAX: usize = 10_000;
/// What Homer's own agents are set to.
const HEP_ID: usize = 2_001;
