//! The frame of every page.

use super::session;
use crate::access::Scope;
use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

/// A page without navigation.
pub(super) fn bare(title: &str, body: &Markup) -> Html<String> {
    frame(title, &html! {}, &html! { main { (body) } })
}

/// A page for somebody who is logged in. With `live` its rows are kept up to date.
pub(super) fn page(title: &str, place: &str, live: bool, body: &Markup) -> Html<String> {
    let head = html! {
        @if live {
            script type="module" src="/assets/live.js" {}
            noscript { meta http-equiv="refresh" content="5"; }
        }
    };
    let content = html! {
        header {
            a.name href="/" { "Sluice" }
            nav {
                a href="/" { "Overview" } a href="/credentials" { "Credentials" } a href="/components" { "Components" }
                @if session::may(Scope::Admin) { a href="/access" { "Access" } a href="/audit" { "Audit" } }
            }
            span.where { (place) " " (session::who()) }
            form method="post" action="/logout" { (session::form_token()) button.quiet { "Log out" } }
        }
        main { (body) }
    };
    frame(title, &head, &content)
}

/// Goes on to the first page.
pub(super) fn onward() -> Html<String> {
    let head = html! { meta http-equiv="refresh" content="0; url=/"; };
    frame(
        "Logged in",
        &head,
        &html! { main { p { "You are logged in. " a href="/" { "Go on" } } } },
    )
}

fn frame(title: &str, head: &Markup, content: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Sluice" }
                link rel="stylesheet" href="/assets/style.css";
                (head)
            }
            body { (content) }
        }
    };
    Html(page.into_string())
}
