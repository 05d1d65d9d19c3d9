use super::*;
use sluice_contract::Code;

fn directory() -> (tempfile::TempDir, StateDir) {
    let temp = tempfile::tempdir().unwrap();
    let state = StateDir::create(&temp.path().join("state")).unwrap();
    (temp, state)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn directories_and_files_are_closed_to_others() {
    let (_temp, state) = directory();
    assert_eq!(mode(&state.0), 0o700);
    assert_eq!(mode(&state.vault()), 0o700);
    write_private(&state.node_key(), b"one").unwrap();
    write_private(&state.node_key(), b"two").unwrap();
    assert_eq!(mode(&state.node_key()), 0o600);
    assert_eq!(read_key(&state.node_key()).unwrap().unwrap().as_slice(), b"two");
    std::fs::set_permissions(&state.0, std::fs::Permissions::from_mode(0o755)).unwrap();
    StateDir::create(&state.0).unwrap();
    assert_eq!(mode(&state.0), 0o700);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (_temp, state) = directory();
    assert!(read_key(&state.node_key()).unwrap().is_none());
    write_private(&state.node_key(), b"key").unwrap();
    std::fs::set_permissions(state.node_key(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let fault = read_key(&state.node_key()).unwrap_err();
    assert_eq!(fault.code, Code::VaultUnavailable);
    assert!(fault.message.contains("0640"), "{fault}");
}

#[test]
fn one_agent_per_directory() {
    let (_temp, state) = directory();
    let first = StateLock::take(&state).unwrap();
    assert_eq!(StateLock::take(&state).unwrap_err().code, Code::StateLocked);
    drop(first);
    StateLock::take(&state).unwrap();
}

#[test]
fn a_leftover_of_a_crash_does_not_hinder() {
    let (_temp, state) = directory();
    std::fs::write(state.0.join(".node.key.new"), b"half").unwrap();
    write_private(&state.node_key(), b"whole").unwrap();
    assert_eq!(read_key(&state.node_key()).unwrap().unwrap().as_slice(), b"whole");
}
