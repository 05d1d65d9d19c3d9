//! MariaDB to Parquet.

use crate::contest::{Contender, Contest, Target, wall};
use crate::lineitem::quoted;
use crate::mariadb::Bench;
use sluice_tests::mariadb::{DATABASE, PASSWORD, USER};
use sluice_tests::{root, test_env};

const CEILING: &str = "the server's ceiling: 2 x mariadb --quick to /dev/null";
const CONNECTORX: &str = "connectorx 0.4.6, 2 partitions, pyarrow";

pub(crate) fn contest(bench: &Bench, _: &str) -> Contest {
    let script = root().join("tests/bench/connectorx_mysql.py");
    let connectorx = format!(
        "exec {} {} {} {USER} {PASSWORD} {DATABASE} lineitem {}",
        test_env("venv/bin/python").display(),
        quoted(&script.display().to_string()),
        bench.server.port,
        bench.file("connectorx.parquet")
    );
    let contender = |name, script| Contender {
        name,
        script,
        before: String::new(),
    };
    let halves = format!("{} & {}; wait $!", bench.quick(Some(true)), bench.quick(Some(false)));
    let target = |times, contender| Target {
        what: "wall",
        of: wall,
        times,
        contender,
    };
    Contest {
        title: "MariaDB -> Parquet (snappy)",
        contenders: vec![
            contender(
                "sluice",
                bench.copy(
                    &bench.table("lineitem"),
                    &format!("file:{}", bench.file("sluice.parquet")),
                ),
            ),
            contender(CEILING, bench.bash(&halves)),
            contender("1 x mariadb --quick to /dev/null", bench.bash(&bench.quick(None))),
            contender(CONNECTORX, connectorx),
        ],
        targets: vec![target(0.5, CONNECTORX), target(1.5, CEILING)],
    }
}
