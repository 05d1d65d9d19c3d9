//! The last request, to a collector that is a small HTTP server of these tests.

use super::exporter::{Exporter, OtlpExporter};
use super::settings::Settings;
use crate::telemetry::Identity;
use actix::{Actor, Handler, Message};
use serde_json::Value;
use sluice_runtime::{Component, Ctx, Health, Placement, Root, Strategy, TracingEvents, dataplane, supervised};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(30);

struct Worker;

impl Actor for Worker {
    type Context = Ctx<Self>;
}

impl Component for Worker {
    const NAME: &'static str = "Worker";
    type Deps = ();

    fn create((): &()) -> Self {
        Self
    }
}

supervised!(Worker);

struct Work;

impl Message for Work {
    type Result = ();
}

impl Handler<Work> for Worker {
    type Result = ();

    fn handle(&mut self, _: Work, _: &mut Ctx<Self>) {}
}

/// A collector that takes what comes, or that takes it and never answers.
async fn collector(answers: bool) -> (u16, UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (bodies, received) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 2 {
                if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
                    length = number.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            bodies.send(serde_json::from_slice(&body).unwrap()).unwrap();
            if !answers {
                std::future::pending::<()>().await;
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    (port, received)
}

async fn start(port: u16) -> Root {
    let root = Root::start(dataplane().unwrap(), Strategy::OneForOne, TracingEvents);
    let endpoint = format!("http://127.0.0.1:{port}");
    // The interval is the default: long.
    let settings = Settings::from(|name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone()));
    let identity = Identity {
        service: "sluice-gateway",
        instance: "node".to_owned(),
    };
    let exporter = Exporter::new(settings.unwrap().unwrap(), identity, root.clone()).unwrap();
    let exporter = root.supervise::<OtlpExporter>(OtlpExporter::NAME, exporter, Placement::OwnThread);
    let begun = Instant::now();
    while exporter.health() != Health::Running {
        assert!(begun.elapsed() < PATIENCE, "it does not start");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    root
}

#[test]
fn the_last_request_has_everything_those_who_have_stopped_included() {
    dataplane().unwrap().block_on(async {
        let (port, mut received) = collector(true).await;
        let root = start(port).await;
        let worker = root.supervise::<Worker>("worker", (), Placement::OwnThread);
        for _ in 0..3 {
            worker.ask(Work, PATIENCE).await.unwrap();
        }
        // The way programs end.
        root.keep_figures();
        root.retire("worker").await.unwrap();
        let report = root.shutdown().await;
        assert!(report.iter().all(|(_, _, in_order)| *in_order), "{report:?}");
        let body = received.try_recv().unwrap();
        assert!(received.try_recv().is_err(), "more than one request");
        let metrics = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
            .as_array()
            .unwrap();
        let sent = metrics
            .iter()
            .find(|metric| metric["name"] == "sluice_actor_messages_sent_total")
            .unwrap();
        let points = sent["sum"]["dataPoints"].as_array().unwrap();
        let of_worker = |point: &&Value| point["attributes"].to_string().contains("Worker");
        assert_eq!(points.iter().find(of_worker).unwrap()["asInt"], "3");
    });
}

#[test]
fn a_collector_that_does_not_answer_holds_nobody_up_for_long() {
    dataplane().unwrap().block_on(async {
        let (port, mut received) = collector(false).await;
        let root = start(port).await;
        let begun = Instant::now();
        let report = root.shutdown().await;
        assert!(report.iter().all(|(_, _, in_order)| *in_order), "{report:?}");
        assert!(begun.elapsed() < PATIENCE);
        assert!(received.try_recv().is_ok());
    });
}
