//! `sluice gateway support-bundle` and `sluice factory support-bundle`.

use super::args::{BundleArgs, BundleFileArgs, FactoryBundleArgs};
use super::certificate::write_new;
use super::documents::connect;
use super::factory::state_options;
use super::output::{Output, note};
use crate::bundle;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::path::Path;

const MIB: usize = 1024 * 1024;

pub(super) async fn of_node(args: BundleArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    is_there(&state)?;
    let made = bundle::of_node(&state, args.file.max_size as usize * MIB).await?;
    written(&args.file, made, output)
}

pub(super) async fn of_factory(mut args: FactoryBundleArgs, output: &Output) -> Result<(), Fault> {
    is_there(&args.state)?;
    let own = |name: &str| Some(args.state.join(name)).filter(|file| file.is_file());
    args.api.ca_file = args.api.ca_file.take().or_else(|| own("ca.pem"));
    args.api.token_file = args.api.token_file.take().or_else(|| own("admin.token"));
    let options = state_options(&args.database)?;
    let most = args.file.max_size as usize * MIB;
    let made = bundle::of_factory(&args.state, &options, connect(&args.api), most).await?;
    written(&args.file, made, output)
}

/// A mistyped directory is a mistake of the command, not a node of which nothing is known.
fn is_there(state: &Path) -> Result<(), Fault> {
    match std::fs::read_dir(state) {
        Ok(_) => Ok(()),
        Err(error) => {
            let what = format!("{}: {error}", state.display());
            Err(Fault::new(Code::FileUnreadable, what))
        }
    }
}

fn written(args: &BundleFileArgs, (bytes, manifest): (Vec<u8>, Value), output: &Output) -> Result<(), Fault> {
    write_new(&args.file, &bytes)?;
    for missing in manifest["missing"].as_array().into_iter().flatten() {
        let word = |name: &str| missing[name].as_str().unwrap_or_default();
        note(format_args!("Not in it: {} ({})", word("part"), word("why")));
    }
    note(
        "It holds names of machines, stores and pipelines, and no secret. Look into it before you send it: unzip -l FILE",
    );
    let path = args.file.display().to_string();
    output.print(
        &json!({ "file": path, "bytes": bytes.len(), "manifest": manifest }),
        |_| format!("{path}\n"),
    );
    Ok(())
}
