//! `sluice gateway`: what can be typed.

use super::copy::{Rate, rate};
use super::{
    ApiArgs, BackupArgs, CertificateCommand, KeyKindArg, NodesCommand, PolicyCommand, ProxyCommand, RemoteCommand,
    RestoreArgs, TestConnectionArgs, UnlockArgs, UnregisterArgs, VaultCommand, VaultKeyArgs,
};
use crate::telemetry::ListenArgs;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Makes this machine a node of a gateway.
    Register(Box<RegisterArgs>),
    /// Takes this node out of its gateway. Its credential keys stay.
    Unregister(UnregisterArgs),
    /// Runs the agent.
    Run(GatewayRunArgs),
    /// Shows how the agent of this machine is.
    Status(StateArgs),
    /// Shows the agent's components: state, restarts, messages. With `restart`, restarts one.
    Actors(ActorsArgs),
    /// Prints the agent's figures as the text that Prometheus reads.
    Metrics(StateArgs),
    /// Limits what the agent's copies may read in a second, also those that run.
    Limit(LimitArgs),
    /// The certificate that the gateway's credentials are sealed to, with its key.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// New nodes of the gateway that wait for its keys, and their approval.
    #[command(subcommand)]
    Nodes(NodesCommand),
    /// Gives the passphrase of the credential keys to the running agent.
    Unlock(UnlockArgs),
    /// What the credential keys are encrypted with.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Prints the access code of the node's own credential page, and the fingerprint of its certificate.
    Credentials(StateArgs),
    /// What the administrator of this machine allows the factory to ask for.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The HTTP proxy through which the factory, stores of objects and web addresses are reached.
    #[command(subcommand)]
    Proxy(ProxyCommand),
    /// Registers one machine from another.
    #[command(subcommand)]
    RemoteRegistration(RemoteCommand),
    /// Tests from the running agent whether a store can be reached, stage by stage.
    TestConnection(TestConnectionArgs),
    /// Writes the node's identity and credential keys to a password-protected file.
    Backup(BackupArgs),
    /// Puts what a backup holds into an empty state directory.
    Restore(RestoreArgs),
    /// Writes what helps to find a mistake to one archive, without secrets; also while the agent does not run.
    SupportBundle(BundleArgs),
    /// Makes a gateway in a factory and prints the key with which its nodes register.
    Create(GatewayCreateArgs),
    /// Lists the gateways of a factory with their state.
    List(ApiArgs),
}

#[derive(Args, Debug)]
pub(crate) struct BundleArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) file: BundleFileArgs,
}

/// Where a support bundle goes.
#[derive(Args, Debug)]
pub(crate) struct BundleFileArgs {
    /// The archive (ZIP) to write; nothing is overwritten.
    pub(crate) file: PathBuf,
    /// How large its parts may be together, in MiB, before they are compressed. The oldest lines of the log are left out first.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) max_size: u32,
}

#[derive(Args, Debug)]
pub(crate) struct GatewayCreateArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The gateway's name.
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct LimitArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Bytes in a second, as 10MB/s or 512KiB/s, or `off`. The node's limit is remembered across restarts.
    #[arg(long, value_parser = rate)]
    pub(crate) bandwidth: Rate,
    /// Only for the copy of this job, as `sluice gateway status` shows it; ends with the copy.
    #[arg(long)]
    pub(crate) job: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ActorsArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Shows them every second until interrupted; with `-o json` one line each time.
    #[arg(long, short = 'w')]
    pub(crate) watch: bool,
    #[command(subcommand)]
    pub(crate) command: Option<ActorsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActorsCommand {
    /// Restarts a component, also one that was given up.
    Restart(RestartArgs),
}

#[derive(Args, Debug)]
pub(crate) struct RestartArgs {
    /// The component's name, as `sluice gateway actors` shows it.
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct StateArgs {
    /// Where the agent keeps its identity and its ledger.
    #[arg(
        long,
        global = true,
        env = "SLUICE_GATEWAY_STATE",
        default_value = "/var/lib/sluice-gateway"
    )]
    pub(crate) state: PathBuf,
    /// The name of one of several nodes on this machine: its state lies beside, in DIR-NAME.
    #[arg(long, global = true, env = "SLUICE_GATEWAY_INSTANCE", value_name = "NAME", value_parser = instance)]
    pub(crate) instance: Option<String>,
}

impl StateArgs {
    /// The state directory of the instance.
    pub(crate) fn dir(&self) -> PathBuf {
        match &self.instance {
            None => self.state.clone(),
            Some(name) => PathBuf::from(format!("{}-{name}", self.state.display())),
        }
    }
}

fn instance(name: &str) -> Result<String, String> {
    let plain =
        !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    match plain {
        true => Ok(name.to_owned()),
        false => Err("a name of up to 64 letters, digits, - and _".to_owned()),
    }
}

#[derive(Args, Debug)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// File that holds the registration key; `-` for standard input.
    #[arg(long, default_value = "-")]
    pub(crate) key_file: PathBuf,
    /// The node's name [default: the host name].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Takes the place of the node that is registered here, and of the gateway's node of the same name.
    #[arg(long)]
    pub(crate) replace: bool,
    /// The kind of the credential key, where this node makes it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) key: KeyKindArg,
    #[command(flatten)]
    pub(crate) certificate: KeyFileArgs,
    /// Waits for the gateway's keys, which an administrator of another node has handed over: sluice gateway nodes approve.
    #[arg(long, conflicts_with = "certificate")]
    pub(crate) await_approval: bool,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
}

#[derive(Args, Debug)]
pub(crate) struct KeyFileArgs {
    /// The gateway's certificate and key as another node exported them; needed from the second node on.
    #[arg(long, value_name = "FILE", requires = "password_file")]
    pub(crate) certificate: Option<PathBuf>,
    /// File whose first line is the password of that file.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct GatewayRunArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// Address of the page on which credentials are sealed on this node, usually 127.0.0.1:8050; none by default.
    #[arg(long, value_name = "ADDR", env = "SLUICE_CREDENTIALS_LISTEN")]
    pub(crate) credentials_listen: Option<SocketAddr>,
    /// Lets --credentials-listen take an address that other machines reach.
    #[arg(long, requires = "credentials_listen")]
    pub(crate) credentials_open: bool,
    /// What the factory may ask for [default: policy.toml in the state directory, if it is there].
    #[arg(long, value_name = "FILE", env = "SLUICE_POLICY_FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// How many copies run at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) jobs: u32,
    /// Memory for the data of all copies, in MiB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..))]
    pub(crate) memory: u32,
    /// Seconds without any progress after which a copy is given up and tried again.
    #[arg(long, env = "SLUICE_STALL_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) stall: u32,
    /// From so many rows on, a copy is written so that it can go on after an interruption, even where another way is faster.
    #[arg(long, env = "SLUICE_RESUME_FROM", value_name = "ROWS", default_value_t = 5_000_000)]
    pub(crate) resume_from: u64,
    /// Seconds that running copies get to finish when the agent is told to stop; those that are left are handed back.
    #[arg(long, env = "SLUICE_DRAIN_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) drain: u32,
    /// How many receipts of finished copies are kept.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) receipts: u32,
    #[command(flatten)]
    pub(crate) metrics: ListenArgs,
    /// A file to write when the agent is up, as JSON.
    #[arg(long)]
    pub(crate) ready_file: Option<PathBuf>,
}
