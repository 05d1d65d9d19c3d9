//! What the first record of a file says about its columns.

use super::dialect::Dialect;
use super::parse::Record;
use super::records::{Found, Records};
use crate::codec::Input;
use crate::text::header;
use sluice_contract::Fault;

/// The columns of a file: from its header, or by their number. None when the file holds nothing.
pub(super) fn columns(input: Input<'_>, dialect: &Dialect) -> Result<Option<Vec<String>>, Fault> {
    let mut records = Records::begin(input, dialect)?;
    let mut first = Record::default();
    match records.next(&mut first)? {
        Found::Record => {}
        Found::Wrong(why) => return Err(records.fault(why)),
        Found::End => return Ok(None),
    }
    if !dialect.header {
        return Ok(Some((0..first.len()).map(header::number).collect()));
    }
    let field = |index| std::str::from_utf8(first.field(records.bytes(), index).0).map(str::to_owned);
    let names: Result<Vec<String>, _> = (0..first.len()).map(field).collect();
    let names = names.map_err(|_| records.fault("a name is not UTF-8"))?;
    let names = header::names(names.into_iter());
    names.map(Some).map_err(|why| records.fault(why))
}
