//! Chance from a seed: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), which every machine computes
//! alike.

/// A sequence of lots.
#[derive(Debug, Clone)]
pub(super) struct Lot(u64);

impl Lot {
    /// The sequence of a seed and the names of what it is for.
    pub(super) fn new(seed: u64, of: &[&str]) -> Self {
        let mut lot = Self(seed);
        for byte in of.iter().flat_map(|name| name.bytes().chain([0])) {
            lot.0 = lot.next() ^ u64::from(byte);
        }
        lot
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a number, evenly; 0 of 0.
    pub(super) fn below(&mut self, number: usize) -> usize {
        // A bias of less than one in 2^50 for the few things that are drawn here.
        if number == 0 { 0 } else { (self.next() % number as u64) as usize }
    }

    /// From 0 to 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens so often, from 0 to 1.
    pub(super) fn happens(&mut self, often: f64) -> bool {
        self.share() < often
    }

    /// One of them.
    pub(super) fn one<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }
}
