//! Connection strings: what is read and written again is the same, and no secret stays behind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use sluice_contract::document::{ConnectionString, StoreProperties, inline_credential, take_secrets};

fuzz_target!(|text: &str| {
    let parsed = ConnectionString::parse(text);
    let written = parsed.without(|_| false);
    let again = ConnectionString::parse(&written);
    assert_eq!(again.without(|_| false), written);
    assert!(again.names().eq(parsed.names()), "{text:?} {written:?}");
    for name in parsed.names() {
        assert!(again.all(name).eq(parsed.all(name)), "{text:?} {written:?}");
    }
    let object = json!({"connectionString": text});
    let Some(object) = object.as_object() else { return };
    let (_, mut public) = inline_credential(object);
    take_secrets(&mut public);
    let left = public["connectionString"].as_str().unwrap_or_default();
    for secret in ["password", "pwd", "EncryptedCredential"] {
        let found = ConnectionString::parse(left);
        assert!(
            found
                .get(&[secret])
                .is_none_or(|value| value.is_empty() || value.starts_with('*')),
            "{text:?} {left:?}"
        );
    }
    for kind in ["SqlServer", "PostgreSqlV2", "MySql", "AzureBlobStorage", "Oracle"] {
        let store = StoreProperties {
            kind: kind.to_owned(),
            public: public.clone(),
            ..Default::default()
        };
        let _ = store.binding();
    }
});
