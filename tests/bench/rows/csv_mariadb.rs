//! Delimited text to MariaDB, into a table that is there.

use crate::contest::{Contender, Contest, Target, wall};
use crate::lineitem::generated;
use crate::mariadb::Bench;

const LOAD: &str = "LOAD DATA of the same file";

pub(crate) fn contest(bench: &Bench, scale: &str) -> Contest {
    let csv = generated("csv", scale);
    Contest {
        title: "CSV -> MariaDB",
        contenders: vec![
            Contender {
                name: "sluice",
                script: bench.copy(&format!("file:{}", csv.display()), &bench.table("there")),
                before: bench.empty("there"),
            },
            Contender {
                name: LOAD,
                script: bench.load("loaded", &csv),
                before: bench.empty("loaded"),
            },
        ],
        targets: vec![Target {
            what: "wall",
            of: wall,
            times: 1.1,
            contender: LOAD,
        }],
    }
}
