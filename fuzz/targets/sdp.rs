#![no_main]
//! See `callwright_call_core::fuzzing::sdp`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callwright_call_core::fuzzing::sdp(bytes));
