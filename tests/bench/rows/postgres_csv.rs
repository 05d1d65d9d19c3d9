//! PostgreSQL to delimited text.

use crate::contest::{Contender, Contest, Target, wall};
use crate::lineitem::Bench;

pub(super) fn contest(bench: &Bench, _: &str) -> Contest {
    let to = |first: bool, file: &str| format!("{} >{}", bench.half(first, "FORMAT csv"), bench.file(file));
    Contest {
        title: "PostgreSQL -> CSV",
        contenders: vec![
            Contender {
                name: "sluice",
                script: bench.copy(&bench.table("lineitem"), &format!("file:{}", bench.file("sluice.csv"))),
                before: String::new(),
            },
            Contender {
                name: "2 x COPY TO STDOUT (FORMAT csv), into two files",
                script: bench.bash(&format!("{} & {}; wait $!", to(true, "1.csv"), to(false, "2.csv"))),
                before: String::new(),
            },
        ],
        targets: vec![Target {
            what: "wall",
            of: wall,
            times: 1.2,
            contender: "2 x COPY TO STDOUT (FORMAT csv), into two files",
        }],
    }
}
