//! Sealing credentials.
