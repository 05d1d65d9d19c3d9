use super::*;
use sluice_seal::{KeyKind, generate_key_of};
use std::process::Command;

const PASSWORD: &str = "canary-p12-p\u{e4}ssword";

fn password(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn openssl(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(args)
        .current_dir(directory)
        .env("P12_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "openssl {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A vault with one key.
fn vault(kind: KeyKind) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let state = StateDir::create(directory.path()).unwrap();
    let key = generate_key_of(kind, "gw").unwrap();
    keep_pair(&state, &key, None).unwrap();
    (directory, sluice_seal::thumbprint(&key.certificate_pem).unwrap())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory.join("vault"))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

#[test]
fn a_key_goes_to_another_machine_and_openssl_reads_it() {
    for kind in [KeyKind::P256, KeyKind::Rsa3072] {
        let (one, thumbprint) = vault(kind);
        let (file, _) = run(export(one.path(), password(PASSWORD), None, None)).unwrap();
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("gw.p12"), &*file).unwrap();
        let args = ["pkcs12", "-in", "gw.p12", "-nodes", "-passin", "env:P12_PASSWORD"];
        let text = openssl(other.path(), &args);
        assert!(
            text.contains("BEGIN PRIVATE KEY") && text.contains("BEGIN CERTIFICATE"),
            "{text}"
        );
        let info = run(import(other.path(), file.clone(), password(PASSWORD), None)).unwrap();
        assert_eq!((info.thumbprint.as_str(), info.current), (thumbprint.as_str(), true));
        // Once more changes nothing.
        let before = files(other.path());
        run(import(other.path(), file, password(PASSWORD), None)).unwrap();
        assert_eq!(files(other.path()), before);
        let listed = run(list(other.path())).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].key, if kind == KeyKind::P256 { "P-256" } else { "RSA-3072" });
    }
}

/// A file that openssl makes with these options of its own.
fn foreign(directory: &Path, key: &[&str], options: &[&str]) -> Zeroizing<Vec<u8>> {
    let mut request = vec![
        "req", "-x509", "-nodes", "-subj", "/CN=gw", "-keyout", "k.pem", "-out", "c.pem",
    ];
    request.extend_from_slice(key);
    openssl(directory, &request);
    let mut pack = vec!["pkcs12", "-export", "-inkey", "k.pem", "-in", "c.pem", "-out", "f.p12"];
    pack.extend_from_slice(&["-passout", "env:P12_PASSWORD"]);
    pack.extend_from_slice(options);
    openssl(directory, &pack);
    Zeroizing::new(std::fs::read(directory.join("f.p12")).unwrap())
}

const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn files_of_openssl_modern_and_legacy_are_taken() {
    for (key, options) in [
        (P256, &[][..]),
        (&["-newkey", "rsa:2048"], &[]),
        (P256, &["-macalg", "sha512"]),
        (P256, &["-legacy"]),
        (
            P256,
            &[
                "-keypbe",
                "PBE-SHA1-3DES",
                "-certpbe",
                "PBE-SHA1-3DES",
                "-macalg",
                "sha1",
            ],
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let file = foreign(directory.path(), key, options);
        let info = run(import(directory.path(), file, password(PASSWORD), None));
        assert!(info.is_ok_and(|info| info.current), "{key:?} {options:?}");
    }
}

#[test]
fn what_is_no_good_key_file_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let good = foreign(directory.path(), P256, &[]);
    let unauthenticated = foreign(directory.path(), P256, &["-nomac"]);
    let weak = foreign(directory.path(), &["-newkey", "rsa:1024"], &[]);
    let p384 = foreign(
        directory.path(),
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &[],
    );
    let keyless = foreign(directory.path(), P256, &["-nokeys"]);
    let cut = Zeroizing::new(good[..good.len() - 7].to_vec());
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (what, file) in [
        ("without MAC", unauthenticated),
        ("RSA-1024", weak),
        ("P-384", p384),
        ("without key", keyless),
        ("cut", cut),
        ("changed", flipped),
        ("empty", Zeroizing::default()),
        ("text", Zeroizing::new(b"not a key file".to_vec())),
        ("long", Zeroizing::new(vec![0x30; 300 * 1024])),
    ] {
        let fault = run(import(directory.path(), file, password(PASSWORD), None)).unwrap_err();
        assert_eq!(fault.code, Code::KeyFileRefused, "{what}");
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }
    for wrong in ["", "wrong", "canary-p12-password"] {
        let fault = run(import(directory.path(), good.clone(), password(wrong), None)).unwrap_err();
        assert_eq!(fault.code, Code::KeyFileRefused);
    }
    assert!(files(directory.path()).is_empty());
}

#[test]
fn an_export_needs_a_password_worth_the_name() {
    let (directory, _) = vault(KeyKind::P256);
    for short in ["", "elevenchars"] {
        let fault = run(export(directory.path(), password(short), None, None)).unwrap_err();
        assert_eq!(fault.code, Code::PasswordTooShort);
    }
}

#[test]
fn an_imported_key_stands_beside_the_one_in_use() {
    let (one, current) = vault(KeyKind::P256);
    let (other, old) = vault(KeyKind::P256);
    // Registered with its own.
    std::fs::write(StateDir::at(one.path()).gateway_file(), "").unwrap();
    let (file, _) = run(export(other.path(), password(PASSWORD), None, None)).unwrap();
    assert!(!run(import(one.path(), file, password(PASSWORD), None)).unwrap().current);
    let listed = run(list(one.path())).unwrap();
    let names: Vec<_> = listed
        .iter()
        .map(|certificate| certificate.thumbprint.as_str())
        .collect();
    assert_eq!(names, [current.as_str(), old.as_str()]);
}
