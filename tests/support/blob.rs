//! A small client of Blob Storage with Shared Key, so that the tests do not look at the store through Sluice's own eyes.

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::{Client, Method, Response};

const VERSION: &str = "2021-12-02";

/// A client of one account.
#[derive(Debug)]
pub struct BlobClient {
    endpoint: String,
    account: String,
    key: hmac::Key,
    http: Client,
}

impl BlobClient {
    /// For a path-style endpoint such as `http://127.0.0.1:10000/account`.
    pub fn new(endpoint: String, account: &str, key: &str, ca: Option<&str>) -> Self {
        crate::init_tls();
        let mut http = Client::builder();
        if let Some(ca) = ca {
            let ca = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
            http = http.tls_certs_only([ca]);
        }
        Self {
            endpoint,
            account: account.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &BASE64_STANDARD.decode(key).unwrap()),
            http: http.build().unwrap(),
        }
    }

    /// Makes a container.
    pub async fn create_container(&self, container: &str) {
        let response = self
            .send(Method::PUT, container, &[("restype", "container")], Vec::new())
            .await;
        let status = response.status();
        assert!(status.is_success(), "{status} {}", response.text().await.unwrap());
    }

    /// Writes a blob that is not empty.
    pub async fn put(&self, path: &str, bytes: Vec<u8>) {
        let response = self.send(Method::PUT, path, &[], bytes).await;
        let status = response.status();
        assert!(status.is_success(), "{status} {}", response.text().await.unwrap());
    }

    /// Reads a blob, `container/name`.
    pub async fn get(&self, path: &str) -> Vec<u8> {
        let response = self.send(Method::GET, path, &[], Vec::new()).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.bytes().await.unwrap().to_vec()
    }

    /// The headers of a blob, `container/name`.
    pub async fn head(&self, path: &str) -> reqwest::header::HeaderMap {
        let response = self.send(Method::HEAD, path, &[], Vec::new()).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.headers().clone()
    }

    /// Removes a blob, `container/name`, if it is there.
    pub async fn delete(&self, path: &str) {
        let response = self.send(Method::DELETE, path, &[], Vec::new()).await;
        let status = response.status();
        assert!(status.is_success() || status.as_u16() == 404, "{path}: {status}");
    }

    /// The names of all blobs of a container.
    pub async fn list(&self, container: &str) -> Vec<String> {
        let query = [("comp", "list"), ("restype", "container")];
        let response = self.send(Method::GET, container, &query, Vec::new()).await;
        assert!(response.status().is_success(), "{container}: {}", response.status());
        let xml = response.text().await.unwrap();
        let mut names: Vec<String> = xml
            .split("<Name>")
            .skip(1)
            .filter_map(|part| Some(part.split_once("</Name>")?.0.to_owned()))
            .collect();
        names.sort();
        names
    }

    /// `query` has to be sorted by name.
    async fn send(&self, method: Method, path: &str, query: &[(&str, &str)], body: Vec<u8>) -> Response {
        let date = http_date();
        let blob = method == Method::PUT && query.is_empty();
        let length = if body.is_empty() {
            String::new()
        } else {
            body.len().to_string()
        };
        let mut headers = String::new();
        if blob {
            headers.push_str("x-ms-blob-type:BlockBlob\n");
        }
        headers.push_str(&format!("x-ms-date:{date}\nx-ms-version:{VERSION}\n"));
        // A path-style endpoint repeats the account: once as the account, once in the path.
        let mut resource = format!("/{0}/{0}/{path}", self.account);
        for (name, value) in query {
            resource.push_str(&format!("\n{name}:{value}"));
        }
        let text = format!("{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}{resource}");
        let signature = BASE64_STANDARD.encode(hmac::sign(&self.key, text.as_bytes()));
        let mut request = self
            .http
            .request(method, format!("{}/{path}", self.endpoint))
            .query(query)
            .header("x-ms-date", date)
            .header("x-ms-version", VERSION)
            .header("Authorization", format!("SharedKey {}:{signature}", self.account));
        if blob {
            request = request.header("x-ms-blob-type", "BlockBlob");
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        request.send().await.unwrap()
    }
}

/// Now, in HTTP's form.
fn http_date() -> String {
    chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
