//! A name is looked up once, and what is connected to is what the node's policy was asked about.

use super::{failed_stage, put_service, test_connection};
use async_trait::async_trait;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_net::{Judge, Lookup, Network, ProxyState};
use sluice_store_core::{Connector, StoreProperties};
use sluice_tests::azurite::{ACCOUNT, Azurite, KEY};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::mariadb;
use sluice_tests::mariadb::MariaDb;
use sluice_tests::poll::until;
use sluice_tests::postgres::{self, Postgres};
use sluice_tests::tds::{self, TdsPeer};
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const GOOD: [u8; 4] = [127, 0, 0, 1];
const BAD: [u8; 4] = [127, 0, 0, 2];

/// A name server in hostile hands: so many good answers, then bad ones.
#[derive(Debug)]
struct Rebinding {
    good: usize,
    asked: AtomicUsize,
}

#[async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(vec![if before < self.good { GOOD } else { BAD }.into()])
    }
}

/// What a policy says that does not allow the bad address.
struct Refusing;

impl Judge for Refusing {
    fn judge(&self, host: &str, _: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        match addresses
            .into_iter()
            .flatten()
            .any(|address| *address == IpAddr::from(BAD))
        {
            true => Err(Fault::new(
                Code::PolicyRefused,
                format!("{host} is refused (rule test)"),
            )),
            false => Ok(()),
        }
    }
}

/// Counts who connects to the bad address.
fn trap(port: u16) -> TcpListener {
    let trap = TcpListener::bind((IpAddr::from(BAD), port)).unwrap();
    trap.set_nonblocking(true).unwrap();
    trap
}

#[track_caller]
fn untouched(trap: &TcpListener, about: &str) {
    let caught = trap.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(caught, Err(io::ErrorKind::WouldBlock), "{about}");
}

fn properties(kind: &str, public: Value, secrets: &[(&str, &str)]) -> StoreProperties {
    let mut properties = StoreProperties {
        kind: kind.to_owned(),
        public: public.as_object().unwrap().clone(),
        ..StoreProperties::default()
    };
    for (name, value) in secrets {
        properties.secrets.insert(*name, *value);
    }
    properties
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_its_address_leads_no_store_astray() {
    sluice_tests::init_tls();
    let (postgres, maria, peer, azurite) = (Postgres::start(), MariaDb::start(), TdsPeer::start(), Azurite::http());
    let blob = format!("http://rebound.test:{}/{ACCOUNT}", azurite.port);
    let stores: [(Arc<dyn Connector>, StoreProperties, u16); 4] = [
        (
            sluice_store_postgres::connector(),
            properties(
                "PostgreSqlV2",
                json!({ "server": "rebound.test", "port": postgres.port, "database": "postgres", "username": postgres::USER }),
                &[("password", postgres::PASSWORD)],
            ),
            postgres.port,
        ),
        (
            sluice_store_mysql::connector(),
            properties(
                "MariaDB",
                json!({ "server": "rebound.test", "port": maria.port, "database": mariadb::DATABASE, "username": mariadb::USER }),
                &[("password", mariadb::PASSWORD)],
            ),
            maria.port,
        ),
        (
            sluice_store_sqlserver::connector(),
            properties(
                "SqlServer",
                json!({ "server": format!("rebound.test,{}", peer.port), "database": tds::DATABASE, "userName": tds::USER,
                    "trustServerCertificate": true }),
                &[("password", tds::PASSWORD)],
            ),
            peer.port,
        ),
        (
            sluice_store_object::connector(),
            properties(
                "AzureBlobStorage",
                json!({ "connectionString": format!("AccountName={ACCOUNT};BlobEndpoint={blob}") }),
                &[("accountKey", KEY)],
            ),
            azurite.port,
        ),
    ];
    for (connector, properties, port) in stores {
        let kind = properties.kind.clone();
        let trap = trap(port);
        let over = |good: usize| {
            let lookup = Rebinding {
                good,
                asked: AtomicUsize::new(0),
            };
            Network::new(Arc::new(Refusing), Arc::new(lookup), ProxyState::default())
        };
        // As long as the name leads to the store, all is well.
        let fine = connector
            .connect_over(properties.clone(), over(usize::MAX))
            .await
            .unwrap();
        let stages = fine.probe().await;
        assert!(stages.iter().all(|stage| stage.fault.is_none()), "{kind}: {stages:?}");
        // However often the answer was good before, what is connected to then is judged, and refused.
        for good in 0..3 {
            let connection = connector.connect_over(properties.clone(), over(good)).await.unwrap();
            let mut fault = None;
            for _ in 0..=good {
                fault = fault.or(connection.probe().await.pop().and_then(|stage| stage.fault));
            }
            let fault = fault.unwrap_or_else(|| panic!("{kind}: nobody was refused after {good} good answers"));
            assert_eq!(
                fault.code,
                Code::PolicyRefused,
                "{kind} after {good} good answers: {fault}"
            );
        }
        untouched(&trap, &kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_judged_by_their_addresses_when_they_are_connected_to() {
    let factory = Factory::start();
    let mut node = Gateway::registered(&factory, "gw").await;
    std::fs::write(node.state().join("policy.toml"), "[hosts]\nloopback = false\n").unwrap();
    node.boot();
    node.online(&factory).await;
    let rest = factory.rest();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
    let secret = json!({ "type": "SecureString", "value": "canary" });
    for (kind, properties) in [
        (
            "PostgreSqlV2",
            json!({ "server": "localhost", "port": port, "database": "x", "username": "u", "password": secret }),
        ),
        (
            "MariaDB",
            json!({ "server": "localhost", "port": port, "database": "x", "username": "u", "password": secret }),
        ),
        (
            "SqlServer",
            json!({ "server": format!("localhost,{port}"), "database": "x", "userName": "u", "password": secret }),
        ),
        (
            "AzureBlobStorage",
            json!({ "connectionString": { "type": "SecureString", "value": format!("AccountName=a;AccountKey=QUFBQQ==;BlobEndpoint=http://localhost:{port}/a") } }),
        ),
    ] {
        let service = json!({ "properties": { "type": kind, "connectVia": via, "typeProperties": properties } });
        put_service(&rest, kind, &service).await;
        let answer = test_connection(&rest, kind).await;
        assert_eq!(failed_stage(&answer).1, "SL5021", "{kind}: {answer:#}");
        assert!(answer.to_string().contains("hosts.loopback"), "{kind}: {answer:#}");
    }
    let call = json!({ "type": "WebActivity", "name": "call", "typeProperties": { "method": "GET", "connectVia": via,
        "url": format!("http://localhost:{port}/") } });
    rest.put("pipelines/call", &json!({ "properties": { "activities": [call] } }))
        .await
        .ok();
    let run = rest.start("call").await;
    let ended = rest.end_of(&run, Duration::from_secs(60)).await;
    assert!(ended["error"].to_string().contains("SL5021"), "{ended:#}");
    untouched(&trap, "the machine itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_a_login_on_does_not_decide_where_to() {
    let factory = Factory::start();
    let mut node = Gateway::registered(&factory, "gw").await;
    let there = TdsPeer::start();
    let here = TdsPeer::with(|options| options.route = Some(("localhost".to_owned(), there.port)));
    let policy = node.state().join("policy.toml");
    std::fs::write(&policy, format!("[hosts]\ndeny = ['127.0.0.0/8:{}']\n", there.port)).unwrap();
    node.boot();
    node.online(&factory).await;
    let rest = factory.rest();
    let service = json!({ "properties": { "type": "SqlServer", "connectVia": { "referenceName": "gw", "type": "IntegrationRuntimeReference" },
        "typeProperties": { "server": format!("127.0.0.1,{}", here.port), "database": tds::DATABASE, "userName": tds::USER,
            "trustServerCertificate": true, "password": { "type": "SecureString", "value": tds::PASSWORD } } } });
    put_service(&rest, "routed", &service).await;
    let answer = test_connection(&rest, "routed").await;
    assert_eq!(
        failed_stage(&answer),
        ("login".to_owned(), "SL5021".to_owned()),
        "{answer:#}"
    );
    assert!(answer.to_string().contains("sends the login on"), "{answer:#}");
    assert!(there.logins().is_empty());
    // Where the policy lets it, it is followed.
    std::fs::write(&policy, "[hosts]\ndeny = []\n").unwrap();
    until("the login to be sent on", Duration::from_secs(30), || async {
        let answer = test_connection(&rest, "routed").await;
        failed_stage(&answer).1.is_empty().then_some(())
    })
    .await;
    assert!(!there.logins().is_empty());
}
