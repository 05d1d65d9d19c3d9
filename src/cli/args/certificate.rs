//! `sluice gateway certificate`: what can be typed.

use super::{CertificateChangeArgs, CertificateUseArgs, StateArgs, VaultKeyArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// Lists the certificates whose credentials this node opens.
    Show(StateArgs),
    /// Writes the certificate in use and its key to a password-protected PKCS#12 file.
    Export(CertificateExportArgs),
    /// Makes another certificate; what was sealed to the ones before still opens.
    Change(CertificateChangeArgs),
    /// Lets new credentials be sealed to a certificate that all nodes of the gateway hold.
    Use(CertificateUseArgs),
    /// Adds a certificate and its key from a PKCS#12 file, so that this node opens what was sealed to it.
    Import(CertificateImportArgs),
}

#[derive(Args, Debug)]
pub(crate) struct CertificateExportArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// Which certificate, as `certificate show` names it [default: the one in use].
    #[arg(long)]
    pub(crate) thumbprint: Option<String>,
    /// The file to make; there must be none of this name.
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// File whose first line is the password, 12 characters or more; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CertificateImportArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// The PKCS#12 file.
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// File whose first line is its password; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
}
