//! Rows that go into delimited text as the server's texts: the file and the hash are those of rows that were decoded.

use super::{Shop, key, object};
use futures::TryStreamExt;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_store_core::{ContentHash, NativeChunk, Sink, SinkRequest, Source, StoreProperties};
use tempfile::TempDir;

/// Every type that is read as text, and what is odd in it.
const SCRIPT: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'ok, "fine"');
    CREATE TABLE a (small int2, whole int4, big int8, id oid, ok bool, single float4, double float8,
        money numeric(15,2), units numeric(38,0), fine numeric(20,19), wide numeric(38,10), free numeric,
        name text, fixed char(12), label varchar(60), feeling mood, doc json, normal jsonb, who uuid,
        day date, clock time, moment timestamp, at timestamptz, coarse timestamp(3),
        took interval, net inet, mask bit(3), place point);
    INSERT INTO a (whole) SELECT g FROM generate_series(1, 3) g;
    INSERT INTO a SELECT g - 2000, g * 100003, g * 1000000007::int8, g, g % 2 = 0, g / 3.0::float4, g / 7.0::float8,
        (g - 2000) / 100.0, g, g / 10000.0, g * 1.0000000001, g / 8.0,
        'row ' || g, 'f' || g, repeat(chr(32 + g % 95), g % 7) || ', "quoted" \ ' || chr(9) || chr(10) || chr(13) || g, 'sad',
        json_build_object('a', g, 'b', E'\\ "x"'), jsonb_build_object('a', ARRAY[g]), md5(g::text)::uuid,
        date '1999-12-25' + g, time '00:00' + g * interval '1.000001 s', timestamp '2024-02-28' + g * interval '1 hour 0.5 s',
        timestamptz '2024-03-31 00:00:00+00' + g * interval '7.000007 min', timestamp '1970-01-01' + g * interval '1.001 s',
        g * interval '1 day 2.5 h', inet '10.0.0.0/8' + g, B'101', point(g, -g) FROM generate_series(1, 4000) g;
    INSERT INTO a (small, whole, big, id, single, double, money, units, fine, wide, free, name, fixed, label, feeling, day, clock, moment, at)
    VALUES
        (-32768, -2147483648, -9223372036854775808, 4294967295, 'NaN', 'Infinity', -9999999999999.99,
            -99999999999999999999999999999999999999, -9.9999999999999999999, 9999999999999999999999999999.9999999999, 'NaN',
            '', '', '', 'ok, "fine"', '4714-11-24 BC', '23:59:59.999999', '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC'),
        (32767, 2147483647, 9223372036854775807, 0, '-0', '-0', 9999999999999.99,
            99999999999999999999999999999999999999, 9.9999999999999999999, -0.0000000001, '-1e-300',
            '\N', '\.', 'NULL', 'sad', '5874897-12-31', '00:00:00', '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775807+00'),
        (0, 0, 0, 1, '1e-45', '5e-324', -0.05, 0, 0, 0, 1e300, U&'\FEFFmark', U&'\00e4\4e2d\+01F600', E'a\\', 'sad',
            '0001-01-01', '12:00', '0001-01-01 00:00:00', '1999-12-31 23:59:59.1+00'),
        (1, 1, 1, 1, '3.4028235e38', '1.7976931348623157e308', 0.00, 1, 1, 1, 12345678901234567890.12345, 'true', 'x;y', E'\b\f\x0b\x01',
            'sad', '0044-03-15 BC', '12:00:00.000010', '9999-12-31 23:59:59', '10000-01-01 00:00:00+00'),
        (1, 1, 1, 1, 1e15, 1e16, 1.10, 1, 1, 1, 0.10, E'\r', E'\n', '"', 'sad', '10000-01-01', '01:02:03.4', '2000-02-29 00:00:00', 'epoch'),
        (1, 1, 1, 1, 1e-5, 1e-7, 1, 1, 1, 1, 100, E'''', E'\\"', E'\\\\""\\', 'sad', '2000-02-29', '10:20:30', 'epoch', 'epoch')
"#;

/// Files that are written.
struct Files(TempDir);

impl Files {
    async fn sink(&self, name: &str, dialect: &Value) -> Box<dyn Sink> {
        let properties = StoreProperties {
            kind: "FileServer".into(),
            public: object(json!({ "host": self.0.path() })),
            ..Default::default()
        };
        let connection = sluice_store_file::connector().connect(properties).await.unwrap();
        let mut dataset = object(dialect.clone());
        let location = json!({ "type": "FileServerLocation", "fileName": name });
        dataset.insert("location".to_owned(), location);
        let request = SinkRequest {
            dataset_kind: "DelimitedText".into(),
            dataset,
            parallel: 1,
            default_name: "t".into(),
            ..Default::default()
        };
        connection.sink(request).await.unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(name)).unwrap()
    }

    /// What is in a packed file. Where its blocks end depends on how it came.
    fn unpacked(&self, name: &str) -> Vec<u8> {
        let file = std::fs::File::open(self.0.path().join(name)).unwrap();
        let output = std::process::Command::new("gzip")
            .arg("-dc")
            .stdin(file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}

/// Writes what the server has decoded.
async fn decoded(source: &dyn Source, mut sink: Box<dyn Sink>) -> (u64, ContentHash) {
    sink.prepare(source.schema(), &key()).await.unwrap();
    let mut hash = ContentHash::default();
    for partition in source.partitions() {
        let mut writer = sink.writer().await.unwrap();
        let mut batches = source.read(partition).await.unwrap();
        while let Some(batch) = batches.try_next().await.unwrap() {
            hash.merge(&ContentHash::of(&batch));
            writer.write(batch).await.unwrap();
        }
        writer.finish().await.unwrap();
    }
    let rows = sink.verify().await.unwrap().rows;
    sink.commit().await.unwrap();
    (rows, hash)
}

/// Writes the server's texts.
async fn lines(source: &dyn Source, mut sink: Box<dyn Sink>) -> Result<(u64, ContentHash), Fault> {
    sink.prepare(source.schema(), &key()).await?;
    assert!(source.makes_lines());
    let form = sink.lines().expect("the sink takes lines");
    let mut hash = ContentHash::default();
    for partition in source.partitions() {
        let mut writer = sink.writer().await?;
        let chunks: Vec<NativeChunk> = source.read_lines(partition, &form).await?.try_collect().await?;
        for chunk in chunks {
            hash.merge(&chunk.hash);
            writer.write_native(chunk).await?;
        }
        writer.finish().await?;
    }
    let rows = sink.verify().await?.rows;
    sink.commit().await?;
    Ok((rows, hash))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_the_same_to_the_byte() {
    let shop = Shop::open(SCRIPT).await;
    let files = Files(TempDir::new().unwrap());
    let dialects = [
        json!({}),
        json!({ "firstRowAsHeader": true, "rowDelimiter": "\n" }),
        json!({ "columnDelimiter": "\t", "quoteChar": "'", "escapeChar": "'", "nullValue": "\\N" }),
        json!({ "columnDelimiter": "||", "rowDelimiter": "#\n", "nullValue": "NULL" }),
        json!({ "quoteAllText": true, "escapeChar": "\"", "encodingName": "UTF-8 with BOM" }),
        // Marks that stand in numbers, and a text for NULL that is a value.
        json!({ "columnDelimiter": "1", "quoteChar": "0", "escapeChar": "e" }),
        json!({ "columnDelimiter": ":", "nullValue": "true", "compressionCodec": "gzip" }),
    ];
    for (number, dialect) in dialects.iter().enumerate() {
        let source = shop.source("a", json!({}), 1).await.unwrap();
        let (one, other) = (format!("{number}.decoded"), format!("{number}.lines"));
        let expected = decoded(source.as_ref(), files.sink(&one, dialect).await).await;
        let found = lines(source.as_ref(), files.sink(&other, dialect).await).await.unwrap();
        assert_eq!(found.0, 4009);
        assert_eq!(found.1.differing(&expected.1), Vec::<usize>::new(), "{dialect}");
        assert_eq!(found, expected, "{dialect}");
        let bytes = |name: &str| match dialect.get("compressionCodec") {
            None => files.bytes(name),
            Some(_) => files.unpacked(name),
        };
        let (one, other) = (bytes(&one), bytes(&other));
        let differs = one.iter().zip(&other).position(|(a, b)| a != b);
        let around = |bytes: &[u8]| {
            let at = differs.unwrap_or(bytes.len().min(40));
            String::from_utf8_lossy(&bytes[at.saturating_sub(40)..(at + 40).min(bytes.len())]).into_owned()
        };
        assert!(
            one == other,
            "{dialect}: {:?} became {:?}",
            around(&one),
            around(&other)
        );
    }
    // A column alone: a NULL of it is an empty line, and a text may be nothing but a quote.
    for column in ["name", "label", "money", "day", "at", "wide"] {
        let query = json!({ "query": format!("SELECT {column} FROM a ORDER BY whole, label, name") });
        let source = shop.source("", query, 1).await.unwrap();
        let expected = decoded(source.as_ref(), files.sink("one", &json!({})).await).await;
        let found = lines(source.as_ref(), files.sink("other", &json!({})).await)
            .await
            .unwrap();
        assert_eq!(found, expected, "{column}");
        assert!(files.bytes("one") == files.bytes("other"), "{column}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrow_cannot_hold_is_refused_in_the_same_words() {
    let columns = "n int4, value numeric(9,2), day date, moment timestamp, at timestamptz, clock time";
    let shop = Shop::open(&format!("CREATE TABLE odd ({columns})")).await;
    let files = Files(TempDir::new().unwrap());
    for (column, value) in [
        ("value", "NaN"),
        ("day", "infinity"),
        ("moment", "-infinity"),
        ("at", "infinity"),
        ("clock", "24:00:00"),
    ] {
        let script = format!(
            "DELETE FROM odd; INSERT INTO odd (n) VALUES (1), (2); INSERT INTO odd ({column}) VALUES ('{value}')"
        );
        shop.server.sql(&script).await;
        let source = shop.source("odd", json!({}), 1).await.unwrap();
        let batches = source.read(&source.partitions()[0]).await.unwrap();
        let expected = batches.try_collect::<Vec<_>>().await.unwrap_err();
        let fault = lines(source.as_ref(), files.sink("odd", &json!({})).await)
            .await
            .unwrap_err();
        assert_eq!((fault.code, &fault.message), (Code::DataInvalid, &expected.message));
        assert!(
            fault.message.contains("row 3") && fault.message.contains(column),
            "{fault}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_decoded_where_texts_would_be_others() {
    let shop = Shop::open("CREATE TABLE t (n int4, day date, at timestamptz, raw bytea, wide numeric(60,2))").await;
    let makes = async |query: &str| {
        let source = shop.source("", json!({ "query": query }), 1).await.unwrap();
        source.makes_lines()
    };
    assert!(makes("SELECT n, day, at FROM t").await);
    assert!(!makes("SELECT n, raw FROM t").await);
    assert!(!makes("SELECT n, wide FROM t").await);
    shop.server.sql("ALTER ROLE ALL SET TimeZone = 'Europe/Berlin'").await;
    assert!(makes("SELECT n, day FROM t").await);
    assert!(!makes("SELECT n, at FROM t").await);
    shop.server.sql("ALTER ROLE ALL SET DateStyle = 'German'").await;
    assert!(!makes("SELECT n, day FROM t").await);
    assert!(makes("SELECT n FROM t").await);
    // Dialects that refuse some texts, or are not written as the text's bytes, have no lines.
    let files = Files(TempDir::new().unwrap());
    let source = shop.source("", json!({ "query": "SELECT n FROM t" }), 1).await.unwrap();
    for dialect in [
        json!({ "quoteChar": "", "escapeChar": "" }),
        json!({ "encodingName": "UTF-16" }),
    ] {
        let mut sink = files.sink("none", &dialect).await;
        sink.prepare(source.schema(), &key()).await.unwrap();
        assert!(sink.lines().is_none(), "{dialect}");
        sink.abort().await;
    }
}
