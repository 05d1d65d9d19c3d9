//! Templates of Azure Resource Manager.

use crate::{Document, Kind, Values, read};
use serde_json::{Value, json};
use sluice_contract::Code;

fn template(values: &Values) -> Result<crate::Read, sluice_contract::Fault> {
    let template = json!({
        "$schema": "http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "factoryName": { "type": "string" },
            "Sql_password": { "type": "secureString" },
            "rows": { "type": "int", "defaultValue": 7 },
            "prefix": { "type": "string", "defaultValue": "[toLower(concat('A', 'B'))]" },
        },
        "variables": {
            "factoryId": "[concat('Microsoft.DataFactory/factories/', parameters('factoryName'))]",
            "path": { "folder": "[format('{0}/in', parameters('prefix'))]" },
        },
        "resources": [
            {
                "name": "[concat(parameters('factoryName'), '/', variables('path').folder, '-ds')]",
                "type": "Microsoft.DataFactory/factories/datasets",
                "apiVersion": "2018-06-01",
                "properties": {
                    "type": "PostgreSqlTable",
                    "linkedServiceName": { "referenceName": "Sql", "type": "LinkedServiceReference" },
                    "typeProperties": { "table": "[[dbo].[t]", "rows": "[if(equals(parameters('rows'), 7), parameters('rows'), reference('x'))]" },
                },
                "dependsOn": ["[concat(variables('factoryId'), '/linkedServices/Sql')]"],
            },
            {
                "name": "[concat(parameters('factoryName'), '/Sql')]",
                "type": "Microsoft.DataFactory/factories/linkedServices",
                "apiVersion": "2018-06-01",
                "properties": { "type": "PostgreSql", "typeProperties": { "password": { "type": "SecureString", "value": "[parameters('Sql_password')]" } } },
            },
            { "name": "x", "type": "Microsoft.Storage/storageAccounts", "properties": {} },
            { "name": "[concat(parameters('factoryName'), '/default')]", "type": "Microsoft.DataFactory/factories/managedVirtualNetworks", "properties": {} },
            {
                "type": "Microsoft.DataFactory/factories", "name": "[parameters('factoryName')]",
                "resources": [{ "type": "pipelines", "name": "P", "properties": { "activities": [] } }],
            },
        ],
    });
    read(
        "arm/ARMTemplateForFactory.json",
        template.to_string().as_bytes(),
        values,
    )
}

fn named<'a>(documents: &'a [Document], name: &str) -> &'a Document {
    documents.iter().find(|document| document.name == name).unwrap()
}

#[test]
fn a_template_becomes_its_documents() {
    let mut values = Values::of("s", "g", "factory");
    values.set("sql_PASSWORD", "canary");
    let read = template(&values).unwrap();
    assert_eq!(read.documents.len(), 3);
    let dataset = named(&read.documents, "in-ds");
    assert_eq!(dataset.kind, Kind::Dataset);
    assert!(dataset.open.is_empty(), "{:?}", dataset.open);
    assert_eq!(
        dataset.body["properties"]["typeProperties"],
        json!({ "table": "[dbo].[t]", "rows": 7 })
    );
    assert!(dataset.body.get("dependsOn").is_none() && dataset.body.get("type").is_none());
    let service = named(&read.documents, "Sql");
    assert_eq!(
        service.body["properties"]["typeProperties"]["password"]["value"],
        "canary"
    );
    assert!(!format!("{read:?} {values:?}").contains("canary"));
    assert_eq!(named(&read.documents, "P").kind, Kind::Pipeline);
    assert_eq!(read.skipped.len(), 2, "{:?}", read.skipped);
    let place = dataset.origin.place(&crate::Path::of(&["properties", "type"]));
    assert_eq!(place.line, 1);
}

#[test]
fn what_has_no_value_is_told_with_its_place() {
    let read = template(&Values::of("s", "g", "factory")).unwrap();
    let service = named(&read.documents, "Sql");
    let (path, cause) = &service.open[0];
    assert_eq!(path.to_string(), "properties.typeProperties.password.value");
    assert_eq!(cause, "the template's parameter `Sql_password` has no value");
}

#[test]
fn a_secret_is_no_argument() {
    let mut values = Values::of("s", "g", "factory");
    values.set_argument("Sql_password", "canary");
    let fault = template(&values).unwrap_err();
    assert_eq!(fault.code, Code::SecretInArguments);
    assert!(!fault.message.contains("canary"));
}

#[test]
fn typed_values_are_read_by_the_declared_type() {
    let rows = |text: &str| {
        let mut values = Values::of("s", "g", "factory");
        values.set_argument("rows", text);
        let read = template(&values).unwrap();
        let dataset = named(&read.documents, "in-ds").clone();
        (
            dataset.open.len(),
            dataset.body["properties"]["typeProperties"]["rows"].clone(),
        )
    };
    assert_eq!(rows("7"), (0, json!(7)));
    assert_eq!(rows("seven").0, 1);
    // Not seven: only Azure knows.
    assert_eq!(rows("8").0, 1);
}

#[test]
fn files_of_parameters() {
    let mut values = Values::default();
    let file = r#"{"parameters": {"a": {"value": [1]}, "b": {"value": "x"}}}"#;
    values.take_file(file.as_bytes()).unwrap();
    values.take_file(br#"{"c": 3}"#).unwrap();
    let cut = r#"{"name": "[concat('f/', parameters('b'))]", "properties": {"type": "x", "typeProperties": {"a": "[parameters('A')]", "c": "[string(parameters('c'))]"}}}"#;
    let read = read("linkedService/q.json", cut.as_bytes(), &values).unwrap();
    let document = &read.documents[0];
    assert_eq!(document.name, "x");
    assert_eq!(
        document.body["properties"]["typeProperties"],
        json!({ "a": [1], "c": "3" })
    );
    let vault = br#"{"parameters": {"a": {"reference": {"keyVault": {}}}}}"#;
    assert_eq!(values.take_file(vault).unwrap_err().code, Code::TemplateInvalid);
}

#[test]
fn texts_in_brackets_are_left_alone_outside_templates() {
    let text = r#"{"properties": {"activities": [], "description": "[dbo].[x]"}}"#;
    let read = read("pipeline/q.json", text.as_bytes(), &Values::default()).unwrap();
    assert_eq!(read.documents[0].body["properties"]["description"], "[dbo].[x]");
}

#[test]
fn functions_of_templates() {
    for (text, value) in [
        ("concat('a', 1, true(), 'it''s')", json!("a1Trueit's")),
        ("concat(createArray(1), createArray('b'))", json!([1, "b"])),
        ("split('a,b', ',')[1]", json!("b")),
        ("substring('hello', 1, 3)", json!("ell")),
        ("padLeft('7', 3, '0')", json!("007")),
        ("union(createObject('a', 1), createObject('b', 2)).B", json!(2)),
        ("add(mul(2, 3), -1)", json!(5)),
        ("if(greater(2, 1), 'yes', reference('x'))", json!("yes")),
        (
            "last(split(resourceId('Microsoft.DataFactory/factories', 'f'), '/'))",
            json!("f"),
        ),
        ("json('{\"a\": [1]}').a[0]", json!(1)),
        ("resourceGroup().name", json!("g")),
        ("coalesce(null(), 'x')", json!("x")),
        ("base64('abc')", json!("YWJj")),
    ] {
        assert_eq!(evaluated(text), Ok(value), "{text}");
    }
    for wrong in [
        "concat(",
        "nothing('x')",
        "'a",
        "concat('a' 'b')",
        "div(1, 0)",
        "f().",
        "int('x')",
        "createArray(1)[9]",
        "",
    ] {
        assert!(evaluated(wrong).is_err(), "{wrong}");
    }
}

fn evaluated(text: &str) -> Result<Value, String> {
    let body = json!({ "properties": { "activities": [], "x": format!("[{text}]"), "y": "[concat('', 'marks a template')]" } });
    let read = read(
        "pipeline/q.json",
        body.to_string().as_bytes(),
        &Values::of("s", "g", "f"),
    )
    .unwrap();
    let document = &read.documents[0];
    match document.open.first() {
        Some((_, cause)) => Err(cause.clone()),
        None => Ok(document.body["properties"]["x"].clone()),
    }
}
