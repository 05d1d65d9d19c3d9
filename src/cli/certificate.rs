//! `sluice gateway certificate`: the certificate that credentials are sealed to, shown and carried between machines.

use super::args::{
    CertificateChangeArgs, CertificateCommand, CertificateExportArgs, CertificateImportArgs, CertificateUseArgs,
    KeyFileArgs, StateArgs,
};
use super::output::{Output, note, table};
use super::vault::passphrase;
use crate::api::read_word;
use serde_json::json;
use sluice_agent::keys::{self, CertificateInfo};
use sluice_agent::{Passphrase, exports};
use sluice_contract::enrol::Exported;
use sluice_contract::{Code, Fault};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Larger files are not read to their end; no key file is.
const MAX_FILE: u64 = 1024 * 1024;

pub(super) async fn run(command: CertificateCommand, output: &Output) -> Result<(), Fault> {
    match command {
        CertificateCommand::Show(args) => show(args, output).await,
        CertificateCommand::Change(args) => change(args, output).await,
        CertificateCommand::Use(args) => use_it(args, output).await,
        CertificateCommand::Export(args) => export(args, output).await,
        CertificateCommand::Import(args) => import(args, output).await,
    }
}

async fn show(args: StateArgs, output: &Output) -> Result<(), Fault> {
    let found = keys::list(args.dir()).await?;
    let rows: Vec<_> = found
        .iter()
        .map(|certificate| {
            vec![
                certificate.thumbprint.clone(),
                if certificate.current {
                    "in use"
                } else {
                    "opens old credentials"
                }
                .to_owned(),
                certificate.key.clone(),
                certificate.subject.clone(),
            ]
        })
        .collect();
    output.print(&json!(found), |_| {
        table(&["THUMBPRINT", "STATE", "KEY", "SUBJECT"], &rows)
    });
    Ok(())
}

async fn export(args: CertificateExportArgs, output: &Output) -> Result<(), Fault> {
    let password = read_word(&args.password_file)?;
    let given = passphrase(&args.state.dir(), &args.vault).await?;
    let (file, what) = keys::export(args.state.dir(), password, given, args.thumbprint).await?;
    write_new(&args.file, &file)?;
    told(&args.state.dir(), &what).await;
    let path = args.file.display().to_string();
    note("Whoever has this file and its password can open the gateway's credentials");
    output.print(&json!({ "file": path }), |_| format!("{path}\n"));
    Ok(())
}

/// The agent and the factory learn that keys have left this node. That they do not hear it undoes nothing: it is written down.
pub(super) async fn told(state: &Path, what: &Exported) {
    if let Err(fault) = exports::tell(state, what).await {
        note(format_args!("The factory was not told of it: {fault}"));
    }
}

async fn import(args: CertificateImportArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    let info = take(&state, &args.file, &args.password_file, given).await?;
    reload(&state).await?;
    // The factory learns of it at the node's next connection at the latest.
    if keys::is_registered(&state)
        && let Err(fault) = keys::report(&state).await
    {
        note(format_args!("The factory was not told yet: {fault}"));
    }
    output.print(&json!(info), |_| format!("{}\n", info.thumbprint));
    Ok(())
}

async fn change(args: CertificateChangeArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let given = passphrase(&state, &args.vault).await?;
    let info = keys::change(&state, args.key.into(), given).await?;
    reload(&state).await?;
    if args.later {
        note("Export it, import it on the gateway's other nodes, then: sluice gateway certificate use");
    } else {
        keys::use_certificate(&state, &info.thumbprint).await?;
        note("New credentials are sealed to it; those sealed before open as they did");
    }
    output.print(&json!(info), |_| format!("{}\n", info.thumbprint));
    Ok(())
}

async fn use_it(args: CertificateUseArgs, output: &Output) -> Result<(), Fault> {
    keys::use_certificate(args.state.dir(), &args.thumbprint).await?;
    note("New credentials are sealed to it; those sealed before open as they did");
    output.print(&json!({ "thumbprint": args.thumbprint }), |_| {
        format!("{}\n", args.thumbprint)
    });
    Ok(())
}

/// Writes a file that only this user can read. Never over another one: it could be the only copy of another key.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<(), Fault> {
    let failed = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", path.display()));
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    target
        .write_all(content)
        .and_then(|()| target.sync_all())
        .map_err(failed)
}

/// A running agent reads its keys again when its vault is built anew; without one there is nobody to tell.
async fn reload(state: &Path) -> Result<(), Fault> {
    match sluice_agent::admin::restart(state, "CredentialVault").await {
        Ok(()) => note("The running agent opens credentials with it from now on"),
        Err(fault) if fault.code == Code::AdminUnreachable => {}
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// Puts the gateway's certificate into the vault of a machine that is going to register.
pub(super) async fn before_registration(
    state: &Path,
    args: &KeyFileArgs,
    given: Option<Passphrase>,
) -> Result<(), Fault> {
    let (Some(file), Some(password)) = (&args.certificate, &args.password_file) else {
        return Ok(());
    };
    if keys::is_registered(state) {
        // The registration itself says what is wrong; the vault of a registered node stays as it is.
        return Ok(());
    }
    take(state, file, password, given).await.map(drop)
}

async fn take(state: &Path, file: &Path, password: &Path, given: Option<Passphrase>) -> Result<CertificateInfo, Fault> {
    let content = read_bytes(file)?;
    keys::import(state, content, read_word(password)?, given).await
}

/// Reads a file of keys.
pub(super) fn read_bytes(file: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let failed = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
    let mut content = Zeroizing::new(Vec::with_capacity(64 * 1024));
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut content))
        .map_err(failed)?;
    Ok(content)
}
