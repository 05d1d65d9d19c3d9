//! Compression of whole files: what is inside of a file that is read, and what becomes of a file that is written.

use crate::blocks::Blocks;
use crate::bytes::ByteReader;
use crate::fault;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;

/// A dataset's `compressionCodec` or `compression`, with its level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Files are as they are.
    #[default]
    None,
}

impl Compression {
    /// Reads a dataset's `typeProperties`.
    ///
    /// # Errors
    /// `SL6013` for a codec that is not served.
    pub(crate) fn of(dataset: &Object) -> Result<Self, Fault> {
        match member(dataset, "compressionCodec") {
            None | Some(Value::Null) => Ok(Self::None),
            Some(Value::String(codec)) if codec.is_empty() || codec.eq_ignore_ascii_case("none") => Ok(Self::None),
            Some(codec) => Err(fault::property(format!("`compressionCodec` {codec} is not served"))),
        }
    }

    /// What is put behind a file's ending, with its dot.
    pub(crate) fn extension(&self) -> &'static str {
        ""
    }
}

/// The bytes of a file, or of one member of an archive, from their beginning.
pub(crate) struct Input<'a> {
    /// For people: the file, and the member in it.
    pub(crate) label: String,
    /// The bytes; [`fault::of_io`] reads its errors.
    pub(crate) bytes: Box<dyn Read + 'a>,
}

/// Visits what is inside of a file, one behind the other, until `visit` says enough. For a thread that may block.
///
/// # Errors
/// `SL6011` for a damaged file, the store's faults, and those of `visit`.
pub(crate) fn each(
    file: Arc<dyn ByteReader>,
    compression: &Compression,
    handle: &Handle,
    visit: &mut dyn FnMut(Input<'_>) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    let label = file.label().to_owned();
    match compression {
        Compression::None => {
            let bytes = Box::new(Blocks::new(file, handle.clone()));
            visit(Input { label, bytes }).map(drop)
        }
    }
}

/// Bytes on their way through a codec.
pub(crate) trait Output: Write + Send {
    /// Writes the codec's end.
    ///
    /// # Errors
    /// When the bytes cannot be handed on.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// What goes into `out`, compressed.
///
/// # Errors
/// `SL9001` when the codec does not begin.
pub(crate) fn output(out: Box<dyn Write + Send>, compression: &Compression) -> Result<Box<dyn Output>, Fault> {
    match compression {
        Compression::None => Ok(Box::new(Plain(out))),
    }
}

struct Plain(Box<dyn Write + Send>);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Output for Plain {
    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
