//! The telephones around the media thread: each sends a packet every 20 ms, and what comes back is counted.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::sound::Sound;

/// Many telephones. Some share a socket, so that looking for packets costs little.
#[derive(Debug, Default)]
pub(super) struct Phones {
    lots: Vec<Lot>,
}

#[derive(Debug)]
struct Lot {
    socket: UdpSocket,
    phones: Vec<Phone>,
}

#[derive(Debug)]
struct Phone {
    leg: SocketAddr,
    sound: Arc<Sound>,
    ssrc: u32,
    sequence: u16,
    heard: Heard,
}

/// What a telephone got of its leg.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    packets: u64,
    /// The sequence numbers from the first packet to the newest.
    ends: Option<(u16, u16)>,
}

/// What went both ways.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Packets that the legs owed and that did not come: by the gaps in their sequence numbers, and by the time.
    pub(super) lost: u64,
}

impl Phones {
    /// The address of the next telephone that is added.
    pub(super) fn next(&mut self) -> Result<SocketAddr> {
        if self.lots.last().is_none_or(|lot| lot.phones.len() == PHONES_A_SOCKET) {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            self.lots.push(Lot { socket, phones: Vec::new() });
        }
        let lot = self.lots.last().expect("there is one by now");
        Ok(lot.socket.local_addr()?)
    }

    /// Adds one that talks to a leg.
    pub(super) fn add(&mut self, leg: SocketAddr, sound: &Arc<Sound>) {
        let ssrc = u32::from(leg.port());
        if let Some(lot) = self.lots.last_mut() {
            let heard = Heard::default();
            lot.phones.push(Phone { leg, sound: Arc::clone(sound), ssrc, sequence: 0, heard });
        }
    }

    /// Talks for so long. The telephones' 20 ms are spread evenly.
    pub(super) fn talk(&mut self, length: Duration) -> Traffic {
        let begun = Instant::now();
        let mut traffic = Traffic::default();
        self.lots.iter_mut().flat_map(|lot| &mut lot.phones).for_each(|phone| phone.heard = Heard::default());
        let mut slots = 0;
        while SLOT * slots < length {
            let left = (SLOT * slots).saturating_sub(begun.elapsed());
            thread::sleep(left);
            for lot in self.lots.iter_mut().skip(slots as usize % SLOTS).step_by(SLOTS) {
                traffic.sent += lot.send();
            }
            self.lots.iter_mut().for_each(Lot::receive);
            slots += 1;
        }
        let owed = (length.as_millis() / FRAME.as_millis()) as u64;
        for phone in self.lots.iter().flat_map(|lot| &lot.phones) {
            traffic.received += phone.heard.packets;
            traffic.lost += phone.heard.lost(owed);
        }
        traffic
    }
}

impl Heard {
    fn take(&mut self, sequence: u16) {
        self.packets += 1;
        self.ends = Some((self.ends.map_or(sequence, |(first, _)| first), sequence));
    }

    /// Of so many packets owed, those that are missing. One at either end may have come too early or too late to be counted.
    fn lost(&self, owed: u64) -> u64 {
        let numbered = self.ends.map_or(0, |(first, newest)| u64::from(newest.wrapping_sub(first)) + 1);
        numbered.max(owed.saturating_sub(2)).saturating_sub(self.packets)
    }
}

impl Lot {
    fn send(&mut self) -> u64 {
        let mut packet = [0; 2_048];
        let mut sent = 0;
        for phone in &mut self.phones {
            let length = phone.write(&mut packet);
            // A full socket buffer is a packet lost, and shows as one that was not sent.
            sent += u64::from(self.socket.send_to(&packet[..length], phone.leg).is_ok());
        }
        sent
    }

    /// Takes the RTP packets that wait here.
    fn receive(&mut self) {
        let mut packet = [0; 2_048];
        loop {
            match self.socket.recv_from(&mut packet) {
                // RTCP's packet types (RFC 5761, section 4) are told apart from ours.
                Ok((length, leg)) if length > HEADER && !(192..=223).contains(&packet[1]) => {
                    if let Some(phone) = self.phones.iter_mut().find(|phone| phone.leg == leg) {
                        phone.heard.take(u16::from_be_bytes([packet[2], packet[3]]));
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_refused) => {}
            }
        }
    }
}

impl Phone {
    /// The next packet (RFC 3550, section 5.1).
    fn write(&mut self, packet: &mut [u8]) -> usize {
        let sound = &self.sound;
        let payload = &sound.payloads[usize::from(self.sequence) % sound.payloads.len()];
        packet[0] = 0x80;
        packet[1] = sound.payload_type;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence).wrapping_mul(sound.ticks)).to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        packet[HEADER..HEADER + payload.len()].copy_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        HEADER + payload.len()
    }
}

const HEADER: usize = 12;
/// Few enough for a socket's buffer to hold what comes for all of them at once.
const PHONES_A_SOCKET: usize = 32;
const SLOT: Duration = Duration::from_millis(2);
const FRAME: Duration = Duration::from_millis(20);
/// In 20 ms.
const SLOTS: usize = 10;
