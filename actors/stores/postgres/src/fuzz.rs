//! A door for the fuzzer in `tests/fuzz`; not there in any other build.

/// Decodes a COPY stream, as a whole and in pieces; both give the same rows, or a fault.
pub fn copy(bytes: &[u8]) {
    crate::wire::fuzz::copy(bytes);
}
