//! A door for the fuzzer in `tests/fuzz`; not there in any other build.

/// Reads a key file, which is a pair that belongs together or a fault.
pub fn key_file(bytes: &[u8], password: &str) {
    crate::keys::fuzz(bytes, password);
}
