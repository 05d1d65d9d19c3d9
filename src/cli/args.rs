//! What can be typed.

mod trigger;
mod vault;

pub(crate) use trigger::{TriggerArgs, TriggerCommand, TriggerRunArgs, TriggerRunsArgs};
pub(crate) use vault::{
    BackupArgs, CertificateChangeArgs, CertificateUseArgs, EncryptArgs, KeyKindArg, NodesApproveArgs, NodesCommand,
    PolicyCheckArgs, PolicyCommand, RestoreArgs, TestConnectionArgs, UnlockArgs, UnregisterArgs, VaultCommand,
    VaultKeyArgs, VaultProtectArgs, VaultUnprotectArgs,
};

use super::access_args::{AuditArgs, ClientCommand, TokenCommand, UserCommand};
use super::documents::{ApplyArgs, ValidateArgs};
use super::output::Format;
use crate::telemetry::ListenArgs;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

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

#[derive(Args, Debug)]
pub(crate) struct QuickstartArgs {
    /// Where factory, gateway and data are kept [default: sluice/quickstart in the user's data directory].
    #[arg(long, env = "SLUICE_QUICKSTART_DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Ends when the copy is verified, instead of staying up.
    #[arg(long)]
    pub(crate) exit: bool,
    /// Rows of the sample table.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) rows: u64,
    /// Address of the REST API and the page [default: 127.0.0.1:8443, or a free port when that is taken].
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of the AMQP control channel [default: 127.0.0.1:5671, or a free port when that is taken].
    #[arg(long)]
    pub(crate) amqp_listen: Option<SocketAddr>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Addresses:\n  postgres://user@host:port/database?table=schema.table   (or query=SELECT ..)\n  \
    mysql://user@host:port/database?table=NAME   (or mariadb:)\n  sqlserver://user@host:port/database?table=NAME\n  sqlite:PATH?table=NAME\n  file:PATH, a plain PATH; azblob://container/path   (AZURE_STORAGE_CONNECTION_STRING)\n  s3://bucket/path   (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ..)\n  with the ending .parquet, .csv, .json, .jsonl, .avro, or .xlsx to be read\n\n\
    A password never stands in an address: it is taken from --src-password-file, --dst-password-file,\n\
    SLUICE_SRC_PASSWORD, SLUICE_DST_PASSWORD or PGPASSWORD, else asked for on a terminal."
)]
pub(crate) struct CopyArgs {
    /// Where to read.
    pub(crate) source: String,
    /// Where to write.
    pub(crate) sink: String,
    /// How many partitions are read at the same time.
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) parallel: Option<u32>,
    /// Memory for data under way, in MiB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..))]
    pub(crate) memory: u32,
    /// Bytes that may be read in a second, as 10MB/s or 512KiB/s.
    #[arg(long, value_parser = rate)]
    pub(crate) bandwidth: Option<Rate>,
    /// Seconds without any progress after which the copy is given up.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) stall: u32,
    /// Makes the sink's table when it is not there.
    #[arg(long)]
    pub(crate) create: bool,
    /// File whose first line is the source's password.
    #[arg(long)]
    pub(crate) src_password_file: Option<PathBuf>,
    /// File whose first line is the sink's password.
    #[arg(long)]
    pub(crate) dst_password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FactoryCommand {
    /// Runs the control plane.
    Run(FactoryRunArgs),
    /// API tokens: what programs and people send with every request.
    #[command(subcommand)]
    Token(TokenCommand),
    /// API clients: programs that log in with a client id and a secret, as Azure's libraries do.
    #[command(subcommand)]
    Client(ClientCommand),
    /// People who log in to the console with a password.
    #[command(subcommand)]
    User(UserCommand),
    /// Shows who changed what, when and from where, the newest first.
    Audit(AuditArgs),
    /// Prints the REST interface as an OpenAPI document.
    Openapi,
}

#[derive(Args, Debug)]
pub(crate) struct FactoryRunArgs {
    /// Where the factory keeps its state.
    #[arg(long, env = "SLUICE_FACTORY_STATE", default_value = "/var/lib/sluice-factory")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Address of the REST API and the page.
    #[arg(long, default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,
    /// Address of the AMQP control channel.
    #[arg(long, default_value = "0.0.0.0:5671")]
    pub(crate) amqp_listen: SocketAddr,
    /// The name or address under which gateways and clients reach this machine; it stands in keys and certificates.
    #[arg(long, env = "SLUICE_PUBLIC_HOST", default_value = "localhost")]
    pub(crate) host: String,
    /// More names for the certificate.
    #[arg(long = "name")]
    pub(crate) names: Vec<String>,
    /// Seconds a job's lease lasts without a heartbeat.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(3..=3600))]
    pub(crate) lease: u32,
    /// An address or a network, such as 10.1.0.0/16, that web activities may call from the factory. Public addresses they may
    /// call anyway.
    #[arg(
        long = "web-allow",
        value_name = "NETWORK",
        env = "SLUICE_WEB_ALLOW",
        value_delimiter = ','
    )]
    pub(crate) web_allow: Vec<String>,
    #[command(flatten)]
    pub(crate) broker: BrokerArgs,
    #[command(flatten)]
    pub(crate) metrics: ListenArgs,
    /// A file to write when the factory is ready: its addresses, CA and token file, as JSON.
    #[arg(long)]
    pub(crate) ready_file: Option<PathBuf>,
}

/// The database of the factory, where it is not the file in its state directory.
#[derive(Args, Clone, Debug)]
pub(crate) struct DatabaseArgs {
    /// PostgreSQL in place of the file in the state directory: postgres://user@host:5432/database?sslmode=verify-full.
    #[arg(long, value_name = "URL", env = "SLUICE_STATE_URL")]
    pub(crate) state_url: Option<String>,
    /// File whose first line is the password of the database's user.
    #[arg(
        long,
        value_name = "FILE",
        env = "SLUICE_STATE_PASSWORD_FILE",
        requires = "state_url"
    )]
    pub(crate) state_password_file: Option<PathBuf>,
}

/// The message broker that carries the control channel, if one does.
#[derive(Args, Debug)]
pub(crate) struct BrokerArgs {
    /// RabbitMQ in place of the factory's own endpoint: amqps://user@host:5671/vhost. Nodes learn of it when they register.
    #[arg(long, value_name = "URL", env = "SLUICE_CHANNEL_URL")]
    pub(crate) channel_url: Option<String>,
    /// File whose first line is the password of the broker's user.
    #[arg(
        long,
        value_name = "FILE",
        env = "SLUICE_CHANNEL_PASSWORD_FILE",
        requires = "channel_url"
    )]
    pub(crate) channel_password_file: Option<PathBuf>,
    /// CA certificates (PEM) to trust for the broker, instead of the public ones; nodes get them, too.
    #[arg(long, value_name = "FILE", requires = "channel_url")]
    pub(crate) channel_ca_file: Option<PathBuf>,
    /// A client certificate (PEM) for a broker that asks the factory for one.
    #[arg(long, value_name = "FILE", requires = "channel_cert_key_file")]
    pub(crate) channel_cert_file: Option<PathBuf>,
    /// The key (PEM) of that certificate.
    #[arg(long, value_name = "FILE", requires = "channel_cert_file")]
    pub(crate) channel_cert_key_file: Option<PathBuf>,
    /// The broker's user for nodes, where it is another one than the factory's: one that cannot make queues.
    #[arg(long, value_name = "USER", requires = "channel_node_password_file")]
    pub(crate) channel_node_user: Option<String>,
    /// File whose first line is the password of the nodes' user.
    #[arg(long, value_name = "FILE", requires = "channel_node_user")]
    pub(crate) channel_node_password_file: Option<PathBuf>,
}

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
    /// Tests from the running agent whether a store can be reached, stage by stage.
    TestConnection(TestConnectionArgs),
    /// Writes the node's identity and credential keys to a password-protected file.
    Backup(BackupArgs),
    /// Puts what a backup holds into an empty state directory.
    Restore(RestoreArgs),
    /// Makes a gateway in a factory and prints the key with which its nodes register.
    Create(GatewayCreateArgs),
    /// Lists the gateways of a factory with their state.
    List(ApiArgs),
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

/// Bytes in a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(pub(crate) Option<u64>);

fn rate(text: &str) -> Result<Rate, String> {
    sluice_copy::parse_rate(text).map(Rate).map_err(|fault| fault.message)
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

#[derive(Args, Debug)]
pub(crate) struct ExpressionArgs {
    /// The text, such as "@concat('a', pipeline().parameters.b)" or "run-@{utcNow()}"; without one the functions are listed.
    pub(crate) text: Option<String>,
    /// The pipeline's parameters, as JSON.
    #[arg(long, value_name = "JSON")]
    pub(crate) parameters: Option<String>,
    /// A JSON file with what the text may refer to: pipeline, activities, variables, item, dataset, linkedService, trigger.
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,
    /// The time that utcNow() gives [default: now].
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The code, such as SL6004; without one all codes are listed.
    pub(crate) code: Option<String>,
}
