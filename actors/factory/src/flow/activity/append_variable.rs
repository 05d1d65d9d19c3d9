//! AppendVariable: one more item in an array of the run.

use super::set_variable::declared;
use super::value::{required, text_of};
use super::{Beginning, Begun};
use crate::state::{Conn, variables};
use serde_json::json;
use sluice_contract::{Code, Fault};

pub(super) async fn begin(conn: &mut Conn, beginning: &mut Beginning<'_, '_>) -> Result<Begun, Fault> {
    let (activity, running) = (beginning.activity, beginning.running);
    let name = text_of(activity, "variableName", required(activity, "variableName")?)?;
    let value = required(activity, "value")?;
    let (name, kind) = declared(running, activity, &name)?;
    if !kind.eq_ignore_ascii_case("Array") {
        let what = format!(
            "activity {}: the variable `{name}` is declared as {kind}, not as Array",
            activity.name()
        );
        return Err(Fault::new(Code::PipelineInvalid, what));
    }
    variables::append(conn, &running.run.id, name, value).await?;
    Ok(Begun::Ended(json!({ "name": name, "value": value })))
}
