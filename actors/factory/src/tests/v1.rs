//! The contract of Data Factory v1, as scripts of those days call it.

use super::fixture::{F, Fixture, run};
use reqwest::Method;
use serde_json::{Value, json};

fn d() -> String {
    F.replace("/factories/", "/datafactories/")
}

async fn call(fixture: &Fixture, method: Method, below: &str, body: Option<Value>) -> super::fixture::Answer {
    let path = format!("{}{below}?api-version=2015-10-01", d());
    fixture
        .call(method, &path, &[], body.map(|body| body.to_string()))
        .await
}

fn dataset(kind: &str, service: &str, settings: Value) -> Value {
    json!({ "name": "x", "properties": { "type": kind, "linkedServiceName": service, "typeProperties": settings,
        "availability": { "frequency": "Day", "interval": 1 }, "external": true } })
}

#[test]
fn a_factory_of_v1_is_made_read_and_changed() {
    run(async {
        let fixture = Fixture::start().await;
        let made = call(
            &fixture,
            Method::PUT,
            "",
            Some(json!({ "name": "factory1", "location": "West US" })),
        )
        .await
        .ok();
        assert_eq!(made["type"], "Microsoft.DataFactory/datafactories");
        assert_eq!(made["properties"]["provisioningState"], "Succeeded");

        let gateway = call(
            &fixture,
            Method::PUT,
            "/gateways/MyGateway",
            Some(json!({ "name": "MyGateway", "properties": { "description": "d" } })),
        )
        .await
        .ok();
        let properties = &gateway["properties"];
        assert_eq!(
            (
                &properties["status"],
                &properties["versionStatus"],
                &properties["description"]
            ),
            (&json!("NeedRegistration"), &json!("None"), &json!("d"))
        );
        assert!(properties["key"].as_str().unwrap().len() > 40, "{gateway:#}");
        let key = call(&fixture, Method::POST, "/gateways/MyGateway/regenerateKey", None)
            .await
            .ok();
        assert_ne!(key["key"], properties["key"]);
        let listed = call(&fixture, Method::GET, "/gateways", None).await.ok();
        assert_eq!(
            listed["value"][0]["properties"]["key"],
            Value::Null,
            "the key is shown once"
        );

        let service = json!({ "name": "Sql", "properties": { "type": "OnPremisesSqlServer", "typeProperties": {
            "connectionString": "Data Source=s;Initial Catalog=d;EncryptedCredential=eyJ", "gatewayName": "MyGateway" } } });
        let put = call(&fixture, Method::PUT, "/linkedservices/Sql", Some(service.clone()))
            .await
            .ok();
        assert_eq!(
            put["properties"]["typeProperties"],
            service["properties"]["typeProperties"]
        );
        // Today's clients see the same as today's document.
        let today = fixture.get("/linkedservices/Sql").await.ok();
        assert_eq!(
            (
                &today["properties"]["type"],
                &today["properties"]["connectVia"]["referenceName"]
            ),
            (&json!("SqlServer"), &json!("MyGateway"))
        );

        call(
            &fixture,
            Method::PUT,
            "/datasets/In",
            Some(dataset("SqlServerTable", "Sql", json!({ "tableName": "t" }))),
        )
        .await
        .ok();
        call(
            &fixture,
            Method::PUT,
            "/tables/Out",
            Some(dataset(
                "AzureBlob",
                "Blob",
                json!({ "folderPath": "c/f", "format": { "type": "TextFormat" } }),
            )),
        )
        .await
        .ok();
        let listed = call(&fixture, Method::GET, "/datasets", None).await.ok();
        assert_eq!(listed["value"].as_array().unwrap().len(), 2);
        assert_eq!(
            fixture.get("/datasets/Out").await.ok()["properties"]["type"],
            "DelimitedText"
        );
        fixture.stop().await;
    });
}

fn pipeline(input: &str) -> Value {
    json!({ "properties": { "start": "2016-01-01", "end": "2016-01-03", "isPaused": true, "activities": [{ "name": "c", "type": "Copy",
        "inputs": [{ "name": input }], "outputs": [{ "name": "Out" }],
        "typeProperties": { "source": { "type": "SqlSource", "sqlReaderQuery": "$$Text.Format('select {0:yyyy}', SliceStart)" }, "sink": { "type": "BlobSink" } } }] } })
}

#[test]
fn pipelines_need_their_datasets_and_become_windows() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let (code, message) = call(&fixture, Method::PUT, "/datapipelines/P", Some(pipeline("In")))
            .await
            .error(400);
        assert_eq!(code, "SL4007", "{message}");
        call(
            &fixture,
            Method::PUT,
            "/datasets/In",
            Some(dataset("SqlServerTable", "Sql", json!({ "tableName": "t" }))),
        )
        .await
        .ok();
        call(
            &fixture,
            Method::PUT,
            "/datasets/Out",
            Some(dataset(
                "AzureBlob",
                "Blob",
                json!({ "folderPath": "c/f", "format": { "type": "TextFormat" } }),
            )),
        )
        .await
        .ok();
        call(&fixture, Method::PUT, "/datapipelines/P", Some(pipeline("In")))
            .await
            .ok();
        let today = fixture.get("/pipelines/P").await.ok();
        let query = &today["properties"]["activities"][0]["typeProperties"]["source"]["sqlReaderQuery"]["value"];
        assert_eq!(
            query,
            "@concat('select ',formatDateTime(pipeline().parameters.windowStart,'yyyy'))"
        );
        let mut wrong = pipeline("In");
        wrong["properties"]["activities"][0]["typeProperties"]["source"]["sqlReaderQuery"] = "$$Text.Form('x')".into();
        let (code, message) = call(&fixture, Method::PUT, "/datapipelines/P", Some(wrong))
            .await
            .error(400);
        assert_eq!(code, "SL4077");
        assert!(
            message.contains("properties.activities.0.typeProperties.source.sqlReaderQuery: at character 3"),
            "{message}"
        );

        call(&fixture, Method::DELETE, "/datapipelines/P", None).await;
        fixture.get("/pipelines/P").await.error(404);
        assert_eq!(
            call(&fixture, Method::DELETE, "/datapipelines/P", None).await.status,
            204
        );
        fixture.stop().await;
    });
}

#[test]
fn secrets_of_v1_are_not_kept_in_clear() {
    run(async {
        let fixture = Fixture::with_factory().await;
        // Without a gateway nobody can seal it: the document is refused, and nothing of it is kept.
        let body = json!({ "properties": { "type": "OnPremisesFileServer", "typeProperties": { "host": "h", "userid": "u", "password": "canary-v1" } } });
        call(&fixture, Method::PUT, "/linkedservices/Share", Some(body))
            .await
            .error(400);
        call(&fixture, Method::GET, "/linkedservices/Share", None)
            .await
            .error(404);
        for entry in std::fs::read_dir(fixture.dir.path()).unwrap().flatten() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            assert!(!bytes.windows(9).any(|part| part == b"canary-v1"), "{:?}", entry.path());
        }
        fixture.stop().await;
    });
}
