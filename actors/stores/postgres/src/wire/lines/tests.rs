use super::*;
use crate::wire::{DAY_MICROS, parse};
use arrow::array::{Decimal128Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use proptest::prelude::*;
use sluice_store_core::{Bare, ContentHash};

/// Quotes with `"`, and shows what it was asked to write itself.
struct Form([bool; 256]);

impl Form {
    fn form() -> Arc<dyn LineForm> {
        let mut marks = [false; 256];
        for mark in *b";\"\r\n" {
            marks[usize::from(mark)] = true;
        }
        Arc::new(Self(marks))
    }
}

impl LineForm for Form {
    fn delimiter(&self) -> &[u8] {
        b";"
    }

    fn row_end(&self) -> &[u8] {
        b"\r\n"
    }

    fn null(&self) -> &[u8] {
        b""
    }

    fn marks(&self) -> &[bool; 256] {
        &self.0
    }

    fn quotes_all(&self) -> bool {
        false
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    }

    fn bare(&self, value: Bare, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{value:?}").as_bytes());
    }
}

const WIRES: [Wire; 3] = [Wire::Int4, Wire::Decimal128 { precision: 9, scale: 2 }, Wire::Text];

fn schema(wires: &[Wire]) -> SchemaRef {
    let field = |(index, wire): (usize, &Wire)| Field::new(format!("c{index}"), wire.data_type(), true);
    Arc::new(Schema::new(wires.iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// The text in messages of so many bytes, which come in pieces of so many.
fn lines(wires: &[Wire], text: &[u8], message: usize, piece: usize) -> Result<(Vec<u8>, usize, ContentHash), Fault> {
    let mut stream = Vec::new();
    for content in text.chunks(message) {
        stream.push(b'd');
        stream.extend_from_slice(&(content.len() as u32 + 4).to_be_bytes());
        stream.extend_from_slice(content);
    }
    let mut liner = Liner::new(schema(wires), wires, Form::form()).unwrap();
    for piece in stream.chunks(piece) {
        liner.push(piece)?;
    }
    liner.finish()?;
    let (mut out, mut rows, mut hash) = (Vec::new(), 0, ContentHash::default());
    while let Some(chunk) = liner.next() {
        out.extend_from_slice(&chunk.bytes);
        rows += chunk.rows;
        hash.merge(&chunk.hash);
    }
    Ok((out, rows, hash))
}

#[test]
fn rows_are_lines_however_the_stream_is_cut() {
    let text = b"1\t-0.05\tplain\n-2147483648\t1234567.00\ta;b\n\\N\t\\N\t\\N\n0\t0.00\t\n7\t0.10\tx\\ty\\\\N\\n\n";
    let expected = "1;-0.05;plain\r\n-2147483648;1234567.00;\"a;b\"\r\n;;\r\n0;0.00;\"\"\r\n7;0.10;\"x\ty\\N\n\"\r\n";
    let decimals = [Some(-5), Some(123_456_700), None, Some(0), Some(10)];
    let decimals = Decimal128Array::from(decimals.to_vec())
        .with_precision_and_scale(9, 2)
        .unwrap();
    let texts = [Some("plain"), Some("a;b"), None, Some(""), Some("x\ty\\N\n")];
    let batch = RecordBatch::try_new(
        schema(&WIRES),
        vec![
            Arc::new(Int32Array::from(vec![Some(1), Some(i32::MIN), None, Some(0), Some(7)])),
            Arc::new(decimals),
            Arc::new(StringArray::from(texts.to_vec())),
        ],
    )
    .unwrap();
    for (message, piece) in [(1000, 1000), (1, 1), (7, 3), (3, 50), (20, 7)] {
        let (out, rows, hash) = lines(&WIRES, text, message, piece).unwrap();
        assert_eq!((String::from_utf8(out).unwrap().as_str(), rows), (expected, 5));
        assert_eq!(hash, ContentHash::of(&batch));
    }
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = |text: &[u8]| lines(&WIRES, text, 100, 100).unwrap_err().message;
    let good = "1\t1.00\tx\n";
    for (row, why) in [
        ("x\t1.00\tx\n", "\"c0\" holds \"x\""),
        ("99999999999999999999\t1.00\tx\n", "\"c0\""),
        (
            "1\tNaN\tx\n",
            "\"c1\" holds NaN, which a decimal cannot hold (row 2 of its partition)",
        ),
        ("1\t1.0\tx\n", "\"c1\" holds \"1.0\""),
        ("1\t10000000.00\tx\n", "larger than its column"),
        (
            "1\t99999999999999999999999999999999999999999.00\tx\n",
            "larger than its column",
        ),
        ("1\t1.00\n", "another number of fields"),
        ("1\t1.00\tx\ty\n", "another number of fields"),
        ("1 \t1.00\tx\n", "another number of fields"),
        ("1\t1.00\tx", "broke off"),
    ] {
        let fault = wrong(format!("{good}{row}").as_bytes());
        assert!(fault.contains(why), "{row:?}: {fault}");
    }
    assert!(wrong(b"1\t1.00\t\xff\n").contains("not UTF-8"));
    assert!(Liner::new(schema(&[Wire::Bytea]), &[Wire::Bytea], Form::form()).is_none());
}

#[test]
fn dates_are_those_of_the_calendar() {
    let first = chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
    let (mut date, mut days) = (first, -719_162);
    while let (4, Some(next)) = (date.format("%Y").to_string().len(), date.succ_opt()) {
        let text = format!("{}\t", date.format("%Y-%m-%d"));
        assert_eq!(calendar::usual(text.as_bytes()), Some(days), "{text}");
        assert_eq!(calendar::date(text.trim().as_bytes()), Some(days), "{text}");
        (date, days) = (next, days + 1);
    }
    assert_eq!(days, 2_932_897);
    for (text, days) in [
        ("0001-12-31 BC", Some(-719_163)),
        ("4714-11-24 BC", Some(-2_440_588)),
        ("10000-01-01", Some(2_932_897)),
        ("5874897-12-31", Some(2_145_042_905)),
        ("infinity", None),
        ("2024-13-01", None),
        ("2024-1-01", None),
        ("0000-01-01", None),
        ("01.02.2024", None),
    ] {
        assert_eq!(calendar::date(text.as_bytes()), days, "{text}");
        assert_eq!(calendar::usual(format!("{text}\n").as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn moments_are_read_as_texts_for_a_column_are(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000, utc in any::<bool>()) {
        let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        let fraction = moment.format("%.6f").to_string();
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        let text = format!("{}{fraction}", moment.format("%Y-%m-%d %H:%M:%S"));
        prop_assert_eq!(parse::timestamp(&text), Ok(micros));
        let sent = if utc { format!("{text}+00") } else { text.clone() };
        prop_assert_eq!(calendar::timestamp(sent.as_bytes(), utc), Some(micros));
        prop_assert_eq!(calendar::timestamp(sent.as_bytes(), !utc), None);
        let clock = text.split_once(' ').unwrap().1;
        prop_assert_eq!(calendar::time(clock.as_bytes()), Some(micros.rem_euclid(DAY_MICROS)));
    }
}

#[test]
fn clocks_end_with_the_day() {
    assert_eq!(calendar::time(b"24:00:00"), Some(DAY_MICROS));
    for wrong in [
        "24:00:00.1",
        "23:60:00",
        "23:59:60",
        "1:00:00",
        "12:00:00.",
        "12:00:00.1234567",
        "12:00",
        "",
        "12:00:00+01",
    ] {
        assert_eq!(calendar::time(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!(calendar::timestamp(b"2024-07-01 12:00:00+02", true), None);
    assert_eq!(
        calendar::timestamp(b"0001-12-31 23:59:59.5 BC", false),
        Some(-719_163 * DAY_MICROS + 86_399_500_000)
    );
}
