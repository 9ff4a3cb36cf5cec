//! Ports for programs that cannot be told to take a free one.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// The first of so many ports in a row that are free for UDP and TCP on loopback.
///
/// Linux gives none of them to anybody who asks for any port. So nobody takes them before the program does, and whoever connects
/// to see whether it listens does not get the very port they connect to, which is a connection with oneself.
///
/// # Panics
///
/// When none is left.
pub fn free_ports(count: u16) -> u16 {
    // Programs that run at the same time have numbers that are close to each other.
    let begin = (std::process::id().wrapping_mul(64) % u32::from(PORTS)) as u16;
    for _ in 0..PORTS / count {
        let place = begin.wrapping_add(NEXT.fetch_add(count, Ordering::Relaxed)) % (PORTS - count);
        let ports = FIRST + place..FIRST + place + count;
        let free = |port| {
            UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
        };
        if ports.clone().all(free) {
            return ports.start;
        }
    }
    panic!("no {count} free ports in a row from {FIRST} on");
}

/// After those of `net.ipv4.ip_local_port_range`.
const FIRST: u16 = 61_000;
const PORTS: u16 = 4_500;
static NEXT: AtomicU16 = AtomicU16::new(0);
