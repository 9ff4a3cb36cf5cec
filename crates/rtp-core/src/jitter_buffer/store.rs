//! Packets waiting, in storage made once.

/// What is known of a packet besides its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub sequence: u64,
    pub timestamp: i64,
    pub ticks: u32,
    pub marker: bool,
}

impl Entry {
    pub fn end(&self) -> i64 {
        self.timestamp + i64::from(self.ticks)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Fresh,
    /// In place of an older packet.
    Evicted,
    Duplicate,
    /// The store is full of newer ones.
    Behind,
}

/// Packets in the order of their sequence numbers. Most have room in a small place; those that do not share a few large ones. The
/// place that was freed last is filled first: where few packets wait, the same few bytes are used over and over, which stay in the
/// processor's cache.
#[derive(Debug)]
pub(super) struct PacketStore {
    waiting: Vec<Waiting>,
    small: Places,
    large: Places,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    entry: Entry,
    place: u8,
    length: u16,
}

impl Waiting {
    fn is_large(&self) -> bool {
        usize::from(self.length) > SMALL_LEN
    }
}

impl PacketStore {
    /// Bytes of the largest payload: what a datagram on an Ethernet carries.
    pub const PAYLOAD_MAX: usize = 1_460;

    pub fn new() -> Self {
        Self {
            waiting: Vec::with_capacity(PACKETS.into()),
            small: Places::new(PACKETS, SMALL_LEN),
            large: Places::new(LARGE, Self::PAYLOAD_MAX),
        }
    }

    /// Copies a payload of at most [`PacketStore::PAYLOAD_MAX`] bytes.
    pub fn insert(&mut self, entry: Entry, payload: &[u8]) -> Stored {
        let behind = |waiting: &[Waiting]| waiting.partition_point(|w| w.entry.sequence < entry.sequence);
        if self.waiting.get(behind(&self.waiting)).is_some_and(|w| w.entry.sequence == entry.sequence) {
            return Stored::Duplicate;
        }
        let is_large = payload.len() > SMALL_LEN;
        let is_full =
            if is_large { self.large.free.is_empty() } else { self.waiting.len() == usize::from(PACKETS) };
        let mut stored = Stored::Fresh;
        if is_full {
            // The packet that has to go is the oldest, of the large ones where their places are taken.
            let oldest = self.waiting.iter().position(|w| w.is_large() || !is_large);
            match oldest.filter(|&oldest| oldest < behind(&self.waiting)) {
                Some(oldest) => self.remove(oldest),
                None => return Stored::Behind,
            }
            stored = Stored::Evicted;
        }
        let places = if is_large { &mut self.large } else { &mut self.small };
        let Some(place) = places.fill(payload) else { return Stored::Behind };
        let length = payload.len() as u16;
        self.waiting.insert(behind(&self.waiting), Waiting { entry, place, length });
        stored
    }

    /// The packet to be played first.
    pub fn first(&self) -> Option<Entry> {
        self.waiting.first().map(|first| first.entry)
    }

    /// Its payload.
    pub fn first_payload(&self) -> &[u8] {
        self.waiting.first().map_or(&[], |first| self.bytes(first))
    }

    /// Frees its place; its bytes last until the next packet is stored.
    pub fn take_first(&mut self) -> &[u8] {
        let Some(&first) = self.waiting.first() else { return &[] };
        self.remove(0);
        self.bytes(&first)
    }

    pub fn drop_first(&mut self) {
        if !self.waiting.is_empty() {
            self.remove(0);
        }
    }

    pub fn clear(&mut self) {
        while !self.waiting.is_empty() {
            self.remove(self.waiting.len() - 1);
        }
    }

    fn remove(&mut self, index: usize) {
        let gone = self.waiting.remove(index);
        let places = if gone.is_large() { &mut self.large } else { &mut self.small };
        places.free.push(gone.place);
    }

    fn bytes(&self, waiting: &Waiting) -> &[u8] {
        let places = if waiting.is_large() { &self.large } else { &self.small };
        &places.bytes[usize::from(waiting.place) * places.size..][..usize::from(waiting.length)]
    }
}

/// Places of one size.
#[derive(Debug)]
struct Places {
    size: usize,
    bytes: Box<[u8]>,
    free: Vec<u8>,
}

impl Places {
    fn new(count: u8, size: usize) -> Self {
        Self {
            size,
            bytes: vec![0; usize::from(count) * size].into_boxed_slice(),
            free: (0..count).rev().collect(),
        }
    }

    fn fill(&mut self, payload: &[u8]) -> Option<u8> {
        let place = self.free.pop()?;
        self.bytes[usize::from(place) * self.size..][..payload.len()].copy_from_slice(payload);
        Some(place)
    }
}

/// 1.28 s of packets of 20 ms, three times what may be buffered.
const PACKETS: u8 = 64;
/// Holds 40 ms of G.711 and Opus at any telephony rate.
const SMALL_LEN: usize = 400;
/// Packets of 60 ms and more, of which few are needed to fill the buffer.
const LARGE: u8 = 12;
