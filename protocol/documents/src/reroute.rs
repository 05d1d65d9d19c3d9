//! Gateways in place of Azure's own integration runtimes.

use crate::{Document, Kind};
use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::text;
use std::collections::BTreeSet;

/// Lets every linked service that names a machine of Azure's, which is among the documents or is `AutoResolveIntegrationRuntime`, name
/// this gateway. How many did.
pub fn reroute(documents: &mut [Document], gateway: &str) -> usize {
    let machines: BTreeSet<String> = documents
        .iter()
        .filter(|document| document.kind == Kind::IntegrationRuntime)
        .filter(|document| {
            let kind = document.body.pointer("/properties/type").and_then(Value::as_str);
            kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("SelfHosted"))
        })
        .map(|document| document.name.to_lowercase())
        .chain(["autoresolveintegrationruntime".to_owned()])
        .collect();
    let mut count = 0;
    for document in documents
        .iter_mut()
        .filter(|document| document.kind == Kind::LinkedService)
    {
        let via = document.body.as_object_mut().and_then(|body| below(body, "properties"));
        let Some(via) = via.and_then(|properties| below(properties, "connectVia")) else {
            continue;
        };
        let named = text(via, "referenceName").map(str::to_lowercase);
        if named.is_some_and(|name| machines.contains(&name)) {
            via.retain(|key, _| !key.eq_ignore_ascii_case("referenceName"));
            via.insert("referenceName".to_owned(), gateway.into());
            count += 1;
        }
    }
    count
}

fn below<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.get_mut(&key)?.as_object_mut()
}
