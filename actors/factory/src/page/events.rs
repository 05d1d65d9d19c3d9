//! The event stream: rows that changed, rendered as the pages render them.

use super::{gateways, home, run, runs};
use crate::app::App;
use crate::rest::queries;
use crate::state::activities;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use maud::Markup;
use sluice_contract::Fault;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// At most this often, however much happens.
const PACE: Duration = Duration::from_millis(500);
/// Relative times age although nothing happens.
const AGEING: Duration = Duration::from_secs(10);

struct Stream {
    app: Arc<App>,
    changes: watch::Receiver<u64>,
    /// What the browser has, by row id.
    sent: HashMap<String, String>,
    first: bool,
}

/// `GET /events`. Ends when the factory stops, and the browser comes again by itself.
pub(super) fn stream(app: Arc<App>) -> Response {
    let state = Stream {
        changes: app.live.watch(),
        app,
        sent: HashMap::new(),
        first: true,
    };
    let batches = stream::unfold(state, |mut state| async move {
        let rows = state.next().await?;
        Some((stream::iter(rows.into_iter().map(Ok::<_, Infallible>)), state))
    });
    let events = futures::StreamExt::flatten(batches);
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response()
}

impl Stream {
    /// The rows that changed since the last time; `None` ends the stream.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if !std::mem::take(&mut self.first) {
                tokio::time::sleep(PACE).await;
                tokio::select! {
                    _ = tokio::time::timeout(AGEING, self.changes.changed()) => {}
                    () = self.app.stopping.cancelled() => return None,
                }
            }
            self.changes.mark_unchanged();
            let rows = render(&self.app).await.unwrap_or_else(|fault| {
                tracing::warn!(%fault, "The page's rows could not be rendered");
                Vec::new()
            });
            let mut events = Vec::new();
            for (id, html) in rows {
                let html = html.into_string();
                if self.sent.get(&id) == Some(&html) {
                    continue;
                }
                let data = serde_json::json!({ "id": id, "html": html });
                self.sent.insert(id, html);
                events.push(Event::default().event("row").data(data.to_string()));
            }
            if !events.is_empty() {
                return Some(events);
            }
        }
    }
}

async fn render(app: &Arc<App>) -> Result<Vec<(String, Markup)>, Fault> {
    let (all_gateways, all_runs) = (gateways::load(app).await?, runs::load(app).await?);
    let mut rows = vec![("figures".to_owned(), home::figures(&all_gateways, &all_runs))];
    rows.extend(
        all_gateways
            .iter()
            .map(|gateway| (gateways::row_id(gateway), gateways::row(app, gateway))),
    );
    rows.extend(all_runs.iter().map(|run| (runs::row_id(run), runs::row(run))));
    let mut conn = app.state.read().await?;
    for running in all_runs.iter().filter(|run| run.row.ended.is_none()) {
        let how_far = queries::progress(app, &mut conn, &running.row.id).await?;
        for row in activities::of_run(&mut conn, &running.row.id).await? {
            rows.push((run::row_id(&row), run::activity(&row, how_far.get(&row.id))));
        }
    }
    Ok(rows)
}
