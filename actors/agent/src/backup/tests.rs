use super::*;
use crate::tests::node::Node;
use crate::tests::pki::Ca;

fn password(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_node_is_restored_as_it_was_and_only_with_the_password() {
    let node = Node::new(&Ca::new(), "127.0.0.1:1");
    let file = run(make(node.state_dir(), None, password("canary-backup-1"))).unwrap();
    assert!(!file.windows(7).any(|part| part == b"PRIVATE"));
    let temp = tempfile::tempdir().unwrap();
    let target = temp.path().join("state");
    let mut damaged = file.clone();
    let last = damaged.len() - 20;
    damaged[last] ^= 1;
    for (file, word) in [
        (file.clone(), "canary-backup-2"),
        (damaged, "canary-backup-1"),
        (Zeroizing::new(file[..40].to_vec()), "canary-backup-1"),
        (Zeroizing::new(b"garbage".to_vec()), "canary-backup-1"),
    ] {
        let fault = run(restore(&target, file, password(word))).unwrap_err();
        assert_eq!(fault.code, Code::BackupRefused);
        assert!(!target.exists(), "something was changed");
    }
    let restored = run(restore(&target, file.clone(), password("canary-backup-1"))).unwrap();
    assert_eq!((restored.node.as_str(), restored.keys), ("first", 1));
    let (old, new) = (StateDir::at(&node.state_dir()), StateDir::at(&target));
    assert_eq!(Identity::load(&old).unwrap(), Identity::load(&new).unwrap());
    assert_eq!(read_key(&old.node_key()).unwrap(), read_key(&new.node_key()).unwrap());
    assert_eq!(current_thumbprint(&old), current_thumbprint(&new));
    // The key is encrypted here, with a passphrase of this directory's own.
    let passphrase = at_hand(&new, None).unwrap().unwrap();
    assert!(crate::vault::read_ring(&new, Some(&passphrase)).is_ok());
    assert_eq!(crate::vault::read_ring(&new, None).unwrap_err().code, Code::VaultLocked);
    let again = run(restore(&target, file, password("canary-backup-1"))).unwrap_err();
    assert_eq!(again.code, Code::AlreadyRegistered);
}

#[test]
fn a_short_password_makes_no_backup() {
    let node = Node::new(&Ca::new(), "127.0.0.1:1");
    let fault = run(make(node.state_dir(), None, password("short"))).unwrap_err();
    assert_eq!(fault.code, Code::PasswordTooShort);
}
