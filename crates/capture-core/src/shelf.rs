//! Packets of the last calls.

use std::collections::{BTreeMap, VecDeque};

use callwright_model::CallId;

use crate::{Packet, What};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfLimits {
    /// Legs (SIP calls) that belong to a call; the oldest goes first.
    pub legs: usize,
    /// SIP calls that came to nothing, such as those that were refused.
    pub refused: usize,
    /// SIP messages of a leg: the first half of them, and the last.
    pub messages: usize,
    /// Packets of sound of a leg: the last.
    pub sound: usize,
}

impl Default for ShelfLimits {
    /// A usual call has some 15 messages of a kilobyte a leg; those that hold and resume for an hour have more.
    fn default() -> Self {
        Self { legs: 200, refused: 50, messages: 200, sound: 3_000 }
    }
}

/// Packets of the last calls, by the `Call-ID` of their legs.
#[derive(Debug, Default)]
pub struct Shelf {
    limits: ShelfLimits,
    legs: BTreeMap<String, Leg>,
    /// Legs of calls, and those that belong to none yet, the oldest first.
    linked: VecDeque<String>,
    unlinked: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Leg {
    call: Option<CallId>,
    first: Vec<Packet>,
    last: VecDeque<Packet>,
    sound: VecDeque<Packet>,
}

impl Shelf {
    /// An empty one.
    #[must_use]
    pub fn new(limits: ShelfLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Keeps a packet of a leg. Messages that begin with no INVITE, such as registrations, and sound of a leg that is not known are not
    /// kept.
    pub fn put(&mut self, leg: &str, packet: Packet) {
        if !self.legs.contains_key(leg) {
            if packet.what != What::Sip || !packet.payload.starts_with(b"INVITE ") {
                return;
            }
            self.legs.insert(leg.to_owned(), Leg::default());
            self.unlinked.push_back(leg.to_owned());
            shrink(&mut self.legs, &mut self.unlinked, self.limits.refused);
        }
        let limits = self.limits;
        if let Some(kept) = self.legs.get_mut(leg) {
            kept.put(packet, &limits);
        }
    }

    /// A leg belongs to a call. Its messages may come later.
    pub fn link(&mut self, call: CallId, leg: &str) {
        if self.legs.entry(leg.to_owned()).or_default().call.replace(call).is_none() {
            self.unlinked.retain(|other| other != leg);
            self.linked.push_back(leg.to_owned());
            shrink(&mut self.legs, &mut self.linked, self.limits.legs);
        }
    }

    /// The packets of all legs of a call, in the order of their times; none when nothing is known of it.
    #[must_use]
    pub fn call(&self, call: CallId) -> Vec<Packet> {
        in_order(self.legs.values().filter(|leg| leg.call == Some(call)))
    }

    /// The packets of one leg.
    #[must_use]
    pub fn leg(&self, leg: &str) -> Vec<Packet> {
        in_order(self.legs.get(leg).into_iter())
    }
}

impl Leg {
    fn put(&mut self, packet: Packet, limits: &ShelfLimits) {
        match packet.what {
            What::Sip if self.first.len() < limits.messages / 2 => self.first.push(packet),
            What::Sip => keep(&mut self.last, packet, limits.messages - limits.messages / 2),
            What::Rtp | What::Rtcp => keep(&mut self.sound, packet, limits.sound),
        }
    }
}

/// Keeps the last so many.
fn keep(ring: &mut VecDeque<Packet>, packet: Packet, most: usize) {
    while ring.len() >= most.max(1) {
        ring.pop_front();
    }
    ring.push_back(packet);
}

fn shrink(legs: &mut BTreeMap<String, Leg>, order: &mut VecDeque<String>, most: usize) {
    while order.len() > most {
        if let Some(oldest) = order.pop_front() {
            legs.remove(&oldest);
        }
    }
}

fn in_order<'a>(legs: impl Iterator<Item = &'a Leg>) -> Vec<Packet> {
    let mut packets: Vec<Packet> =
        legs.flat_map(|leg| leg.first.iter().chain(&leg.last).chain(&leg.sound)).cloned().collect();
    packets.sort_by_key(|packet| packet.unix_us);
    packets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(unix_us: u64, what: What, text: &str) -> Packet {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
        let payload = text.as_bytes().to_vec();
        Packet {
            unix_us,
            source: address,
            destination: address,
            tcp: false,
            what,
            length: payload.len(),
            payload,
        }
    }

    fn times(packets: &[Packet]) -> Vec<u64> {
        packets.iter().map(|packet| packet.unix_us).collect()
    }

    #[test]
    fn a_call_is_all_its_legs_in_the_order_of_time() {
        let mut shelf = Shelf::new(ShelfLimits::default());
        for (leg, at, what, text) in [
            ("a", 1, What::Sip, "INVITE x"),
            ("b", 2, What::Sip, "INVITE y"),
            ("a", 5, What::Sip, "BYE x"),
            ("b", 3, What::Rtp, "sound"),
            ("c", 4, What::Sip, "OPTIONS z"),
            ("d", 4, What::Rtp, "sound of nobody"),
        ] {
            shelf.put(leg, packet(at, what, text));
        }
        for leg in ["a", "b"] {
            shelf.link(CallId(1), leg);
        }
        assert_eq!(times(&shelf.call(CallId(1))), [1, 2, 3, 5]);
        assert_eq!(times(&shelf.leg("b")), [2, 3]);
        assert!(shelf.call(CallId(2)).is_empty() && shelf.leg("c").is_empty());
        shelf.link(CallId(2), "e");
        shelf.put("e", packet(6, What::Sip, "SIP/2.0 100 Trying"));
        assert_eq!(times(&shelf.call(CallId(2))), [6], "known before its first message was");
    }

    #[test]
    fn a_long_call_keeps_its_beginning_and_its_end() {
        let mut shelf = Shelf::new(ShelfLimits { messages: 4, sound: 2, ..ShelfLimits::default() });
        for at in 0..10 {
            shelf.put("a", packet(at, What::Sip, "INVITE x"));
            shelf.put("a", packet(100 + at, What::Rtp, "sound"));
        }
        assert_eq!(times(&shelf.leg("a")), [0, 1, 8, 9, 108, 109]);
    }

    #[test]
    fn refused_calls_push_out_no_others() {
        let mut shelf = Shelf::new(ShelfLimits { legs: 2, refused: 3, ..ShelfLimits::default() });
        for nth in 0..3_u64 {
            let leg = format!("call {nth}");
            shelf.put(&leg, packet(nth, What::Sip, "INVITE x"));
            shelf.link(CallId(nth), &leg);
        }
        for nth in 0..100 {
            shelf.put(&format!("scan {nth}"), packet(nth, What::Sip, "INVITE x"));
        }
        assert_eq!(shelf.legs.len(), 5);
        let kept = (0..3).map(|nth| !shelf.call(CallId(nth)).is_empty()).collect::<Vec<_>>();
        assert_eq!(kept, [false, true, true], "the oldest went");
        assert!(!shelf.leg("scan 99").is_empty() && shelf.leg("scan 1").is_empty());
    }
}
