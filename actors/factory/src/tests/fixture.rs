//! A factory in a temporary directory, and a client of its REST interface.

use super::store::Store;
use crate::{Factory, FactoryOptions, Timings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sluice_runtime::{Root, Strategy, TracingEvents, dataplane};
use std::future::Future;
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

/// The path of the data factory that tests use.
pub(super) const F: &str = "/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.DataFactory/factories/factory1";

/// How long anything may take before a test fails. Generous: machines are loaded.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test on the runtime that components need.
pub(super) fn run(test: impl Future<Output = ()>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
    });
    dataplane().unwrap().block_on(test);
}

/// A running factory.
pub(super) struct Fixture {
    pub(super) dir: tempfile::TempDir,
    pub(super) factory: Factory,
    pub(super) root: Root,
    pub(super) client: reqwest::Client,
    pub(super) token: String,
    /// Behind the factory: it is dropped in this order.
    store: Store,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
    pub(super) headers: reqwest::header::HeaderMap,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The body of an answer that must be 200.
    pub(super) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()
    }

    /// The code and message of an answer that must be an error.
    pub(super) fn error(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let error = &self.json()["error"];
        (
            error["code"].as_str().unwrap().to_owned(),
            error["message"].as_str().unwrap().to_owned(),
        )
    }
}

/// Short intervals, so that leases run out within a test.
pub(super) fn timings() -> Timings {
    Timings {
        heartbeat: Duration::from_secs(1),
        idle: Duration::from_secs(30),
        lease: Duration::from_secs(3),
    }
}

pub(super) fn options(dir: &Path) -> FactoryOptions {
    FactoryOptions {
        rest_listen: ([127, 0, 0, 1], 0).into(),
        amqp_listen: ([127, 0, 0, 1], 0).into(),
        timings: timings(),
        web_allow: vec!["127.0.0.1".parse().unwrap()],
        ..FactoryOptions::new(dir)
    }
}

fn root() -> Root {
    Root::start(dataplane().unwrap(), Strategy::OneForOne, TracingEvents)
}

impl Fixture {
    pub(super) async fn start() -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), Store::fresh().await, None).await
    }

    /// A factory with the data factory `factory1` in it.
    pub(super) async fn with_factory() -> Self {
        let fixture = Self::start().await;
        fixture.put("", json!({ "location": "onprem" })).await.ok();
        fixture
    }

    /// `ports` are those of REST and the channel, to come back where nodes look.
    async fn in_dir(dir: tempfile::TempDir, store: Store, ports: Option<(u16, u16)>) -> Self {
        let root = root();
        let mut options = options(dir.path());
        options.state = store.options();
        if let Some((rest, amqp)) = ports {
            options.rest_listen.set_port(rest);
            options.amqp_listen.set_port(amqp);
        }
        let factory = Factory::start(options, &root).await.unwrap();
        let token = std::fs::read_to_string(factory.admin_token_file())
            .unwrap()
            .trim()
            .to_owned();
        let ca = std::fs::read(factory.ca_file()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            dir,
            factory,
            root,
            client,
            token,
            store,
        }
    }

    /// Stops the factory and starts it again on the same state and ports.
    pub(super) async fn restart(self) -> Self {
        let rest = self.port();
        let amqp = self.factory.amqp_addr().port();
        self.factory.shutdown().await;
        self.root.shutdown().await;
        Self::in_dir(self.dir, self.store, Some((rest, amqp))).await
    }

    /// Another factory on the same database, with the keys of this one in a directory of its own.
    pub(super) async fn replica(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "ca.key", "wrapping.key", "admin.token"] {
            std::fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        Self::in_dir(dir, self.store.clone(), None).await
    }

    /// Where the state is.
    pub(super) fn state_options(&self) -> crate::StateOptions {
        self.store.options()
    }

    fn port(&self) -> u16 {
        self.factory.rest_url().rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(super) async fn stop(self) {
        self.factory.shutdown().await;
        self.root.shutdown().await;
    }

    /// A request to any path, with the administrator's token.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{separator}api-version=2018-06-01", self.factory.rest_url());
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let reply = request.send().await.unwrap();
        Answer {
            status: reply.status(),
            headers: reply.headers().clone(),
            text: reply.text().await.unwrap(),
        }
    }

    /// Requests to a path below the data factory.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, &format!("{F}{path}"), &[], None).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, &format!("{F}{path}"), &[], Some(body.to_string()))
            .await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, &format!("{F}{path}"), &[], Some(body.to_string()))
            .await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, &format!("{F}{path}"), &[], Some(body.to_string()))
            .await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, &format!("{F}{path}"), &[], None).await
    }

    /// The gateway `gw1`.
    pub(super) async fn gateway(&self) {
        self.put(
            "/integrationRuntimes/gw1",
            json!({ "properties": { "type": "SelfHosted" } }),
        )
        .await
        .ok();
    }

    /// A pipeline `P1` that copies a SQLite table to a file, without secrets. `policy` is the activity's.
    pub(super) async fn pipeline(&self, policy: Value) {
        let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "gw1" });
        let service = |kind: &str, properties: Value| json!({ "properties": { "type": kind, "connectVia": via, "typeProperties": properties } });
        self.put("/linkedservices/Db", service("Sqlite", json!({ "path": "/data/a.db" })))
            .await
            .ok();
        self.put(
            "/linkedservices/Files",
            service("FileServer", json!({ "host": "/data" })),
        )
        .await
        .ok();
        self.put(
            "/datasets/Orders",
            json!({ "properties": { "type": "SqliteTable",
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Db" },
            "typeProperties": { "tableName": "orders" } } }),
        )
        .await
        .ok();
        self.put(
            "/datasets/Out",
            json!({ "properties": { "type": "Parquet",
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Files" },
            "typeProperties": { "location": { "type": "FileServerLocation", "fileName": "o.parquet" } } } }),
        )
        .await
        .ok();
        self.put(
            "/pipelines/P1",
            json!({ "properties": { "activities": [copy("Copy1", policy, json!([]))] } }),
        )
        .await
        .ok();
    }

    pub(super) async fn create_run(&self) -> String {
        self.post("/pipelines/P1/createRun", json!({})).await.ok()["runId"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Waits until a run has this status; its reply.
    pub(super) async fn run_is(&self, run: &str, status: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.get(&format!("/pipelineruns/{run}")).await.ok();
            if reply["status"] == status {
                return reply;
            }
            assert!(Instant::now() < deadline, "the run is not {status}: {reply}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until a run is over; its reply.
    pub(super) async fn run_is_over(&self, run: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.get(&format!("/pipelineruns/{run}")).await.ok();
            if !reply["runEnd"].is_null() {
                return reply;
            }
            assert!(Instant::now() < deadline, "the run is not over: {reply}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until there are so many runs of a pipeline; their ids.
    pub(super) async fn runs_of(&self, pipeline: &str, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let filter = json!({ "filters": [{ "operand": "PipelineName", "operator": "Equals", "values": [pipeline] }] });
        loop {
            let reply = self.post("/queryPipelineRuns", filter.clone()).await.ok();
            let found = reply["value"].as_array().unwrap();
            if found.len() >= count {
                return found
                    .iter()
                    .map(|run| run["runId"].as_str().unwrap().to_owned())
                    .collect();
            }
            assert!(Instant::now() < deadline, "{reply}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The activity runs of a run.
    pub(super) async fn activities(&self, run: &str) -> Vec<Value> {
        let reply = self
            .post(&format!("/pipelineruns/{run}/queryActivityruns"), json!({}))
            .await
            .ok();
        reply["value"].as_array().unwrap().clone()
    }
}

/// A Copy activity from `Orders` to `Out`.
pub(super) fn copy(name: &str, policy: Value, depends_on: Value) -> Value {
    json!({ "name": name, "type": "Copy", "policy": policy, "dependsOn": depends_on,
        "inputs": [{ "type": "DatasetReference", "referenceName": "Orders" }],
        "outputs": [{ "type": "DatasetReference", "referenceName": "Out" }],
        "typeProperties": { "source": { "type": "SqliteSource" }, "sink": { "type": "ParquetSink" }, "parallelCopies": 2 } })
}
