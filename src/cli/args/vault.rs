//! Sealing credentials, the node's vault, and who it belongs to.

use super::{ApiArgs, StateArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  sluice encrypt --gateway g1 --pin FINGERPRINT -f linkedService/Db.json <password\n  \
    sluice encrypt --gateway g1 --type OnPremisesSqlServer \\\n      \
    --connection-string 'data source=db1;initial catalog=shop;user id=me'\n\n\
    The secret is read from standard input, or asked for on a terminal; it never stands among the arguments.\n\
    What is printed goes into the linked service as `encryptedCredential`, or into its connection string as\n\
    EncryptedCredential=. It opens only on the gateway's nodes, and only for this type, server and database."
)]
pub(crate) struct EncryptArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    /// The gateway whose nodes shall open it [default: the one that the file of --file names].
    #[arg(long, short = 'g', required_unless_present_any = ["file", "certificate"])]
    pub(crate) gateway: Option<String>,
    /// The fingerprint that the gateway's certificate must have, as `sluice gateway certificate show` prints it on a node.
    #[arg(long, value_name = "SHA256", allow_hyphen_values = true)]
    pub(crate) pin: Option<String>,
    /// The gateway's certificate (PEM) from a file instead of from the factory.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// A linked service; it is printed with the sealed credential in it. Secrets that stand in it are sealed as well.
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["kind", "connection_string", "server", "database", "set"])]
    pub(crate) file: Option<PathBuf>,
    /// The linked service's type, such as SqlServer.
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "file")]
    pub(crate) kind: Option<String>,
    /// The connection string without its password.
    #[arg(long, value_name = "TEXT")]
    pub(crate) connection_string: Option<String>,
    /// The server, where there is no connection string.
    #[arg(long)]
    pub(crate) server: Option<String>,
    /// The database, where there is no connection string.
    #[arg(long)]
    pub(crate) database: Option<String>,
    /// Another property of the linked service that says where the secret may be used, such as port=6432.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Which property is the secret.
    #[arg(long, value_name = "NAME", default_value = "password")]
    pub(crate) secret: String,
    /// File whose first line is the secret; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) secret_file: PathBuf,
}

/// A command that opens the node's credential keys.
#[derive(Args, Debug)]
pub(crate) struct VaultKeyArgs {
    /// File whose first line is the passphrase of the node's vault, where it has one; `-` for standard input.
    #[arg(long, value_name = "FILE", env = "SLUICE_VAULT_PASSPHRASE_FILE")]
    pub(crate) vault_passphrase_file: Option<PathBuf>,
}

/// The kind of a credential key.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum KeyKindArg {
    /// RSA of 3072 bits: whatever can make a JWE can seal to it.
    #[default]
    Rsa,
    /// NIST P-256: small and fast.
    P256,
}

impl From<KeyKindArg> for sluice_agent::KeyKind {
    fn from(kind: KeyKindArg) -> Self {
        match kind {
            KeyKindArg::Rsa => Self::Rsa3072,
            KeyKindArg::P256 => Self::P256,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct CertificateChangeArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// The kind of the new key.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) key: KeyKindArg,
    /// Only makes it: for gateways with several nodes, which all need it before `certificate use`.
    #[arg(long)]
    pub(crate) later: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CertificateUseArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The certificate, as `certificate show` names it.
    #[arg(allow_hyphen_values = true)]
    pub(crate) thumbprint: String,
}

#[derive(Args, Debug)]
pub(crate) struct UnlockArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// File whose first line is the passphrase; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-", env = "SLUICE_VAULT_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodesCommand {
    /// Prints the fingerprint of this node, which waits for its gateway's keys.
    Fingerprint(StateArgs),
    /// Lists the gateway's nodes that wait for its keys.
    Waiting(StateArgs),
    /// Hands the gateway's keys over to a node that waits for them.
    Approve(NodesApproveArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "Take the fingerprint from the new machine itself, as `register` or `nodes fingerprint` printed it there. The factory\n\
    carries the keys and cannot open them; without this comparison it could put itself in the place of the new node."
)]
pub(crate) struct NodesApproveArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// The name of the new node.
    pub(crate) name: String,
    /// The fingerprint that the new machine shows.
    #[arg(long, value_name = "SHA256", allow_hyphen_values = true)]
    pub(crate) fingerprint: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Encrypts the keys with a passphrase of yours, which the agent needs at every start.
    Protect(VaultProtectArgs),
    /// Encrypts the keys with a passphrase that is made and lies in the state directory: the agent starts by itself again.
    Unprotect(VaultUnprotectArgs),
}

#[derive(Args, Debug)]
pub(crate) struct VaultProtectArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// File whose first line is the new passphrase, 12 characters or more; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) new_passphrase_file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct VaultUnprotectArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
}

#[derive(Args, Debug)]
pub(crate) struct UnregisterArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Also when the factory cannot be asked: the node stays in its list until somebody deletes it there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "FILE is a linked service as it is applied to a factory. A secret that stands in it is used for the test only.\n\
    Without one, --secret NAME reads one from standard input."
)]
pub(crate) struct TestConnectionArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The linked service, as JSON; `-` for standard input.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The linked services that its secrets refer to (stores of secrets).
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_store: Vec<PathBuf>,
    /// The property whose secret is read from --secret-file.
    #[arg(long, value_name = "NAME")]
    pub(crate) secret: Option<String>,
    /// File whose first line is that secret; `-` for standard input, or asked for on a terminal.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) secret_file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Checks a policy file and prints the rules that it makes; with --file, what they say of a linked service.
    Check(PolicyCheckArgs),
}

#[derive(Args, Debug)]
pub(crate) struct PolicyCheckArgs {
    /// The policy file.
    pub(crate) policy: PathBuf,
    /// A linked service to judge by it.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) vault: VaultKeyArgs,
    /// The file to make; there must be none of this name.
    pub(crate) file: PathBuf,
    /// File whose first line is the password, 12 characters or more; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) password_file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The backup.
    pub(crate) file: PathBuf,
    /// File whose first line is its password; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) password_file: PathBuf,
}
