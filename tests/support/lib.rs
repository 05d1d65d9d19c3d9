//! What the integration tests stand on: real servers, the real binary, and clients that are not Sluice's own.
//!
//! Everything here starts on a free port of the loopback interface, lives in a temporary directory and is killed when it is
//! dropped. A helper that cannot do its work panics with the reason: a test that could not run is a failed test.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod archive;
pub mod azurite;
pub mod backend;
pub mod binary;
pub mod blob;
pub mod connect_proxy;
pub mod disk;
pub mod documents;
pub mod factory;
pub mod gateway;
pub mod mariadb;
pub mod namespace;
pub mod net;
pub mod poll;
pub mod postgres;
pub mod proc_net;
pub mod process;
pub mod proxy;
pub mod python;
pub mod rabbitmq;
pub mod receipt;
pub mod rest;
pub mod s3;
pub mod secret_peer;
pub mod tds;
#[cfg(test)]
mod tests;
pub mod tls;

use std::path::{Path, PathBuf};
use std::sync::Once;

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the checkout")
        .to_owned()
}

/// What `make test` installs, or the reason it is not there.
pub fn test_env(path: &str) -> PathBuf {
    let path = root().join(".test-env").join(path);
    assert!(
        path.exists(),
        "{} is missing: run tests/env/setup.sh (make test does)",
        path.display()
    );
    path
}

/// rustls asks for a provider once in each process.
pub fn init_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else was first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
