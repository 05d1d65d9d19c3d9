//! `sluice copy`: one copy without a factory.

use super::args::CopyArgs;
use super::output::Output;
use super::progress::ProgressLine;
use crate::address::{self, Place};
use crate::api::read_secret;
use serde_json::json;
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault, JobId, Object};
use sluice_copy::{Always, Bandwidth, CopyJob, CopyOptions};
use sluice_store_core::{CommitKey, SinkRequest, SourceRequest};
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

pub(super) async fn run(args: CopyArgs, output: &Output) -> Result<(), Fault> {
    let source = address::parse(&args.source, || {
        password("source", "SLUICE_SRC_PASSWORD", args.src_password_file.as_deref())
    })?;
    let mut sink = address::parse(&args.sink, || {
        password("sink", "SLUICE_DST_PASSWORD", args.dst_password_file.as_deref())
    })?;
    if args.create {
        sink.sink.insert("tableOption".to_owned(), json!("autoCreate"));
    }
    let mut settings = Object::new();
    if let Some(parallel) = args.parallel {
        settings.insert("parallelCopies".to_owned(), json!(parallel));
    }
    let mut options = CopyOptions::from_settings(&settings, args.memory as usize * 1024 * 1024)?;
    options.stall_timeout = Duration::from_secs(u64::from(args.stall));
    options
        .bandwidth
        .extend(args.bandwidth.map(|rate| Bandwidth::new(rate.0)));
    let title = source.title.clone();
    let job = job(source, sink, options).await?;

    let cancel = CancellationToken::new();
    let (sender, progress) = watch::channel(CopyProgress::default());
    let copying = async {
        let copy = sluice_copy::run(job, &Always, sender, cancel.clone());
        tokio::pin!(copy);
        tokio::select! {
            result = &mut copy => return result,
            _ = sluice_runtime::stop_signal() => cancel.cancel(),
        }
        copy.await
    };
    // The copy ends with its sender, and with that the line.
    let (result, ()) = tokio::join!(copying, show(title, progress));
    let outcome = result?;
    let value = serde_json::to_value(&outcome).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
    output.print(&value, |_| {
        let seconds = outcome
            .finished
            .zip(outcome.started)
            .map_or(0.0, |(to, from)| (to - from).as_seconds_f64());
        format!(
            "{} rows copied to {} in {seconds:.1} s, verified\n",
            outcome.rows_copied, outcome.location
        )
    });
    for warning in &outcome.warnings {
        super::note(format_args!("warning: {warning}"));
    }
    Ok(())
}

async fn job(source: Place, sink: Place, options: CopyOptions) -> Result<CopyJob, Fault> {
    let stores = crate::registry::stores();
    let source_request = SourceRequest {
        dataset_kind: source.dataset_kind.to_owned(),
        dataset: source.dataset,
        activity: source.source,
        ..Default::default()
    };
    let sink_request = SinkRequest {
        dataset_kind: sink.dataset_kind.to_owned(),
        dataset: sink.dataset,
        activity: sink.sink,
        default_name: source.title,
        ..Default::default()
    };
    Ok(CopyJob {
        key: CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        },
        source: stores.connector(&source.store.kind)?.connect(source.store).await?,
        source_request,
        sink: stores.connector(&sink.store.kind)?.connect(sink.store).await?,
        sink_request,
        logs: sluice_copy::LogStores::default(),
        options,
        continuation: Default::default(),
    })
}

async fn show(title: String, mut progress: watch::Receiver<CopyProgress>) {
    let mut line = ProgressLine::new(title);
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        line.show(&now);
    }
    line.finish();
}

/// A password from its file, its variable, `PGPASSWORD` or the terminal; none when nobody can be asked.
fn password(what: &str, variable: &str, file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Fault> {
    if let Some(file) = file {
        return read_secret(file).map(Some);
    }
    for name in [variable, "PGPASSWORD"] {
        if let Ok(value) = std::env::var(name) {
            return Ok(Some(Zeroizing::new(value)));
        }
    }
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let asked = rpassword::prompt_password(format!("Password of the {what} (empty for none): "))
        .map_err(|e| Fault::new(Code::Usage, format!("no password could be read: {e}")))?;
    Ok(Some(Zeroizing::new(asked)).filter(|password| !password.is_empty()))
}
