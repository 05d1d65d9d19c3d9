//! The helpers themselves: a server that cannot be started would make every other test fail with riddles.

use crate::azurite::Azurite;
use crate::postgres::{PASSWORD, Postgres, USER};
use crate::python;

#[tokio::test]
async fn postgres_starts_and_asks_for_its_password() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (7)").await;
    assert_eq!(postgres.one("SELECT a FROM t").await, "7");
    let config = format!(
        "host=127.0.0.1 port={} user={USER} password=x{PASSWORD} dbname=postgres",
        postgres.port
    );
    assert!(tokio_postgres::connect(&config, tokio_postgres::NoTls).await.is_err());
}

#[tokio::test]
async fn azurite_starts_with_and_without_tls() {
    for azurite in [Azurite::http(), Azurite::https()] {
        let client = azurite.client();
        client.create_container("box").await;
        client.put("box/a/b.txt", b"hello".to_vec()).await;
        assert_eq!(client.list("box").await, ["a/b.txt"]);
        assert_eq!(client.get("box/a/b.txt").await, b"hello");
    }
}

#[test]
fn the_published_sdk_is_there() {
    let output = python::python()
        .args([
            "-c",
            "import azure.mgmt.datafactory as d, pyarrow.parquet; print(d.__version__)",
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "9.3.0", "{output:?}");
}
