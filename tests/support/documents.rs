//! Linked services, datasets and pipelines for tests, as a client would write them.

use crate::azurite::Azurite;
use crate::postgres::{PASSWORD, Postgres, USER};
use crate::rest::Rest;
use serde_json::{Value, json};
use std::path::Path;

/// One end of a copy.
#[derive(Clone, Debug)]
pub struct End {
    /// The linked service's `type`.
    pub service: &'static str,
    /// The linked service's `typeProperties`.
    pub properties: Value,
    /// The dataset's `type`.
    pub dataset: &'static str,
    /// The dataset's `typeProperties`.
    pub table: Value,
    /// The activity's `source` or `sink`.
    pub activity: Value,
}

impl End {
    /// The same with another `source` or `sink`.
    pub fn activity(mut self, activity: Value) -> Self {
        self.activity = activity;
        self
    }

    /// The same with one of the linked service's `typeProperties` changed.
    pub fn property(mut self, name: &str, value: Value) -> Self {
        self.properties[name] = value;
        self
    }
}

/// A table of the test's PostgreSQL, to be read.
pub fn postgres_source(server: &Postgres, schema: &str, table: &str) -> End {
    postgres(server, schema, table, json!({ "type": "PostgreSqlV2Source" }))
}

/// A query to the test's PostgreSQL.
pub fn postgres_query(server: &Postgres, query: &str) -> End {
    postgres(
        server,
        "public",
        "unused",
        json!({ "type": "PostgreSqlV2Source", "query": query }),
    )
}

/// A table of the test's PostgreSQL, to be written and made when it is not there.
pub fn postgres_sink(server: &Postgres, schema: &str, table: &str) -> End {
    postgres(
        server,
        schema,
        table,
        json!({ "type": "PostgreSqlV2Sink", "tableOption": "autoCreate" }),
    )
}

fn postgres(server: &Postgres, schema: &str, table: &str, activity: Value) -> End {
    End {
        service: "PostgreSqlV2",
        properties: json!({
            "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER,
            "sslMode": 0, "password": { "type": "SecureString", "value": PASSWORD },
        }),
        dataset: "PostgreSqlV2Table",
        table: json!({ "schema": schema, "table": table }),
        activity,
    }
}

/// A table of a SQLite database, to be read.
pub fn sqlite_source(database: &Path, table: &str) -> End {
    End {
        service: "Sqlite",
        properties: json!({ "path": database }),
        dataset: "SqliteTable",
        table: json!({ "table": table }),
        activity: json!({ "type": "SqliteSource" }),
    }
}

/// A Parquet file in a folder, to be written.
pub fn file_parquet_sink(folder: &Path, file: &str) -> End {
    End {
        service: "FileServer",
        properties: json!({ "host": folder }),
        dataset: "Parquet",
        table: json!({ "location": { "type": "FileServerLocation", "fileName": file } }),
        activity: json!({ "type": "ParquetSink", "storeSettings": { "type": "FileServerWriteSettings" } }),
    }
}

/// A Parquet file in a container, to be written.
pub fn blob_parquet_sink(server: &Azurite, container: &str, file: &str) -> End {
    End {
        service: "AzureBlobStorage",
        properties: server.type_properties(),
        dataset: "Parquet",
        table: json!({ "location": {
            "type": "AzureBlobStorageLocation", "container": container, "folderPath": "out", "fileName": file } }),
        activity: json!({ "type": "ParquetSink", "storeSettings": { "type": "AzureBlobStorageWriteSettings" } }),
    }
}

/// Makes linked services, datasets and a pipeline with one Copy activity, all named after the pipeline.
pub async fn make_copy(rest: &Rest, gateway: &str, pipeline: &str, source: &End, sink: &End) {
    for (side, end) in [("Source", source), ("Sink", sink)] {
        let name = format!("{pipeline}{side}");
        let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": gateway });
        let service = json!({ "properties": {
            "type": end.service, "connectVia": via, "typeProperties": end.properties } });
        rest.put(&format!("linkedservices/{name}"), &service).await.ok();
        let dataset = json!({ "properties": {
            "type": end.dataset, "typeProperties": end.table,
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": name } } });
        rest.put(&format!("datasets/{name}"), &dataset).await.ok();
    }
    rest.put(&format!("pipelines/{pipeline}"), &copy_pipeline(pipeline, source, sink))
        .await
        .ok();
}

/// The pipeline that [`make_copy`] makes.
pub fn copy_pipeline(pipeline: &str, source: &End, sink: &End) -> Value {
    let reference = |side: &str| json!([{ "type": "DatasetReference", "referenceName": format!("{pipeline}{side}") }]);
    json!({ "properties": { "activities": [{
        "name": "Copy", "type": "Copy", "policy": { "timeout": "0.00:10:00", "retry": 0 },
        "inputs": reference("Source"), "outputs": reference("Sink"),
        "typeProperties": { "source": source.activity, "sink": sink.activity, "parallelCopies": 2 },
    }] } })
}
