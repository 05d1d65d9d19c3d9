//! Help, version and wrong usage.

use sluice_tests::binary::run;
use sluice_tests::root;

#[test]
fn help_is_data_and_names_every_command() {
    let help = run(&["--help"]).expect(0);
    assert!(help.stderr.is_empty(), "{}", help.stderr);
    let commands = [
        "quickstart",
        "copy",
        "factory",
        "gateway",
        "apply",
        "validate",
        "pipeline",
        "run",
        "trigger",
        "explain",
        "stores",
    ];
    for command in commands {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{command} is not in\n{}",
            help.stdout
        );
    }
    assert!(
        help.stdout.contains("Examples:\n  sluice quickstart"),
        "{}",
        help.stdout
    );
    assert!(help.stdout.contains("Exit codes:"), "{}", help.stdout);
    let version = run(&["--version"]).expect(0);
    assert_eq!(version.stdout, format!("sluice {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_has_help() {
    for command in [
        &["quickstart"][..],
        &["copy"],
        &["factory"],
        &["factory", "run"],
        &["factory", "token", "create"],
        &["factory", "client", "list"],
        &["factory", "user", "password"],
        &["factory", "audit"],
        &["factory", "openapi"],
        &["gateway"],
        &["gateway", "create"],
        &["gateway", "list"],
        &["gateway", "register"],
        &["gateway", "run"],
        &["gateway", "status"],
        &["apply"],
        &["validate"],
        &["pipeline"],
        &["pipeline", "run"],
        &["run"],
        &["run", "list"],
        &["run", "show"],
        &["trigger"],
        &["trigger", "runs"],
        &["explain"],
        &["stores"],
    ] {
        let help = run(&[command, &["--help"]].concat()).expect(0);
        assert!(help.stdout.contains("Usage: sluice "), "{command:?}: {}", help.stdout);
    }
}

/// `docs/cli.md` shows each command's first line; what is documented has to be there, and the other way round.
#[test]
fn the_documented_commands_are_the_real_ones() {
    let documented = std::fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let help = run(&["--help"]).expect(0).stdout;
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    for name in names.filter(|name| *name != "help" && name.chars().all(|c| c.is_ascii_lowercase())) {
        assert!(
            documented.contains(&format!("`sluice {name}")),
            "docs/cli.md says nothing of {name}"
        );
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in [
        &[][..],
        &["nonsense"],
        &["copy"],
        &["copy", "--no-such-flag", "a", "b"],
        &["quickstart", "--rows", "0"],
        &["factory", "run", "--listen", "nowhere"],
        &["copy", "ftp://x/y", "file:out.csv"],
        &["copy", "file:in.txt", "file:out.csv"],
        &["explain", "SL0000"],
    ] {
        let outcome = run(args).expect(2);
        assert!(outcome.stdout.is_empty(), "{args:?}: {}", outcome.stdout);
        assert!(!outcome.stderr.is_empty(), "{args:?}");
    }
    let outcome = run(&["quickstrat"]).expect(2);
    assert!(
        outcome.stderr.contains("quickstart"),
        "no suggestion: {}",
        outcome.stderr
    );
}

#[test]
fn explain_knows_every_code() {
    let list = run(&["explain", "-o", "json"]).expect(0).json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), sluice_contract::codes::ALL.len());
    for code in sluice_contract::codes::ALL.iter().take(5) {
        let page = code.page();
        let outcome = run(&["explain", &page.code.to_lowercase()]).expect(0);
        assert!(outcome.stdout.contains(page.title), "{}", outcome.stdout);
        assert!(outcome.stdout.contains(page.next), "{}", outcome.stdout);
        assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
    }
}

#[test]
fn stores_lists_what_can_be_read_and_written() {
    let table = run(&["stores"]).expect(0);
    let stores = run(&["stores", "-o", "json"]).expect(0).json();
    let stores = stores.as_array().unwrap();
    for kind in ["PostgreSqlV2", "Sqlite", "FileServer", "AzureBlobStorage"] {
        assert!(table.stdout.contains(kind), "{}", table.stdout);
        let store = stores.iter().find(|store| {
            let services = store["linked_services"].as_array().unwrap();
            services.iter().any(|service| service == kind)
        });
        let store = store.unwrap_or_else(|| panic!("no {kind} in {stores:?}"));
        assert_eq!(store["capabilities"]["read"], true, "{store}");
        assert_eq!(store["capabilities"]["write"], true, "{store}");
        // The page about stores is there for each of them.
        let page = std::fs::read_to_string(root().join("docs/stores.md")).unwrap();
        assert!(page.contains(kind), "docs/stores.md says nothing of {kind}");
    }
}
