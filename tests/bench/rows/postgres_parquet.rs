//! PostgreSQL to Parquet.

use crate::contest::{Contender, Contest, Target, cpu, wall};
use crate::lineitem::{Bench, quoted};
use sluice_tests::postgres::{PASSWORD, USER};
use sluice_tests::{root, test_env};

pub(super) fn contest(bench: &Bench, _: &str) -> Contest {
    let python = |script: &str, file: &str| {
        let script = root().join("tests/bench").join(script);
        format!(
            "exec {} {} {} {USER} {PASSWORD} lineitem {}",
            test_env("venv/bin/python").display(),
            quoted(&script.display().to_string()),
            bench.server.port,
            bench.file(file)
        )
    };
    let contender = |name, script| Contender {
        name,
        script,
        before: String::new(),
    };
    let halves = format!(
        "{} >/dev/null & {} >/dev/null; wait $!",
        bench.half(true, "FORMAT binary"),
        bench.half(false, "FORMAT binary")
    );
    Contest {
        title: "PostgreSQL -> Parquet (snappy)",
        contenders: vec![
            contender(
                "sluice",
                bench.copy(
                    &bench.table("lineitem"),
                    &format!("file:{}", bench.file("sluice.parquet")),
                ),
            ),
            contender("the server's ceiling: 2 x COPY to /dev/null", bench.bash(&halves)),
            contender("DuckDB 1.5.5, 2 threads", python("duckdb_copy.py", "duckdb.parquet")),
            contender(
                "connectorx 0.4.6, 2 partitions, pyarrow",
                python("connectorx_copy.py", "connectorx.parquet"),
            ),
        ],
        targets: vec![
            Target {
                what: "wall",
                of: wall,
                times: 0.8,
                contender: "DuckDB 1.5.5, 2 threads",
            },
            Target {
                what: "CPU",
                of: cpu,
                times: 0.6,
                contender: "DuckDB 1.5.5, 2 threads",
            },
            Target {
                what: "wall",
                of: wall,
                times: 1.5,
                contender: "the server's ceiling: 2 x COPY to /dev/null",
            },
        ],
    }
}
