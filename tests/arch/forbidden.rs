//! What may not be in the tree, or not below a certain crate.

use super::{closure, members, metadata};
use std::collections::BTreeSet;
use std::process::Command;

/// Every package that is built for the workspace, with its one set of features. (`cargo metadata` also lists optional
/// dependencies that nothing turns on.)
fn built(edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--workspace", "--locked", "--offline", "--edges", edges])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(sluice_tests::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// One TLS and crypto library, and it is not one of these.
#[test]
fn no_second_crypto_library() {
    let built = built("normal,build");
    for name in ["ring", "openssl", "openssl-sys", "native-tls", "rsa"] {
        assert!(!built.contains(name), "{name} is in the tree: cargo tree -i {name}");
    }
    for name in ["rustls", "aws-lc-rs"] {
        assert!(
            built.contains(name),
            "{name} is not in the tree: this test looks at the wrong one"
        );
    }
}

/// The contract does no I/O, and the lower crates stay what they are.
#[test]
fn lower_crates_stay_low() {
    let forbidden: &[(&str, &[&str])] = &[
        (
            "sluice-contract",
            &[
                "tokio",
                "arrow",
                "arrow-array",
                "actix",
                "actix-rt",
                "mio",
                "socket2",
                "reqwest",
                "hyper",
            ],
        ),
        (
            "sluice-store-core",
            &["actix", "reqwest", "hyper", "object_store", "rusqlite"],
        ),
        (
            "sluice-copy",
            &[
                "actix",
                "fe2o3-amqp",
                "axum",
                "object_store",
                "tokio-postgres",
                "parquet",
            ],
        ),
        (
            "sluice-factory",
            &["arrow", "arrow-array", "parquet", "object_store", "tokio-postgres"],
        ),
        (
            "sluice-runtime",
            &["arrow", "arrow-array", "fe2o3-amqp", "axum", "sqlx"],
        ),
        ("sluice-channel", &["actix", "arrow", "arrow-array", "axum"]),
    ];
    for (name, may_not) in forbidden {
        let built = closure(name);
        for other in *may_not {
            assert!(!built.contains(other), "{name} is built from {other}");
        }
    }
}

/// `unsafe` is forbidden for the whole workspace, and every member takes part in its lints.
#[test]
fn every_member_takes_the_lints() {
    let root = sluice_tests::root();
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(text.contains("unsafe_code = \"forbid\""));
    let members = members();
    for package in metadata()["packages"].as_array().unwrap() {
        if members.contains(package["name"].as_str().unwrap()) {
            let manifest = package["manifest_path"].as_str().unwrap();
            let text = std::fs::read_to_string(manifest).unwrap();
            assert!(text.contains("[lints]\nworkspace = true"), "{manifest} takes no lints");
            assert_eq!(package["license"], "Apache-2.0", "{manifest}");
        }
    }
}

/// The same for what deny.toml bans, looked for also in what only tests are built from. (`Cargo.lock` itself names crates that no
/// feature turns on.)
#[test]
fn no_crate_that_is_banned_is_built() {
    let deny = std::fs::read_to_string(sluice_tests::root().join("deny.toml")).unwrap();
    let name = |line: &str| Some(line.trim().strip_prefix("{ crate = \"")?.split('"').next()?.to_owned());
    let banned: BTreeSet<String> = deny.lines().filter_map(name).collect();
    assert!(banned.contains("ring") && banned.contains("rsa"), "{banned:?}");
    let built = built("normal,build,dev");
    assert!(built.len() > 200, "too few crates were found: {built:?}");
    let found: Vec<_> = banned.intersection(&built).collect();
    assert!(found.is_empty(), "banned, and built: {found:?}");
}

/// That a server owns its certificate's key is checked in one place, for all who decide about certificates themselves.
#[test]
fn servers_are_verified_in_one_place() {
    let root = sluice_tests::root();
    let mut found = Vec::new();
    for file in super::files::rust_files(&["src", "actors", "protocol"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        if text.contains("ServerCertVerifier for") || text.contains("HandshakeSignatureValid::assertion") {
            found.push(file.strip_prefix(&root).unwrap_or(&file).display().to_string());
        }
    }
    assert_eq!(found, ["protocol/net/src/trust.rs"]);
}
