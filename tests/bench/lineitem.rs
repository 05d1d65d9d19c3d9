//! TPC-H's lineitem, made by tpchgen-cli and loaded into a server.

use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use sluice_tests::test_env;
use std::path::{Path, PathBuf};
use std::process::Command;

const COLUMNS: &str = "l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL,
    l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL,
    l_discount numeric(15,2) NOT NULL, l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL,
    l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL,
    l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL";

/// Where everything is.
pub(crate) struct Bench {
    pub(crate) server: Postgres,
    /// For what the contenders write.
    pub(crate) dir: tempfile::TempDir,
    pub(crate) sluice: PathBuf,
    /// The block in the middle of the table.
    pub(crate) middle: u64,
}

impl Bench {
    /// Makes the data of a scale factor, once, and loads them.
    pub(crate) async fn open(scale: &str) -> Self {
        let csv = generated("csv", scale);
        let server = Postgres::start();
        server.sql(&format!("CREATE UNLOGGED TABLE lineitem ({COLUMNS})")).await;
        let bench = Self {
            server,
            dir: tempfile::tempdir().unwrap(),
            sluice: sluice_tests::binary::path(),
            middle: 0,
        };
        let load = format!("\\copy lineitem from '{}' csv header", csv.display());
        run(&bench.bash(&format!("{} -c {}", bench.psql(), quoted(&load))));
        bench.server.sql("VACUUM (ANALYZE) lineitem").await;
        let blocks = "SELECT pg_relation_size('lineitem') / current_setting('block_size')::int8 / 2";
        let middle = bench.server.one(blocks).await.parse().unwrap();
        Self { middle, ..bench }
    }

    /// A shell script with the passwords that it needs.
    pub(crate) fn bash(&self, script: &str) -> String {
        format!("export PGPASSWORD={PASSWORD} SLUICE_SRC_PASSWORD={PASSWORD} SLUICE_DST_PASSWORD={PASSWORD}; {script}")
    }

    /// psql on the server.
    pub(crate) fn psql(&self) -> String {
        format!(
            "psql -q -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {} -U {USER} postgres",
            self.server.port
        )
    }

    /// One half of the table, as psql's COPY with these options.
    pub(crate) fn half(&self, first: bool, options: &str) -> String {
        let sign = if first { "<" } else { ">=" };
        let copy = format!(
            "COPY (SELECT * FROM lineitem WHERE ctid {sign} '({},0)'::tid) TO STDOUT ({options})",
            self.middle
        );
        format!("{} -c \"{copy}\"", self.psql())
    }

    /// An empty table like the one that is read.
    pub(crate) fn empty(&self, name: &str) -> String {
        format!("DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({COLUMNS})")
    }

    /// `sluice copy` with two partitions at a time.
    pub(crate) fn copy(&self, from: &str, to: &str) -> String {
        self.bash(&format!(
            "exec {} copy --parallel 2 {} {}",
            self.sluice.display(),
            quoted(from),
            quoted(to)
        ))
    }

    /// The address of a table.
    pub(crate) fn table(&self, name: &str) -> String {
        self.server.url(name)
    }

    /// The path of a file that a contender writes.
    pub(crate) fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

/// The table as a file, made once.
pub(crate) fn generated(format: &str, scale: &str) -> PathBuf {
    let dir = test_env("venv").with_file_name("tpch").join(format!("sf{scale}"));
    let file = dir.join(format!("lineitem.{format}"));
    if !file.exists() {
        let making = dir.with_extension("making");
        let _ = std::fs::remove_dir_all(&making);
        let status = Command::new(test_env("venv/bin/tpchgen-cli"))
            .args([format, "-s", scale, "--tables=lineitem", "--output-dir"])
            .arg(&making)
            .status()
            .expect("tpchgen-cli runs");
        assert!(status.success(), "tpchgen-cli failed");
        std::fs::create_dir_all(&dir).unwrap();
        let made = making.join(file.file_name().unwrap());
        std::fs::rename(made, &file).unwrap();
        std::fs::remove_dir_all(&making).unwrap();
    }
    file
}

/// A word for the shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Runs a script to its end, unmeasured.
pub(crate) fn run(script: &str) {
    let output = Command::new("bash").args(["-euc", script]).output().expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The size of a file in megabytes, for people.
pub(crate) fn megabytes(file: &Path) -> String {
    std::fs::metadata(file).map_or_else(
        |_| "nothing".to_owned(),
        |meta| format!("{:.0} MB", meta.len() as f64 / 1e6),
    )
}
