//! Packets as a file that tshark, Wireshark and sngrep read: classic pcap, with IP and UDP heads made for each packet.
//!
//! What came over a connection, also an encrypted one, is written as a datagram of its message: the bytes of the connection are not kept.

use std::net::{IpAddr, SocketAddr};

use crate::Packet;

/// A file with these packets.
#[must_use]
pub fn file(packets: &[Packet]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(24 + packets.iter().map(|packet| packet.payload.len() + 64).sum::<usize>());
    out.extend_from_slice(&MAGIC.to_le_bytes());
    for half in [2_u16, 4] {
        out.extend_from_slice(&half.to_le_bytes());
    }
    for word in [0, 0, SNAP, LINKTYPE_RAW] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for packet in packets {
        write(&mut out, packet);
    }
    out
}

/// One record. A packet of which only the beginning is known says how long it was.
fn write(out: &mut Vec<u8>, packet: &Packet) {
    let kept = packet.payload.len().min(PAYLOAD_MAX);
    let length = packet.length.clamp(kept, PAYLOAD_MAX);
    let datagram = udp(packet, &packet.payload[..kept], length);
    let head = ip(packet, 8 + length);
    let word = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&word(packet.unix_us / 1_000_000));
    out.extend_from_slice(&word(packet.unix_us % 1_000_000));
    out.extend_from_slice(&word((head.len() + datagram.len()) as u64));
    out.extend_from_slice(&word((head.len() + 8 + length) as u64));
    out.extend_from_slice(&head);
    out.extend_from_slice(&datagram);
}

fn ip(packet: &Packet, length: usize) -> Vec<u8> {
    // It fits: a payload is at most what UDP over IPv4 carries.
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    match both(packet) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut head = vec![0x45, 0];
            head.extend_from_slice(&length.saturating_add(20).to_be_bytes());
            head.extend_from_slice(&[0, 0, 0x40, 0, HOPS, UDP, 0, 0]);
            head.extend_from_slice(&source.octets());
            head.extend_from_slice(&destination.octets());
            let sum = checksum(&head).to_be_bytes();
            head[10..12].copy_from_slice(&sum);
            head
        }
        (source, destination) => {
            let mut head = vec![0x60, 0, 0, 0];
            head.extend_from_slice(&length.to_be_bytes());
            head.extend_from_slice(&[UDP, HOPS]);
            head.extend_from_slice(&six(source));
            head.extend_from_slice(&six(destination));
            head
        }
    }
}

/// RFC 768. The checksum is of what is there; a packet that is cut short has none, which over IPv6 is only a remark of the reader's.
fn udp(packet: &Packet, payload: &[u8], length: usize) -> Vec<u8> {
    let whole = u16::try_from(8 + length).unwrap_or(u16::MAX);
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend_from_slice(&packet.source.port().to_be_bytes());
    datagram.extend_from_slice(&packet.destination.port().to_be_bytes());
    datagram.extend_from_slice(&whole.to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(payload);
    if payload.len() == length {
        let mut pseudo = match both(packet) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => [source.octets(), destination.octets()].concat(),
            (source, destination) => [six(source), six(destination)].concat(),
        };
        pseudo.extend_from_slice(&[0, UDP]);
        pseudo.extend_from_slice(&whole.to_be_bytes());
        pseudo.extend_from_slice(&datagram);
        let sum = match checksum(&pseudo) {
            0 => u16::MAX,
            sum => sum,
        };
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    }
    datagram
}

fn both(packet: &Packet) -> (IpAddr, IpAddr) {
    let plain = |address: SocketAddr| address.ip().to_canonical();
    (plain(packet.source), plain(packet.destination))
}

fn six(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// Times in microseconds, numbers little-endian.
const MAGIC: u32 = 0xa1b2_c3d4;
const SNAP: u32 = 65_535;
/// Records begin with an IP head (LINKTYPE_RAW of the list of link types).
const LINKTYPE_RAW: u32 = 101;
const UDP: u8 = 17;
const HOPS: u8 = 64;
/// What UDP over IPv4 carries.
const PAYLOAD_MAX: usize = 65_507;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::What;

    fn seen(addresses: [&str; 2], payload: &[u8], length: usize) -> Packet {
        let [source, destination] = addresses.map(|text| text.parse().expect("an address"));
        let (unix_us, payload) = (1_795_723_338_722_001, payload.to_vec());
        Packet { unix_us, source, destination, tcp: false, what: What::Sip, length, payload }
    }

    #[test]
    fn a_packet_has_heads_that_add_up() {
        let file = file(&[seen(["192.0.2.1:5060", "192.0.2.2:5070"], b"odd", 3)]);
        assert_eq!(file.len(), 24 + 16 + 20 + 8 + 3);
        assert_eq!(file[20..24], [101, 0, 0, 0], "raw IP");
        let (record, packet) = file[24..].split_at(16);
        assert_eq!(record[8..12], record[12..16], "all of it is there");
        assert_eq!(checksum(&packet[..20]), 0, "the head of IP sums up");
        let mut pseudo = packet[12..20].to_vec();
        pseudo.extend_from_slice(&[0, 17, 0, 11]);
        pseudo.extend_from_slice(&packet[20..]);
        assert_eq!(checksum(&pseudo), 0, "and that of UDP");
    }

    #[test]
    fn a_packet_that_was_cut_says_how_long_it_was() {
        let file = file(&[seen(["[2001:db8::1]:1", "[2001:db8::2]:2"], &[0x80; 12], 172)]);
        let record: Vec<u32> = file[24..40]
            .chunks(4)
            .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        assert_eq!(record[2..], [40 + 8 + 12, 40 + 8 + 172]);
        assert_eq!(file[44..46], 180_u16.to_be_bytes(), "as long as it was on the wire");
    }
}
