//! From Script and SqlServerStoredProcedure to jobs.

use super::task::over_service;
use super::{Planned, Work};
use crate::state::Conn;
use sluice_contract::Fault;
use sluice_contract::job::Task;

/// Plans a Script.
///
/// # Errors
/// As [`over_service`].
pub(super) async fn script(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    over_service(conn, work, Task::Script).await
}

/// Plans a SqlServerStoredProcedure.
///
/// # Errors
/// As [`over_service`].
pub(super) async fn procedure(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    over_service(conn, work, Task::SqlServerStoredProcedure).await
}
