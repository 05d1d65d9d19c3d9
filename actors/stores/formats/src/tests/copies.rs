use super::memory::MemoryStore;
use super::sample::{self, EDGES, dataset, edges, edges_with_binary, many, open, read, rows, texts, write};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use serde_json::{Value, json};
use sluice_contract::Code;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn parquet_gives_back_the_same_schema_and_rows() {
    for codec in ["none", "snappy", "gzip", "zstd", "SNAPPY"] {
        let store = MemoryStore::default();
        let of = || dataset("a/b.parquet", json!({"compressionCodec": codec}));
        let staged = write(&store, "Parquet", of(), vec![edges_with_binary()]).await.unwrap();
        assert_eq!(
            (staged.rows, staged.bytes),
            (6, store.get("a/b.parquet").unwrap().len() as u64)
        );
        let source = open(&store, "Parquet", of(), 4).await.unwrap();
        assert_eq!(source.rows_expected(), Some(6));
        assert_eq!(source.schema(), edges_with_binary().schema());
        // Debug: NaN is not equal to itself.
        assert_eq!(
            format!("{:?}", rows(source.as_ref()).await.unwrap()),
            format!("{:?}", edges_with_binary())
        );
        assert!(source.bytes_read() > 0);
    }
    let store = MemoryStore::default();
    let refused = write(
        &store,
        "Parquet",
        dataset("x", json!({"compressionCodec": "lzo"})),
        vec![edges()],
    );
    assert_eq!(refused.await.unwrap_err().code, Code::PropertyMissing);
}

#[tokio::test]
async fn text_gives_back_what_its_schema_says() {
    let columns = json!({"schema": [
        {"name": "bool", "type": "Boolean"}, {"name": "i2", "type": "Int16"}, {"name": "i4", "type": "Int32"},
        {"name": "i8", "type": "Int64"}, {"name": "f4", "type": "Single"}, {"name": "f8", "type": "Double"},
        {"name": "dec", "type": "Decimal", "precision": 38, "scale": 10}, {"name": "text", "type": "String"},
        {"name": "day", "type": "Date"}, {"name": "clock"}, {"name": "ts", "type": "DateTime"},
        {"name": "tz", "type": "DateTimeOffset"}], "firstRowAsHeader": true});
    let store = MemoryStore::default();
    write(
        &store,
        "DelimitedText",
        dataset("x.csv", json!({"firstRowAsHeader": true})),
        vec![edges()],
    )
    .await
    .unwrap();
    let back = read(&store, "DelimitedText", dataset("x.csv", columns)).await.unwrap();
    for (index, column) in edges().columns().iter().enumerate() {
        let (field, found) = (back.schema().field(index).clone(), back.column(index));
        if field.name() == "clock" {
            let clocks: Vec<_> = found.as_string::<i32>().iter().collect();
            assert_eq!(clocks[2..4], [Some("23:59:59.999999"), Some("00:00:00.000001")]);
            continue;
        }
        assert_eq!(field.data_type(), column.data_type());
        assert_eq!(format!("{found:?}"), format!("{column:?}"));
    }
}

#[tokio::test]
async fn text_without_a_schema_is_texts() {
    let store = MemoryStore::default();
    write(&store, "DelimitedText", dataset("x.csv", json!({})), vec![edges()])
        .await
        .unwrap();
    let back = read(&store, "DelimitedText", dataset("x.csv", json!({})))
        .await
        .unwrap();
    assert!(
        back.schema()
            .fields()
            .iter()
            .all(|field| *field.data_type() == DataType::Utf8)
    );
    assert_eq!(back.schema().field(11).name(), "Prop_11");
    let column = |index: usize| back.column(index).as_string::<i32>().iter().collect::<Vec<_>>();
    assert_eq!(
        column(3)[..3],
        [Some("-9223372036854775808"), None, Some("9223372036854775807")]
    );
    assert_eq!(
        column(4),
        [
            Some("1.1754944e-38"),
            None,
            Some("3.4028235e38"),
            Some("0.1"),
            Some("-0"),
            Some("NaN")
        ]
    );
    assert_eq!(column(5)[3], Some("-Infinity"));
    assert_eq!(column(6)[2], Some("9999999999999999999999999999.9999999999"));
    assert_eq!(column(7), EDGES);
    assert_eq!(column(8)[2..4], [Some("-4713-11-24"), Some("+10000-01-01")]);
    assert_eq!(column(11)[2], Some("0000-12-31T23:59:59.999999+00:00"));
}

#[tokio::test]
async fn null_and_empty_stay_apart_in_every_dialect() {
    let dialects = [
        json!({}),
        json!({"nullValue": "NULL"}),
        json!({"nullValue": "\\N", "columnDelimiter": "|", "rowDelimiter": "\n"}),
        json!({"escapeChar": "\""}),
        json!({"columnDelimiter": "\u{1}", "rowDelimiter": "\u{2}", "firstRowAsHeader": true}),
        json!({"columnDelimiter": "¬", "quoteChar": "'", "quoteAllText": true}),
        json!({"columnDelimiter": ";", "rowDelimiter": "\r\n", "quoteAllText": "true"}),
        json!({"columnDelimiter": "\t", "quoteChar": "", "nullValue": "<null>"}),
        json!({"columnDelimiter": "N", "rowDelimiter": "\r"}),
    ];
    for options in dialects {
        for width in [1, 3] {
            let names = ["a", "b \"N\", c", "d"];
            let columns: Vec<_> = names[..width].iter().map(|name| (*name, EDGES.to_vec())).collect();
            let store = MemoryStore::default();
            let of = || dataset("x.csv", options.clone());
            write(&store, "DelimitedText", of(), vec![texts(&columns)])
                .await
                .unwrap();
            let back = read(&store, "DelimitedText", of()).await.unwrap();
            assert_eq!(back.num_rows(), EDGES.len(), "{options}");
            for column in back.columns() {
                assert_eq!(column.as_string::<i32>().iter().collect::<Vec<_>>(), EDGES, "{options}");
            }
            if options.get("firstRowAsHeader").is_some() {
                assert_eq!(back.schema().field(0).name(), "a");
            }
        }
    }
}

#[tokio::test]
async fn several_files_are_one_source() {
    let store = MemoryStore::default();
    for (path, from) in [
        ("d/1.parquet", 0),
        ("d/e/2.parquet", 100),
        ("d/_SUCCESS", 0),
        ("d/.x.sluice-part", 0),
        ("other", 0),
    ] {
        write(&store, "Parquet", dataset(path, json!({})), vec![many(100, from)])
            .await
            .unwrap();
    }
    store.put("d/marker", "");
    let folder = json!({"location": {"type": "FileServerLocation", "folderPath": "d"}})
        .as_object()
        .unwrap()
        .clone();
    let source = open(&store, "Parquet", folder.clone(), 4).await.unwrap();
    assert_eq!((source.rows_expected(), source.partitions().len()), (Some(200), 2));
    let all = rows(source.as_ref()).await.unwrap();
    let numbers: BTreeSet<i64> = all
        .column(0)
        .as_primitive::<Int64Type>()
        .values()
        .iter()
        .copied()
        .collect();
    assert_eq!(numbers, (0..200).collect());

    store.put("d/3.parquet", store.get("other").unwrap());
    write(
        &store,
        "Parquet",
        dataset("d/4.parquet", json!({})),
        vec![texts(&[("number", vec![None]), ("text", vec![None])])],
    )
    .await
    .unwrap();
    let mixed = open(&store, "Parquet", folder, 4).await.err().unwrap();
    assert_eq!(mixed.code, Code::SchemaMismatch);
    assert!(
        mixed.message.contains("d/4.parquet") && mixed.message.contains("number"),
        "{mixed}"
    );
}

#[tokio::test]
async fn wildcards_choose_and_headers_must_agree() {
    let store = MemoryStore::default();
    store.put("d/a.csv", "x,y\n1,2\n");
    store.put("d/b.csv", "\u{feff}x,y\r\n3,4");
    store.put("d/c.txt", "z\n1\n");
    let request = |pattern: &str| sluice_store_core::SourceRequest {
        dataset_kind: "DelimitedText".to_owned(),
        dataset: json!({"location": {"type": "FileServerLocation", "folderPath": "d"}, "firstRowAsHeader": true})
            .as_object()
            .unwrap()
            .clone(),
        activity: json!({"storeSettings": {"wildcardFileName": pattern}})
            .as_object()
            .unwrap()
            .clone(),
        parallel: 4,
        batch_bytes: 1 << 20,
        ..sluice_store_core::SourceRequest::default()
    };
    let open = |pattern: &str| crate::source(std::sync::Arc::new(store.clone()), request(pattern));
    let source = open("*.csv").await.unwrap();
    assert_eq!(source.partitions().len(), 2);
    assert_eq!(
        rows(source.as_ref()).await.unwrap(),
        texts(&[("x", vec![Some("1"), Some("3")]), ("y", vec![Some("2"), Some("4")])])
    );
    assert_eq!(open("*").await.err().unwrap().code, Code::SchemaMismatch);
    assert_eq!(open("*.tsv").await.err().unwrap().code, Code::FileNotFound);
}

#[tokio::test]
async fn the_memory_of_a_reader_does_not_grow_with_row_groups() {
    let store = MemoryStore::default();
    let batches: Vec<_> = (0..40).map(|index| many(10_000, index * 10_000)).collect();
    write(
        &store,
        "Parquet",
        dataset("x", json!({"compressionCodec": "none"})),
        batches,
    )
    .await
    .unwrap();
    let size = store.get("x").unwrap().len() as u64;
    assert!(size > 9 << 20, "{size}");
    let source = open(&store, "Parquet", dataset("x", json!({})), 1).await.unwrap();
    let all = rows(source.as_ref()).await.unwrap();
    assert_eq!(all.num_rows(), 400_000);
    let sum: i64 = all.column(0).as_primitive::<Int64Type>().values().iter().sum();
    assert_eq!(sum, 399_999 * 400_000 / 2);
    assert!(store.largest.load(Ordering::SeqCst) <= 2 << 20);
    // Nothing but the footer is read twice.
    assert!(
        source.bytes_read() < size + (size / 10) + (128 << 10),
        "{} of {size}",
        source.bytes_read()
    );
}

#[tokio::test]
async fn empty_tables_keep_their_columns() {
    let store = MemoryStore::default();
    let none = edges().slice(0, 0);
    write(&store, "Parquet", dataset("p", json!({})), vec![none.clone()])
        .await
        .unwrap();
    let back = open(&store, "Parquet", dataset("p", json!({})), 4).await.unwrap();
    assert_eq!((back.schema(), back.partitions().len()), (none.schema(), 1));
    assert_eq!(rows(back.as_ref()).await.unwrap().num_rows(), 0);
    let header: Value = json!({"firstRowAsHeader": true});
    write(&store, "DelimitedText", dataset("c", header.clone()), vec![none])
        .await
        .unwrap();
    let back = read(&store, "DelimitedText", dataset("c", header)).await.unwrap();
    assert_eq!((back.num_rows(), back.num_columns()), (0, 12));
    write(
        &store,
        "DelimitedText",
        dataset("n", json!({})),
        vec![edges().slice(0, 0)],
    )
    .await
    .unwrap();
    assert_eq!(store.get("n").unwrap().len(), 0);
    let unknown = read(&store, "DelimitedText", dataset("n", json!({}))).await.unwrap();
    assert_eq!((unknown.num_rows(), unknown.num_columns()), (0, 0));
    let listed = dataset("n", json!({"schema": [{"name": "a", "type": "Int32"}]}));
    assert_eq!(read(&store, "DelimitedText", listed).await.unwrap().num_rows(), 0);
}

#[tokio::test]
async fn a_file_without_a_name_takes_the_default() {
    let store = MemoryStore::default();
    let mut dataset = dataset("x", json!({}));
    dataset["location"].as_object_mut().unwrap().remove("fileName");
    sample::write(&store, "Parquet", dataset.clone(), vec![many(1, 0)])
        .await
        .unwrap();
    sample::write(&store, "DelimitedText", dataset, vec![many(1, 0)])
        .await
        .unwrap();
    assert!(store.get("out.parquet").is_some() && store.get("out.csv").is_some());
}
