//! Data Factory's documents and templates in files, as `sluice validate` and the factory read them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{
    Dataset, IntegrationRuntime, LinkedService, Pipeline, carry_over, find_expression, inline_credential,
    secret_stores, take_secrets,
};
use sluice_documents::{Known, Values, check, read, references};

const FOLDERS: [&str; 8] = [
    "linkedService",
    "dataset",
    "pipeline",
    "trigger",
    "integrationRuntime",
    "dataflow",
    "factory",
    "x",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, text)) = bytes.split_first() else {
        return;
    };
    let file = format!("{}/n.json", FOLDERS[usize::from(*which) % FOLDERS.len()]);
    let mut values = Values::of("subscription", "group", "factory");
    let _ = values.take_file(text);
    if let Ok(read) = read(&file, text, &values) {
        let nowhere = |_: sluice_documents::Kind, _: &str| false;
        let rules = |_: &Object, _: &Object, _: &Object, _: bool| Vec::new();
        let known = Known {
            stores: Vec::new(),
            services: &[],
            activities: &["Copy"],
            triggers: &[],
            copy: &rules,
            elsewhere: &nowhere,
        };
        assert_eq!(check(&read.documents, &known).len(), read.documents.len());
        for document in &read.documents {
            let _ = references(document);
        }
    }
    if let Ok(document) = serde_json::from_slice::<Value>(text) {
        look(&document);
    }
});

/// As the factory looks at a document that a client sends.
fn look(document: &Value) {
    let _ = IntegrationRuntime::view(document);
    let _ = Dataset::view(document).map(|view| (view.request(), view.linked_service().len()));
    if let Ok(view) = Pipeline::view(document) {
        for activity in view.activities() {
            let _ = (activity.policy(), activity.depends_on(), activity.user_properties());
            let _ = activity.copy().map(|copy| {
                (
                    copy.settings(),
                    copy.log_service().is_ok(),
                    copy.redirect_service().is_ok(),
                )
            });
        }
    }
    if let Ok(view) = LinkedService::view(document) {
        let mut properties = view.type_properties().clone();
        let _ = (inline_credential(&properties), secret_stores(&properties));
        let _ = (carry_over(&properties), find_expression(&properties));
        take_secrets(&mut properties);
        let left = properties.clone();
        assert!(take_secrets(&mut properties).is_empty(), "a secret was left behind");
        assert_eq!(left, properties);
    }
}
