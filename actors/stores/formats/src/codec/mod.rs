//! Compression of whole files: what is inside of a file that is read, and what becomes of a file that is written.
//!
//! Every codec reads and writes a stream with a fixed number of bytes in memory: how far a file unpacks does not matter, since
//! nothing is unpacked before it is asked for.

mod hadoop;
mod names;
mod seek;
mod stream;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use crate::blocks::Blocks;
use crate::bytes::ByteReader;
use crate::fault;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};
use sluice_store_core::files::wrapping::{Inner, Visit, Wrapper, Wrapping};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;

/// What files are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Codec {
    /// They are as they are.
    #[default]
    None,
    Gzip,
    /// Raw deflate, as .NET and ADF write it; with zlib's header it is read, too.
    Deflate,
    Bzip2,
    /// Hadoop's framing, as Spark and ADF's data flows write it; snappy's own framing is read, too.
    Snappy,
    /// LZ4's own frames; Hadoop's framing is read, too.
    Lz4,
    Zstd,
    Zip,
    Tar,
    TarGzip,
}

/// A dataset's `compressionCodec` or `compression`, with its level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compression {
    codec: Codec,
    /// `Fastest` rather than `Optimal`.
    fastest: bool,
    /// What a member of an archive is called that holds rows.
    member: String,
}

/// Files are as they are.
pub(crate) static NONE: Compression = Compression {
    codec: Codec::None,
    fastest: false,
    member: String::new(),
};

impl Compression {
    /// Reads a dataset's `typeProperties`: `compressionCodec` and `compressionLevel`, or `compression` with `type` and `level`.
    ///
    /// # Errors
    /// `SL6013` for a codec that is not served.
    pub(crate) fn of(dataset: &Object) -> Result<Self, Fault> {
        let compression = member(dataset, "compression");
        let (codec, level) = match compression {
            Some(Value::Object(compression)) => (text(compression, "type"), text(compression, "level")),
            Some(Value::String(codec)) => (Some(codec.as_str()), None),
            _ => (text(dataset, "compressionCodec"), text(dataset, "compressionLevel")),
        };
        let codec = codec.unwrap_or_default().trim();
        let served = [
            ("", Codec::None),
            ("none", Codec::None),
            ("gzip", Codec::Gzip),
            ("deflate", Codec::Deflate),
            ("bzip2", Codec::Bzip2),
            ("snappy", Codec::Snappy),
            ("lz4", Codec::Lz4),
            ("zstd", Codec::Zstd),
            ("zstandard", Codec::Zstd),
            ("ZipDeflate", Codec::Zip),
            ("zip", Codec::Zip),
            ("tar", Codec::Tar),
            ("TarGZip", Codec::TarGzip),
            ("tar.gz", Codec::TarGzip),
        ];
        let found = served.iter().find(|(name, _)| name.eq_ignore_ascii_case(codec));
        let (_, codec) = found.ok_or_else(|| {
            let names: Vec<&str> = served.iter().map(|(name, _)| *name).skip(1).collect();
            fault::property(format!(
                "the compression {codec:?} is not served; take one of {}",
                names.join(", ")
            ))
        })?;
        let fastest = match level.unwrap_or_default() {
            "" => false,
            level if level.eq_ignore_ascii_case("optimal") => false,
            level if level.eq_ignore_ascii_case("fastest") => true,
            level => {
                return Err(fault::property(format!(
                    "the compression level {level:?} is neither Optimal nor Fastest"
                )));
            }
        };
        let location = member(dataset, "location").and_then(Value::as_object);
        let file = location
            .and_then(|location| text(location, "fileName"))
            .unwrap_or_default();
        let mut found = Self {
            codec: *codec,
            fastest,
            member: String::new(),
        };
        found.member = names::within(file, found.extension());
        Ok(found)
    }

    /// Whether files are as they are.
    pub(crate) fn is_none(&self) -> bool {
        self.codec == Codec::None
    }

    /// What is put behind a file's ending, with its dot.
    pub(crate) fn extension(&self) -> &'static str {
        match self.codec {
            Codec::None => "",
            Codec::Gzip => ".gz",
            Codec::Deflate => ".deflate",
            Codec::Bzip2 => ".bz2",
            Codec::Snappy => ".snappy",
            Codec::Lz4 => ".lz4",
            Codec::Zstd => ".zst",
            Codec::Zip => ".zip",
            Codec::Tar => ".tar",
            Codec::TarGzip => ".tar.gz",
        }
    }
}

impl Wrapping for Compression {
    fn extension(&self) -> &'static str {
        Self::extension(self)
    }

    fn is_archive(&self) -> bool {
        matches!(self.codec, Codec::Zip | Codec::Tar | Codec::TarGzip)
    }

    fn needs_sizes(&self) -> bool {
        matches!(self.codec, Codec::Tar | Codec::TarGzip)
    }

    fn unwrap(&self, file: Arc<dyn ByteReader>, handle: &Handle, visit: &mut Visit<'_>) -> Result<(), Fault> {
        let label = file.label().to_owned();
        if self.codec == Codec::Zip {
            return zip::unwrap(file, handle, visit);
        }
        let blocks = Blocks::new(file, handle.clone());
        match self.codec {
            Codec::Tar => tar::unwrap(Box::new(blocks), &label, visit),
            Codec::TarGzip => tar::unwrap(stream::decoder(Codec::Gzip, blocks, &label)?, &label, visit),
            codec => {
                let bytes = stream::decoder(codec, blocks, &label)?;
                let inner = Inner {
                    name: None,
                    label,
                    bytes,
                };
                visit(inner).map(drop)
            }
        }
    }

    fn wrap(&self, out: Box<dyn Write + Send>) -> Result<Box<dyn Wrapper>, Fault> {
        Ok(match self.codec {
            Codec::Zip => Box::new(zip::ZipFile::new(out, self.fastest)),
            Codec::Tar => Box::new(tar::TarFile::new(stream::encoder(Codec::None, out, self.fastest)?)),
            Codec::TarGzip => Box::new(tar::TarFile::new(stream::encoder(Codec::Gzip, out, self.fastest)?)),
            codec => stream::encoder(codec, out, self.fastest)?,
        })
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
    compression.unwrap(file, handle, &mut |inner| {
        visit(Input {
            label: inner.label,
            bytes: inner.bytes,
        })
    })
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
/// `SL9001` when the codec does not begin; `SL6013` for archives that name the size of a file before its bytes.
pub(crate) fn output(out: Box<dyn Write + Send>, compression: &Compression) -> Result<Box<dyn Output>, Fault> {
    if matches!(compression.codec, Codec::Tar | Codec::TarGzip) {
        return Err(fault::property(
            "rows are not written into tar archives, which name a file's size before its bytes; take gzip, zstd or ZipDeflate",
        ));
    }
    let mut wrapper = compression.wrap(out)?;
    wrapper.member(&compression.member, 0, None).map_err(fault::internal)?;
    Ok(Box::new(Wrapped(wrapper)))
}

struct Wrapped(Box<dyn Wrapper>);

impl Write for Wrapped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Output for Wrapped {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()
    }
}
