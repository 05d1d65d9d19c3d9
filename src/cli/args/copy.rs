//! `sluice quickstart` and `sluice copy`: what can be typed.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

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

/// Bytes in a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(pub(crate) Option<u64>);

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    sluice_copy::parse_rate(text).map(Rate).map_err(|fault| fault.message)
}
