//! Round trips of generated rows, and what becomes of damaged streams.

use super::decode::Decoder;
use super::encode::{Encoder, Encoding};
use super::output::Output;
use crate::types::Wire;
use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float32Array,
    Float64Array, Int16Array, Int32Array, Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Decimal128Type, Field, Schema, SchemaRef, TimestampMicrosecondType, i256};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// Every form, as it is read and as it is written.
const FORMS: &[(Wire, Output)] = &[
    (Wire::Bool, Output::Bool),
    (Wire::Int2, Output::Int2),
    (Wire::Int4, Output::Int4),
    (Wire::Int8, Output::Int8),
    (Wire::Float4, Output::Float4),
    (Wire::Float8, Output::Float8),
    (Wire::Text, Output::Text),
    (Wire::Jsonb, Output::Jsonb),
    (Wire::Uuid, Output::Uuid),
    (Wire::Bytea, Output::Bytea),
    (Wire::Date, Output::Date),
    (Wire::Time, Output::Time(1)),
    (Wire::Timestamp, Output::Timestamp(1)),
    (Wire::TimestampTz, Output::TimestampTz(1)),
    (DECIMAL, Output::Numeric(Some(10))),
    (WIDE, Output::Numeric(None)),
];
const DECIMAL: Wire = Wire::Decimal128 {
    precision: 38,
    scale: 10,
};
const WIDE: Wire = Wire::Decimal256 {
    precision: 76,
    scale: 3,
};

fn schema() -> SchemaRef {
    let field = |(index, (wire, _)): (usize, &(Wire, Output))| Field::new(format!("c{index}"), wire.data_type(), true);
    Arc::new(Schema::new(FORMS.iter().enumerate().map(field).collect::<Vec<_>>()))
}

fn encode(batch: &RecordBatch, outputs: &[Output]) -> Result<Vec<u8>, Fault> {
    let encoding = |(index, output): (usize, &Output)| Encoding {
        name: format!("c{index}"),
        output: *output,
    };
    let mut encoder = Encoder::new(outputs.iter().enumerate().map(encoding).collect());
    let mut stream = Encoder::header().to_vec();
    let mut rows = encoder.start(batch)?;
    while let Some(piece) = encoder.piece(&mut rows)? {
        stream.extend_from_slice(&piece);
    }
    stream.extend_from_slice(&Encoder::trailer());
    Ok(stream)
}

fn decode(
    schema: &SchemaRef,
    wires: &[Wire],
    stream: &[u8],
    chunk: usize,
    limit: usize,
) -> Result<Vec<RecordBatch>, Fault> {
    let mut decoder = Decoder::new(schema.clone(), wires, limit, false)?;
    let mut batches = Vec::new();
    // In messages that know nothing of rows, in pieces that know nothing of messages.
    let mut messages = Vec::new();
    for content in stream.chunks(chunk) {
        messages.push(b'd');
        messages.extend_from_slice(&(content.len() as u32 + 4).to_be_bytes());
        messages.extend_from_slice(content);
    }
    for piece in messages.chunks(chunk + chunk / 2) {
        decoder.push(piece)?;
        batches.extend(std::iter::from_fn(|| decoder.next()));
    }
    decoder.finish()?;
    batches.extend(std::iter::from_fn(|| decoder.next()));
    Ok(batches)
}

fn wires() -> Vec<Wire> {
    FORMS.iter().map(|(wire, _)| *wire).collect()
}

fn outputs() -> Vec<Output> {
    FORMS.iter().map(|(_, output)| *output).collect()
}

/// Nullable values of every form.
fn batches() -> impl Strategy<Value = RecordBatch> {
    fn some<T: std::fmt::Debug + Clone>(
        values: impl Strategy<Value = T>,
        rows: usize,
    ) -> impl Strategy<Value = Vec<Option<T>>> {
        prop::collection::vec(prop::option::of(values), rows)
    }
    (0..20_usize).prop_flat_map(|rows| {
        let first = (
            some(any::<bool>(), rows),
            some(any::<i16>(), rows),
            some(any::<i32>(), rows),
            some(any::<i64>(), rows),
            some(any::<f32>(), rows),
            some(any::<f64>(), rows),
            some(".{0,20}", rows),
            some("[0-9]{1,4}", rows),
        );
        let second = (
            some("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", rows),
            some(prop::collection::vec(any::<u8>(), 0..20), rows),
            some(-100_000_000..100_000_000_i32, rows),
            some(0..super::DAY_MICROS, rows),
            some(-i64::MAX / 2..i64::MAX / 2, rows),
            some(any::<i64>().prop_map(|value| value / 2), rows),
            some(any::<i128>().prop_map(|value| value / 2), rows),
            some(
                (any::<i128>(), any::<u128>()).prop_map(|(high, low)| (high / 16, low)),
                rows,
            ),
        );
        (first, second).prop_map(|(a, b)| {
            let limit = 10_i128.pow(38) - 1;
            let decimals = b.6.iter().map(|value| value.map(|value| value.clamp(-limit, limit)));
            let wide =
                b.7.iter()
                    .map(|value| value.map(|(high, low)| i256::from_parts(low, high)));
            let bytes: Vec<Option<&[u8]>> = b.1.iter().map(Option::as_deref).collect();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(BooleanArray::from(a.0)),
                Arc::new(Int16Array::from(a.1)),
                Arc::new(Int32Array::from(a.2)),
                Arc::new(Int64Array::from(a.3)),
                Arc::new(Float32Array::from(a.4)),
                Arc::new(Float64Array::from(a.5)),
                Arc::new(StringArray::from(a.6)),
                Arc::new(StringArray::from(a.7)),
                Arc::new(StringArray::from(b.0)),
                Arc::new(BinaryArray::from(bytes)),
                Arc::new(Date32Array::from(b.2)),
                Arc::new(Time64MicrosecondArray::from(b.3)),
                Arc::new(TimestampMicrosecondArray::from(b.4)),
                Arc::new(TimestampMicrosecondArray::from(b.5).with_timezone("UTC")),
                Arc::new(
                    Decimal128Array::from_iter(decimals)
                        .with_precision_and_scale(38, 10)
                        .unwrap(),
                ),
                Arc::new(
                    Decimal256Array::from_iter(wide)
                        .with_precision_and_scale(76, 3)
                        .unwrap(),
                ),
            ];
            RecordBatch::try_new(schema(), columns).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(batch in batches(), chunk in 1..200_usize, limit in 1..5000_usize) {
        let stream = encode(&batch, &outputs()).unwrap();
        let read = decode(&schema(), &wires(), &stream, chunk, limit).unwrap();
        prop_assert_eq!(concat_batches(&schema(), &read).unwrap(), batch);
    }

    #[test]
    fn a_cut_stream_is_never_taken_for_a_whole_one(batch in batches(), cut in any::<prop::sample::Index>()) {
        let stream = encode(&batch, &outputs()).unwrap();
        let fault = decode(&schema(), &wires(), &stream[..cut.index(stream.len())], 64, 1000).unwrap_err();
        prop_assert_eq!(fault.code, Code::DataInvalid);
    }

    #[test]
    fn damaged_streams_end_in_a_fault_or_in_rows(
        batch in batches(),
        at in any::<prop::sample::Index>(),
        damage in prop::collection::vec(any::<u8>(), 1..8),
    ) {
        let mut stream = encode(&batch, &outputs()).unwrap();
        let at = at.index(stream.len());
        for (byte, damaged) in stream[at..].iter_mut().zip(damage) {
            *byte = damaged;
        }
        if let Err(fault) = decode(&schema(), &wires(), &stream, 64, 1000) {
            prop_assert_eq!(fault.code, Code::DataInvalid);
        }
    }

    #[test]
    fn garbage_is_a_fault(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut stream = Encoder::header().to_vec();
        stream.extend_from_slice(&(FORMS.len() as i16).to_be_bytes());
        stream.extend_from_slice(&garbage);
        prop_assert_eq!(decode(&schema(), &wires(), &stream, 7, 100).unwrap_err().code, Code::DataInvalid);
    }

    #[test]
    fn texts_never_panic(text in ".{0,40}") {
        for output in outputs() {
            let batch = texts(&[&text]);
            if let Err(fault) = encode(&batch, &[output]) {
                prop_assert_eq!(fault.code, Code::DataInvalid);
            }
        }
    }
}

fn texts(values: &[&str]) -> RecordBatch {
    let column: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    RecordBatch::try_from_iter([("c", column)]).unwrap()
}

/// The value that a text becomes in a column.
fn converted(text: &str, output: Output, wire: Wire) -> Result<ArrayRef, Fault> {
    let schema = Arc::new(Schema::new(vec![Field::new("c", wire.data_type(), true)]));
    let read = decode(&schema, &[wire], &encode(&texts(&[text]), &[output])?, 1000, 1000)?;
    Ok(read[0].column(0).clone())
}

#[test]
fn texts_become_exactly_what_they_say() {
    let micros = |text: &str| {
        let array = converted(text, Output::TimestampTz(1), Wire::TimestampTz).unwrap();
        array.as_primitive::<TimestampMicrosecondType>().value(0)
    };
    assert_eq!(micros("1970-01-01T00:00:01Z"), 1_000_000);
    assert_eq!(micros("1970-01-01 02:00:00.5+02"), 500_000);
    assert_eq!(micros("1969-12-31 19:00:00-05:00"), 0);
    assert_eq!(micros("1970-01-01 05:30:00.000001+0530"), 1);
    assert_eq!(micros("1970-01-01"), 0);
    let decimal = |text: &str| {
        let array = converted(text, Output::Numeric(Some(10)), DECIMAL).unwrap();
        array.as_primitive::<Decimal128Type>().value(0)
    };
    assert_eq!(decimal("-0.0000000001"), -1);
    assert_eq!(decimal("+10000"), 10_i128.pow(14));
    assert_eq!(
        decimal("9999999999999999999999999999.9999999999000"),
        10_i128.pow(38) - 1
    );
    assert_eq!(decimal("00.10"), 10_i128.pow(9));
    assert_eq!(decimal("-0"), 0);
    let uuid = converted("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", Output::Uuid, Wire::Uuid).unwrap();
    assert_eq!(uuid.as_string::<i32>().value(0), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    let bytes = converted(r"\x00FF", Output::Bytea, Wire::Bytea).unwrap();
    assert_eq!(bytes.as_binary::<i32>().value(0), [0, 255]);
}

#[test]
fn texts_that_would_be_rounded_or_guessed_are_refused() {
    for (text, output) in [
        ("1.005", Output::Numeric(Some(2))),
        ("150", Output::Numeric(Some(-2))),
        ("1e3", Output::Numeric(None)),
        ("", Output::Numeric(None)),
        ("1.5", Output::Int4),
        ("2147483648", Output::Int4),
        ("1e400", Output::Float8),
        ("2024-02-30", Output::Date),
        ("2024-02-29 10:00", Output::Date),
        ("02/03/2024", Output::Date),
        ("2024-02-29 10:00:00.1234567", Output::Timestamp(1)),
        ("2024-02-29 10:00:00.5", Output::Timestamp(1_000_000)),
        ("2024-02-29 10:00:00+01", Output::Timestamp(1)),
        ("24:00:00", Output::Time(1)),
        ("maybe", Output::Bool),
        ("a0eebc99", Output::Uuid),
        (r"\x0", Output::Bytea),
        (r"\xgg", Output::Bytea),
    ] {
        let fault = encode(&texts(&[text]), &[output]).unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{text}");
        assert!(
            fault.message.contains("\"c0\"") && fault.message.contains("row 1"),
            "{fault}"
        );
    }
}

#[test]
fn nanoseconds_go_in_only_when_they_are_whole_microseconds() {
    let one = |nanos: i64| {
        let column: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![nanos]));
        encode(
            &RecordBatch::try_from_iter([("c", column)]).unwrap(),
            &[Output::Timestamp(1)],
        )
    };
    assert!(one(-1_000).is_ok());
    assert_eq!(one(1).unwrap_err().code, Code::DataInvalid);
}

/// A stream of one row of one field.
fn field(bytes: &[u8]) -> Vec<u8> {
    let mut stream = Encoder::header().to_vec();
    stream.extend_from_slice(&1_i16.to_be_bytes());
    stream.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    stream.extend_from_slice(bytes);
    stream.extend_from_slice(&Encoder::trailer());
    stream
}

#[test]
fn what_arrow_cannot_hold_names_its_column() {
    let special = |sign: u16| [[0, 0, 0, 0], [(sign >> 8) as u8, 0, 0, 0]].concat();
    for (wire, bytes, word) in [
        (Wire::Date, i32::MAX.to_be_bytes().to_vec(), "infinity"),
        (Wire::Timestamp, i64::MIN.to_be_bytes().to_vec(), "infinity"),
        (Wire::TimestampTz, i64::MAX.to_be_bytes().to_vec(), "infinity"),
        (Wire::Timestamp, (i64::MAX - 1).to_be_bytes().to_vec(), "timestamp"),
        (Wire::Time, super::DAY_MICROS.to_be_bytes().to_vec(), "24:00:00"),
        (DECIMAL, special(0xc000), "NaN"),
        (WIDE, special(0xd000), "infinity"),
        (Wire::Text, vec![0xff], "UTF-8"),
    ] {
        let schema = Arc::new(Schema::new(vec![Field::new("the column", wire.data_type(), true)]));
        let fault = decode(&schema, &[wire], &field(&bytes), 1000, 1000).unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid);
        assert!(
            fault.message.contains("the column") && fault.message.contains(word),
            "{fault}"
        );
    }
}

#[test]
fn lengths_are_believed_only_when_the_bytes_are_there() {
    let schema = Arc::new(Schema::new(vec![Field::new("c", Wire::Bytea.data_type(), true)]));
    let mut stream = field(b"");
    let at = stream.len() - 6;
    for (length, word) in [(i32::MAX, "1 GiB"), (-2, "negative"), (1 << 29, "broke off")] {
        stream[at..at + 4].copy_from_slice(&length.to_be_bytes());
        let fault = decode(&schema, &[Wire::Bytea], &stream, 1000, 1000).unwrap_err();
        assert!(fault.message.contains(word), "{fault}");
    }
}

#[test]
fn a_long_row_gets_a_batch_of_its_own() {
    let long = "x".repeat(5000);
    let batch = texts(&["a", &long, "b", "c"]);
    let schema = batch.schema();
    let stream = encode(&batch, &[Output::Text]).unwrap();
    let read = decode(&schema, &[Wire::Text], &stream, 10_000, 1000).unwrap();
    let rows: Vec<usize> = read.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(rows, [1, 1, 2]);
}
