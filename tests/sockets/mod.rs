//! A node only connects outward: what the kernel says of its sockets, before, during and after a copy.

use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{blob_parquet_sink, make_copy, postgres_query};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::proc_net::{Socket, children, sockets};
use std::time::Duration;

/// Ports that a test's node may connect to.
fn port_of(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Every socket is an outbound connection to one of these ports, or the node's own unix socket.
#[track_caller]
fn only_outbound(gateway: &Gateway, ports: &[u16]) -> Vec<u16> {
    let mut connected = Vec::new();
    for socket in sockets(gateway.pid()) {
        match socket {
            Socket::UnixListener(path) => {
                let state = gateway.state();
                assert!(
                    path.starts_with(&*state.to_string_lossy()),
                    "a unix socket outside the state directory: {path}"
                );
            }
            Socket::Tcp {
                remote, remote_port, ..
            } => {
                assert!(remote.is_loopback(), "{remote}");
                assert!(ports.contains(&remote_port), "a connection to {remote}:{remote_port}");
                connected.push(remote_port);
            }
            // Resolving a name connects its socket to one server.
            Socket::Udp { connected: true, .. } => {}
            listening => panic!("the node is open to the network: {listening:?}"),
        }
    }
    connected
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_listens_on_nothing_but_its_unix_socket() {
    let (postgres, azurite, factory) = (Postgres::start(), Azurite::https(), Factory::start());
    azurite.client().create_container("lake").await;
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let home = [port_of(&factory.url), port_of(&factory.amqp)];

    let connected = only_outbound(&gateway, &home);
    assert!(
        connected.contains(&home[1]),
        "the control channel is not to be seen: {connected:?}"
    );
    assert!(
        sockets(gateway.pid())
            .iter()
            .any(|socket| matches!(socket, Socket::UnixListener(_))),
        "the admin socket is not to be seen"
    );

    // While it copies, it is connected to both stores besides.
    let rest = factory.rest();
    let slow = "SELECT g AS id, CASE WHEN pg_sleep(0.002) IS NULL THEN '' ELSE repeat(md5(g::text), 20) END AS text \
                FROM generate_series(1, 3000) g";
    let sink = blob_parquet_sink(&azurite, "lake", "slow.parquet");
    make_copy(&rest, "onprem", "Slow", &postgres_query(&postgres, slow), &sink).await;
    let run = rest.start("Slow").await;
    let all = [home[0], home[1], postgres.port, azurite.port];
    until("the copy to read", Duration::from_secs(60), || async {
        only_outbound(&gateway, &all).contains(&postgres.port).then_some(())
    })
    .await;
    let activity = rest.end_of(&run, Duration::from_secs(120)).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    gateway.assert_running();
    only_outbound(&gateway, &all);
    assert!(
        children(gateway.pid()).is_empty(),
        "the node has started other programs"
    );
}

/// The helper itself has to see a listener where there is one: the factory's.
#[tokio::test]
async fn a_listener_would_be_seen() {
    let factory = Factory::start();
    let ports: Vec<u16> = sockets(factory.pid())
        .into_iter()
        .filter_map(|socket| match socket {
            Socket::TcpListener { port, .. } => Some(port),
            _ => None,
        })
        .collect();
    assert!(
        ports.contains(&port_of(&factory.url)) && ports.contains(&port_of(&factory.amqp)),
        "{ports:?}"
    );
}
