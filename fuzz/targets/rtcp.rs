#![no_main]
//! See `callwright_rtp_core::fuzzing::rtcp`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callwright_rtp_core::fuzzing::rtcp(bytes));
