//! Secrets that are looked for after every flow, in everything that is written or shown: they are where they have to be, and
//! nowhere else.

use super::browser::seal;
use super::encrypt::{encrypt, pin};
use super::put_service;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};
use sluice_contract::sealed::binding;
use sluice_tests::archive::unpacked;
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::documents::{End, file_parquet_sink, make_copy, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{CERTIFICATE_PASSWORD, Gateway};
use sluice_tests::poll::until;
use sluice_tests::postgres::{PASSWORD, Postgres};
use std::path::{Path, PathBuf};
use std::time::Duration;

const WRONG: &str = "canary-wrong-password-77b1";
const PASSPHRASE: &str = "canary-passphrase-0c4d";
const BACKUP: &str = "canary-backup-word-e2f9";
const USER: &str = "canary-user-password-31aa";
const HEADER: &str = "canary-web-header-58d0";
const PATIENCE: Duration = Duration::from_secs(90);

/// A secret, and the files that it may stand in.
struct Canary {
    what: &'static str,
    text: String,
    at_home: &'static [&'static str],
}

impl Canary {
    /// The secret in the forms in which it could get somewhere unnoticed.
    fn forms(&self) -> Vec<Vec<u8>> {
        let bytes = self.text.as_bytes();
        let mut forms = vec![
            bytes.to_vec(),
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                .into_bytes(),
            self.text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            format!("{bytes:?}").trim_matches(['[', ']']).as_bytes().to_vec(),
        ];
        // Within a longer text base64 depends on where the secret begins: of three whole groups each, those that it fills.
        for before in 0..3 {
            let padded = [&b"\0\0\0"[..before], bytes].concat();
            let (first, end) = (before.div_ceil(3) * 4, padded.len() / 3 * 4);
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                forms.push(engine.encode(&padded).as_bytes()[first..end].to_vec());
            }
        }
        forms
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        let found = |form: &Vec<u8>| bytes.windows(form.len()).any(|part| part == form);
        self.forms().iter().any(found)
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// Everything that was written or shown, by its name.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), bytes.into()));
    }

    fn outcome(&mut self, name: &str, outcome: Outcome) -> Outcome {
        self.add(name, format!("{}{}", outcome.stdout, outcome.stderr));
        outcome
    }

    /// A support bundle, as it is and unpacked.
    fn bundle(&mut self, name: &str, outcome: Outcome, file: &Path) {
        self.outcome(&format!("command of {name}"), outcome).expect(0);
        self.add(name, std::fs::read(file).unwrap());
        let parts = unpacked(file);
        assert!(
            parts
                .iter()
                .any(|(part, bytes)| part.starts_with("logs/") && !bytes.is_empty())
        );
        for (part, bytes) in parts {
            self.add(&format!("{part} of {name}"), bytes);
        }
    }

    /// The files of a process, and what the machine says of it.
    fn process(&mut self, state: &Path, pid: u32) {
        for file in files(state) {
            self.add(&file.display().to_string(), std::fs::read(&file).unwrap_or_default());
        }
        for fact in ["environ", "cmdline"] {
            let bytes = std::fs::read(format!("/proc/{pid}/{fact}")).unwrap();
            assert!(!bytes.is_empty(), "{fact} of {pid}");
            self.add(&format!("/proc/{pid}/{fact}"), bytes);
        }
    }

    /// What stands where it may not.
    fn search(&self, canaries: &[Canary]) -> Vec<String> {
        let mut found = Vec::new();
        for canary in canaries {
            for (name, bytes) in &self.0 {
                let home = canary.at_home.iter().any(|file| name.ends_with(file));
                if !home && canary.is_in(bytes) {
                    found.push(format!("the {} stands in {name}", canary.what));
                }
            }
        }
        found
    }
}

#[track_caller]
fn gateway(state: &Path, args: &[&str], stdin: &str) -> Outcome {
    let mut command = sluice();
    command.arg("gateway").args(args).arg("--state").arg(state);
    finish(command, Some(&format!("{stdin}\n")))
}

/// The linked service of a PostgreSQL end without its password.
fn public(end: &End) -> Value {
    let mut properties = end.properties.clone();
    properties.as_object_mut().unwrap().remove("password");
    let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
    json!({ "name": "Pg", "properties": { "type": end.service, "connectVia": via, "typeProperties": properties } })
}

/// Seals a linked service's password where nobody but the node sees it; what the factory gets.
async fn sealed_on_the_node(node: &Gateway, address: &str, service: &Value) -> Value {
    let code = node.ask(&["credentials", "-o", "json"]).expect(0).json()["code"].clone();
    let pem = std::fs::read(node.state().join("endpoint.pem")).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .build()
        .unwrap();
    let mut whole = service.clone();
    whole["properties"]["typeProperties"]["password"] = json!({ "type": "SecureString", "value": PASSWORD });
    let request = http
        .post(format!("https://{address}/v1/seal"))
        .header("x-sluice-code", code.as_str().unwrap())
        .body(whole.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// The same as a browser does it.
fn sealed_in_the_browser(node: &Gateway, folder: &Path, service: &Value) -> Value {
    let vault = files(&node.state().join("vault"));
    let pem = vault
        .iter()
        .find(|path| path.extension().is_some_and(|ext| ext == "pem"))
        .unwrap();
    let file = folder.join("certificate.pem");
    std::fs::copy(pem, &file).unwrap();
    let kind = service["properties"]["type"].as_str().unwrap();
    let bind = binding(kind, service["properties"]["typeProperties"].as_object().unwrap());
    let sealed = seal(
        &file,
        &json!({ "type": kind, "bind": bind, "secret": { "password": PASSWORD } }),
    );
    let mut document = service.clone();
    document["properties"]["typeProperties"]["encryptedCredential"] = sealed["sealed"].clone();
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_gets_anywhere_it_need_not_be() {
    // Talkative, so that there is something to be found.
    let talkative = [("SLUICE_LOG", "debug")];
    let (factory, server) = (Factory::start_with(&[], &talkative), Postgres::start());
    server
        .sql("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
        .await;
    let rest = factory.rest();
    let key = rest.make_gateway("gw").await;
    let mut node = Gateway::registered(&factory, "gw").await;
    let ready = node.boot_with(&["--credentials-listen", "127.0.0.1:0"], &talkative);
    node.online(&factory).await;
    let (mut seen, folder, state) = (Seen::default(), tempfile::tempdir().unwrap(), node.state());
    let (source, sink) = (
        postgres_source(&server, "public", "t"),
        file_parquet_sink(folder.path(), "t.parquet"),
    );

    // Sealed in four ways, and used.
    let service = public(&source);
    let file = folder.path().join("Pg.json");
    std::fs::write(&file, service.to_string()).unwrap();
    let path = file.display().to_string();
    let by_command = seen.outcome(
        "encrypt",
        encrypt(&factory, &["-f", &path, "--pin", &pin(&node)], PASSWORD),
    );
    let address = ready["credentials"].as_str().unwrap();
    for (name, document) in [
        ("clear", None),
        ("command", Some(by_command.expect(0).json())),
        ("page", Some(sealed_on_the_node(&node, address, &service).await)),
        ("browser", Some(sealed_in_the_browser(&node, folder.path(), &service))),
    ] {
        make_copy(&rest, "gw", name, &source, &sink).await;
        if let Some(document) = document {
            seen.add(name, document.to_string());
            put_service(&rest, &format!("{name}Source"), &document).await;
        }
        let run = rest.succeed(name, PATIENCE).await;
        seen.add(name, run.to_string());
    }

    // Looked up, refused, and called.
    let lookup = json!({ "properties": { "activities": [{ "name": "L", "type": "Lookup", "typeProperties": {
        "dataset": { "type": "DatasetReference", "referenceName": "clearSource" }, "source": { "type": "PostgreSqlV2Source" } } }] } });
    rest.put("pipelines/lookup", &lookup).await.ok();
    let wrong = source
        .clone()
        .property("password", json!({ "type": "SecureString", "value": WRONG }));
    make_copy(&rest, "gw", "refused", &wrong, &sink).await;
    let call = json!({ "properties": { "activities": [{ "name": "W", "type": "WebActivity",
        "policy": { "secureInput": true, "secureOutput": true }, "typeProperties": {
        "method": "GET", "url": format!("{}{}", rest.base, rest.path("pipelines/None")), "disableCertValidation": true,
        "headers": { "Authorization": format!("Bearer {HEADER}") },
        "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "gw" } } }] } });
    rest.put("pipelines/call", &call).await.ok();
    for (name, status, code) in [
        ("lookup", "Succeeded", ""),
        ("refused", "Failed", "SL6002"),
        ("call", "Failed", "SL6024"),
    ] {
        let run = rest.start(name).await;
        let ended = rest.end_of(&run, PATIENCE).await;
        assert_eq!(ended["status"], status, "{ended:#}");
        assert!(ended["error"].to_string().contains(code), "{ended:#}");
        seen.add(&format!("activity of {name}"), ended.to_string());
        seen.add(&format!("run of {name}"), rest.run(&run).await.unwrap().to_string());
    }
    let tested = super::test_connection(&rest, "refusedSource").await;
    assert_eq!(tested["succeeded"], false, "{tested:#}");
    seen.add("connection test", tested.to_string());
    let tested = gateway(
        &state,
        &["test-connection", "--file", &path, "--secret", "password"],
        WRONG,
    );
    seen.outcome("connection test on the node", tested)
        .expect_fault("SL6002");

    // Users, right and wrong; a key that is wrong by one letter.
    let mut create = sluice();
    create
        .args([
            "factory",
            "user",
            "create",
            "ann",
            "--scope",
            "reader",
            "--password-file",
            "-",
        ])
        .args(factory.cli_args());
    seen.outcome("user", finish(create, Some(&format!("{USER}\n"))))
        .expect(0);
    let ca = std::fs::read(&factory.ca_file).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for (word, status) in [(WRONG, 403), (USER, 303)] {
        let answer = http
            .post(format!("{}/login", factory.url))
            .header("origin", &factory.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("user=ann&password={word}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        seen.add("login", answer.text().await.unwrap());
    }
    let (other, mut changed) = (tempfile::tempdir().unwrap(), key.clone());
    let last = if changed.ends_with('A') { "E" } else { "A" };
    changed.replace_range(changed.len() - 1.., last);
    let refused = sluice_tests::gateway::register(other.path(), &changed, "node2");
    seen.outcome("registration", refused);

    // What the node has made up itself.
    let own = |file: &str| std::fs::read_to_string(state.join(file)).unwrap().trim().to_owned();
    let (code, own_passphrase) = (own("endpoint.code"), own("vault/passphrase"));

    // The vault, in a file and under another passphrase.
    node.export();
    let backup = folder.path().join("gw.backup").display().to_string();
    seen.outcome("backup", gateway(&state, &["backup", &backup], BACKUP))
        .expect(0);
    seen.add("backup file", std::fs::read(&backup).unwrap());
    seen.outcome("protect", gateway(&state, &["vault", "protect"], PASSPHRASE))
        .expect(0);
    node.kill9();
    node.boot_with(&[], &talkative);
    seen.outcome("unlock with a wrong word", gateway(&state, &["unlock"], WRONG))
        .expect_fault("SL5024");
    seen.outcome("unlock", gateway(&state, &["unlock"], PASSPHRASE))
        .expect(0);
    until("the node to be online", PATIENCE, || async {
        let status = node.ask(&["status", "-o", "json"]).expect(0).json();
        (status["channel"]["state"] == "Connected").then_some(())
    })
    .await;
    seen.add("last run", rest.succeed("clear", PATIENCE).await.to_string());

    for below in ["linkedservices", "datasets", "integrationRuntimes"] {
        seen.add(below, rest.get(below).await.ok().to_string());
    }
    let receipts = files(&state.join("receipts"));
    assert!(!receipts.is_empty(), "there are receipts to look into");
    for (name, args) in [
        ("status", &["status"][..]),
        ("actors", &["actors"]),
        ("figures", &["metrics"]),
    ] {
        seen.outcome(name, node.ask(args)).expect(0);
    }
    seen.add(
        "the factory's figures",
        http.get(format!("{}/metrics", factory.url))
            .bearer_auth(factory.token())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
    );
    let bundle = folder.path().join("node.zip");
    let made = node.ask(&["support-bundle", &bundle.display().to_string()]);
    seen.bundle("the node's bundle", made, &bundle);
    let bundle = folder.path().join("factory.zip");
    let mut of_factory = sluice();
    of_factory
        .args(["factory", "support-bundle", "--factory", &factory.url, "--state"])
        .arg(factory.state())
        .arg(&bundle);
    seen.bundle("the factory's bundle", finish(of_factory, None), &bundle);
    let (of_factory, of_node) = (factory.log(), node.log());
    assert!(
        of_factory.contains("DEBUG") && of_node.contains("DEBUG"),
        "the logs are talkative"
    );
    seen.add("the factory's log", of_factory);
    seen.add("the node's log", of_node);
    seen.process(&factory.state(), factory.pid());
    seen.process(&state, node.pid());

    let secret_of_key = key.trim().rsplit('@').next().unwrap().to_owned();
    let canary = |what, text: &str, at_home| Canary {
        what,
        text: text.to_owned(),
        at_home,
    };
    let jobs: &[&str] = &["factory.db", "factory.db-wal", "ledger.db", "ledger.db-wal"];
    let canaries = [
        canary("store's password", PASSWORD, &[]),
        canary("wrong password", WRONG, &[]),
        canary("passphrase", PASSPHRASE, &[]),
        canary("backup's password", BACKUP, &[]),
        canary("key file's password", CERTIFICATE_PASSWORD, &[]),
        canary("user's password", USER, &[]),
        canary("vault's own passphrase", &own_passphrase, &[]),
        canary("access code", &code, &["endpoint.code"]),
        canary("registration key", &secret_of_key, &[]),
        canary("administrator's token", &factory.token(), &["admin.token"]),
        // It stands in the pipeline, as its author wrote it, and so in the job that the node keeps.
        canary("header of a call", HEADER, jobs),
    ];
    // The search finds what is there.
    let mut proof = Seen::default();
    proof.add(
        "proof",
        format!(
            "{{\"x\":\"{}\"}}",
            BASE64_STANDARD_NO_PAD.encode(format!("ab{PASSWORD}cd"))
        ),
    );
    assert_eq!(proof.search(&canaries), ["the store's password stands in proof"]);
    assert_eq!(seen.search(&canaries), Vec::<String>::new());
}

/// What a crash would write is switched off where the services are described.
#[test]
fn a_crash_leaves_no_memory_behind() {
    for unit in ["sluice-factory.service", "sluice-gateway.service"] {
        let text = std::fs::read_to_string(sluice_tests::root().join("deploy/systemd").join(unit)).unwrap();
        assert!(text.lines().any(|line| line.trim() == "LimitCORE=0"), "{unit}");
    }
}
