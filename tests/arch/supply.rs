//! The check of known holes: it finds what an advisory warns of, and nothing else, and says how old its database is.

use std::path::Path;
use std::process::Command;

fn advisory(db: &Path, id: &str, package: &str, date: &str, versions: &str) {
    let folder = db.join("crates").join(package);
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n\n[versions]\n{versions}\n```\n\n# A hole in {package}\n"
    );
    std::fs::write(folder.join(format!("{id}.md")), text).unwrap();
}

fn check(db: &Path, lock: &Path, stale: bool) -> (bool, String) {
    let mut command = Command::new("python3");
    command
        .arg(sluice_tests::root().join("tests/supply/advisories.py"))
        .arg(db)
        .env("ADVISORY_LOCK", lock);
    if stale {
        command.env("ADVISORY_STALE", "1");
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn known_holes_are_found_in_a_local_database_whose_date_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let (db, lock) = (temp.path().join("db"), temp.path().join("Cargo.lock"));
    let package = |name: &str, version: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\n\n")
    };
    let crates = [
        ("old", "0.8.3"),
        ("fixed", "1.2.3"),
        ("early", "0.9.0"),
        ("pre", "2.0.0-rc.1"),
        ("backoff", "0.4.0"),
    ];
    let text: String = crates.iter().map(|(name, version)| package(name, version)).collect();
    std::fs::write(&lock, text).unwrap();
    let day = chrono::Utc::now().format("%Y-%m-%d").to_string();
    advisory(
        &db,
        "RUSTSEC-2026-1001",
        "old",
        &day,
        "patched = [\"^0.7.9\", \">= 0.8.4\"]",
    );
    advisory(
        &db,
        "RUSTSEC-2026-1002",
        "fixed",
        "2026-01-01",
        "patched = [\">= 1.2.3, < 2\"]",
    );
    advisory(
        &db,
        "RUSTSEC-2026-1003",
        "early",
        "2026-01-01",
        "patched = []\nunaffected = [\"< 1\"]",
    );
    advisory(
        &db,
        "RUSTSEC-2026-1004",
        "pre",
        "2026-01-01",
        "patched = [\">= 2.0.0\"]",
    );
    advisory(&db, "RUSTSEC-2025-0012", "backoff", "2026-01-01", "patched = []");
    advisory(&db, "RUSTSEC-2026-1005", "absent", "2026-01-01", "patched = []");
    let (fine, text) = check(&db, &lock, false);
    assert!(!fine, "{text}");
    for found in [
        "RUSTSEC-2026-1001",
        "RUSTSEC-2026-1004",
        "excepted: backoff is unmaintained",
    ] {
        assert!(text.contains(found), "{text}");
    }
    for not in ["1002", "1003", "1005"] {
        assert!(!text.contains(&format!("RUSTSEC-2026-{not}")), "{text}");
    }
    assert!(
        text.contains(&format!("database of {day} ")) && text.contains("2 found"),
        "{text}"
    );

    // Old, it is not believed in silence.
    std::fs::remove_dir_all(db.join("crates/old")).unwrap();
    std::fs::remove_dir_all(db.join("crates/pre")).unwrap();
    let (fine, text) = check(&db, &lock, false);
    assert!(
        !fine && text.contains("database of 2026-01-01") && text.contains("days old"),
        "{text}"
    );
    assert!(check(&db, &lock, true).0);
    assert!(!check(&temp.path().join("nothing"), &lock, true).0);
}
