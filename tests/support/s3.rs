//! s3s-fs, which stands in for S3: a server of S3's protocol over a folder. It checks signatures.

use crate::net::{accepts, free_port};
use crate::process::Process;
use crate::test_env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The login of every test server.
pub const ID: &str = "sluicetests";
/// Its secret. Sluice must never show it: tests look for it in logs and errors.
pub const SECRET: &str = "canary-s3-secret-of-the-sluice-tests";

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct S3Server {
    /// The port on 127.0.0.1.
    pub port: u16,
    process: Process,
    dir: TempDir,
}

impl S3Server {
    /// Starts one.
    pub fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-s3-").tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let port = free_port();
        let mut command = Command::new(test_env("cargo/bin/s3s-fs"));
        command
            .args(["--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .args(["--access-key", ID, "--secret-key", SECRET])
            .arg(&root)
            .current_dir(dir.path());
        let mut process = Process::start("s3s-fs", dir.path(), command);
        process.wait_until("ready", Duration::from_secs(60), || accepts(port).then_some(()));
        Self { port, process, dir }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A bucket's folder: what is in it, seen past the server.
    pub fn bucket(&self, name: &str) -> PathBuf {
        let bucket = self.dir.path().join("root").join(name);
        std::fs::create_dir_all(&bucket).unwrap();
        bucket
    }

    /// The `typeProperties` of an `AmazonS3Compatible` linked service.
    pub fn type_properties(&self) -> serde_json::Value {
        serde_json::json!({ "serviceUrl": self.endpoint(), "accessKeyId": ID, "secretAccessKey": SECRET, "forcePathStyle": true })
    }

    /// The names of all objects of a bucket.
    pub fn list(&self, bucket: &str) -> Vec<String> {
        let root = self.bucket(bucket);
        let (mut names, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for item in std::fs::read_dir(folder).unwrap() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    names.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        // The server keeps metadata beside the objects, and uploads under way.
        names.retain(|name| !name.split('/').any(|part| part.starts_with('.')));
        names.sort();
        names
    }

    /// Panics when it has ended.
    pub fn assert_running(&mut self) {
        self.process.assert_running();
    }
}
