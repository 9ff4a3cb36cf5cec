//! What is drawn by lot. The standard library seeds its hashers from the system's generator.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// 64 random bits.
fn draw() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 128 random bits, as 32 hexadecimal digits.
pub(crate) fn id() -> String {
    format!("{:016x}{:016x}", draw(), draw())
}

/// 128 random bits.
pub(crate) fn salt() -> Vec<u8> {
    [draw(), draw()].iter().flat_map(|bits| bits.to_be_bytes()).collect()
}
