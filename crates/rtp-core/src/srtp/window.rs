//! Which packets of a stream were received (RFC 3711, 3.3.1 and 3.3.2).

/// The newest packet's index, and which of those before it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    newest: Option<u64>,
    /// Bit `n` stands for the packet `n` before the newest.
    seen: u128,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { newest: None, seen: 0 }
    }

    /// The index of a packet by its sequence number. A stream begins without a rollover.
    pub(super) const fn guess(&self, sequence: u16) -> u64 {
        match self.newest {
            None => sequence as u64,
            Some(newest) => index(newest, sequence),
        }
    }

    /// Whether it was not received before. What is older than the window reaches cannot be told.
    pub(super) const fn is_new(&self, index: u64) -> bool {
        match self.newest {
            Some(newest) if index <= newest => {
                let back = newest - index;
                back < REACH && self.seen >> back & 1 == 0
            }
            Some(_) | None => true,
        }
    }

    /// Remembers a packet that was proved.
    pub(super) fn accept(&mut self, index: u64) {
        let newest = self.newest.unwrap_or(index);
        if index > newest {
            let ahead = index - newest;
            self.seen = if ahead < REACH { self.seen << ahead } else { 0 };
        }
        let newest = newest.max(index);
        if newest - index < REACH {
            self.seen |= 1 << (newest - index);
        }
        self.newest = Some(newest);
    }
}

/// The index nearest to the newest one that ends in this sequence number.
pub(super) const fn index(newest: u64, sequence: u16) -> u64 {
    let (rollovers, last) = (newest >> 16, newest as u16);
    let ahead = sequence.wrapping_sub(last);
    // Half of all numbers are ahead, the others behind.
    let rollovers = if ahead < 1 << 15 {
        rollovers + (sequence < last) as u64
    } else {
        rollovers.saturating_sub((sequence > last) as u64)
    };
    rollovers << 16 | sequence as u64
}

/// RFC 3711 asks for 64 at least; 2.5 s of packets is later than any network delivers.
const REACH: u64 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_follows_the_sequence_number_around() {
        for (newest, sequence, expected) in [
            (0, 1, 1),
            (65_535, 0, 65_536),
            (65_536, 65_535, 65_535),
            (65_530, 3, 65_539),
            (3 << 16 | 5, 65_530, 2 << 16 | 65_530),
            // Before the first rollover nothing can be older.
            (5, 65_530, 65_530),
        ] {
            assert_eq!(index(newest, sequence), expected, "{sequence} after {newest}");
        }
    }

    #[test]
    fn what_came_is_known_as_far_as_the_window_reaches() {
        let mut window = Window::new();
        for index in [10, 12, 300, 299, 298] {
            assert!(window.is_new(index), "{index}");
            window.accept(index);
            assert!(!window.is_new(index), "{index}");
        }
        assert!(window.is_new(297) && window.is_new(300 - 127) && window.is_new(301));
        assert!(!window.is_new(300 - 128) && !window.is_new(11), "too old to tell");
    }
}
