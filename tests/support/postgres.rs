//! A PostgreSQL server of the test's own.

use crate::net::free_port;
use crate::process::Process;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// The super-user of every test server.
pub const USER: &str = "sluice_test";
/// Its password. Sluice must never show it: tests look for it in logs and errors.
pub const PASSWORD: &str = "canary-pg-5e1f";

/// How a cluster is made.
const INITDB: [&str; 6] = ["-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"];

/// A running server; stopped and removed when dropped. Logins need the password (SCRAM-SHA-256).
#[derive(Debug)]
pub struct Postgres {
    /// The port on 127.0.0.1.
    pub port: u16,
    process: Option<Process>,
    dir: TempDir,
    settings: Vec<String>,
}

impl Postgres {
    /// Starts one; takes a copy of a cluster that the first test of this user has made.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more settings, `name=value`.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::in_dir(data_dir(), settings)
    }

    /// The same on another address of this machine as well, for whoever reaches that.
    pub fn start_at(host: &str) -> Self {
        let dir = data_dir();
        let rules = dir.path().join("data/pg_hba.conf");
        std::fs::write(&rules, "host all all all scram-sha-256\n").unwrap();
        Self::in_dir(dir, &[&format!("listen_addresses=127.0.0.1,{host}")])
    }

    fn in_dir(dir: TempDir, settings: &[&str]) -> Self {
        let mut server = Self {
            port: 0,
            process: None,
            dir,
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
        };
        server.boot();
        server
    }

    /// Starts the server on its data directory, on a fresh port if it has none yet.
    pub fn boot(&mut self) {
        if self.port == 0 {
            self.port = free_port();
        }
        let mut command = as_server(&program("postgres"));
        command.arg("-D").arg(self.dir.path().join("data"));
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "fsync=off".to_owned(),
            "shared_buffers=32MB".to_owned(),
            "max_connections=40".to_owned(),
            "timezone=UTC".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        // The last one of a name counts.
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        let mut process = Process::start("postgres", self.dir.path(), command);
        process.wait_until("ready", Duration::from_secs(60), || {
            let log = process_log(self.dir.path());
            log.contains("database system is ready to accept connections")
                .then_some(())
        });
        self.process = Some(process);
    }

    /// Kills the server at once.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill9();
            let _ = std::fs::remove_file(self.dir.path().join("postgres.log"));
            let _ = std::fs::remove_file(self.dir.path().join("data/postmaster.pid"));
        }
    }

    /// A connection as the super-user to the database `postgres`.
    pub async fn client(&self) -> Client {
        let config = format!(
            "host=127.0.0.1 port={} user={USER} password={PASSWORD} dbname=postgres",
            self.port
        );
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.expect("the server runs");
        tokio::spawn(connection);
        client
    }

    /// Runs statements.
    pub async fn sql(&self, statements: &str) {
        self.client()
            .await
            .batch_execute(statements)
            .await
            .unwrap_or_else(|e| panic!("{statements}: {e:?}"));
    }

    /// The first column of the only row, as text.
    pub async fn one(&self, query: &str) -> String {
        let client = self.client().await;
        let rows = client
            .simple_query(query)
            .await
            .unwrap_or_else(|e| panic!("{query}: {e:?}"));
        rows.iter()
            .find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
                _ => None,
            })
            .unwrap_or_else(|| panic!("no row: {query}"))
    }

    /// The address as `sluice copy` takes it, without a password.
    pub fn url(&self, table: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres?table={table}", self.port)
    }

    /// The same with the password.
    pub fn url_with_password(&self, table: &str) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres?table={table}",
            self.port
        )
    }
}

/// A directory with a copy of the cluster.
fn data_dir() -> TempDir {
    let dir = tempfile::Builder::new().prefix("sluice-pg-").tempdir().unwrap();
    open_to_server(dir.path());
    copy_cluster(&template(), &dir.path().join("data"));
    dir
}

fn process_log(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("postgres.log")).unwrap_or_default()
}

/// The newest installed server's program.
fn program(name: &str) -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin").join(name),
            ))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().map_or_else(|| PathBuf::from(name), |(_, path)| path)
}

/// PostgreSQL refuses to run as root: then it runs as the user that Debian's package made.
fn server_user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("root needs a user named postgres to run the server as");
    let fields: Vec<&str> = line.split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

fn as_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C.UTF-8").current_dir("/");
    if let Some((uid, gid)) = server_user() {
        command.uid(uid).gid(gid);
    }
    command
}

fn open_to_server(dir: &Path) {
    if let Some((uid, gid)) = server_user() {
        chown(dir, Some(uid), Some(gid)).unwrap();
    }
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// An initialised cluster, made once and then copied: `initdb` takes seconds, a copy a fraction of one.
fn template() -> PathBuf {
    let me = if is_root() {
        "root".to_owned()
    } else {
        std::env::var("USER").unwrap_or_default()
    };
    let version = run(Command::new(program("postgres")).arg("--version"));
    let version: String = version.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    // Another password makes another cluster.
    let mut hasher = DefaultHasher::new();
    (USER, PASSWORD, INITDB).hash(&mut hasher);
    let parent = std::env::temp_dir().join(format!("sluice-tests-pg-{version}-{me}-{:08x}", hasher.finish() as u32));
    std::fs::create_dir_all(&parent).unwrap();
    open_to_server(&parent);
    // One process makes it, the others wait.
    let lock = File::create(parent.join("lock")).unwrap();
    lock.lock().unwrap();
    let done = parent.join("cluster");
    if !done.exists() {
        let making = parent.join("making");
        let _ = std::fs::remove_dir_all(&making);
        let password = parent.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if let Some((uid, gid)) = server_user() {
            chown(&password, Some(uid), Some(gid)).unwrap();
        }
        run(as_server(&program("initdb"))
            .args(INITDB)
            .args(["-U", USER])
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(&making));
        std::fs::rename(making, &done).unwrap();
    }
    done
}

fn copy_cluster(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
