//! Which storage account a linked service is about.

use super::{ConnectionString, member, text};
use crate::Object;

/// Types of linked services that are about a storage account.
const KINDS: &[&str] = &["AzureBlobStorage", "AzureStorage", "AzureBlobFS"];
/// The account that every emulator has.
const EMULATOR: &str = "devstoreaccount1";

/// The storage account of a linked service, by its public properties; `None` for one of another kind, or when only its
/// secrets say it.
pub fn storage_account(kind: &str, properties: &Object) -> Option<String> {
    if !KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return None;
    }
    let parts = ConnectionString::parse(text(properties, "connectionString").unwrap_or_default());
    let either = |name: &str| text(properties, name).or_else(|| parts.get(&[name]));
    if either("UseDevelopmentStorage").is_some_and(|flag| flag.eq_ignore_ascii_case("true")) {
        return Some(EMULATOR.to_owned());
    }
    if let Some(name) = either("AccountName") {
        return Some(name.to_owned());
    }
    let mut addresses = ["BlobEndpoint", "serviceEndpoint", "url", "sasUri"].into_iter();
    let address = addresses.find_map(|name| either(name).or_else(|| member(properties, name)?.as_str()))?;
    of_address(address)
}

/// The first part of a host such as `ACCOUNT.blob.core.windows.net`, else the first of the path, as emulators have it.
fn of_address(address: &str) -> Option<String> {
    let url = url::Url::parse(address.trim()).ok()?;
    let host = url.host_str()?;
    let name = if host.contains(".blob.") || host.contains(".dfs.") {
        host.split('.').next()
    } else {
        url.path_segments()?.next()
    };
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_account_is_found_wherever_the_document_has_it() {
        let of = |kind: &str, properties: Value| storage_account(kind, properties.as_object().unwrap());
        let plain = "DefaultEndpointsProtocol=https;AccountName=shop1;EndpointSuffix=core.windows.net";
        for (kind, properties, account) in [
            ("AzureBlobStorage", json!({ "connectionString": plain }), Some("shop1")),
            ("AzureStorage", json!({ "connectionString": plain }), Some("shop1")),
            (
                "AzureBlobFS",
                json!({ "url": "https://lake1.dfs.core.windows.net" }),
                Some("lake1"),
            ),
            (
                "azureblobstorage",
                json!({ "serviceEndpoint": "https://a.blob.core.windows.net/" }),
                Some("a"),
            ),
            (
                "AzureBlobStorage",
                json!({ "sasUri": "http://127.0.0.1:10000/acc/box" }),
                Some("acc"),
            ),
            (
                "AzureBlobStorage",
                json!({ "connectionString": "UseDevelopmentStorage=true" }),
                Some("devstoreaccount1"),
            ),
            ("AzureBlobStorage", json!({ "connectionString": "**********" }), None),
            ("FileServer", json!({ "connectionString": plain }), None),
        ] {
            assert_eq!(of(kind, properties.clone()).as_deref(), account, "{properties}");
        }
    }
}
