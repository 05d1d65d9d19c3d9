//! kameo, a task of the runtime, with as much room in its mailbox as a component has by default.

use std::convert::Infallible;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::Contestant;
use super::actix::{Add, Total};
use crate::Failure;

struct Sum(u64);

impl Actor for Sum {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(sum: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(sum)
    }
}

impl Message<Add> for Sum {
    type Reply = ();

    async fn handle(&mut self, number: Add, _: &mut Context<Self, ()>) {
        self.0 += number.0;
    }
}

impl Message<Total> for Sum {
    type Reply = u64;

    async fn handle(&mut self, _: Total, _: &mut Context<Self, u64>) -> u64 {
        self.0
    }
}

#[derive(Clone)]
pub(crate) struct Kameo(ActorRef<Sum>);

impl Kameo {
    pub(crate) fn start(capacity: usize) -> Self {
        Self(Sum::spawn_with_mailbox(Sum(0), mailbox::bounded(capacity)))
    }
}

impl Contestant for Kameo {
    async fn tell(&self, number: u64) -> Result<(), Failure> {
        self.0.tell(Add(number)).send().await.map_err(|e| e.to_string().into())
    }

    async fn ask(&self) -> Result<u64, Failure> {
        self.0.ask(Total).send().await.map_err(|e| e.to_string().into())
    }
}
