//! Slices of datasets: an operation of our own, in the words of Data Factory v1, which asked for them in the same way.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow::trigger::{self, Wanted};
use crate::state::Conn;
use crate::state::documents::{self, DocumentKind};
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// So far back it is looked when nothing is said.
const BACK: TimeDelta = TimeDelta::days(7);

/// `GET datasets/{name}/slices?start=..&end=..`
pub(crate) async fn list(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    check(&mut conn, &factory.id, call.name(3)).await?;
    let now = app.clock.now();
    let span = span(call, &Object::new(), now)?;
    let slices = trigger::slices(&mut conn, &factory.id, call.name(3), span, now).await?;
    Ok(reply::json_reply(json!({ "value": slices })))
}

/// `POST datasets/{name}/setSliceStatus`, and v1's `PUT datasets/{name}/slices/setstatus`.
pub(crate) async fn set(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let body = call.object()?;
    let word = text(&body, "sliceState")
        .or_else(|| text(&body, "status"))
        .unwrap_or_default();
    let wanted = Wanted::read(word).ok_or_else(|| {
        let what = format!("`sliceState` is {word:?}; a slice can be set to Waiting, Ready, Failed and Skipped");
        Fault::new(Code::DocumentInvalid, what)
    })?;
    let upstream = text(&body, "updateType").is_some_and(|kind| kind.eq_ignore_ascii_case("UpstreamInPipeline"));
    let mut tx = app.state.write().await?;
    let factory = call.factory(&mut tx).await?;
    check(&mut tx, &factory.id, call.name(3)).await?;
    let span = span(call, &body, app.clock.now())?;
    let count = trigger::set_slices(&mut tx, &factory.id, call.name(3), span, wanted, upstream).await?;
    tx.commit().await?;
    tracing::info!(dataset = call.name(3), count, status = word, "Slices were set");
    app.live.changed();
    Ok(reply::json_reply(json!({ "slices": count })))
}

async fn check(conn: &mut Conn, factory: &str, name: &str) -> Result<(), ApiError> {
    match documents::find(conn, factory, DocumentKind::Dataset, name).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::no_resource("datasets", name)),
    }
}

/// The time that is asked about, in the query or in the body.
fn span(call: &Call, body: &Object, now: i64) -> Result<(DateTime<Utc>, DateTime<Utc>), Fault> {
    let given = |names: [&str; 2]| {
        let in_query = names
            .iter()
            .find_map(|name| call.query.get(&name.to_lowercase()))
            .map(String::as_str);
        let mut in_body = names
            .iter()
            .filter_map(|name| member(body, name).and_then(Value::as_str));
        in_query.or_else(|| in_body.next()).map(moment).transpose()
    };
    let now = DateTime::from_timestamp_micros(now).unwrap_or_default();
    let end = given(["end", "DataSliceRangeEndTime"])?.unwrap_or(now);
    let start = given(["start", "DataSliceRangeStartTime"])?.unwrap_or(end - BACK);
    Ok((start, end))
}

fn moment(text: &str) -> Result<DateTime<Utc>, Fault> {
    let text = text.trim();
    let plain = || text.parse::<NaiveDateTime>().ok().map(|moment| moment.and_utc());
    let day = || {
        text.parse::<chrono::NaiveDate>()
            .ok()?
            .and_hms_opt(0, 0, 0)
            .map(|moment| moment.and_utc())
    };
    let read = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
    read.or_else(plain).or_else(day).ok_or_else(|| {
        let what = format!("{text:?} is no time such as 2024-05-31T18:30:00Z");
        Fault::new(Code::DocumentInvalid, what)
    })
}
