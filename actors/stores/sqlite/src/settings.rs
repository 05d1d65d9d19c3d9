//! Where a linked service points.

use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault};
use std::path::PathBuf;

/// The database file: `path`, or `Data Source` in the connection string.
///
/// # Errors
/// `SL6013` when it is missing, or is no file.
pub(crate) fn path(properties: &StoreProperties) -> Result<PathBuf, Fault> {
    let path = properties.either("path", &["data source", "datasource", "filename", "path"]);
    let path = path.as_deref().map(str::trim).filter(|path| !path.is_empty());
    match path {
        None => Err(Fault::new(Code::PropertyMissing, "the linked service has no `path`")),
        Some(":memory:") => Err(Fault::new(
            Code::PropertyMissing,
            "the linked service's `path` is :memory:, a database that nobody else could see",
        )),
        Some(path) => Ok(PathBuf::from(path)),
    }
}
