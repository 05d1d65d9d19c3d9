//! A gateway node as a process of its own, started through the command line.

use crate::binary::{Outcome, finish, ready_file, sluice};
use crate::factory::Factory;
use crate::namespace::{Namespace, within};
use crate::poll::until;
use crate::process::Process;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A registered node, running or not.
#[derive(Debug)]
pub struct Gateway {
    // Before its directory: fields are dropped in this order.
    process: Option<Process>,
    dir: TempDir,
    /// The gateway's name in its data factory.
    pub name: String,
    /// The network namespace it runs in, if it is not this one.
    namespace: Option<String>,
}

/// Registers a node with a key and says what came of it.
#[track_caller]
pub fn register(state: &Path, key: &str, name: &str) -> Outcome {
    let mut command = sluice();
    command
        .args(["gateway", "register", "--key-file", "-", "--name", name, "--state"])
        .arg(state);
    finish(command, Some(&format!("{key}\n")))
}

/// The password of exported certificates.
pub const CERTIFICATE_PASSWORD: &str = "canary-p12-3b7c9e";

/// Registers a node with a key and with the certificate that another node exported, and says what came of it.
#[track_caller]
pub fn register_with(state: &Path, key: &str, name: &str, certificate: &KeyFile) -> Outcome {
    let mut command = sluice();
    command
        .args(["gateway", "register", "--key-file", "-", "--name", name, "--state"])
        .arg(state)
        .arg("--certificate")
        .arg(&certificate.file)
        .arg("--password-file")
        .arg(&certificate.password);
    finish(command, Some(&format!("{key}\n")))
}

/// An exported certificate with the file of its password.
#[derive(Debug)]
pub struct KeyFile {
    /// PKCS#12.
    pub file: PathBuf,
    /// Holds [`CERTIFICATE_PASSWORD`].
    pub password: PathBuf,
    _dir: TempDir,
}

impl Gateway {
    /// Makes the gateway in the factory, registers this many nodes that share its credential certificate, named `node1`,
    /// `node2` and so on, starts them and waits until all are online.
    pub async fn several(factory: &Factory, name: &str, nodes: usize) -> Vec<Self> {
        let key = factory.rest().make_gateway(name).await;
        let mut all = vec![Self::with_key(name, &key)];
        let certificate = all[0].export();
        for number in 2..=nodes {
            all.push(Self::second(name, &key, &format!("node{number}"), &certificate));
        }
        for node in &mut all {
            node.boot();
        }
        // The gateway is online when all its nodes are.
        all[0].online(factory).await;
        all
    }

    /// A machine on which nothing is registered yet.
    pub fn empty(name: &str) -> Self {
        Self {
            dir: tempfile::Builder::new().prefix("sluice-gateway-").tempdir().unwrap(),
            name: name.to_owned(),
            process: None,
            namespace: None,
        }
    }

    /// Registers another node with the certificate of the first.
    #[track_caller]
    pub fn second(name: &str, key: &str, node: &str, certificate: &KeyFile) -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-gateway-").tempdir().unwrap();
        let gateway = Self {
            dir,
            name: name.to_owned(),
            process: None,
            namespace: None,
        };
        register_with(&gateway.state(), key, node, certificate).expect(0);
        gateway
    }

    /// Exports the node's certificate and key.
    #[track_caller]
    pub fn export(&self) -> KeyFile {
        let dir = tempfile::tempdir().unwrap();
        let (file, password) = (dir.path().join("gateway.p12"), dir.path().join("password"));
        std::fs::write(&password, CERTIFICATE_PASSWORD).unwrap();
        let (to, by) = (file.display().to_string(), password.display().to_string());
        self.ask(&["certificate", "export", "--file", &to, "--password-file", &by])
            .expect(0);
        KeyFile {
            file,
            password,
            _dir: dir,
        }
    }

    /// Makes the gateway in the factory, registers a node and starts it, and waits until the factory sees it online.
    pub async fn start(factory: &Factory, name: &str) -> Self {
        let mut gateway = Self::registered(factory, name).await;
        gateway.boot();
        gateway.online(factory).await;
        gateway
    }

    /// Makes the gateway in the factory and registers a node.
    pub async fn registered(factory: &Factory, name: &str) -> Self {
        let key = factory.rest().make_gateway(name).await;
        Self::with_key(name, &key)
    }

    /// Makes the gateway in the factory and registers a node that keeps its state below a folder, on a small disk for instance.
    pub async fn registered_below(factory: &Factory, name: &str, folder: &Path) -> Self {
        let key = factory.rest().make_gateway(name).await;
        let dir = tempfile::Builder::new()
            .prefix("sluice-gateway-")
            .tempdir_in(folder)
            .unwrap();
        let gateway = Self {
            dir,
            name: name.to_owned(),
            process: None,
            namespace: None,
        };
        register(&gateway.state(), &key, "node1").expect(0);
        gateway
    }

    /// Puts another address of the control channel into the state of a node that does not run, a proxy's for instance.
    pub fn reach_factory_at(&self, endpoint: &str) {
        let file = self.state().join("gateway.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| match line.starts_with("amqp_endpoint") {
            true => format!("amqp_endpoint = {endpoint:?}\n"),
            false => format!("{line}\n"),
        });
        std::fs::write(&file, lines.collect::<String>()).unwrap();
    }

    /// From its next start on it runs in a network namespace.
    pub fn move_to(&mut self, namespace: &Namespace) {
        self.namespace = Some(namespace.name.clone());
    }

    /// Registers a node with a key that somebody else fetched, starts it and waits until it is online.
    pub async fn join(factory: &Factory, name: &str, key: &str) -> Self {
        let mut gateway = Self::with_key(name, key);
        gateway.boot();
        gateway.online(factory).await;
        gateway
    }

    fn with_key(name: &str, key: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-gateway-").tempdir().unwrap();
        let gateway = Self {
            dir,
            name: name.to_owned(),
            process: None,
            namespace: None,
        };
        register(&gateway.state(), key, "node1").expect(0);
        gateway
    }

    /// Starts the agent on its state.
    pub fn boot(&mut self) {
        self.boot_with(&[], &[]);
    }

    /// The same with more arguments and variables; what it wrote when it was ready.
    pub fn boot_with(&mut self, more: &[&str], variables: &[(&str, &str)]) -> serde_json::Value {
        self.boot_sized("64", more, variables)
    }

    /// The same with so many MiB for its copies.
    pub fn boot_sized(&mut self, mib: &str, more: &[&str], variables: &[(&str, &str)]) -> serde_json::Value {
        let ready = self.dir.path().join("ready.json");
        let _ = std::fs::remove_file(&ready);
        // Tests copy from and to temporary folders; a test about policies brings its own.
        let policy = self.state().join("policy.toml");
        if !policy.exists() {
            std::fs::write(&policy, "[files]\nroots = ['/']\n").unwrap();
        }
        let mut command = sluice();
        command
            .args(["gateway", "run", "--memory", mib, "--state"])
            .arg(self.state())
            .arg("--ready-file")
            .arg(&ready)
            .args(more)
            .envs(variables.iter().copied());
        if let Some(namespace) = &self.namespace {
            command = within(namespace, &command);
        }
        let mut process = Process::start("gateway", self.dir.path(), command);
        let facts = ready_file(&mut process, &ready);
        self.process = Some(process);
        facts
    }

    /// Runs the agent to its end: for arguments that it refuses.
    #[track_caller]
    pub fn try_boot(&self, more: &[&str]) -> Outcome {
        let mut command = sluice();
        command.args(["gateway", "run", "--state"]).arg(self.state()).args(more);
        finish(command, None)
    }

    /// Sends a signal by its name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Runs `sluice gateway ARGS --state DIR` to its end.
    #[track_caller]
    pub fn ask(&self, args: &[&str]) -> Outcome {
        let mut command = sluice();
        command.arg("gateway").args(args).arg("--state").arg(self.state());
        finish(command, None)
    }

    /// Waits until the factory reports the gateway online.
    pub async fn online(&mut self, factory: &Factory) {
        let rest = factory.rest();
        let path = format!("integrationRuntimes/{}/getStatus", self.name);
        until("the gateway to be online", Duration::from_secs(60), || {
            self.assert_running();
            let (rest, path) = (rest.clone(), path.clone());
            async move {
                let status = rest.post(&path, &json!({})).await.ok();
                (status["properties"]["state"] == "Online").then_some(())
            }
        })
        .await;
    }

    /// Kills it at once; [`Gateway::boot`] brings it back.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill9();
        }
    }

    /// Waits until it has ended by itself; [`Gateway::boot`] brings it back.
    pub fn wait(&mut self, deadline: Duration) -> std::process::ExitStatus {
        self.process.take().expect("it runs").wait(deadline)
    }

    /// Where it keeps its state.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").pid()
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("gateway.log")).unwrap_or_default()
    }

    /// Panics with its log when it has ended.
    pub fn assert_running(&mut self) {
        self.process.as_mut().expect("it runs").assert_running();
    }
}
