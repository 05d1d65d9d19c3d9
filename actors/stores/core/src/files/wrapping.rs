//! What files are wrapped in, a compression or an archive, for copies that unwrap them or wrap them.

use super::bytes::ByteReader;
use sluice_contract::Fault;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::runtime::Handle;

/// The bytes of a file, or of one member of an archive, from their beginning.
pub struct Inner<'a> {
    /// The member's path in the archive, with `/`, which leaves no folder; none for a file.
    pub name: Option<String>,
    /// For people: the file, and the member in it.
    pub label: String,
    /// The bytes. A store's fault travels inside of the [`io::Error`].
    pub bytes: Box<dyn Read + 'a>,
}

/// What is done with each of them; it may say that there are enough.
pub type Visit<'a> = dyn FnMut(Inner<'_>) -> Result<ControlFlow<()>, Fault> + 'a;

/// A compression or a kind of archive.
pub trait Wrapping: Send + Sync {
    /// What is put behind the names of files, with its dot.
    fn extension(&self) -> &'static str;

    /// Whether several files fit into one.
    fn is_archive(&self) -> bool;

    /// Whether the size of a file has to be known before its bytes are put in.
    fn needs_sizes(&self) -> bool {
        false
    }

    /// Visits what is inside of a file, one behind the other. For a thread that may block; holds a fixed number of bytes,
    /// whatever the file unpacks to.
    ///
    /// # Errors
    /// `SL6011` for a damaged file, the store's faults, and those of `visit`.
    fn unwrap(&self, file: Arc<dyn ByteReader>, handle: &Handle, visit: &mut Visit<'_>) -> Result<(), Fault>;

    /// What goes into `out`, wrapped. For a thread that may block.
    ///
    /// # Errors
    /// `SL9001` when it does not begin.
    fn wrap(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn Wrapper>, Fault>;
}

/// Bytes on their way into a wrapping.
pub trait Wrapper: Write + Send {
    /// The next member of an archive begins; `size`: its bytes. Does nothing outside of archives.
    ///
    /// # Errors
    /// When the bytes cannot be handed on, or the name does not fit.
    fn member(&mut self, _name: &str, _size: u64, _modified: Option<SystemTime>) -> io::Result<()> {
        Ok(())
    }

    /// Writes the end.
    ///
    /// # Errors
    /// When the bytes cannot be handed on.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
