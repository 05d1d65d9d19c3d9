//! Helping with a copy that another node leads: partitions are read as it reads them and written into its staging. What is
//! verified and committed, and when, is the leader's.

use crate::CopyJob;
use crate::bandwidth::Pace;
use crate::deal::{Dealer, SharedCopy};
use crate::mapping::Shape;
use crate::native::passes_through;
use crate::progress::Counters;
use crate::road::Road;
use crate::settings::Asked;
use crate::step::guarded;
use crate::transfer::transfer;
use crate::whereabouts::Whereabouts;
use crate::worker::Reading;
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Sink, Source, Staging, Writer};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long letting go of the staging may take.
const RELEASE: Duration = Duration::from_secs(30);

/// Reads and writes the partitions that the dealer hands out, until none is left. How many there were.
///
/// # Errors
/// `SL7021` when this node cannot do it in the same way as the leader; else as [`run`](crate::run). Nothing that was not
/// finished is in the staging then.
pub async fn help(
    mut job: CopyJob,
    copy: SharedCopy,
    dealer: Arc<dyn Dealer>,
    progress: watch::Sender<CopyProgress>,
    cancel: CancellationToken,
) -> Result<u64, Fault> {
    let asked = Asked::read(&job.options.settings, &job.source_request, &job.sink_request)?;
    if asked.logs.allowed.is_some() {
        return Err(not_shared("rows may be left out of it"));
    }
    let mut road = Road::new(job.options, cancel, progress);
    job.source_request.plan = Some(copy.plan);
    let source = road.source(job.source.as_ref(), job.source_request).await?;
    let labels = source.partitions().iter().map(|partition| &partition.label);
    if !labels.eq(&copy.labels) {
        return Err(not_shared("this node would cut the source in another way"));
    }
    let shape = asked
        .shape(source.schema())?
        .with_files(source.as_ref(), &asked.folder)?;
    let workers = copy.open.len().clamp(1, road.options.parallel.max(1));
    job.sink_request.resumable = true;
    job.sink_request.staging = Staging::Join { state: copy.staging };
    let mut sink = road.sink(job.sink.as_ref(), job.sink_request, workers).await?;
    let joined = road
        .plan("joining the staging", sink.prepare(shape.schema(), &job.key))
        .await;
    let written = match joined {
        Ok(()) => {
            road.write_parts(&source, shape, sink.as_ref(), copy.native, dealer, workers)
                .await
        }
        Err(fault) => Err(fault),
    };
    // Whatever happened: the staging is the leader's.
    let release = async {
        sink.release().await;
        Ok(())
    };
    let _ = guarded("letting go of the staging", RELEASE, release).await;
    written
}

impl Road {
    async fn write_parts(
        &mut self,
        source: &Arc<dyn Source>,
        shape: Shape,
        sink: &dyn Sink,
        native: bool,
        dealer: Arc<dyn Dealer>,
        workers: usize,
    ) -> Result<u64, Fault> {
        let format = passes_through(source.as_ref(), &shape, sink, false);
        if format.is_some() != native {
            return Err(not_shared("this node would carry the rows in another encoding"));
        }
        if sink.parts().is_none() {
            return Err(not_shared("the sink keeps no parts here"));
        }
        let mut writers: Vec<Box<dyn Writer>> = Vec::with_capacity(workers);
        for _ in 0..workers {
            writers.push(self.plan("opening a writer", sink.writer()).await?);
        }
        let counters = Arc::new(Counters::default());
        let reading = Reading {
            source: source.clone(),
            schema: source.schema(),
            shape,
            native: format,
            // Who takes lines keeps no parts.
            lines: None,
            dealer,
            keeps_parts: true,
            of_others: OnceLock::new(),
            budget: self.options.budget(),
            pace: Pace::new(self.options.bandwidth.clone()),
            whereabouts: Whereabouts::new(workers),
            batch_bytes: self.options.batch_bytes(),
            counters: counters.clone(),
            rejects: None,
        };
        let limit = self.options.stall_timeout;
        transfer(reading, writers, sink, limit, &mut self.reporter, &self.cancel).await?;
        Ok(u64::from(counters.partitions_done.load(Ordering::Relaxed)))
    }
}

fn not_shared(why: &str) -> Fault {
    Fault::new(Code::NotShared, format!("the copy is not shared with this node: {why}"))
}
