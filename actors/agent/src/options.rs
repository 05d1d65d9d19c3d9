//! What an agent is started with.

use crate::vault::Passphrase;
use sluice_net::{Lookup, SystemLookup};
use sluice_store_core::Stores;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What an agent needs to run.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// The state directory of a registered node.
    pub state_dir: PathBuf,
    /// The stores it can read and write.
    pub stores: Stores,
    /// How many jobs run at the same time; at least 1.
    pub slots: u32,
    /// Bytes of memory that all copies together may fill with rows on their way.
    pub memory_budget: usize,
    /// A copy in which nothing moves for this long is given up, and tried again.
    pub stall_timeout: Duration,
    /// From so many expected rows on, a copy is written in a way that the next attempt can go on with, even where another way
    /// is faster.
    pub resume_from_rows: u64,
    /// How many receipts of finished copies are kept; the oldest are removed beyond.
    pub receipts: usize,
    /// What the credential keys are encrypted with, where it is not the vault's own.
    pub passphrase: Option<Passphrase>,
    /// Where the credential endpoint listens, if it does.
    pub credentials: Option<SocketAddr>,
    /// The node's policy; `policy.toml` in the state directory where none is named.
    pub policy: Option<PathBuf>,
    /// Looks up the names that linked services name.
    pub lookup: Arc<dyn Lookup>,
}

impl AgentOptions {
    /// Four jobs at a time, 256 MiB for their data, and ten minutes of patience.
    pub fn new(state_dir: impl Into<PathBuf>, stores: Stores) -> Self {
        Self {
            state_dir: state_dir.into(),
            stores,
            slots: 4,
            memory_budget: 256 * 1024 * 1024,
            stall_timeout: Duration::from_secs(600),
            resume_from_rows: 5_000_000,
            receipts: crate::receipts::KEEP,
            passphrase: None,
            credentials: None,
            policy: None,
            lookup: Arc::new(SystemLookup),
        }
    }
}

/// Times and limits that hardly anybody needs to change; tests shorten them.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The longest that connecting, attaching, a send or the welcome may take.
    pub deadline: Duration,
    /// The channel is taken for dead when nothing was heard for this long.
    pub idle_timeout: Duration,
    /// The first pause before connecting again; it doubles with every failure.
    pub reconnect_min: Duration,
    /// The longest pause before connecting again.
    pub reconnect_max: Duration,
    /// A claim or a commit request without an answer is repeated after this.
    pub retry: Duration,
    /// A claim that is not answered for this long is given up.
    pub claim_limit: Duration,
    /// An outcome that is not acknowledged is sent again after this.
    pub resend: Duration,
    /// How often progress is reported.
    pub progress: Duration,
    /// How long a copy that was told to stop may take, where the request names no time.
    pub grace: Duration,
    /// The longest wait of [`crate::Agent::shutdown`] for running copies.
    pub drain: Duration,
    /// A connection that is not used for this long is closed.
    pub idle_connection: Duration,
    /// How many copies use one connection at the same time.
    pub copies_per_connection: u32,
    /// After this many failures to reach a store in a row, copies to it are refused for a while.
    pub breaker_failures: u32,
    /// The first of these pauses; it doubles up to twenty times its length.
    pub breaker_pause: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(60),
            reconnect_min: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(60),
            retry: Duration::from_secs(10),
            claim_limit: Duration::from_secs(300),
            resend: Duration::from_secs(30),
            progress: Duration::from_secs(1),
            grace: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            idle_connection: Duration::from_secs(900),
            copies_per_connection: 8,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(5),
        }
    }
}
