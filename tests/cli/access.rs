//! `sluice factory token`, `client`, `user` and `audit`, at a running factory and offline.

use serde_json::Value;
use sluice_tests::binary::{Outcome, finish, run, sluice};
use sluice_tests::factory::Factory;
use std::path::Path;

fn call(factory: &Factory, args: &[&str], stdin: Option<&str>) -> Outcome {
    let mut command = sluice();
    command.args(args).args(factory.cli_args());
    finish(command, stdin)
}

#[track_caller]
fn offline(state: &Path, args: &[&str], stdin: Option<&str>) -> Outcome {
    let mut command = sluice();
    command.args(args).arg("--state").arg(state);
    finish(command, stdin)
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_given_listed_and_revoked() {
    let factory = Factory::start();
    let create = [
        "factory", "token", "create", "ci", "--scope", "operator", "--days", "30", "-o", "json",
    ];
    let made = call(&factory, &create, None).expect(0).json();
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(made["expires"].is_string(), "{made:#}");
    let mut rest = factory.rest();
    rest.token = token.clone();
    assert_eq!(rest.raw("GET", "/access/v1/me", None).await.ok()["scope"], "operator");
    // The name is taken, and a scope that is none is a mistake of usage.
    call(
        &factory,
        &["factory", "token", "create", "ci", "--scope", "reader"],
        None,
    )
    .expect(1);
    call(&factory, &["factory", "token", "create", "x", "--scope", "root"], None).expect(2);

    let client = [
        "factory",
        "client",
        "create",
        "deploy",
        "--scope",
        "contributor",
        "--within",
        "sub/rg",
    ];
    let printed = call(&factory, &client, None).expect(0).stdout;
    assert!(
        printed.starts_with("AZURE_CLIENT_ID=") && printed.contains("\nAZURE_CLIENT_SECRET="),
        "{printed}"
    );

    // Passwords come from standard input or a file.
    let user = [
        "factory",
        "user",
        "create",
        "ann",
        "--scope",
        "reader",
        "--password-file",
        "-",
    ];
    call(&factory, &user, Some("canary-a-long-password\n")).expect(0);
    // Nobody gets another password because somebody chose the same name.
    let refused = call(&factory, &user, Some("canary-another-password\n")).expect_fault("SL4054");
    assert_eq!(refused.stderr.matches("SL4054: ").count(), 0, "{}", refused.stderr);
    call(
        &factory,
        &[&user[..], &["--replace"]].concat(),
        Some("canary-another-password\n"),
    )
    .expect(0);
    let password = ["factory", "user", "password", "ann", "--password-file", "-"];
    let refused = call(&factory, &password, Some("short\n")).expect_fault("SL4053");
    // The next step is said once, and so is the code.
    assert_eq!(
        refused.stderr.matches("Choose a longer password").count(),
        1,
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("SL4053: "), "{}", refused.stderr);
    let asked = call(&factory, &["factory", "user", "password", "ann"], None).expect(2);
    assert!(asked.stderr.contains("--password-file"), "{}", asked.stderr);

    let listed = call(&factory, &["factory", "token", "list"], None).expect(0).stdout;
    assert!(
        listed.contains("ci") && listed.contains("operator") && !listed.contains(&token),
        "{listed}"
    );
    for (kind, name) in [("token", "ci"), ("client", "deploy"), ("user", "ann")] {
        call(&factory, &["factory", kind, "revoke", name], None).expect(0);
        call(&factory, &["factory", kind, "revoke", name], None).expect(3);
    }
    assert_eq!(rest.raw("GET", "/health", None).await.status, 401);

    let log = call(&factory, &["factory", "audit", "--actor", "admin", "-o", "json"], None).expect(0);
    let entries = log.json();
    let operations: Vec<&str> = entries
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["operation"].as_str())
        .collect();
    assert_eq!(
        operations,
        [
            "UserDelete",
            "ClientDelete",
            "TokenDelete",
            "UserPut",
            "UserPut",
            "ClientPut",
            "TokenPut"
        ],
        "the newest is first, and what failed is not there"
    );
    assert!(!log.stdout.contains("canary") && !log.stdout.contains(&token));
    assert!(!factory.log().contains("canary") && !factory.log().contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_state_directory_gets_back_in() {
    let factory = Factory::start();
    let state = factory.state();
    let create = ["factory", "token", "create", "rescue", "--scope", "admin"];
    let token = offline(&state, &create, None).expect(0).stdout.trim().to_owned();
    let mut rest = factory.rest();
    rest.token = token;
    let log = rest.raw("GET", "/access/v1/audit?text=tokenput", None).await.ok();
    assert_eq!(
        (&log["value"][0]["kind"], &log["value"][0]["address"]),
        (&Value::from("system"), &Value::from("local"))
    );
    let shown = offline(&state, &["factory", "audit"], None).expect(0).stdout;
    assert!(
        shown.contains("TokenPut") && shown.contains("/access/v1/tokens/rescue"),
        "{shown}"
    );
    offline(&state, &["factory", "token", "revoke", "rescue"], None).expect(0);
    assert_eq!(rest.raw("GET", "/health", None).await.status, 401);
    offline(&state.join("nothing"), &["factory", "token", "list"], None).expect(3);
}

#[test]
fn the_interface_is_printed_as_openapi() {
    let printed = run(&["factory", "openapi"]).expect(0).json();
    assert_eq!(printed["openapi"], "3.1.0");
    let paths = printed["paths"].as_object().unwrap();
    assert!(paths.len() > 40, "{}", paths.len());
    assert!(paths.contains_key("/access/v1/tokens/{name}"));
}
