//! Codecs of one stream of bytes.

use super::{Codec, hadoop};
use crate::fault;
use bzip2::read::MultiBzDecoder;
use bzip2::write::BzEncoder;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder};
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use sluice_contract::Fault;
use sluice_store_core::files::wrapping::Wrapper;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Bytes taken from the store's block at a time.
const BUFFER: usize = 64 << 10;
/// The largest window of a zstd frame, as a power of two: what `zstd` itself takes unasked.
const ZSTD_WINDOW: u32 = 27;

const SNAPPY_FRAMES: &[u8] = b"\xff\x06\x00\x00sNaPpY";
const LZ4_FRAME: &[u8] = &[0x04, 0x22, 0x4d, 0x18];

/// What is inside of a stream.
pub(super) fn decoder<'a>(codec: Codec, bytes: impl Read + 'a, label: &str) -> Result<Box<dyn Read + 'a>, Fault> {
    if codec == Codec::None {
        return Ok(Box::new(bytes));
    }
    let mut bytes = BufReader::with_capacity(BUFFER, bytes);
    let damaged = |error: io::Error| fault::of_io(label, &error);
    if bytes.fill_buf().map_err(damaged)?.is_empty() {
        // An empty file holds nothing, compressed or not.
        return Ok(Box::new(io::empty()));
    }
    let start = first(&mut bytes, SNAPPY_FRAMES.len()).map_err(damaged)?;
    let begins = |with: &[u8]| start.starts_with(with);
    if let Some((magic, name)) = magic(codec)
        && !begins(magic)
    {
        let found: Vec<String> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return Err(fault::data(
            label,
            format!(
                "byte 1: the file is not compressed with {name}: it begins with {} and not with {}. Take the compression out of \
                 the dataset if the file has none, or name the one that it has",
                found.join(" "),
                magic
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
        ));
    }
    let bytes = io::Cursor::new(start.clone()).chain(bytes);
    Ok(match codec {
        Codec::Gzip => Box::new(MultiGzDecoder::new(bytes)),
        Codec::Deflate if is_zlib(&start) => Box::new(ZlibDecoder::new(bytes)),
        Codec::Deflate => Box::new(DeflateDecoder::new(bytes)),
        Codec::Bzip2 => Box::new(MultiBzDecoder::new(bytes)),
        Codec::Snappy if begins(SNAPPY_FRAMES) => Box::new(snap::read::FrameDecoder::new(bytes)),
        Codec::Snappy => Box::new(hadoop::Decoder::new(bytes, hadoop::Kind::Snappy)),
        Codec::Lz4 if begins(LZ4_FRAME) => Box::new(Lz4Frames::new(bytes)),
        Codec::Lz4 => Box::new(hadoop::Decoder::new(bytes, hadoop::Kind::Lz4)),
        Codec::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(damaged)?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(damaged)?;
            Box::new(decoder)
        }
        Codec::None | Codec::Zip | Codec::Tar | Codec::TarGzip => Box::new(bytes),
    })
}

/// What every stream of a codec begins with, where there is such a thing, and the codec's name.
fn magic(codec: Codec) -> Option<(&'static [u8], &'static str)> {
    match codec {
        Codec::Gzip | Codec::TarGzip => Some((&[0x1f, 0x8b], "gzip")),
        Codec::Bzip2 => Some((b"BZh", "bzip2")),
        _ => None,
    }
}

/// The first bytes of a stream, as many as there are.
fn first(bytes: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(most);
    bytes.take(most as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Whether deflate comes with zlib's header. Raw deflate could begin so only with a stored block whose padding is not zero, which
/// nobody writes.
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [method, flags, ..] => {
            let check = u16::from(*method) << 8 | u16::from(*flags);
            method & 0x0f == 8 && (0x10..=0x70).contains(&(method & 0xf0)) && check % 31 == 0
        }
        _ => false,
    }
}

/// Frame after frame.
struct Lz4Frames<R: Read> {
    frames: FrameDecoder<Watched<R>>,
    /// Whether a frame has begun and not ended.
    within: bool,
}

impl<R: BufRead> Lz4Frames<R> {
    fn new(bytes: R) -> Self {
        Self {
            frames: FrameDecoder::new(Watched { bytes, over: false }),
            within: false,
        }
    }
}

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within && self.frames.get_mut().bytes.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.within = true;
            let read = self.frames.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            // No bytes: the frame has ended, and another may follow. The decoder says the same of a file that is cut between two
            // blocks; a frame's own end is read without asking for more.
            if self.frames.get_ref().over {
                let text = "the file ends within a frame";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            self.within = false;
        }
    }
}

/// Bytes, and whether somebody asked for more than there are.
struct Watched<R> {
    bytes: R,
    over: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.over |= read == 0 && !into.is_empty();
        Ok(read)
    }
}

/// A stream that is made of what is written.
pub(super) fn encoder(codec: Codec, out: Box<dyn Write + Send>, fastest: bool) -> Result<Box<dyn Wrapper>, Fault> {
    let deflate = if fastest {
        flate2::Compression::fast()
    } else {
        flate2::Compression::default()
    };
    let bzip2 = if fastest {
        bzip2::Compression::fast()
    } else {
        bzip2::Compression::default()
    };
    Ok(match codec {
        Codec::Gzip => Box::new(Stream(GzEncoder::new(out, deflate), |encoder| {
            encoder.finish().map(drop)
        })),
        Codec::Deflate => Box::new(Stream(DeflateEncoder::new(out, deflate), |encoder| {
            encoder.finish().map(drop)
        })),
        Codec::Bzip2 => Box::new(Stream(BzEncoder::new(out, bzip2), |encoder| encoder.finish().map(drop))),
        Codec::Snappy => Box::new(Stream(hadoop::Encoder::new(out), |encoder| encoder.finish())),
        Codec::Lz4 => {
            let finish = |encoder: FrameEncoder<_>| encoder.finish().map(drop).map_err(io::Error::other);
            Box::new(Stream(FrameEncoder::new(out), finish))
        }
        Codec::Zstd => {
            let encoder = zstd::stream::write::Encoder::new(out, if fastest { 1 } else { 0 });
            Box::new(Stream(encoder.map_err(fault::internal)?, |encoder| {
                encoder.finish().map(drop)
            }))
        }
        Codec::None | Codec::Zip | Codec::Tar | Codec::TarGzip => Box::new(Stream(out, |_| Ok(()))),
    })
}

/// An encoder, and how it ends.
struct Stream<E>(E, fn(E) -> io::Result<()>);

impl<E: Write> Write for Stream<E> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<E: Write + Send> Wrapper for Stream<E> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (self.1)(self.0)
    }
}
