//! What is decided about trunks: which one a number goes by ([`Routes`]), how numbers are written ([`NumberPlan`]), how many
//! calls one takes ([`CallLimits`]), whether it lives ([`Keepalive`]) and whether we are known to it ([`Registration`]).
//!
//! # How it is driven
//!
//! [`Keepalive`] and [`Registration`] are machines with the four verbs: a fact with its time goes in, [`Keepalive::poll_output`]
//! is drained to `None` after each, and `handle_timeout` is called when `poll_timeout` says. Randomness is the seed given to
//! `new`. The rest are values that answer.
//!
//! # What always holds
//!
//! Neither machine has more than one request under way, and each state has a timer or waits for the answer of that one, which the
//! shell owes in every case. A registrar that refuses us is asked ever more rarely, never in a loop.

mod keepalive;
mod limits;
mod number;
mod registration;
mod routes;

pub use keepalive::{Health, Keepalive, KeepaliveConfig, KeepaliveOutput};
pub use limits::{CallLimits, LimitReached};
pub use number::{NumberPattern, NumberPatternError, NumberPlan, dialled, is_number};
pub use registration::{
    Registration, RegistrationAnswer, RegistrationConfig, RegistrationOutput, RegistrationState,
};
pub use routes::{Route, Routed, Routes};

/// A share of a length, from `least` to 1, so that many gateways do not ask in step. `seed` moves on (SplitMix64).
fn jittered(length: std::time::Duration, least: f64, seed: &mut u64) -> std::time::Duration {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let share = f64::from((mixed >> 40) as u32) / f64::from(1_u32 << 24);
    length.mul_f64(least + (1.0 - least) * share)
}
