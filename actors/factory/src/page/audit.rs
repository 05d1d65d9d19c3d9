//! `GET /audit`: who changed what, when, from where.

use super::format::ago;
use super::layout;
use crate::app::App;
use crate::rest::{ApiError, audit as query};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::form_urlencoded;

pub(super) async fn render(app: &Arc<App>, text: Option<&str>) -> Result<Response, ApiError> {
    let asked: BTreeMap<String, String> = form_urlencoded::parse(text.unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect();
    let (rows, next) = query::page(app, &query::read(&asked)?).await?;
    let body = html! {
        h1 { "Audit log" }
        (form(&asked))
        @if rows.is_empty() { div.panel.pad { p { "Nothing of that kind was changed." } } }
        @else {
            div.panel { table {
                thead { tr { th { "When" } th { "Who" } th { "What" } th { "From" } } }
                tbody { @for row in &rows {
                    tr {
                        td { (ago(row.at)) }
                        td { strong { (row.actor) } small { (row.kind) } }
                        td.wide {
                            (row.operation) @if row.outcome == "refused" { " " span.bad { "refused" } }
                            small.mono { (row.target) }
                            @if !row.detail.is_empty() { small { (row.detail) } }
                        }
                        td.mono { (row.address) }
                    }
                } }
            } }
            @if let Some(next) = next { p { a href=(behind(&asked, &next)) { "Older" } } }
        }
        p.faint { "On the command line: " code { "sluice factory audit" } ". Entries are kept for 400 days." }
    };
    Ok(layout::page("Audit log", &app.rest_endpoint, false, &body).into_response())
}

fn form(asked: &BTreeMap<String, String>) -> Markup {
    let value = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    html! {
        form.search method="get" action="/audit" {
            label for="actor" { "Who" } input #actor name="actor" value=(value("actor"));
            label for="text" { "What" } input #text name="text" value=(value("text"));
            label for="after" { "From" } input #after name="after" value=(value("after")) placeholder="2026-01-31T00:00:00Z";
            label for="before" { "Until" } input #before name="before" value=(value("before")) placeholder="2026-02-01T00:00:00Z";
            button { "Search" }
        }
    }
}

/// The address of the page behind this one.
fn behind(asked: &BTreeMap<String, String>, next: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked
        .iter()
        .filter(|(name, value)| *name != "$skiptoken" && !value.is_empty())
    {
        query.append_pair(name, value);
    }
    format!("/audit?{}", query.append_pair("$skiptoken", next).finish())
}
