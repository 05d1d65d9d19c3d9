//! The client of the factory's public REST API, as any SDK would use it.

pub(crate) mod runs;

use reqwest::{Certificate, Method, StatusCode};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

const API_VERSION: &str = "2018-06-01";

/// Where the factory is, and as whom it is asked.
pub(crate) struct ApiOptions {
    pub(crate) url: String,
    pub(crate) ca_file: Option<std::path::PathBuf>,
    pub(crate) token: Zeroizing<String>,
    pub(crate) subscription: String,
    pub(crate) resource_group: String,
    pub(crate) factory: String,
}

/// One data factory behind its REST API.
pub(crate) struct Api {
    http: reqwest::Client,
    base: url::Url,
    path: Vec<String>,
    token: Zeroizing<String>,
}

impl Api {
    /// Makes a client; nothing is sent yet.
    pub(crate) fn new(options: ApiOptions) -> Result<Self, Fault> {
        let base = url::Url::parse(&options.url)
            .map_err(|e| Fault::new(Code::Usage, format!("the factory's address {:?}: {e}", options.url)))?;
        if base.scheme() != "https" {
            return Err(Fault::new(
                Code::Usage,
                format!("the factory's address {base} is not https"),
            ));
        }
        let mut http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .connect_timeout(Duration::from_secs(10));
        if let Some(file) = &options.ca_file {
            let pem = read(file)?;
            let bundle = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|e| {
                Fault::new(
                    Code::FileUnreadable,
                    format!("{}: not a PEM certificate: {e}", file.display()),
                )
            })?;
            http = http.tls_certs_only(bundle);
        }
        let http = http
            .build()
            .map_err(|e| Fault::new(Code::Internal, format!("HTTP client: {e}")))?;
        let path = [
            "subscriptions",
            &options.subscription,
            "resourceGroups",
            &options.resource_group,
            "providers",
            "Microsoft.DataFactory",
            "factories",
            &options.factory,
        ];
        Ok(Self {
            http,
            base,
            path: path.map(str::to_owned).to_vec(),
            token: options.token,
        })
    }

    /// Makes sure that the data factory exists.
    pub(crate) async fn ensure_factory(&self) -> Result<(), Fault> {
        match self.call(Method::GET, &[], None).await {
            Err(fault) if fault.code == Code::NotFound => self
                .call(Method::PUT, &[], Some(&json!({ "location": "onprem" })))
                .await
                .map(drop),
            other => other.map(drop),
        }
    }

    /// GET below the data factory.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Value, Fault> {
        self.call(Method::GET, path, None).await
    }

    /// GET below the data factory, with more in the query.
    pub(crate) async fn get_with(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Fault> {
        self.call_with(Method::GET, path, query, None).await
    }

    /// Every item of a list below the data factory, page by page.
    pub(crate) async fn list(&self, path: &[&str]) -> Result<Vec<Value>, Fault> {
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let query: Vec<(&str, &str)> = token.iter().map(|token| ("$skipToken", token.as_str())).collect();
            let mut page = self.call_with(Method::GET, path, &query, None).await?;
            if let Value::Array(more) = page["value"].take() {
                items.extend(more);
            }
            let next = page["nextLink"].as_str().and_then(|link| url::Url::parse(link).ok());
            // The link names the factory as it knows itself, which need not be the address that reaches it.
            let next = next.and_then(|link| {
                let token = link
                    .query_pairs()
                    .find(|(name, _)| name.eq_ignore_ascii_case("$skipToken"));
                token.map(|(_, token)| token.into_owned())
            });
            match next {
                // A list that leads back to the same page has no end.
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(items),
            }
        }
    }

    /// PUT below the data factory.
    pub(crate) async fn put(&self, path: &[&str], body: &Value) -> Result<Value, Fault> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// POST below the data factory.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Fault> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// DELETE below the data factory; what is not there is gone already.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Fault> {
        self.call(Method::DELETE, path, None).await.map(drop)
    }

    /// GET of an operation that is the factory's own, not one of a data factory.
    pub(crate) async fn own_get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Fault> {
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        Ok(self.send(Method::GET, url, path, None).await?.1)
    }

    /// GET of such an operation whose answer is a text.
    pub(crate) async fn own_text(&self, path: &[&str]) -> Result<String, Fault> {
        let (status, text) = self.exchange(Method::GET, self.url(path)?, None).await?;
        match status.is_success() {
            true => Ok(text),
            false => Err(refusal(status, &text, &format!("GET /{}", path.join("/")))),
        }
    }

    /// PUT of such an operation.
    pub(crate) async fn own_put(&self, path: &[&str], body: &Value) -> Result<Value, Fault> {
        Ok(self.send(Method::PUT, self.url(path)?, path, Some(body)).await?.1)
    }

    /// DELETE of such an operation; false when there was nothing to delete.
    pub(crate) async fn own_delete(&self, path: &[&str]) -> Result<bool, Fault> {
        let (status, _) = self.send(Method::DELETE, self.url(path)?, path, None).await?;
        Ok(status != StatusCode::NO_CONTENT)
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Value, Fault> {
        self.call_with(method, path, &[], body).await
    }

    async fn call_with(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        let whole: Vec<&str> = self
            .path
            .iter()
            .map(String::as_str)
            .chain(path.iter().copied())
            .collect();
        let mut url = self.url(&whole)?;
        url.query_pairs_mut()
            .append_pair("api-version", API_VERSION)
            .extend_pairs(query);
        Ok(self.send(method, url, path, body).await?.1)
    }

    fn url(&self, path: &[&str]) -> Result<url::Url, Fault> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Fault::new(Code::Usage, "the factory's address has no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn send(
        &self,
        method: Method,
        url: url::Url,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Fault> {
        let (status, text) = self.exchange(method.clone(), url, body).await?;
        if status.is_success() {
            let value = match text.is_empty() {
                true => Value::Null,
                false => serde_json::from_str(&text)
                    .map_err(|e| Fault::new(Code::ApiRefused, format!("the reply is not JSON: {e}")))?,
            };
            return Ok((status, value));
        }
        Err(refusal(status, &text, &format!("{method} /{}", path.join("/"))))
    }

    async fn exchange(
        &self,
        method: Method,
        url: url::Url,
        body: Option<&Value>,
    ) -> Result<(StatusCode, String), Fault> {
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(self.token.as_str())
            .header("x-ms-client-request-id", uuid::Uuid::now_v7().to_string());
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request
            .send()
            .await
            .map_err(|e| Fault::new(Code::ApiUnreachable, format!("{}: {}", self.base, innermost(&e))))?;
        let status = reply.status();
        let text = reply
            .text()
            .await
            .map_err(|e| Fault::new(Code::ApiUnreachable, format!("{}: the reply broke off: {e}", self.base)))?;
        Ok((status, text))
    }
}

/// Makes a fault of an error reply; the factory's own code is kept where this version knows it.
fn refusal(status: StatusCode, text: &str, request: &str) -> Fault {
    let body: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let code = body["error"]["code"].as_str().unwrap_or_default();
    let message = body["error"]["message"].as_str().unwrap_or(text.trim());
    let quoted = message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(Code::parse);
    let by_status = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Unauthorized,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PRECONDITION_FAILED => Code::EtagMismatch,
        _ => Code::ApiRefused,
    };
    let known = Code::parse(code).or(quoted).unwrap_or(by_status);
    let retry = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    Fault::told(known, message)
        .context(format_args!("{request} was answered {}", status.as_u16()))
        .retryable(retry)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Reads a small text file.
pub(crate) fn read(file: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(file).map_err(|e| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display())))
}

/// Reads a file that is no secret, or standard input for `-`. More than 16 MiB is no document of ours.
pub(crate) fn read_text(file: &Path) -> Result<String, Fault> {
    const LIMIT: u64 = 16 * 1024 * 1024;
    let unreadable = |e: std::io::Error| Fault::new(Code::FileUnreadable, format!("{}: {e}", file.display()));
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .take(LIMIT)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(file).map_err(unreadable)?;
        file.take(LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    }
    Ok(text)
}

/// The same, but asks on a terminal where standard input is one.
pub(crate) fn read_secret_or_ask(file: &Path, question: &str) -> Result<Zeroizing<String>, Fault> {
    if file.as_os_str() == "-" && std::io::stdin().is_terminal() {
        return rpassword::prompt_password(question)
            .map(Zeroizing::new)
            .map_err(|e| Fault::new(Code::Usage, format!("nothing could be read: {e}")));
    }
    read_secret(file)
}

/// A word from the first line of a file, or of standard input for `-`: a key, a token, a passphrase. White space around it is no
/// part of it.
pub(crate) fn read_word(file: &Path) -> Result<Zeroizing<String>, Fault> {
    read_secret(file).map(|text| Zeroizing::new(text.trim().to_owned()))
}

/// The same, but asks on a terminal where standard input is one.
pub(crate) fn read_word_or_ask(file: &Path, question: &str) -> Result<Zeroizing<String>, Fault> {
    read_secret_or_ask(file, question).map(|text| Zeroizing::new(text.trim().to_owned()))
}

/// Reads a secret of another system from the first line of a file, or of standard input for `-`: all of the line, also spaces
/// at its end.
pub(crate) fn read_secret(file: &Path) -> Result<Zeroizing<String>, Fault> {
    let text = Zeroizing::new(if file.as_os_str() == "-" {
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|e| Fault::new(Code::FileUnreadable, format!("standard input: {e}")))?;
        line
    } else {
        read(file)?
    });
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_keeps_the_spaces_that_a_word_does_not_have() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, secret) in [
            ("unix", " a b \n", " a b "),
            ("windows", " a b \r\nc", " a b "),
            ("bare", "a\t ", "a\t "),
            ("blank", "\n a", ""),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            assert_eq!(*read_secret(&file).unwrap(), secret, "{name}");
            assert_eq!(*read_word(&file).unwrap(), secret.trim(), "{name}");
        }
    }
}
