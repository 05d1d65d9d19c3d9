//! `sluice receipt`: what can be typed.

use super::StateArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Lists the receipts that the node of this machine keeps, the newest first.
    List(ReceiptListArgs),
    /// Shows what a receipt says, without checking it.
    Show(ReceiptShowArgs),
    /// Checks a receipt: signature, certificate, and that it agrees with itself.
    Verify(ReceiptVerifyArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ReceiptListArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ReceiptShowArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// A receipt's file, `-` for standard input, or the id of a job whose receipt this node keeps.
    pub(crate) receipt: String,
}

#[derive(Args, Debug)]
#[command(
    after_help = "FILE may also be the output of an activity, or its run, as the factory gives them.\n\
                  Without --ca and --fingerprint the CA in the state directory of this machine's node is believed."
)]
pub(crate) struct ReceiptVerifyArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The receipt's file; `-` for standard input.
    pub(crate) file: PathBuf,
    /// The CA certificate of the factory that certified the node.
    #[arg(long, value_name = "FILE", env = "SLUICE_CA_FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The SHA-256 of that CA certificate, which the receipt brings itself; it counts before --ca.
    #[arg(long, value_name = "SHA256")]
    pub(crate) fingerprint: Option<String>,
}
