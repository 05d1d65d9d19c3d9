//! Zip archives.

use super::names::checked;
use super::seek::Anywhere;
use crate::bytes::ByteReader;
use crate::fault;
use sluice_contract::Fault;
use sluice_store_core::files::wrapping::{Inner, Visit, Wrapper};
use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::runtime::Handle;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Files of this size and more need zip's 64-bit form, which is written from the beginning on.
const LARGE: u64 = u32::MAX as u64;

/// Visits the files of an archive in the order of its directory. The directory is held in memory, the files are not.
pub(super) fn unwrap(file: Arc<dyn ByteReader>, handle: &Handle, visit: &mut Visit<'_>) -> Result<(), Fault> {
    let label = file.label().to_owned();
    let failed = |error: ZipError| of_zip(&label, error);
    let mut archive = ZipArchive::new(Anywhere::new(file, handle.clone())).map_err(failed)?;
    if archive.has_duplicate_names() {
        return Err(fault::data(&label, "two members of the archive have the same name"));
    }
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(failed)?;
        if member.is_dir() {
            continue;
        }
        let name = checked(&label, member.name_raw())?;
        if member.is_symlink() {
            return Err(fault::data(
                &label,
                format!("the member {name:?} is a link, which is not followed"),
            ));
        }
        let inner = Inner {
            label: format!("{label}!{name}"),
            name: Some(name),
            bytes: Box::new(member),
        };
        if visit(inner)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn of_zip(label: &str, error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => fault::of_io(label, &error),
        error => match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(source) => fault::of_io(label, source),
            None => fault::data(label, error),
        },
    }
}

/// An archive being written. Sizes and checksums stand behind each member, so that nothing is held back.
pub(super) struct ZipFile {
    out: ZipWriter<StreamWriter<Box<dyn Write + Send>>>,
    options: SimpleFileOptions,
}

impl ZipFile {
    pub(super) fn new(out: Box<dyn Write + Send>, fastest: bool) -> Self {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        Self {
            out: ZipWriter::new_stream(out),
            options: options.compression_level(fastest.then_some(1)),
        }
    }
}

impl Write for ZipFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wrapper for ZipFile {
    fn member(&mut self, name: &str, size: u64, _modified: Option<std::time::SystemTime>) -> io::Result<()> {
        // No size is told of rows; they may be many.
        let options = self.options.large_file(size == 0 || size >= LARGE);
        self.out.start_file(name, options).map_err(io::Error::other)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.finish().map(drop).map_err(io::Error::other)
    }
}
