//! Rows that do not fit, from a file with bad lines into a table: found by source, copy and sink, and written down in two
//! other stores.

use serde_json::{Value, json};
use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{End, copy_pipeline, make_copy, postgres_sink};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Two lines fit, and the first of the two with number 5.
const LINES: &str = "id,name,amount,day
1,good,10.50,2024-01-31
x,no number,1,2024-01-31
3,\"too, many\",2,2024-02-01,extra
4,no such day,3.25,2024-02-30
5,first,7,2024-03-01
5,again,8,2024-03-02
6,\"the \"\"last\"\"\",9.99,12/24/2024
";

fn source(folder: &Path) -> End {
    End {
        service: "FileServer",
        properties: json!({ "host": folder }),
        dataset: "DelimitedText",
        table: json!({
            "location": { "type": "FileServerLocation", "fileName": "in.csv" },
            "columnDelimiter": ",", "quoteChar": "\"", "escapeChar": "\"", "firstRowAsHeader": true,
        }),
        activity: json!({ "type": "DelimitedTextSource", "storeSettings": { "type": "FileServerReadSettings" } }),
    }
}

fn settings() -> Value {
    let mapping = |name: &str, kind: &str| json!({ "source": { "name": name, "type": "String" }, "sink": { "name": name, "type": kind, "precision": 10, "scale": 2 } });
    json!({
        "enableSkipIncompatibleRow": true,
        "logSettings": {
            "enableCopyActivityLog": true,
            "copyActivityLogSettings": { "logLevel": "Info", "enableReliableLogging": false },
            "logLocationSettings": { "linkedServiceName": reference("Logs"), "path": "session" },
        },
        "redirectIncompatibleRowSettings": { "linkedServiceName": reference("Lake"), "path": "lake/rejected" },
        "translator": {
            "type": "TabularTranslator", "typeConversion": true,
            "typeConversionSettings": { "culture": "en-us" },
            "mappings": [mapping("id", "Int32"), mapping("name", "String"), mapping("amount", "Decimal"), mapping("day", "Date")],
        },
    })
}

fn reference(name: &str) -> Value {
    json!({ "type": "LinkedServiceReference", "referenceName": name })
}

/// Makes the copy, with these settings besides.
async fn make(rest: &Rest, name: &str, source: &End, sink: &End, settings: &Value) {
    make_copy(rest, "onprem", name, source, sink).await;
    let mut pipeline = copy_pipeline(name, source, sink);
    let properties = &mut pipeline["properties"]["activities"][0]["typeProperties"];
    for (member, value) in settings.as_object().unwrap() {
        properties[member] = value.clone();
    }
    rest.put(&format!("pipelines/{name}"), &pipeline).await.ok();
}

async fn service(rest: &Rest, name: &str, kind: &str, properties: &Value) {
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let document = json!({ "properties": { "type": kind, "connectVia": via, "typeProperties": properties } });
    rest.put(&format!("linkedservices/{name}"), &document).await.ok();
}

/// The only file below a folder.
fn only_file(folder: &Path) -> PathBuf {
    let entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    if entries[0].is_dir() {
        only_file(&entries[0])
    } else {
        entries[0].clone()
    }
}

/// The lines without their times, which are checked to be some.
fn without_times(log: &str) -> Vec<String> {
    let mut lines = log.lines();
    assert_eq!(
        lines.next(),
        Some("Timestamp,Level,OperationName,OperationItem,Message")
    );
    let mut lines: Vec<String> = lines
        .map(|line| {
            let (time, rest) = line.split_once(',').unwrap();
            let form: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            assert_eq!(form, "0000-00-00 00:00:00.0000000", "{line}");
            rest.to_owned()
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_left_out_and_written_down() {
    let (postgres, azurite, factory) = (Postgres::start(), Azurite::http(), Factory::start());
    azurite.client().create_container("lake").await;
    let gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let (folder, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("in.csv"), LINES).unwrap();
    postgres
        .sql("CREATE TABLE fit (id int PRIMARY KEY, name text, amount numeric(10,2), day date)")
        .await;
    service(&rest, "Logs", "FileServer", &json!({ "host": logs.path() })).await;
    service(&rest, "Lake", "AzureBlobStorage", &azurite.type_properties()).await;
    let (source, sink) = (source(folder.path()), postgres_sink(&postgres, "public", "fit"));
    make(&rest, "Bad", &source, &sink, &settings()).await;

    let activity = rest.end_of(&rest.start("Bad").await, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}\n{}", gateway.log());
    let output = &activity["output"];
    assert_eq!(
        (&output["rowsRead"], &output["rowsCopied"], &output["rowsSkipped"]),
        (&json!(7), &json!(3), &json!(4)),
        "{output:#}"
    );
    let rows = "SELECT string_agg(concat_ws('|', id, name, amount, day), ';' ORDER BY id) FROM fit";
    assert_eq!(
        postgres.one(rows).await,
        "1|good|10.50|2024-01-31;5|first|7.00|2024-03-01;6|the \"last\"|9.99|2024-12-24"
    );

    let run = activity["activityRunId"].as_str().unwrap();
    let place = output["logFilePath"].as_str().unwrap();
    assert!(
        place.starts_with(&format!("session/copyactivity-logs/Copy/{run}/")),
        "{place}"
    );
    let file = only_file(logs.path());
    assert_eq!(file, logs.path().join(place));
    let log = std::fs::read_to_string(file).unwrap();
    assert_eq!(without_times(&log), expected_log(), "{log}");

    let place = output["redirectRowPath"].as_str().unwrap();
    assert!(place.starts_with(&format!("lake/rejected/{run}/")), "{place}");
    let redirected = String::from_utf8(azurite.client().get(place).await).unwrap();
    let mut lines: Vec<&str> = redirected.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, expected_redirect(), "{redirected}");

    // Without the permission the first bad line ends the copy, and nothing is there.
    let mut strict = settings();
    strict["enableSkipIncompatibleRow"] = json!(false);
    postgres.sql("TRUNCATE fit").await;
    make(&rest, "Strict", &source, &sink, &strict).await;
    let activity = rest.end_of(&rest.start("Strict").await, PATIENCE).await;
    assert_eq!(activity["status"], "Failed", "{activity:#}");
    assert_eq!(activity["error"]["errorCode"], "SL6011", "{activity:#}");
    assert_eq!(postgres.one("SELECT count(*) FROM fit").await, "0");
}

/// Without times, in the order of the text.
fn expected_log() -> Vec<&'static str> {
    vec![
        "Info,FileRead,\"in.csv\",\"Read: 206 bytes\"",
        "Warning,TabularRowSkip,\"3,\"\"too, many\"\",2,2024-02-01,extra\",\
         \"SL6011: in.csv: line 4: 5 columns, where there are 4 (in.csv, line 4)\"",
        "Warning,TabularRowSkip,\"4,no such day,3.25,2024-02-30\",\
         \"SL6011: column \"\"day\"\" contains a value that cannot be converted to Date32 without loss (in.csv, row 3)\"",
        "Warning,TabularRowSkip,\"5,again,8.00,2024-03-02\",\
         \"SL6011: publishing into public.fit: duplicate key value violates unique constraint \"\"fit_pkey\"\" \
         (SQLSTATE 23505) (public.fit)\"",
        "Warning,TabularRowSkip,\"x,no number,1,2024-01-31\",\
         \"SL6011: column \"\"id\"\" contains a value that cannot be converted to Int32 without loss (in.csv, row 2)\"",
    ]
}

/// In the order of the text.
fn expected_redirect() -> Vec<&'static str> {
    vec![
        "3,\"too, many\",2,2024-02-01,extra,SL6011,\"in.csv: line 4: 5 columns, where there are 4\"",
        "4,no such day,3.25,2024-02-30,SL6011,\
         \"column \"\"day\"\" contains a value that cannot be converted to Date32 without loss\"",
        "5,again,8.00,2024-03-02,SL6011,\
         \"publishing into public.fit: duplicate key value violates unique constraint \"\"fit_pkey\"\" (SQLSTATE 23505)\"",
        "x,no number,1,2024-01-31,SL6011,\
         \"column \"\"id\"\" contains a value that cannot be converted to Int32 without loss\"",
    ]
}
