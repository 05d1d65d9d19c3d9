//! Registering a machine from another one.

use super::{KeyKindArg, StateArgs, VaultKeyArgs};
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum RemoteCommand {
    /// On the machine that is to become a node: takes one registration from outside, for some minutes.
    Open(RemoteOpenArgs),
    /// On another machine: sends a registration key to one that was opened.
    Send(RemoteSendArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "It prints the fingerprint of this machine's certificate and a one-time code, and waits. Carry both to the machine on\n\
    which `sluice gateway remote-registration send` is run. It ends with the first registration, when its time is over,\n\
    or after five wrong codes. Start the agent then: sluice gateway run."
)]
pub(crate) struct RemoteOpenArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// Where it listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8060")]
    pub(crate) listen: SocketAddr,
    /// Lets --listen take an address that other machines reach.
    #[arg(long)]
    pub(crate) listen_open: bool,
    /// For how long.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) minutes: u64,
    /// The node's name, where the sender names none [default: the host name].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The kind of the credential key, where this node makes it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) key: KeyKindArg,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The registration key and then the one-time code are read from standard input, a line each, or asked for on a terminal;\n\
    neither stands among the arguments. They are sent only to the machine whose certificate has the fingerprint."
)]
pub(crate) struct RemoteSendArgs {
    /// The machine: host:port.
    pub(crate) address: String,
    /// The fingerprint that the machine printed.
    #[arg(long, value_name = "SHA256")]
    pub(crate) pin: String,
    /// File that holds the registration key; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) key_file: PathBuf,
    /// File that holds the one-time code; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) code_file: PathBuf,
    /// The new node's name [default: the one that the machine has itself].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Waits for the gateway's keys, which an administrator of another node approves: sluice gateway nodes approve.
    #[arg(long)]
    pub(crate) await_approval: bool,
}
