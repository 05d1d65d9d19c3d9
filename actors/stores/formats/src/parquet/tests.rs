use super::write::ParquetFormat;
use crate::encode::WriteFormat;
use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, many, open, rows};
use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};
use parquet::arrow::encode_arrow_schema;
use parquet::data_type::{Int96, Int96Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::SinkRequest;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn row_groups_are_bounded_by_bytes_and_read_as_partitions() {
    let format = ParquetFormat::new(&SinkRequest::default())
        .unwrap()
        .with_row_groups_of(256 << 10);
    let out = Shared::default();
    let mut encoder = format.encoder(&many(1, 0).schema(), Box::new(out.clone())).unwrap();
    for index in 0..20 {
        encoder.write(&many(5_000, index * 5_000)).unwrap();
    }
    assert_eq!(encoder.finish().unwrap(), 100_000);
    let store = MemoryStore::default();
    store.put("x", out.0.lock().unwrap().clone());
    for parallel in [1, 3, 8] {
        let source = open(&store, "Parquet", dataset("x", json!({})), parallel)
            .await
            .unwrap();
        assert_eq!(source.partitions().len(), parallel.min(8));
        let labels: Vec<_> = source
            .partitions()
            .iter()
            .map(|partition| partition.label.clone())
            .collect();
        assert!(labels[0].starts_with("x#0-"), "{labels:?}");
        assert_eq!(rows(source.as_ref()).await.unwrap(), many(100_000, 0));
    }
}

/// A file of one column of INT96, and one of lists of them: days since 1970 and nanoseconds.
fn int96_file(moments: &[(i32, u64)], arrow: Option<TimeUnit>) -> Vec<u8> {
    let schema = "message m { optional int96 at; optional group all (LIST) { repeated group list { optional int96 element; } } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let hint = arrow.map(|unit| {
        let at = DataType::Timestamp(unit, None);
        let all = DataType::List(Arc::new(Field::new("element", at.clone(), true)));
        let value = encode_arrow_schema(&Schema::new(vec![
            Field::new("at", at, true),
            Field::new("all", all, true),
        ]));
        vec![KeyValue::new("ARROW:schema".to_owned(), value)]
    });
    let properties = WriterProperties::builder().set_key_value_metadata(hint).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let value =
        |(day, nanos): &(i32, u64)| Int96::from(vec![*nanos as u32, (*nanos >> 32) as u32, (2_440_588 + day) as u32]);
    let values: Vec<Int96> = moments.iter().map(value).collect();
    let mut group = writer.next_row_group().unwrap();
    for deep in [false, true] {
        let mut column = group.next_column().unwrap().unwrap();
        let (definition, repetition) = match deep {
            false => (vec![1; values.len()], None),
            true => (vec![3; values.len()], Some(vec![0; values.len()])),
        };
        let typed = column.typed::<Int96Type>();
        typed
            .write_batch(&values, Some(&definition), repetition.as_deref())
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn int96_is_read_as_it_is_or_not_at_all() {
    let store = MemoryStore::default();
    let read = |moments: &[(i32, u64)], arrow| {
        store.put("x", int96_file(moments, arrow));
        let store = store.clone();
        async move { crate::tests::sample::read(&store, "Parquet", dataset("x", json!({}))).await }
    };
    // The last day of 9999, as Spark marks what has no end, and a microsecond before 1970.
    let back = read(&[(2_932_896, 0), (-1, 86_399_999_999_000)], None).await.unwrap();
    let expected = [253_402_214_400_000_000, -1];
    assert_eq!(
        back.column(0).as_primitive::<TimestampMicrosecondType>().values(),
        &expected
    );
    let inner = back.column(1).as_list::<i32>().values().clone();
    assert_eq!(inner.as_primitive::<TimestampMicrosecondType>().values(), &expected);
    let nanos = Some(TimeUnit::Nanosecond);
    let back = read(&[(0, 1), (-1, 86_399_999_999_999)], nanos).await.unwrap();
    assert_eq!(
        back.column(0).as_primitive::<TimestampNanosecondType>().values(),
        &[1, -1]
    );
    for (moments, arrow) in [
        ([(0, 1)], None),
        ([(2_932_896, 0)], nanos),
        ([(0, 1_000)], Some(TimeUnit::Millisecond)),
    ] {
        let fault = read(&moments, arrow).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(fault.message.contains("\"at\""), "{fault}");
    }
}
