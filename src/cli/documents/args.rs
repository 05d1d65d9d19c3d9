//! What can be typed for commands that take documents.

use crate::cli::args::ApiArgs;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct DocumentArgs {
    /// Documents, templates, or folders of them (linkedService/, dataset/, pipeline/ as Data Factory's Git layout has them).
    #[arg(value_name = "PATH", required_unless_present = "file")]
    pub(crate) paths: Vec<PathBuf>,
    /// The same.
    #[arg(short, long = "file", value_name = "PATH")]
    pub(crate) file: Vec<PathBuf>,
    /// A file with parameters of templates; may be given more than once, and the later one counts.
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Vec<PathBuf>,
    /// A parameter of a template. Not for secrets: everybody can read arguments.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// The gateway that takes the place of Azure's own integration runtimes, where linked services name one.
    #[arg(long, value_name = "NAME")]
    pub(crate) gateway: Option<String>,
    /// A parameter of a template whose value is the first line of a file; `-` for standard input.
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) set_file: Vec<String>,
}

impl DocumentArgs {
    /// All paths.
    pub(super) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().chain(&self.file)
    }
}

#[derive(Args, Debug)]
#[command(
    after_help = "Documents with mistakes are not sent, nor is anything else of the same command; see sluice validate.\n\
                        A document whose file holds a password in clear is sent every time: it cannot be compared."
)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    #[command(flatten)]
    pub(crate) documents: DocumentArgs,
    /// Shows what would be done, and does nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Sends documents with mistakes, too.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Each document runs, is stored only (it is kept and given back, and does not run), or is wrong.\n\
                        Ends with 1 when one of them is wrong, with --strict also when one is stored only."
)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) documents: DocumentArgs,
    /// The given documents are a part: what they refer to and is not among them is taken to be in the factory.
    #[arg(long)]
    pub(crate) partial: bool,
    /// A document that would not run is a mistake.
    #[arg(long)]
    pub(crate) strict: bool,
    /// The data factory's name, for templates that ask for it.
    #[arg(long, short = 'F', env = "SLUICE_FACTORY_NAME", default_value = "sluice")]
    pub(crate) factory_name: String,
}
