//! One request of the contract: names from the path, query, headers, body.

use super::error::ApiError;
use crate::access::Identity;
use crate::app::App;
use crate::state::Conn;
use crate::state::factories::{self, FactoryRow};
use crate::state::gateways::{self, GatewayRow};
use crate::wire::etag_matches;
use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;

/// A request, read and authenticated.
pub(crate) struct Call {
    /// The names in the path; for everything in a data factory the first three are subscription, group and factory.
    pub(crate) names: Vec<String>,
    /// Who it is from.
    pub(crate) identity: Identity,
    /// The path as it came.
    pub(crate) path: String,
    /// The host by which the client knows this factory, if it said.
    pub(crate) host: Option<String>,
    /// The query, names in lower case.
    pub(crate) query: BTreeMap<String, String>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Call {
    /// A request for something else, of the same client.
    pub(crate) fn within(&self, names: Vec<String>, path: String, body: String) -> Self {
        Self {
            names,
            identity: self.identity.clone(),
            path,
            host: self.host.clone(),
            query: BTreeMap::new(),
            // Versions that the client knows are those of what it asked for.
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// The name at a place of the path; empty when the path has none there.
    pub(crate) fn name(&self, index: usize) -> &str {
        self.names.get(index).map(String::as_str).unwrap_or_default()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// `SL4002` with the position.
    pub(crate) fn object(&self) -> Result<Object, Fault> {
        let wrong = |what: String| Fault::new(Code::BadJson, what);
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(wrong("the body is not a JSON object".to_owned())),
            // serde_json names the position and never quotes the text.
            Err(e) => Err(wrong(format!(
                "the body is not JSON at line {} column {}: {}",
                e.line(),
                e.column(),
                kind(&e)
            ))),
        }
    }

    /// The body as a JSON object; an empty body is an empty object.
    ///
    /// # Errors
    /// As [`Call::object`].
    pub(crate) fn object_or_empty(&self) -> Result<Object, Fault> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Object::new());
        }
        self.object()
    }

    /// The data factory of the path.
    ///
    /// # Errors
    /// 404 in Azure's words.
    pub(crate) async fn factory(&self, conn: &mut Conn) -> Result<FactoryRow, ApiError> {
        factories::find(conn, self.name(0), self.name(1), self.name(2))
            .await?
            .ok_or_else(|| ApiError::no_factory(self.name(2), self.name(1)))
    }

    /// The data factory and the gateway of the path.
    ///
    /// # Errors
    /// 404 in Azure's words.
    pub(crate) async fn gateway(&self, conn: &mut Conn) -> Result<(FactoryRow, GatewayRow), ApiError> {
        let factory = self.factory(conn).await?;
        let gateway = gateways::find(conn, &factory.id, self.name(3))
            .await?
            .ok_or_else(|| ApiError::no_resource("integrationRuntimes", self.name(3)))?;
        Ok((factory, gateway))
    }

    /// Checks `If-Match` against the stored version.
    ///
    /// # Errors
    /// 412.
    pub(crate) fn check_match(&self, stored: Option<&str>) -> Result<(), ApiError> {
        match (self.header(header::IF_MATCH), stored) {
            (Some(wanted), Some(etag)) if etag_matches(wanted, etag) => Ok(()),
            (Some(_), _) => Err(ApiError::stale()),
            (None, _) => Ok(()),
        }
    }

    /// Whether `If-None-Match` says that the client has this version.
    pub(crate) fn has_version(&self, etag: &str) -> bool {
        self.header(header::IF_NONE_MATCH)
            .is_some_and(|known| etag_matches(known, etag))
    }

    /// Where the next page begins, from the query.
    pub(crate) fn skip_token(&self) -> &str {
        self.query.get("$skiptoken").map(String::as_str).unwrap_or_default()
    }

    /// `https://host:port` by which the client knows this factory.
    pub(crate) fn base(&self, app: &App) -> String {
        self.host
            .as_ref()
            .map_or_else(|| app.rest_url.clone(), |host| format!("https://{host}"))
    }

    /// The address of the next page, under the host by which the client knows this factory.
    pub(crate) fn next_link(&self, app: &App, token: &str) -> String {
        let base = self.base(app);
        let version = self.query.get("api-version").map_or("2018-06-01", String::as_str);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("api-version", version)
            .append_pair("$skipToken", token)
            .finish();
        format!("{base}{}?{query}", self.path)
    }
}

/// The host that a request is for: HTTP/2 has it in the address, HTTP/1.1 in a header. Only what a host can look like.
pub(crate) fn host(parts: &Parts) -> Option<String> {
    let header = || parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = parts
        .uri
        .authority()
        .map(|authority| authority.as_str())
        .or_else(header)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (!host.is_empty() && host.chars().all(allowed)).then(|| host.to_owned())
}

fn kind(error: &serde_json::Error) -> &'static str {
    if error.is_eof() {
        "it ends too early"
    } else {
        "the syntax is wrong"
    }
}
