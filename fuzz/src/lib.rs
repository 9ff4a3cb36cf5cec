//! What chance sends to the parsers, guided by what of their code it reaches.
//!
//! The properties that must hold stand beside what they are about: `fuzzing.rs` of `callwright-sip`, `callwright-call-core` and
//! `callwright-rtp-core`. `targets/` hands them to libFuzzer, `scripts/fuzz` builds and runs it, and `corpus/` keeps inputs that
//! reach different places; the tests of the three crates replay them.
