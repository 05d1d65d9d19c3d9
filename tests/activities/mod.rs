//! Activities other than copies: what they do in each store, and end to end through REST.

mod databases;
mod end_to_end;
mod files;
mod sql_server;

use serde_json::{Value, json};
use sluice_activities::{TaskJob, perform};
use sluice_contract::job::{Endpoint, Task, TaskSpec};
use sluice_contract::{Fault, JobId, Object};
use sluice_store_core::{CommitKey, Connection, Connector, StoreProperties};
use std::sync::Arc;

/// A store with the dataset that activities are about.
struct Desk {
    connection: Arc<dyn Connection>,
    dataset_kind: &'static str,
    dataset: Value,
}

impl Desk {
    async fn open(
        connector: Arc<dyn Connector>,
        kind: &str,
        properties: Value,
        password: &str,
        dataset_kind: &'static str,
        dataset: Value,
    ) -> Self {
        sluice_tests::init_tls();
        let mut properties = StoreProperties {
            kind: kind.to_owned(),
            public: object(properties),
            ..StoreProperties::default()
        };
        properties.secrets.insert("password", password);
        Self {
            connection: connector.connect(properties).await.unwrap(),
            dataset_kind,
            dataset,
        }
    }

    /// Does an activity; `asks` is what the connector gets beside the dataset.
    async fn run(&self, kind: Task, asks: Value, settings: Value) -> Result<Value, Fault> {
        self.attempt(1, kind, asks, settings, None).await
    }

    async fn attempt(
        &self,
        attempt: u32,
        kind: Task,
        asks: Value,
        settings: Value,
        log: Option<&Desk>,
    ) -> Result<Value, Fault> {
        let spec = TaskSpec {
            kind,
            dataset_name: "Set".to_owned(),
            store: Some(Endpoint {
                name: "Service".to_owned(),
                kind: String::new(),
                properties: Object::new(),
                sealed: None,
                dataset_kind: self.dataset_kind.to_owned(),
                dataset: object(self.dataset.clone()),
                activity: object(asks),
                extra: Object::new(),
            }),
            log: None,
            settings: object(settings),
            sealed: None,
            extra: Object::new(),
        };
        let job = TaskJob {
            spec: &spec,
            store: Some(Arc::clone(&self.connection)),
            log: log.map(|desk| Arc::clone(&desk.connection)),
            key: CommitKey {
                job: JobId::generate(),
                attempt,
                token: u64::from(attempt),
            },
            activity_run: "run-1".to_owned(),
        };
        perform(job).await.map(Value::Object)
    }

    async fn lookup(&self, source: Value, first_only: bool) -> Result<Value, Fault> {
        self.run(Task::Lookup, source, json!({ "firstRowOnly": first_only }))
            .await
    }

    async fn script(&self, scripts: Value) -> Result<Value, Fault> {
        self.run(Task::Script, json!({}), json!({ "scripts": scripts })).await
    }

    async fn metadata(&self, fields: &[&str]) -> Result<Value, Fault> {
        self.run(Task::GetMetadata, json!({}), json!({ "fieldList": fields }))
            .await
    }
}

fn object(value: Value) -> Object {
    value.as_object().cloned().expect("an object")
}
