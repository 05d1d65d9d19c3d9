//! The event stream: rows that changed, rendered as the pages render them.

use super::session::Session;
use super::{components, gateways, home, run, runs};
use crate::app::App;
use crate::flow::waiting;
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
use tokio::time::Instant;

/// At most this often, however much happens.
const PACE: Duration = Duration::from_millis(500);
/// Relative times age although nothing happens.
const AGEING: Duration = Duration::from_secs(10);
/// The components are looked at this often: they tell nobody when they change.
const COMPONENTS: Duration = Duration::from_secs(2);

struct Stream {
    app: Arc<App>,
    session: Session,
    changes: watch::Receiver<u64>,
    /// What the browser has, by row id.
    sent: HashMap<String, String>,
    /// When everything is looked at again although nothing happens.
    due: Instant,
}

/// `GET /events`. Ends when the factory stops, and the browser comes again by itself.
pub(super) fn stream(app: Arc<App>, session: Session) -> Response {
    let state = Stream {
        changes: app.live.watch(),
        app,
        session,
        sent: HashMap::new(),
        due: Instant::now(),
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
            let mut changed = true;
            if self.due > Instant::now() {
                tokio::time::sleep(PACE).await;
                tokio::select! {
                    news = tokio::time::timeout(COMPONENTS, self.changes.changed()) => changed = news.is_ok(),
                    () = self.app.stopping.cancelled() => return None,
                }
            }
            let mut rows = components::rows(&self.app).await.unwrap_or_else(|fault| {
                tracing::warn!(%fault, "The components could not be rendered");
                Vec::new()
            });
            if changed || self.due <= Instant::now() {
                // A stream outlives its request, but not the session that asked for it.
                if !self.session.is_alive(&self.app).await.unwrap_or(false) {
                    return None;
                }
                self.changes.mark_unchanged();
                self.due = Instant::now() + AGEING;
                rows.extend(render(&self.app).await.unwrap_or_else(|fault| {
                    tracing::warn!(%fault, "The page's rows could not be rendered");
                    Vec::new()
                }));
            }
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
        let waiting = waiting(app, &mut conn, &running.row.id).await?;
        for row in activities::latest_of_run(&mut conn, &running.row.id, run::SHOWN).await? {
            let shown = run::activity(&row, how_far.get(&row.id), waiting.get(&row.id));
            rows.push((run::row_id(&row), shown));
        }
    }
    Ok(rows)
}
