//! Values of settings that are more than a text: each says for itself what it must look like.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use callwright_call_core::call::How;
use callwright_call_core::trunk::dialled;
use callwright_conversation::KEYS_MAX;
use callwright_model::Codec;

/// A time as `500ms`, `20s` or `5m`.
pub(super) struct Length(pub(super) Duration);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number = text[..digits].parse::<u64>().ok();
        match (number, &text[digits..]) {
            (Some(n), "ms") => Ok(Self(Duration::from_millis(n))),
            (Some(n), "s") => Ok(Self(Duration::from_secs(n))),
            (Some(n), "m") if n <= 100_000 => Ok(Self(Duration::from_secs(n * 60))),
            _ => Err("write a time such as `500ms`, `20s` or `5m`".to_owned()),
        }
    }
}

/// The same in whole seconds, at most a day: a time that SIP tells peers.
pub(super) struct Seconds(pub(super) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Length(length) = text.parse()?;
        let whole = length.subsec_nanos() == 0 && length.as_secs() <= 86_400;
        if whole {
            Ok(Self(length))
        } else {
            Err("write whole seconds, such as `90s`, at most a day".to_owned())
        }
    }
}

/// Keys of a telephone in a row that mean something: a star or a hash first, so that nobody presses them for somebody else.
pub(super) struct Keys(pub(super) String);

impl FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = text.chars().all(|key| "0123456789*#ABCD".contains(key));
        if text.starts_with(['*', '#']) && known && (2..=KEYS_MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("write 2 to {KEYS_MAX} keys that begin with `*` or `#`, such as `*9`"))
        }
    }
}

/// A codec by its SDP name.
pub(super) struct CodecName(pub(super) Codec);

impl FromStr for CodecName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(text))
            .map(Self)
            .ok_or_else(|| "write `opus`, `g722`, `pcmu` or `pcma`".to_owned())
    }
}

/// A range of ports as `20000-20999`.
pub(super) struct Ports(pub(super) u16, pub(super) u16);

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').ok_or("write a range such as `20000-20999`")?;
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first >= 1024 && last > first => Ok(Self(first, last)),
            _ => Err("write a range such as `20000-20999`, from 1024 up".to_owned()),
        }
    }
}

/// A whole number between two others.
pub(super) struct Whole<const MIN: usize, const MAX: usize>(pub(super) usize);

impl<const MIN: usize, const MAX: usize> FromStr for Whole<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("write a whole number from {MIN} to {MAX}"))
    }
}

/// Where to listen.
pub(super) struct Listen(pub(super) SocketAddr);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| "write a numeric address and a port, such as `127.0.0.1:5060`".to_owned())
    }
}

/// Where to listen on this machine alone.
pub(super) struct Loopback(pub(super) SocketAddr);

impl FromStr for Loopback {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
        let help = "write a loopback address and a port, such as `127.0.0.1:7072`: nobody is asked who they are there";
        parsed.map(Self).ok_or_else(|| help.to_owned())
    }
}

/// Where a gRPC service of ours is: `http://HOST:PORT` or `unix:/PATH`.
pub(super) struct Service(pub(super) String);

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_one = match (text.strip_prefix("http://"), text.strip_prefix("unix:")) {
            (Some(authority), _) => is_authority(authority.strip_suffix('/').unwrap_or(authority)),
            (None, Some(path)) => path.starts_with('/'),
            (None, None) => false,
        };
        let help = "write an address such as `http://127.0.0.1:7101` or `unix:/run/airline.sock`";
        is_one.then(|| Self(text.to_owned())).ok_or_else(|| help.to_owned())
    }
}

/// Where a collector of spans takes OTLP over gRPC: `http://HOST:PORT`, or `https://HOST:PORT` over TLS.
pub(super) struct CollectorAddress(pub(super) String);

impl FromStr for CollectorAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let authority = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let help =
            "write the address of a collector that takes OTLP over gRPC, such as `http://127.0.0.1:4317`";
        authority.is_some_and(is_authority).then(|| Self(text.to_owned())).ok_or_else(|| help.to_owned())
    }
}

/// Where a system on the web is: `https://HOST/PATH`. It holds no user and no password, which would be an inline secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(pub String);

impl FromStr for WebAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let clean = !text.contains(|c: char| c.is_whitespace() || c == '#');
        let help =
            "write an address such as `https://host.example/path`; secrets go into `bearer` or `headers`";
        (is_authority(authority) && clean).then(|| Self(text.to_owned())).ok_or_else(|| help.to_owned())
    }
}

/// A SIP address that can be rung, or a number.
pub(super) struct SipAddress(pub(super) String);

impl FromStr for SipAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match callwright_sip::check_address(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(_) if dialled(text).is_some() => Ok(Self(text.to_owned())),
            Err(_) => Err("write a SIP address such as `sip:desk@192.168.1.20:5060`, `user:NAME` for the phones of a `[[sip.user]]`, or a number that a trunk takes, such as `+4930123456`".to_owned()),
        }
    }
}

/// How a caller comes to a human.
pub(super) struct Way(pub(super) How);

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "warm" => Ok(Self(How::Warm)),
            "blind" => Ok(Self(How::Blind)),
            "attended" => Ok(Self(How::Attended)),
            _ => Err("write `warm`, `blind` or `attended`".to_owned()),
        }
    }
}

/// A site as browsers name it in `Origin`, or `*`. One that is written otherwise would never be met.
pub(super) struct Origin(pub(super) String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usual_port = |authority: &str, port: &str| authority.ends_with(port);
        let is_one = match text.split_once("://") {
            Some(("https", authority)) => is_authority(authority) && !usual_port(authority, ":443"),
            Some(("http", authority)) => is_authority(authority) && !usual_port(authority, ":80"),
            Some(_) => false,
            None => text == "*",
        };
        let help = "write a site as browsers name it, such as `https://www.example.com`: small letters, no path, and a \
                    port only where it is not the usual one; or `*` for any";
        (is_one && !text.contains(|c: char| c.is_ascii_uppercase()))
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| help.to_owned())
    }
}

/// `HOST` or `HOST:PORT`.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (text, None),
    };
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(of_host),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}
