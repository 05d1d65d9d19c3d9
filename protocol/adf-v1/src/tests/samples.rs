//! Whole factories of v1, as Microsoft's walkthroughs have them, and what they become.

use crate::{Kind, Old, Translation, translate};
use serde_json::{Value, json};
use sluice_contract::Code;

fn run(documents: &[(Kind, &str, Value)]) -> Translation {
    let old: Vec<Old<'_>> = documents
        .iter()
        .map(|(kind, name, body)| Old {
            kind: *kind,
            name,
            body,
        })
        .collect();
    translate(&old)
}

fn made<'a>(translation: &'a Translation, kind: Kind, name: &str) -> &'a Value {
    let found = translation
        .documents
        .iter()
        .find(|document| document.kind == kind && document.name == name);
    &found.unwrap_or_else(|| panic!("no {kind:?} {name}")).body["properties"]
}

fn walkthrough() -> Vec<(Kind, &'static str, Value)> {
    vec![
        (
            Kind::Gateway,
            "MyGateway",
            json!({ "properties": { "description": "gateway for walkthrough" } }),
        ),
        (
            Kind::LinkedService,
            "Sql",
            json!({ "Name": "Sql", "properties": { "type": "OnPremisesSqlServer", "typeProperties": {
            "ConnectionString": "Data Source=s;Initial Catalog=d;Integrated Security=False;EncryptedCredential=eyJ", "gatewayName": "MyGateway" } } }),
        ),
        (
            Kind::LinkedService,
            "Storage",
            json!({ "properties": { "type": "AzureStorage", "typeProperties": { "connectionString": "DefaultEndpointsProtocol=https;AccountName=a" } } }),
        ),
        (
            Kind::LinkedService,
            "Share",
            json!({ "properties": { "type": "OnPremisesFileServer", "typeProperties": { "host": "\\\\srv", "userid": "Admin", "password": "p", "gatewayName": "MyGateway" } } }),
        ),
        (
            Kind::Dataset,
            "Emp",
            json!({ "properties": { "type": "SqlServerTable", "linkedServiceName": "Sql", "typeProperties": { "tableName": "emp" },
            "availability": { "frequency": "Hour", "interval": 1 }, "external": true, "policy": { "externalData": { "retryInterval": "00:01:00" } } } }),
        ),
        (
            Kind::Dataset,
            "Out",
            json!({ "properties": { "type": "AzureBlob", "linkedServiceName": "Storage",
            "structure": [{ "name": "ID", "type": "Int" }, { "name": "Name", "type": "String" }],
            "typeProperties": { "folderPath": "adftutorial/out/yearno={Year}/{hour}", "fileName": "{Hour}.csv",
                "partitionedBy": [{ "name": "Year", "value": { "type": "DateTime", "date": "SliceStart", "format": "yyyy" } }, { "name": "Hour", "value": { "type": "DateTime", "date": "SliceStart", "format": "HH" } }],
                "format": { "type": "TextFormat", "columnDelimiter": "|" }, "compression": { "type": "GZip", "level": "Optimal" } },
            "availability": { "frequency": "hour", "interval": 1 } } }),
        ),
        (
            Kind::Pipeline,
            "P",
            json!({ "properties": { "description": "d", "start": "2016-07-12T00:30:00Z", "end": "2016-07-13T00:00:00Z", "isPaused": false, "activities": [{
            "name": "copy", "type": "Copy", "inputs": [{ "name": "Emp" }], "outputs": [{ "name": "Out" }],
            "typeProperties": {
                "source": { "type": "SqlSource", "SqlReaderQuery": "$$Text.Format('select * from emp where t >= \\'{0:yyyy-MM-dd HH:mm}\\' AND t < \\'{1:yyyy-MM-dd HH:mm}\\'', WindowStart, WindowEnd)" },
                "sink": { "type": "BlobSink", "writeBatchSize": 0, "writeBatchTimeout": "00:00:00" } },
            "scheduler": { "frequency": "Hour", "interval": 1 },
            "Policy": { "concurrency": 10, "executionPriorityOrder": "OldestFirst", "retry": 2, "timeout": "01:00:00", "delay": "00:10:00" } }] } }),
        ),
    ]
}

#[test]
fn the_walkthrough_becomes_a_pipeline_with_windows() {
    let all = run(&walkthrough());
    assert!(all.notes.iter().all(|note| note.code.is_none()), "{:#?}", all.notes);
    let sql = made(&all, Kind::LinkedService, "Sql");
    assert_eq!(
        *sql,
        json!({ "type": "SqlServer", "connectVia": { "referenceName": "MyGateway", "type": "IntegrationRuntimeReference" },
        "typeProperties": { "connectionString": "Data Source=s;Initial Catalog=d;Integrated Security=False;EncryptedCredential=eyJ" } })
    );
    let share = made(&all, Kind::LinkedService, "Share");
    assert_eq!(
        share["typeProperties"],
        json!({ "host": "\\\\srv", "userId": "Admin", "password": "p" })
    );
    assert_eq!(
        *made(&all, Kind::Gateway, "MyGateway"),
        json!({ "type": "SelfHosted", "description": "gateway for walkthrough" })
    );

    let out = made(&all, Kind::Dataset, "Out");
    assert_eq!(out["type"], "DelimitedText");
    assert_eq!(
        out["typeProperties"]["location"],
        json!({
        "type": "AzureBlobStorageLocation", "container": "adftutorial",
        "folderPath": { "type": "Expression", "value": "@concat('out/yearno=',formatDateTime(dataset().windowStart,'yyyy'),'/',formatDateTime(dataset().windowStart,'HH'))" },
        "fileName": { "type": "Expression", "value": "@concat(formatDateTime(dataset().windowStart,'HH'),'.csv')" } })
    );
    assert_eq!(
        (
            &out["typeProperties"]["columnDelimiter"],
            &out["typeProperties"]["compressionCodec"]
        ),
        (&json!("|"), &json!("gzip"))
    );
    assert_eq!(
        out["schema"],
        json!([{ "name": "ID", "type": "String" }, { "name": "Name", "type": "String" }])
    );
    assert!(out["parameters"]["windowStart"].is_object());

    let pipeline = made(&all, Kind::Pipeline, "P");
    let copy = &pipeline["activities"][0];
    assert_eq!(
        copy["typeProperties"]["source"],
        json!({ "type": "SqlServerSource", "sqlReaderQuery": { "type": "Expression",
        "value": "@concat('select * from emp where t >= ''',formatDateTime(pipeline().parameters.windowStart,'yyyy-MM-dd HH:mm'),''' AND t < ''',formatDateTime(pipeline().parameters.windowEnd,'yyyy-MM-dd HH:mm'),'''')" } })
    );
    assert_eq!(copy["typeProperties"]["sink"]["type"], "DelimitedTextSink");
    assert_eq!(copy["policy"], json!({ "timeout": "0.01:00:00", "retry": 2 }));
    assert_eq!(
        copy["inputs"],
        json!([{ "referenceName": "Emp", "type": "DatasetReference" }])
    );
    assert_eq!(
        copy["outputs"][0]["parameters"]["windowEnd"]["value"],
        "@pipeline().parameters.windowEnd"
    );

    let trigger = made(&all, Kind::Trigger, "P");
    assert_eq!(
        trigger["typeProperties"],
        json!({ "frequency": "Hour", "interval": 1, "startTime": "2016-07-12T01:00:00Z",
        "endTime": "2016-07-13T00:00:00Z", "delay": "00:10:00", "maxConcurrency": 10 })
    );
    assert_eq!(
        (&trigger["type"], &trigger["runtimeState"]),
        (&json!("TumblingWindowTrigger"), &json!("Started"))
    );
    let output = &all.outputs[0];
    assert_eq!(
        (
            output.dataset.as_str(),
            output.trigger.as_deref(),
            output.activity.as_str()
        ),
        ("Out", Some("P"), "copy")
    );
}

fn blob(folder: &str, frequency: &str) -> Value {
    json!({ "properties": { "type": "AzureBlob", "linkedServiceName": "Storage", "typeProperties": { "folderPath": folder,
        "partitionedBy": [{ "name": "S", "value": { "type": "DateTime", "date": "SliceStart", "format": "yyyyMMddHH" } }] },
        "availability": { "frequency": frequency, "interval": 1 } } })
}

fn copies(activities: Value) -> Value {
    json!({ "properties": { "start": "2016-01-01", "end": "2017-01-01", "activities": activities } })
}

fn copy(name: &str, input: Value, output: &str) -> Value {
    json!({ "name": name, "type": "Copy", "inputs": [input], "outputs": [{ "name": output }],
        "typeProperties": { "source": { "type": "BlobSource" }, "sink": { "type": "BlobSink" } } })
}

#[test]
fn activities_of_other_windows_become_pipelines_that_wait() {
    let all = run(&[
        (Kind::Dataset, "A", blob("c/a/{S}", "Hour")),
        (Kind::Dataset, "B", blob("c/b/{S}", "Hour")),
        (Kind::Dataset, "C", blob("c/c/{S}", "Hour")),
        (Kind::Dataset, "D", blob("c/d", "Day")),
        (
            Kind::Pipeline,
            "P",
            copies(json!([
                copy("ab", json!({ "name": "A" }), "B"),
                copy("bc", json!({ "name": "B" }), "C"),
                { "name": "day", "type": "HDInsightHive", "inputs": [{ "name": "C" }], "outputs": [{ "name": "D" }], "linkedServiceName": "Hd",
                  "typeProperties": { "defines": { "y": "$$Text.Format('{0:yyyy}', SliceStart)" } } },
            ])),
        ),
    ]);
    let first = made(&all, Kind::Pipeline, "P");
    assert_eq!(first["activities"].as_array().unwrap().len(), 2);
    assert_eq!(
        first["activities"][1]["dependsOn"],
        json!([{ "activity": "ab", "dependencyConditions": ["Succeeded"] }])
    );
    // Files without a format at both ends are copied as they are.
    assert_eq!(made(&all, Kind::Dataset, "A")["type"], "Binary");
    assert_eq!(
        first["activities"][0]["typeProperties"]["source"]["type"],
        "BinarySource"
    );
    // Whose slices the windows are is told where today's document does not say it.
    assert_eq!(
        (&first["v1"], &made(&all, Kind::Pipeline, "P-2")["v1"]),
        (&Value::Null, &json!({ "inputs": ["C"], "outputs": ["D"] }))
    );
    let day = made(&all, Kind::Trigger, "P-2");
    assert_eq!(day["typeProperties"]["interval"], 24);
    assert_eq!(
        day["typeProperties"]["dependsOn"],
        json!([{ "type": "TumblingWindowTriggerDependencyReference", "referenceTrigger": { "referenceName": "P", "type": "TriggerReference" } }])
    );
    let hive = &made(&all, Kind::Pipeline, "P-2")["activities"][0];
    assert_eq!(
        hive["linkedServiceName"],
        json!({ "referenceName": "Hd", "type": "LinkedServiceReference" })
    );
    assert_eq!(
        hive["typeProperties"]["defines"]["y"]["value"],
        "@formatDateTime(pipeline().parameters.windowStart,'yyyy')"
    );
}

#[test]
fn slices_of_other_times_are_read_where_it_is_one() {
    let day = |input: Value| {
        let all = run(&[
            (Kind::Dataset, "In", blob("c/in/{S}", "Day")),
            (Kind::Dataset, "Hourly", blob("c/h/{S}", "Hour")),
            (Kind::Dataset, "Out", blob("c/out/{S}", "Day")),
            (Kind::Pipeline, "P", copies(json!([copy("c", input, "Out")]))),
        ]);
        let parameters = made(&all, Kind::Pipeline, "P")["activities"][0]["inputs"][0]["parameters"].clone();
        let refused: Vec<_> = all.notes.into_iter().filter_map(|note| note.code).collect();
        (parameters["windowStart"]["value"].clone(), refused)
    };
    let yesterday =
        json!({ "name": "In", "startTime": "Date.AddDays(SliceStart, -1)", "endTime": "Date.AddDays(SliceEnd, -1)" });
    assert_eq!(
        day(yesterday),
        (json!("@addDays(pipeline().parameters.windowStart,-1)"), vec![])
    );
    let week = json!({ "name": "In", "startTime": "Date.AddDays(SliceStart, -7)", "endTime": "SliceEnd" });
    assert_eq!(day(week), (Value::Null, vec![Code::OldDocumentRefused]));
    // A day's hours are twenty-four folders.
    assert_eq!(
        day(json!({ "name": "Hourly" })),
        (Value::Null, vec![Code::OldDocumentRefused])
    );
    let typo = json!({ "name": "In", "startTime": "Date.AddDay(SliceStart, -1)", "endTime": "SliceEnd" });
    assert_eq!(day(typo), (Value::Null, vec![Code::OldExpressionInvalid]));

    // The other way round: an hour lies in one day.
    let all = run(&[
        (Kind::Dataset, "In", blob("c/in/{S}", "Day")),
        (Kind::Dataset, "Out", blob("c/out/{S}", "Hour")),
        (
            Kind::Pipeline,
            "P",
            copies(json!([copy("c", json!({ "name": "In" }), "Out")])),
        ),
    ]);
    let input = &made(&all, Kind::Pipeline, "P")["activities"][0]["inputs"][0];
    assert_eq!(
        input["parameters"]["windowStart"]["value"],
        "@startOfDay(pipeline().parameters.windowStart)"
    );
    assert_eq!(
        input["parameters"]["windowEnd"]["value"],
        "@addDays(startOfDay(pipeline().parameters.windowStart),1)"
    );
}

#[test]
fn files_without_a_format_are_text_where_the_other_end_is_a_table() {
    let all = run(&[
        (Kind::Dataset, "Files", blob("c/in", "Day")),
        (Kind::Dataset, "Copied", blob("c/out", "Day")),
        (
            Kind::Dataset,
            "Table",
            json!({ "properties": { "type": "AzureSqlTable", "linkedServiceName": "S", "typeProperties": { "tableName": "t" }, "availability": { "frequency": "Day", "interval": 1 } } }),
        ),
        (
            Kind::Pipeline,
            "P",
            copies(json!([
                copy("raw", json!({ "name": "Files" }), "Copied"),
                { "name": "load", "type": "Copy", "inputs": [{ "name": "Files" }], "outputs": [{ "name": "Table" }], "typeProperties": { "source": { "type": "BlobSource", "skipHeaderLineCount": 1 },
                    "sink": { "type": "SqlSink", "sqlWriterCleanupScript": "$$Text.Format('delete t where d = \\'{0:yyyyMMdd}\\'', SliceStart)" } } },
            ])),
        ),
    ]);
    assert_eq!(
        (
            &made(&all, Kind::Dataset, "Files")["type"],
            &made(&all, Kind::Dataset, "Files-text")["type"]
        ),
        (&json!("Binary"), &json!("DelimitedText"))
    );
    let load = &made(&all, Kind::Pipeline, "P")["activities"][1];
    assert_eq!(load["inputs"][0]["referenceName"], "Files-text");
    assert_eq!(load["typeProperties"]["source"]["formatSettings"]["skipLineCount"], 1);
    assert_eq!(load["typeProperties"]["sink"]["type"], "AzureSqlSink");
    assert!(
        load["typeProperties"]["sink"]["preCopyScript"]["value"]
            .as_str()
            .unwrap()
            .starts_with("@concat('delete t where d = '''")
    );
}

#[test]
fn the_words_of_2014_are_read() {
    let all = run(&[
        (
            Kind::LinkedService,
            "Sql",
            json!({ "Name": "Sql", "Properties": { "type": "OnPremisesSqlLinkedService", "ConnectionString": "Data Source=s", "gatewayLocation": "wu", "gatewayName": "g" } }),
        ),
        (
            Kind::Dataset,
            "In",
            json!({ "Properties": { "Location": { "Type": "OnPremisesSqlServerTableLocation", "TableName": "t", "LinkedServiceName": "Sql" }, "Availability": { "Frequency": "Hour", "Interval": 1, "WaitOnExternal": {} } } }),
        ),
        (
            Kind::Dataset,
            "Out",
            json!({ "Properties": { "Location": { "Type": "AzureBlobLocation", "BlobPath": "$$Text.Format('container/folder/{0:yyyyMMdd-HH}', SliceStart)", "LinkedServiceName": "St", "Format": { "Type": "TextFormat" } }, "Availability": { "Frequency": "Hour", "Interval": 1 } } }),
        ),
        (
            Kind::Pipeline,
            "P",
            json!({ "Properties": { "Activities": [{ "Name": "c", "Type": "CopyActivity", "Inputs": [{ "Name": "In" }], "Outputs": [{ "Name": "Out" }], "Transformation": { "Source": { "Type": "SqlSource" }, "Sink": { "Type": "BlobSink" } } }] } }),
        ),
    ]);
    assert!(all.notes.is_empty(), "{:#?}", all.notes);
    assert_eq!(
        made(&all, Kind::LinkedService, "Sql")["typeProperties"],
        json!({ "connectionString": "Data Source=s" })
    );
    let out = made(&all, Kind::Dataset, "Out");
    assert_eq!(out["typeProperties"]["location"]["container"], "container");
    assert_eq!(
        out["typeProperties"]["location"]["folderPath"]["value"],
        "@concat('folder/',formatDateTime(dataset().windowStart,'yyyyMMdd-HH'))"
    );
    let copy = &made(&all, Kind::Pipeline, "P")["activities"][0];
    assert_eq!(
        (&copy["type"], &copy["typeProperties"]["source"]["type"]),
        (&json!("Copy"), &json!("SqlServerSource"))
    );
    // Without start and end it is started by hand.
    assert!(!all.documents.iter().any(|document| document.kind == Kind::Trigger));
    assert!(all.outputs[0].trigger.is_none() && all.outputs[0].availability.is_some());
}
