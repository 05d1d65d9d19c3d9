//! A door for the fuzzer in `tests/fuzz`; not there in any other build.

/// Takes delimited text apart, as a whole and in pieces; both give the same records.
pub fn delimited(bytes: &[u8]) {
    crate::delimited::fuzz::records(bytes);
}
