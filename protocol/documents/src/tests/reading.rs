//! What people have in their files.

use crate::{Contract, Kind, Path, Values, order, read};
use sluice_contract::Code;

fn one(file: &str, text: &str) -> crate::Document {
    let mut read = read(file, text.as_bytes(), &Values::default()).unwrap();
    assert_eq!(read.documents.len(), 1, "{:?}", read.skipped);
    read.documents.remove(0)
}

const COMMENTED: &str = "\u{feff}// for tests\n{\n  \"name\": \"Ls\", /* a\nb */ \"properties\": {\n    \"type\": \"PostgreSql\", \
                         // a // b\n    \"typeProperties\": { \"server\": \"http://x/*y*/\", \"list\": [1, 2, ], },\n  },\n}\n";

#[test]
fn comments_and_last_commas_are_read_and_texts_are_left_alone() {
    let document = one("linkedService/Ls.json", COMMENTED);
    assert_eq!((document.kind, document.name.as_str()), (Kind::LinkedService, "Ls"));
    let properties = &document.body["properties"]["typeProperties"];
    assert_eq!(properties["server"], "http://x/*y*/");
    assert_eq!(properties["list"], serde_json::json!([1, 2]));
    let place = document
        .origin
        .place(&Path::of(&["properties", "TYPEPROPERTIES", "list"]));
    assert_eq!((place.line, place.column), (6, 60));
    // A way that leads nowhere ends at the last value on it.
    let place = document.origin.place(&Path::of(&["properties", "none", "x"]));
    assert_eq!((place.line, place.column), (4, 20));
}

#[test]
fn windows_writes_sixteen_bits() {
    let text = r#"{"properties": {"type": "SelfHosted"}, "name": "Gäte"}"#;
    let bytes: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let read = read("x.json", &bytes, &Values::default()).unwrap();
    assert_eq!(read.documents[0].name, "Gäte");
    let fault = crate::read("x.json", &bytes[..9], &Values::default()).unwrap_err();
    assert_eq!(fault.code, Code::FileUnreadable);
}

#[test]
fn mistakes_have_line_and_column() {
    let fault = read("d/a.json", b"{\n  \"name\": \"\xc3\xa4\" \"b\"\n}", &Values::default()).unwrap_err();
    assert_eq!(fault.code, Code::BadJson);
    assert!(
        fault.message.starts_with("d/a.json: line 2, column 15: "),
        "{}",
        fault.message
    );
}

#[test]
fn the_folder_says_the_kind_and_failing_that_the_content() {
    let text = |properties: &str| format!(r#"{{"properties": {properties}}}"#);
    for (file, properties, kind) in [
        ("a/linkedService/x.json", "{}", Kind::LinkedService),
        ("a\\linkedServices\\x.json", "{}", Kind::LinkedService),
        ("Tables/x.json", "{}", Kind::Dataset),
        ("dataflow/x.json", "{}", Kind::DataFlow),
        ("x.json", r#"{"activities": []}"#, Kind::Pipeline),
        (
            "x.json",
            r#"{"type": "Parquet", "linkedServiceName": {}}"#,
            Kind::Dataset,
        ),
        ("x.json", r#"{"type": "ScheduleTrigger"}"#, Kind::Trigger),
        ("x.json", r#"{"type": "SelfHosted"}"#, Kind::IntegrationRuntime),
        (
            "x.json",
            r#"{"type": "PostgreSql", "typeProperties": {}}"#,
            Kind::LinkedService,
        ),
        (
            "x.json",
            r#"{"type": "MappingDataFlow", "typeProperties": {}}"#,
            Kind::DataFlow,
        ),
    ] {
        let document = one(file, &text(properties));
        assert_eq!(
            (document.kind, document.name.as_str()),
            (kind, "x"),
            "{file} {properties}"
        );
    }
    let fault = read("x.json", text("{}").as_bytes(), &Values::default()).unwrap_err();
    assert_eq!(fault.code, Code::DocumentUnclear);
    for other in ["{}", "3", r#"{"publishBranch": "x"}"#, "[1]"] {
        let read = read("publish_config.json", other.as_bytes(), &Values::default()).unwrap();
        assert!(read.documents.is_empty() && read.skipped.len() == 1, "{other}");
    }
}

#[test]
fn old_words_are_known() {
    for (text, old) in [
        (
            r#"{"properties": {"type": "SqlServer", "typeProperties": {"gatewayName": "g"}}}"#,
            true,
        ),
        (
            r#"{"properties": {"type": "AzureStorage", "typeProperties": {"connectionString": "x"}}}"#,
            false,
        ),
        (
            r#"{"properties": {"type": "AzureBlob", "linkedServiceName": "x", "typeProperties": {}}}"#,
            true,
        ),
        (
            r#"{"Name": "x", "Properties": {"Location": {"Type": "AzureBlobLocation"}, "Availability": {}}}"#,
            true,
        ),
        (r#"{"properties": {"activities": [{"inputs": [{"name": "a"}]}]}}"#, true),
        (
            r#"{"properties": {"activities": [{"inputs": [{"referenceName": "a", "type": "DatasetReference"}]}]}}"#,
            false,
        ),
    ] {
        let document = one("x.json", text);
        assert_eq!(document.contract == Contract::V1, old, "{text}");
    }
}

#[test]
fn documents_come_after_those_they_refer_to() {
    let pipeline = |calls: &str| {
        format!(
            r#"{{"properties": {{"activities": [{{"type": "ExecutePipeline", "typeProperties": {{"pipeline":
            {{"referenceName": "{calls}", "type": "PipelineReference"}}}}}}]}}}}"#
        )
    };
    let set = |files: &[(&str, String)]| -> Vec<crate::Document> {
        files.iter().map(|(file, text)| one(file, text)).collect()
    };
    let names = |documents: &[crate::Document]| -> Vec<String> {
        order(documents)
            .into_iter()
            .map(|i| documents[i].name.clone())
            .collect()
    };
    let documents = set(&[
        ("pipeline/a.json", pipeline("B")),
        ("pipeline/b.json", pipeline("nowhere")),
        ("dataset/z.json", r#"{"properties": {"linkedServiceName": {"referenceName": "l", "type": "LinkedServiceReference"}}}"#.into()),
        ("linkedService/l.json", r#"{"properties": {"type": "x", "typeProperties": {"store": {"referenceName": "vault", "type": "LinkedServiceReference"}}}}"#.into()),
        ("linkedService/vault.json", r#"{"properties": {}}"#.into()),
    ]);
    assert_eq!(names(&documents), ["vault", "l", "z", "b", "a"]);
    let circle = set(&[("pipeline/a.json", pipeline("b")), ("pipeline/b.json", pipeline("a"))]);
    assert_eq!(names(&circle), ["a", "b"]);
}
