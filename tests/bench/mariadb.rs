//! TPC-H's lineitem in MariaDB, and the contests around it.

use crate::contest::Server;
use crate::lineitem::{generated, quoted, run};
use crate::rows::MARIADB_ROWS;
use sluice_tests::mariadb::{DATABASE, MariaDb, PASSWORD, USER};
use std::path::PathBuf;

const COLUMNS: &str = "l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL,
    l_linenumber int NOT NULL, l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL,
    l_discount decimal(15,2) NOT NULL, l_tax decimal(15,2) NOT NULL, l_returnflag char(1) NOT NULL,
    l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL,
    l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, l_comment varchar(44) NOT NULL,
    PRIMARY KEY (l_orderkey, l_linenumber)";

/// Where everything is.
pub(crate) struct Bench {
    pub(crate) server: MariaDb,
    /// For what the contenders write.
    pub(crate) dir: tempfile::TempDir,
    sluice: PathBuf,
    /// The key in the middle of the table.
    middle: u64,
}

impl Server for MariaDb {
    async fn before(&self, statements: &str) {
        let statements: Vec<&str> = statements.split(';').map(str::trim).filter(|s| !s.is_empty()).collect();
        self.sql(&statements).await;
        self.sql(&["FLUSH TABLES"]).await;
    }
}

/// Runs the rows that are chosen.
pub(crate) async fn hold(scale: &str, rounds: usize, chosen: impl Fn(&str) -> bool) {
    let bench = Bench::open(scale).await;
    for (name, contest) in MARIADB_ROWS {
        if chosen(name) {
            contest(&bench, scale)
                .hold(&bench.server, bench.dir.path(), rounds)
                .await;
        }
    }
    // A copy that is fast and wrong is no copy.
    if chosen("csv_mariadb") {
        let differs = "SELECT COUNT(*) FROM (SELECT * FROM lineitem EXCEPT SELECT * FROM there) d";
        assert_eq!(bench.server.one(differs).await, "0");
        let counts = "SELECT (SELECT COUNT(*) FROM lineitem) - (SELECT COUNT(*) FROM there)";
        assert_eq!(bench.server.one(counts).await, "0");
    }
}

impl Bench {
    async fn open(scale: &str) -> Self {
        let csv = generated("csv", scale);
        // As much memory as a server of some use has; the tests' own is small.
        let server = MariaDb::start_with(&[
            "--local-infile=1",
            "--innodb-buffer-pool-size=2G",
            "--innodb-log-file-size=512M",
        ]);
        server.sql(&[&format!("CREATE TABLE lineitem ({COLUMNS})")]).await;
        let bench = Self {
            server,
            dir: tempfile::tempdir().unwrap(),
            sluice: sluice_tests::binary::path(),
            middle: 0,
        };
        run(&bench.load("lineitem", &csv));
        bench.server.sql(&["ANALYZE TABLE lineitem"]).await;
        let middle = bench.server.one("SELECT MAX(l_orderkey) DIV 2 FROM lineitem").await;
        Self {
            middle: middle.parse().unwrap(),
            ..bench
        }
    }

    /// A shell script with the passwords that it needs.
    pub(crate) fn bash(&self, script: &str) -> String {
        format!("export MYSQL_PWD={PASSWORD} SLUICE_SRC_PASSWORD={PASSWORD} SLUICE_DST_PASSWORD={PASSWORD}; {script}")
    }

    /// The server's own client, running a statement.
    pub(crate) fn client(&self, options: &str, statement: &str) -> String {
        format!(
            "mariadb --no-defaults --local-infile=1 -h 127.0.0.1 -P {} -u {USER} {options} {DATABASE} -e {}",
            self.server.port,
            quoted(statement)
        )
    }

    /// `LOAD DATA` of the whole file.
    pub(crate) fn load(&self, table: &str, csv: &std::path::Path) -> String {
        let load = format!(
            "LOAD DATA LOCAL INFILE '{}' INTO TABLE {table} FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' IGNORE 1 LINES",
            csv.display()
        );
        self.bash(&self.client("", &load))
    }

    /// A part of the table, read by the server's own client row by row into nothing: none is all of it.
    pub(crate) fn quick(&self, first: Option<bool>) -> String {
        let filter = match first {
            None => String::new(),
            Some(true) => format!(" WHERE l_orderkey < {}", self.middle),
            Some(false) => format!(" WHERE l_orderkey >= {}", self.middle),
        };
        let read = self.client(
            "--quick --skip-column-names",
            &format!("SELECT * FROM lineitem{filter}"),
        );
        format!("{read} >/dev/null")
    }

    /// An empty table like the one that is read.
    pub(crate) fn empty(&self, name: &str) -> String {
        format!("DROP TABLE IF EXISTS {name}; CREATE TABLE {name} LIKE lineitem")
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
        format!(
            "mariadb://{USER}@127.0.0.1:{}/{DATABASE}?table={name}",
            self.server.port
        )
    }

    /// The path of a file that a contender writes.
    pub(crate) fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}
