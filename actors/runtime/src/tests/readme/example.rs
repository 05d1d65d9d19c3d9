use std::time::Duration;

use actix::{Actor, Handler, Message, MessageResult};
use sluice_runtime::{Component, Ctx, Placement, TaskEnded, run, supervised};

/// Counts words, off its own thread.
struct Counter {
    total: usize,
}

impl Actor for Counter {
    type Context = Ctx<Self>;
}

impl Component for Counter {
    const NAME: &'static str = "Counter";
    type Deps = ();

    fn create((): &()) -> Self {
        Self { total: 0 }
    }
}

supervised!(Counter);

struct CountWords(String);

impl Message for CountWords {
    type Result = ();
}

impl Handler<CountWords> for Counter {
    type Result = ();

    fn handle(&mut self, text: CountWords, ctx: &mut Ctx<Self>) {
        let counter = ctx.handle();
        ctx.spawn_task("count words", async move {
            let words = text.0.split_whitespace().count();
            if let Err(refused) = counter.tell(Counted(words)) {
                tracing::warn!(%refused, "Words were counted in vain.");
            }
        });
    }
}

struct Counted(usize);

impl Message for Counted {
    type Result = ();
}

impl Handler<Counted> for Counter {
    type Result = ();

    fn handle(&mut self, words: Counted, _: &mut Ctx<Self>) {
        self.total += words.0;
    }
}

impl Handler<TaskEnded> for Counter {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, _: &mut Ctx<Self>) {
        if let Err(panic) = ended.outcome {
            tracing::warn!(task = ended.name, %panic, "Some words were not counted.");
        }
    }
}

struct Total;

impl Message for Total {
    type Result = usize;
}

impl Handler<Total> for Counter {
    type Result = MessageResult<Total>;

    fn handle(&mut self, _: Total, _: &mut Ctx<Self>) -> Self::Result {
        MessageResult(self.total)
    }
}

pub fn program() -> i32 {
    run(|root| async move {
        let counter = root.supervise::<Counter>("counter", (), Placement::OwnThread);
        if counter.tell(CountWords("to be or not to be".to_owned())).is_err() {
            return 1;
        }
        // A real program waits for `stop_signal()` here.
        for _ in 0..100 {
            match counter.ask(Total, Duration::from_secs(1)).await {
                Ok(6) => return 0,
                Ok(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => tracing::warn!(%error, "No answer."),
            }
        }
        1
    })
}

fn main() {
    std::process::exit(program());
}
