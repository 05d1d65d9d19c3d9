//! A MariaDB server of the test's own. The distribution's service is not used, and need not run.

use crate::net::free_port;
use crate::poll::until_blocking;
use crate::postgres::is_root;
use crate::process::Process;
use crate::tls::{ServerIdentity, server_identity};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Who may do everything on every test server.
pub const USER: &str = "sluice_test";
/// Its password. Sluice must never show it: tests look for it in logs and errors.
pub const PASSWORD: &str = "canary-my-8d41";
/// The database of the tests.
pub const DATABASE: &str = "shop";

/// What the server is started with, also when its files are made.
const SETTINGS: [&str; 9] = [
    "--no-defaults",
    "--skip-name-resolve",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=2",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=4M",
    "--character-set-server=utf8mb4",
    "--skip-log-bin",
];

/// A running server; stopped and removed when dropped.
#[derive(Debug)]
pub struct MariaDb {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Where it listens, too.
    pub socket: PathBuf,
    /// The certificate it shows, where it speaks TLS.
    pub identity: Option<ServerIdentity>,
    process: Option<Process>,
    settings: Vec<String>,
    dir: TempDir,
}

impl MariaDb {
    /// Starts one that takes files from clients.
    pub fn start() -> Self {
        Self::start_with(&["--local-infile=1"])
    }

    /// Starts one that speaks TLS.
    pub fn start_tls() -> Self {
        let mut server = Self::made(&["--local-infile=1"]);
        let identity = server_identity(server.dir.path());
        server.settings.extend([
            format!("--ssl-cert={}", identity.chain_file.display()),
            format!("--ssl-key={}", identity.key_file.display()),
        ]);
        server.identity = Some(identity);
        server.boot();
        server
    }

    /// Starts one with more settings.
    pub fn start_with(settings: &[&str]) -> Self {
        let mut server = Self::made(settings);
        server.boot();
        server
    }

    fn made(settings: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-my-").tempdir().unwrap();
        let status = Command::new("cp")
            .arg("-a")
            .arg(template())
            .arg(dir.path().join("data"))
            .status()
            .unwrap();
        assert!(status.success(), "the template cannot be copied");
        Self {
            port: free_port(),
            socket: dir.path().join("s.sock"),
            identity: None,
            process: None,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            dir,
        }
    }

    /// Starts the server on its data directory.
    pub fn boot(&mut self) {
        let mut command = server();
        command
            .arg(format!("--datadir={}", self.dir.path().join("data").display()))
            .arg(format!("--socket={}", self.socket.display()))
            .arg(format!("--port={}", self.port))
            .args(["--bind-address=127.0.0.1", "--max-connections=80"])
            .args(&self.settings);
        let _ = std::fs::remove_file(self.dir.path().join("mariadb.log"));
        let mut process = Process::start("mariadb", self.dir.path(), command);
        let log = self.dir.path().join("mariadb.log");
        process.wait_until("ready", Duration::from_secs(60), || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            log.contains("ready for connections").then_some(())
        });
        self.process = Some(process);
    }

    /// Kills the server at once.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill9();
        }
    }

    /// A connection by another driver than Sluice's own.
    pub async fn client(&self) -> Conn {
        let options = OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .user(Some(USER))
            .pass(Some(PASSWORD))
            .db_name(Some(DATABASE))
            .prefer_socket(false);
        Conn::new(options).await.expect("the server runs")
    }

    /// Runs statements, each on its own.
    pub async fn sql(&self, statements: &[&str]) {
        let mut client = self.client().await;
        client
            .query_drop("SET NAMES utf8mb4, time_zone = '+00:00'")
            .await
            .unwrap();
        for statement in statements {
            client
                .query_drop(*statement)
                .await
                .unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        client.disconnect().await.unwrap();
    }

    /// All rows, their columns as text, with `NULL` and a bar between.
    pub async fn rows(&self, query: &str) -> Vec<String> {
        let mut client = self.client().await;
        client
            .query_drop("SET NAMES utf8mb4, time_zone = '+00:00'")
            .await
            .unwrap();
        let rows: Vec<Row> = client.query(query).await.unwrap_or_else(|e| panic!("{query}: {e}"));
        client.disconnect().await.unwrap();
        let text = |value: Value| match value {
            Value::NULL => "NULL".to_owned(),
            Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            other => other.as_sql(true),
        };
        rows.into_iter()
            .map(|row| row.unwrap().into_iter().map(text).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// The only row.
    pub async fn one(&self, query: &str) -> String {
        let rows = self.rows(query).await;
        assert_eq!(rows.len(), 1, "{query}: {rows:?}");
        rows.into_iter().next().unwrap()
    }
}

fn server() -> Command {
    let program = ["/usr/sbin/mariadbd", "/usr/sbin/mysqld", "/usr/libexec/mariadbd"];
    let found = program.iter().find(|path| Path::new(path).exists());
    let mut command = Command::new(found.copied().unwrap_or("mariadbd"));
    command.args(SETTINGS);
    if is_root() {
        // It does not want to run as root without being told to.
        command.arg("--user=root");
    }
    command
}

/// The server's files with a user and a database, made once and then copied.
fn template() -> PathBuf {
    let version = Command::new("mariadbd").arg("--version").output();
    let version = version
        .or_else(|_| Command::new("/usr/sbin/mariadbd").arg("--version").output())
        .expect("MariaDB is installed (tests/env/setup.sh)");
    let mut hasher = DefaultHasher::new();
    (version.stdout, USER, PASSWORD, DATABASE, SETTINGS, is_root()).hash(&mut hasher);
    let me = std::env::var("USER").unwrap_or_default();
    let parent = std::env::temp_dir().join(format!("sluice-tests-my-{me}-{:016x}", hasher.finish()));
    std::fs::create_dir_all(&parent).unwrap();
    // One process makes it, the others wait.
    let lock = File::create(parent.join("lock")).unwrap();
    lock.lock().unwrap();
    let done = parent.join("data");
    if !done.exists() {
        let making = parent.join("making");
        let _ = std::fs::remove_dir_all(&making);
        install(&making);
        create_user(&making);
        std::fs::rename(making, &done).unwrap();
    }
    done
}

fn install(data: &Path) {
    let mut command = Command::new("mariadb-install-db");
    command
        .args(SETTINGS)
        .arg(format!("--datadir={}", data.display()))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
    if is_root() {
        command.arg("--user=root");
    }
    let output = command
        .output()
        .expect("mariadb-install-db is installed (tests/env/setup.sh)");
    assert!(
        output.status.success(),
        "mariadb-install-db: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn create_user(data: &Path) {
    let mut child = server()
        .arg(format!("--datadir={}", data.display()))
        .arg("--bootstrap")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let statements = format!(
        "FLUSH PRIVILEGES;\nCREATE DATABASE {DATABASE};\nCREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
    );
    child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let status = until_blocking("the server's files to be made", Duration::from_secs(60), || {
        child.try_wait().unwrap()
    });
    assert!(status.success(), "mariadbd --bootstrap: {status}");
}
