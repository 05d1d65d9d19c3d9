//! The mistakes that people make, and what runs.

use crate::{Checked, Document, Kind, Known, Severity, Store, Values, Verdict, check, read};
use serde_json::{Value, json};
use sluice_contract::{Code, Object};

fn known<'a>() -> Known<'a> {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Known {
        stores: vec![
            Store {
                title: "PostgreSQL".to_owned(),
                linked_services: own(&["PostgreSql", "PostgreSqlV2"]),
                datasets: own(&["PostgreSqlTable"]),
                sources: own(&["PostgreSqlSource"]),
                sinks: own(&["AzurePostgreSqlSink"]),
            },
            Store {
                title: "Files".to_owned(),
                linked_services: own(&["FileServer"]),
                datasets: own(&["Parquet", "DelimitedText"]),
                sources: own(&["ParquetSource"]),
                sinks: own(&["ParquetSink"]),
            },
        ],
        services: &["AzureKeyVault"],
        activities: &["Copy", "Wait", "SetVariable", "ForEach", "ExecutePipeline"],
        triggers: &["TumblingWindowTrigger"],
        copy: &|_: &Object, _: &Object, _: &Object, _: bool| Vec::new(),
        elsewhere: &|_, name| name == "elsewhere",
    }
}

fn document(kind: Kind, name: &str, properties: Value) -> Document {
    let body = json!({ "name": name, "properties": properties }).to_string();
    let file = format!("{}/{name}.json", kind.folder());
    read(&file, body.as_bytes(), &Values::default())
        .unwrap()
        .documents
        .remove(0)
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "referenceName": name, "type": format!("{kind}Reference") })
}

fn base() -> Vec<Document> {
    vec![
        document(
            Kind::LinkedService,
            "Pg",
            json!({ "type": "PostgreSql", "typeProperties": {} }),
        ),
        document(
            Kind::LinkedService,
            "Fs",
            json!({ "type": "FileServer", "typeProperties": {} }),
        ),
        document(
            Kind::LinkedService,
            "Sap",
            json!({ "type": "SapHana", "typeProperties": {} }),
        ),
        document(
            Kind::Dataset,
            "Table",
            json!({ "type": "PostgreSqlTable", "linkedServiceName": reference("LinkedService", "Pg"),
            "parameters": { "table": { "type": "string" } }, "typeProperties": { "table": "@dataset().table" } }),
        ),
        document(
            Kind::Dataset,
            "File",
            json!({ "type": "Parquet", "linkedServiceName": reference("LinkedService", "Fs") }),
        ),
        document(
            Kind::Dataset,
            "Cube",
            json!({ "type": "SapHanaTable", "linkedServiceName": reference("LinkedService", "Sap") }),
        ),
    ]
}

fn copy(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut input = reference("Dataset", "Table");
    input["parameters"] = json!({ "table": "t" });
    let mut copy = json!({ "name": name, "type": "Copy", "inputs": [input], "outputs": [reference("Dataset", "File")],
        "typeProperties": { "source": { "type": "PostgreSqlSource" }, "sink": { "type": "ParquetSink" } } });
    for (pointer, value) in changes {
        *copy.pointer_mut(pointer).unwrap() = value.clone();
    }
    copy
}

fn judge(activities: Value) -> Checked {
    let mut documents = base();
    documents.push(document(
        Kind::Pipeline,
        "P",
        json!({ "activities": activities, "parameters": { "p": { "type": "string" } },
        "variables": { "v": { "type": "String" } } }),
    ));
    check(&documents, &known()).pop().unwrap()
}

#[test]
fn what_runs_says_who_runs_it() {
    let checked = check(&base(), &known());
    let all: Vec<_> = checked.iter().map(|one| (one.verdict, one.by.as_deref())).collect();
    assert_eq!(all[0], (Verdict::Runs, Some("PostgreSQL")));
    assert_eq!(all[2], (Verdict::Stored, None));
    assert_eq!(checked[2].findings[0].code, Code::StoreTypeUnknown);
    assert_eq!(all[4], (Verdict::Runs, Some("Files")));
    assert_eq!(all[5].0, Verdict::Stored);
    let pipeline = judge(
        json!([copy("c", &[]), { "name": "w", "type": "Wait", "dependsOn": [{ "activity": "C", "dependencyConditions": ["Succeeded"] }] }]),
    );
    assert_eq!(
        (pipeline.verdict, pipeline.by.as_deref()),
        (Verdict::Runs, Some("Copy, Wait")),
        "{:?}",
        pipeline.findings
    );
}

#[test]
fn the_mistakes_that_people_make() {
    let cases: Vec<(Value, Severity, Code, &str, &str)> = vec![
        (
            json!([{ "name": "a", "type": "Cpoy" }]),
            Severity::Wrong,
            Code::ActivityUnsupported,
            "properties.activities[0].type",
            "did you mean Copy?",
        ),
        (
            json!([{ "name": "a", "type": "HDInsightHive" }]),
            Severity::Stored,
            Code::ActivityUnsupported,
            "properties.activities[0].type",
            "does not run here",
        ),
        (
            json!([copy("a", &[("/inputs/0/type", json!("LinkedServiceReference"))])]),
            Severity::Wrong,
            Code::ReferenceTypeWrong,
            "properties.activities[0].inputs[0].type",
            "a reference to a dataset belongs here",
        ),
        (
            json!([copy("a", &[("/inputs/0/parameters", json!({}))])]),
            Severity::Wrong,
            Code::DatasetParameterMissing,
            "properties.activities[0].inputs[0]",
            "needs a value for its parameter table",
        ),
        (
            json!([copy("a", &[("/outputs/0/referenceName", json!("Fiel"))])]),
            Severity::Wrong,
            Code::ReferenceMissing,
            "properties.activities[0].outputs[0]",
            "no dataset named Fiel",
        ),
        (
            json!([copy("a", &[("/outputs/0/referenceName", json!("Pg"))])]),
            Severity::Wrong,
            Code::ReferenceMissing,
            "properties.activities[0].outputs[0]",
            "but a linked service of this name",
        ),
        (
            json!([copy("a", &[("/outputs/0/referenceName", json!("Cube"))])]),
            Severity::Stored,
            Code::StoreTypeUnknown,
            "properties.activities[0].outputs[0]",
            "the dataset Cube does not run",
        ),
        (
            json!([copy(
                "a",
                &[("/typeProperties/sink/type", json!("AzurePostgreSqlSink"))]
            )]),
            Severity::Wrong,
            Code::TypeMissing,
            "properties.activities[0].typeProperties.sink.type",
            "does not fit the dataset File",
        ),
        (
            json!([copy("a", &[("/typeProperties/source/type", json!("SapHanaSource"))])]),
            Severity::Stored,
            Code::StoreTypeUnknown,
            "properties.activities[0].typeProperties.source.type",
            "no connector serves",
        ),
        (
            json!([copy(
                "a",
                &[(
                    "/typeProperties/source",
                    json!({ "type": "PostgreSqlSource", "query": "@concat('a'" })
                )]
            )]),
            Severity::Wrong,
            Code::ExpressionInvalid,
            "properties.activities[0].typeProperties.source.query",
            "at character",
        ),
        (
            json!([copy(
                "a",
                &[(
                    "/typeProperties/source",
                    json!({ "type": "PostgreSqlSource", "query": "@activity('b').output" })
                )]
            )]),
            Severity::Wrong,
            Code::ExpressionInvalid,
            "properties.activities[0].typeProperties.source.query",
            "no activity b",
        ),
        (
            json!([copy(
                "a",
                &[(
                    "/typeProperties/source",
                    json!({ "type": "PostgreSqlSource", "query": "@{pipeline().parameters.q}" })
                )]
            )]),
            Severity::Wrong,
            Code::ExpressionInvalid,
            "properties.activities[0].typeProperties.source.query",
            "no parameter q",
        ),
        (
            json!([{ "name": "a", "type": "Wait" }, { "name": "A", "type": "Wait" }]),
            Severity::Wrong,
            Code::PipelineInvalid,
            "properties.activities[1].name",
            "two activities are named",
        ),
        (
            json!([{ "name": "a", "type": "Wait", "dependsOn": [{ "activity": "x" }] }]),
            Severity::Wrong,
            Code::PipelineInvalid,
            "properties.activities[0].dependsOn[0]",
            "depends on \"x\"",
        ),
        (
            json!([{ "name": "a", "type": "Wait", "dependsOn": [{ "activity": "b" }] }, { "name": "b", "type": "Wait", "dependsOn": [{ "activity": "a" }] }]),
            Severity::Wrong,
            Code::PipelineInvalid,
            "properties.activities[0].dependsOn",
            "in a circle: a, b",
        ),
        (
            json!([{ "name": "a", "type": "ForEach", "typeProperties": { "activities": [{ "name": "b", "type": "Wait", "dependsOn": [{ "activity": "a", "dependencyConditions": ["Sometimes"] }] }] } }]),
            Severity::Wrong,
            Code::PipelineInvalid,
            "properties.activities[0].typeProperties.activities[0].dependsOn[0].dependencyConditions",
            "is no condition",
        ),
        (
            json!([{ "name": "a", "type": "SetVariable", "typeProperties": { "variableName": "w" } }]),
            Severity::Wrong,
            Code::PipelineInvalid,
            "properties.activities[0].typeProperties.variableName",
            "no variable w",
        ),
    ];
    for (activities, severity, code, path, text) in cases {
        let checked = judge(activities.clone());
        let found = checked
            .findings
            .iter()
            .find(|finding| finding.path.to_string() == path && finding.text.contains(text));
        let found = found.unwrap_or_else(|| panic!("{activities}: no {path} {text:?} in {:#?}", checked.findings));
        assert_eq!((found.severity, found.code), (severity, code), "{activities}");
    }
}

#[test]
fn the_same_documents_of_one_name_are_seen() {
    let mut documents = base();
    documents.push(document(
        Kind::LinkedService,
        "pg",
        json!({ "type": "PostgreSql", "typeProperties": {} }),
    ));
    let checked = check(&documents, &known());
    assert_eq!(checked[0].findings[0].code, Code::DocumentTwice);
    assert_eq!(checked[6].verdict, Verdict::Wrong);
}

#[test]
fn what_is_elsewhere_is_no_mistake() {
    let mut documents = vec![document(
        Kind::Dataset,
        "d",
        json!({ "type": "Parquet", "linkedServiceName": reference("LinkedService", "elsewhere") }),
    )];
    assert_eq!(check(&documents, &known())[0].verdict, Verdict::Runs);
    documents.push(document(
        Kind::Trigger,
        "t",
        json!({ "type": "CustomEventsTrigger", "pipelines": [] }),
    ));
    documents.push(document(
        Kind::Trigger,
        "u",
        json!({ "type": "TumblingWindowTrigger", "pipeline": { "pipelineReference": reference("Pipeline", "none") } }),
    ));
    let checked = check(&documents, &known());
    assert_eq!(checked[1].verdict, Verdict::Stored);
    assert_eq!(checked[2].findings[0].code, Code::ReferenceMissing);
}

#[test]
fn a_pipeline_that_calls_one_that_does_not_run_does_not_run() {
    let mut documents = base();
    let call = json!([{ "name": "c", "type": "ExecutePipeline", "typeProperties": { "pipeline": reference("Pipeline", "Z") } }]);
    documents.push(document(Kind::Pipeline, "A", json!({ "activities": call })));
    documents.push(document(Kind::Pipeline, "Z", json!({ "activities": [{ "name": "h", "type": "HDInsightHive" }], "parameters": { "x": { "type": "string" } } })));
    let checked = check(&documents, &known());
    let texts: Vec<_> = checked[6]
        .findings
        .iter()
        .map(|finding| finding.text.as_str())
        .collect();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("needs a value for its parameter x")),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|text| text.contains("the pipeline Z does not run")),
        "{texts:?}"
    );
}

#[test]
fn machines_of_azure_are_no_gateways() {
    let documents = vec![
        document(
            Kind::IntegrationRuntime,
            "Az",
            json!({ "type": "Managed", "typeProperties": {} }),
        ),
        document(
            Kind::LinkedService,
            "Pg",
            json!({ "type": "PostgreSqlV2", "connectVia": reference("IntegrationRuntime", "Az") }),
        ),
    ];
    let checked = check(&documents, &known());
    assert_eq!(checked[0].verdict, Verdict::Stored);
    assert_eq!(
        (checked[1].verdict, checked[1].findings[0].code),
        (Verdict::Stored, Code::NoGateway)
    );
    let mut documents = documents;
    assert_eq!(crate::reroute(&mut documents, "elsewhere"), 1);
    let checked = check(&documents, &known());
    assert_eq!(checked[1].verdict, Verdict::Runs, "{:?}", checked[1].findings);
}
