//! Forms: read, and refused unless they come from this console.

use super::session::Session;
use crate::rest::host;
use axum::body::{Body, to_bytes};
use axum::http::header;
use axum::http::request::Parts;
use sluice_contract::{Code, Fault};
use std::collections::HashMap;
use zeroize::Zeroizing;

const MAX_FORM: usize = 64 * 1024;

/// The fields of a form.
pub(super) struct Form(HashMap<String, Zeroizing<String>>);

impl Form {
    /// A field without the space around it; empty when it is not there.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// A field that is a secret, as it was typed.
    pub(super) fn secret(&self, name: &str) -> Zeroizing<String> {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

/// Reads the form of somebody who is not logged in yet.
///
/// # Errors
/// `SL4055` when another site sent it, `SL4005` when it is too large.
pub(super) async fn stranger(parts: &Parts, body: Body) -> Result<Form, Fault> {
    same_site(parts)?;
    let body = to_bytes(body, MAX_FORM)
        .await
        .map_err(|_| Fault::new(Code::DocumentInvalid, "the form is too large"))?;
    let fields = url::form_urlencoded::parse(&body);
    Ok(Form(
        fields
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
            .collect(),
    ))
}

/// Reads a form of a session: it has to carry the session's token.
///
/// # Errors
/// `SL4055`, `SL4005`.
pub(super) async fn of_session(parts: &Parts, body: Body, session: &Session) -> Result<Form, Fault> {
    let form = stranger(parts, body).await?;
    let (sent, own) = (form.secret("form_token"), session.form_token());
    match aws_lc_rs::constant_time::verify_slices_are_equal(sent.as_bytes(), own.as_bytes()) {
        Ok(()) => Ok(form),
        Err(_) => Err(Fault::new(Code::FormForged, "the form is not one of this session")),
    }
}

/// Browsers say where a form came from.
fn same_site(parts: &Parts) -> Result<(), Fault> {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let here = host(parts).map(|host| format!("https://{host}"));
    let foreign = text(header::ORIGIN).is_some_and(|origin| Some(origin) != here.as_deref())
        || text(header::HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| site != "same-origin" && site != "none");
    match foreign {
        true => Err(Fault::new(Code::FormForged, "the form was sent by another site")),
        false => Ok(()),
    }
}
