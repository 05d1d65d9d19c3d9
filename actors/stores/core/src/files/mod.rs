//! Stores of files: what they do, and which files a dataset names.
//!
//! A store of files implements [`ByteStore`]. The formats crate makes sources and sinks of rows of it; the copy moves files
//! from one to another as they are.

pub mod attributes;
pub mod bytes;
pub mod choose;
pub mod guard;
mod list;
pub mod location;
pub mod partition;
pub mod pattern;
pub mod selection;
pub mod watched;
pub mod wrapping;

pub use attributes::{Attributes, Copied};
pub use bytes::{ByteReader, ByteStage, ByteStore, Child, Entry, Folder, Published, Target};
pub use choose::{Chosen, Take};
pub use guard::Guarded;
pub use location::Location;
pub use partition::Column;
pub use selection::Selection;
pub use watched::{Gathered, Watched};
pub use wrapping::{Inner, Wrapper, Wrapping};
