//! Lookup: the rows of a query, a table, a procedure or a file, within ADF's limits.

use crate::TaskJob;
use crate::settings::{flag, property};
use futures::TryStreamExt;
use serde_json::Value;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::statements::{Asked, Block, Gather, Limits, Parameter, RowSet};
use sluice_store_core::{Connection, Read, SourceRequest, TableSource, json};

/// Rows that an output holds; as in ADF the rest is left out.
const MAX_ROWS: usize = 5_000;
/// Bytes of JSON that an output holds; more fails.
const MAX_BYTES: usize = 4 << 20;
/// Arrow memory of one batch.
const BATCH_BYTES: usize = 1 << 20;

pub(crate) async fn run(job: &TaskJob<'_>) -> Result<Object, Fault> {
    let store = job.store()?;
    let end = job
        .spec
        .store
        .as_ref()
        .ok_or_else(|| property("the Lookup has no dataset"))?;
    let first_only = flag(&job.spec.settings, "firstRowOnly")?.unwrap_or(true);
    let mut limits = Limits {
        rows: if first_only { 1 } else { MAX_ROWS },
        bytes: MAX_BYTES,
        stop: true,
    };
    let set = match store.statements() {
        Some(statements) => {
            let asked = asked(end)?;
            limits.stop = only_reads(&asked);
            let ran = statements.run(asked, limits).await?;
            let first = ran.sets.into_iter().next();
            first.ok_or_else(|| Fault::new(Code::QueryFailed, "the Lookup's query gives no rows: it is no query"))?
        }
        None => of_source(store.as_ref(), end, limits).await?,
    };
    if set.large {
        let text = format!(
            "the rows are more than {} MiB of JSON, which is what an output holds",
            MAX_BYTES >> 20
        );
        return Err(Fault::new(Code::OutputTooLarge, text));
    }
    Ok(output(set, first_only))
}

fn output(set: RowSet, first_only: bool) -> Object {
    let mut output = Object::new();
    if first_only {
        // As in ADF: without a row there is no `firstRow`.
        if let Some(row) = set.rows.into_iter().next() {
            output.insert("firstRow".to_owned(), Value::Object(row));
        }
        return output;
    }
    output.insert("count".to_owned(), set.rows.len().into());
    let rows = set.rows.into_iter().map(Value::Object).collect();
    output.insert("value".to_owned(), Value::Array(rows));
    output
}

/// What the activity's `source` asks of a database.
fn asked(end: &Endpoint) -> Result<Asked, Fault> {
    Ok(match TableSource::of(&end.activity)?.read {
        Read::Table => Asked::Table(end.dataset.clone()),
        Read::Query(text) => Asked::Blocks(vec![Block {
            text,
            query: true,
            ..Block::default()
        }]),
        Read::Procedure { name, parameters } => Asked::Procedure {
            name,
            parameters: parameters
                .into_iter()
                .map(|(name, value)| Parameter {
                    name,
                    value: value.map_or(Value::Null, Value::from),
                    ..Parameter::default()
                })
                .collect(),
        },
    })
}

/// Whether nothing is left undone when the rest of the rows is not fetched. A text that may change something is run to its
/// end, however few of its rows are wanted.
fn only_reads(asked: &Asked) -> bool {
    match asked {
        Asked::Table(_) => true,
        Asked::Procedure { .. } => false,
        Asked::Blocks(blocks) => blocks.iter().all(|block| {
            let text = block.text.trim_start();
            let selects = text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
            let into = text.split_whitespace().any(|word| word.eq_ignore_ascii_case("into"));
            selects && !into && !text.contains(';')
        }),
    }
}

/// The first rows of anything that can be copied.
async fn of_source(store: &dyn Connection, end: &Endpoint, limits: Limits) -> Result<RowSet, Fault> {
    let request = SourceRequest {
        dataset_kind: end.dataset_kind.clone(),
        dataset: end.dataset.clone(),
        activity: end.activity.clone(),
        parallel: 1,
        batch_bytes: BATCH_BYTES,
        ..SourceRequest::default()
    };
    let source = store.source(request).await?;
    let mut gather = Gather::new(limits);
    gather.begin([]);
    'partitions: for partition in source.partitions() {
        let mut batches = source.read(partition).await?;
        while let Some(batch) = batches.try_next().await? {
            // A wide row is a lot of JSON: only as many as are wanted.
            let batch = batch.slice(0, batch.num_rows().min(limits.rows + 1));
            for row in json::rows(&batch)? {
                gather.push_row(row);
            }
            if gather.is_over() {
                break 'partitions;
            }
        }
    }
    Ok(gather.done().into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reads(text: &str) -> bool {
        only_reads(&Asked::Blocks(vec![Block {
            text: text.into(),
            query: true,
            ..Block::default()
        }]))
    }

    #[test]
    fn only_a_plain_select_may_be_left_unfinished() {
        assert!(reads(" SELECT * FROM t"));
        for text in [
            "INSERT INTO t VALUES (1) RETURNING a",
            "SELECT 1; DELETE FROM t",
            "EXEC p",
            "select a INTO b from c",
        ] {
            assert!(!reads(text), "{text}");
        }
    }

    #[test]
    fn the_output_is_that_of_data_factory() {
        let row = |n: i32| json!({"n": n}).as_object().unwrap().clone();
        let set = |rows: Vec<Object>| RowSet {
            rows,
            ..RowSet::default()
        };
        assert_eq!(json!(output(set(vec![row(1)]), true)), json!({"firstRow": {"n": 1}}));
        assert_eq!(json!(output(set(vec![]), true)), json!({}));
        let two = json!({"count": 2, "value": [{"n": 1}, {"n": 2}]});
        assert_eq!(json!(output(set(vec![row(1), row(2)]), false)), two);
    }
}
