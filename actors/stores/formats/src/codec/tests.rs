use super::*;
use bytes::Bytes;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use serde_json::json;
use sluice_contract::Code;
use std::sync::Mutex;

struct Memory(Bytes);

#[async_trait::async_trait]
impl ByteReader for Memory {
    fn label(&self) -> &str {
        "x"
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes, Fault> {
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const STREAMS: &[&str] = &["none", "gzip", "Deflate", "BZIP2", "snappy", "lz4", "zstd"];
const ARCHIVES: &[&str] = &["ZipDeflate", "tar", "TarGZip"];

fn of(codec: &str) -> Compression {
    Compression::of(
        json!({"compression": {"type": codec, "level": "Fastest"}})
            .as_object()
            .unwrap(),
    )
    .unwrap()
}

fn pack(codec: &str, members: &[(&str, &[u8])]) -> Vec<u8> {
    let out = Out::default();
    let mut wrapper = of(codec).wrap(Box::new(out.clone())).unwrap();
    for (name, bytes) in members {
        wrapper.member(name, bytes.len() as u64, None).unwrap();
        wrapper.write_all(bytes).unwrap();
    }
    wrapper.finish().unwrap();
    std::mem::take(&mut *out.0.lock().unwrap())
}

/// Names and contents.
fn unpack(codec: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let mut found = Vec::new();
    of(codec).unwrap(Arc::new(Memory(bytes.into())), runtime.handle(), &mut |mut inner| {
        let mut content = Vec::new();
        inner
            .bytes
            .read_to_end(&mut content)
            .map_err(|error| fault::of_io(&inner.label, &error))?;
        found.push((inner.name.unwrap_or_default(), content));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn noise(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 50)) as u8)
        .collect()
}

#[test]
fn streams_come_back() {
    for codec in STREAMS {
        for length in [0, 1, 100, 3_000_000] {
            let content = noise(length);
            let packed = pack(codec, &[("", &content)]);
            let found = unpack(codec, packed.clone()).unwrap();
            assert_eq!(found.len(), 1);
            assert!(found[0].1 == content, "{codec} {length}");
            if length > 100 && *codec != "none" {
                let cut = unpack(codec, packed[..packed.len() / 2].to_vec()).unwrap_err();
                assert_eq!(cut.code, Code::DataInvalid, "{codec}: {cut}");
                assert!(unpack(codec, noise(2000)).is_err(), "{codec}");
                // As `cat` makes them.
                if !matches!(*codec, "Deflate") {
                    let twice = unpack(codec, [packed.clone(), packed].concat()).unwrap();
                    assert_eq!(twice[0].1.len(), 2 * length, "{codec}");
                }
            }
        }
        assert_eq!(unpack(codec, Vec::new()).unwrap()[0].1, b"");
    }
}

#[test]
fn frames_that_are_cut_between_two_blocks_are_not_the_whole_file() {
    let content = noise(300_000);
    let blocks = FrameInfo::new().block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(blocks, Vec::new());
    encoder.write_all(&content).unwrap();
    let packed = encoder.finish().unwrap();
    // A head of seven bytes, and blocks behind their lengths, whose highest bit says that one is not compressed.
    let (mut ends, mut at) = (vec![4], 7);
    while at < packed.len() - 4 {
        ends.push(at);
        let length = u32::from_le_bytes(packed[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        at += 4 + length as usize;
    }
    assert!(ends.len() > 4 && at == packed.len() - 4, "{ends:?}");
    for end in ends.into_iter().chain([at, at + 2]) {
        let cut = unpack("lz4", packed[..end].to_vec()).unwrap_err();
        assert_eq!(cut.code, Code::DataInvalid, "{end}: {cut}");
    }
    assert!(unpack("lz4", packed).unwrap()[0].1 == content);
}

#[test]
fn other_framings_are_read() {
    let content = noise(500_000);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
    zlib.write_all(&content).unwrap();
    assert!(unpack("deflate", zlib.finish().unwrap()).unwrap()[0].1 == content);
    let mut snappy = snap::write::FrameEncoder::new(Vec::new());
    snappy.write_all(&content).unwrap();
    assert!(unpack("snappy", snappy.into_inner().unwrap()).unwrap()[0].1 == content);
    // Hadoop's LZ4: two blocks, the second of two chunks.
    let mut blocks = Vec::new();
    let mut put = |length: usize, chunks: &[&[u8]]| {
        blocks.extend((length as u32).to_be_bytes());
        for chunk in chunks {
            let packed = lz4_flex::block::compress(chunk);
            blocks.extend((packed.len() as u32).to_be_bytes());
            blocks.extend(packed);
        }
    };
    put(200_000, &[&content[..200_000]]);
    put(300_000, &[&content[200_000..400_000], &content[400_000..]]);
    assert!(unpack("lz4", blocks).unwrap()[0].1 == content);
}

#[test]
fn archives_come_back() {
    let long = format!("{}/x.csv", "folder".repeat(40));
    let content = noise(700_000);
    for codec in ARCHIVES {
        let packed = pack(codec, &[("a.csv", b"1"), ("b/empty", b""), (&long, &content)]);
        let found = unpack(codec, packed.clone()).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.csv", "b/empty", &long], "{codec}");
        assert!(
            found[0].1 == b"1" && found[1].1.is_empty() && found[2].1 == content,
            "{codec}"
        );
        let cut = unpack(codec, packed[..packed.len() / 2].to_vec()).unwrap_err();
        assert_eq!(cut.code, Code::DataInvalid, "{codec}: {cut}");
        assert_eq!(
            unpack(codec, noise(2000)).unwrap_err().code,
            Code::DataInvalid,
            "{codec}"
        );
        assert!(unpack(codec, pack(codec, &[])).unwrap().is_empty());
    }
}

#[test]
fn members_do_not_leave_their_folder() {
    for codec in ARCHIVES {
        for name in ["../x", "a/../../x", "/etc/passwd", "a\\b", "c:/x", ".."] {
            let fault = unpack(codec, pack(codec, &[(name, b"x")])).unwrap_err();
            assert_eq!(fault.code, Code::PermissionDenied, "{codec} {name}");
        }
    }
    let mut link = ::tar::Header::new_gnu();
    link.set_entry_type(::tar::EntryType::Symlink);
    link.set_path("x").unwrap();
    link.set_link_name("/etc/passwd").unwrap();
    link.set_size(0);
    link.set_cksum();
    assert_eq!(
        unpack("tar", link.as_bytes().to_vec()).unwrap_err().code,
        Code::DataInvalid
    );
}

#[test]
fn claims_of_lengths_are_not_believed() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    // A bomb of 1 GB in 1 MB: what is read of it is what is asked for.
    let zeros = vec![0; 1 << 20];
    for codec in ["gzip", "zstd", "bzip2"] {
        let out = Out::default();
        let mut wrapper = of(codec).wrap(Box::new(out.clone())).unwrap();
        for _ in 0..64 {
            wrapper.write_all(&zeros).unwrap();
        }
        wrapper.finish().unwrap();
        let bytes = std::mem::take(&mut *out.0.lock().unwrap());
        assert!(bytes.len() < 1 << 20);
        of(codec)
            .unwrap(Arc::new(Memory(bytes.into())), runtime.handle(), &mut |mut inner| {
                let mut some = [1; 1000];
                inner.bytes.read_exact(&mut some).unwrap();
                assert_eq!(some, [0; 1000]);
                Ok(ControlFlow::Break(()))
            })
            .unwrap();
    }
    // A name of 8 GB, a block of 4 GB.
    let mut name = ::tar::Header::new_gnu();
    name.set_entry_type(::tar::EntryType::GNULongName);
    name.set_size(8 << 30);
    name.set_cksum();
    assert_eq!(
        unpack("tar", name.as_bytes().to_vec()).unwrap_err().code,
        Code::DataInvalid
    );
    assert_eq!(unpack("snappy", vec![0xfe; 100]).unwrap_err().code, Code::DataInvalid);
}

#[test]
fn datasets_name_codecs() {
    let read = |dataset: serde_json::Value| Compression::of(dataset.as_object().unwrap());
    assert!(read(json!({})).unwrap().is_none());
    let zip = read(json!({"compressionCodec": "ZipDeflate", "location": {"fileName": "rows.CSV.zip"}})).unwrap();
    assert_eq!((zip.extension(), zip.member.as_str()), (".zip", "rows.CSV"));
    assert_eq!(
        read(json!({"compressionCodec": "lzo"})).unwrap_err().code,
        Code::PropertyMissing
    );
    assert_eq!(
        read(json!({"compressionCodec": "gzip", "compressionLevel": "most"}))
            .unwrap_err()
            .code,
        Code::PropertyMissing
    );
}
