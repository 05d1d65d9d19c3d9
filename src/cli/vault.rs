//! `sluice gateway unlock`, `vault`, `backup` and `restore`: what keeps a node's keys, and carries them elsewhere.

use super::args::{
    BackupArgs, RestoreArgs, StateArgs, UnlockArgs, VaultCommand, VaultKeyArgs, VaultProtectArgs, VaultUnprotectArgs,
};
use super::certificate::{read_bytes, told, write_new};
use super::output::{Output, note};
use crate::api::{read_word, read_word_or_ask};
use serde_json::json;
use sluice_agent::{Passphrase, admin, backup, endpoint, keys};
use sluice_contract::enrol::Exported;
use sluice_contract::{Code, Fault};
use std::io::IsTerminal;
use std::path::Path;

/// The passphrase of the node's keys: the one of the named file, or else asked for on a terminal where they are locked.
pub(super) async fn passphrase(state: &Path, args: &VaultKeyArgs) -> Result<Option<Passphrase>, Fault> {
    if let Some(file) = &args.vault_passphrase_file {
        return Ok(Some(Passphrase::new(read_word(file)?)));
    }
    let there = state.join("vault").exists();
    if there && std::io::stdin().is_terminal() && keys::is_locked(state, None).await? {
        let text = read_word_or_ask(Path::new("-"), "Passphrase of the vault: ")?;
        return Ok(Some(Passphrase::new(text)));
    }
    Ok(None)
}

/// The access code of the node's own page.
pub(super) fn credentials(args: &StateArgs, output: &Output) -> Result<(), Fault> {
    let access = endpoint::access(args.dir())?;
    let value = serde_json::to_value(&access).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    output.print(&value, super::gateway::pairs);
    Ok(())
}

pub(super) async fn unlock(args: UnlockArgs, output: &Output) -> Result<(), Fault> {
    let text = read_word_or_ask(&args.passphrase_file, "Passphrase of the vault: ")?;
    admin::unlock(args.state.dir(), &text).await?;
    output.print(&json!({ "unlocked": true }), |_| "The vault is unlocked\n".to_owned());
    Ok(())
}

pub(super) async fn vault(command: VaultCommand, output: &Output) -> Result<(), Fault> {
    match command {
        VaultCommand::Protect(args) => protect(args, output).await,
        VaultCommand::Unprotect(args) => unprotect(args, output).await,
    }
}

async fn protect(args: VaultProtectArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    let text = read_word_or_ask(&args.new_passphrase_file, "New passphrase of the vault: ")?;
    let new = Passphrase::chosen(text.clone())?;
    keys::protect(&state, given, Some(new)).await?;
    // An agent that runs goes on with what it knows; after this it knows the new one.
    match admin::unlock(&state, &text).await {
        Err(fault) if fault.code != Code::AdminUnreachable => return Err(fault),
        _ => {}
    }
    note(
        "The agent starts locked from now on, unless it is given the passphrase: --vault-passphrase-file, or systemd's",
    );
    note("credential sluice-vault. Unlock it with: sluice gateway unlock. Without the passphrase the keys are lost");
    output.print(&json!({ "protected": true }), |_| {
        "The vault has your passphrase\n".to_owned()
    });
    Ok(())
}

async fn unprotect(args: VaultUnprotectArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    keys::protect(&state, given, None).await?;
    output.print(&json!({ "protected": false }), |_| {
        "The vault has a passphrase of its own, which lies in the state directory\n".to_owned()
    });
    Ok(())
}

pub(super) async fn backup_to(args: BackupArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    let password = read_word_or_ask(&args.password_file, "Password for the backup: ")?;
    let content = backup::make(&state, given, password).await?;
    write_new(&args.file, &content)?;
    told(&state, &Exported::Backup).await;
    let path = args.file.display().to_string();
    note("Whoever has this file and its password is this node, and opens the gateway's credentials");
    output.print(&json!({ "file": path }), |_| format!("{path}\n"));
    Ok(())
}

pub(super) async fn restore(args: RestoreArgs, output: &Output) -> Result<(), Fault> {
    let content = read_bytes(&args.file)?;
    let password = read_word_or_ask(&args.password_file, "Password of the backup: ")?;
    let restored = backup::restore(args.state.dir(), content, password).await?;
    note("Start it with: sluice gateway run. Never run it while the machine it comes from still does");
    let value = serde_json::to_value(&restored).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    output.print(&value, super::gateway::pairs);
    Ok(())
}
