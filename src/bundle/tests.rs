use super::*;
use serde_json::json;
use std::collections::BTreeMap;

fn scrubbed(text: &str) -> String {
    Scrubber::new(vec![Zeroizing::new("a-known-secret".to_owned())]).text(text)
}

/// The archive's files.
fn unpacked(bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    files
}

#[test]
fn secrets_are_taken_out_of_texts() {
    for (text, clean) in [
        ("password=hunter22;x=1", "password=[left out];x=1"),
        (
            "Server=a;User ID=b;Pwd=c d;e=f",
            "Server=a;User ID=b;Pwd=[left out] d;e=f",
        ),
        (
            "{\"password\": \"a \\\" b\", \"x\": 1}",
            "{\"password\": \"[left out]\", \"x\": 1}",
        ),
        (
            "{\\\"apiKey\\\":\\\"abc\\\",\\\"x\\\":1}",
            "{\\\"apiKey\\\":\\\"[left out]\\\",\\\"x\\\":1}",
        ),
        (
            "\"password\":{\"type\":\"SecureString\",\"value\":\"x\"},\"y\":2",
            "\"password\":[left out],\"y\":2",
        ),
        (
            "AccountKey=abc==;EndpointSuffix=x",
            "AccountKey=[left out];EndpointSuffix=x",
        ),
        (
            "https://a/b?sv=1&sig=abc%3D&se=2",
            "https://a/b?sv=1&sig=[left out]&se=2",
        ),
        ("Authorization: Bearer abc.def", "Authorization: [left out]"),
        ("sent Bearer abcdefgh to it", "sent Bearer [left out] to it"),
        ("got eyJhbGciOiJ9.aa.bb.cc.dd, then", "got [left out], then"),
        ("postgres://me:word@host/db", "postgres://me:[left out]@host/db"),
        ("key SLUICE@a@b@ServiceEndpoint=c:1@ca=d@e", "key [left out]"),
        ("it is a-known-secret, is it", "it is [left out], is it"),
        (
            "a\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb",
            "a\n[left out]\nb",
        ),
        ("-----BEGIN EC PRIVATE KEY-----\nMII", "[left out]"),
    ] {
        assert_eq!(scrubbed(text), clean, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "2026-11-30T22:00:00Z  INFO sluice_agent::link: The factory has welcomed this node. epoch=3 token=12",
        "sluice_factory::access::token: made",
        "sluice_actor_state{component=\"Vault\",state=\"running\"} 1",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
        "postgres://me@host:5432/db, https://host:8443/a:b@c",
        "password= ",
        "é = ü",
    ] {
        assert_eq!(scrubbed(text), text);
    }
}

#[test]
fn members_that_hold_secrets_are_taken_out_of_documents() {
    let mut value =
        json!({ "a": [{ "Password": "x", "token": 5, "keys": { "accountKey": { "value": "y" } } }], "name": "n" });
    scrub::members(&mut value);
    let clean =
        json!({ "a": [{ "Password": "[left out]", "token": 5, "keys": { "accountKey": "[left out]" } }], "name": "n" });
    assert_eq!(value, clean);
}

#[test]
fn a_bundle_is_bounded_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = logging::files(folder.path(), "agent");
    std::fs::create_dir(old.parent().unwrap()).unwrap();
    let lines = |word: &str| (0..10_000).map(|n| format!("{word} {n}\n")).collect::<String>();
    std::fs::write(&new, lines("new")).unwrap();
    std::fs::write(&old, lines("old")).unwrap();
    let mut bundle = Bundle::new("gateway", 150_000, Vec::new());
    bundle.json("a.json", Ok(json!({ "password": "x" }))).unwrap();
    bundle
        .json(
            "b.json",
            Err(Fault::new(Code::AdminUnreachable, "no agent; token=abcdefghi")),
        )
        .unwrap();
    bundle.logs(folder.path(), "agent").unwrap();
    let (bytes, manifest) = bundle.finish().unwrap();
    let files = unpacked(bytes);
    assert_eq!(
        serde_json::from_str::<Value>(&files["manifest.json"]).unwrap(),
        manifest
    );
    assert!(!files["a.json"].contains('x'), "{}", files["a.json"]);
    let why = manifest["missing"][0].to_string();
    assert!(why.contains("SL8005") && !why.contains("abcdefghi"), "{why}");
    assert_eq!(files["logs/agent.log"], lines("new"));
    let older = &files["logs/agent.1.log"];
    assert!(older.starts_with("old ") && older.ends_with("old 9999\n"), "{older}");
    let total: usize = files
        .iter()
        .filter(|(name, _)| *name != "manifest.json")
        .map(|(_, text)| text.len())
        .sum();
    assert!(total <= 150_000, "{total}");
    let part = manifest["parts"].as_array().unwrap().last().unwrap();
    let left_out = part["leftOut"].as_u64().unwrap();
    assert_eq!(left_out + older.len() as u64, lines("old").len() as u64);
}

#[test]
fn names_stay_below_the_archive() {
    for bad in ["/a", "../a", "a/../b", "a//b", ".a", "a b", "a\\b", "", "a\nb"] {
        assert!(!is_safe(bad), "{bad:?}");
    }
    assert!(is_safe("logs/agent.1.log"));
}
