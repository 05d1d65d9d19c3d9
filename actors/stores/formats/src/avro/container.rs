//! Avro's container files: a header with the schema, then blocks of records between markers.

use crate::codec::Input;
use crate::fault;
use sluice_contract::Fault;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};

/// A block, or the header's metadata, is refused when it is larger, packed or unpacked.
const BLOCK_MAX: usize = 128 << 20;
/// Entries of the header's metadata.
const METADATA_MAX: u64 = 4096;
/// A block of records that take no bytes is refused when it counts more.
const EMPTY_MAX: u64 = 1 << 20;

/// How blocks are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Deflate,
    Snappy,
    Zstd,
    Bzip2,
}

/// Reads a file's blocks in order.
pub(super) struct Container<'a> {
    label: String,
    input: BufReader<Box<dyn Read + 'a>>,
    /// The schema, as JSON.
    pub(super) schema: String,
    packing: Packing,
    marker: [u8; 16],
    /// Blocks so far.
    number: u64,
    packed: Vec<u8>,
    data: Vec<u8>,
}

/// Records between two markers.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    file: &'b str,
    number: u64,
    /// How many records.
    pub(super) count: u64,
    /// Their bytes.
    pub(super) data: &'b [u8],
}

impl Block<'_> {
    /// A fault of this block.
    pub(super) fn fault(&self, why: impl Display) -> Fault {
        fault::data(self.file, format!("block {}: {why}", self.number))
    }
}

impl<'a> Container<'a> {
    /// Reads the header; none when the file holds nothing at all.
    pub(super) fn begin(input: Input<'a>) -> Result<Option<Self>, Fault> {
        let mut container = Self {
            label: input.label,
            input: BufReader::with_capacity(256 << 10, input.bytes),
            schema: String::new(),
            packing: Packing::None,
            marker: [0; 16],
            number: 0,
            packed: Vec::new(),
            data: Vec::new(),
        };
        if container.at_end()? {
            return Ok(None);
        }
        let mut magic = [0; 4];
        container.exact(&mut magic)?;
        if &magic != b"Obj\x01" {
            return Err(container.fault("it does not begin as an Avro file"));
        }
        container.metadata()?;
        let mut marker = [0; 16];
        container.exact(&mut marker)?;
        container.marker = marker;
        if container.schema.is_empty() {
            return Err(container.fault("its header has no schema"));
        }
        Ok(Some(container))
    }

    /// The next block.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Fault> {
        let Some((count, size)) = self.block()? else {
            return Ok(None);
        };
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        // Grows with what is there, not with what is said.
        let read = (&mut self.input).take(size as u64).read_to_end(&mut packed);
        let read = read.map_err(|error| fault::of_io(&self.label, &error))?;
        if read < size {
            return Err(self.fault("the file ends inside of it"));
        }
        self.end_of_block()?;
        if self.packing == Packing::None {
            std::mem::swap(&mut self.data, &mut packed);
        } else {
            let mut data = std::mem::take(&mut self.data);
            data.clear();
            let unpacked = unpack(self.packing, &packed, &mut data);
            unpacked.map_err(|why| self.fault(why))?;
            self.data = data;
        }
        self.packed = packed;
        if self.data.is_empty() && count > EMPTY_MAX {
            return Err(self.fault(format!("it counts {count} records and holds no bytes")));
        }
        Ok(Some(Block {
            file: &self.label,
            number: self.number,
            count,
            data: &self.data,
        }))
    }

    /// Passes over the next block; how many records it counts.
    pub(super) fn skip(&mut self) -> Result<Option<u64>, Fault> {
        let Some((count, size)) = self.block()? else {
            return Ok(None);
        };
        let skipped = std::io::copy(&mut (&mut self.input).take(size as u64), &mut std::io::sink());
        let skipped = skipped.map_err(|error| fault::of_io(&self.label, &error))?;
        if skipped < size as u64 {
            return Err(self.fault("the file ends inside of it"));
        }
        self.end_of_block()?;
        Ok(Some(count))
    }

    /// A fault of the block read last.
    pub(super) fn fault(&self, why: impl Display) -> Fault {
        match self.number {
            0 => fault::data(&self.label, why),
            number => fault::data(&self.label, format!("block {number}: {why}")),
        }
    }

    /// Count and size of the next block.
    fn block(&mut self) -> Result<Option<(u64, usize)>, Fault> {
        if self.at_end()? {
            return Ok(None);
        }
        self.number += 1;
        let count = self.long()?;
        let count = u64::try_from(count).map_err(|_| self.fault("it counts less than no records"))?;
        let size = self.size()?;
        Ok(Some((count, size)))
    }

    fn end_of_block(&mut self) -> Result<(), Fault> {
        let mut marker = [0; 16];
        self.exact(&mut marker)?;
        match marker == self.marker {
            true => Ok(()),
            false => Err(self.fault("the marker behind it is not the file's")),
        }
    }

    fn metadata(&mut self) -> Result<(), Fault> {
        let mut entries = 0;
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // Then the size of the entries follows, for those who pass over them.
                count = count.saturating_neg();
                self.long()?;
            }
            for _ in 0..count {
                entries += 1;
                if entries > METADATA_MAX {
                    return Err(self.fault("its header has too many entries"));
                }
                let (key, value) = (self.bytes()?, self.bytes()?);
                match key.as_slice() {
                    b"avro.schema" => {
                        let schema = String::from_utf8(value);
                        self.schema = schema.map_err(|_| self.fault("its schema is not UTF-8"))?;
                    }
                    b"avro.codec" => self.packing = self.named(&value)?,
                    _ => {}
                }
            }
        }
    }

    fn named(&self, codec: &[u8]) -> Result<Packing, Fault> {
        Ok(match codec {
            b"" | b"null" => Packing::None,
            b"deflate" => Packing::Deflate,
            b"snappy" => Packing::Snappy,
            b"zstandard" => Packing::Zstd,
            b"bzip2" => Packing::Bzip2,
            other => {
                let name = String::from_utf8_lossy(other);
                return Err(self.fault(format!(
                    "its codec {name:?} is not served; null, deflate, snappy, zstandard and bzip2 are"
                )));
            }
        })
    }

    fn at_end(&mut self) -> Result<bool, Fault> {
        let rest = self.input.fill_buf();
        Ok(rest.map_err(|error| fault::of_io(&self.label, &error))?.is_empty())
    }

    fn exact(&mut self, into: &mut [u8]) -> Result<(), Fault> {
        self.input.read_exact(into).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.fault("the file ends too early"),
            _ => fault::of_io(&self.label, &error),
        })
    }

    /// A whole number, zigzag in seven bits for each byte.
    fn long(&mut self) -> Result<i64, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.exact(&mut byte)?;
            value |= u64::from(byte[0] & 0x7F) << shift;
            if byte[0] < 0x80 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(self.fault("a number does not end"))
    }

    fn size(&mut self) -> Result<usize, Fault> {
        let size = self.long()?;
        let fits = usize::try_from(size).ok().filter(|size| *size <= BLOCK_MAX);
        fits.ok_or_else(|| {
            self.fault(format!(
                "{size} bytes are more than the {} MiB that are served",
                BLOCK_MAX >> 20
            ))
        })
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Fault> {
        let size = self.size()?;
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(size as u64).read_to_end(&mut bytes);
        match read.map_err(|error| fault::of_io(&self.label, &error))? == size {
            true => Ok(bytes),
            false => Err(self.fault("the file ends too early")),
        }
    }
}

/// Unpacks a block, up to [`BLOCK_MAX`].
fn unpack(packing: Packing, packed: &[u8], data: &mut Vec<u8>) -> Result<(), String> {
    const LARGE: &str = "it unpacks to more than 128 MiB";
    let read: Box<dyn Read + '_> = match packing {
        Packing::None => Box::new(packed),
        Packing::Deflate => Box::new(flate2::read::DeflateDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(packed).map_err(|error| error.to_string())?),
        Packing::Bzip2 => Box::new(bzip2::read::BzDecoder::new(packed)),
        Packing::Snappy => {
            let (packed, sum) = packed.split_last_chunk::<4>().ok_or("it is too short")?;
            let length = snap::raw::decompress_len(packed).map_err(|error| error.to_string())?;
            if length > BLOCK_MAX {
                return Err(LARGE.to_owned());
            }
            data.resize(length, 0);
            let unpacked = snap::raw::Decoder::new().decompress(packed, data);
            unpacked.map_err(|error| error.to_string())?;
            let mut crc = flate2::Crc::new();
            crc.update(data);
            return match crc.sum().to_be_bytes() == *sum {
                true => Ok(()),
                false => Err("its checksum is another".to_owned()),
            };
        }
    };
    let read = read.take(BLOCK_MAX as u64 + 1).read_to_end(data);
    match read.map_err(|error| format!("it does not unpack: {error}"))? > BLOCK_MAX {
        true => Err(LARGE.to_owned()),
        false => Ok(()),
    }
}
