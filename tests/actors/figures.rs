//! The figures of factory and gateway, by every way there is to them.

use super::page::Page;
use sluice_tests::binary::run;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

async fn scrape(address: &str) -> (reqwest::Response, String) {
    sluice_tests::init_tls();
    let url = format!("http://{address}/metrics");
    let reply = reqwest::get(&url).await.unwrap();
    let elsewhere = reqwest::get(format!("http://{address}/")).await.unwrap();
    assert_eq!(elsewhere.status(), 404);
    (reply, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_both_and_the_command_line_prints_the_same() {
    let factory = Factory::start_with(&["--metrics-listen", "127.0.0.1:0"], &[]);
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    let ready = gateway.boot_with(&["--metrics-listen", "127.0.0.1:0"], &[]);
    gateway.online(&factory).await;

    let mut pages = Vec::new();
    for address in [
        factory.metrics.clone().unwrap(),
        ready["metrics"].as_str().unwrap().to_owned(),
    ] {
        let (reply, url) = scrape(&address).await;
        assert_eq!(reply.status(), 200, "{url}");
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let text = reply.text().await.unwrap();
        assert!(!text.contains(&factory.token()), "the token is among the figures");
        pages.push(Page::parse(&text));
    }
    for (page, component) in [
        (&pages[0], "component=\"RestServer\",id=\"factory/rest\""),
        (&pages[1], "component=\"JobScheduler\""),
    ] {
        assert_eq!(
            page.value(&format!("sluice_actor_state{{{component},state=\"running\"}}")),
            1.0
        );
        assert_eq!(
            page.value(&format!("sluice_actor_state{{{component},state=\"failed\"}}")),
            0.0
        );
        assert_eq!(page.value(&format!("sluice_actor_incarnation{{{component}}}")), 1.0);
        for reason in ["panic", "hang", "stalled", "stopped"] {
            assert_eq!(
                page.value(&format!(
                    "sluice_actor_restarts_total{{{component},reason=\"{reason}\"}}"
                )),
                0.0
            );
        }
        assert!(page.value("process_resident_memory_bytes") > 1e6);
        assert!(page.value("process_open_fds") > 3.0);
        assert!(page.value("tokio_workers") >= 1.0);
        assert_eq!(
            page.value("sluice_actor_state{component=\"MetricsListener\",state=\"running\"}"),
            1.0
        );
    }

    // By the admin socket, and by REST with a token: the same families.
    let printed = gateway.ask(&["metrics"]).expect(0);
    assert!(printed.stderr.is_empty(), "{}", printed.stderr);
    assert_eq!(Page::parse(&printed.stdout).kinds, pages[1].kinds);
    let rest = factory.rest();
    assert_eq!(
        Page::parse(&rest.raw("GET", "/metrics", None).await.text).kinds,
        pages[0].kinds
    );
    let ca = std::fs::read_to_string(&factory.ca_file).unwrap();
    let stranger = sluice_tests::rest::Rest::new(&factory.url, &ca, "", "df");
    stranger.raw("GET", "/metrics", None).await.expect_fault(401, "SL4001");

    // Every name is on the page about them, and every one there is a real one.
    let documented = std::fs::read_to_string(sluice_tests::root().join("docs/monitoring.md")).unwrap();
    for name in pages[0].kinds.keys().chain(pages[1].kinds.keys()) {
        assert!(
            documented.contains(&format!("`{name}`")),
            "docs/monitoring.md says nothing of {name}"
        );
    }
    for row in documented.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.nth(1).unwrap().trim_matches('`');
        let Some(kind) = cells
            .next()
            .filter(|kind| ["counter", "gauge", "histogram"].contains(kind))
        else {
            continue;
        };
        let found = pages.iter().find_map(|page| page.kinds.get(name));
        assert_eq!(found.map(String::as_str), Some(kind), "{row}");
    }
}

#[test]
fn figures_are_not_opened_to_other_machines_by_accident() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    for program in ["factory", "gateway"] {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let refused = run(&[program, "run", "--state", &state, "--metrics-listen", address]);
            let refused = refused.expect(2).expect_fault("SL1001");
            assert!(refused.stderr.contains("--metrics-open"), "{}", refused.stderr);
        }
        run(&[program, "run", "--state", &state, "--metrics-open"]).expect(2);
    }
    assert!(!dir.path().join("state").exists(), "something was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn components_are_listed_once_or_every_second() {
    let factory = Factory::start();
    let gateway = Gateway::start(&factory, "onprem").await;
    let table = gateway.ask(&["actors"]).expect(0);
    assert!(table.stderr.is_empty(), "{}", table.stderr);
    let lines: Vec<_> = table.stdout.lines().collect();
    assert!(
        lines[0].starts_with("NAME ") && lines[0].contains("RESTARTS"),
        "{}",
        table.stdout
    );
    let row = lines.iter().find(|line| line.starts_with("JobScheduler ")).unwrap();
    assert!(row.contains(" running "), "{row}");

    let rows = gateway.ask(&["actors", "-o", "json"]).expect(0).json();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == "QueueListener")
        .unwrap();
    assert_eq!(row["health"], "running");
    for member in [
        "sent",
        "handled",
        "rejected",
        "lost",
        "fenced",
        "depth",
        "capacity",
        "incarnation",
    ] {
        assert!(row[member].is_u64(), "{member} in {row}");
    }

    let mut watching = sluice_tests::binary::sluice()
        .args(["gateway", "actors", "--watch", "-o", "json", "--state"])
        .arg(gateway.state())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for line in lines.take(3) {
        let rows: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert!(rows.as_array().unwrap().len() >= 6, "{rows}");
    }
    // The reader went away: it ends by itself.
    let ended = watching.wait().unwrap();
    assert_eq!(ended.code(), Some(0), "{ended}");

    let status = gateway.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(
        (&status["health"], &status["overall"]),
        (&"Online".into(), &"Healthy".into())
    );
}
