//! Calling.

use crate::address::check;
use crate::{Reach, Request, answer};
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, StatusCode};
use sluice_contract::{Code, Fault, Object};
use sluice_http::{Guard, fault_in};
use std::error::Error;
use std::time::Duration;
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Addresses that a call is sent on to.
const REDIRECTS: usize = 10;
/// The pause between two looks at work that goes on, unless the answer says otherwise.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Calls once, and follows what the answer asks for; the activity's `output`.
///
/// Nothing is tried again: whether that is safe only the caller knows.
///
/// # Errors
/// `SL6024` for a call that failed, `SL6025` for an address that may not be called, `SL6020`; on a node what its policy and
/// its proxy say.
pub async fn call(request: Request, reach: &Reach) -> Result<Object, Fault> {
    let (client, guard) = client(&request, reach)?;
    let Request {
        url,
        method,
        headers,
        body,
        follows,
        ..
    } = request;
    let place = place(&url);
    permit(&url, reach, &guard).await?;
    let failed = |error| fault(&place, error);
    let mut asked = client.request(method, url.clone()).headers(headers.clone());
    if let Some(body) = body {
        asked = asked.body(body);
    }
    let mut response = asked.send().await.map_err(failed)?;
    while let Some(next) = next_look(&response, follows)? {
        tokio::time::sleep(pause(&response)).await;
        permit(&next, reach, &guard).await?;
        let mut asked = client.request(Method::GET, next.clone());
        // Headers may hold secrets: they are for the server that was called.
        if next.origin() == url.origin() {
            asked = asked.headers(headers.clone());
        }
        response = asked.send().await.map_err(failed)?;
    }
    answer::read(response).await.map_err(|fault| fault.context(&place))
}

/// Whether an address may be called.
async fn permit(url: &Url, reach: &Reach, guard: &Guard) -> Result<(), Fault> {
    check(url, reach)?;
    guard.permit(url).await
}

fn client(request: &Request, reach: &Reach) -> Result<(Client, Guard), Fault> {
    let (builder, guard) = sluice_http::client(reach.network());
    let (allowed, asked) = (reach.clone(), guard.clone());
    let policy = Policy::custom(move |attempt: Attempt<'_>| {
        let permitted = check(attempt.url(), &allowed).and_then(|()| asked.permit_now(attempt.url()));
        match permitted {
            Err(fault) => attempt.error(fault),
            Ok(()) if attempt.previous().len() > REDIRECTS => attempt.error("too many redirects"),
            Ok(()) => attempt.follow(),
        }
    });
    let built = builder
        .timeout(request.timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
        .redirect(policy)
        .tls_danger_accept_invalid_certs(request.blind)
        .build();
    Ok((built.map_err(|error| fault("the client", error))?, guard))
}

/// Where to look at work that goes on.
fn next_look(response: &Response, follows: bool) -> Result<Option<Url>, Fault> {
    if !follows || response.status() != StatusCode::ACCEPTED {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else {
        return Ok(None);
    };
    let next = location.to_str().ok().and_then(|text| response.url().join(text).ok());
    next.map(Some).ok_or_else(|| {
        let text = "the answer 202 has a Location that is no address";
        Fault::new(Code::WebCallFailed, text)
    })
}

fn pause(response: &Response) -> Duration {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds
        .map_or(PAUSE, Duration::from_secs)
        .clamp(Duration::from_secs(1), LONGEST_PAUSE)
}

/// Method and query may be long, and the query secret: only host and path are told.
fn place(url: &Url) -> String {
    format!("calling {}{}", url.origin().ascii_serialization(), url.path())
}

fn fault(place: &str, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes = format!("{causes}: {cause}");
        source = cause.source();
    }
    match fault_in(&error) {
        // A name that has no address may have one later.
        Some(fault) if fault.code != Code::StoreUnreachable => fault.context(place),
        _ => Fault::new(Code::WebCallFailed, format!("{place}: {causes}")).retryable(true),
    }
}
