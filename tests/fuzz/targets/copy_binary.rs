//! PostgreSQL's binary COPY as a server in hostile hands might send it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_store_postgres::fuzz::copy(bytes));
