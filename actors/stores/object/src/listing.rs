//! Finding objects page by page.

use crate::bucket::{Bucket, ObjectFiles, entry};
use crate::errors;
use object_store::list::PaginatedListOptions;
use sluice_contract::Fault;
use sluice_store_formats::{Entry, Location};

/// All objects of a folder, or with a prefix.
pub(crate) async fn list(container: &dyn Bucket, location: &Location) -> Result<Vec<Entry>, Fault> {
    let name = location.container.as_str();
    let prefix = match (&location.prefix, location.folder.as_str()) {
        (Some(prefix), _) => prefix.clone(),
        (None, "") => String::new(),
        (None, folder) => format!("{folder}/"),
    };
    let mut found = Vec::new();
    let mut page = None;
    loop {
        let options = PaginatedListOptions {
            delimiter: (!location.recursive).then(|| "/".into()),
            page_token: page.take(),
            ..PaginatedListOptions::default()
        };
        let prefix = Some(prefix.as_str()).filter(|prefix| !prefix.is_empty());
        let listed = container.list_paginated(prefix, options).await;
        let listed =
            listed.map_err(|error| errors::fault("listing", &ObjectFiles::place(name, &location.folder), &error))?;
        found.extend(listed.result.objects.into_iter().map(|meta| entry(name, meta)));
        page = listed.page_token;
        if page.is_none() {
            return Ok(found);
        }
    }
}
