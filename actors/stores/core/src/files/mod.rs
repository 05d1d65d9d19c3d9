//! Stores of files: what they do, and which files a dataset names.
//!
//! A store of files implements [`ByteStore`]. The formats crate makes sources and sinks of rows of it; the copy moves files
//! from one to another as they are.

pub mod bytes;
pub mod location;

pub use bytes::{ByteReader, ByteStage, ByteStore, Entry, Published, Target};
pub use location::Location;
