//! Parquet to PostgreSQL.

use crate::contest::{Contender, Contest, Target, wall};
use crate::lineitem::{Bench, generated, run};

pub(super) fn contest(bench: &Bench, scale: &str) -> Contest {
    let parquet = generated("parquet", scale);
    // The same rows as the server itself wrote them: nothing is left to be encoded.
    for (first, file) in [(true, "1.bin"), (false, "2.bin")] {
        let half = bench.half(first, "FORMAT binary");
        run(&bench.bash(&format!("{half} >{}", bench.file(file))));
    }
    let from = |file: &str| {
        format!(
            "{} -c 'COPY prepared FROM STDIN (FORMAT binary)' <{}",
            bench.psql(),
            bench.file(file)
        )
    };
    let copy = bench.copy(&format!("file:{}", parquet.display()), &bench.table("made"));
    Contest {
        title: "Parquet -> PostgreSQL",
        contenders: vec![
            Contender {
                name: "sluice, into a table that is made",
                script: copy.replacen(" copy ", " copy --create ", 1),
                before: "DROP TABLE IF EXISTS made".to_owned(),
            },
            Contender {
                name: "sluice, into a table that is there",
                script: bench.copy(&format!("file:{}", parquet.display()), &bench.table("there")),
                before: bench.empty("there"),
            },
            Contender {
                name: "2 x COPY FROM prepared binary files",
                script: bench.bash(&format!("{} & {}; wait $!", from("1.bin"), from("2.bin"))),
                before: bench.empty("prepared"),
            },
            Contender {
                name: "COPY FROM prepared binary files, one behind the other",
                script: bench.bash(&format!("{}; {}", from("1.bin"), from("2.bin"))),
                before: bench.empty("prepared"),
            },
        ],
        targets: vec![Target {
            what: "wall",
            of: wall,
            times: 1.2,
            contender: "2 x COPY FROM prepared binary files",
        }],
    }
}
