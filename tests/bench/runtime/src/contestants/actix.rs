//! actix as it is, on an arbiter of its own.

use actix::{Actor, Addr, Arbiter, Context, Handler, Message};

use super::Contestant;
use crate::Failure;

struct Sum(u64);

impl Actor for Sum {
    type Context = Context<Self>;
}

/// A number to add.
pub(crate) struct Add(pub(crate) u64);

impl Message for Add {
    type Result = ();
}

/// The question for the sum.
pub(crate) struct Total;

impl Message for Total {
    type Result = u64;
}

impl Handler<Add> for Sum {
    type Result = ();

    fn handle(&mut self, number: Add, _: &mut Self::Context) {
        self.0 += number.0;
    }
}

impl Handler<Total> for Sum {
    type Result = u64;

    fn handle(&mut self, _: Total, _: &mut Self::Context) -> u64 {
        self.0
    }
}

#[derive(Clone)]
pub(crate) struct Actix(Addr<Sum>);

impl Actix {
    /// On a thread of its own. The mailbox has no limit for `do_send`.
    pub(crate) fn start() -> Self {
        Self(Sum::start_in_arbiter(&Arbiter::new().handle(), |_| Sum(0)))
    }
}

impl Contestant for Actix {
    async fn tell(&self, number: u64) -> Result<(), Failure> {
        self.0.do_send(Add(number));
        Ok(())
    }

    async fn ask(&self) -> Result<u64, Failure> {
        Ok(self.0.send(Total).await?)
    }
}
