//! What a SQL Server in hostile hands might send: the answers to login and query, and to the question for an instance's port.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sluice_store_sqlserver::fuzz::answers(bytes));
