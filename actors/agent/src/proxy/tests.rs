use super::*;
use std::os::unix::fs::PermissionsExt;

fn settings() -> ProxySettings {
    ProxySettings {
        url: "http://proxy.corp:3128".to_owned(),
        user: Some("me".to_owned()),
        bypass: vec![".corp".to_owned()],
    }
}

fn secret(text: &str) -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(text.to_owned()))
}

/// Everything that lies in a folder, as bytes.
fn everything(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(everything(&path)),
            false => all.extend(std::fs::read(path).unwrap()),
        }
    }
    all
}

#[tokio::test]
async fn the_password_lies_sealed_and_goes_only_to_its_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path());
    set(dir.path(), settings(), secret("canary-proxy"), None).await.unwrap();
    assert_eq!(show(dir.path()).await.unwrap(), Some(settings()));
    let bytes = everything(dir.path());
    assert!(!bytes.windows(12).any(|part| part == b"canary-proxy"));
    let file = dir.path().join("proxy.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let passphrase = || at_hand(&state, None).unwrap();
    let kept = Kept::read(&state).unwrap().unwrap();
    assert_eq!(*kept.password(&state, passphrase().as_ref()).unwrap(), "canary-proxy");
    assert_eq!(load(&state, None).unwrap_err().code, Code::VaultLocked);
    // Whoever changes the address does not get the password there.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("proxy.corp", "evil.corp")).unwrap();
    assert_eq!(
        load(&state, passphrase().as_ref()).unwrap_err().code,
        Code::ProxyInvalid
    );
    // The same passphrase opens it that opens the credential keys, also after a change.
    set(dir.path(), settings(), secret("another"), None).await.unwrap();
    let new = Passphrase::new(Zeroizing::new("a passphrase of mine".to_owned()));
    crate::vault::change_passphrase(&state, None, Some(new.clone())).unwrap();
    assert!(outward(&state, None).is_err());
    let kept = Kept::read(&state).unwrap().unwrap();
    assert_eq!(*kept.password(&state, Some(&new)).unwrap(), "another");
    clear(dir.path()).await.unwrap();
    assert_eq!(show(dir.path()).await.unwrap(), None);
    let left = std::fs::read_dir(dir.path().join("vault")).unwrap().count();
    assert_eq!(left, 0, "the key goes with it");
}

#[tokio::test]
async fn what_cannot_be_used_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let broken = ProxySettings {
        url: "https://proxy".to_owned(),
        ..settings()
    };
    let fault = set(dir.path(), broken, secret("x"), None).await.unwrap_err();
    assert_eq!(fault.code, Code::ProxyInvalid);
    assert!(show(dir.path()).await.unwrap().is_none());
    clear(dir.path()).await.unwrap();
    let open = ProxySettings {
        user: None,
        ..settings()
    };
    set(dir.path(), open.clone(), None, None).await.unwrap();
    assert_eq!(show(dir.path()).await.unwrap(), Some(open));
    assert!(load(&StateDir::at(dir.path()), None).unwrap().is_some());
}
