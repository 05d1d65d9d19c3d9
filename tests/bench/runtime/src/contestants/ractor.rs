//! ractor, a task of the runtime. Its mailbox has no limit.

use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::Contestant;
use crate::Failure;

struct Sum;

pub(crate) enum Sums {
    Add(u64),
    Total(RpcReplyPort<u64>),
}

impl Actor for Sum {
    type Msg = Sums;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Sums>, (): ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Sums>, message: Sums, sum: &mut u64) -> Result<(), ActorProcessingErr> {
        match message {
            Sums::Add(number) => *sum += number,
            Sums::Total(answer) => answer.send(*sum)?,
        }
        Ok(())
    }
}

#[derive(Clone)]
pub(crate) struct Ractor(ActorRef<Sums>);

impl Ractor {
    pub(crate) async fn start() -> Result<Self, Failure> {
        Ok(Self(Actor::spawn(None, Sum, ()).await?.0))
    }
}

impl Contestant for Ractor {
    async fn tell(&self, number: u64) -> Result<(), Failure> {
        self.0.cast(Sums::Add(number)).map_err(|e| e.to_string().into())
    }

    async fn ask(&self) -> Result<u64, Failure> {
        match self.0.call(Sums::Total, None).await {
            Ok(CallResult::Success(sum)) => Ok(sum),
            Ok(_) => Err("ractor gave no answer".into()),
            Err(error) => Err(error.to_string().into()),
        }
    }
}
