//! PostgreSQL to a table of the same types: one that is there, and one that is made.

use crate::contest::{Contender, Contest, Target, cpu, wall};
use crate::lineitem::Bench;

pub(super) fn contest(bench: &Bench, _: &str) -> Contest {
    let pipe = |first| {
        format!(
            "{} | {} -c 'COPY pipe FROM STDIN (FORMAT binary)'",
            bench.half(first, "FORMAT binary"),
            bench.psql()
        )
    };
    let made = bench.copy(&bench.table("lineitem"), &bench.table("made"));
    Contest {
        title: "PostgreSQL -> PostgreSQL (the same types)",
        contenders: vec![
            Contender {
                name: "sluice, into a table that is made",
                script: made.replacen(" copy ", " copy --create ", 1),
                before: "DROP TABLE IF EXISTS made".to_owned(),
            },
            Contender {
                name: "sluice, into a table that is there",
                script: bench.copy(&bench.table("lineitem"), &bench.table("there")),
                before: bench.empty("there"),
            },
            Contender {
                name: "2 x psql COPY | psql COPY",
                script: bench.bash(&format!("({}) & {}; wait $!", pipe(true), pipe(false))),
                before: bench.empty("pipe"),
            },
        ],
        targets: vec![
            Target {
                what: "wall",
                of: wall,
                times: 1.1,
                contender: "2 x psql COPY | psql COPY",
            },
            Target {
                what: "CPU",
                of: cpu,
                times: 1.0,
                contender: "2 x psql COPY | psql COPY",
            },
        ],
    }
}
