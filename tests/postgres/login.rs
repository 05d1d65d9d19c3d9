//! TLS as `sslMode` asks for it, from the connection's test to the last row; and the way without.

use super::{Shop, object};
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{Connection, SourceRequest, StoreProperties};
use sluice_tests::postgres::{PASSWORD, USER};
use sluice_tests::tls::{ServerIdentity, server_identity};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::Arc;

async fn connect(shop: &Shop, more: Value) -> Arc<dyn Connection> {
    let mut public =
        object(json!({ "server": "localhost", "port": shop.server.port, "database": "postgres", "username": USER }));
    public.extend(object(more));
    let mut properties = StoreProperties {
        kind: "PostgreSqlV2".into(),
        public,
        ..Default::default()
    };
    properties.secrets.insert("password", PASSWORD);
    sluice_store_postgres::connector().connect(properties).await.unwrap()
}

/// Whether its connections are encrypted, by what the server says; and how many rows a large table has.
async fn read(connection: &dyn Connection) -> Result<(bool, usize), Fault> {
    let query = "SELECT s.ssl, g AS id, repeat(md5(g::text), 5) AS text FROM pg_stat_ssl s, generate_series(1, 20000) g \
         WHERE s.pid = pg_backend_pid()";
    let request = SourceRequest {
        dataset_kind: "PostgreSqlV2Table".into(),
        activity: object(json!({ "query": query })),
        parallel: 2,
        batch_bytes: 100_000,
        ..Default::default()
    };
    let source = connection.source(request).await?;
    let mut batches = source.read(&source.partitions()[0]).await?;
    let (mut encrypted, mut rows) = (false, 0);
    while let Some(batch) = batches.try_next().await? {
        encrypted = arrow::array::AsArray::as_boolean(batch.column(0).as_ref()).value(0);
        rows += batch.num_rows();
    }
    Ok((encrypted, rows))
}

/// Has the server offer TLS with a certificate of its own.
async fn offer(shop: &Shop, dir: &Path) -> ServerIdentity {
    let identity = server_identity(dir);
    // The server reads no key that others could.
    let owner = std::fs::metadata(shop.server.one("SHOW data_directory").await).unwrap();
    for file in [&identity.key_file, &identity.chain_file] {
        chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (name, file) in [
        ("ssl_cert_file", &identity.chain_file),
        ("ssl_key_file", &identity.key_file),
    ] {
        shop.server
            .sql(&format!("ALTER SYSTEM SET {name} = '{}'", file.display()))
            .await;
    }
    shop.server.sql("ALTER SYSTEM SET ssl = on").await;
    shop.server.sql("SELECT pg_reload_conf()").await;
    identity
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_as_strict_as_it_is_asked_to_be() {
    let shop = Shop::open("SELECT 1").await;
    // A server without TLS.
    for mode in [0, 1, 2] {
        let connection = connect(&shop, json!({ "sslMode": mode })).await;
        assert_eq!(read(connection.as_ref()).await.unwrap(), (false, 20_000), "{mode}");
    }
    let fault = read(connect(&shop, json!({ "sslMode": 3 })).await.as_ref())
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::TlsFailed, "{fault}");

    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let identity = offer(&shop, dir.path()).await;
    let stranger = server_identity(other.path()).ca_pem;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // The server takes its new settings when it comes to it.
    while !matches!(
        read(connect(&shop, json!({ "sslMode": 3 })).await.as_ref()).await,
        Ok((true, 20_000))
    ) {
        assert!(
            std::time::Instant::now() < deadline,
            "the server does not begin to offer TLS"
        );
    }
    let ca = &identity.ca_pem;
    for (properties, encrypted) in [
        (json!({ "sslMode": 0 }), false),
        (json!({ "sslMode": 2 }), true),
        (json!({ "sslMode": "require" }), true),
        (json!({ "sslMode": 4, "caCertificate": ca }), true),
        (json!({ "sslMode": "verify-full", "caCertificate": ca }), true),
    ] {
        let connection = connect(&shop, properties.clone()).await;
        assert_eq!(
            read(connection.as_ref()).await.unwrap(),
            (encrypted, 20_000),
            "{properties}"
        );
        let stages = connection.probe().await;
        assert!(stages.iter().all(|stage| stage.fault.is_none()), "{stages:?}");
        assert_eq!(stages.iter().any(|stage| stage.name == "tls"), encrypted, "{stages:?}");
    }
    for properties in [
        json!({ "sslMode": 3, "caCertificate": stranger }),
        json!({ "sslMode": 4, "caCertificate": stranger }),
        json!({ "sslMode": 5 }),
    ] {
        let connection = connect(&shop, properties.clone()).await;
        let fault = read(connection.as_ref()).await.unwrap_err();
        assert_eq!(fault.code, Code::TlsFailed, "{properties}: {fault}");
        let stages = connection.probe().await;
        let last = stages.last().unwrap();
        assert_eq!((last.name.as_str(), last.fault.is_some()), ("tls", true), "{stages:?}");
    }
    let wrong = connect(&shop, json!({ "sslMode": 2, "database": "nowhere" })).await;
    let stages = wrong.probe().await;
    assert_eq!(stages.last().unwrap().name, "login", "{stages:?}");
    // Nobody listens.
    let nobody = connect(&shop, json!({ "port": sluice_tests::net::free_port() })).await;
    assert_eq!(read(nobody.as_ref()).await.unwrap_err().code, Code::StoreUnreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_while_it_is_read_ends_the_stream_with_a_fault() {
    let mut shop =
        Shop::open("CREATE TABLE t AS SELECT g AS id, repeat('x', 500) AS text FROM generate_series(1, 100000) g")
            .await;
    let source = shop.source("t", json!({}), 1).await.unwrap();
    let mut batches = source.read(&source.partitions()[0]).await.unwrap();
    assert!(batches.try_next().await.unwrap().is_some());
    shop.server.kill();
    let ended = async {
        while batches.try_next().await?.is_some() {}
        Ok::<_, Fault>(())
    };
    let fault = tokio::time::timeout(std::time::Duration::from_secs(60), ended)
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(
            fault.code,
            Code::StoreUnreachable | Code::DataInvalid | Code::StoreFailed
        ),
        "{fault}"
    );
    assert!(fault.message.contains("reading"), "{fault}");
}
