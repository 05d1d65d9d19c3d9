//! What can be typed of who may do what: `sluice factory token|client|user|audit`.

use super::{ApiArgs, DatabaseArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Where access is changed: at a running factory, or in its state directory.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The factory's state directory, instead of asking the factory: for its own machine, also while it does not run.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// What somebody may do; each holds the ones before it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Looks at everything that holds no secret.
    Reader,
    /// Starts and stops runs.
    Operator,
    /// Changes documents and gateways.
    Contributor,
    /// Says who may do what.
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token and prints it, this once.
    Create(GrantArgs),
    /// Lists the tokens.
    List(PlaceArgs),
    /// Revokes a token.
    Revoke(NameArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Makes an API client and prints its id and secret, the secret this once.
    Create(GrantArgs),
    /// Lists the API clients.
    List(PlaceArgs),
    /// Revokes an API client and the tokens it was given.
    Revoke(NameArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Makes a user of the console.
    Create(UserArgs),
    /// Gives a user another password, which ends their sessions.
    Password(PasswordArgs),
    /// Lists the users.
    List(PlaceArgs),
    /// Deletes a user, who is logged out.
    Revoke(NameArgs),
}

#[derive(Args, Debug)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Its name.
    pub(crate) name: String,
    /// What it may do.
    #[arg(long, value_enum)]
    pub(crate) scope: ScopeArg,
    /// Where it counts: SUBSCRIPTION, SUBSCRIPTION/GROUP or SUBSCRIPTION/GROUP/FACTORY [default: everywhere].
    #[arg(long)]
    pub(crate) within: Option<String>,
    /// Days until it expires [default: never].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub(crate) days: Option<u32>,
    /// Replaces the one of this name, which stops working.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Args, Debug)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) user: PasswordArgs,
    /// What the user may do.
    #[arg(long, value_enum)]
    pub(crate) scope: ScopeArg,
    /// Gives the user of this name this scope and this password.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PasswordArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The user's name.
    pub(crate) name: String,
    /// File whose first line is the password, `-` for standard input [default: asks on the terminal].
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The name.
    pub(crate) name: String,
}

#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Only what this token, client or user did.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Only operations or paths that hold this text.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Only from this time on, such as 2026-01-31T00:00:00Z.
    #[arg(long)]
    pub(crate) after: Option<String>,
}
