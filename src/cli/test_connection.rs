//! `sluice gateway test-connection`: whether a store can be reached from this node, and if not, what is in the way.

use super::args::TestConnectionArgs;
use super::output::{Output, note, table};
use crate::api::{read_secret_or_ask, read_text};
use serde_json::{Value, json};
use sluice_agent::{admin, keys};
use sluice_contract::document::{Inline, LinkedService, inline_credential, take_secrets};
use sluice_contract::job::Endpoint;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault, Object};
use std::path::Path;

pub(super) async fn run(args: TestConnectionArgs, output: &Output) -> Result<(), Fault> {
    let state = args.state.dir();
    let mut stores = Vec::new();
    for file in &args.secret_store {
        stores.push(endpoint(&state, file, None).await?);
    }
    let secret = match &args.secret {
        None => None,
        Some(name) => Some((
            name.as_str(),
            read_secret_or_ask(&args.secret_file, &format!("Secret `{name}`: "))?,
        )),
    };
    let endpoint = endpoint(&state, &args.file, secret).await?.with_secret_stores(&stores);
    let stages = admin::test_connection(&state, &endpoint).await?;
    let rows: Vec<_> = stages.iter().map(row).collect();
    output.print(&json!(stages), |_| table(&["STAGE", "MS", "RESULT"], &rows));
    match stages.into_iter().find_map(|stage| Some((stage.name, stage.fault?))) {
        Some((name, fault)) => Err(fault.context(format!("stage {name}"))),
        None => {
            note("The connection works");
            Ok(())
        }
    }
}

fn row(stage: &ProbeStage) -> Vec<String> {
    let result = stage
        .fault
        .as_ref()
        .map_or("ok".to_owned(), |fault| fault.code.to_string());
    vec![stage.name.clone(), stage.millis.to_string(), result]
}

/// A linked service as a job would bring it: what is secret in it is sealed to this node's own certificate first.
async fn endpoint(
    state: &Path,
    file: &Path,
    secret: Option<(&str, zeroize::Zeroizing<String>)>,
) -> Result<Endpoint, Fault> {
    let document: Value = serde_json::from_str(read_text(file)?.trim_start_matches('\u{feff}'))
        .map_err(|e| Fault::new(Code::BadJson, format!("{}: not JSON: {e}", file.display())))?;
    let view = LinkedService::view(&document).map_err(|fault| fault.context(file.display()))?;
    let (inline, mut properties) = inline_credential(view.type_properties());
    let mut secrets = take_secrets(&mut properties);
    if let Some((name, text)) = secret {
        secrets.insert(name, text.as_str());
    }
    let sealed = match inline {
        _ if !secrets.is_empty() => Some(keys::seal(state, view.kind(), &properties, secrets).await?),
        Some(Inline::Sealed(token)) => Some(token),
        Some(Inline::Foreign) => {
            let message = format!("{}: no node here can open its encryptedCredential", file.display());
            return Err(Fault::new(Code::CredentialForeign, message));
        }
        None => None,
    };
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(Endpoint {
        // A name of its own: the connection in use by the running copies is left alone.
        name: format!(
            "{} (test)",
            document["name"]
                .as_str()
                .map(str::to_owned)
                .or(stem)
                .unwrap_or_default()
        ),
        kind: view.kind().to_owned(),
        properties,
        sealed,
        dataset_kind: String::new(),
        dataset: Object::new(),
        activity: Object::new(),
        extra: Object::new(),
    })
}
