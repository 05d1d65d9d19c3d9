mod pinned;
mod proxy;

use crate::{Judge, Lookup, Network, ProxyState};
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A name server in hostile hands: its first answer is the good address, every later one the bad.
#[derive(Debug)]
pub(crate) struct Rebinding {
    good: IpAddr,
    bad: IpAddr,
    asked: AtomicUsize,
}

#[async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { self.good } else { self.bad }])
    }
}

/// What a judge was asked: host, port, addresses.
type Question = (String, Option<u16>, Option<Vec<IpAddr>>);

/// Refuses one address, and remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Refusing {
    bad: Option<IpAddr>,
    asked: Mutex<Vec<Question>>,
}

impl Judge for Refusing {
    fn judge(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        let question = (host.to_owned(), port, addresses.map(<[_]>::to_vec));
        self.asked.lock().unwrap().push(question);
        let found = addresses
            .into_iter()
            .flatten()
            .any(|address| Some(*address) == self.bad);
        match found || host == "refused.test" {
            true => Err(Fault::new(Code::PolicyRefused, format!("{host} is refused"))),
            false => Ok(()),
        }
    }
}

pub(crate) const GOOD: [u8; 4] = [127, 0, 0, 1];
pub(crate) const BAD: [u8; 4] = [127, 0, 0, 2];

/// A network with a hostile name server and a judge that refuses its second answer.
pub(crate) fn network(first: [u8; 4], proxy: ProxyState) -> (Network, Arc<Refusing>, Arc<Rebinding>) {
    let judge = Arc::new(Refusing {
        bad: Some(BAD.into()),
        asked: Mutex::default(),
    });
    let lookup = Arc::new(Rebinding {
        good: first.into(),
        bad: BAD.into(),
        asked: AtomicUsize::new(0),
    });
    let network = Network::new(judge.clone(), lookup.clone(), proxy);
    (network, judge, lookup)
}
