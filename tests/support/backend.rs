//! What carries the control channel in a test: the factory's own endpoint, or a broker. Tests of several nodes run on both.
//!
//! ```ignore
//! for_each_backend!(async fn copies(backend: Backend) { .. });   // `copies::embedded` and `copies::rabbit`
//! let line = Line::start(backend);
//! let factory = line.factory();                                  // or line.factory_with(&["--lease", "5"], &[])
//! let nodes = line.nodes(&factory, "gw", 3).await;               // three nodes of one gateway, online
//! ```

use crate::factory::Factory;
use crate::gateway::Gateway;
use crate::rabbitmq::RabbitMq;

/// What carries the control channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The factory's own AMQP 1.0 endpoint.
    Embedded,
    /// RabbitMQ over AMQP 0-9-1.
    Rabbit,
}

/// A backend that runs for a test.
#[derive(Debug)]
pub struct Line {
    /// The broker, where there is one.
    pub broker: Option<RabbitMq>,
}

impl Line {
    /// Starts what the backend needs: nothing, or a broker.
    pub fn start(backend: Backend) -> Self {
        Self {
            broker: (backend == Backend::Rabbit).then(RabbitMq::start),
        }
    }

    /// The arguments of `sluice factory run` that choose it.
    pub fn factory_args(&self) -> Vec<String> {
        match &self.broker {
            None => Vec::new(),
            Some(broker) => broker_args(broker, &broker.url()),
        }
    }

    /// A factory on it.
    pub fn factory(&self) -> Factory {
        self.factory_with(&[], &[])
    }

    /// A factory on it, with more arguments and variables.
    pub fn factory_with(&self, more: &[&str], variables: &[(&str, &str)]) -> Factory {
        let mut args = self.factory_args();
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Factory::start_with(&args, variables)
    }

    /// Makes a gateway with this many nodes, named `node1`, `node2` and so on, and waits until all are online. The nodes share
    /// the gateway's credential certificate.
    pub async fn nodes(&self, factory: &Factory, gateway: &str, nodes: usize) -> Vec<Gateway> {
        Gateway::several(factory, gateway, nodes).await
    }
}

/// The arguments that put a factory on a broker, at an address that may be a proxy's.
pub fn broker_args(broker: &RabbitMq, url: &str) -> Vec<String> {
    let ca = broker.identity.ca_file.display().to_string();
    let password = broker.password_file().display().to_string();
    [
        ("--channel-url", url.to_owned()),
        ("--channel-password-file", password),
        ("--channel-ca-file", ca),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.to_owned(), value])
    .collect()
}

/// A test that runs on each backend: `NAME::embedded` and `NAME::rabbit`.
#[macro_export]
macro_rules! for_each_backend {
    ($(async fn $name:ident($backend:ident: Backend) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($backend: $crate::backend::Backend) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                check($crate::backend::Backend::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn rabbit() {
                check($crate::backend::Backend::Rabbit).await;
            }
        }
    )*};
}
