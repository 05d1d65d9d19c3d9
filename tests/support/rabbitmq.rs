//! A RabbitMQ broker of the test's own, with TLS. The distribution's service is not used, and need not run.

use crate::net::{accepts, free_port};
use crate::poll::until_blocking;
use crate::process::Process;
use crate::tls::{ServerIdentity, server_identity};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Who may do everything on every test broker.
pub const USER: &str = "sluice-tests";
/// Its password. Sluice must never show it: tests look for it in logs and errors.
pub const PASSWORD: &str = "canary-mq-5e70";

/// The programs of Debian's package, without the wrapper that changes the user.
const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
/// How long the broker may take to start on a machine that has other things to do.
const START: Duration = Duration::from_secs(120);

/// A running broker; killed and removed when dropped.
#[derive(Debug)]
pub struct RabbitMq {
    // Before its directory, and before the mapper of names, which it needs: fields are dropped in this order.
    process: Option<Process>,
    _epmd: Process,
    /// The TLS port on 127.0.0.1.
    pub port: u16,
    /// The port without TLS, for the tests' own clients.
    pub plain_port: u16,
    /// The certificate it shows.
    pub identity: ServerIdentity,
    names_port: u16,
    distribution_port: u16,
    dir: TempDir,
}

impl RabbitMq {
    /// Starts one.
    pub fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("sluice-mq-").tempdir().unwrap();
        assert!(
            PathBuf::from(PROGRAMS).join("rabbitmq-server").exists(),
            "{PROGRAMS}/rabbitmq-server is missing: run tests/env/setup.sh (make test does)"
        );
        let identity = server_identity(dir.path());
        let names_port = free_port();
        // In the foreground and on a port of its own; the broker would leave one behind.
        let mut epmd = Command::new("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &names_port.to_string()]);
        let mut epmd = Process::start("epmd", dir.path(), epmd);
        epmd.wait_until("ready", Duration::from_secs(20), || accepts(names_port).then_some(()));
        let mut broker = Self {
            process: None,
            _epmd: epmd,
            port: free_port(),
            plain_port: free_port(),
            identity,
            names_port,
            distribution_port: free_port(),
            dir,
        };
        broker.configure();
        broker.boot();
        broker
    }

    /// The address for `--channel-url`; the password is apart.
    pub fn url(&self) -> String {
        format!("amqps://{USER}@127.0.0.1:{}/%2f", self.port)
    }

    /// The same on another port, such as that of a proxy.
    pub fn url_at(&self, port: u16) -> String {
        format!("amqps://{USER}@127.0.0.1:{port}/%2f")
    }

    /// A file with the password.
    pub fn password_file(&self) -> PathBuf {
        let file = self.dir.path().join("password");
        std::fs::write(&file, PASSWORD).unwrap();
        file
    }

    /// Kills it at once; [`RabbitMq::boot`] brings it back.
    pub fn kill9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill9();
        }
    }

    /// Starts it on its files and ports, and waits until it takes connections.
    pub fn boot(&mut self) {
        let path = |name: &str| self.dir.path().join(name);
        let mut command = Command::new(format!("{PROGRAMS}/rabbitmq-server"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("LANG", "C.UTF-8")
            // The program itself, not a script in front of it, is what is killed later.
            .env("RUNNING_UNDER_SYSTEMD", "1")
            .env("ERL_EPMD_PORT", self.names_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", format!("sluice{}@localhost", self.port))
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("data"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_CONF_ENV_FILE", path("none"))
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
            .env("RABBITMQ_PID_FILE", path("pid"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            )
            .current_dir(self.dir.path());
        let mut process = Process::start("rabbitmq", self.dir.path(), command);
        let port = self.port;
        process.wait_until("ready", START, || accepts(port).then_some(()));
        self.process = Some(process);
    }

    /// Runs `rabbitmqctl ARGS` and gives what it printed.
    #[track_caller]
    pub fn ctl(&self, args: &[&str]) -> String {
        let output = Command::new(format!("{PROGRAMS}/rabbitmqctl"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("LANG", "C.UTF-8")
            .env("ERL_EPMD_PORT", self.names_port.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", self.dir.path().join("none"))
            .args(["--silent", "-n", &format!("sluice{}@localhost", self.port)])
            .args(args)
            .output()
            .expect("rabbitmqctl is there");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "rabbitmqctl {args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Every queue with the number of its messages.
    pub fn queues(&self) -> Vec<(String, u64)> {
        let text = self.ctl(&["list_queues", "name", "messages"]);
        let rows = text.lines().filter_map(|line| line.rsplit_once('\t'));
        rows.filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?)))
            .collect()
    }

    /// Waits until a queue whose name ends like this holds that many messages.
    #[track_caller]
    pub fn wait_for_messages(&self, ending: &str, messages: u64) {
        until_blocking(
            &format!("{messages} messages in {ending}"),
            Duration::from_secs(30),
            || {
                let there = self.queues().into_iter().find(|(name, _)| name.ends_with(ending));
                there.filter(|(_, count)| *count >= messages).map(|_| ())
            },
        );
    }

    fn configure(&self) {
        let identity = &self.identity;
        let text = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\n\
             listeners.ssl.1 = 127.0.0.1:{}\n\
             ssl_options.cacertfile = {}\n\
             ssl_options.certfile = {}\n\
             ssl_options.keyfile = {}\n\
             ssl_options.verify = verify_none\n\
             ssl_options.fail_if_no_peer_cert = false\n\
             default_user = {USER}\n\
             default_pass = {PASSWORD}\n\
             disk_free_limit.absolute = 50MB\n\
             vm_memory_high_watermark.absolute = 1GB\n\
             num_acceptors.ssl = 4\n\
             log.console = true\n\
             log.console.level = warning\n",
            self.plain_port,
            self.port,
            identity.ca_file.display(),
            identity.chain_file.display(),
            identity.key_file.display(),
        );
        std::fs::write(self.dir.path().join("rabbitmq.conf"), text).unwrap();
        std::fs::write(self.dir.path().join("advanced.config"), "[].\n").unwrap();
        std::fs::write(self.dir.path().join("enabled_plugins"), "[].\n").unwrap();
    }
}
