//! The access code: whoever can read the node's state directory has it, and nobody else.

use crate::state::{StateDir, read_key, write_private};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sluice_contract::{Code, Fault};
use std::path::PathBuf;
use zeroize::Zeroizing;

fn file(state: &StateDir) -> PathBuf {
    state.path().join("endpoint.code")
}

/// The code; made when there is none. Blocks.
///
/// # Errors
/// `SL5007` and `SL8006` for its file, `SL9002` when the library fails.
pub(super) fn load(state: &StateDir) -> Result<Zeroizing<String>, Fault> {
    let path = file(state);
    if let Some(bytes) = read_key(&path)?
        && let Ok(text) = std::str::from_utf8(&bytes)
        && !text.trim().is_empty()
    {
        return Ok(Zeroizing::new(text.trim().to_owned()));
    }
    let mut bytes = [0; 18];
    rand::fill(&mut bytes).map_err(|_| Fault::new(Code::Internal, "the random generator failed"))?;
    let code = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    write_private(&path, code.as_bytes())?;
    Ok(code)
}

/// Whether it is the right one, in a time that tells nothing.
pub(super) fn is_right(code: &str, given: &str) -> bool {
    verify_slices_are_equal(code.as_bytes(), given.trim().as_bytes()).is_ok()
}
