//! `sluice quickstart`: the main job on one machine, with nothing to install first.
//!
//! A factory and a gateway run in this process and talk as they would over the network: registration by key, documents over
//! the public REST API, the job over AMQP 1.0 with TLS. Only the sample database is made up.

mod documents;
mod gateway;
mod sample;
mod verify;

use crate::api::runs::verdict;
use crate::api::{Api, ApiOptions, read_word};
use crate::cli::{Output, ProgressLine, QuickstartArgs, note};
use serde_json::json;
use sluice_contract::{Code, Fault};
use sluice_factory::{Factory, FactoryOptions};
use sluice_runtime::Root;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) async fn run(args: QuickstartArgs, output: &Output, root: &Root) -> Result<(), Fault> {
    let home = match &args.state {
        Some(dir) => {
            std::path::absolute(dir).map_err(|e| Fault::new(Code::Usage, format!("{}: {e}", dir.display())))?
        }
        None => default_home()?,
    };
    let database = home.join("on-premises").join("orders.db");
    let lake = home.join("cloud");
    make_dir(&lake)?;
    note(format_args!("Sluice quickstart in {}", home.display()));

    note(format_args!(
        "1. Sample database: {} orders in {}",
        args.rows,
        database.display()
    ));
    let sample = blocking({
        let database = database.clone();
        move || sample::ensure(&database, args.rows)
    })
    .await?;

    let mut options = FactoryOptions::new(home.join("factory"));
    options.rest_listen = free_or(args.listen, 8443)?;
    options.amqp_listen = free_or(args.amqp_listen, 5671)?;
    let factory = Factory::start(options, root).await?;
    note(format_args!(
        "2. Factory: {} (REST and page), amqps://{} (control channel)",
        factory.rest_url(),
        factory.amqp_addr()
    ));

    let api = Api::new(ApiOptions {
        url: factory.rest_url(),
        ca_file: Some(factory.ca_file()),
        token: read_word(&factory.admin_token_file())?,
        subscription: "default".to_owned(),
        resource_group: "default".to_owned(),
        factory: "quickstart".to_owned(),
    })?;
    let agent = gateway::start(&home, &api, factory.amqp_addr().port(), root).await?;
    let result = copy(&api, &database, &lake, &sample).await;
    if let Ok(done) = &result {
        note(format_args!(
            "5. Verified: {} rows, sum of total_cents {}, equal in source and Parquet",
            done.rows, done.sum
        ));
        note(format_args!("\nThe Parquet file  {}", done.file.display()));
        note(format_args!("The factory       {}", factory.rest_url()));
        note(format_args!("Its page          {}", factory.login_link()));
        note(format_args!("Its CA            {}", factory.ca_file().display()));
        note(format_args!(
            "Its admin token   {}",
            factory.admin_token_file().display()
        ));
        let value = json!({
            "rows": done.rows, "sum_total_cents": done.sum, "parquet": done.file, "database": database, "run": done.run,
            "seconds": done.seconds, "factory": factory.rest_url(), "ca_file": factory.ca_file(), "token_file": factory.admin_token_file(),
        });
        output.print(&value, |_| format!("{}\n", done.file.display()));
        if !args.exit {
            note(
                "\nUp until Ctrl-C. Try: sluice run list --factory-name quickstart (with SLUICE_FACTORY, SLUICE_CA_FILE, SLUICE_TOKEN_FILE set)",
            );
            sluice_runtime::stop_signal().await;
            note("Stopping");
        }
    }
    agent.shutdown().await;
    factory.shutdown().await;
    result.map(drop)
}

struct Done {
    run: String,
    rows: u64,
    sum: i64,
    file: PathBuf,
    seconds: f64,
}

/// Makes the documents, runs the pipeline and verifies what it made.
async fn copy(api: &Api, database: &Path, lake: &Path, sample: &sample::Facts) -> Result<Done, Fault> {
    for (kind, name, document) in documents::all(database, lake) {
        api.put(&[kind, name], &document).await?;
    }
    let started = Instant::now();
    let run = api.create_run(documents::PIPELINE, &json!({})).await?;
    note(format_args!("4. Pipeline {}: run {run}", documents::PIPELINE));
    let mut line = ProgressLine::new("orders");
    let ended = api.follow(&run, |progress| line.show(progress)).await;
    line.finish();
    let (state, activities) = ended?;
    verdict(&state, &activities)?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(output) = activities.first().map(|activity| &activity["output"]) {
        note(format_args!(
            "   {} rows, {} bytes written, {} KiB/s, {} partitions at a time, {seconds:.1} s",
            output["rowsCopied"], output["dataWritten"], output["throughput"], output["usedParallelCopies"]
        ));
    }
    let file = lake.join(documents::FILE);
    let copied = verify::read_back(lake, documents::FILE).await?;
    if copied != *sample {
        return Err(Fault::new(
            Code::VerificationFailed,
            format!("the source has {sample:?}, the Parquet file {copied:?}"),
        ));
    }
    Ok(Done {
        run,
        rows: copied.rows,
        sum: copied.sum,
        file,
        seconds,
    })
}

/// The wanted address, or the usual port on loopback, or a free one when that is taken.
fn free_or(wanted: Option<SocketAddr>, usual: u16) -> Result<SocketAddr, Fault> {
    if let Some(wanted) = wanted {
        return Ok(wanted);
    }
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, usual));
    Ok(match std::net::TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    })
}

fn default_home() -> Result<PathBuf, Fault> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    data.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .map(|data| data.join("sluice").join("quickstart"))
        .ok_or_else(|| {
            Fault::new(
                Code::Usage,
                "neither HOME nor XDG_DATA_HOME is set; name a directory with --state",
            )
        })
}

fn make_dir(dir: &Path) -> Result<(), Fault> {
    std::fs::create_dir_all(dir).map_err(|e| Fault::new(Code::FileUnreadable, format!("{}: {e}", dir.display())))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Fault::new(Code::Internal, e.to_string()))?
}
