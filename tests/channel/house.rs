//! RabbitMQ with a factory's end and nodes, each behind a proxy. Messages are signed, as they are in use.

use async_trait::async_trait;
use dashmap::DashMap;
use sluice_channel::conformance::Backend;
use sluice_channel::rabbit::broker_tls;
use sluice_channel::signed::{FactorySigned, NodesSigned, PublicKey, Signed, Signer};
use sluice_channel::{Address, Caps, ControlChannel, Gatekeeper, Link, Peer, Rabbit, RabbitOptions, Side, Topology};
use sluice_contract::{Code, FactoryId, Fault, NodeId};
use sluice_tests::proxy::Proxy;
use sluice_tests::rabbitmq::{PASSWORD, RabbitMq};
use std::sync::Arc;
use std::time::Duration;

/// Who is registered, by certificate.
#[derive(Default)]
struct Door(DashMap<Vec<u8>, Peer>);

impl Gatekeeper for Door {
    fn admit(&self, certificate: &[u8]) -> Result<Peer, Fault> {
        let known = self.0.get(certificate).map(|peer| peer.clone());
        known.ok_or_else(|| Fault::new(Code::ChannelRefused, "this node is not registered"))
    }
}

pub(super) struct House {
    factory: Arc<Signed>,
    topology: Rabbit,
    key: PublicKey,
    door: Arc<Door>,
    options: RabbitOptions,
    broker_port: u16,
    proxies: DashMap<NodeId, Proxy>,
}

impl House {
    /// A deployment of its own on the broker.
    pub(super) async fn on(broker: &RabbitMq, deployment: &str, idle: Duration) -> Self {
        sluice_tests::init_tls();
        let options = RabbitOptions {
            address: broker.url().parse().unwrap(),
            password: PASSWORD.to_owned().into(),
            tls: broker_tls(Some(&broker.identity.ca_pem), None).unwrap(),
            factory: FactoryId::from(deployment),
            side: Side::Factory,
            idle_timeout: idle,
            deadline: Duration::from_secs(10),
            network: sluice_channel::Network::open(),
        };
        let topology = Rabbit::new(options.clone());
        topology.ensure(&[Address::Events { gateway: None }]).await.unwrap();
        let signer = Signer::new(&Signer::generate().unwrap(), None).unwrap();
        let (key, door) = (signer.public(), Arc::new(Door::default()));
        Self {
            factory: Arc::new(Signed::new(
                Arc::new(topology.clone()),
                signer,
                NodesSigned::new(door.clone()),
            )),
            topology,
            key,
            door,
            options,
            broker_port: broker.port,
            proxies: DashMap::new(),
        }
    }
}

#[async_trait]
impl Backend for House {
    fn factory(&self) -> Arc<dyn ControlChannel> {
        self.factory.clone()
    }

    fn node(&self, peer: &Peer) -> Arc<dyn ControlChannel> {
        let proxy = Proxy::start(self.broker_port);
        let mut options = RabbitOptions {
            side: Side::Node(peer.clone()),
            ..self.options.clone()
        };
        options.address.port = proxy.port;
        self.proxies.insert(peer.node.clone(), proxy);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![peer.node.to_string()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        self.door.0.insert(certificate.der().to_vec(), peer.clone());
        let signer = Signer::new(&key.serialize_der(), Some(certificate.der())).unwrap();
        let judge = FactorySigned::new(self.key.clone(), peer.clone());
        Arc::new(Registered {
            inner: Signed::new(Arc::new(Rabbit::new(options)), signer, judge),
            topology: self.topology.clone(),
            peer: peer.clone(),
        })
    }

    fn cut(&self, node: &NodeId) {
        self.proxies.get(node).unwrap().cut();
    }

    fn freeze(&self, node: &NodeId) {
        self.proxies.get(node).unwrap().freeze();
    }

    fn idle_timeout(&self) -> Duration {
        self.options.idle_timeout
    }

    async fn noticed_gone(&self, _: &NodeId) {
        // A broker tells nobody.
    }
}

/// A node whose queues the factory has made, as it does when a node registers.
struct Registered {
    inner: Signed,
    topology: Rabbit,
    peer: Peer,
}

#[async_trait]
impl ControlChannel for Registered {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        let Peer { gateway, node } = self.peer.clone();
        let jobs = Address::Jobs {
            gateway: gateway.clone(),
        };
        self.topology
            .ensure(&[jobs, Address::Control { gateway, node }])
            .await?;
        self.inner.connect().await
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }
}
