//! A client of the factory's REST API that sends what it is told and takes every answer.

use crate::poll::until;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::Duration;

/// One data factory.
#[derive(Clone, Debug)]
pub struct Rest {
    /// `https://host:port`.
    pub base: String,
    /// The bearer token; empty sends none.
    pub token: String,
    http: Client,
    name: String,
}

/// An answer, whatever it is.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body, when the status is 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Panics unless it is an error of this status in the contract's form that names the catalogue code.
    #[track_caller]
    pub fn expect_fault(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let error = &self.json()["error"];
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{}",
            self.text
        );
        assert!(self.text.contains(code), "no {code} in {}", self.text);
    }
}

impl Rest {
    /// A client of the data factory `name`, trusting the CA in the PEM text only.
    pub fn new(base: &str, ca_pem: &str, token: &str, name: &str) -> Self {
        crate::init_tls();
        let certificate = reqwest::Certificate::from_pem(ca_pem.as_bytes()).expect("the CA file is PEM");
        let http = Client::builder()
            .tls_certs_only([certificate])
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            http,
            name: name.to_owned(),
        }
    }

    /// Sends a raw body to an absolute path.
    pub async fn raw(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.try_raw(method, path, body).await.expect("the factory answers")
    }

    async fn try_raw(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, reqwest::Error> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_owned());
        }
        let response = request.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            text: response.text().await?,
        })
    }

    /// The full path of something below the data factory, with the API's version.
    pub fn path(&self, below: &str) -> String {
        self.path_in("sub", "rg", below)
    }

    /// The same in another subscription and resource group.
    pub fn path_in(&self, subscription: &str, group: &str, below: &str) -> String {
        let slash = if below.is_empty() { "" } else { "/" };
        let and = if below.contains('?') { '&' } else { '?' };
        let name = &self.name;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataFactory/factories/{name}\
             {slash}{below}{and}api-version=2018-06-01"
        )
    }

    /// GET below the data factory; the empty path is the factory itself.
    pub async fn get(&self, below: &str) -> Answer {
        self.raw("GET", &self.path(below), None).await
    }

    /// PUT below the data factory.
    pub async fn put(&self, below: &str, body: &Value) -> Answer {
        self.raw("PUT", &self.path(below), Some(&body.to_string())).await
    }

    /// POST below the data factory.
    pub async fn post(&self, below: &str, body: &Value) -> Answer {
        self.raw("POST", &self.path(below), Some(&body.to_string())).await
    }

    /// DELETE below the data factory.
    pub async fn delete(&self, below: &str) -> Answer {
        self.raw("DELETE", &self.path(below), None).await
    }

    /// Makes the data factory and a gateway in it, and returns the gateway's first key.
    pub async fn make_gateway(&self, gateway: &str) -> String {
        self.put("", &json!({ "location": "onprem" })).await.ok();
        let document = json!({ "properties": { "type": "SelfHosted" } });
        self.put(&format!("integrationRuntimes/{gateway}"), &document)
            .await
            .ok();
        let keys = self
            .post(&format!("integrationRuntimes/{gateway}/listAuthKeys"), &json!({}))
            .await;
        keys.ok()["authKey1"].as_str().expect("authKey1").to_owned()
    }

    /// Starts a pipeline.
    pub async fn start(&self, pipeline: &str) -> String {
        let reply = self
            .post(&format!("pipelines/{pipeline}/createRun"), &json!({}))
            .await
            .ok();
        reply["runId"].as_str().expect("runId").to_owned()
    }

    /// The run; `None` while the factory does not answer.
    pub async fn run(&self, run: &str) -> Option<Value> {
        let answer = self
            .try_raw("GET", &self.path(&format!("pipelineruns/{run}")), None)
            .await
            .ok()?;
        Some(answer.ok())
    }

    /// The run's activities; `None` while the factory does not answer.
    pub async fn activities(&self, run: &str) -> Option<Vec<Value>> {
        let body = json!({ "lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z" });
        let path = self.path(&format!("pipelineruns/{run}/queryActivityruns"));
        let answer = self.try_raw("POST", &path, Some(&body.to_string())).await.ok()?;
        Some(answer.ok()["value"].as_array().expect("value").clone())
    }

    /// Waits for the end of a run and returns its only activity. The factory may be away meanwhile.
    pub async fn end_of(&self, run: &str, deadline: Duration) -> Value {
        until(&format!("the end of run {run}"), deadline, || async {
            let state = self.run(run).await?;
            matches!(state["status"].as_str(), Some("Succeeded" | "Failed" | "Cancelled")).then_some(())
        })
        .await;
        let mut activities = self.activities(run).await.expect("the factory answers");
        assert_eq!(activities.len(), 1, "{activities:?}");
        activities.remove(0)
    }

    /// The only activity of a run, which is not over.
    pub async fn activity(&self, run: &str) -> Option<Value> {
        self.activities(run).await?.pop()
    }

    /// Runs a pipeline and returns its only activity, which has to have succeeded.
    pub async fn succeed(&self, pipeline: &str, deadline: Duration) -> Value {
        let run = self.start(pipeline).await;
        let activity = self.end_of(&run, deadline).await;
        assert_eq!(activity["status"], "Succeeded", "{activity:#}");
        activity
    }
}
