//! SqlServerStoredProcedure: a procedure is called, and its results are not kept.

use crate::TaskJob;
use crate::script::parameters::of_procedure;
use crate::settings::{property, string};
use sluice_contract::{Fault, Object};
use sluice_store_core::statements::{Asked, Limits, not_served};

pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let settings = &job.spec.settings;
    let name = string(settings, "storedProcedureName")?
        .ok_or_else(|| property("the activity has no `storedProcedureName`"))?
        .to_owned();
    let parameters = of_procedure(settings)?;
    let statements = job.store()?.statements();
    let statements = statements.ok_or_else(|| not_served("the store has no stored procedures"))?;
    let nothing = Limits {
        rows: 0,
        bytes: 0,
        stop: false,
    };
    statements.run(Asked::Procedure { name, parameters }, nothing).await?;
    // As in ADF: there is nothing to tell.
    Ok(Object::new())
}
