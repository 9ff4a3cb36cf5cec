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
    /// A much newer packet sits in its place.
    Behind,
}

/// Slots by sequence number. Payloads that are too large for a slot's own bytes share a few large ones.
#[derive(Debug)]
pub(super) struct PacketStore {
    slots: Box<[Option<Slot>; SLOTS]>,
    small: Box<[u8]>,
    large: Box<[u8]>,
    large_taken: [bool; LARGE],
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    entry: Entry,
    length: usize,
    large: Option<usize>,
}

impl PacketStore {
    /// Bytes of the largest payload: what a datagram on an Ethernet carries.
    pub const PAYLOAD_MAX: usize = 1_460;

    pub fn new() -> Self {
        Self {
            slots: Box::new([None; SLOTS]),
            small: vec![0; SLOTS * SMALL_LEN].into_boxed_slice(),
            large: vec![0; LARGE * Self::PAYLOAD_MAX].into_boxed_slice(),
            large_taken: [false; LARGE],
        }
    }

    /// Copies a payload of at most [`PacketStore::PAYLOAD_MAX`] bytes.
    pub fn insert(&mut self, entry: Entry, payload: &[u8]) -> Stored {
        let index = entry.sequence as usize % SLOTS;
        let mut stored = Stored::Fresh;
        match self.slots[index].map(|slot| slot.entry.sequence) {
            Some(there) if there == entry.sequence => return Stored::Duplicate,
            Some(there) if there > entry.sequence => return Stored::Behind,
            Some(_) => {
                self.remove(index);
                stored = Stored::Evicted;
            }
            None => {}
        }
        let mut large = None;
        if payload.len() > SMALL_LEN {
            let free = self.large_taken.iter().position(|taken| !taken).or_else(|| {
                // All are taken: the packet that has to go is the oldest of the large ones.
                let holders = self.slots.iter().enumerate().filter_map(|(n, slot)| Some((n, (*slot)?)));
                let oldest =
                    holders.filter(|(_, slot)| slot.large.is_some()).min_by_key(|(_, s)| s.entry.sequence);
                let (holder, slot) = oldest?;
                self.remove(holder);
                stored = Stored::Evicted;
                slot.large
            });
            let Some(free) = free else { return Stored::Behind };
            self.large_taken[free] = true;
            large = Some(free);
        }
        let slot = Slot { entry, length: payload.len(), large };
        self.slots[index] = Some(slot);
        self.bytes_mut(index, slot).copy_from_slice(payload);
        stored
    }

    /// The packet to be played first.
    pub fn earliest(&self) -> Option<(usize, Entry)> {
        let waiting = self.slots.iter().enumerate().filter_map(|(n, slot)| Some((n, (*slot)?.entry)));
        waiting.min_by_key(|(_, entry)| entry.sequence)
    }

    /// Its payload; empty for a slot that is free.
    pub fn payload(&self, index: usize) -> &[u8] {
        self.slots[index].map_or(&[], |slot| self.bytes(index, slot))
    }

    /// Frees the slot; its bytes last until the next packet is stored.
    pub fn take(&mut self, index: usize) -> &[u8] {
        match self.free(index) {
            Some(slot) => self.bytes(index, slot),
            None => &[],
        }
    }

    pub fn remove(&mut self, index: usize) {
        self.free(index);
    }

    fn free(&mut self, index: usize) -> Option<Slot> {
        let slot = self.slots[index].take();
        if let Some(Slot { large: Some(large), .. }) = slot {
            self.large_taken[large] = false;
        }
        slot
    }

    pub fn clear(&mut self) {
        self.slots.fill(None);
        self.large_taken = [false; LARGE];
    }

    fn bytes(&self, index: usize, slot: Slot) -> &[u8] {
        match slot.large {
            Some(large) => &self.large[large * Self::PAYLOAD_MAX..][..slot.length],
            None => &self.small[index * SMALL_LEN..][..slot.length],
        }
    }

    fn bytes_mut(&mut self, index: usize, slot: Slot) -> &mut [u8] {
        match slot.large {
            Some(large) => &mut self.large[large * Self::PAYLOAD_MAX..][..slot.length],
            None => &mut self.small[index * SMALL_LEN..][..slot.length],
        }
    }
}

/// 1.28 s of packets of 20 ms, three times what may be buffered; a power of two.
const SLOTS: usize = 64;
/// Holds 40 ms of G.711 and Opus at any telephony rate.
const SMALL_LEN: usize = 400;
/// Packets of 60 ms and more, of which few are needed to fill the buffer.
const LARGE: usize = 12;
