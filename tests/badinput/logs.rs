//! Names that want to be lines of a log: what others have named forges none and garbles none, whichever form the log has.

use serde_json::{Value, json};
use sluice_tests::binary::{finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{Gateway, register};

/// A line of a log, in the text form and as JSON, that nobody has written.
const LINE: &str = "1999-01-01T00:00:00.000000Z  INFO sluice::forged: forged";
const OBJECT: &str = r#"{"timestamp":"1999-01-01T00:00:00Z","level":"ERROR","forged":true}"#;

/// A name with every way out of its line: line ends, sequences that erase and colour and name the window, an object of JSON,
/// and what turns the direction of writing.
fn evil() -> String {
    format!(
        "forger\n{LINE}\r\n{OBJECT}\n\u{1b}[2J\u{1b}[1A\u{1b}]0;x\u{7}\u{9b}2K\u{85}\u{2028}{OBJECT}\u{202e}\"}}\t\u{8}end"
    )
}

/// Nothing of the name counts as more than a part of a line, and it is there.
#[track_caller]
fn assert_lines(log: &str, name: &str, is_json: bool) {
    let bad = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{202e}'));
    let garbled: Vec<_> = log.lines().filter(|line| line.contains(bad)).collect();
    assert!(garbled.is_empty(), "{garbled:#?}");
    let named: Vec<_> = log.lines().filter(|line| line.contains("forger")).collect();
    assert!(
        !named.is_empty(),
        "nothing of it is logged, so nothing was tried: {log}"
    );
    for line in log.lines() {
        assert!(!line.starts_with("1999"), "{line}");
        assert!(!line.starts_with(OBJECT), "{line}");
        if line.contains("forged") {
            assert!(line.contains("forger"), "the rest of a name stands alone: {line}");
        }
    }
    let mut whole = false;
    for line in named {
        if is_json {
            let object: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON ({e}): {line}"));
            assert!(object["level"].is_string() && object["forged"].is_null(), "{line}");
            let mut texts = object["fields"].as_object().unwrap().values().filter_map(Value::as_str);
            whole |= texts.any(|text| text.contains(name));
        } else {
            assert!(line.starts_with("20"), "{line}");
        }
    }
    // Nothing is lost: whoever reads an object has the name as it was.
    assert_eq!(whole, is_json);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_forge_and_garble_no_line_of_a_log() {
    for is_json in [false, true] {
        let form = if is_json { "json" } else { "text" };
        let variables = [("SLUICE_LOG", "debug"), ("SLUICE_LOG_FORMAT", form)];
        let mut factory = Factory::start_with(&[], &variables);
        let (rest, evil) = (factory.rest(), evil());

        // A node, a user, documents and a path of that name.
        let key = rest.make_gateway("gw").await;
        let refused = tempfile::tempdir().unwrap();
        assert_ne!(register(refused.path(), &key, &evil).code, 0);
        let form = url_encoded(&[("user", &evil), ("password", "a wrong one")]);
        let ca = std::fs::read(&factory.ca_file).unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .build()
            .unwrap();
        let answer = http
            .post(format!("{}/login", factory.url))
            .header("origin", &factory.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 403);
        let path = url_encoded(&[("", &evil)]);
        let path = path.trim_start_matches('=');
        for below in ["linkedservices", "pipelines", "integrationRuntimes", "triggers"] {
            let answer = rest
                .put(
                    &format!("{below}/{path}"),
                    &json!({ "properties": { "type": evil, "activities": [] } }),
                )
                .await;
            assert!((400..500).contains(&answer.status), "{below}: {}", answer.text);
        }
        factory.assert_running();
        assert_lines(&factory.log(), &evil, is_json);
        let kept = std::fs::read_to_string(factory.state().join("logs/factory.log")).unwrap();
        assert_lines(&kept, &evil, is_json);

        // A file of a node's administrator; a file's name has 255 bytes at most.
        let mut node = Gateway::join(&factory, "gw", &key).await;
        node.kill9();
        let name: String = evil.chars().filter(|c| *c != '/').take(200).collect();
        let policy = refused.path().join(&name);
        std::fs::write(&policy, "[nonsense]\nx = 1\n").unwrap();
        node.boot_with(&["--policy", &policy.display().to_string()], &variables);
        let service = refused.path().join("service.json");
        let properties = json!({ "type": "Sqlite", "typeProperties": { "database": "/nowhere" } });
        std::fs::write(&service, json!({ "name": "S", "properties": properties }).to_string()).unwrap();
        node.ask(&["test-connection", "-f", &service.display().to_string()])
            .expect_fault("SL5022");
        assert_lines(&node.log(), &name, is_json);
    }
}

/// A user's name as the audit log has it, on a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn names_stay_in_their_row_of_a_table() {
    let factory = Factory::start();
    let key = factory.rest().make_gateway("gw").await;
    let refused = tempfile::tempdir().unwrap();
    assert_ne!(register(refused.path(), &key, &evil()).code, 0);
    let mut command = sluice();
    command.args(["factory", "audit"]).args(factory.cli_args());
    let shown = finish(command, None).expect(0).stdout;
    assert!(shown.contains("forger\\n1999"), "{shown}");
    assert!(!shown.contains(|c: char| c != '\n' && c.is_control()), "{shown:?}");
    assert!(
        !shown
            .lines()
            .any(|line| line.starts_with("1999") || line.starts_with('{')),
        "{shown}"
    );
}

/// As a form and a path have it.
fn url_encoded(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}
