//! What goes between the library and the network: every address is asked about before it is requested, and every answer is
//! looked at for what services tell in headers that the library does not read: the MD5 of an object's content.

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::{ClientOptions, Extensions, HeaderMap};
use sluice_contract::{Code, Fault};
use sluice_http::{Guard, fault_in};
use url::Url;

/// The MD5 of an object's content, among the extensions of an answer.
#[derive(Clone, Copy, Debug)]
struct ContentMd5([u8; 16]);

/// What an answer tells.
pub(crate) fn md5_in(extensions: &Extensions) -> Option<[u8; 16]> {
    extensions.get::<ContentMd5>().map(|md5| md5.0)
}

/// A client that asks before every request, and looks at every answer.
#[derive(Clone, Debug)]
pub(crate) struct Tapped {
    pub(crate) http: reqwest::Client,
    pub(crate) guard: Guard,
}

impl Tapped {
    /// As the library takes it.
    pub(crate) fn of_library(self) -> HttpClient {
        HttpClient::new(self)
    }

    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|e| HttpError::new(HttpErrorKind::Unknown, e))?;
        // Not one of the errors that the library tries again.
        let refused = |fault: Fault| HttpError::new(HttpErrorKind::Unknown, fault);
        self.guard.permit(&url).await.map_err(refused)?;
        self.http.call(request).await.map_err(|error| match fault_in(&error) {
            Some(fault) if fault.code != Code::StoreUnreachable => refused(fault),
            _ => error,
        })
    }
}

impl HttpConnector for Tapped {
    /// The library's own options are not asked: this client has what it needs.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.clone().of_library())
    }
}

#[async_trait]
impl HttpService for Tapped {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // The list of blocks, and a range, have an MD5 of their own, which is not the object's.
        let whole = !request.uri().query().is_some_and(|query| query.contains("comp="));
        let ranged = ["range", "x-ms-range"]
            .iter()
            .any(|name| request.headers().contains_key(*name));
        let mut answer = self.execute(request).await?;
        if whole
            && answer.status().is_success()
            && let Some(md5) = md5_of(answer.headers(), ranged)
        {
            answer.extensions_mut().insert(ContentMd5(md5));
        }
        Ok(answer)
    }
}

fn md5_of(headers: &HeaderMap, ranged: bool) -> Option<[u8; 16]> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    // Azure.
    let told = text("x-ms-blob-content-md5").or_else(|| text("content-md5").filter(|_| !ranged));
    if let Some(told) = told {
        return BASE64_STANDARD.decode(told).ok()?.try_into().ok();
    }
    // S3: the ETag of what was put in one piece, unless it is encrypted by a key of the user's.
    let plain = text("x-amz-server-side-encryption").is_none_or(|kind| kind == "AES256")
        && text("x-amz-server-side-encryption-customer-algorithm").is_none();
    let etag = text("etag")?.trim_matches('"');
    if !plain || etag.len() != 32 || text("x-ms-version").is_some() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(etag.get(at * 2..at * 2 + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..16).map(byte).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_tell_the_md5_in_their_own_ways() {
        let of = |pairs: &[(&'static str, &str)], ranged| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            md5_of(&pairs.collect(), ranged).map(|md5| md5[0])
        };
        let (base64, hex) = ("1B2M2Y8AsgTpgAmY7PhCfg==", "\"d41d8cd98f00b204e9800998ecf8427e\"");
        assert_eq!(of(&[("content-md5", base64)], false), Some(0xd4));
        assert_eq!(of(&[("content-md5", base64)], true), None);
        assert_eq!(of(&[("x-ms-blob-content-md5", base64)], true), Some(0xd4));
        assert_eq!(of(&[("etag", hex)], true), Some(0xd4));
        assert_eq!(
            of(&[("etag", hex), ("x-amz-server-side-encryption", "aws:kms")], false),
            None
        );
        assert_eq!(of(&[("etag", "\"d41d8cd98f00b204e9800998ecf8427e-3\"")], false), None);
        assert_eq!(of(&[("etag", "0x8DB")], false), None);
    }
}
