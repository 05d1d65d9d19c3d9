//! The node's HTTP proxy.

use super::{StateArgs, VaultKeyArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ProxyCommand {
    /// Sets the proxy; with --user its password is read and sealed.
    Set(Box<ProxySetArgs>),
    /// Shows the proxy, without its password.
    Show(StateArgs),
    /// From now on there is none.
    Clear(StateArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  sluice gateway proxy set http://proxy.corp:3128 --bypass .corp --bypass 10.0.0.0/8\n  \
    sluice gateway proxy set http://proxy.corp:3128 --user gateway <password\n\n\
    The channel to the factory, its HTTPS address, stores of objects, web calls and stores of secrets go through it;\n\
    databases do not. It has to allow CONNECT to the factory's ports (5671 and 8443 unless they were changed).\n\
    The password is read from standard input, or asked for on a terminal; it never stands among the arguments."
)]
pub(crate) struct ProxySetArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// Where it is: http://host:port.
    pub(crate) url: String,
    /// Who logs in there (Basic authentication).
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// File whose first line is that user's password; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-", requires = "user")]
    pub(crate) password_file: PathBuf,
    /// A host that is reached without it, as often as needed: a name, .domain, an address, or a network such as 10.0.0.0/8.
    #[arg(long, value_name = "HOST")]
    pub(crate) bypass: Vec<String>,
}
