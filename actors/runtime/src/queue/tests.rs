use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::line::Place;
use super::*;
use crate::metered::Metered;
use crate::stats::MessageStats;
use crate::tests::probe::{Hardy, Note, Probe};

fn note(stats: &Arc<MessageStats>) -> Box<Metered<Note>> {
    Box::new(Metered {
        msg: Some(Note { number: 1 }),
        reply: None,
        ticket: None,
        only_for: None,
        stats: Arc::clone(stats),
        enqueued_ns: 0,
    })
}

#[test]
fn only_the_owner_takes_messages() {
    let (queue, stats) = (Queue::<Probe<Hardy>>::new(10), Arc::default());
    queue.push(note(&stats), false).ok().unwrap();
    assert!(queue.pop(1).is_none());
    queue.assign(1);
    queue.assign(2);
    assert!(queue.pop(1).is_none());
    assert!(queue.pop(2).is_some());
    assert_eq!((queue.depth(), queue.taken()), (0, 1));
}

#[test]
fn only_the_owner_is_woken() {
    let queue = Queue::<Probe<Hardy>>::new(10);
    let stats = Arc::default();
    let (old, old_woken) = counting_waker();
    let (new, new_woken) = counting_waker();
    queue.assign(2);
    queue.begin_turn(2, &new);
    assert!(queue.end_turn(2, false));
    // A zombie comes back and wants to be woken.
    queue.begin_turn(1, &old);
    queue.push(note(&stats), false).ok().unwrap();
    assert_eq!((old_woken(), new_woken()), (0, 1));
}

#[test]
fn the_gate_decides_who_may_send_and_what_waits_is_lost_when_it_shuts() {
    let (queue, stats) = (Queue::<Probe<Hardy>>::new(1), Arc::<MessageStats>::default());
    queue.push(note(&stats), false).ok().unwrap();
    let refusal = |own| queue.push(note(&stats), own).err().map(|(_, refusal)| refusal);
    assert_eq!(refusal(false), Some(Refusal::Full));
    assert_eq!(refusal(true), None);
    queue.set_gate(Gate::Draining);
    assert_eq!(refusal(false), Some(Refusal::Down));
    assert_eq!(refusal(true), None);
    drop(queue.shut());
    assert_eq!(refusal(true), Some(Refusal::Down));
    assert_eq!(queue.depth(), 0);
    // Three that waited, and three that were refused and not taken back by their senders.
    assert_eq!(stats.lost.load(Ordering::SeqCst), 6);
}

#[test]
fn the_owner_is_woken_when_it_rests_at_an_empty_mailbox_and_goes_on_when_mail_came_during_its_turn() {
    let (queue, stats) = (Queue::<Probe<Hardy>>::new(10), Arc::default());
    let (waker, woken) = counting_waker();
    let push = || queue.push(note(&stats), false).ok().unwrap();
    queue.assign(1);
    queue.begin_turn(1, &waker);
    assert!(queue.end_turn(1, false));
    push();
    push();
    assert_eq!(woken(), 1);
    queue.begin_turn(1, &waker);
    while queue.pop(1).is_some() {}
    // Between its last look and its rest.
    push();
    assert!(!queue.end_turn(1, false));
    // It has looked, and has its reasons to leave it there.
    assert!(queue.end_turn(1, false));
    push();
    while queue.pop(1).is_some() {}
    queue.begin_turn(1, &waker);
    push();
    // It must let others have the thread, and comes back by itself.
    assert!(queue.end_turn(1, true));
    assert_eq!(woken(), 1);
    while queue.pop(1).is_some() {}
    push();
    assert_eq!(woken(), 2);
    // One that hangs in its turn does not keep the next one from being woken.
    queue.begin_turn(1, &waker);
    queue.assign(2);
    while queue.pop(2).is_some() {}
    queue.begin_turn(2, &waker);
    assert!(queue.end_turn(2, false) && queue.end_turn(1, false));
    push();
    assert_eq!(woken(), 3);
}

#[test]
fn room_that_is_granted_is_nobody_elses_and_passes_on_when_it_is_not_used() {
    let (queue, stats) = (Queue::<Probe<Hardy>>::new(1), Arc::default());
    queue.assign(1);
    queue.push(note(&stats), false).ok().unwrap();
    let [mut first, second, third] = [queue.line_up(), queue.line_up(), queue.line_up()].map(Some);
    assert_eq!(queue.waiting(), 3);
    assert!(queue.pop(1).is_some());
    // The mailbox is empty, and yet there is no room.
    let refusal = |own| queue.push(note(&stats), own).err().map(|(_, refusal)| refusal);
    assert_eq!(refusal(false), Some(Refusal::Full));
    let called = |place: &Place<'_, _>| futures::FutureExt::now_or_never(place.called()).is_some();
    assert!(called(first.as_ref().unwrap()) && !called(second.as_ref().unwrap()));
    first.take();
    assert!(called(second.as_ref().unwrap()) && !called(third.as_ref().unwrap()));
    assert_eq!(second.unwrap().push(note(&stats)).ok(), Some(1));
    assert!(!called(third.as_ref().unwrap()));
    // What the component sends itself takes the room before the one in line.
    assert_eq!(refusal(true), None);
    assert!(queue.pop(1).is_some());
    assert!(!called(third.as_ref().unwrap()));
    assert!(queue.pop(1).is_some());
    assert!(called(third.as_ref().unwrap()));
    assert_eq!(third.unwrap().push(note(&stats)).ok(), Some(1));
    assert_eq!(queue.waiting(), 0);
    assert!(queue.pop(1).is_some());
    assert_eq!(refusal(false), None);
}

#[test]
fn nobody_waits_at_a_shut_gate() {
    let (queue, stats) = (Queue::<Probe<Hardy>>::new(1), Arc::default());
    queue.push(note(&stats), false).ok().unwrap();
    let (granted, waits) = (queue.line_up(), queue.line_up());
    queue.assign(1);
    assert!(queue.pop(1).is_some());
    drop(queue.shut());
    for place in [granted, waits, queue.line_up()] {
        assert!(futures::FutureExt::now_or_never(place.called()).is_some());
        assert!(place.push(note(&stats)).is_err());
    }
    assert_eq!(queue.waiting(), 0);
    // Nothing of them is left behind.
    queue.set_gate(Gate::Open);
    assert!(queue.push(note(&stats), false).is_ok());
}

/// A waker that counts.
fn counting_waker() -> (Waker, impl Fn() -> usize) {
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    (waker, move || count.0.load(Ordering::SeqCst))
}
