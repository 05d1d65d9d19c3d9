//! Operations besides the usual ones: what is stored only, and what has one answer.

use super::fixture::{F, Fixture, run};
use super::node::{Identity, credential};
use reqwest::Method;
use serde_json::json;

#[test]
fn data_flows_and_credentials_are_stored() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let flow = json!({ "properties": { "type": "MappingDataFlow", "typeProperties": { "scriptLines": ["a", "b"] }, "x": 1 } });
        for (path, kind) in [("/dataflows/f", "dataflows"), ("/credentials/c", "credentials")] {
            let made = fixture.put(path, flow.clone()).await.ok();
            assert_eq!(made["properties"], flow["properties"]);
            assert_eq!(made["type"], format!("Microsoft.DataFactory/factories/{kind}"));
            assert_eq!(fixture.get(path).await.ok(), made);
            assert_eq!(fixture.get(&format!("/{kind}")).await.ok()["value"], json!([made]));
            assert_eq!(
                fixture.put(path, json!({ "properties": {} })).await.error(400).0,
                "SL4006"
            );
        }
        let pipeline = json!({ "properties": { "activities": [{ "name": "e", "type": "ExecuteDataFlow", "typeProperties":
            { "dataflow": { "referenceName": "F", "type": "DataFlowReference" } } }] } });
        fixture.put("/pipelines/p", pipeline).await.ok();
        assert_eq!(fixture.delete("/dataflows/f").await.error(400).0, "SL4016");
        fixture.delete("/pipelines/p").await;
        assert_eq!(fixture.delete("/dataflows/f").await.status, 200);
        assert_eq!(fixture.delete("/credentials/c").await.status, 200);
        fixture.stop().await;
    });
}

#[test]
fn global_parameters_are_those_of_the_data_factory() {
    run(async {
        let fixture = Fixture::with_factory().await;
        assert_eq!(fixture.get("/globalParameters").await.ok(), json!({ "value": [] }));
        assert_eq!(fixture.get("/globalParameters/default").await.status, 404);
        let parameters = json!({ "env": { "type": "String", "value": "prod" }, "n": { "type": "Int", "value": 3 } });
        let made = fixture
            .put("/globalParameters/default", json!({ "properties": parameters }))
            .await
            .ok();
        assert_eq!(made["properties"], parameters);
        assert_eq!(made["id"], format!("{F}/globalParameters/default"));
        assert_eq!(fixture.get("").await.ok()["properties"]["globalParameters"], parameters);
        assert_eq!(fixture.get("/globalparameters").await.ok()["value"], json!([made]));
        // The other way round, too.
        let factory = json!({ "location": "l", "properties": { "globalParameters": { "a": { "type": "Bool", "value": true } } } });
        fixture.put("", factory).await.ok();
        let read = fixture.get("/globalParameters/default").await.ok();
        assert_eq!(read["properties"], json!({ "a": { "type": "Bool", "value": true } }));
        let headers = [("if-match", "stale")];
        let body = Some(json!({ "properties": {} }).to_string());
        let path = format!("{F}/globalParameters/default");
        assert_eq!(fixture.call(Method::PUT, &path, &headers, body).await.status, 412);
        assert_eq!(
            fixture
                .put("/globalParameters/other", json!({ "properties": {} }))
                .await
                .error(400)
                .0,
            "SL4012"
        );
        let wrong = json!({ "properties": { "a": 1 } });
        assert_eq!(
            fixture.put("/globalParameters/default", wrong).await.error(400).0,
            "SL4005"
        );
        assert_eq!(fixture.delete("/globalParameters/default").await.status, 200);
        assert_eq!(fixture.delete("/globalParameters/default").await.status, 204);
        assert!(
            fixture.get("").await.ok()["properties"]
                .get("globalParameters")
                .is_none()
        );
        fixture.stop().await;
    });
}

#[test]
fn features_are_off_and_there_is_one_plane() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let asked = json!({ "featureName": "ADFIntegrationRuntimeSharingRbac", "featureType": "Feature" });
        let off = json!({ "featureName": "ADFIntegrationRuntimeSharingRbac", "value": "False" });
        assert_eq!(fixture.post("/getFeatureValue", asked.clone()).await.ok(), off);
        let location = "/subscriptions/s/providers/Microsoft.DataFactory/locations/WestEurope/getFeatureValue";
        let answer = fixture.call(Method::POST, location, &[], Some(asked.to_string())).await;
        assert_eq!(answer.ok(), off);
        let several = fixture
            .post("/queryFeaturesValue", json!({ "exposureControlRequests": [asked] }))
            .await
            .ok();
        assert_eq!(several, json!({ "exposureControlResponses": [off] }));
        let plane = fixture
            .post(
                "/getDataPlaneAccess",
                json!({ "permissions": "r", "accessResourcePath": "" }),
            )
            .await
            .ok();
        assert_eq!(plane["dataPlaneUrl"], fixture.factory.rest_url());
        assert_eq!(plane["policy"]["permissions"], "r");
        fixture.stop().await;
    });
}

#[test]
fn a_gateway_is_asked_for_upgrades_links_and_addresses() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let gateway = "/integrationRuntimes/gw1";
        let answer = fixture
            .post(&format!("{gateway}/nodes/N1/ipAddress"), json!({}))
            .await
            .ok();
        assert_eq!(answer, json!({ "ipAddress": "127.0.0.1" }));
        for verb in ["removeLinks", "syncCredentials"] {
            let answer = fixture
                .post(&format!("{gateway}/{verb}"), json!({ "linkedFactoryName": "x" }))
                .await;
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{verb}");
        }
        let mut tx = fixture.factory.state().write().await.unwrap();
        sqlx::query("UPDATE nodes SET version = '0.0.9'")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let (code, message) = fixture.post(&format!("{gateway}/upgrade"), json!({})).await.error(409);
        assert_eq!(code, "SL4056");
        assert!(message.contains("n1 (0.0.9)"), "{message}");
        drop(identity);
        fixture.delete(&format!("{gateway}/nodes/n1")).await;
        let answer = fixture.post(&format!("{gateway}/upgrade"), json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        fixture.stop().await;
    });
}

#[test]
fn runtimes_of_azure_are_kept_and_do_no_work() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let azure = json!({ "properties": { "type": "Managed", "typeProperties": { "computeProperties": { "location": "x" } } } });
        let made = fixture.put("/integrationRuntimes/AzureIR", azure.clone()).await.ok();
        assert_eq!(made["properties"], azure["properties"]);
        assert_eq!(fixture.get("/integrationRuntimes/azureir").await.ok(), made);
        let status = fixture
            .post("/integrationRuntimes/AzureIR/getStatus", json!({}))
            .await
            .ok();
        assert_eq!(
            (&status["properties"]["type"], &status["properties"]["state"]),
            (&json!("Managed"), &json!("Stopped"))
        );
        for verb in ["listAuthKeys", "regenerateAuthKey"] {
            let body = json!({ "keyName": "authKey1" });
            let (code, message) = fixture
                .post(&format!("/integrationRuntimes/AzureIR/{verb}"), body)
                .await
                .error(404);
            assert!(
                code == "OperationNotSupported" && message.contains("SL4057"),
                "{message}"
            );
        }
        let other = json!({ "properties": { "type": "SelfHosted" } });
        assert_eq!(
            fixture.put("/integrationRuntimes/AzureIR", other).await.error(400).0,
            "SL4005"
        );
        // What names it does not run.
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let service = json!({ "properties": { "type": "Sqlite", "typeProperties": { "path": "/data/a.db" }, "connectVia":
            { "type": "IntegrationRuntimeReference", "referenceName": "AzureIR" } } });
        fixture.put("/linkedservices/Db", service).await.ok();
        let service = json!({ "properties": { "type": "FileServer", "typeProperties": { "host": "/data" }, "connectVia":
            { "type": "IntegrationRuntimeReference", "referenceName": "AzureIR" } } });
        fixture.put("/linkedservices/Files", service).await.ok();
        let id = fixture.create_run().await;
        let run = fixture.run_is(&id, "Failed").await;
        assert!(run["message"].as_str().unwrap().contains("Managed"), "{run}");
        fixture.stop().await;
    });
}
