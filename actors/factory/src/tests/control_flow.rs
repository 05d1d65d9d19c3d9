//! Activities that the factory runs itself, through REST.

use super::fixture::{Fixture, run};
use super::node::{Identity, credential};
use serde_json::{Value, json};

/// An expression.
fn e(text: &str) -> Value {
    json!({ "type": "Expression", "value": text })
}

fn after(name: &str, condition: &str) -> Value {
    json!([{ "activity": name, "dependencyConditions": [condition] }])
}

fn set(name: &str, variable: &str, value: Value) -> Value {
    json!({ "name": name, "type": "SetVariable", "typeProperties": { "variableName": variable, "value": value } })
}

fn append(name: &str, value: &str) -> Value {
    json!({ "name": name, "type": "AppendVariable", "typeProperties": { "variableName": "list", "value": e(value) } })
}

fn variables() -> Value {
    json!({ "list": { "type": "Array" }, "text": { "type": "String", "defaultValue": "none" },
        "flag": { "type": "Bool" }, "count": { "type": "Integer", "defaultValue": 0 } })
}

/// Puts a pipeline and runs it; its run when it is over.
async fn over(fixture: &Fixture, name: &str, properties: Value, parameters: Value) -> Value {
    let mut properties = properties;
    if properties.get("variables").is_none() {
        properties["variables"] = variables();
    }
    fixture
        .put(&format!("/pipelines/{name}"), json!({ "properties": properties }))
        .await
        .ok();
    let id = started(fixture, name, parameters).await;
    fixture.run_is_over(&id).await
}

async fn started(fixture: &Fixture, name: &str, parameters: Value) -> String {
    let reply = fixture
        .post(&format!("/pipelines/{name}/createRun"), parameters)
        .await
        .ok();
    reply["runId"].as_str().unwrap().to_owned()
}

/// The rows of one name, in the order of their beginning.
async fn rows(fixture: &Fixture, over: &Value, name: &str) -> Vec<Value> {
    let all = fixture.activities(over["runId"].as_str().unwrap()).await;
    all.into_iter().filter(|row| row["activityName"] == name).collect()
}

#[test]
fn expressions_see_parameters_variables_and_outputs() {
    run(async {
        let fixture = Fixture::start().await;
        let factory = json!({ "location": "here", "properties": {
            "globalParameters": { "env": { "type": "String", "value": "prod" } } } });
        fixture.put("", factory).await.ok();
        let properties = json!({
            "parameters": { "n": { "type": "Int" }, "who": { "type": "String", "defaultValue": "Ann" } },
            "annotations": ["nightly"],
            "activities": [
                set("First", "text", e("@concat(pipeline().parameters.who, '-', pipeline().globalParameters.env)")),
                { "name": "Second", "type": "SetVariable", "dependsOn": after("First", "Succeeded"),
                  "userProperties": [{ "name": "n", "value": "@pipeline().parameters.n" }],
                  "typeProperties": { "variableName": "count", "value": e("@add(pipeline().parameters.n, 1)") } },
                { "name": "Third", "type": "SetVariable", "dependsOn": after("Second", "Succeeded"),
                  "typeProperties": { "variableName": "pipelineReturnValue", "setSystemVariable": true, "value": [
                    { "key": "text", "value": { "type": "Expression", "content": "@{variables('TEXT')}!" } },
                    { "key": "n", "value": { "type": "Expression", "content": "@activity('second').output.value" } },
                    { "key": "by", "value": { "type": "Expression", "content": "@pipeline().TriggerType" } } ] } },
            ],
        });
        let done = over(&fixture, "p", properties, json!({ "N": "41" })).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        assert_eq!(
            done["pipelineReturnValue"],
            json!({ "text": "Ann-prod!", "n": 42, "by": "Manual" })
        );
        assert_eq!(done["parameters"], json!({ "n": "41", "who": "Ann" }));
        assert_eq!(done["annotations"], json!(["nightly"]));
        let second = &rows(&fixture, &done, "Second").await[0];
        assert_eq!(second["userProperties"], json!({ "n": 41 }));
        assert_eq!(second["input"], json!({ "variableName": "count", "value": 42 }));
        fixture.stop().await;
    });
}

#[test]
fn parameters_of_the_wrong_type_are_refused_before_anything_runs() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let parameters = json!({ "n": { "type": "Int", "defaultValue": 1 }, "list": { "type": "Array", "defaultValue": [] },
            "must": { "type": "Bool" } });
        fixture
            .put(
                "/pipelines/p",
                json!({ "properties": { "parameters": parameters, "activities": [] } }),
            )
            .await
            .ok();
        for (given, word) in [
            (json!({ "must": true, "n": "many" }), "`n`"),
            (json!({ "must": true, "n": 1.5 }), "`n`"),
            (json!({ "must": "perhaps" }), "`must`"),
            (json!({ "must": true, "list": "{}" }), "`list`"),
            (json!({}), "`must`"),
        ] {
            let (code, message) = fixture.post("/pipelines/p/createRun", given).await.error(400);
            assert_eq!(code, "SL4020", "{message}");
            assert!(message.contains(word), "{message}");
        }
        let given = json!({ "MUST": "True", "list": "[1]", "more": { "a": 1 } });
        let id = started(&fixture, "p", given).await;
        let done = fixture.run_is(&id, "Succeeded").await;
        let shown = json!({ "n": "1", "list": "[1]", "must": "true", "more": "{\"a\":1}" });
        assert_eq!(done["parameters"], shown);
        fixture.stop().await;
    });
}

#[test]
fn branches_cases_filters_and_loops() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let properties = json!({
            "parameters": { "n": { "type": "Int" } },
            "activities": [
                { "name": "If", "type": "IfCondition", "typeProperties": {
                    "expression": e("@greater(pipeline().parameters.n, 2)"),
                    "ifTrueActivities": [append("Yes", "@string('yes')")],
                    "ifFalseActivities": [append("No", "@string('no')")] } },
                { "name": "Switch", "type": "Switch", "dependsOn": after("If", "Succeeded"), "typeProperties": {
                    "on": e("@string(pipeline().parameters.n)"),
                    "cases": [{ "value": "3", "activities": [append("Three", "@string('three')")] }],
                    "defaultActivities": [append("Other", "@string('other')")] } },
                { "name": "Filter", "type": "Filter", "dependsOn": after("Switch", "Succeeded"), "typeProperties": {
                    "items": e("@range(1, 6)"), "condition": e("@equals(mod(item(), pipeline().parameters.n), 0)") } },
                { "name": "Each", "type": "ForEach", "dependsOn": after("Filter", "Succeeded"), "typeProperties": {
                    "isSequential": true, "items": e("@activity('Filter').output.Value"),
                    "activities": [
                        append("Outer", "@item()"),
                        { "name": "Again", "type": "ForEach", "dependsOn": after("Outer", "Succeeded"), "typeProperties": {
                            "isSequential": true, "items": e("@createArray(concat('a', item()), concat('b', item()))"),
                            "activities": [append("Inner", "@item()")] } },
                        append("Last", "@mul(activity('Outer').output.value, 10)").depends("Again"),
                    ] } },
                set("End", "text", e("@join(variables('list'), ',')")).depends("Each"),
            ],
        });
        let done = over(&fixture, "p", properties.clone(), json!({ "n": 3 })).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        let end = rows(&fixture, &done, "End").await;
        assert_eq!(end[0]["output"]["value"], "yes,three,3,a3,b3,30,6,a6,b6,60");
        let filter = &rows(&fixture, &done, "Filter").await[0]["output"];
        assert_eq!(
            *filter,
            json!({ "ItemsCount": 6, "FilteredItemsCount": 2, "Value": [3, 6] })
        );
        let inner = rows(&fixture, &done, "Inner").await;
        let hashes: std::collections::BTreeSet<&str> =
            inner.iter().map(|row| row["iterationHash"].as_str().unwrap()).collect();
        assert_eq!((inner.len(), hashes.len()), (4, 4));
        assert_eq!(end[0]["iterationHash"], "");
        let done = over(&fixture, "p", properties, json!({ "n": 1 })).await;
        let end = rows(&fixture, &done, "End").await;
        let text = end[0]["output"]["value"].as_str().unwrap();
        assert!(text.starts_with("no,other,1,a1,b1,10,2,"), "{text}");
        fixture.stop().await;
    });
}

#[test]
fn an_iteration_that_fails_does_not_stop_the_others() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let fail = json!({ "name": "Odd", "type": "Fail", "typeProperties": {
            "errorCode": "E7", "message": e("@concat('item ', item())") } });
        let choose = json!({ "name": "If", "type": "IfCondition", "typeProperties": {
            "expression": e("@equals(item(), 2)"), "ifTrueActivities": [fail] } });
        let properties = json!({ "activities": [
            { "name": "Each", "type": "ForEach", "typeProperties": {
                "batchCount": 2, "items": e("@range(1, 5)"),
                "activities": [choose, append("Add", "@item()").depends("If")] } },
            set("Caught", "text", e("@activity('Each').error.message")).depends_if("Each", "Failed"),
            set("Not", "text", json!("never")).depends("Each"),
        ] });
        let done = over(&fixture, "p", properties, json!({})).await;
        assert_eq!(done["status"], "Failed", "{done}");
        let message = "Activity failed because an inner activity failed; Inner activity name: Odd, Error: item 2";
        assert_eq!(done["message"], format!("Operation on target Each failed: {message}"));
        let each = &rows(&fixture, &done, "Each").await[0];
        assert_eq!(each["error"]["errorCode"], "E7");
        assert_eq!(rows(&fixture, &done, "Caught").await[0]["output"]["value"], message);
        assert_eq!(rows(&fixture, &done, "Not").await[0]["status"], "Skipped");
        let added = rows(&fixture, &done, "Add").await;
        let ran = added.iter().filter(|row| row["status"] == "Succeeded").count();
        assert_eq!((added.len(), ran), (5, 4));
        fixture.stop().await;
    });
}

#[test]
fn until_goes_on_until_its_expression_is_true_or_its_time_is_over() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let count = set("Count", "count", e("@add(variables('count'), 1)"));
        let fail = json!({ "name": "Early", "type": "IfCondition", "dependsOn": after("Count", "Succeeded"),
            "typeProperties": { "expression": e("@less(variables('count'), 3)"), "ifTrueActivities": [
                { "name": "Oops", "type": "Fail", "typeProperties": { "errorCode": "1", "message": "early" } }] } });
        let until = |condition: &str, timeout: &str| {
            json!({ "activities": [{ "name": "Loop", "type": "Until", "typeProperties": {
                "expression": e(condition), "timeout": timeout, "activities": [count, fail] } }] })
        };
        let good = until("@greaterOrEquals(activity('Count').output.value, 4)", "0.01:00:00");
        let done = over(&fixture, "p", good, json!({})).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        assert_eq!(rows(&fixture, &done, "Count").await.len(), 4);
        // It ends as its last iteration did.
        let bad = until("@equals(variables('count'), 2)", "0.01:00:00");
        assert_eq!(over(&fixture, "p", bad, json!({})).await["status"], "Failed");
        let wait = json!({ "activities": [{ "name": "Loop", "type": "Until", "typeProperties": {
            "expression": e("@equals(1, 2)"), "timeout": "00:00:01",
            "activities": [{ "name": "Long", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 3600 } }] } }] });
        let done = over(&fixture, "p", wait, json!({})).await;
        assert_eq!(done["status"], "Failed", "{done}");
        assert_eq!(rows(&fixture, &done, "Loop").await[0]["error"]["errorCode"], "SL7005");
        assert_eq!(rows(&fixture, &done, "Long").await[0]["status"], "Cancelled");
        fixture.stop().await;
    });
}

#[test]
fn pipelines_execute_pipelines() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let child = json!({ "properties": { "parameters": { "x": { "type": "Int" } }, "activities": [
            { "name": "Small", "type": "IfCondition", "typeProperties": {
                "expression": e("@less(pipeline().parameters.x, 10)"), "ifFalseActivities": [
                    { "name": "Large", "type": "Fail", "typeProperties": { "errorCode": "9", "message": "too large" } }] } },
            { "name": "Return", "type": "SetVariable", "dependsOn": after("Small", "Succeeded"), "typeProperties": {
                "variableName": "pipelineReturnValue", "setSystemVariable": true,
                "value": [{ "key": "double", "value": { "type": "Expression", "content": "@mul(pipeline().parameters.x, 2)" } }] } },
        ] } });
        fixture.put("/pipelines/child", child).await.ok();
        let parent = |wait: bool| {
            json!({ "parameters": { "x": { "type": "Int" } }, "activities": [
                { "name": "Call", "type": "ExecutePipeline", "typeProperties": {
                    "pipeline": { "referenceName": "child", "type": "PipelineReference" }, "waitOnCompletion": wait,
                    "parameters": { "x": e("@pipeline().parameters.x") } } },
                set("Got", "text", e("@string(activity('Call').output.pipelineReturnValue?.double)")).depends("Call"),
            ] })
        };
        let done = over(&fixture, "parent", parent(true), json!({ "x": 4 })).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        assert_eq!(rows(&fixture, &done, "Got").await[0]["output"]["value"], "8");
        let call = &rows(&fixture, &done, "Call").await[0];
        let id = call["output"]["pipelineRunId"].as_str().unwrap();
        let of_child = fixture.get(&format!("/pipelineruns/{id}")).await.ok();
        assert_eq!(of_child["invokedBy"]["invokedByType"], "PipelineActivity");
        assert_eq!(of_child["invokedBy"]["pipelineRunId"], done["runId"]);
        let done = over(&fixture, "parent", parent(true), json!({ "x": 40 })).await;
        assert_eq!(done["status"], "Failed", "{done}");
        assert!(done["message"].as_str().unwrap().ends_with("too large"), "{done}");
        let done = over(&fixture, "parent", parent(false), json!({ "x": 40 })).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        // One that executes itself comes to an end.
        let endless = json!({ "activities": [{ "name": "Me", "type": "ExecutePipeline", "typeProperties": {
            "pipeline": { "referenceName": "endless", "type": "PipelineReference" }, "waitOnCompletion": true } }] });
        let done = over(&fixture, "endless", endless, json!({})).await;
        assert!(done["message"].as_str().unwrap().contains("in a row"), "{done}");
        fixture.stop().await;
    });
}

#[test]
fn cancelling_stops_what_is_below() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let long = json!({ "name": "Long", "type": "Wait", "typeProperties": { "waitTimeInSeconds": 3600 } });
        fixture
            .put("/pipelines/child", json!({ "properties": { "activities": [long] } }))
            .await
            .ok();
        let parent = json!({ "properties": { "concurrency": 1, "activities": [
            { "name": "Each", "type": "ForEach", "typeProperties": { "items": e("@range(0, 3)"), "activities": [
                { "name": "Call", "type": "ExecutePipeline", "typeProperties": { "waitOnCompletion": true,
                    "pipeline": { "referenceName": "child", "type": "PipelineReference" } } }] } }] } });
        fixture.put("/pipelines/parent", parent).await.ok();
        let first = started(&fixture, "parent", json!({})).await;
        fixture.run_is(&first, "InProgress").await;
        let second = started(&fixture, "parent", json!({})).await;
        let children = fixture.runs_of("child", 3).await;
        assert_eq!(
            fixture.get(&format!("/pipelineruns/{second}")).await.ok()["status"],
            "Queued"
        );
        let cancel = format!("/pipelineruns/{first}/cancel?isRecursive=true");
        assert_eq!(fixture.post(&cancel, json!({})).await.status, 200);
        fixture.run_is(&first, "Cancelled").await;
        for child in children {
            fixture.run_is(&child, "Cancelled").await;
        }
        let done = json!({ "runId": first });
        for row in rows(&fixture, &done, "Call").await {
            assert_eq!(row["status"], "Cancelled", "{row}");
        }
        // The place of the first is free.
        fixture.run_is(&second, "InProgress").await;
        fixture.post(&format!("/pipelineruns/{second}/cancel"), json!({})).await;
        fixture.run_is(&second, "Cancelled").await;
        fixture.stop().await;
    });
}

#[test]
fn a_rerun_keeps_what_need_not_run_again() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let properties = json!({ "parameters": { "x": { "type": "Int" } }, "activities": [
            append("A", "@string('a')"),
            { "name": "B", "type": "IfCondition", "dependsOn": after("A", "Succeeded"), "typeProperties": {
                "expression": e("@less(pipeline().parameters.x, 10)"), "ifFalseActivities": [
                    { "name": "No", "type": "Fail", "typeProperties": { "errorCode": "1", "message": "no" } }] } },
            append("C", "@concat(activity('A').output.value, '!')").depends("B"),
            set("Beside", "text", json!("beside")),
            set("End", "text", e("@join(variables('list'), ',')")).depends("C"),
        ] });
        let first = over(&fixture, "p", properties, json!({ "x": 40 })).await;
        assert_eq!(first["status"], "Failed");
        let id = first["runId"].as_str().unwrap();
        let create = |query: &str| format!("/pipelines/p/createRun?{query}");
        let query = format!("referencePipelineRunId={id}&isRecovery=true&startFromFailure=true");
        let again = fixture.post(&create(&query), json!({ "x": 4 })).await.ok();
        let second = fixture.run_is_over(again["runId"].as_str().unwrap()).await;
        assert_eq!(second["status"], "Succeeded", "{second}");
        assert_eq!(
            (&second["runGroupId"], &second["isLatest"]),
            (&first["runGroupId"], &json!(true))
        );
        assert_eq!(
            fixture.get(&format!("/pipelineruns/{id}")).await.ok()["isLatest"],
            false
        );
        for name in ["A", "Beside"] {
            let (old, new) = (rows(&fixture, &first, name).await, rows(&fixture, &second, name).await);
            assert_eq!(old[0]["activityRunStart"], new[0]["activityRunStart"], "{name}");
        }
        assert_eq!(rows(&fixture, &second, "End").await[0]["output"]["value"], "a,a!");
        // From a chosen activity on, with the parameters of the run that is repeated.
        let id = second["runId"].as_str().unwrap();
        let query = format!("referencePipelineRunId={id}&isRecovery=true&startActivityName=c");
        let again = fixture.post(&create(&query), json!({})).await.ok();
        let third = fixture.run_is_over(again["runId"].as_str().unwrap()).await;
        assert_eq!(rows(&fixture, &third, "End").await[0]["output"]["value"], "a,a!,a!");
        assert_eq!(third["parameters"], json!({ "x": "4" }));
        let latest = json!({ "filters": [{ "operand": "LatestOnly", "operator": "Equals", "values": ["true"] }] });
        let latest = fixture.post("/queryPipelineRuns", latest).await.ok();
        assert_eq!(latest["value"].as_array().unwrap().len(), 1);
        for query in [
            "referencePipelineRunId=none",
            "isRecovery=true&startActivityName=No&referencePipelineRunId=",
        ] {
            let query = if query.ends_with('=') {
                format!("{query}{id}")
            } else {
                query.to_owned()
            };
            assert_eq!(fixture.post(&create(&query), json!({})).await.error(400).0, "SL4023");
        }
        fixture.stop().await;
    });
}

#[test]
fn inactive_and_secure_activities() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let inactive = |name: &str, mark: &str| json!({ "name": name, "type": "Copy", "state": "Inactive", "onInactiveMarkAs": mark });
        let mut secure = set("Secret", "text", json!("hunter2"));
        secure["policy"] = json!({ "secureInput": true, "secureOutput": true });
        let properties = json!({ "activities": [
            inactive("Good", "Succeeded"), inactive("Bad", "Failed"), inactive("Out", "Skipped"),
            secure.depends("Good"),
            set("Seen", "flag", e("@equals(activity('Secret').output.value, 'hunter2')")).depends("Secret"),
            set("Rescue", "count", json!(1)).depends_if("Bad", "Failed"),
            set("Instead", "count", json!(2)).depends_if("Out", "Skipped"),
        ] });
        let done = over(&fixture, "p", properties, json!({})).await;
        assert_eq!(done["status"], "Succeeded", "{done}");
        let row = &rows(&fixture, &done, "Secret").await[0];
        assert_eq!((&row["input"], &row["output"]), (&json!({}), &json!({})));
        assert_eq!(rows(&fixture, &done, "Seen").await[0]["output"]["value"], true);
        fixture.stop().await;
    });
}

#[test]
fn what_is_wrong_with_an_activity_is_its_error() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let each = |items: Value| json!({ "name": "a", "type": "ForEach", "typeProperties": { "items": items, "activities": [append("x", "@item()")] } });
        for (activity, code, word) in [
            (set("a", "text", e("@activity('none').output")), "SL4017", "none"),
            (set("a", "text", e("@concat(")), "SL4017", "character"),
            (set("a", "text", e("@item()")), "SL4017", "ForEach"),
            (set("a", "text", e("@trigger().startTime")), "SL4017", "trigger"),
            (set("a", "nope", json!("x")), "SL4011", "nope"),
            (set("a", "count", json!("x")), "SL4021", "count"),
            (append("a", "@1").into_variable("text"), "SL4011", "Array"),
            (each(json!("text")), "SL4021", "items"),
            (
                json!({ "name": "a", "type": "Wait", "typeProperties": { "waitTimeInSeconds": -1 } }),
                "SL4021",
                "waitTime",
            ),
            (
                json!({ "name": "a", "type": "Wait", "typeProperties": {} }),
                "SL4011",
                "waitTime",
            ),
            (
                json!({ "name": "a", "type": "DatabricksNotebook" }),
                "SL4009",
                "Databricks",
            ),
            (
                set("a", "text", e("@pipeline().parameters.pw")),
                "SL4017",
                "SecureString",
            ),
        ] {
            let properties = json!({ "activities": [activity],
                "parameters": { "pw": { "type": "SecureString", "defaultValue": "x" } } });
            let done = over(&fixture, "p", properties, json!({})).await;
            assert_eq!(done["status"], "Failed", "{activity}");
            let error = &rows(&fixture, &done, "a").await[0]["error"];
            assert_eq!(error["errorCode"], code, "{error}");
            assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        }
        fixture.stop().await;
    });
}

#[test]
fn what_is_said_to_run_is_known() {
    run(async {
        let fixture = Fixture::with_factory().await;
        let kinds = sluice_contract::document::served::ACTIVITIES
            .iter()
            .map(|kind| (*kind, false));
        for (kind, refused) in kinds.chain([("HDInsightPig", true)]) {
            let activity = json!({ "name": "a", "type": kind, "typeProperties": {} });
            let done = over(&fixture, "p", json!({ "activities": [activity] }), json!({})).await;
            let row = &rows(&fixture, &done, "a").await[0];
            assert_eq!(row["error"]["errorCode"] == "SL4009", refused, "{row}");
        }
        fixture.stop().await;
    });
}

#[test]
fn documents_with_parameters() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let service = json!({ "properties": { "type": "Sqlite", "parameters": { "db": { "type": "String" } },
            "typeProperties": { "path": "/data/@{linkedService().db}.db" } } });
        fixture.put("/linkedservices/Db", service).await.ok();
        let files = json!({ "properties": { "type": "FileServer", "typeProperties": { "host": "/data" } } });
        fixture.put("/linkedservices/Files", files).await.ok();
        let orders = json!({ "properties": { "type": "SqliteTable",
            "parameters": { "table": { "type": "String", "defaultValue": "none" }, "db": { "type": "String", "defaultValue": "main" } },
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Db", "parameters": { "db": e("@dataset().db") } },
            "typeProperties": { "tableName": e("@dataset().table") } } });
        fixture.put("/datasets/Orders", orders).await.ok();
        let out = json!({ "properties": { "type": "Parquet",
            "parameters": { "name": { "type": "String" } },
            "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Files" },
            "typeProperties": { "location": { "type": "FileServerLocation", "fileName": "@{dataset().name}.parquet" } } } });
        fixture.put("/datasets/Out", out).await.ok();
        let copy = json!({ "name": "Copy", "type": "Copy",
            "inputs": [{ "type": "DatasetReference", "referenceName": "Orders", "parameters": { "table": e("@item()") } }],
            "outputs": [{ "type": "DatasetReference", "referenceName": "Out", "parameters": { "name": e("@item()") } }],
            "typeProperties": { "source": { "type": "SqliteSource", "query": "select '@{item()}'",
                "additionalColumns": [{ "name": "handle", "value": "@@home" }, { "name": "of", "value": e("@concat('@', item())") }] }, "sink": { "type": "ParquetSink" } } });
        let each = json!({ "name": "Each", "type": "ForEach", "typeProperties": {
            "isSequential": true, "items": e("@createArray('a', 'b')"), "activities": [copy] } });
        fixture
            .put("/pipelines/p", json!({ "properties": { "activities": [each] } }))
            .await
            .ok();
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let id = started(&fixture, "p", json!({})).await;
        for name in ["a", "b"] {
            let job = node.take_job().await;
            let spec = &job.data["spec"];
            assert_eq!(spec["source"]["properties"]["path"], "/data/main.db", "{spec}");
            assert_eq!(spec["source"]["dataset"]["tableName"], name);
            assert_eq!(spec["source"]["activity"]["query"], format!("select '{name}'"));
            assert_eq!(
                spec["sink"]["dataset"]["location"]["fileName"],
                format!("{name}.parquet")
            );
            let token = node.claim(&job).await.unwrap();
            node.complete(&job, token, 1).await;
        }
        fixture.run_is(&id, "Succeeded").await;
        node.leave().await;
        fixture.stop().await;
    });
}

/// Small changes of an activity.
trait Change {
    fn depends(self, name: &str) -> Value;
    fn depends_if(self, name: &str, condition: &str) -> Value;
    fn into_variable(self, name: &str) -> Value;
}

impl Change for Value {
    fn depends(self, name: &str) -> Value {
        self.depends_if(name, "Succeeded")
    }

    fn depends_if(mut self, name: &str, condition: &str) -> Value {
        self["dependsOn"] = after(name, condition);
        self
    }

    fn into_variable(mut self, name: &str) -> Value {
        self["typeProperties"]["variableName"] = name.into();
        self
    }
}
