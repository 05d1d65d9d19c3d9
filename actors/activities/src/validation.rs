//! Validation: waits until a dataset is there, and as it has to be.

use crate::TaskJob;
use crate::metadata::{Facts, facts};
use crate::settings::{flag, whole};
use serde_json::json;
use sluice_contract::{Code, Fault, Object};
use std::time::Duration;

/// Seconds between two looks, unless the activity says otherwise.
const SLEEP: u64 = 10;

/// It looks until it is stopped by its timeout, which is the job's.
pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let settings = &job.spec.settings;
    let sleep = Duration::from_secs(whole(settings, "sleep")?.unwrap_or(SLEEP).max(1));
    let wanted = Wanted {
        size: whole(settings, "minimumSize")?,
        children: flag(settings, "childItems")?,
    };
    loop {
        match look(job, &wanted).await {
            Ok(Some(output)) => return Ok(output),
            Ok(None) => {}
            // A store that cannot be reached now may be there in a moment: that is what this activity is for.
            Err(fault) if fault.retryable => tracing::debug!(%fault, "A validation could not look"),
            Err(fault) => return Err(fault),
        }
        tokio::time::sleep(sleep).await;
    }
}

struct Wanted {
    size: Option<u64>,
    children: Option<bool>,
}

async fn look(job: &TaskJob<'_>, wanted: &Wanted) -> Result<Option<Object>, Fault> {
    let found = match facts(job).await {
        Ok(found) => found,
        Err(fault) if matches!(fault.code, Code::FileNotFound | Code::TableNotFound) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let mut output = Object::new();
    output.insert("exists".to_owned(), json!(true));
    let fits = match &found {
        Facts::File(file) => {
            output.insert("itemName".to_owned(), json!(file.name()));
            output.insert("itemType".to_owned(), json!("File"));
            output.insert("size".to_owned(), json!(file.size));
            wanted.size.is_none_or(|least| file.size >= least)
        }
        Facts::Folder { name, folder } => {
            output.insert("itemName".to_owned(), json!(name));
            output.insert("itemType".to_owned(), json!("Folder"));
            wanted.children.is_none_or(|some| folder.children.is_empty() != some)
        }
        Facts::Table(_) => true,
    };
    Ok(fits.then_some(output))
}
