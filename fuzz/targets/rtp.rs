#![no_main]
//! See `callwright_rtp_core::fuzzing::rtp`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callwright_rtp_core::fuzzing::rtp(bytes));
