//! From an activity to a job for a gateway. One module per type of activity; expressions have been evaluated before.

mod copy;
mod files;
mod lookup;
pub(crate) mod reference;
mod statements;
mod task;
mod web;

use crate::state::Conn;
use crate::state::gateways::GatewayRow;
use crate::state::runs::RunRow;
use sluice_contract::document::{Activity, Policy};
use sluice_contract::job::JobSpec;
use sluice_contract::{Code, Fault};

/// An activity that is to become a job.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) run: &'a RunRow,
    /// The activity; there are values where there were expressions.
    pub(crate) activity: Activity<'a>,
    /// The id of the activity run.
    pub(crate) activity_run: &'a str,
}

/// A job that can be handed out.
pub(crate) struct Planned {
    pub(crate) spec: JobSpec,
    pub(crate) gateway: GatewayRow,
    pub(crate) policy: Policy,
}

/// Plans an activity.
///
/// # Errors
/// `SL4009` for a type that no gateway runs; else what is wrong with the activity or what it refers to.
pub(crate) async fn plan(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    match work.activity.kind() {
        "Copy" => copy::plan(conn, work).await,
        "Lookup" => lookup::plan(conn, work).await,
        "GetMetadata" => files::metadata(conn, work).await,
        "Delete" => files::delete(conn, work).await,
        "Validation" => files::validation(conn, work).await,
        "Script" => statements::script(conn, work).await,
        "SqlServerStoredProcedure" => statements::procedure(conn, work).await,
        "WebActivity" => web::plan(conn, work).await,
        other => Err(Fault::new(
            Code::ActivityUnsupported,
            format!("activity {}: the type {other} does not run here", work.activity.name()),
        )),
    }
}
