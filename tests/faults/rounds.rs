//! Rounds of kill -9: the agent or the factory dies at a random moment of a copy, table to table, table to Parquet or files to
//! blobs, and comes back. After each round the sink holds what the source does.
//!
//! Four worlds play a quarter of 200 rounds each. `SLUICE_KILL_ROUNDS` says how many each plays, `SLUICE_KILL_SEED` which; a
//! round that failed is played again with the seed that it printed and `SLUICE_KILL_FROM` its number.

use super::common::{PATIENCE, make};
use super::common::{digest, fill, nothing_is_staged, parquet_digest, told};
use serde_json::{Value, json};
use sluice_tests::azurite::Azurite;
use sluice_tests::blob::BlobClient;
use sluice_tests::documents::{End, file_parquet_sink, postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// Rounds of each of the four worlds.
const ROUNDS: u64 = 50;
const ROWS: u32 = 6000;
const FILES: usize = 6;
/// A copy takes about two seconds; the moment lies between its start and a little behind its end.
const WINDOW_MS: u64 = 3500;

/// Xorshift: the same numbers for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn of(seed: u64, round: u64) -> Self {
        let mut dice = Self((seed ^ (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn variable(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => otherwise,
    }
}

const KINDS: [&str; 3] = ["TableToTable", "TableToParquet", "FilesToBlobs"];

struct World {
    factory: Factory,
    gateway: Gateway,
    rest: Rest,
    postgres: Postgres,
    _azurite: Azurite,
    blobs: BlobClient,
    folder: TempDir,
    files: TempDir,
    expected: String,
}

fn content(number: usize) -> Vec<u8> {
    format!("{number} is a line of the file;").repeat(4000).into_bytes()
}

impl World {
    async fn start() -> Self {
        let (postgres, azurite, factory) = (Postgres::start(), Azurite::http(), Factory::start());
        fill(&postgres, ROWS).await;
        // Without a key: a row that comes twice is there twice.
        postgres.sql("CREATE TABLE out (id int, text text)").await;
        let blobs = azurite.client();
        blobs.create_container("lake").await;
        let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for number in 0..FILES {
            std::fs::write(files.path().join(format!("{number}.txt")), content(number)).unwrap();
        }
        let gateway = Gateway::start(&factory, "onprem").await;
        gateway.ask(&["limit", "--bandwidth", "350KB/s"]).expect(0);
        let world = Self {
            rest: factory.rest(),
            expected: digest(&postgres, "big").await,
            factory,
            gateway,
            postgres,
            _azurite: azurite,
            blobs,
            folder,
            files,
        };
        let table = postgres_source(&world.postgres, "public", "big");
        let ends = [
            (table.clone(), postgres_sink(&world.postgres, "public", "out")),
            (table, file_parquet_sink(world.folder.path(), "out.parquet")),
            (world.files_source(), blob_sink(&world._azurite)),
        ];
        for (kind, (source, sink)) in KINDS.into_iter().zip(&ends) {
            make(&world.rest, kind, source, sink, 3).await;
        }
        world
    }

    fn files_source(&self) -> End {
        End {
            service: "FileServer",
            properties: json!({ "host": self.files.path() }),
            dataset: "Binary",
            table: json!({ "location": { "type": "FileServerLocation" } }),
            activity: json!({ "type": "BinarySource",
                "storeSettings": { "type": "FileServerReadSettings", "recursive": true } }),
        }
    }

    /// Empties the sink of a kind.
    async fn reset(&self, kind: &str) {
        match kind {
            "TableToTable" => self.postgres.sql("TRUNCATE out").await,
            "TableToParquet" => {
                let _ = std::fs::remove_file(self.folder.path().join("out.parquet"));
            }
            _ => {
                for number in 0..FILES {
                    self.blobs.delete(&format!("lake/in/{number}.txt")).await;
                }
            }
        }
    }

    /// What is wrong with the sink of a kind: rows or files that are missing, twice, or other ones.
    async fn finding(&self, kind: &str) -> Option<String> {
        let found = match kind {
            "TableToTable" => {
                nothing_is_staged(&self.postgres).await;
                digest(&self.postgres, "out").await
            }
            "TableToParquet" => {
                let there: Vec<_> = std::fs::read_dir(self.folder.path())
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name())
                    .collect();
                if there != ["out.parquet"] {
                    return Some(format!("{there:?}"));
                }
                parquet_digest(&self.folder.path().join("out.parquet"))
            }
            _ => {
                let wanted: Vec<String> = (0..FILES).map(|number| format!("in/{number}.txt")).collect();
                let there = self.blobs.list("lake").await;
                if there != wanted {
                    return Some(format!("{there:?}"));
                }
                for number in 0..FILES {
                    if self.blobs.get(&format!("lake/in/{number}.txt")).await != content(number) {
                        return Some(format!("{number}.txt is another"));
                    }
                }
                self.expected.clone()
            }
        };
        (found != self.expected).then(|| format!("{found} and not {}", self.expected))
    }
}

fn blob_sink(azurite: &Azurite) -> End {
    End {
        service: "AzureBlobStorage",
        properties: azurite.type_properties(),
        dataset: "Binary",
        table: json!({ "location": { "type": "AzureBlobStorageLocation", "container": "lake", "folderPath": "in" } }),
        activity: json!({ "type": "BinarySink", "storeSettings": { "type": "AzureBlobStorageWriteSettings" } }),
    }
}

#[derive(Debug, Default)]
struct Tally {
    agent: u64,
    factory: u64,
    both: u64,
    /// Rounds whose run was not over when the process died.
    in_the_middle: u64,
    attempts: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_1() {
    play(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_2() {
    play(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_3() {
    play(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_4() {
    play(3).await;
}

async fn play(quarter: u64) {
    let rounds = variable("SLUICE_KILL_ROUNDS", ROUNDS);
    let from = variable("SLUICE_KILL_FROM", quarter * rounds);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = variable("SLUICE_KILL_SEED", now.as_secs());
    println!("SLUICE_KILL_SEED={seed} SLUICE_KILL_ROUNDS={rounds}");
    let mut world = World::start().await;
    let (mut tally, begun) = (Tally::default(), Instant::now());
    for round in from..from + rounds {
        let mut dice = Dice::of(seed, round);
        let kind = KINDS[dice.below(3) as usize];
        let victim = ["agent", "factory", "both"][[0, 0, 0, 1, 1, 1, 2][dice.below(7) as usize]];
        let (moment, pause) = (dice.below(WINDOW_MS), dice.below(800));
        let what = format!(
            "round {round}: {kind}, {victim} killed after {moment} ms; again with SLUICE_KILL_SEED={seed} \
             SLUICE_KILL_FROM={round} SLUICE_KILL_ROUNDS=1"
        );
        world.reset(kind).await;
        let run = world.rest.start(kind).await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let state = world.rest.run(&run).await.map(|run| run["status"].clone());
        if state != Some(Value::from("Succeeded")) {
            tally.in_the_middle += 1;
        }
        if victim != "factory" {
            world.gateway.kill9();
        }
        if victim != "agent" {
            world.factory.kill9();
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match victim {
            "agent" => tally.agent += 1,
            "factory" => tally.factory += 1,
            _ => tally.both += 1,
        }
        if victim != "agent" {
            world.factory.restart();
        }
        if victim != "factory" {
            world.gateway.boot();
        }
        let activity = world.rest.end_of(&run, PATIENCE).await;
        assert_eq!(activity["status"], "Succeeded", "{what}\n{activity:#}");
        tally.attempts += told(&activity);
        if let Some(finding) = world.finding(kind).await {
            panic!("{what}\n{finding}\n{activity:#}\n{}", world.gateway.log());
        }
    }
    println!(
        "{rounds} rounds in {} s: {tally:?}; lost 0, twice 0, stuck 0",
        begun.elapsed().as_secs()
    );
}
