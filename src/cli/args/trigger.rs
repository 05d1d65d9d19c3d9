//! `sluice trigger` and `sluice slices`: what can be typed.

use super::ApiArgs;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum TriggerCommand {
    /// Lists triggers, and whether they are started.
    List(ApiArgs),
    /// Shows a trigger's document.
    Show(TriggerArgs),
    /// Starts a trigger: from now on it fires.
    Start(TriggerArgs),
    /// Stops a trigger; what runs goes on.
    Stop(TriggerArgs),
    /// Shows whether a trigger of files looks, when it looked last, and why it cannot.
    Status(TriggerArgs),
    /// Lists what triggers fired, the newest first.
    Runs(TriggerRunsArgs),
    /// Runs a window, or a scheduled time, again.
    Rerun(TriggerRunArgs),
    /// Cancels a window that waits or runs.
    Cancel(TriggerRunArgs),
}

#[derive(Args, Debug)]
pub(crate) struct TriggerArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The trigger.
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct TriggerRunsArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// Only runs of this trigger.
    pub(crate) name: Option<String>,
    /// Only runs of this status, such as Failed or WaitingOnDependency.
    #[arg(long)]
    pub(crate) status: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct TriggerRunArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The trigger.
    pub(crate) name: String,
    /// The id of its run, as `sluice trigger runs` shows it.
    pub(crate) run: String,
}

#[derive(Args, Debug)]
pub(crate) struct SlicesArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The dataset.
    pub(crate) dataset: String,
    /// Slices from this time on, such as 2024-05-31T18:00:00Z or 2024-05-31 [default: a week before the end].
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Slices up to this time [default: now].
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Sets the whole slices within that time: Waiting makes them again, Ready, Failed and Skipped end them.
    #[arg(long, value_name = "STATE", requires = "from", requires = "to", ignore_case = true,
        value_parser = ["Waiting", "Ready", "Failed", "Skipped"])]
    pub(crate) set: Option<String>,
    /// With --set Waiting: what the slices are made of is made again as well.
    #[arg(long, requires = "set")]
    pub(crate) upstream: bool,
}
