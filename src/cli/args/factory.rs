//! `sluice factory`: what can be typed.

use super::gateway::BundleFileArgs;
use super::{ApiArgs, AuditArgs, ClientCommand, TokenCommand, UserCommand};
use crate::telemetry::ListenArgs;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// Writes what helps to find a mistake to one archive, without secrets; also while the factory does not run.
    SupportBundle(Box<FactoryBundleArgs>),
    /// Prints the REST interface as an OpenAPI document.
    Openapi,
}

#[derive(Args, Debug)]
pub(crate) struct FactoryBundleArgs {
    /// Where the factory keeps its state.
    #[arg(long, env = "SLUICE_FACTORY_STATE", default_value = "/var/lib/sluice-factory")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How a running one is asked; CA and token are those of the state directory where none is named.
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    #[command(flatten)]
    pub(crate) file: BundleFileArgs,
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
