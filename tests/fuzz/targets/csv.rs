//! Delimited text in many dialects: the same records, in whatever pieces it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_store_formats::fuzz::delimited(bytes));
