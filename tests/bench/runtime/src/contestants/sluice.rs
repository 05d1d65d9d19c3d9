//! sluice-runtime: supervised and metered.

use std::time::Duration;

use actix::{Actor, Handler};
use sluice_runtime::{Component, Ctx, Handle, Placement, RestartPolicy, Root};

use super::Contestant;
use super::actix::{Add, Total};
use crate::Failure;

/// Longer than any answer takes here.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds numbers; this many of them may wait.
pub(crate) struct Sum<const CAPACITY: usize>(u64);

impl<const CAPACITY: usize> Actor for Sum<CAPACITY> {
    type Context = Ctx<Self>;
}

impl<const CAPACITY: usize> Component for Sum<CAPACITY> {
    const NAME: &'static str = "Sum";
    type Deps = ();

    fn create((): &()) -> Self {
        Self(0)
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            capacity: CAPACITY,
            ..RestartPolicy::default()
        }
    }
}

impl<const CAPACITY: usize> actix::Supervised for Sum<CAPACITY> {
    fn restarting(&mut self, ctx: &mut Ctx<Self>) {
        *self = <Self as Component>::create(ctx.deps());
    }
}

impl<const CAPACITY: usize> Handler<Add> for Sum<CAPACITY> {
    type Result = ();

    fn handle(&mut self, number: Add, _: &mut Ctx<Self>) {
        self.0 += number.0;
    }
}

impl<const CAPACITY: usize> Handler<Total> for Sum<CAPACITY> {
    type Result = u64;

    fn handle(&mut self, _: Total, _: &mut Ctx<Self>) -> u64 {
        self.0
    }
}

/// On a thread of its own.
pub(crate) struct Sluice<const CAPACITY: usize>(Handle<Sum<CAPACITY>>);

impl<const CAPACITY: usize> Clone for Sluice<CAPACITY> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<const CAPACITY: usize> Sluice<CAPACITY> {
    pub(crate) fn start(root: &Root) -> Self {
        Self(root.supervise(&format!("sum-{CAPACITY}"), (), Placement::OwnThread))
    }
}

impl<const CAPACITY: usize> Contestant for Sluice<CAPACITY> {
    async fn tell(&self, number: u64) -> Result<(), Failure> {
        Ok(self.0.tell_wait(Add(number)).await?)
    }

    async fn ask(&self) -> Result<u64, Failure> {
        Ok(self.0.ask(Total, PATIENCE).await?)
    }
}
