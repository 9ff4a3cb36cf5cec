//! Datagrams on their way out, in places made once.

/// A queue of a tick's datagrams.
pub(crate) struct Outbox {
    places: Box<[Place; DATAGRAMS]>,
    first: usize,
    count: usize,
}

#[derive(Clone, Copy)]
struct Place {
    length: usize,
    bytes: [u8; DATAGRAM_MAX],
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self {
            places: Box::new([Place { length: 0, bytes: [0; DATAGRAM_MAX] }; DATAGRAMS]),
            first: 0,
            count: 0,
        }
    }

    /// Lets `write` fill the next place and keeps what it says it wrote. A full box drops: the tick was not drained.
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut [u8]) -> usize) -> bool {
        if self.count == DATAGRAMS {
            return false;
        }
        let place = &mut self.places[(self.first + self.count) % DATAGRAMS];
        place.length = write(&mut place.bytes).min(DATAGRAM_MAX);
        self.count += usize::from(place.length > 0);
        place.length > 0
    }

    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        let place = &self.places[self.first];
        let length = place.length.min(buffer.len());
        buffer[..length].copy_from_slice(&place.bytes[..length]);
        self.count -= 1;
        // An empty box begins anew in memory that was just used.
        self.first = if self.count == 0 { 0 } else { (self.first + 1) % DATAGRAMS };
        Some(length)
    }
}

/// A frame, a report, and what a bridge passes on in one tick.
const DATAGRAMS: usize = 16;

/// RTP header and the largest payload of ours.
const DATAGRAM_MAX: usize = 1_300;
