//! Filter: the items for which a condition holds.

use super::value::{items, required, truth};
use super::{Beginning, Begun};
use crate::state::Conn;
use serde_json::{Value, json};
use sluice_contract::Fault;

pub(super) async fn begin(conn: &mut Conn, beginning: &mut Beginning<'_, '_>) -> Result<Begun, Fault> {
    let activity = beginning.activity;
    let items = items(activity, "items")?;
    let condition = required(activity, "condition")?;
    let about = format!("activity {}, `condition`", activity.name());
    let mut kept = Vec::new();
    for item in items {
        beginning.world.with_item(item.clone());
        let holds = beginning.world.evaluate(conn, &about, condition, &|_| false).await?;
        if truth(activity, "condition", &holds)? {
            kept.push(item.clone());
        }
    }
    Ok(Begun::Ended(json!({
        "ItemsCount": items.len(),
        "FilteredItemsCount": kept.len(),
        "Value": Value::Array(kept),
    })))
}
