//! HEP3, the encapsulation in which Homer collectors take packets: a head, then chunks of a type, a length and a value.

use std::net::{IpAddr, SocketAddr};

use callwright_rtp_core::rtcp::{Compound, Item, ReportBlock};
use serde_json::{Value as Json, json};

use crate::{Packet, What};

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its number at the collector.
    pub id: u32,
    /// What the collector wants of those it takes packets from.
    pub password: Option<String>,
    /// Its name at the collector.
    pub name: String,
}

/// Something for a collector.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When, in microseconds since 1970.
    pub unix_us: u64,
    /// From where.
    pub source: SocketAddr,
    /// To where.
    pub destination: SocketAddr,
    /// It came or went over a connection.
    pub tcp: bool,
    /// What the payload is.
    pub protocol: Protocol,
    /// What it belongs to: the `Call-ID` of a leg.
    pub correlation: &'a str,
    /// What is told.
    pub payload: &'a [u8],
}

/// What a payload is, by its number in HEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A SIP message.
    Sip = 0x01,
    /// A report of RTCP, as JSON.
    Rtcp = 0x05,
    /// A line of a log.
    Log = 0x64,
}

/// Writes a datagram for the collector. `None` when it is longer than a datagram may be.
#[must_use]
pub fn encode(agent: &Agent, record: &Record<'_>) -> Option<Vec<u8>> {
    let mut out = b"HEP3\0\0".to_vec();
    let family = if record.source.is_ipv4() { AF_INET } else { AF_INET6 };
    chunk(&mut out, FAMILY, &[family])?;
    chunk(&mut out, TRANSPORT, &[if record.tcp { TCP } else { UDP }])?;
    for (address, v4, v6) in [
        (record.source.ip(), SOURCE_V4, SOURCE_V6),
        (record.destination.ip(), DESTINATION_V4, DESTINATION_V6),
    ] {
        match address {
            IpAddr::V4(ip) => chunk(&mut out, v4, &ip.octets())?,
            IpAddr::V6(ip) => chunk(&mut out, v6, &ip.octets())?,
        }
    }
    chunk(&mut out, SOURCE_PORT, &record.source.port().to_be_bytes())?;
    chunk(&mut out, DESTINATION_PORT, &record.destination.port().to_be_bytes())?;
    let (seconds, micros) = (record.unix_us / 1_000_000, record.unix_us % 1_000_000);
    chunk(&mut out, SECONDS, &u32::try_from(seconds).unwrap_or(u32::MAX).to_be_bytes())?;
    chunk(&mut out, MICROSECONDS, &u32::try_from(micros).unwrap_or_default().to_be_bytes())?;
    chunk(&mut out, PROTOCOL, &[record.protocol as u8])?;
    chunk(&mut out, AGENT_ID, &agent.id.to_be_bytes())?;
    if let Some(password) = &agent.password {
        chunk(&mut out, PASSWORD, password.as_bytes())?;
    }
    if !agent.name.is_empty() {
        chunk(&mut out, AGENT_NAME, agent.name.as_bytes())?;
    }
    if !record.correlation.is_empty() {
        chunk(&mut out, CORRELATION, record.correlation.as_bytes())?;
    }
    chunk(&mut out, PAYLOAD, record.payload)?;
    let length = u16::try_from(out.len()).ok().filter(|&length| length <= DATAGRAM_MAX)?;
    out[4..6].copy_from_slice(&length.to_be_bytes());
    Some(out)
}

/// A packet as a collector takes it: RTCP becomes JSON, and of sound nothing is told.
#[must_use]
pub fn packet(agent: &Agent, packet: &Packet, correlation: &str) -> Option<Vec<u8>> {
    let report;
    let (protocol, payload) = match packet.what {
        What::Sip => (Protocol::Sip, packet.payload.as_slice()),
        What::Rtcp => {
            report = rtcp(&packet.payload)?.to_string();
            (Protocol::Rtcp, report.as_bytes())
        }
        What::Rtp => return None,
    };
    let Packet { unix_us, source, destination, tcp, .. } = *packet;
    encode(agent, &Record { unix_us, source, destination, tcp, protocol, correlation, payload })
}

/// The report in a compound packet (RFC 3550 section 6.4), named as Homer's own agents name it. `None` when there is none.
#[must_use]
pub fn rtcp(compound: &[u8]) -> Option<Json> {
    Compound::new(compound).map_while(Result::ok).find_map(|item| match item {
        Item::SenderReport { ssrc, sent, blocks } => {
            let mut report = json!({ "type": 200, "ssrc": ssrc, "report_blocks": told(blocks.iter()) });
            report["report_count"] = report["report_blocks"].as_array().map_or(0, Vec::len).into();
            report["sender_information"] = json!({
                "ntp_timestamp_sec": sent.ntp >> 32,
                "ntp_timestamp_usec": ((sent.ntp & 0xFFFF_FFFF) * 1_000_000) >> 32,
                "rtp_timestamp": sent.timestamp,
                "packets": sent.packets,
                "octets": sent.octets,
            });
            Some(report)
        }
        Item::ReceiverReport { ssrc, blocks } => {
            let mut report = json!({ "type": 201, "ssrc": ssrc, "report_blocks": told(blocks.iter()) });
            report["report_count"] = report["report_blocks"].as_array().map_or(0, Vec::len).into();
            Some(report)
        }
        Item::Cname { .. } | Item::Goodbye { .. } | Item::VoipMetrics { .. } | Item::Other { .. } => None,
    })
}

fn told(blocks: impl Iterator<Item = ReportBlock>) -> Vec<Json> {
    let block = |block: ReportBlock| {
        json!({
            "source_ssrc": block.ssrc,
            "fraction_lost": block.fraction_lost,
            "packets_lost": block.cumulative_lost,
            "highest_seq_no": block.highest_sequence,
            "ia_jitter": block.jitter,
            "lsr": block.last_sender_report,
            "dlsr": block.delay_since_sender_report,
        })
    };
    blocks.map(block).collect()
}

/// Vendor 0 (the generic chunks), the type, the length with these six bytes, the value.
fn chunk(out: &mut Vec<u8>, kind: u16, value: &[u8]) -> Option<()> {
    let length = u16::try_from(value.len() + 6).ok()?;
    out.extend_from_slice(&0_u16.to_be_bytes());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
    Some(())
}

const FAMILY: u16 = 0x01;
const TRANSPORT: u16 = 0x02;
const SOURCE_V4: u16 = 0x03;
const DESTINATION_V4: u16 = 0x04;
const SOURCE_V6: u16 = 0x05;
const DESTINATION_V6: u16 = 0x06;
const SOURCE_PORT: u16 = 0x07;
const DESTINATION_PORT: u16 = 0x08;
const SECONDS: u16 = 0x09;
const MICROSECONDS: u16 = 0x0a;
const PROTOCOL: u16 = 0x0b;
const AGENT_ID: u16 = 0x0c;
const PASSWORD: u16 = 0x0e;
const PAYLOAD: u16 = 0x0f;
const CORRELATION: u16 = 0x11;
const AGENT_NAME: u16 = 0x13;
/// As Linux numbers families of addresses, which is what the format counts by.
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// As IANA numbers protocols.
const UDP: u8 = 17;
const TCP: u8 = 6;
/// What UDP over IPv4 carries.
const DATAGRAM_MAX: u16 = 65_507;

#[cfg(test)]
mod tests;
