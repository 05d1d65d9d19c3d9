use super::*;
use sluice_contract::Message;

fn item(id: &str) -> Item {
    let mut envelope = Envelope::new(
        "g".into(),
        &Message::Unknown {
            kind: "test".into(),
            data: serde_json::Value::Null,
        },
    );
    envelope.id = id.into();
    Item {
        envelope,
        body: Bytes::new(),
        peer: None,
    }
}

fn any(_: &Item) -> bool {
    true
}

fn take(queue: &Queue) -> (u64, String, bool) {
    let peek = queue.take(any).unwrap();
    (peek.id, peek.item.envelope.id.clone(), peek.redelivered)
}

#[test]
fn a_verdict_reaches_the_sender() {
    let queue = Queue::new(8);
    let mut a = queue.push(item("a"), None).unwrap();
    let mut b = queue.push(item("b"), None).unwrap();
    let (first, name, again) = take(&queue);
    assert_eq!((name.as_str(), again), ("a", false));
    let (second, ..) = take(&queue);
    assert!(queue.settle(second, Verdict::Rejected("no".into())));
    assert!(queue.settle(first, Verdict::Accepted));
    assert!(!queue.settle(first, Verdict::Accepted), "settled once only");
    assert_eq!(a.reply.try_recv(), Ok(Verdict::Accepted));
    assert_eq!(b.reply.try_recv(), Ok(Verdict::Rejected("no".into())));
    assert!(queue.is_empty());
}

#[test]
fn released_messages_keep_their_order() {
    let queue = Queue::new(8);
    let _tickets: Vec<_> = ["a", "b", "c"].map(|id| queue.push(item(id), None).unwrap()).into();
    let mut taken = Taken::of(queue.clone());
    for _ in 0..2 {
        taken.add(take(&queue).0);
    }
    drop(taken);
    let order: Vec<_> = (0..3)
        .map(|_| take(&queue))
        .map(|(_, name, again)| (name, again))
        .collect();
    assert_eq!(order, [("a".into(), true), ("b".into(), true), ("c".into(), false)]);
}

#[test]
fn a_withdrawn_message_is_gone_and_its_fate_known() {
    let queue = Queue::new(8);
    let untaken = queue.push(item("a"), None).unwrap();
    assert_eq!(untaken.withdraw(), Err(Withdrawn::Untaken));
    let held = queue.push(item("b"), None).unwrap();
    let (id, ..) = take(&queue);
    assert_eq!(held.withdraw(), Err(Withdrawn::Taken));
    queue.release(id);
    let returned = queue.push(item("c"), None).unwrap();
    let (id, ..) = take(&queue);
    queue.release(id);
    assert_eq!(returned.withdraw(), Err(Withdrawn::Taken));
    let settled = queue.push(item("d"), None).unwrap();
    let (id, ..) = take(&queue);
    queue.settle(id, Verdict::Accepted);
    assert_eq!(settled.withdraw(), Ok(Verdict::Accepted));
    drop(queue.push(item("e"), None));
    assert!(queue.is_empty());
}

#[test]
fn a_full_queue_takes_no_more() {
    let queue = Queue::new(1);
    let ticket = queue.push(item("a"), None).unwrap();
    take(&queue);
    assert!(queue.push(item("b"), None).is_none());
    drop(ticket);
    assert!(queue.push(item("b"), None).is_some());
}

#[test]
fn a_hand_over_takes_only_when_it_succeeds() {
    let queue = Queue::new(8);
    let _ticket = queue.push(item("a"), None).unwrap();
    let peek = queue.peek(any).unwrap();
    assert!(matches!(
        queue.take_if(peek.id, || Poll::<Result<(), ()>>::Pending),
        Some(Poll::Pending)
    ));
    assert!(matches!(
        queue.take_if(peek.id, || Poll::Ready(Err::<(), _>(()))),
        Some(Poll::Ready(Err(())))
    ));
    assert!(matches!(
        queue.take_if(peek.id, || Poll::Ready(Ok::<_, ()>(()))),
        Some(Poll::Ready(Ok(())))
    ));
    assert!(queue.take_if(peek.id, || Poll::Ready(Ok::<_, ()>(()))).is_none());
}
