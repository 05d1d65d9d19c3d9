//! The helpers themselves: a server that cannot be started would make every other test fail with riddles.

use crate::azurite::Azurite;
use crate::postgres::{PASSWORD, Postgres, USER};
use crate::proxy::Proxy;
use crate::python;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

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

/// A server that sends back what it gets.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = peer.split();
                let _ = tokio::io::copy(&mut reads, &mut writes).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn the_proxy_passes_on_falls_silent_and_cuts() {
    const SOON: Duration = Duration::from_secs(10);
    let proxy = Proxy::to(echo().await).await;
    let connect = async || TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
    let mut buffer = [0; 64];
    // Passes on, and counts.
    let mut client = connect().await;
    client.write_all(b"hello").await.unwrap();
    assert_eq!(client.read(&mut buffer).await.unwrap(), 5);
    assert_eq!(proxy.bytes(), 10);
    // Frozen, nothing comes; thawed, it does.
    proxy.freeze();
    client.write_all(b"later").await.unwrap();
    assert!(
        timeout(Duration::from_millis(300), client.read(&mut buffer))
            .await
            .is_err()
    );
    proxy.thaw();
    assert_eq!(timeout(SOON, client.read(&mut buffer)).await.unwrap().unwrap(), 5);
    // The third byte is the last.
    proxy.cut_after(3);
    client.write_all(b"budget").await.unwrap();
    // What went through may have come back before the cut.
    let error = loop {
        match timeout(SOON, client.read(&mut buffer)).await.expect("it is told") {
            Ok(read) => assert!(read > 0, "it ended in good order"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(proxy.has_struck());
    // Later connections work, until they are cut as well.
    let mut client = connect().await;
    client.write_all(b"again").await.unwrap();
    assert_eq!(client.read(&mut buffer).await.unwrap(), 5);
    proxy.cut();
    assert!(
        timeout(SOON, client.read(&mut buffer))
            .await
            .expect("it is told")
            .is_err()
    );
    // Half-open: the client is not told.
    let mut client = connect().await;
    client.write_all(b"half").await.unwrap();
    assert_eq!(client.read(&mut buffer).await.unwrap(), 4);
    proxy.orphan();
    assert!(
        timeout(Duration::from_millis(300), client.read(&mut buffer))
            .await
            .is_err()
    );
}
