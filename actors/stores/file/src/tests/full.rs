use super::{key, listing, numbers, rooted, sink, stage};
use sluice_contract::{Code, JobId};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system of its own, taken away at the end. None without the right to mount.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at)
            .output()
            .ok()?;
        mounted.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_a_fault_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let Some(_small) = Small::mount(root.path()) else {
        // Without the right to mount there is one full device that everybody has, which proves the fault and not the cleaning.
        let error = fs::write("/dev/full", "x").unwrap_err();
        assert_eq!(
            crate::errors::fault("writing", Path::new("/dev/full"), &error).code,
            Code::DiskFull
        );
        return;
    };
    let connection = rooted(root.path()).await;
    for kind in ["Parquet", "DelimitedText"] {
        let mut sink = sink(connection.as_ref(), kind, "d/big").await.unwrap();
        let full = stage(sink.as_mut(), &key(&JobId::generate(), 1), numbers(200_000))
            .await
            .unwrap_err();
        assert_eq!(full.code, Code::DiskFull, "{full}");
        assert!(full.retryable);
        sink.abort().await;
        assert_eq!(listing(root.path()), Vec::<String>::new());
    }
    let mut small = sink(connection.as_ref(), "Parquet", "small").await.unwrap();
    stage(small.as_mut(), &key(&JobId::generate(), 1), numbers(10))
        .await
        .unwrap();
    small.commit().await.unwrap();
    assert_eq!(listing(root.path()), ["small"]);
}
