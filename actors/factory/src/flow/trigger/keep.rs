//! One look at a trigger whose time has come.

use super::definition::Definition;
use super::{arrivals, schedule, tumbling};
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::{self, FactoryRow};
use crate::state::triggers::{self, TriggerRow};
use crate::state::{Conn, stored};
use serde_json::Value;
use sluice_contract::document::Trigger;
use sluice_contract::{Code, Fault, NodeId};

/// When one that cannot be looked at is tried again: a minute.
const AGAIN: i64 = 60_000_000;

/// What is known while one trigger is looked at.
pub(super) struct Look<'a> {
    pub(super) factory: &'a FactoryRow,
    /// The trigger's name as it was written.
    pub(super) name: &'a str,
    pub(super) view: Trigger<'a>,
    /// The time.
    pub(super) moment: i64,
    pub(super) online: Online<'a>,
}

/// Whether a node is connected.
pub(crate) type Online<'a> = &'a (dyn Fn(&NodeId) -> bool + Send + Sync);

/// Looks at the trigger that has waited the longest; `None` when there is none whose time has come. The caller commits, and
/// advances the runs that come back.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn keep(conn: &mut Conn, moment: i64, online: Online<'_>) -> Result<Option<Vec<String>>, Fault> {
    let Some(mut trigger) = triggers::due(conn, moment).await? else {
        return Ok(None);
    };
    let runs = match look_at(conn, &mut trigger, moment, online).await {
        Err(fault) if fault.code == Code::StateFailed => return Err(fault),
        // One that cannot be dealt with must not hold up the others.
        Err(fault) => {
            tracing::error!(trigger = trigger.name_key, %fault, "A trigger cannot fire; it is tried again in a minute");
            trigger.due = Some(moment.saturating_add(AGAIN));
            Vec::new()
        }
        Ok(runs) => runs,
    };
    triggers::update(conn, &trigger).await?;
    Ok(Some(runs))
}

async fn look_at(
    conn: &mut Conn,
    trigger: &mut TriggerRow,
    moment: i64,
    online: Online<'_>,
) -> Result<Vec<String>, Fault> {
    trigger.due = None;
    let factory = factories::by_id(conn, &trigger.factory).await?;
    let document = documents::find(conn, &trigger.factory, DocumentKind::Trigger, &trigger.name_key).await?;
    let (Some(factory), Some(document)) = (factory, document) else {
        return Ok(Vec::new());
    };
    let body: Value = stored("a trigger", &document.body)?;
    let view = Trigger::view(&body)?;
    let look = Look {
        factory: &factory,
        name: &document.name,
        view,
        moment,
        online,
    };
    match Definition::read(&view, trigger.created)? {
        Definition::Schedule(recurrence) => schedule::keep(conn, &look, &recurrence, trigger).await,
        Definition::Tumbling(definition) => tumbling::keep(conn, &look, &definition, trigger).await,
        Definition::Arrivals(definition) => arrivals::keep(conn, &look, &definition, trigger).await,
        Definition::Never => Ok(Vec::new()),
    }
}
