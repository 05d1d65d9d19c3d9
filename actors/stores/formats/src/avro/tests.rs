use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, edges_with_binary, many, open, read, texts, write};
use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray, Int64Array, ListArray, StructArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::record_batch::RecordBatch;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::source::ORIGINAL_TYPE;
use std::sync::Arc;

/// The same columns, whatever their fields say besides.
fn assert_same(back: &RecordBatch, batch: &RecordBatch, what: &str) {
    assert_eq!(back.num_columns(), batch.num_columns());
    for (index, field) in batch.schema().fields().iter().enumerate() {
        assert_eq!(back.schema().field(index).name(), field.name());
        let (back, sent) = (back.column(index), batch.column(index));
        let back = arrow::compute::cast(back, sent.data_type()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{sent:?}"), "{what} {}", field.name());
    }
}

#[tokio::test]
async fn every_type_comes_back() {
    let uuid =
        FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some([7u8; 16]), None].into_iter().cycle().take(6), 16);
    let items = ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(i64::MIN)]),
        None,
        None,
    ]);
    let inner = Fields::from(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("l", items.data_type().clone(), true),
    ]);
    let of = StructArray::new(
        inner.clone(),
        vec![
            Arc::new(Int64Array::from(vec![Some(1), None, Some(3), None, None, None])),
            Arc::new(items),
        ],
        None,
    );
    let edges = edges_with_binary();
    let mut fields: Vec<Field> = edges
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields.push(
        Field::new("id", DataType::FixedSizeBinary(16), true)
            .with_metadata([(ORIGINAL_TYPE.to_owned(), "uuid".to_owned())]),
    );
    fields.push(Field::new("nested", DataType::Struct(inner), true));
    let mut arrays = edges.columns().to_vec();
    arrays.push(Arc::new(uuid.unwrap()));
    arrays.push(Arc::new(of));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    for codec in ["", "none", "deflate", "snappy", "zstandard", "bzip2"] {
        let store = MemoryStore::default();
        let options = json!({"avroCompressionCodec": codec});
        let staged = write(&store, "Avro", dataset("x.avro", options), vec![batch.clone()])
            .await
            .unwrap();
        assert_eq!(staged.rows, 6);
        let source = open(&store, "Avro", dataset("x.avro", json!({})), 1).await.unwrap();
        let schema = source.schema();
        assert_eq!(schema.field_with_name("id").unwrap().metadata()[ORIGINAL_TYPE], "uuid");
        let back = read(&store, "Avro", dataset("x.avro", json!({}))).await.unwrap();
        assert_same(&back, &batch, codec);
    }
}

#[tokio::test]
async fn many_blocks_make_bounded_batches() {
    let store = MemoryStore::default();
    let batches: Vec<_> = (0..10).map(|at| many(20_000, at * 20_000)).collect();
    write(&store, "Avro", dataset("x", json!({})), batches.clone())
        .await
        .unwrap();
    let back = read(&store, "Avro", dataset("x", json!({}))).await.unwrap();
    let sent = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    let order = arrow::compute::sort_to_indices(back.column(0), None, None).unwrap();
    let back = arrow::compute::take_record_batch(&back, &order).unwrap();
    assert_same(&back, &sent, "");
}

#[tokio::test]
async fn what_avro_rounds_or_renames_is_refused() {
    let store = MemoryStore::default();
    let unsigned =
        RecordBatch::try_from_iter([("n", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]).unwrap();
    for (batch, column) in [(unsigned, "n"), (texts(&[("a b", vec![Some("x")])]), "a b")] {
        let fault = write(&store, "Avro", dataset("x", json!({})), vec![batch])
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported);
        assert!(fault.message.contains(column), "{fault}");
    }
    let options = json!({"avroCompressionCodec": "rar"});
    let fault = write(&store, "Avro", dataset("x", options), vec![many(1, 0)])
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing);
}

#[tokio::test]
async fn damaged_files_are_faults_and_never_fewer_rows() {
    for codec in ["none", "snappy", "deflate"] {
        let store = MemoryStore::default();
        let options = || json!({"avroCompressionCodec": codec});
        write(
            &store,
            "Avro",
            dataset("good", options()),
            vec![many(300, 0), many(300, 300)],
        )
        .await
        .unwrap();
        let good = store.get("good").unwrap();
        // Cut anywhere: whole blocks are rows, all else is a fault.
        for cut in (1..good.len()).step_by(97) {
            store.put("bad.avro", good[..cut].to_vec());
            match read(&store, "Avro", dataset("bad.avro", json!({}))).await {
                Ok(rows) => assert!(rows.num_rows() % 300 == 0, "{codec} cut at {cut}"),
                Err(fault) => {
                    assert_eq!(fault.code, Code::DataInvalid, "{fault}");
                    assert!(fault.message.contains("bad.avro"), "{fault}");
                }
            }
        }
        for at in (0..good.len()).step_by(61) {
            let mut bytes = good.to_vec();
            bytes[at] ^= 0x55;
            store.put("bad.avro", bytes);
            if let Err(fault) = read(&store, "Avro", dataset("bad.avro", json!({}))).await {
                assert!(
                    matches!(fault.code, Code::DataInvalid | Code::SchemaMismatch),
                    "{codec} at {at}: {fault}"
                );
            }
        }
    }
}

/// A file with this schema and one block of these bytes.
fn file(schema: &str, count: u8, block: &[u8]) -> Vec<u8> {
    let long = |number: usize| {
        let mut zigzag = number << 1;
        let mut bytes = Vec::new();
        while zigzag >= 0x80 {
            bytes.push((zigzag & 0x7F) as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    };
    let mut bytes = b"Obj\x01\x02\x16avro.schema".to_vec();
    bytes.extend(long(schema.len()));
    bytes.extend_from_slice(schema.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&[9; 16]);
    bytes.extend(long(usize::from(count)));
    bytes.extend(long(block.len()));
    bytes.extend_from_slice(block);
    bytes.extend_from_slice(&[9; 16]);
    bytes
}

#[tokio::test]
async fn schemas_that_are_no_columns_are_refused() {
    let store = MemoryStore::default();
    let record = |field: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{field}}}]}}"#);
    let deep = (0..200).fold("\"int\"".to_owned(), |inner, _| {
        format!(r#"{{"type":"array","items":{inner}}}"#)
    });
    for schema in [
        record(r#"["null","R"]"#),
        record(r#"{"type":"array","items":"R"}"#),
        record(r#"{"type":"record","name":"S","fields":[{"name":"g","type":["null","n.R"]}]}"#),
        record(&deep),
        record("\"unheard\""),
        "\"int\"".to_owned(),
        "{".to_owned(),
    ] {
        store.put("x.avro", file(&schema, 1, &[0]));
        let fault = read(&store, "Avro", dataset("x.avro", json!({}))).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{schema}: {fault}");
    }
    // The same by hand, and fine.
    store.put("x.avro", file(&record("\"int\""), 2, &[2, 4]));
    assert_eq!(
        read(&store, "Avro", dataset("x.avro", json!({})))
            .await
            .unwrap()
            .num_rows(),
        2
    );
    for (count, block) in [(3, &[2, 4][..]), (1, &[2, 4]), (1, &[])] {
        store.put("x.avro", file(&record("\"int\""), count, block));
        let fault = read(&store, "Avro", dataset("x.avro", json!({}))).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(fault.message.contains("block 1"), "{fault}");
    }
}
