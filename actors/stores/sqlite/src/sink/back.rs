//! Reading back what is staged, in types that Arrow casts to those that were written.

use super::fit::Form;
use super::stage::Stage;
use super::target::{Target, TargetColumn};
use crate::database::Shared;
use crate::names::quote;
use crate::source::layout::Layout;
use crate::source::partition::Slice;
use crate::source::read;
use crate::types::{Affinity, Carrier};
use arrow::datatypes::{DataType, Field, Schema};
use sluice_store_core::ReadBack;
use std::sync::Arc;

/// Bytes of Arrow memory that a batch should stay under.
const BATCH_BYTES: usize = 1 << 20;

/// Reads the staging table.
pub(super) async fn staged(connection: &Shared, target: &Target, stage: &Stage, written: &Schema) -> ReadBack {
    if let Some(column) = target.columns.iter().find(|column| column.form.is_parsed()) {
        let name = &column.source;
        return ReadBack::Impossible(format!(
            "texts of column {name:?} are kept as numbers, and how they were written is not"
        ));
    }
    let layout = match layout(target, stage, written) {
        Ok(layout) => Arc::new(layout),
        Err(why) => return ReadBack::Impossible(why),
    };
    let slice = Slice::whole("the staging table");
    let connection = connection.lock().await;
    ReadBack::Batches(read::stream(
        connection,
        layout,
        slice,
        BATCH_BYTES,
        Arc::default(),
        None,
    ))
}

fn layout(target: &Target, stage: &Stage, written: &Schema) -> Result<Layout, String> {
    let mut carriers = Vec::with_capacity(target.columns.len());
    let mut list = Vec::with_capacity(target.columns.len());
    for (column, field) in target.columns.iter().zip(written.fields()) {
        let (carrier, expression) = how(column, field);
        carriers.push(carrier);
        list.push(expression);
    }
    let fields = target.columns.iter().zip(&carriers);
    let fields = fields.map(|(column, carrier)| Field::new(&column.source, carrier.data_type(), true));
    if carriers.len() != written.fields().len() {
        return Err("the staging table has other columns than were written".to_owned());
    }
    Ok(Layout {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        carriers,
        name: "the staging table".to_owned(),
        list: list.join(", "),
        from: stage.sql(),
        rowid: None,
        warnings: Vec::new(),
    })
}

/// What a column's values became, and the expression that gives them all in one storage class.
fn how(column: &TargetColumn, field: &Field) -> (Carrier, String) {
    let name = quote(&column.name);
    let data_type = match field.data_type() {
        DataType::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    let carrier = match (data_type, column.form) {
        (DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale), _) => {
            Carrier::DecimalNumber {
                precision: *precision,
                scale: *scale,
            }
        }
        (_, Form::Blob) => Carrier::Binary,
        // SQLite makes texts of numbers there.
        _ if column.affinity == Affinity::Text => Carrier::Utf8,
        (DataType::Boolean, _) => Carrier::Boolean,
        (_, Form::Integer) => Carrier::Int64,
        // Doubles without decimals may be kept as integers.
        (_, Form::Real) => return (Carrier::Float64, format!("CAST({name} AS REAL)")),
        _ => Carrier::Utf8,
    };
    (carrier, name)
}
