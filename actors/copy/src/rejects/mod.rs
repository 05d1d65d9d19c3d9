//! What is left out of a copy because it does not fit, and where that is taken down.

mod asked;
mod file;
mod line;
mod log;

pub(crate) use asked::AskedLogs;
pub(crate) use line::of_row;
#[cfg(test)]
pub(crate) use line::{redirected, session as session_line};
pub(crate) use log::Log;

use sluice_store_core::Connection;
use std::fmt;
use std::sync::Arc;

/// The stores into which a copy writes what it leaves out.
#[derive(Clone, Default)]
pub struct LogStores {
    /// That of `logSettings`, for the session log.
    pub session: Option<Arc<dyn Connection>>,
    /// That of `redirectIncompatibleRowSettings`, for the rows.
    pub redirect: Option<Arc<dyn Connection>>,
    /// The activity's name: a folder of the session log.
    pub activity: String,
    /// The activity run: the folder below it.
    pub run: String,
}

impl fmt::Debug for LogStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStores")
            .field("session", &self.session.is_some())
            .field("redirect", &self.redirect.is_some())
            .finish_non_exhaustive()
    }
}
