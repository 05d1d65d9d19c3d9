//! One queue's consumer: a task of its own, so that nothing it does with the broker is broken off in the middle when
//! somebody stops waiting for a delivery.

use super::credit::Window;
use super::open::End;
use super::{late, wire};
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicNackOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Acker, BasicProperties, Channel};
use sluice_contract::Fault;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// How long an acceptance may wait for credit that lets it go without a word to the broker beyond itself.
const LAZY: Duration = Duration::from_secs(1);
/// The longest reason that is kept with a message put aside, in bytes.
const REASON: usize = 1024;

/// A delivery on its way to the user.
pub(super) struct Arrived {
    pub(super) delivery: Delivery,
    pub(super) mark: Mark,
}

/// How a delivery is found again when it is settled.
pub(super) struct Mark {
    acker: Acker,
    /// The consumer it came through.
    run: u64,
}

/// What is to become of a delivery.
pub(super) enum Verdict {
    Accept,
    Release,
    /// To the dead queue: the body, its properties and the reason.
    Aside(Vec<u8>, Box<BasicProperties>, String),
}

pub(super) enum Order {
    Allow(u32),
    Settle(Mark, Verdict),
    Stop(oneshot::Sender<()>),
    Flush(oneshot::Sender<()>),
}

/// Writes what an inbox still has to settle.
pub(super) struct Flusher(mpsc::WeakUnboundedSender<Order>);

impl Flusher {
    pub(super) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if let Some(orders) = self.0.upgrade()
            && orders.send(Order::Flush(done)).is_ok()
        {
            let _ = wait.await;
        }
    }
}

/// The consumer that runs.
struct Running {
    stream: lapin::Consumer,
    run: u64,
}

pub(super) struct Consumer {
    channel: Channel,
    queue: ShortString,
    dead: ShortString,
    end: End,
    deadline: Duration,
    window: Window,
    running: Option<Running>,
    runs: u64,
    /// Acceptances that wait for credit, and until when.
    owed: Vec<Acker>,
    due: Option<Instant>,
}

type Started = (mpsc::UnboundedSender<Order>, mpsc::UnboundedReceiver<Arrived>, Flusher);

impl Consumer {
    pub(super) fn new(channel: Channel, queue: ShortString, dead: ShortString, end: End, deadline: Duration) -> Self {
        Self {
            channel,
            queue,
            dead,
            end,
            deadline,
            window: Window::default(),
            running: None,
            runs: 0,
            owed: Vec::new(),
            due: None,
        }
    }

    /// Checks that the queue is there, and starts the task.
    pub(super) async fn start(mut self, credit: u32) -> Result<Started, Fault> {
        let passive = lapin::options::QueueDeclareOptions {
            passive: true,
            ..Default::default()
        };
        let look = self
            .channel
            .queue_declare(self.queue.clone(), passive, FieldTable::default());
        self.limited("looking for the queue", look).await?;
        self.window.allow(credit);
        self.open().await?;
        let (orders, order) = mpsc::unbounded_channel();
        let (out, arrived) = mpsc::unbounded_channel();
        let flusher = Flusher(orders.downgrade());
        tokio::spawn(async move {
            let end = self.end.clone();
            let fault = tokio::select! {
                fault = self.serve(order, out) => fault,
                () = end.gone.cancelled() => None,
            };
            if let Some(fault) = fault {
                end.because(fault);
            }
        });
        Ok((orders, arrived, flusher))
    }

    /// Runs until the inbox is dropped (`None`) or something fails.
    async fn serve(
        &mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        out: mpsc::UnboundedSender<Arrived>,
    ) -> Option<Fault> {
        loop {
            let step = tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order, &out).await,
                    None => return None,
                },
                delivery = next(&mut self.running) => match delivery {
                    Ok(delivery) => {
                        self.hand_over(delivery, &out);
                        Ok(())
                    }
                    Err(fault) => Err(fault),
                },
                () = until(self.due) => self.reopen(&out).await,
            };
            if let Err(fault) = step {
                return Some(fault);
            }
        }
    }

    async fn obey(&mut self, order: Order, out: &mpsc::UnboundedSender<Arrived>) -> Result<(), Fault> {
        match order {
            Order::Allow(more) => {
                self.window.allow(more);
                while self.window.has_room() && !self.owed.is_empty() {
                    let acker = self.owed.remove(0);
                    self.window.settled();
                    self.ack(&acker).await?;
                }
                if self.owed.is_empty() {
                    self.due = None;
                }
                match self.window.has_room() {
                    true => self.reopen(out).await,
                    false => Ok(()),
                }
            }
            Order::Settle(mark, Verdict::Accept) => self.accept(mark, out).await,
            Order::Settle(mark, verdict) => {
                if self.is_running(&mark) && !self.window.has_room() {
                    self.close(out).await?;
                } else if self.is_running(&mark) {
                    self.window.settled();
                }
                match verdict {
                    Verdict::Aside(body, properties, reason) => {
                        self.put_aside(&body, *properties, &reason).await?;
                        self.ack(&mark.acker).await?;
                    }
                    _ => self.release(&mark.acker).await?,
                }
                self.open().await
            }
            Order::Stop(done) => {
                self.window.withdraw();
                self.close(out).await?;
                let _ = done.send(());
                Ok(())
            }
            Order::Flush(done) => {
                self.window.withdraw();
                self.close(out).await?;
                let _ = done.send(());
                Ok(())
            }
        }
    }

    fn is_running(&self, mark: &Mark) -> bool {
        self.running.as_ref().is_some_and(|running| running.run == mark.run)
    }

    async fn accept(&mut self, mark: Mark, out: &mpsc::UnboundedSender<Arrived>) -> Result<(), Fault> {
        if !self.is_running(&mark) {
            return self.ack(&mark.acker).await;
        }
        if self.window.has_room() {
            self.window.settled();
            return self.ack(&mark.acker).await;
        }
        self.owed.push(mark.acker);
        if self.window.credit() == 0 {
            // Nothing more is wanted: there is no reason to wait.
            return self.close(out).await;
        }
        self.due.get_or_insert_with(|| Instant::now() + LAZY);
        Ok(())
    }

    /// Starts a consumer with all the credit there is, unless one runs that gets it anyway.
    async fn open(&mut self) -> Result<(), Fault> {
        if self.running.is_some() || self.window.credit() == 0 {
            return Ok(());
        }
        let prefetch = self.window.opened(u16::MAX);
        let qos = self.channel.basic_qos(prefetch, Default::default());
        self.limited("setting the prefetch", qos).await?;
        let consume =
            self.channel
                .basic_consume(self.queue.clone(), "".into(), Default::default(), FieldTable::default());
        let stream = self.limited("consuming", consume).await?;
        self.runs += 1;
        self.running = Some(Running { stream, run: self.runs });
        Ok(())
    }

    /// Ends the consumer that runs. What was on its way is handed over as far as credit goes, the rest is given back; what
    /// was owed is settled.
    async fn close(&mut self, out: &mpsc::UnboundedSender<Arrived>) -> Result<(), Fault> {
        self.due = None;
        if let Some(mut running) = self.running.take() {
            self.window.closed();
            let cancel = self.channel.basic_cancel(running.stream.tag(), Default::default());
            self.limited("ending a consumer", cancel).await?;
            let run = running.run;
            while let Some(delivery) = running.stream.next().await {
                let delivery = delivery.map_err(|e| wire::lost(&e))?;
                if self.window.credit() == 0 {
                    self.release(&delivery.acker).await?;
                    continue;
                }
                self.window.arrived(false);
                let acker = delivery.acker.clone();
                let mark = Mark { acker, run };
                let _ = out.send(Arrived { delivery, mark });
            }
        }
        for acker in std::mem::take(&mut self.owed) {
            self.ack(&acker).await?;
        }
        Ok(())
    }

    async fn reopen(&mut self, out: &mpsc::UnboundedSender<Arrived>) -> Result<(), Fault> {
        self.close(out).await?;
        self.open().await
    }

    fn hand_over(&mut self, delivery: Delivery, out: &mpsc::UnboundedSender<Arrived>) {
        self.window.arrived(true);
        let mark = Mark {
            acker: delivery.acker.clone(),
            run: self.runs,
        };
        // Nobody takes it any more: the orders end, too.
        let _ = out.send(Arrived { delivery, mark });
    }

    async fn ack(&self, acker: &Acker) -> Result<(), Fault> {
        self.limited("accepting a delivery", acker.ack(Default::default()))
            .await
            .map(drop)
    }

    async fn release(&self, acker: &Acker) -> Result<(), Fault> {
        let back = BasicNackOptions {
            requeue: true,
            ..Default::default()
        };
        self.limited("giving a delivery back", acker.nack(back)).await.map(drop)
    }

    /// Keeps a message that nobody can use, with the reason. Without confirms: losing it loses nothing but evidence.
    async fn put_aside(&self, body: &[u8], properties: BasicProperties, reason: &str) -> Result<(), Fault> {
        let mut headers = properties.headers().clone().unwrap_or_default();
        let mut end = reason.len().min(REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        headers.insert("x-sluice-reason".into(), AMQPValue::LongString(reason[..end].into()));
        headers.insert(
            "x-sluice-queue".into(),
            AMQPValue::LongString(self.queue.as_str().into()),
        );
        // It is kept for as long as the dead queue says, whatever its own time to live was.
        let mut kept = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(2)
            .with_headers(headers);
        if let Some(id) = properties.message_id() {
            kept = kept.with_message_id(id.clone());
        }
        if let Some(kind) = properties.kind() {
            kept = kept.with_type(kind.clone());
        }
        let options = BasicPublishOptions::default();
        let publish = self
            .channel
            .basic_publish("".into(), self.dead.clone(), options, body, kept);
        self.limited("putting a message aside", publish).await.map(drop)
    }

    async fn limited<T>(&self, what: &str, work: impl Future<Output = lapin::Result<T>>) -> Result<T, Fault> {
        match timeout(self.deadline, work).await {
            Ok(done) => done.map_err(|e| wire::lost(&e).context(format!("{what} ({})", self.queue))),
            Err(_) => Err(late(what, self.deadline)),
        }
    }
}

/// The next delivery of the consumer that runs; for ever, when none does.
async fn next(running: &mut Option<Running>) -> Result<Delivery, Fault> {
    let Some(running) = running else {
        return std::future::pending().await;
    };
    match running.stream.next().await {
        Some(Ok(delivery)) => Ok(delivery),
        Some(Err(error)) => Err(wire::lost(&error)),
        None => Err(Fault::new(
            sluice_contract::Code::ChannelLost,
            "the broker ended the consumer: the queue was deleted or moved",
        )),
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
