//! A key file that an administrator was handed. Password: `fuzz`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_agent::fuzz::key_file(bytes, "fuzz"));
