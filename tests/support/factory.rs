//! A factory as a process of its own, started through the command line.

use crate::binary::{ready_file, sluice};
use crate::process::Process;
use crate::rest::Rest;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Seconds a lease lasts in tests: short enough to wait for, long enough for a loaded machine.
pub const LEASE_S: u32 = 15;

/// Where one is reached that no test wants elsewhere.
const LOOPBACK: &str = "127.0.0.1";

/// A running `sluice factory run`.
#[derive(Debug)]
pub struct Factory {
    // Before its directory: fields are dropped in this order.
    process: Option<Process>,
    dir: TempDir,
    /// The REST address, `https://127.0.0.1:port`.
    pub url: String,
    /// The channel's address, `127.0.0.1:port`.
    pub amqp: String,
    /// The CA certificate.
    pub ca_file: PathBuf,
    /// The administrator's token.
    pub token_file: PathBuf,
    /// A link that logs a browser in, once.
    pub login: String,
    /// Where figures are served in plain HTTP, if they are.
    pub metrics: Option<String>,
    /// Its address, without ports.
    host: String,
    more: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Factory {
    /// Starts one on free ports with state of its own.
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// The same on another address of this machine.
    pub fn start_at(host: &str) -> Self {
        Self::in_dir(state_dir(), host, Vec::new(), Vec::new())
    }

    /// The same with more arguments and variables.
    pub fn start_with(more: &[&str], variables: &[(&str, &str)]) -> Self {
        let more = more.iter().map(|arg| (*arg).to_owned()).collect();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self::in_dir(state_dir(), LOOPBACK, more, variables)
    }

    fn in_dir(dir: TempDir, host: &str, more: Vec<String>, variables: Vec<(String, String)>) -> Self {
        let mut factory = Self {
            dir,
            process: None,
            url: String::new(),
            amqp: String::new(),
            ca_file: PathBuf::new(),
            token_file: PathBuf::new(),
            login: String::new(),
            metrics: None,
            host: host.to_owned(),
            more,
            variables,
        };
        factory.boot(format!("{host}:0"), format!("{host}:0"));
        factory
    }

    /// Another process on the same database, with a state directory of its own and copies of the files that replicas share.
    pub fn replica(&self) -> Self {
        let dir = state_dir();
        let state = dir.path().join("state");
        std::fs::create_dir(&state).unwrap();
        for name in ["ca.pem", "ca.key", "wrapping.key", "admin.token"] {
            let copied = Command::new("cp")
                .arg("-p")
                .arg(self.state().join(name))
                .arg(&state)
                .status();
            assert!(copied.unwrap().success(), "{name}");
        }
        Self::in_dir(dir, &self.host, self.more.clone(), self.variables.clone())
    }

    /// Kills it at once; [`Factory::restart`] brings it back.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill9();
        }
    }

    /// Starts it again on its state and its ports.
    pub fn restart(&mut self) {
        self.kill9();
        let listen = self.url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        self.boot(listen, self.amqp.clone());
    }

    fn boot(&mut self, listen: String, amqp_listen: String) {
        let ready = self.dir.path().join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut command = sluice();
        command
            .args([
                "factory",
                "run",
                "--host",
                &self.host,
                "--listen",
                &listen,
                "--amqp-listen",
                &amqp_listen,
            ])
            .arg("--state")
            .arg(self.state())
            .arg("--ready-file")
            .arg(&ready)
            .args(&self.more)
            .args(match self.more.iter().any(|arg| arg == "--lease") {
                true => Vec::new(),
                false => vec!["--lease".to_owned(), LEASE_S.to_string()],
            })
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start("factory", self.dir.path(), command);
        let facts = ready_file(&mut process, &ready);
        let fact = |name: &str| {
            facts[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name} in {facts}"))
                .to_owned()
        };
        self.url = fact("rest").trim_end_matches('/').to_owned();
        self.amqp = fact("amqp");
        self.ca_file = fact("ca").into();
        self.token_file = fact("token_file").into();
        self.login = fact("login");
        self.metrics = facts["metrics"].as_str().map(str::to_owned);
        self.process = Some(process);
    }

    /// Where it keeps its state.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The administrator's token.
    pub fn token(&self) -> String {
        std::fs::read_to_string(&self.token_file).unwrap().trim().to_owned()
    }

    /// A client of the data factory `df`.
    pub fn rest(&self) -> Rest {
        let ca = std::fs::read_to_string(&self.ca_file).unwrap();
        Rest::new(&self.url, &ca, &self.token(), "df")
    }

    /// The options with which the command line reaches its data factory `df`.
    pub fn cli_args(&self) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let pairs = [
            ("--factory", self.url.clone()),
            ("--ca-file", text(&self.ca_file)),
            ("--token-file", text(&self.token_file)),
            ("--subscription", "sub".to_owned()),
            ("--resource-group", "rg".to_owned()),
            ("--factory-name", "df".to_owned()),
        ];
        pairs
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }

    /// Sends a signal by its name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").pid()
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("factory.log")).unwrap_or_default()
    }

    /// Panics with its log when it has ended.
    pub fn assert_running(&mut self) {
        self.process.as_mut().expect("it runs").assert_running();
    }
}

fn state_dir() -> TempDir {
    tempfile::Builder::new().prefix("sluice-factory-").tempdir().unwrap()
}
