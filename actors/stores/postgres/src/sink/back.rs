//! Reading back what is staged.

use super::target::Target;
use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::source::Form;
use crate::source::{Cutter, NativeReader, Plan, Reader, Rows, native_stream, stream};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluice_contract::Fault;
use sluice_store_core::ReadBack;
use sluice_store_core::source::ORIGINAL_TYPE;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Bytes of a batch.
const BATCH: usize = 1024 * 1024;

/// The rows of a table under a condition, in the form in which they were written.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn rows(
    settings: &Settings,
    target: &Target,
    (table, condition): (&TableName, &str),
    schema: &SchemaRef,
    native: bool,
) -> Result<ReadBack, Fault> {
    if !native && let Some(why) = impossible(target, schema) {
        return Ok(ReadBack::Impossible(why));
    }
    let session = Session::open(settings).await?;
    let query = format!("SELECT {} FROM {}", target.list(), table.quoted());
    let plan = Plan::of_query(&session, &query).await?;
    let rows = Rows::Of(table.quoted(), condition.to_owned());
    let bytes_read = Arc::new(AtomicU64::new(0));
    let place = table.to_string();
    if native {
        let reader = NativeReader {
            session,
            place: &place,
            statement: plan.copy(&rows, Form::Native),
            cutter: Cutter::new(plan.types.len()),
            bytes_read,
        };
        return Ok(ReadBack::Native(native_stream(reader)));
    }
    let named = schema.fields().iter().zip(plan.schema.fields());
    let named = named.map(|(source, staged)| staged.as_ref().clone().with_name(source.name()));
    let reader = Reader {
        session,
        place: &place,
        statement: plan.copy(&rows, Form::Decoded),
        schema: Arc::new(Schema::new(named.collect::<Vec<_>>())),
        wires: &plan.wires,
        batch_bytes: BATCH,
        bytes_read,
        rejects: None,
    };
    Ok(ReadBack::Batches(stream(reader)?))
}

/// The first column whose values do not come back in the form they were written in, although they are the same.
fn impossible(target: &Target, schema: &Schema) -> Option<String> {
    let columns = schema.fields().iter().zip(target.stored());
    let mut others = columns.filter(|(field, stored)| !comes_back(field, stored));
    others.next().map(|(field, stored)| {
        format!(
            "column {:?} is written as {} and held as {stored}, which reads back in a form of its own",
            field.name(),
            field.data_type()
        )
    })
}

fn comes_back(field: &Field, stored: &str) -> bool {
    let source = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    match source {
        // A text in another type has one of several forms, but for PostgreSQL's own.
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let original = field.metadata().get(ORIGINAL_TYPE).map(String::as_str);
            matches!(stored, "text" | "name") || stored.starts_with("varchar") || original == Some(stored)
        }
        DataType::FixedSizeBinary(_) => stored == "bytea",
        DataType::Null => false,
        _ => true,
    }
}
