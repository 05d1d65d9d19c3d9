//! Azurite, which stands in for Azure Blob Storage. It checks signatures.

use crate::blob::BlobClient;
use crate::net::{accepts, free_port};
use crate::process::Process;
use crate::test_env;
use crate::tls::{ServerIdentity, server_identity};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The account of every test server.
pub const ACCOUNT: &str = "sluicetests";
/// Its key, Base64. Sluice must never show it: tests look for it in logs and errors.
pub const KEY: &str = "Y2FuYXJ5LWF6dXJlLWFjY291bnQta2V5LW9mLXRoZS1zbHVpY2UtdGVzdHM=";

/// A running server, all in memory; killed when dropped.
#[derive(Debug)]
pub struct Azurite {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Its certificate, when it speaks HTTPS.
    pub tls: Option<ServerIdentity>,
    process: Process,
    _dir: TempDir,
}

impl Azurite {
    /// Over plain HTTP.
    pub fn http() -> Self {
        Self::start(false)
    }

    /// Over HTTPS, with a certificate of an authority of its own.
    pub fn https() -> Self {
        Self::start(true)
    }

    fn start(https: bool) -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-azurite-").tempdir().unwrap();
        let tls = https.then(|| server_identity(dir.path()));
        let port = free_port();
        let mut command = Command::new("node");
        command
            .arg(test_env("npm/node_modules/azurite/dist/src/blob/main.js"))
            .args([
                "--silent",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--inMemoryPersistence",
            ])
            .args(["--blobHost", "127.0.0.1", "--blobPort"])
            .arg(port.to_string())
            .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}"))
            .current_dir(dir.path());
        if let Some(tls) = &tls {
            command
                .arg("--cert")
                .arg(&tls.chain_file)
                .arg("--key")
                .arg(&tls.key_file);
        }
        let mut process = Process::start("azurite", dir.path(), command);
        process.wait_until("ready", Duration::from_secs(60), || accepts(port).then_some(()));
        Self {
            port,
            tls,
            process,
            _dir: dir,
        }
    }

    /// The base address of the account.
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// The connection string, as the portal shows one.
    pub fn connection_string(&self) -> String {
        self.connection_string_with_key(KEY)
    }

    /// The same with another key.
    pub fn connection_string_with_key(&self, key: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!(
            "DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={};",
            self.endpoint()
        )
    }

    /// The `typeProperties` of an `AzureBlobStorage` linked service.
    pub fn type_properties(&self) -> serde_json::Value {
        let mut properties = serde_json::json!({ "connectionString": self.connection_string() });
        if let Some(tls) = &self.tls {
            properties["caCertificate"] = tls.ca_pem.clone().into();
        }
        properties
    }

    /// A client that is not Sluice's.
    pub fn client(&self) -> BlobClient {
        BlobClient::new(
            self.endpoint(),
            ACCOUNT,
            KEY,
            self.tls.as_ref().map(|tls| tls.ca_pem.as_str()),
        )
    }

    /// Panics when it has ended.
    pub fn assert_running(&mut self) {
        self.process.assert_running();
    }
}
