//! Figures sent by OTLP to a collector that is a small HTTP server of this test.

use super::page::Page;
use serde_json::Value;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "c0llector-canary";

/// What came in.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Request>>>);

impl Collector {
    /// Takes everything but the first request, which it is too busy for.
    async fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let collector = Self::default();
        let taking = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().serve(stream));
            }
        });
        (collector, port)
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let mut headers = BTreeMap::new();
            loop {
                let mut header = String::new();
                stream.read_line(&mut header).await.unwrap();
                let Some((name, value)) = header.trim().split_once(':') else {
                    break;
                };
                headers.insert(name.to_lowercase(), value.trim().to_owned());
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            let request = Request {
                line: line.trim().to_owned(),
                headers,
                body: serde_json::from_slice(&body).unwrap(),
            };
            let first = {
                let mut all = self.0.lock().unwrap();
                all.push(request);
                all.len() == 1
            };
            let status = if first { "503 Busy" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

/// The attributes of a resource.
fn attributes(resource: &Value) -> BTreeMap<&str, &str> {
    let pairs = resource["resource"]["attributes"].as_array().unwrap().iter();
    pairs
        .map(|pair| {
            (
                pair["key"].as_str().unwrap(),
                pair["value"]["stringValue"].as_str().unwrap(),
            )
        })
        .collect()
}

/// A number as OTLP's JSON has it.
fn number(point: &Value) -> f64 {
    match &point["asInt"] {
        Value::String(text) => text.parse().unwrap(),
        _ => point["asDouble"]
            .as_f64()
            .unwrap_or_else(|| panic!("no number in {point}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_figures_that_prometheus_gets() {
    let factory = Factory::start();
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    let (collector, port) = Collector::start().await;
    gateway.boot_with(
        &[],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}/")),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                &format!("x-api-key={SECRET},x-team=data%20flow"),
            ),
            ("OTEL_METRIC_EXPORT_INTERVAL", "250"),
        ],
    );
    gateway.online(&factory).await;
    let last = until("several requests", Duration::from_secs(60), || async {
        let all = collector.0.lock().unwrap();
        all.get(5..).and_then(|_| all.last().cloned())
    })
    .await;
    assert_eq!(last.line, "POST /v1/metrics HTTP/1.1");
    assert_eq!(last.headers["content-type"], "application/json");
    assert_eq!(
        (last.headers["x-api-key"].as_str(), last.headers["x-team"].as_str()),
        (SECRET, "data flow")
    );

    let resource = &last.body["resourceMetrics"][0];
    let attributes = attributes(resource);
    let status = gateway.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(attributes["service.name"], "sluice-gateway");
    assert_eq!(attributes["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["node"], attributes["service.instance.id"]);

    // The names and types are those of the page.
    let page = Page::parse(&gateway.ask(&["metrics"]).expect(0).stdout);
    let metrics = resource["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let names: BTreeSet<&str> = metrics.iter().map(|metric| metric["name"].as_str().unwrap()).collect();
    assert_eq!(names, page.kinds.keys().map(String::as_str).collect());
    for metric in metrics {
        let name = metric["name"].as_str().unwrap();
        let form = match page.kinds[name].as_str() {
            "counter" => "sum",
            other => other,
        };
        let data = &metric[form];
        for point in data["dataPoints"].as_array().unwrap_or_else(|| panic!("{metric:#}")) {
            let nanos = |member: &str| point[member].as_str().unwrap().parse::<u64>().unwrap();
            assert!(nanos("startTimeUnixNano") < nanos("timeUnixNano"), "{point}");
            if form == "histogram" {
                let counts = point["bucketCounts"].as_array().unwrap();
                let sum: u64 = counts
                    .iter()
                    .map(|count| count.as_str().unwrap().parse::<u64>().unwrap())
                    .sum();
                assert_eq!(point["count"], sum.to_string(), "{point}");
                assert_eq!(counts.len(), point["explicitBounds"].as_array().unwrap().len() + 1);
            } else {
                assert!(number(point) >= 0.0, "{name}");
            }
        }
        if form != "gauge" {
            assert_eq!(data["aggregationTemporality"], 2, "{name}");
        }
        if form == "sum" {
            assert_eq!(data["isMonotonic"], true, "{name}");
        }
    }

    // The request that was not taken is counted and logged, once; the header is told to nobody else.
    let messages = |message: &str| {
        let labels = format!("component=\"OtlpExporter\",message=\"{message}\",outcome=\"handled\"");
        page.value(&format!("sluice_actor_messages_total{{{labels}}}"))
    };
    assert_eq!(messages("ExportFailed"), 1.0);
    assert!(messages("Exported") >= 4.0);
    let log = gateway.log();
    assert_eq!(log.matches("Figures could not be exported").count(), 1, "{log}");
    assert!(log.contains("503") && !log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factory_is_the_same_one_after_its_restart() {
    let (collector, port) = Collector::start().await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*format!("http://127.0.0.1:{port}")),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    let mut factory = Factory::start_with(&[], &variables);
    let mut instances = Vec::new();
    for _ in 0..2 {
        collector.0.lock().unwrap().clear();
        let request = until("a request", Duration::from_secs(60), || async {
            collector.0.lock().unwrap().last().cloned()
        })
        .await;
        let resource = &request.body["resourceMetrics"][0];
        let attributes = attributes(resource);
        assert_eq!(attributes["service.name"], "sluice-factory");
        let text = resource.to_string();
        assert!(
            text.contains("RestServer") && !text.contains(&factory.token()),
            "{text}"
        );
        instances.push(attributes["service.instance.id"].to_owned());
        factory.restart();
    }
    assert!(
        !instances[0].is_empty() && instances[0] == instances[1],
        "{instances:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_disturbs_nobody() {
    let factory = Factory::start();
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    let nobody = sluice_tests::net::free_port();
    gateway.boot_with(
        &[],
        &[
            (
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                &format!("http://user:{SECRET}@127.0.0.1:{nobody}/x"),
            ),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ],
    );
    gateway.online(&factory).await;
    let failed = "sluice_actor_messages_total{component=\"OtlpExporter\",message=\"ExportFailed\",outcome=\"handled\"}";
    until("failures to be counted", Duration::from_secs(60), || async {
        let page = Page::parse(&gateway.ask(&["metrics"]).expect(0).stdout);
        page.samples.get(failed).filter(|count| **count >= 5.0).map(drop)
    })
    .await;
    let log = gateway.log();
    assert_eq!(log.matches("Figures could not be exported").count(), 1, "{log}");
    assert!(!log.contains(SECRET), "{log}");
    let status = gateway.ask(&["status", "-o", "json"]).expect(0).json();
    assert_eq!(
        (&status["health"], &status["overall"]),
        (&"Online".into(), &"Healthy".into())
    );
    // One that is named wrongly neither.
    gateway.kill9();
    gateway.boot_with(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]);
    gateway.online(&factory).await;
    assert!(
        gateway.log().contains("No figures are exported by OTLP"),
        "{}",
        gateway.log()
    );
}
