//! Clocks that jump, as far as libfaketime can make them: the wall clock of a node or of the factory is set an hour forth and
//! back in the middle of a copy. Leases are counted by clocks that do not jump where a node counts them.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A wall clock that a test sets.
struct Clock {
    file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Clock {
    fn right() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Self {
            file: dir.path().join("clock"),
            _dir: dir,
        };
        clock.set("+0");
        clock
    }

    /// Ahead or behind, such as `+3600`; from now on.
    fn set(&self, offset: &str) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{offset}\n")).unwrap();
        std::fs::rename(next, &self.file).unwrap();
    }

    fn variables(&self) -> [(&'static str, String); 4] {
        let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
        let other = "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1";
        let library = [library, other].into_iter().find(|path| Path::new(path).exists());
        [
            (
                "LD_PRELOAD",
                library.expect("faketime is installed (tests/env/setup.sh)").to_owned(),
            ),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_set_forth_and_back() {
    let server = Postgres::start();
    fill(&server, 10_000).await;
    let expected = digest(&server, "big").await;
    let (of_factory, of_node) = (Clock::right(), Clock::right());
    let variables = of_factory.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let factory = Factory::start_with(&[], &variables);
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    let variables = of_node.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    gateway.boot_with(&[], &variables);
    gateway.online(&factory).await;
    gateway.ask(&["limit", "--bandwidth", "200KB/s"]).expect(0);
    let rest = factory.rest();
    // An hour, as when somebody sets a time zone by hand: certificates and tokens are still good.
    for (place, (clock, offset)) in [
        (&of_node, "+3600"),
        (&of_node, "-3600"),
        (&of_factory, "+3600"),
        (&of_factory, "-3600"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("out{place}");
        let to = postgres_sink(&server, "public", &name);
        make(&rest, &name, &postgres_source(&server, "public", "big"), &to, 0).await;
        let run = rest.start(&name).await;
        until("rows to travel", Duration::from_secs(60), || async {
            let activity = rest.activity(&run).await?;
            (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
        })
        .await;
        clock.set(offset);
        let activity = succeeds(&rest, &run).await;
        assert_eq!(digest(&server, &name).await, expected, "{offset}: {activity:#}");
        nothing_is_staged(&server).await;
        clock.set("+0");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
