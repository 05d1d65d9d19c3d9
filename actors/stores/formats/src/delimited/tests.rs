use super::count;
use super::dialect::Dialect;
use super::parse::{Parsed, Record};
use super::records::{Found, Records};
use super::write::DelimitedFormat;
use crate::codec::Input;
use crate::encode::WriteFormat;
use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, many, read, texts, write};
use serde_json::{Value, json};
use sluice_contract::Object;
use sluice_store_core::SinkRequest;

fn dialect(options: Value) -> Dialect {
    Dialect::read(options.as_object().unwrap(), &Object::new()).unwrap()
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn text(&mut self, alphabet: &[&str]) -> String {
        (0..self.below(7))
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }
}

const ALPHABET: &[&str] = &[
    "a",
    ",",
    "\"",
    "\\",
    "\r",
    "\n",
    "|",
    "'",
    "ä",
    "¬",
    "\u{ac}b",
    "N",
    "\u{feff}",
    " ",
    "\u{1F9EA}",
];

fn dialects() -> Vec<Value> {
    vec![
        json!({}),
        json!({"escapeChar": "\""}),
        json!({"quoteChar": "'", "columnDelimiter": "|", "nullValue": "N"}),
        json!({"columnDelimiter": "¬", "rowDelimiter": "\n"}),
        json!({"columnDelimiter": "ä", "rowDelimiter": "\r\n"}),
        json!({"quoteChar": "", "nullValue": "\\N"}),
        json!({"quoteChar": "", "nullValue": "null", "columnDelimiter": "¬", "rowDelimiter": "|"}),
        json!({"columnDelimiter": "||", "rowDelimiter": "|\n", "nullValue": "NULL"}),
        json!({"columnDelimiter": "a|", "rowDelimiter": "ab\r", "quoteChar": "'", "escapeChar": "'"}),
        json!({"quoteChar": "", "nullValue": "null", "columnDelimiter": "||", "rowDelimiter": "<end>"}),
        json!({"encodingName": "UTF-16"}),
        json!({"encodingName": "UTF-8 with BOM", "quoteAllText": true}),
        json!({"encodingName": "UTF-32BE", "columnDelimiter": "¬"}),
        json!({"encodingName": "GB18030", "columnDelimiter": "\t"}),
    ]
}

#[tokio::test]
async fn random_texts_survive() {
    let mut random = Random(1);
    for options in dialects() {
        for width in [1, 2] {
            let null = options
                .get("nullValue")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let unquoted = options.get("quoteChar").and_then(Value::as_str) == Some("");
            let mut column = || {
                (0..400)
                    .map(|_| (random.below(9) > 0).then(|| random.text(ALPHABET)))
                    // Without quotes these are refused, which another test sees.
                    .map(|text| text.filter(|text| !unquoted || (*text != null && !text.starts_with('\u{feff}'))))
                    .collect::<Vec<_>>()
            };
            let columns: Vec<_> = (0..width).map(|_| column()).collect();
            let of = |texts: &Vec<Option<String>>| {
                texts
                    .iter()
                    .map(Option::as_deref)
                    .map(|t| t.map(|t| Box::leak(t.to_owned().into_boxed_str()) as &str))
                    .collect::<Vec<_>>()
            };
            let batch = texts(
                &columns
                    .iter()
                    .zip(["Prop_0", "Prop_1"])
                    .map(|(texts, name)| (name, of(texts)))
                    .collect::<Vec<_>>(),
            );
            let store = MemoryStore::default();
            write(
                &store,
                "DelimitedText",
                dataset("x", options.clone()),
                vec![batch.clone()],
            )
            .await
            .unwrap();
            let back = read(&store, "DelimitedText", dataset("x", options.clone()))
                .await
                .unwrap();
            assert_eq!(back, batch, "{options}");
        }
    }
}

#[test]
fn a_record_does_not_depend_on_where_blocks_end() {
    let mut random = Random(2);
    for options in dialects() {
        let dialect = dialect(options);
        for _ in 0..2_000 {
            let text: String = (0..4).map(|_| random.text(ALPHABET)).collect();
            let bytes = text.as_bytes();
            let mut whole = Record::default();
            let Ok(Parsed::Record(size)) = dialect.parse(bytes, true, &mut whole) else {
                continue;
            };
            for cut in 0..bytes.len() {
                let mut part = Record::default();
                match dialect.parse(&bytes[..cut], false, &mut part) {
                    Ok(Parsed::More) => {}
                    Ok(Parsed::Record(found)) => {
                        assert_eq!(found, size, "{text:?} cut at {cut}");
                        assert_eq!(format!("{part:?}"), format!("{whole:?}"));
                    }
                    Ok(Parsed::End) => panic!("{text:?} ended at {cut}"),
                    Err(why) => panic!("{text:?} cut at {cut}: {why:?}"),
                }
            }
        }
    }
}

fn fields(dialect: &Dialect, text: &str) -> Vec<(String, bool)> {
    let mut record = Record::default();
    dialect.parse(text.as_bytes(), true, &mut record).unwrap();
    let field = |index| {
        (
            String::from_utf8(record.field(text.as_bytes(), index).0.to_vec()).unwrap(),
            record.field(text.as_bytes(), index).1,
        )
    };
    (0..record.len()).map(field).collect()
}

#[test]
fn quotes_and_escapes() {
    let quoted = |text: &str| (text.to_owned(), true);
    let plain = |text: &str| (text.to_owned(), false);
    let adf = dialect(json!({}));
    assert_eq!(
        fields(&adf, r#""a\"b","c""d","\n","e\\""#),
        [quoted("a\"b"), quoted("c\"d"), quoted("\\n"), quoted("e\\")]
    );
    assert_eq!(fields(&adf, r#"a"b,c\,d"#), [plain("a\"b"), plain("c\\"), plain("d")]);
    assert_eq!(fields(&adf, ",\"\","), [plain(""), quoted(""), plain("")]);
    let rfc = dialect(json!({"escapeChar": "\""}));
    assert_eq!(fields(&rfc, r#""C:\","a""b""#), [quoted("C:\\"), quoted("a\"b")]);
    let bare = dialect(json!({"quoteChar": ""}));
    assert_eq!(
        fields(&bare, "a\\,b,\"c\",d\\e"),
        [plain("a,b"), plain("\"c\""), plain("d\\e")]
    );
}

#[test]
fn what_is_written_is_what_others_read() {
    let written = |options: Value, texts: &[Option<&str>]| {
        let request = SinkRequest {
            dataset: options.as_object().unwrap().clone(),
            ..SinkRequest::default()
        };
        let format = DelimitedFormat::new(&request).unwrap();
        let batch = super::tests::texts(&texts.iter().map(|text| ("c", vec![*text])).collect::<Vec<_>>());
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut encoder = format
            .encoder(&batch.schema(), Box::new(path.reopen().unwrap()))
            .unwrap();
        encoder.write(&batch).unwrap();
        assert_eq!(encoder.finish().unwrap(), 1);
        std::fs::read_to_string(path.path()).unwrap()
    };
    let texts = [Some("a"), None, Some(""), Some("b,\"c\""), Some(r"C:\x"), Some("\\")];
    assert_eq!(written(json!({}), &texts), "a,,\"\",\"b,\\\"c\\\"\",C:\\x,\\\r\n");
    assert_eq!(
        written(json!({"escapeChar": "\"", "rowDelimiter": "\n"}), &texts),
        "a,,\"\",\"b,\"\"c\"\"\",C:\\x,\\\n"
    );
    assert_eq!(written(json!({"quoteAllText": true}), &texts[..3]), "\"a\",,\"\"\r\n");
    assert_eq!(
        written(json!({"nullValue": "NULL"}), &[None, Some("NULL"), Some("")]),
        "NULL,\"NULL\",\r\n"
    );
}

#[tokio::test]
async fn rows_go_over_blocks_of_any_size() {
    let store = MemoryStore::default();
    // More than two blocks of the reader, with rows of a megabyte between small ones.
    let long = "x\n\"".repeat(350_000);
    let batch = texts(&[(
        "Prop_0",
        vec![
            Some("a"),
            Some(&long),
            None,
            Some(&long),
            Some(&long),
            Some(&long),
            Some("b"),
            Some(&long),
        ],
    )]);
    write(&store, "DelimitedText", dataset("x", json!({})), vec![batch.clone()])
        .await
        .unwrap();
    assert!(store.get("x").unwrap().len() > 5 << 20);
    assert_eq!(
        read(&store, "DelimitedText", dataset("x", json!({}))).await.unwrap(),
        batch
    );
}

#[tokio::test]
async fn lines_before_the_header_are_skipped() {
    let store = MemoryStore::default();
    store.put("x", "made by \"somebody\n2024\nPROP,b\n1,2\n");
    let skipping = json!({"skipLineCount": 2, "firstRowAsHeader": true});
    let back = read(&store, "DelimitedText", dataset("x", skipping)).await.unwrap();
    assert_eq!(back, texts(&[("PROP", vec![Some("1")]), ("b", vec![Some("2")])]));
}

#[tokio::test]
async fn columns_that_a_schema_does_not_name_have_their_number() {
    // As Data Factory imports the schema of a file without a header.
    let schema = json!([{"type": "String"}, {"type": "Int32"}, {"name": "c", "type": "String"}]);
    let store = MemoryStore::default();
    store.put("x", "a,1,b\n");
    let numbers: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::Int32Array::from(vec![1]));
    for (header, names) in [(false, ["Prop_0", "Prop_1", "c"]), (true, ["x", "y", "c"])] {
        if header {
            store.put("x", "x,y,c\na,1,b\n");
        }
        let options = json!({"firstRowAsHeader": header, "schema": schema});
        let back = read(&store, "DelimitedText", dataset("x", options.clone()))
            .await
            .unwrap();
        let found: Vec<_> = back
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(found, names);
        assert_eq!(back.column(1), &numbers);
        // A sink's dataset has one, too.
        write(&store, "DelimitedText", dataset("x", options), vec![back])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn rows_are_counted_from_the_bytes() {
    let store = MemoryStore::default();
    let of = || dataset("x", json!({"firstRowAsHeader": true}));
    let staged = write(&store, "DelimitedText", of(), vec![many(70_000, 0), many(3, 0)])
        .await
        .unwrap();
    assert_eq!(staged.rows, 70_003);
    let dialect = dialect(json!({"firstRowAsHeader": true}));
    let file = store.get("x").unwrap();
    let input = Input {
        label: "x".to_owned(),
        bytes: Box::new(file.as_ref()),
    };
    let mut records = Records::begin(input, &dialect).unwrap();
    let (mut record, mut count) = (Record::default(), 0);
    while records.next(&mut record).unwrap() == Found::Record {
        count += 1;
    }
    assert_eq!(count, 70_004);
}

#[tokio::test]
async fn without_a_delimiter_a_line_is_a_column() {
    let store = MemoryStore::default();
    let lines = || dataset("x", json!({"columnDelimiter": "", "quoteChar": "", "escapeChar": ""}));
    store.put("x", "a,b;c\n\"d\"\n");
    let expected = texts(&[("Prop_0", vec![Some("a,b;c"), Some("\"d\"")])]);
    assert_eq!(read(&store, "DelimitedText", lines()).await.unwrap(), expected);
    write(&store, "DelimitedText", lines(), vec![expected]).await.unwrap();
    assert_eq!(store.get("x").unwrap(), "a,b;c\r\n\"d\"\r\n");
    let fault = write(&store, "DelimitedText", lines(), vec![many(1, 0)])
        .await
        .unwrap_err();
    assert_eq!(fault.code, sluice_contract::Code::SchemaMismatch);
}

#[tokio::test]
async fn characters_that_the_encoding_lacks_are_refused() {
    let store = MemoryStore::default();
    let latin = || dataset("x", json!({"encodingName": "ISO-8859-1", "quoteAllText": true}));
    let batch = texts(&[("Prop_0", vec![Some("äöü\u{80}"), None, Some("")])]);
    write(&store, "DelimitedText", latin(), vec![batch.clone()])
        .await
        .unwrap();
    assert!(store.get("x").unwrap().starts_with(b"\"\xe4\xf6\xfc\x80\""));
    assert_eq!(read(&store, "DelimitedText", latin()).await.unwrap(), batch);
    let euro = texts(&[("Prop_0", vec![Some("€")])]);
    let fault = write(&store, "DelimitedText", latin(), vec![euro]).await.unwrap_err();
    assert_eq!(fault.code, sluice_contract::Code::DataInvalid);
    assert!(fault.message.contains("U+20AC"), "{fault}");
}

#[tokio::test]
async fn rows_that_do_not_fit_are_left_out_where_that_is_allowed() {
    let store = MemoryStore::default();
    store.put(
        "x.csv",
        b"n,t\n1,a\nx,b\n2\n3,c,d\n4,\"e\"f\n5,\xff\n6,\"g\nh\"\n,\n".to_vec(),
    );
    let options = json!({"firstRowAsHeader": true, "schema": [{"name": "n", "type": "Int32"}, {"name": "t"}]});
    let (back, left_out) = crate::tests::sample::read_some(&store, "DelimitedText", dataset("x.csv", options))
        .await
        .unwrap();
    let numbers = arrow::array::Int32Array::from(vec![Some(1), Some(6), None]);
    assert_eq!(back.column(0).as_ref(), &numbers as &dyn arrow::array::Array);
    let left_out: Vec<_> = left_out
        .iter()
        .map(|row| (row.place.as_str(), row.record.as_str()))
        .collect();
    assert_eq!(
        left_out,
        [
            ("x.csv, line 3", "x,b"),
            ("x.csv, line 4", "2"),
            ("x.csv, line 5", "3,c,d"),
            ("x.csv, line 6", "4,\"e\"f"),
            ("x.csv, line 7", "5,\u{fffd}"),
        ]
    );
}

#[test]
fn rows_are_counted_as_they_are_read() {
    let mut random = Random(3);
    for options in [
        json!({}),
        json!({"escapeChar": "\""}),
        json!({"rowDelimiter": "\n", "columnDelimiter": "|"}),
        json!({"rowDelimiter": "\r\n", "firstRowAsHeader": true}),
    ] {
        let dialect = dialect(options);
        for _ in 0..1_500 {
            let text: String = (0..3).map(|_| random.text(&ALPHABET[..8])).collect();
            let input = || Input {
                label: "x".to_owned(),
                bytes: Box::new(text.as_bytes()),
            };
            let (quick, slow) = (count::rows(input(), &dialect), super::records::count(input(), &dialect));
            assert_eq!(quick.ok(), slow.ok(), "{text:?}");
        }
    }
}

/// Where nothing is wrong with the rows, whoever encodes them writes the same bytes; where something is, the file's encoder
/// gets them.
#[test]
fn portions_are_what_the_encoder_writes() {
    let mut random = Random(4);
    let (mut same, mut left) = (0, 0);
    for options in dialects() {
        let request = SinkRequest {
            dataset: options.as_object().unwrap().clone(),
            ..SinkRequest::default()
        };
        let format = DelimitedFormat::new(&request).unwrap();
        for _ in 0..40 {
            let values: Vec<_> = (0..20)
                .map(|_| (random.below(9) > 0).then(|| random.text(ALPHABET)))
                .collect();
            let values: Vec<_> = values.iter().map(Option::as_deref).collect();
            let batch = texts(&[("a", values.clone()), ("b", values)]);
            let encoded = |portion: Option<&[u8]>| {
                let out = tempfile::NamedTempFile::new().unwrap();
                let mut encoder = format
                    .encoder(&batch.schema(), Box::new(out.reopen().unwrap()))
                    .unwrap();
                let put = |encoder: &mut Box<dyn crate::encode::Encoder>| match portion {
                    Some(portion) => encoder.write_portion(20, portion),
                    None => encoder.write(&batch),
                };
                put(&mut encoder)?;
                put(&mut encoder)?;
                assert_eq!(encoder.finish()?, 40);
                Ok::<_, sluice_contract::Fault>(std::fs::read(out.path()).unwrap())
            };
            let portions = format.portions(&batch.schema()).unwrap();
            match portions.encode(&batch) {
                Some(portion) => {
                    assert_eq!(encoded(Some(&portion)).ok(), encoded(None).ok(), "{options}");
                    same += 1;
                }
                None => left += 1,
            }
        }
    }
    assert!(same > 100 && left > 0, "{same} {left}");
}
