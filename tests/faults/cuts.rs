//! The connection to a store is reset at every stage of a copy, from its login to the answer to its commit: as many bytes of
//! an undisturbed copy pass as there are stages, then the connection is gone. Sinks hold every row once, afterwards.

use super::common::{digest, fill, make, mariadb_digest, mariadb_end, nothing_is_staged, parquet_digest, succeeds};
use serde_json::json;
use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{End, blob_parquet_sink, file_parquet_sink, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::mariadb::MariaDb;
use sluice_tests::postgres::Postgres;
use sluice_tests::proxy::Proxy;
use sluice_tests::rest::Rest;

/// Places in the stream of bytes at which it is cut, the first and the last byte among them.
const PLACES: u64 = 8;
const ROWS: u32 = 8000;

struct World {
    _factory: Factory,
    _gateway: Gateway,
    rest: Rest,
    source: Postgres,
}

impl World {
    async fn start() -> Self {
        let (source, factory) = (Postgres::start(), Factory::start());
        fill(&source, ROWS).await;
        let mut gateway = Gateway::registered(&factory, "onprem").await;
        // A client that waits for an answer that was cut off is given up soon.
        gateway.boot_with(&["--stall", "10"], &[]);
        gateway.online(&factory).await;
        Self {
            rest: factory.rest(),
            _gateway: gateway,
            _factory: factory,
            source,
        }
    }

    /// Copies undisturbed, then once for every place; `reset` empties the sink, `check` looks at it.
    async fn cut_everywhere(
        &self,
        name: &str,
        (source, sink): (&End, &End),
        proxy: &Proxy,
        reset: impl AsyncFn(),
        check: impl AsyncFn(&str),
    ) {
        make(&self.rest, name, source, sink, 5).await;
        let before = proxy.bytes();
        succeeds(&self.rest, &self.rest.start(name).await).await;
        check("undisturbed").await;
        let whole = proxy.bytes() - before;
        let (mut struck, mut again) = (0, 0);
        for place in 0..PLACES {
            reset().await;
            let budget = (whole * place / (PLACES - 1)).max(1);
            proxy.cut_after(budget);
            let activity = succeeds(&self.rest, &self.rest.start(name).await).await;
            struck += u64::from(proxy.has_struck());
            again += activity["attempts"]
                .as_array()
                .map_or(0, |attempts| attempts.len() as u64 - 1);
            check(&format!("cut after {budget} of {whole} bytes: {activity:#}")).await;
        }
        // A copy over a connection that is kept needs a little less than the first.
        assert!(struck >= PLACES - 2, "{name}: only {struck} connections were cut");
        assert!(again > 0, "{name}: no attempt was ever repeated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_postgresql() {
    let (world, sink) = (World::start().await, Postgres::start());
    let expected = digest(&world.source, "big").await;
    sink.sql("CREATE TABLE out (id int PRIMARY KEY, text text)").await;
    let (near, far) = (Proxy::start(world.source.port), Proxy::start(sink.port));
    let from = postgres_source(&world.source, "public", "big");
    let to = postgres_sink(&sink, "public", "out");
    let reset = async || sink.sql("TRUNCATE out").await;
    let check = async |what: &str| {
        assert_eq!(digest(&sink, "out").await, expected, "{what}");
        sink.sql("DELETE FROM sluice_commit").await;
    };
    let source = from.clone().property("port", json!(near.port));
    world
        .cut_everywhere("Source", (&source, &to), &near, reset, check)
        .await;
    sink.sql("TRUNCATE out").await;
    let target = to.property("port", json!(far.port));
    world.cut_everywhere("Sink", (&from, &target), &far, reset, check).await;
    sink.sql("DROP TABLE IF EXISTS sluice_commit").await;
    nothing_is_staged(&sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_and_from_mariadb() {
    let (world, server) = (World::start().await, MariaDb::start());
    let expected = digest(&world.source, "big").await;
    server.sql(&["CREATE TABLE out_ (id int PRIMARY KEY, text text)"]).await;
    let far = Proxy::start(server.port);
    let from = postgres_source(&world.source, "public", "big");
    let to = mariadb_end(far.port, "out_", json!({ "type": "MariaDBSink" }));
    let reset = async || server.sql(&["TRUNCATE TABLE out_"]).await;
    let check = async |what: &str| assert_eq!(mariadb_digest(&server, "out_").await, expected, "{what}");
    world.cut_everywhere("Sink", (&from, &to), &far, reset, check).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.parquet");
    let from = mariadb_end(far.port, "out_", json!({ "type": "MariaDBSource" }));
    let to = file_parquet_sink(folder.path(), "out.parquet");
    let reset = async || std::fs::remove_file(&file).unwrap();
    let check = async |what: &str| {
        assert_eq!(parquet_digest(&file), expected, "{what}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{what}");
    };
    world.cut_everywhere("Source", (&from, &to), &far, reset, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_blobs() {
    let (world, azurite) = (World::start().await, Azurite::http());
    let expected = digest(&world.source, "big").await;
    let client = azurite.client();
    client.create_container("lake").await;
    let far = Proxy::start(azurite.port);
    let from = postgres_source(&world.source, "public", "big");
    let through = azurite
        .connection_string()
        .replace(&format!(":{}/", azurite.port), &format!(":{}/", far.port));
    let to = blob_parquet_sink(&azurite, "lake", "big.parquet").property("connectionString", json!(through));
    let file = tempfile::NamedTempFile::new().unwrap();
    let check = async |what: &str| {
        assert_eq!(client.list("lake").await, ["out/big.parquet"], "{what}");
        std::fs::write(file.path(), client.get("lake/out/big.parquet").await).unwrap();
        assert_eq!(parquet_digest(file.path()), expected, "{what}");
    };
    make(&world.rest, "Blob", &from, &to, 5).await;
    let before = far.bytes();
    succeeds(&world.rest, &world.rest.start("Blob").await).await;
    let whole = far.bytes() - before;
    for place in 0..PLACES {
        far.cut_after((whole * place / (PLACES - 1)).max(1));
        // Within one attempt: requests are tried again.
        succeeds(&world.rest, &world.rest.start("Blob").await).await;
        check(&format!("cut at {place}")).await;
    }
}
