use super::*;
use crate::policy::Policy;
use serde_json::json;
use sluice_contract::Object;

fn object(value: serde_json::Value) -> Object {
    value.as_object().unwrap().clone()
}

#[test]
fn references_are_found_and_told_apart() {
    let store = |name: &str| json!({ "referenceName": name, "type": "LinkedServiceReference" });
    let found = references(&object(json!({
        "server": "db",
        "password": { "type": "AzureKeyVaultSecret", "store": store("kv"), "secretName": "pw", "secretVersion": "7" },
        "keys": [{ "type": "HashiCorpVaultSecret", "store": store("vault"), "path": "apps/db", "key": "k", "version": 3 }],
        "a": { "b": { "type": "FileSecret", "path": "/run/secrets/x" } },
        "c": { "type": "EnvironmentSecret", "name": "X" },
        "plain": { "type": "SecureString", "value": "**********" },
    })))
    .unwrap();
    let paths: Vec<&str> = found.iter().map(|reference| reference.path.as_str()).collect();
    assert_eq!(paths, ["password", "keys[0]", "a.b", "c"]);
    let lacking = [
        json!({ "type": "AzureKeyVaultSecret", "secretName": "x" }),
        json!({ "type": "AzureKeyVaultSecret", "store": store("kv") }),
        json!({ "type": "HashiCorpVaultSecret", "store": store("kv"), "path": "x" }),
        json!({ "type": "FileSecret" }),
        json!({ "type": "EnvironmentSecret", "name": "" }),
    ];
    for value in lacking {
        let fault = references(&object(json!({ "password": value }))).unwrap_err();
        assert_eq!(fault.code, Code::PropertyMissing);
        assert!(fault.message.contains("password"), "{fault}");
    }
}

#[test]
fn files_and_variables_only_where_the_policy_names_them() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("pw");
    std::fs::write(&file, "canary-file\r\n").unwrap();
    let code = |result: Result<Clear, Fault>| result.unwrap_err().code;
    let none = Policy::default();
    assert_eq!(code(local::file(&none, &file)), Code::PolicyRefused);
    assert_eq!(code(local::variable(&none, "PATH")), Code::PolicyRefused);
    let text = format!(
        "[secrets]\nfiles = ['{}']\nenvironment = ['PATH', 'SLUICE_TEST_NOT_THERE']",
        temp.path().display()
    );
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(local::file(&policy, &file).unwrap().as_str(), "canary-file");
    assert!(!local::variable(&policy, "PATH").unwrap().is_empty());
    assert_eq!(
        code(local::variable(&policy, "SLUICE_TEST_NOT_THERE")),
        Code::SecretRefused
    );
    assert_eq!(
        code(local::file(&policy, &temp.path().join("missing"))),
        Code::SecretRefused
    );
    std::os::unix::fs::symlink("/etc/hostname", temp.path().join("link")).unwrap();
    assert_eq!(
        code(local::file(&policy, &temp.path().join("link"))),
        Code::PolicyRefused
    );
    std::fs::write(&file, "").unwrap();
    assert_eq!(code(local::file(&policy, &file)), Code::SecretRefused);
}
