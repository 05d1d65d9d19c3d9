//! `sluice gateway certificate`: the certificate that credentials are sealed to, shown and carried between machines.

use super::args::{CertificateCommand, CertificateExportArgs, CertificateImportArgs, KeyFileArgs, StateArgs};
use super::output::{Output, note, table};
use crate::api::read_secret;
use serde_json::json;
use sluice_agent::keys::{self, CertificateInfo};
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
        CertificateCommand::Export(args) => export(args, output).await,
        CertificateCommand::Import(args) => import(args, output).await,
    }
}

async fn show(args: StateArgs, output: &Output) -> Result<(), Fault> {
    let found = keys::list(&args.state).await?;
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
    let password = read_secret(&args.password_file)?;
    let file = keys::export(&args.state.state, password).await?;
    let failed = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", args.file.display()));
    // Never over another file: it could be the only copy of another gateway's key.
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file)
        .map_err(failed)?;
    target
        .write_all(&file)
        .and_then(|()| target.sync_all())
        .map_err(failed)?;
    let path = args.file.display().to_string();
    note("Whoever has this file and its password can open the gateway's credentials");
    output.print(&json!({ "file": path }), |_| format!("{path}\n"));
    Ok(())
}

async fn import(args: CertificateImportArgs, output: &Output) -> Result<(), Fault> {
    let info = take(&args.state.state, &args.file, &args.password_file).await?;
    // A running agent reads its keys again when its vault is built anew; without one there is nobody to tell.
    match sluice_agent::admin::restart(&args.state.state, "CredentialVault").await {
        Ok(()) => note("The running agent opens credentials with it from now on"),
        Err(fault) if fault.code == Code::AdminUnreachable => {}
        Err(fault) => return Err(fault),
    }
    output.print(&json!(info), |_| format!("{}\n", info.thumbprint));
    Ok(())
}

/// Puts the gateway's certificate into the vault of a machine that is going to register.
pub(super) async fn before_registration(state: &Path, args: &KeyFileArgs) -> Result<(), Fault> {
    let (Some(file), Some(password)) = (&args.certificate, &args.password_file) else {
        return Ok(());
    };
    if keys::is_registered(state) {
        // The registration itself says what is wrong; the vault of a registered node stays as it is.
        return Ok(());
    }
    take(state, file, password).await.map(drop)
}

async fn take(state: &Path, file: &Path, password: &Path) -> Result<CertificateInfo, Fault> {
    let failed = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
    let mut content = Zeroizing::new(Vec::with_capacity(64 * 1024));
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut content))
        .map_err(failed)?;
    keys::import(state, content, read_secret(password)?).await
}
