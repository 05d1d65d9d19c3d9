use super::hosts::judge;
use super::*;
use crate::state::StateDir;
use serde_json::json;
use sluice_contract::Object;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap()
}

fn host(policy: &Policy, host: &str, addresses: &[&str]) -> Result<(), Fault> {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    judge(policy, host, Some(5432), &addresses)
}

#[track_caller]
fn refused(result: Result<(), Fault>, rule: &str) {
    let fault = result.unwrap_err();
    assert_eq!(fault.code, Code::PolicyRefused);
    assert!(fault.message.contains(&format!("(rule {rule}")), "{fault}");
}

#[test]
fn without_a_file_no_metadata_service_is_reached_and_the_rest_is() {
    let policy = Policy::default();
    for (name, address) in [
        ("db", "10.1.2.3"),
        ("localhost", "127.0.0.1"),
        ("x.example", "93.184.215.14"),
        ("v6", "2001:db8::1"),
    ] {
        host(&policy, name, &[address]).unwrap();
    }
    for address in [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
    ] {
        refused(host(&policy, "innocent.example", &[address]), "hosts.link_local");
        // One of several addresses is enough.
        refused(
            host(&policy, "innocent.example", &["93.184.215.14", address]),
            "hosts.link_local",
        );
    }
}

#[test]
fn hosts_are_named_in_every_way() {
    let policy = policy(
        "[hosts]\nallow = ['db.corp.local:5432', '*.lake.example', '10.1.0.0/16', '[2001:db8::]/32']\ndeny = ['10.1.9.9', 'bad.lake.example']\nloopback = false",
    );
    host(&policy, "db.corp.local", &["192.168.1.1"]).unwrap();
    host(&policy, "a.lake.example", &["203.0.113.7"]).unwrap();
    host(&policy, "whatever", &["10.1.2.3", "10.1.200.1"]).unwrap();
    refused(host(&policy, "whatever", &["10.1.2.3", "10.2.0.1"]), "hosts.allow");
    refused(host(&policy, "lake.example", &["203.0.113.7"]), "hosts.allow");
    refused(host(&policy, "evillake.example", &["203.0.113.7"]), "hosts.allow");
    refused(
        host(&policy, "bad.lake.example", &["203.0.113.7"]),
        "hosts.deny \"bad.lake.example\"",
    );
    refused(
        host(&policy, "whatever", &["10.1.2.3", "10.1.9.9"]),
        "hosts.deny \"10.1.9.9\"",
    );
    refused(judge(&policy, "db.corp.local", Some(22), &[]), "hosts.allow");
    let closed = Policy::parse("[hosts]\nprivate = false\nloopback = false").unwrap();
    refused(host(&closed, "db", &["10.0.0.1"]), "hosts.private");
    refused(host(&closed, "db", &["127.0.0.1"]), "hosts.loopback");
}

#[test]
fn files_stay_below_their_folders_whatever_links_say() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    for folder in ["data/in", "read", "outside", "state"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::os::unix::fs::symlink(root.join("outside"), root.join("data/link")).unwrap();
    let text = format!(
        "[files]\nroots = ['{0}/data', '{0}/state']\nread_only = ['{0}/read']",
        root.display()
    );
    let policy = policy(&text);
    let check = |path: &Path, purpose| paths::judge(&policy, &root.join("state"), path, purpose);
    check(&root.join("data/in"), Use::Write).unwrap();
    check(&root.join("data/not/yet/there"), Use::Write).unwrap();
    check(&root.join("read"), Use::Read).unwrap();
    refused(check(&root.join("read"), Use::Write), "files.read_only");
    for path in ["outside", "data/link", "data/link/x", "data/../outside", "database"] {
        refused(check(&root.join(path), Use::Read), "files.roots");
    }
    refused(check(&root.join("state/vault"), Use::Read), "state directory");
    refused(check(Path::new("data"), Use::Read), "files.roots");
    let none = Policy::default();
    refused(paths::judge(&none, &root, &root.join("data"), Use::Read), "");
}

fn end(kind: &str, properties: serde_json::Value, activity: serde_json::Value) -> Endpoint {
    Endpoint {
        name: "ls".to_owned(),
        kind: kind.to_owned(),
        properties: properties.as_object().unwrap().clone(),
        sealed: None,
        dataset_kind: String::new(),
        dataset: Object::new(),
        activity: activity.as_object().unwrap().clone(),
        extra: Object::new(),
    }
}

#[test]
fn types_queries_scripts_and_secrets_in_clear() {
    let policy = policy(
        "[stores]\nsources = ['PostgreSqlV2']\nsinks = ['FileServer']\ndeny = ['Sqlite']\n[sql]\nqueries = false\nscripts = false",
    );
    let check = |end: &Endpoint, purpose| policy.check_end(Path::new("/x"), end, &[], purpose);
    let plain = || {
        end(
            "PostgreSqlV2",
            json!({ "server": "db" }),
            json!({ "type": "PostgreSqlV2Source", "query": "" }),
        )
    };
    check(&plain(), Use::Read).unwrap();
    refused(check(&plain(), Use::Write), "stores.sinks");
    refused(
        check(&end("FileServer", json!({}), json!({})), Use::Read),
        "stores.sources",
    );
    refused(check(&end("Sqlite", json!({}), json!({})), Use::Read), "stores.deny");
    refused(
        check(&end("MySql", json!({}), json!({})), Use::Test),
        "stores.sources, stores.sinks",
    );
    for (activity, rule) in [
        (json!({ "query": "SELECT 1" }), "sql.queries"),
        (json!({ "sqlReaderQuery": "SELECT 1" }), "sql.queries"),
        (json!({ "sqlReaderStoredProcedureName": "p" }), "sql.scripts"),
        (json!({ "preCopyScript": "DROP TABLE x" }), "sql.scripts"),
    ] {
        refused(check(&end("PostgreSqlV2", json!({}), activity), Use::Read), rule);
    }
    let clear = end(
        "PostgreSqlV2",
        json!({ "password": { "type": "SecureString", "value": "canary" } }),
        json!({}),
    );
    let fault = check(&clear, Use::Read).unwrap_err();
    assert!(
        fault.message.contains("credentials.plaintext") && !fault.message.contains("canary"),
        "{fault}"
    );
}

#[test]
fn a_file_that_cannot_be_used_allows_nothing() {
    for text in [
        "[hosts]\nalow = []",
        "x",
        "[hosts]\nallow = ['10.0.0.0/33']",
        "[hosts]\nallow = ['a*b']",
        "[files]\nroots = ['data']",
    ] {
        assert_eq!(Policy::parse(text).unwrap_err().code, Code::PolicyInvalid, "{text}");
    }
    let temp = tempfile::tempdir().unwrap();
    let state = StateDir::create(temp.path()).unwrap();
    let keeper = PolicyKeeper::new(&state, None);
    assert_eq!(*keeper.now().unwrap(), Policy::default());
    let file = temp.path().join("policy.toml");
    let write = |text: &str, mode| {
        let _ = std::fs::remove_file(&file);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("[sql]\nqueries = false", 0o644);
    assert!(!keeper.now().unwrap().sql.queries);
    // It counts as soon as it is written.
    write("[sql]\nqueries = true\n", 0o644);
    assert!(keeper.now().unwrap().sql.queries);
    write("[sql]\nqueries = true\n", 0o666);
    assert_eq!(keeper.now().unwrap_err().code, Code::PolicyInvalid);
    write("[sql]\nquerys = true\n", 0o600);
    assert_eq!(keeper.now().unwrap_err().code, Code::PolicyInvalid);
    let named = PolicyKeeper::new(&state, Some(&temp.path().join("elsewhere.toml")));
    assert_eq!(named.now().unwrap_err().code, Code::PolicyInvalid);
}
