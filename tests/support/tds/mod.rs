//! A server that speaks TDS, for there is no SQL Server to be had: a peer of the tests' own, on SQLite.
//!
//! It speaks the protocol (prelogin, TLS inside of packets, LOGIN7, batches, calls, transactions, bulk loads, attention)
//! and understands the few forms of T-SQL that the connector and the clients of the tests use. That it speaks the protocol
//! and not only our own idea of it is shown by `tsql`, `freebcp`, python-tds and tedious in `tests/tds`.

mod browser;
mod bulk;
mod ddl;
mod decode;
mod describe;
mod encode;
mod engine;
mod functions;
mod lexer;
mod login;
mod procedures;
mod rpc;
mod session;
mod time;
mod tokens;
mod translate;
mod types;
mod wire;

pub use login::Encryption;

use crate::tls::{ServerIdentity, server_identity};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokens::SqlError;

/// The login of every peer.
pub const USER: &str = "sluice_test";
/// Its password. Sluice must never show it.
pub const PASSWORD: &str = "canary-tds-7b2e";
/// The database of every peer.
pub const DATABASE: &str = "shop";

/// How a peer behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it says about encryption.
    pub encryption: Encryption,
    /// Whether the database allows snapshot isolation.
    pub snapshot: bool,
    /// Whether READ COMMITTED reads versions of rows.
    pub committed_snapshot: bool,
    /// Whether the database is itself a snapshot of another.
    pub frozen: bool,
    /// Whether results come slowly, so that a client can interrupt them.
    pub slow_rows: bool,
    /// Where logins are sent on to.
    pub route: Option<(String, u16)>,
    user: String,
    password: String,
    database: String,
    tls: Arc<ServerConfig>,
}

/// What the sessions of a peer share.
struct Shared {
    options: Options,
    file: PathBuf,
    log: Mutex<Vec<String>>,
    logins: Mutex<Vec<(String, bool)>>,
    faults: Mutex<Vec<(String, SqlError)>>,
    procedures: Mutex<Vec<(String, String)>>,
    partitions: Mutex<HashMap<String, Vec<i64>>>,
    sockets: Mutex<Vec<TcpStream>>,
    transactions: AtomicU64,
    attentions: AtomicU64,
}

impl Shared {
    /// The error that a test wants for this text, once.
    fn injected(&self, sql: &str) -> Option<SqlError> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(pattern, _)| sql.contains(pattern.as_str()))?;
        Some(faults.remove(at).1)
    }
}

/// A running peer; stopped and removed when dropped.
pub struct TdsPeer {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Its certificate and the authority behind it.
    pub identity: ServerIdentity,
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
    browser: Option<browser::Browser>,
    _dir: TempDir,
}

impl TdsPeer {
    /// Starts one that offers TLS and allows snapshots.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// Starts one whose options are changed first.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        crate::init_tls();
        let dir = tempfile::Builder::new().prefix("sluice-tds-").tempdir().unwrap();
        let identity = server_identity(dir.path());
        let chain = CertificateDer::pem_file_iter(&identity.chain_file)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_file(&identity.key_file).unwrap();
        // As SQL Server before 2022: TLS 1.2, which is what all clients take inside of packets.
        let tls = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS12])
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let mut options = Options {
            encryption: Encryption::Offered,
            snapshot: true,
            committed_snapshot: false,
            frozen: false,
            slow_rows: false,
            route: None,
            user: USER.to_owned(),
            password: PASSWORD.to_owned(),
            database: DATABASE.to_owned(),
            tls: Arc::new(tls),
        };
        change(&mut options);
        let shared = Arc::new(Shared {
            file: dir.path().join("shop.db"),
            options,
            log: Mutex::default(),
            logins: Mutex::default(),
            faults: Mutex::default(),
            procedures: Mutex::default(),
            partitions: Mutex::default(),
            sockets: Mutex::default(),
            transactions: AtomicU64::new(0),
            attentions: AtomicU64::new(0),
        });
        let db = functions::open(&shared).unwrap();
        db.execute_batch(ddl::CATALOG).unwrap();
        let facts = (
            DATABASE,
            5,
            shared.options.snapshot,
            shared.options.committed_snapshot,
            shared.options.frozen,
            shared.options.frozen.then_some(4),
        );
        db.execute("INSERT INTO \"sys.databases\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)", facts)
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stopping = Arc::new(AtomicBool::new(false));
        let (own, stop) = (Arc::clone(&shared), Arc::clone(&stopping));
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&own);
                std::thread::spawn(move || {
                    if let Err(error) = session::serve(tcp, &shared) {
                        shared.log.lock().unwrap().push(format!("-- session ended: {error}"));
                    }
                });
            }
        });
        Self {
            port,
            identity,
            shared,
            stopping,
            browser: None,
            _dir: dir,
        }
    }

    /// Runs statements of T-SQL as any client would, without the wire.
    ///
    /// # Panics
    /// When one fails.
    pub fn sql(&self, batch: &str) {
        for words in lexer::statements(lexer::words(batch).unwrap()) {
            let db = functions::open(&self.shared).unwrap();
            let schemas: Vec<String> = ["dbo", "sys"]
                .map(str::to_owned)
                .into_iter()
                .chain(self.schemas())
                .collect();
            let names = translate::Names {
                schemas: &schemas,
                database: DATABASE,
                open: false,
            };
            let translated = translate::statement(&words, &names);
            if words[0].is("CREATE") && words[1].is("SCHEMA") {
                let name = words[2].name().unwrap();
                db.execute("INSERT INTO \"sys.schemas\" (name) VALUES (?1)", [name])
                    .unwrap();
            } else if words[0].is("CREATE") {
                let open = words.iter().position(|word| word.is("(")).unwrap();
                ddl::create_table(&db, &translated.tables[0], &words[open..])
                    .unwrap_or_else(|error| panic!("{batch}: {}", error.text));
            } else {
                db.execute_batch(&translated.sql)
                    .unwrap_or_else(|error| panic!("{}: {error}", translated.sql));
            }
        }
    }

    /// One column of a query, as texts in SQLite's form.
    pub fn column(&self, query: &str) -> Vec<String> {
        let words = lexer::words(query).unwrap();
        let schemas: Vec<String> = ["dbo", "sys"]
            .map(str::to_owned)
            .into_iter()
            .chain(self.schemas())
            .collect();
        let names = translate::Names {
            schemas: &schemas,
            database: DATABASE,
            open: false,
        };
        let db = functions::open(&self.shared).unwrap();
        let sql = translate::statement(&words, &names).sql;
        let mut statement = db.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = statement
            .query_map([], |row| row.get::<_, rusqlite::types::Value>(0))
            .unwrap();
        rows.map(|value| encode::text(&value.unwrap())).collect()
    }

    /// The tables that are there.
    pub fn tables(&self) -> Vec<String> {
        self.column("SELECT qualified FROM sys.objects ORDER BY qualified")
    }

    fn schemas(&self) -> Vec<String> {
        let db = functions::open(&self.shared).unwrap();
        let mut statement = db.prepare("SELECT name FROM \"sys.schemas\"").unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// Defines a stored procedure by its body, which uses its parameters by name.
    pub fn procedure(&self, name: &str, body: &str) {
        self.shared
            .procedures
            .lock()
            .unwrap()
            .push((name.to_owned(), body.to_owned()));
    }

    /// Says that a table is partitioned by a column, at these bounds (RANGE RIGHT).
    pub fn partition(&self, table: &str, column: &str, function: &str, bounds: &[i64]) {
        self.shared
            .partitions
            .lock()
            .unwrap()
            .insert(function.to_owned(), bounds.to_vec());
        let db = functions::open(&self.shared).unwrap();
        let id = "(SELECT object_id FROM \"sys.objects\" WHERE qualified = ?1)";
        let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
            db.execute(sql, params).unwrap();
        };
        run(
            "INSERT INTO \"sys.partition_functions\" VALUES (?1, 65536)",
            &[&function],
        );
        run("INSERT INTO \"sys.partition_schemes\" VALUES ('ps', 65601, 65536)", &[]);
        run(
            &format!("UPDATE \"sys.indexes\" SET data_space_id = 65601 WHERE object_id = {id}"),
            &[&table],
        );
        let place = format!(
            "INSERT INTO \"sys.index_columns\" (object_id, index_id, column_id, key_ordinal, partition_ordinal) SELECT object_id, \
             (SELECT max(index_id) FROM \"sys.indexes\" WHERE object_id = {id}), column_id, 0, 1 FROM \"sys.columns\" \
             WHERE object_id = {id} AND name = ?2"
        );
        run(&place, &[&table, &column]);
        run(
            &format!("DELETE FROM \"sys.partitions\" WHERE object_id = {id}"),
            &[&table],
        );
        for number in 1..=bounds.len() as i64 + 1 {
            run(
                &format!("INSERT INTO \"sys.partitions\" VALUES ({id}, 1, ?2, 0)"),
                &[&table, &number],
            );
        }
    }

    /// The next batch that holds this text fails with this error. Rows of a bulk load are the text `rows of a bulk load`.
    pub fn fail(&self, pattern: &str, number: u32, class: u8, text: &str) {
        self.shared
            .faults
            .lock()
            .unwrap()
            .push((pattern.to_owned(), SqlError::new(number, class, text)));
    }

    /// All batches and statements that were run.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().clone()
    }

    /// Application names of the logins, and whether they asked for a read-only replica.
    pub fn logins(&self) -> Vec<(String, bool)> {
        self.shared.logins.lock().unwrap().clone()
    }

    /// Requests that were interrupted by an attention.
    pub fn attentions(&self) -> u64 {
        self.shared.attentions.load(Ordering::Relaxed)
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        for socket in self.shared.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Answers for a named instance, as SQL Server Browser does; its UDP port.
    pub fn browse(&mut self, instance: &str) -> u16 {
        let browser = browser::Browser::start(instance, self.port);
        let port = browser.port;
        self.browser = Some(browser);
        port
    }
}

impl Drop for TdsPeer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.cut();
    }
}
