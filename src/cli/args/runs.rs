//! Which factory, and `sluice pipeline` and `sluice run`: what can be typed.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Which factory, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApiArgs {
    /// The factory's address.
    #[arg(long, env = "SLUICE_FACTORY", default_value = "https://localhost:8443")]
    pub(crate) factory: String,
    /// The factory's CA certificate.
    #[arg(long, env = "SLUICE_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// File that holds the token.
    #[arg(long, env = "SLUICE_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Subscription, the outer name space.
    #[arg(long, env = "SLUICE_SUBSCRIPTION", default_value = "default")]
    pub(crate) subscription: String,
    /// Resource group, the inner name space.
    #[arg(long, env = "SLUICE_RESOURCE_GROUP", default_value = "default")]
    pub(crate) resource_group: String,
    /// The data factory.
    #[arg(long, short = 'F', env = "SLUICE_FACTORY_NAME", default_value = "sluice")]
    pub(crate) factory_name: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PipelineCommand {
    /// Starts a pipeline.
    Run(PipelineRunArgs),
}

#[derive(Args, Debug)]
pub(crate) struct PipelineRunArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The pipeline.
    pub(crate) name: String,
    /// Waits for the end and shows progress.
    #[arg(long)]
    pub(crate) wait: bool,
    /// A parameter, NAME=VALUE.
    #[arg(long = "param", short = 'p')]
    pub(crate) parameters: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Lists the newest runs.
    List(RunListArgs),
    /// Shows one run with its activities.
    Show(RunShowArgs),
}

#[derive(Args, Debug)]
pub(crate) struct RunListArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// Only runs of this pipeline.
    #[arg(long)]
    pub(crate) pipeline: Option<String>,
    /// Only runs of this status.
    #[arg(long)]
    pub(crate) status: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RunShowArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The run's id.
    pub(crate) run: String,
}
