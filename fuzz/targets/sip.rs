#![no_main]
//! See `callwright_sip::fuzzing::stream`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callwright_sip::fuzzing::stream(bytes));
