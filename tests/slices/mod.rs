//! Documents of Data Factory v1, as its clients sent them: their windows fire, and a real node copies each slice.

use rusqlite::Connection;
use serde_json::{Value, json};
use sluice_tests::binary::{finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::rest::Rest;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// PUT below v1's data factory.
async fn put(rest: &Rest, below: &str, body: Value) -> Value {
    let path = rest.path(below).replace("/factories/", "/datafactories/");
    let path = path.replace("2018-06-01", "2015-10-01");
    let answer = rest.raw("PUT", &path, Some(&body.to_string())).await;
    answer.ok()
}

fn set(kind: &str, settings: Value, more: Value) -> Value {
    let mut properties = json!({ "type": kind, "linkedServiceName": "Share", "typeProperties": settings,
        "availability": { "frequency": "Day", "interval": 1 } });
    properties
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "properties": properties })
}

/// Files of one folder for each day.
fn daily(name: &str) -> Value {
    json!({ "folderPath": "{Day}", "fileName": name, "format": { "type": "TextFormat" },
        "partitionedBy": [{ "name": "Day", "value": { "type": "DateTime", "date": "SliceStart", "format": "yyyyMMdd" } }] })
}

fn copy(name: &str, from: &str, to: &str, source: Value) -> Value {
    json!({ "name": name, "type": "Copy", "inputs": [{ "name": from }], "outputs": [{ "name": to }],
        "policy": { "concurrency": 4, "timeout": "00:05:00" },
        "typeProperties": { "source": source, "sink": { "type": "FileSystemSink" } } })
}

fn pipeline(activity: Value) -> Value {
    json!({ "properties": { "start": "2016-02-28T00:00:00Z", "end": "2016-03-02T00:00:00Z", "activities": [activity] } })
}

/// A database of a few days, read by the year and day of each slice; an external file beside it, of all days but one.
async fn documents(rest: &Rest, folder: &Path) {
    let database = folder.join("shop.db");
    let sql = "CREATE TABLE sales (day TEXT NOT NULL, amount INTEGER NOT NULL);
        INSERT INTO sales VALUES ('2016-02-28', 28), ('2016-02-29', 29), ('2016-02-29', 290), ('2016-03-01', 1), ('2017-02-28', 9);";
    Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let service =
        json!({ "properties": { "type": "Sqlite", "connectVia": via, "typeProperties": { "path": database } } });
    rest.put("linkedservices/Shop", &service).await.ok();
    let share = json!({ "properties": { "type": "OnPremisesFileServer", "typeProperties": { "host": folder, "gatewayName": "onprem" } } });
    put(rest, "linkedservices/Share", share).await;
    let sales = set(
        "SqliteTable",
        json!({ "table": "sales" }),
        json!({ "linkedServiceName": "Shop", "external": true }),
    );
    put(rest, "datasets/Sales", sales).await;
    put(rest, "datasets/Daily", set("FileShare", daily("sales.csv"), json!({}))).await;
    put(
        rest,
        "datasets/Report",
        set(
            "FileShare",
            daily("report.csv"),
            json!({ "policy": { "validation": { "minimumRows": 2 } } }),
        ),
    )
    .await;
    let query = "$$Text.Format('select day, amount from sales where day = \\'{0:yyyy}-{0:MM}-{0:dd}\\' order by amount', SliceStart)";
    let source = json!({ "type": "SqliteSource", "query": query });
    put(
        rest,
        "datapipelines/Load",
        pipeline(copy("load", "Sales", "Daily", source)),
    )
    .await;
    put(
        rest,
        "datapipelines/Tell",
        pipeline(copy("tell", "Daily", "Report", json!({ "type": "FileSystemSource" }))),
    )
    .await;
}

/// The slices of a dataset: start, state and substate.
async fn slices(rest: &Rest, dataset: &str) -> Vec<String> {
    let span = "start=2016-02-27&end=2016-03-05T00:00:00Z";
    let found = rest.get(&format!("datasets/{dataset}/slices?{span}")).await.ok();
    let one = |slice: &Value| {
        let text = |name: &str| slice[name].as_str().unwrap().to_owned();
        format!("{} {} {}", &text("start")[..10], text("state"), text("subState"))
            .trim_end()
            .to_owned()
    };
    found["value"].as_array().unwrap().iter().map(one).collect()
}

async fn are(rest: &Rest, dataset: &str, wanted: &[&str]) {
    until("the slices", PATIENCE, async || {
        let found = slices(rest, dataset).await;
        (found == wanted).then_some(())
    })
    .await;
}

fn text(folder: &Path, path: &str) -> String {
    std::fs::read_to_string(folder.join(path))
        .unwrap()
        .replace("\r\n", "\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_of_v1_fire_and_their_slices_are_told_and_made_again() {
    let factory = Factory::start();
    let rest = factory.rest();
    let _gateway = Gateway::start(&factory, "onprem").await;
    let folder = tempfile::tempdir().unwrap();
    documents(&rest, folder.path()).await;
    let ready = ["2016-02-28 Ready", "2016-02-29 Ready", "2016-03-01 Ready"];
    are(&rest, "Daily", &ready).await;
    // Each slice is what the query says of its day, in the folder of its day.
    assert_eq!(text(folder.path(), "20160228/sales.csv"), "2016-02-28,28\n");
    assert_eq!(
        text(folder.path(), "20160229/sales.csv"),
        "2016-02-29,29\n2016-02-29,290\n"
    );
    assert_eq!(text(folder.path(), "20160301/sales.csv"), "2016-03-01,1\n");
    // What nobody makes counts as ready, for whoever reads it.
    assert_eq!(slices(&rest, "Sales").await, ready);
    // Only one day has the rows that the policy asks for.
    let failed = [
        "2016-02-28 Failed Validation",
        "2016-02-29 Ready",
        "2016-03-01 Failed Validation",
    ];
    are(&rest, "Report", &failed).await;
    assert_eq!(
        text(folder.path(), "20160229/report.csv"),
        "2016-02-29,29\n2016-02-29,290\n"
    );

    // By the command line: a slice is made again, with what it is made of.
    std::fs::remove_dir_all(folder.path().join("20160229")).unwrap();
    let cli = |more: &[&str]| {
        let mut command = sluice();
        command.args([
            "slices",
            "Report",
            "--from",
            "2016-02-29T00:00:00Z",
            "--to",
            "2016-03-01T00:00:00Z",
        ]);
        command.args(more).args(factory.cli_args());
        finish(command, None).expect(0)
    };
    let said = cli(&["--set", "Waiting", "--upstream"]);
    assert!(
        said.stderr.contains("1 slices of Report are set to Waiting"),
        "{}",
        said.stderr
    );
    until("the slice to be made again", PATIENCE, async || {
        let made = |name: &str| folder.path().join(format!("20160229/{name}.csv")).exists();
        (made("sales") && made("report")).then_some(())
    })
    .await;
    are(&rest, "Report", &failed).await;
    assert!(cli(&[]).stdout.contains("Ready"), "{}", cli(&[]).stdout);
    // Somebody decides otherwise, by v1's own operation.
    let path = rest
        .path("datasets/Report/slices/setstatus")
        .replace("/factories/", "/datafactories/");
    let body = json!({ "SliceState": "Skipped", "UpdateType": "Individual",
        "DataSliceRangeStartTime": "2016-02-28T00:00:00", "DataSliceRangeEndTime": "2016-02-29T00:00:00" });
    rest.raw("PUT", &path, Some(&body.to_string())).await.ok();
    are(
        &rest,
        "Report",
        &["2016-02-28 Skipped", "2016-02-29 Ready", "2016-03-01 Failed Validation"],
    )
    .await;
    let refused = json!({ "sliceState": "Waiting", "start": "2019-01-01", "end": "2019-02-01" });
    rest.post("datasets/Report/setSliceStatus", &refused)
        .await
        .expect_fault(400, "SL4038");
    let refused = json!({ "sliceState": "Purple", "start": "2016-02-28", "end": "2016-02-29" });
    rest.post("datasets/Report/setSliceStatus", &refused)
        .await
        .expect_fault(400, "SL4005");
    // Suspended, and with an external file that is not there: the slices wait, and say for what.
    put(
        &rest,
        "datasets/Extra",
        set(
            "FileShare",
            daily("extra.csv"),
            json!({ "external": true,
        "policy": { "externalData": { "retryInterval": "00:00:01", "maximumRetry": 90 } } }),
        ),
    )
    .await;
    put(
        &rest,
        "datasets/Copied",
        set("FileShare", daily("copied.csv"), json!({})),
    )
    .await;
    let mut paused = pipeline(copy("extra", "Extra", "Copied", json!({ "type": "FileSystemSource" })));
    paused["properties"]["isPaused"] = true.into();
    put(&rest, "datapipelines/Extra", paused).await;
    let waiting = |sub: &str| ["02-28", "02-29", "03-01"].map(|day| format!("2016-{day} {sub}"));
    assert_eq!(slices(&rest, "Copied").await, waiting("Waiting ActivityResume"));
    let resume = rest
        .path("datapipelines/Extra/resume")
        .replace("/factories/", "/datafactories/");
    rest.raw("POST", &resume, Some("{}")).await;
    let progress = waiting("InProgress");
    are(&rest, "Copied", &progress.each_ref().map(String::as_str)).await;
    for day in ["20160228", "20160229", "20160301"] {
        std::fs::create_dir_all(folder.path().join(day)).unwrap();
        std::fs::write(folder.path().join(day).join("extra.csv"), "x\n").unwrap();
    }
    are(&rest, "Copied", &ready).await;
    assert_eq!(text(folder.path(), "20160301/copied.csv"), "x\n");
}
