//! What can be typed. One file for each family of commands.

mod access;
mod certificate;
mod copy;
mod factory;
mod gateway;
mod proxy;
mod receipt;
mod remote;
mod runs;
mod trigger;
mod vault;
mod words;

pub(crate) use access::{
    AuditArgs, ClientCommand, GrantArgs, NameArgs, PasswordArgs, PlaceArgs, ScopeArg, TokenCommand, UserCommand,
};
pub(crate) use certificate::{CertificateCommand, CertificateExportArgs, CertificateImportArgs};
pub(crate) use copy::{CopyArgs, QuickstartArgs};
pub(crate) use factory::{BrokerArgs, DatabaseArgs, FactoryBundleArgs, FactoryCommand, FactoryRunArgs};
pub(crate) use gateway::{
    ActorsArgs, ActorsCommand, BundleArgs, BundleFileArgs, GatewayCommand, GatewayCreateArgs, GatewayRunArgs,
    KeyFileArgs, LimitArgs, RegisterArgs, RestartArgs, StateArgs,
};
pub(crate) use proxy::{ProxyCommand, ProxySetArgs};
pub(crate) use receipt::{ReceiptCommand, ReceiptListArgs, ReceiptShowArgs, ReceiptVerifyArgs};
pub(crate) use remote::{RemoteCommand, RemoteOpenArgs, RemoteSendArgs};
pub(crate) use runs::{ApiArgs, PipelineCommand, PipelineRunArgs, RunCommand, RunListArgs, RunShowArgs};
pub(crate) use trigger::{SlicesArgs, TriggerArgs, TriggerCommand, TriggerRunArgs, TriggerRunsArgs};
pub(crate) use vault::{
    BackupArgs, CertificateChangeArgs, CertificateUseArgs, EncryptArgs, KeyKindArg, NodesApproveArgs, NodesCommand,
    PolicyCheckArgs, PolicyCommand, RestoreArgs, TestConnectionArgs, UnlockArgs, UnregisterArgs, VaultCommand,
    VaultKeyArgs, VaultProtectArgs, VaultUnprotectArgs,
};
pub(crate) use words::{ExplainArgs, ExpressionArgs};

use super::documents::{ApplyArgs, ValidateArgs};
use super::output::Format;
use clap::{Args, Parser, Subcommand};

/// An open data management gateway: agent, factory and command line in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "sluice",
    version,
    propagate_version = true,
    after_help = "Examples:\n  sluice quickstart\n  sluice copy 'postgres://me@db/shop?table=orders' file:orders.parquet\n\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not registered or not allowed, 5 try again later,\n\
                  7 fatal, 9 verification failed, 130 interrupted. `sluice explain CODE` tells about an error."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// How data is printed on standard output.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table, env = "SLUICE_OUTPUT")]
    pub(crate) output: Format,
    /// More on standard error: -v progress of the work, -vv details.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts a factory and a gateway, copies a sample database to Parquet and verifies it.
    Quickstart(QuickstartArgs),
    /// Copies one table or file to another place, without a factory.
    Copy(CopyArgs),
    /// The control plane.
    #[command(subcommand)]
    Factory(FactoryCommand),
    /// The agent beside the data.
    #[command(subcommand)]
    Gateway(GatewayCommand),
    /// Seals a secret to a gateway, for a linked service's encryptedCredential.
    Encrypt(Box<EncryptArgs>),
    /// Sends documents (linked services, datasets, pipelines, triggers) to a factory.
    Apply(ApplyArgs),
    /// Tells which documents run, which are stored only, which have mistakes, and why.
    Validate(ValidateArgs),
    /// Pipelines of a factory.
    #[command(subcommand)]
    Pipeline(PipelineCommand),
    /// Runs of pipelines.
    #[command(subcommand)]
    Run(RunCommand),
    /// Triggers of a factory: what starts pipelines by itself.
    #[command(subcommand)]
    Trigger(TriggerCommand),
    /// Slices of a dataset: the windows in which it is made, and how they are.
    Slices(SlicesArgs),
    /// What a node signed about finished copies.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Evaluates an expression of Data Factory, or lists the functions.
    Expression(ExpressionArgs),
    /// Tells cause and next step of an error code.
    Explain(ExplainArgs),
    /// Lists the stores this build can read and write.
    Stores,
}
