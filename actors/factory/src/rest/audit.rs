//! `GET /access/v1/audit?actor=&text=&after=&before=&$skipToken=`: the audit log, the newest entry first.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::state::audit::{self, PAGE, Search};
use crate::wire::parse_time;
use axum::response::Response;
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) async fn query(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let search = read(&call.query)?;
    let (rows, token) = page(app, &search).await?;
    Ok(reply::page(app, call, rows.iter().map(audit::render).collect(), token))
}

/// What a query looks for, its names in lower case.
///
/// # Errors
/// `SL4005` for a time or a token that is none.
pub(crate) fn read(query: &BTreeMap<String, String>) -> Result<Search, Fault> {
    let word = |name: &str| query.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let time = |name: &str| match word(name) {
        text if text.is_empty() => Ok(None),
        text => parse_time(name, &text).map(Some),
    };
    let behind = match word("$skiptoken") {
        text if text.is_empty() => None,
        text => Some(
            text.split_once(' ')
                .and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())))
                .ok_or_else(|| Fault::new(Code::DocumentInvalid, "`$skipToken` is not one of this factory"))?,
        ),
    };
    Ok(Search {
        actor: word("actor"),
        text: word("text"),
        after: time("after")?,
        before: time("before")?,
        behind,
    })
}

/// A page of entries, and where the next one begins.
pub(crate) async fn page(app: &App, search: &Search) -> Result<(Vec<audit::Entry>, Option<String>), Fault> {
    let mut rows = audit::search(&mut *app.state.read().await?, search).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let token = rows
        .last()
        .filter(|_| more)
        .map(|last| format!("{} {}", last.at, last.id));
    Ok((rows, token))
}
