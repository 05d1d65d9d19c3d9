//! What clients ask of a gateway that there is nothing to do for here, or only by its administrator.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::state::nodes;
use axum::response::Response;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// `upgrade`: done when every node runs the factory's version. The factory puts no programs on other machines, so a node
/// that runs another one is named.
pub(super) async fn upgrade(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (_, gateway) = call.gateway(&mut conn).await?;
    let latest = env!("CARGO_PKG_VERSION");
    let rows = nodes::of_gateway(&mut conn, &gateway.id).await?;
    let behind: Vec<String> = rows
        .iter()
        .filter(|node| node.version != latest)
        .map(|node| format!("{} ({})", node.name, node.version))
        .collect();
    if behind.is_empty() {
        return Ok(reply::done());
    }
    let what = format!(
        "the factory runs {latest}, and these nodes do not: {}",
        behind.join(", ")
    );
    Err(Fault::new(Code::UpgradeByPackage, what).into())
}

/// `removeLinks`: a gateway is never shared with another data factory, so there is no link to remove.
pub(super) async fn remove_links(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    call.gateway(&mut *app.state.read().await?).await?;
    Ok(reply::done())
}
