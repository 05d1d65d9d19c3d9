//! Tar archives: ustar with the extensions of GNU and POSIX that carry long names and sizes.
//!
//! The archive is read header by header with our own limits: names and extensions are held in memory, and an archive may claim
//! any length for them.

use super::names::checked;
use crate::fault;
use sluice_contract::Fault;
use sluice_store_core::files::wrapping::{Inner, Visit, Wrapper};
use std::io::{self, Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;
/// Longer names and extensions are refused.
const MOST_EXTENSION: u64 = 1 << 20;

/// What an extension says of the member behind it.
#[derive(Default)]
struct Told {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Visits the files of an archive.
pub(super) fn unwrap(mut bytes: Box<dyn Read + '_>, label: &str, visit: &mut Visit<'_>) -> Result<(), Fault> {
    let damaged = |why: &str| fault::data(label, format!("not a tar archive: {why}"));
    let failed = |error: io::Error| fault::of_io(label, &error);
    let mut told = Told::default();
    while let Some(header) = header(&mut bytes).map_err(failed)? {
        let size = told
            .size
            .take()
            .map_or_else(|| header.entry_size(), Ok)
            .map_err(failed)?;
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let kind = header.entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                if size > MOST_EXTENSION {
                    return Err(damaged("an extension is longer than 1 MiB"));
                }
                let mut extension = Vec::new();
                (&mut bytes).take(size).read_to_end(&mut extension).map_err(failed)?;
                if extension.len() as u64 != size {
                    return Err(damaged("it ends within an extension"));
                }
                skip(&mut bytes, padding).map_err(failed)?;
                match kind {
                    EntryType::GNULongName => {
                        let end = extension.iter().position(|byte| *byte == 0).unwrap_or(extension.len());
                        extension.truncate(end);
                        told.name = Some(extension);
                    }
                    _ => pax(&extension, &mut told).map_err(failed)?,
                }
                continue;
            }
            EntryType::Regular | EntryType::Continuous => {
                let name = told.name.take().unwrap_or_else(|| header.path_bytes().into_owned());
                // What old archivers wrote for a folder.
                if name.ends_with(b"/") {
                    skip(&mut bytes, size + padding).map_err(failed)?;
                    continue;
                }
                let name = checked(label, &name)?;
                let mut left = size;
                let inner = Inner {
                    label: format!("{label}!{name}"),
                    name: Some(name),
                    bytes: Box::new(Member {
                        bytes: &mut bytes,
                        left: &mut left,
                    }),
                };
                if visit(inner)?.is_break() {
                    return Ok(());
                }
                skip(&mut bytes, left + padding).map_err(failed)?;
            }
            EntryType::Directory | EntryType::XGlobalHeader => skip(&mut bytes, size + padding).map_err(failed)?,
            EntryType::Symlink | EntryType::Link => {
                let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
                return Err(fault::data(
                    label,
                    format!("the member {name:?} is a link, which is not followed"),
                ));
            }
            other => {
                let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
                return Err(fault::data(
                    label,
                    format!("the member {name:?} is no plain file ({:?})", other.as_byte() as char),
                ));
            }
        }
        told = Told::default();
    }
    Ok(())
}

/// The next header; none at the archive's end, which is a block of zeros or the end of the bytes.
fn header(bytes: &mut impl Read) -> io::Result<Option<Header>> {
    let mut block = [0; BLOCK];
    let mut read = 0;
    while read < BLOCK {
        match bytes.read(&mut block[read..])? {
            0 if read == 0 => return Ok(None),
            0 => return Err(invalid("not a tar archive: it ends within a header")),
            more => read += more,
        }
    }
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let header = Header::from_byte_slice(&block).clone();
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    if header.cksum()? != sum {
        return Err(invalid("not a tar archive: the checksum of a header is wrong"));
    }
    Ok(Some(header))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn pax(extension: &[u8], told: &mut Told) -> io::Result<()> {
    for record in PaxExtensions::new(extension) {
        let record = record?;
        match record.key_bytes() {
            b"path" => told.name = Some(record.value_bytes().to_vec()),
            b"size" => {
                let size = record.value().ok().and_then(|size| size.parse().ok());
                told.size = Some(size.ok_or_else(|| invalid("not a tar archive: a size is no number"))?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn skip(bytes: &mut impl Read, count: u64) -> io::Result<()> {
    match io::copy(&mut bytes.take(count), &mut io::sink())? {
        skipped if skipped == count => Ok(()),
        _ => Err(invalid("not a tar archive: it ends within a file")),
    }
}

/// The bytes of one member.
struct Member<'a, R> {
    bytes: &'a mut R,
    left: &'a mut u64,
}

impl<R: Read> Read for Member<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(*self.left).unwrap_or(usize::MAX).min(into.len());
        if most == 0 {
            return Ok(0);
        }
        match self.bytes.read(&mut into[..most])? {
            0 => Err(invalid("not a tar archive: it ends within a file")),
            read => {
                *self.left -= read as u64;
                Ok(read)
            }
        }
    }
}

/// An archive being written.
pub(super) struct TarFile {
    out: Box<dyn Wrapper>,
    /// Bytes of the member that are still to come, and its padding.
    left: u64,
    padding: u64,
}

impl TarFile {
    pub(super) fn new(out: Box<dyn Wrapper>) -> Self {
        Self {
            out,
            left: 0,
            padding: 0,
        }
    }

    fn end_member(&mut self) -> io::Result<()> {
        if self.left > 0 {
            return Err(invalid("a file has become shorter while it was put into an archive"));
        }
        let padding = usize::try_from(std::mem::take(&mut self.padding)).map_err(io::Error::other)?;
        self.out.write_all(&[0; BLOCK][..padding])
    }

    fn header(&mut self, kind: EntryType, name: &[u8], size: u64, modified: u64) -> io::Result<()> {
        let mut header = Header::new_gnu();
        let place = &mut header.as_old_mut().name;
        let fits = name.len().min(place.len());
        place[..fits].copy_from_slice(&name[..fits]);
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(modified);
        header.set_cksum();
        self.out.write_all(header.as_bytes())?;
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
        Ok(())
    }
}

impl Write for TarFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(invalid("a file has become longer while it was put into an archive"));
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Wrapper for TarFile {
    fn member(&mut self, name: &str, size: u64, modified: Option<SystemTime>) -> io::Result<()> {
        self.end_member()?;
        let modified = modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_secs());
        let name = name.as_bytes();
        if name.len() > 100 {
            self.header(EntryType::GNULongName, b"././@LongLink", name.len() as u64 + 1, 0)?;
            self.write_all(name)?;
            self.write_all(&[0])?;
            self.end_member()?;
        }
        self.header(EntryType::Regular, name, size, modified)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.end_member()?;
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.finish()
    }
}
