use super::*;

fn read(public: serde_json::Value) -> Result<Account, Fault> {
    Account::read(
        &StoreProperties {
            kind: "AzureBlobStorage".to_owned(),
            public: public.as_object().unwrap().clone(),
            secrets: Default::default(),
        },
        Kind::Blob,
    )
}

fn connection(text: &str) -> Result<Account, Fault> {
    read(serde_json::json!({ "connectionString": text }))
}

#[test]
fn connection_strings_name_endpoint_and_account() {
    let azure = connection(
        "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn",
    )
    .unwrap();
    assert_eq!(
        (azure.label(), azure.name.as_str()),
        ("https://acc.blob.core.chinacloudapi.cn", "acc")
    );
    assert!(matches!(&azure.login, Login::Key(key) if key == "a2V5"));

    let azurite = connection(
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:4000/devstoreaccount1;",
    )
    .unwrap();
    assert_eq!(azurite.label(), "http://127.0.0.1:4000/devstoreaccount1");

    let emulator = connection("UseDevelopmentStorage=true").unwrap();
    assert_eq!(emulator.label(), "http://127.0.0.1:10000/devstoreaccount1");

    let signed =
        connection("BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=2022&sig=abc%3D").unwrap();
    assert_eq!(signed.name, "acc");
    assert!(matches!(&signed.login, Login::Signature(text) if text == "sv=2022&sig=abc%3D"));
}

#[test]
fn signed_addresses_may_name_a_container() {
    let azure = read(serde_json::json!({"sasUri": "https://acc.blob.core.windows.net/box?sv=1&sig=x"})).unwrap();
    assert_eq!(
        (azure.label(), azure.container.as_deref()),
        ("https://acc.blob.core.windows.net", Some("box"))
    );
    let azurite = read(serde_json::json!({"sasUri": "http://127.0.0.1:1/devstoreaccount1?sv=1&sig=x"})).unwrap();
    assert_eq!(
        (azurite.label(), azurite.container.as_deref()),
        ("http://127.0.0.1:1/devstoreaccount1", None)
    );
    assert_eq!(azurite.name, "devstoreaccount1");
}

#[test]
fn what_is_missing_is_named_and_no_secret_is_quoted() {
    for (properties, word) in [
        (serde_json::json!({}), "connectionString"),
        (
            serde_json::json!({"sasUri": "https://acc.blob.core.windows.net/?sv=1"}),
            "signature",
        ),
        (serde_json::json!({"sasUri": "nonsense sig=CANARY"}), "sasUri"),
        (
            serde_json::json!({"connectionString": "AccountKey=CANARY"}),
            "AccountName",
        ),
        (serde_json::json!({"connectionString": "AccountName=x"}), "account key"),
        (
            serde_json::json!({"serviceEndpoint": "https://acc.blob.core.windows.net"}),
            "managed identity",
        ),
        (
            serde_json::json!({"sasUri": "http://127.0.0.1:1/?sig=CANARY"}),
            "first part of the path",
        ),
    ] {
        let fault = read(properties).err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing);
        assert!(fault.message.contains(word), "{}", fault.message);
        assert!(!fault.message.contains("CANARY"), "{}", fault.message);
    }
}

#[test]
fn lakes_are_reached_by_their_blob_endpoint() {
    let read = |public: serde_json::Value| {
        let properties = StoreProperties {
            kind: "AzureBlobFS".to_owned(),
            public: public.as_object().unwrap().clone(),
            secrets: Default::default(),
        };
        Account::read(&properties, Kind::Lake)
    };
    let key = read(serde_json::json!({"url": "https://lake.dfs.core.windows.net", "accountKey": "a2V5"})).unwrap();
    assert_eq!(
        (key.label(), key.name.as_str()),
        ("https://lake.blob.core.windows.net", "lake")
    );
    let principal = read(
        serde_json::json!({"url": "https://lake.dfs.core.windows.net/", "servicePrincipalId": "id",
        "servicePrincipalKey": "CANARY", "tenant": "t", "azureCloudType": "AzureChina"}),
    )
    .unwrap();
    assert!(matches!(&principal.login, Login::Principal { authority, .. } if authority.ends_with(".cn")));
    for (public, word) in [
        (serde_json::json!({}), "url"),
        (
            serde_json::json!({"url": "https://lake.dfs.core.windows.net"}),
            "managed",
        ),
        (
            serde_json::json!({"url": "https://lake.dfs.core.windows.net", "servicePrincipalId": "id"}),
            "servicePrincipalKey",
        ),
    ] {
        let fault = read(public).err().unwrap();
        assert!(fault.message.contains(word), "{fault}");
    }
}
