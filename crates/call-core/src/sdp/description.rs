//! A session description as text and as fields.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use super::direction::Direction;
use super::error::SdpError;

/// A session description: its session part, then one part per medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    /// Who made it, and which version it is.
    pub origin: Origin,
    /// Address of all media that do not name their own.
    pub connection: Option<Connection>,
    /// Attributes of the whole session.
    pub attributes: Vec<Attribute>,
    /// The media, in order; an answer has as many as its offer.
    pub media: Vec<MediaDescription>,
}

/// The `o=` line. Numbers are kept as text: other ends write larger ones than any integer holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// User name, mostly `-`.
    pub user: String,
    /// Number of the session.
    pub session: String,
    /// Version of the description.
    pub version: String,
    /// Address of the machine that made it, for the record only.
    pub address: String,
}

/// The address of a `c=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// A literal address.
    Ip(IpAddr),
    /// A host name.
    Name(String),
}

/// An `a=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What stands before the colon.
    pub name: String,
    /// What stands after it, if there is one.
    pub value: Option<String>,
}

/// An `m=` line and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaDescription {
    /// `audio`, `video`, `image`, ...
    pub kind: String,
    /// Port; 0 means refused or no longer wanted.
    pub port: u16,
    /// Profile, such as `RTP/AVP`.
    pub protocol: String,
    /// Formats; for RTP, payload types.
    pub formats: Vec<String>,
    /// Address, where it differs from the session's.
    pub connection: Option<Connection>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
}

impl SessionDescription {
    /// The same description with the version that follows `previous`: one more when anything changed, the same when
    /// nothing did (RFC 3264 section 8).
    #[must_use]
    pub fn following(mut self, previous: &Self) -> Self {
        self.origin.session.clone_from(&previous.origin.session);
        self.origin.version.clone_from(&previous.origin.version);
        if self != *previous {
            let version = previous.origin.version.parse::<u64>().unwrap_or(1).wrapping_add(1);
            self.origin.version = version.to_string();
        }
        self
    }
}

impl MediaDescription {
    /// The line that refuses this one in its place.
    #[must_use]
    pub fn refused(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            port: 0,
            protocol: self.protocol.clone(),
            formats: self.formats.clone(),
            connection: None,
            attributes: Vec::new(),
        }
    }

    /// Whether it is audio that somebody wants.
    #[must_use]
    pub fn is_live_audio(&self) -> bool {
        self.kind == "audio" && self.port != 0
    }

    /// Whether it has an attribute of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// The value of its first attribute of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name)?.value.as_deref()
    }

    /// Its direction: its own, else the session's, else both ways.
    #[must_use]
    pub fn direction(&self, session: &SessionDescription) -> Direction {
        let named = |attributes: &[Attribute]| {
            attributes.iter().find_map(|attribute| Direction::from_name(&attribute.name))
        };
        named(&self.attributes).or_else(|| named(&session.attributes)).unwrap_or_default()
    }
}

impl Attribute {
    /// `a=name`.
    #[must_use]
    pub fn flag(name: &str) -> Self {
        Self { name: name.to_owned(), value: None }
    }

    /// `a=name:value`.
    #[must_use]
    pub fn with(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), value: Some(value) }
    }
}

impl FromStr for SessionDescription {
    type Err = SdpError;

    fn from_str(text: &str) -> Result<Self, SdpError> {
        if text.len() > LENGTH_MAX {
            return Err(SdpError::TooLarge("more than 16 KiB"));
        }
        let mut reader = Reader::default();
        for (index, line) in text.split('\n').enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let line = line.strip_suffix('\r').unwrap_or(line);
            // Some ends finish with an empty line or pad with spaces.
            if line.trim().is_empty() {
                continue;
            }
            reader.line(number, line)?;
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader {
    begun: bool,
    origin: Option<Origin>,
    connection: Option<Connection>,
    attributes: Vec<Attribute>,
    media: Vec<MediaDescription>,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) -> Result<(), SdpError> {
        let malformed = |what| SdpError::Malformed { line: number, what };
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(malformed("a control character"));
        }
        let mut characters = line.chars();
        let (Some(kind), Some('=')) = (characters.next(), characters.next()) else {
            return Err(malformed("a line that is not `letter=value`"));
        };
        let value = characters.as_str().trim();
        if !self.begun {
            if (kind, value) != ('v', "0") {
                return Err(malformed("it does not begin with `v=0`"));
            }
            self.begun = true;
            return Ok(());
        }
        match kind {
            'o' => {
                self.origin =
                    Some(parse_origin(value).ok_or(malformed("an `o=` line of other than six words"))?)
            }
            'c' => {
                let connection =
                    parse_connection(value).ok_or(malformed("a `c=` line without an address"))?;
                match self.media.last_mut() {
                    Some(media) => media.connection = Some(connection),
                    None => self.connection = Some(connection),
                }
            }
            'm' => {
                if self.media.len() == MEDIA_MAX {
                    return Err(SdpError::TooLarge("more than 16 media lines"));
                }
                self.media.push(parse_media(value).ok_or(malformed("an `m=` line that cannot be read"))?);
            }
            'a' => {
                let attribute = match value.split_once(':') {
                    Some((name, value)) => Attribute::with(name.trim(), value.trim().to_owned()),
                    None => Attribute::flag(value),
                };
                match self.media.last_mut() {
                    Some(media) => media.attributes.push(attribute),
                    None => self.attributes.push(attribute),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<SessionDescription, SdpError> {
        if !self.begun {
            return Err(SdpError::Malformed { line: 0, what: "it is empty" });
        }
        let origin = self.origin.ok_or(SdpError::Malformed { line: 0, what: "there is no `o=` line" })?;
        Ok(SessionDescription {
            origin,
            connection: self.connection,
            attributes: self.attributes,
            media: self.media,
        })
    }
}

fn parse_origin(value: &str) -> Option<Origin> {
    let words: Vec<&str> = value.split_whitespace().collect();
    // Some ends write a user name with spaces in it; what follows it is always five words.
    let split = words.len().checked_sub(5).filter(|user| *user > 0)?;
    let (user, rest) = words.split_at(split);
    Some(Origin {
        user: user.join("-"),
        session: rest[0].to_owned(),
        version: rest[1].to_owned(),
        address: rest[4].to_owned(),
    })
}

fn parse_connection(value: &str) -> Option<Connection> {
    let mut words = value.split_whitespace();
    let (Some("IN"), Some("IP4" | "IP6"), Some(address)) = (words.next(), words.next(), words.next()) else {
        return None;
    };
    // Multicast addresses carry a time to live after a slash.
    let address = address.split('/').next().filter(|address| !address.is_empty())?;
    Some(match address.parse::<IpAddr>() {
        Ok(ip) => Connection::Ip(ip),
        Err(_) => Connection::Name(address.to_owned()),
    })
}

fn parse_media(value: &str) -> Option<MediaDescription> {
    let mut words = value.split_whitespace();
    let kind = words.next()?;
    // `49170/2` means two ports in a row; the first is enough for one stream.
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let protocol = words.next()?;
    let formats: Vec<String> = words.take(FORMATS_MAX).map(str::to_owned).collect();
    if formats.is_empty() {
        return None;
    }
    Some(MediaDescription {
        kind: kind.to_owned(),
        port,
        protocol: protocol.to_owned(),
        formats,
        connection: None,
        attributes: Vec::new(),
    })
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { user, session, version, address } = &self.origin;
        let family = if address.contains(':') { "IP6" } else { "IP4" };
        write!(f, "v=0\r\no={user} {session} {version} IN {family} {address}\r\ns=-\r\n")?;
        if let Some(connection) = &self.connection {
            writeln_connection(f, connection)?;
        }
        f.write_str("t=0 0\r\n")?;
        for attribute in &self.attributes {
            write!(f, "{attribute}\r\n")?;
        }
        for media in &self.media {
            write!(f, "m={} {} {}", media.kind, media.port, media.protocol)?;
            for format in &media.formats {
                write!(f, " {format}")?;
            }
            f.write_str("\r\n")?;
            if let Some(connection) = &media.connection {
                writeln_connection(f, connection)?;
            }
            for attribute in &media.attributes {
                write!(f, "{attribute}\r\n")?;
            }
        }
        Ok(())
    }
}

fn writeln_connection(f: &mut fmt::Formatter<'_>, connection: &Connection) -> fmt::Result {
    match connection {
        Connection::Ip(ip @ IpAddr::V4(_)) => write!(f, "c=IN IP4 {ip}\r\n"),
        Connection::Ip(ip @ IpAddr::V6(_)) => write!(f, "c=IN IP6 {ip}\r\n"),
        Connection::Name(name) => write!(f, "c=IN IP4 {name}\r\n"),
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "a={}:{value}", self.name),
            None => write!(f, "a={}", self.name),
        }
    }
}

/// A browser's offer with video and all its candidates stays under 10 KiB; a telephone's under 1.
const LENGTH_MAX: usize = 16 * 1024;
/// A conference with screen sharing has five.
const MEDIA_MAX: usize = 16;
/// There are 128 payload types, and nobody lists half of them.
const FORMATS_MAX: usize = 64;
