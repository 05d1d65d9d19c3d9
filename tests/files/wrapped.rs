//! Files that are packed and unpacked on their way.

use super::bench::{Copy, End, Folder, copy, noise};
use serde_json::json;
use sluice_contract::Code;
use std::process::Command;

const STREAMS: &[&str] = &["GZip", "Deflate", "BZip2", "Snappy", "Lz4", "Zstd"];
const ARCHIVES: &[&str] = &["ZipDeflate", "Tar", "TarGZip"];

fn packed(end: End, codec: &str) -> End {
    end.dataset(json!({"compression": {"type": codec}}))
}

fn tree() -> Folder {
    let folder = Folder::new();
    folder.put("in/a.csv", "a;b\n");
    folder.put("in/deep/empty", "");
    folder.put("in/deep/large.bin", noise(9 << 20));
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_packed_and_unpacked() {
    let folder = tree();
    for codec in STREAMS {
        let (there, back) = (format!("there/{codec}"), format!("back/{codec}"));
        copy(&folder.end("in"), &packed(folder.end(&there), codec))
            .await
            .unwrap();
        assert!(
            folder.names(&there)[0].starts_with("a.csv."),
            "{:?}",
            folder.names(&there)
        );
        let done = copy(&packed(folder.end(&there), codec), &folder.end(&back))
            .await
            .unwrap();
        assert!(
            folder.all("in") == folder.all(&back),
            "{codec}: {:?}",
            folder.names(&back)
        );
        assert_eq!(done.bytes_written, (9 << 20) + 4, "{codec}");
    }
    // From one codec to another, under a small budget.
    let mut job = Copy::new(
        &packed(folder.end("there/GZip"), "gzip"),
        &packed(folder.end("other"), "zstd"),
    );
    job.memory = 2 << 20;
    job.run().await.unwrap();
    assert_eq!(
        folder.names("other"),
        ["a.csv.zst", "deep/empty.zst", "deep/large.bin.zst"]
    );
    // What other programs make of it.
    let gunzip = Command::new("gunzip")
        .arg("-c")
        .arg(folder.path("there/GZip/deep/large.bin.gz"))
        .output()
        .unwrap();
    assert!(gunzip.status.success() && gunzip.stdout == noise(9 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_hold_a_folder_and_become_one() {
    let folder = tree();
    for codec in ARCHIVES {
        let to = packed(folder.end(codec).file("all.pack"), codec);
        let done = copy(&folder.end("in"), &to).await.unwrap();
        assert_eq!(
            (&done.extra["filesRead"], &done.extra["filesWritten"]),
            (&json!(3), &json!(1))
        );
        let back = format!("back/{codec}");
        copy(&packed(folder.end(codec), codec), &folder.end(&back))
            .await
            .unwrap();
        assert_eq!(
            folder.names(&back),
            ["all.pack/a.csv", "all.pack/deep/empty", "all.pack/deep/large.bin"]
        );
        assert!(folder.all("in") == folder.all(&format!("{back}/all.pack")), "{codec}");
        // Without a folder of the archive's name.
        let flat = format!("flat/{codec}");
        let plain = json!({"formatSettings": {"compressionProperties": {"preserveZipFileNameAsFolder": false}}});
        copy(&packed(folder.end(codec), codec).activity(plain), &folder.end(&flat))
            .await
            .unwrap();
        assert!(folder.all("in") == folder.all(&flat), "{codec}");
    }
    let python = "import sys, zipfile, tarfile\n\
        z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n\
        assert z.namelist() == ['a.csv', 'deep/empty', 'deep/large.bin'], z.namelist()\n\
        t = tarfile.open(sys.argv[2]); assert t.getnames() == z.namelist()\n\
        assert t.extractfile('deep/large.bin').read() == z.read('deep/large.bin')";
    let files = [folder.path("ZipDeflate/all.pack"), folder.path("TarGZip/all.pack")];
    let read = Command::new("python3")
        .arg("-c")
        .arg(python)
        .args(files)
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_of_others_are_read_and_bad_ones_refused() {
    let folder = tree();
    let python = "import sys, tarfile, zipfile\n\
        root = sys.argv[1]\n\
        import os; os.makedirs(root + '/others'); os.makedirs(root + '/bad')\n\
        with tarfile.open(root + '/others/pax.tar', 'w', format=tarfile.PAX_FORMAT) as t: t.add(root + '/in', 'x' * 150 + '/in')\n\
        with tarfile.open(root + '/others/gnu.tar', 'w', format=tarfile.GNU_FORMAT) as t: t.add(root + '/in', 'y' * 150 + '/in')\n\
        with zipfile.ZipFile(root + '/bad/slip.zip', 'w') as z: z.writestr('../../slip', 'x')\n\
        open(root + '/bad/cut.zip', 'wb').write(b'PK' + b'x' * 1000)";
    let made = Command::new("python3")
        .arg("-c")
        .arg(python)
        .arg(folder.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    copy(&packed(folder.end("others"), "tar"), &folder.end("out"))
        .await
        .unwrap();
    for (archive, letter) in [("pax", "x"), ("gnu", "y")] {
        assert!(
            folder.all("in") == folder.all(&format!("out/{archive}/{}/in", letter.repeat(150))),
            "{archive}"
        );
    }
    for (name, code) in [("slip.zip", Code::PermissionDenied), ("cut.zip", Code::DataInvalid)] {
        let fault = copy(
            &packed(folder.end("bad").file(name), "ZipDeflate"),
            &folder.end("bad-out"),
        )
        .await
        .unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(folder.names("bad-out").is_empty());
    }
    let fault = copy(&packed(folder.end("others"), "tar"), &packed(folder.end("x"), "tar"))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
}
