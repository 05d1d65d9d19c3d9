//! The raw actix address works too, without the handle's promises.

use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext as _, Handler, Message, MessageResult};

use super::probe::{Block, Count, Hardy, Note, Probe, Profile, Seen};
use super::world::{PATIENCE, World, test, until};
use crate::sync::lock;
use crate::{Ctx, Handle, Port};

struct Address;

impl Message for Address {
    type Result = Addr<Probe<Hardy>>;
}

impl Handler<Address> for Probe<Hardy> {
    type Result = MessageResult<Address>;

    fn handle(&mut self, _: Address, ctx: &mut Ctx<Self>) -> Self::Result {
        MessageResult(ctx.address())
    }
}

#[test]
fn messages_to_the_address_are_measured_and_those_behind_a_hang_are_not_handled_by_the_zombie() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::clone(&seen));
        let address = handle.ask(Address, PATIENCE).await.unwrap();
        assert_eq!(address.send(Count {}).await.unwrap(), (1, 1));
        assert_eq!(handle.metrics().counts.handled, 2);
        assert_eq!(handle.metrics().unaccounted(), 0);

        address.do_send(Block { number: 1 });
        until("it blocks", || handle.metrics().handling == Some("Block")).await;
        address.do_send(Note { number: 2 });
        until("it is replaced", || handle.metrics().incarnation == 2).await;
        assert_eq!(handle.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        seen.open_gate();
        until("the zombie is gone", || !address.connected()).await;
        assert!(address.send(Count {}).await.is_err());
        assert!(lock(&seen.notes).is_empty());
        world.root.shutdown().await;
    });
}

/// What a component owns need not be fit for other threads; its handle is.
struct Threadbound(#[expect(dead_code)] std::rc::Rc<()>);

impl Profile for Threadbound {
    fn policy() -> crate::RestartPolicy {
        Hardy::policy()
    }
}

#[test]
fn handles_can_go_everywhere() {
    fn everywhere<T: Send + Sync + Clone + 'static>() {}
    everywhere::<Handle<Probe<Threadbound>>>();
    everywhere::<Port<Count>>();
    everywhere::<crate::Root>();
}

#[test]
fn a_deadline_without_end_is_fine() {
    test(async {
        let world = World::new();
        let handle = world.start::<Probe<Hardy>>("probe", Arc::default());
        handle.ask(Count {}, Duration::MAX).await.unwrap();
        handle.ask_retry(Count {}, Duration::MAX).await.unwrap();
        world.root.shutdown().await;
    });
}

impl crate::Idempotent for Count {}
