use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, edges_with_binary, many, read_some, request, rows, texts};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

fn store(text: &str) -> MemoryStore {
    let store = MemoryStore::default();
    store.put("x.json", text.to_owned());
    store
}

async fn read_as(store: &MemoryStore, options: Value, translator: Value) -> Result<RecordBatch, Fault> {
    let mut request = request("Json", dataset("x.json", options), 1);
    request.translator = translator.as_object().unwrap().clone();
    let source = crate::source(Arc::new(store.clone()), request).await?;
    rows(source.as_ref()).await
}

async fn read(text: &str) -> Result<RecordBatch, Fault> {
    read_as(&store(text), json!({}), json!({})).await
}

async fn write(store: &MemoryStore, options: Value, settings: Value, batches: Vec<RecordBatch>) -> Result<(), Fault> {
    let request = sluice_store_core::SinkRequest {
        dataset_kind: "Json".to_owned(),
        dataset: dataset("x.json", options),
        activity: json!({ "formatSettings": settings }).as_object().unwrap().clone(),
        parallel: 2,
        ..Default::default()
    };
    let mut sink = crate::sink(Arc::new(store.clone()), &request)?;
    crate::tests::sample::fill(sink.as_mut(), batches).await?;
    sink.commit().await.map(drop)
}

#[tokio::test]
async fn lines_arrays_and_single_documents_are_the_same_rows() {
    let expected = read("{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n").await.unwrap();
    assert_eq!(expected.column(0).as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(
        expected.column(1).as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("x"), None]
    );
    for same in [
        "[{\"a\":1,\"b\":\"x\"},{\"a\":2}]",
        "\u{feff}[\n  {\"a\": 1, \"b\": \"x\"},\n  {\"a\": 2, \"b\": null}\n]\n",
        "{\"a\":1,\"b\":\"x\"} {\"a\":2}",
        "{\"a\":1.0,\"b\":\"x\"}\r\n\r\n{\"b\":null,\"a\":2}",
        "{\n\"a\":1,\n\"b\":\"\\u0078\"}{\"a\":2}",
    ] {
        let rows = read(same).await.unwrap();
        assert_eq!(rows.column(1), expected.column(1), "{same}");
        assert_eq!(rows.num_columns(), 2, "{same}");
    }
    assert_eq!(read("{\"a\":7}").await.unwrap().num_rows(), 1);
}

#[tokio::test]
async fn nested_values_become_structs_and_lists() {
    let text = r#"{"id":1,"to":{"zip":"0","n":null},"tags":["a","b"],"lines":[{"q":1},{"q":2.5}],"none":[],"bare":{}}
        {"id":2,"to":{"zip":"9","n":5},"tags":[],"lines":null}"#;
    let rows = read(text).await.unwrap();
    let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
    let of = |fields: Vec<(&str, DataType)>| {
        DataType::Struct(
            fields
                .into_iter()
                .map(|(name, of)| Field::new(name, of, true))
                .collect::<Fields>(),
        )
    };
    let types: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(
        types,
        [
            DataType::Int64,
            of(vec![("zip", DataType::Utf8), ("n", DataType::Int64)]),
            list(DataType::Utf8),
            list(of(vec![("q", DataType::Float64)])),
            list(DataType::Utf8),
            DataType::Utf8,
        ]
    );
    let lines = rows.column(3).as_list::<i32>();
    assert_eq!((lines.is_null(1), lines.value_length(0)), (true, 2));
    let quantities = lines.values().as_struct().column(0).as_primitive::<Float64Type>();
    assert_eq!(quantities.values(), &[1.0, 2.5]);
    // As texts where that is asked for.
    let flat = read_as(&store(text), json!({}), json!({"mapComplexValuesToString": true}))
        .await
        .unwrap();
    assert_eq!(flat.column(1).as_string::<i32>().value(1), r#"{"zip":"9","n":5}"#);
    assert_eq!(flat.column(2).as_string::<i32>().value(0), r#"["a","b"]"#);
}

#[tokio::test]
async fn mappings_take_paths_and_apply_collections() {
    let text = r#"{"@odata.context":"c","value":[{"id":1,"at":{"city":"K"}},{"id":2,"at":{}}],"next":"n"}
        {"value":[],"next":"m"}
        {"value":[{"id":3,"more":[1,2]}]}"#;
    let translator = json!({
        "type": "TabularTranslator",
        "collectionReference": "$['value']",
        "mappings": [
            {"source": {"path": "['id']", "type": "Int32"}, "sink": {"name": "a"}},
            {"source": {"path": "['at']['city']"}, "sink": {"name": "b"}},
            {"source": {"path": "$.next"}, "sink": {"name": "c"}},
        ],
    });
    let rows = read_as(&store(text), json!({}), translator).await.unwrap();
    let names: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["['id']", "['at']['city']", "$.next"]);
    assert_eq!(rows.column(0).as_primitive::<Int32Type>().values(), &[1, 2, 3]);
    let text_of = |index: usize| {
        rows.column(index)
            .as_string::<i32>()
            .iter()
            .map(|t| t.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(text_of(1), [Some("K".to_owned()), None, None]);
    assert_eq!(text_of(2), [Some("n".to_owned()), Some("n".to_owned()), None]);
}

#[tokio::test]
async fn every_type_comes_back_with_its_schema() {
    let batch = edges_with_binary();
    let kinds = [
        "Boolean",
        "Int16",
        "Int32",
        "Int64",
        "Single",
        "Double",
        "Decimal",
        "String",
        "Date",
        "TimeSpan",
        "DateTime",
        "DateTimeOffset",
        "Byte[]",
    ];
    let schema: Vec<Value> = batch
        .schema()
        .fields()
        .iter()
        .zip(kinds)
        .map(|(field, kind)| json!({"name": field.name(), "type": kind, "precision": 38, "scale": 10}))
        .collect();
    for settings in [json!({}), json!({"filePattern": "arrayOfObjects"})] {
        for encoding in ["", "UTF-16BE", "GB18030"] {
            let store = MemoryStore::default();
            let options = json!({"encodingName": encoding, "schema": schema});
            write(&store, options.clone(), settings.clone(), vec![batch.clone()])
                .await
                .unwrap();
            let back = read_as(&store, options, json!({})).await.unwrap();
            for (index, field) in batch.schema().fields().iter().enumerate() {
                assert_eq!(
                    format!("{:?}", back.column(index)),
                    format!("{:?}", batch.column(index)),
                    "{}",
                    field.name()
                );
            }
        }
    }
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let rows = read("{\"n\":123456789012345678901234567890,\"d\":0.1,\"l\":12345678901234567.25,\"v\":1e400}")
        .await
        .unwrap();
    let types: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(
        types,
        [
            DataType::Decimal128(38, 0),
            DataType::Float64,
            DataType::Decimal128(38, 2),
            DataType::Utf8
        ]
    );
    assert_eq!(rows.column(3).as_string::<i32>().value(0), "1e400");
    // A number that comes later and does not fit is a fault, not another number.
    let long = format!("{}{{\"d\":0.12345678901234567890}}", "{\"d\":0.5}\n".repeat(100_001));
    let fault = read(&long).await.unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(
        fault.message.contains("line 100002") && fault.message.contains("\"d\""),
        "{fault}"
    );
}

#[tokio::test]
async fn damaged_documents_are_named() {
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    for (text, place, why) in [
        ("{\"a\":1}\n{\"a\":}", "line 2:", "no value"),
        ("[{\"a\":1},{\"a\":2,\"a\":3}]", "line 1, element 2:", "twice"),
        ("[{\"a\":1}{\"a\":2}]", "line 1, element", "comma"),
        ("[{\"a\":1},]", "line 1, element 2:", "missing"),
        ("[{\"a\":1}", "line 1, element 1:", "comma"),
        ("{\"a\":1}\n{\"a\":\"x", "line 2:", "ends inside"),
        ("{\"a\":1}\n{\"a\":\"x\n", "line 2:", "does not end"),
        ("[{\"a\":1},{\"a\":[2}]", "line 1, element 2:", "brackets"),
        ("[{\"a\":1}] x", "line 1", "behind"),
        ("{\"a\":1}\n{\"a\":01}", "line 2:", "not JSON"),
        ("{\"a\":\"x\"}\n{\"a\":\"\\ud800\"}", "line 2:", "UTF-16"),
        ("{\"a\":1}\n{\"a\":tru}", "line 2:", "not JSON"),
        ("{\"a\":1}\n{\"a\":NaN}", "line 2:", "no value"),
        ("{\"a\":1}\n[1]", "line 2:", "no objects"),
        (&format!("{{\"a\":1}}\n{{\"a\":{deep}}}"), "line 2:", "deep"),
    ] {
        let fault = read(text).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{text}");
        let named = fault.message.contains(place) && fault.message.contains(why);
        assert!(named || fault.message.contains("no objects"), "{text}: {fault}");
    }
    for nothing in ["{}", "1 2"] {
        assert_eq!(read(nothing).await.unwrap_err().code, Code::DataInvalid, "{nothing:?}");
    }
    for empty in ["", " \n", "[]"] {
        let rows = read(empty).await.unwrap();
        assert_eq!((rows.num_rows(), rows.num_columns()), (0, 0), "{empty:?}");
    }
}

#[tokio::test]
async fn documents_that_do_not_fit_are_left_out_where_that_is_allowed() {
    let store =
        store("{\"a\":1,\"b\":[1]}\n{\"a\":1,\"a\":2}\n{\"a\":\"x\",\"b\":[2]}\n{\"a\":4,\"b\":[1,2}\n{\"a\":5}\n");
    let options = json!({"schema": [{"name": "a", "type": "Int32"}]});
    let (rows, left_out) = read_some(&store, "Json", dataset("x.json", options)).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<Int32Type>().values(), &[1, 5]);
    assert_eq!(rows.column(1).as_list::<i32>().value_length(1), 0);
    let places: Vec<_> = left_out.iter().map(|row| row.place.as_str()).collect();
    assert_eq!(places, ["x.json, line 2", "x.json, line 3", "x.json, line 4"]);
}

#[tokio::test]
async fn nested_rows_come_back() {
    let items = Int64Array::from(vec![Some(1), None, Some(3)]);
    let list = ListArray::new(
        Arc::new(Field::new("item", DataType::Int64, true)),
        arrow::buffer::OffsetBuffer::new(vec![0, 2, 2, 3].into()),
        Arc::new(items),
        Some(vec![true, false, true].into()),
    );
    let of = StructArray::try_new(
        Fields::from(vec![
            Field::new("t\"\n", DataType::Utf8, true),
            Field::new("l", list.data_type().clone(), true),
        ]),
        vec![
            Arc::new(StringArray::from(vec![Some("\u{1}\u{1F9EA}"), None, Some("")])),
            Arc::new(list),
        ],
        None,
    );
    let batch = RecordBatch::try_from_iter_with_nullable([("s", Arc::new(of.unwrap()) as ArrayRef, true)]).unwrap();
    for settings in [json!({}), json!({"filePattern": "arrayOfObjects"})] {
        let store = MemoryStore::default();
        write(&store, json!({}), settings, vec![batch.clone(), batch.slice(1, 2)])
            .await
            .unwrap();
        let back = read_as(&store, json!({}), json!({})).await.unwrap();
        assert_eq!(back.slice(0, 3), batch);
        assert_eq!(back.slice(3, 2), batch.slice(1, 2));
    }
}

#[tokio::test]
async fn what_is_written_is_what_others_read() {
    let store = MemoryStore::default();
    let batch = texts(&[("a b", vec![Some("x\"\\\u{7f}\t"), None])]);
    write(&store, json!({}), json!({}), vec![batch.clone()]).await.unwrap();
    assert_eq!(
        store.get("x.json").unwrap(),
        "{\"a b\":\"x\\\"\\\\\u{7f}\\t\"}\n{\"a b\":null}\n"
    );
    write(
        &store,
        json!({}),
        json!({"filePattern": "arrayOfObjects"}),
        vec![batch.clone()],
    )
    .await
    .unwrap();
    let array: Value = serde_json::from_slice(&store.get("x.json").unwrap()).unwrap();
    assert_eq!(array, json!([{"a b": "x\"\\\u{7f}\t"}, {"a b": null}]));
    write(
        &store,
        json!({}),
        json!({"filePattern": "arrayOfObjects"}),
        vec![batch.slice(0, 0)],
    )
    .await
    .unwrap();
    assert_eq!(store.get("x.json").unwrap(), "[]\n");
    let refused = write(&store, json!({}), json!({"filePattern": "x"}), vec![batch])
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::PropertyMissing);
}

#[tokio::test]
async fn a_long_array_is_read_in_pieces() {
    let store = MemoryStore::default();
    let batches: Vec<_> = (0..10).map(|at| many(20_000, at * 20_000)).collect();
    write(
        &store,
        json!({}),
        json!({"filePattern": "arrayOfObjects"}),
        batches.clone(),
    )
    .await
    .unwrap();
    assert!(store.get("x.json").unwrap().len() > 8 << 20);
    let back = read_as(&store, json!({}), json!({})).await.unwrap();
    assert_eq!(back.num_rows(), 200_000);
    let sum: i64 = back.column(0).as_primitive::<Int64Type>().values().iter().sum();
    assert_eq!(sum, (0..200_000).sum::<i64>());
    assert!(store.largest.load(std::sync::atomic::Ordering::SeqCst) <= 2 << 20);
}
