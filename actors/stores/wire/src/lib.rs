//! What stores share that speak a server's own protocol: TLS as the server's modes ask for it, and the values of Arrow arrays,
//! one by one.

pub mod cell;
mod roots;
pub mod tls;
mod verify;

/// Bytes of a batch that stays in the processor's cache on its way through decoding, hashing and encoding, about. Larger ones are no
/// faster, and several of them are in memory for every worker.
pub const BATCH_BYTES: usize = 1 << 20;
