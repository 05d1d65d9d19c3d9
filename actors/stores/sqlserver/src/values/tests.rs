//! Values at the edges of their types, one by one.

use super::form::Form;
use super::time;
use super::write::cell;
use crate::describe::{CodePage, Described};
use crate::types::SqlType;
use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_contract::Code;
use std::sync::Arc;
use tiberius::ColumnData;
use tiberius::time::{DateTime, DateTime2, Time};

fn target(ty: &str) -> Described {
    Described {
        name: "c".into(),
        ty: SqlType::parse(ty),
        nullable: true,
        identity: false,
        computed: false,
        collation: None,
        code_page: Some(CodePage::Of(tiberius::Collation::new(0x00d0_0409, 0x34))),
    }
}

fn put(array: ArrayRef, ty: &str) -> Result<ColumnData<'static>, String> {
    let field = Field::new("c", array.data_type().clone(), true);
    let form = Form::of(&field, &target(ty)).map_err(|fault| fault.to_string())?;
    // What is borrowed from the array is made its own.
    cell(array.as_ref(), 0, form).map(|data| match data {
        ColumnData::String(text) => ColumnData::String(text.map(|text| text.into_owned().into())),
        ColumnData::Binary(bytes) => ColumnData::Binary(bytes.map(|bytes| bytes.into_owned().into())),
        ColumnData::I64(n) => ColumnData::I64(n),
        ColumnData::U8(n) => ColumnData::U8(n),
        ColumnData::F64(n) => ColumnData::F64(n),
        ColumnData::F32(n) => ColumnData::F32(n),
        ColumnData::Bit(n) => ColumnData::Bit(n),
        ColumnData::Numeric(n) => ColumnData::Numeric(n),
        ColumnData::DateTime(n) => ColumnData::DateTime(n),
        ColumnData::DateTime2(n) => ColumnData::DateTime2(n),
        ColumnData::DateTimeOffset(n) => ColumnData::DateTimeOffset(n),
        ColumnData::Date(n) => ColumnData::Date(n),
        ColumnData::Time(n) => ColumnData::Time(n),
        ColumnData::Guid(n) => ColumnData::Guid(n),
        other => panic!("{other:?}"),
    })
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

#[test]
fn whole_numbers_stay_in_their_range() {
    let number = |n: i64| Arc::new(Int64Array::from(vec![n])) as ArrayRef;
    assert_eq!(put(number(255), "tinyint").unwrap(), ColumnData::U8(Some(255)));
    assert!(put(number(256), "tinyint").unwrap_err().contains("tinyint"));
    assert!(put(number(-1), "tinyint").is_err());
    assert_eq!(put(text(" 7 "), "bigint").unwrap(), ColumnData::I64(Some(7)));
    assert!(put(text("7.5"), "bigint").is_err());
}

#[test]
fn decimals_are_never_rounded() {
    let all_digits = 10_i128.pow(38) - 1;
    let wide = Arc::new(
        Decimal128Array::from(vec![all_digits])
            .with_precision_and_scale(38, 38)
            .unwrap(),
    );
    match put(wide, "decimal(38,38)").unwrap() {
        ColumnData::Numeric(Some(number)) => assert_eq!((number.value(), number.scale()), (all_digits, 38)),
        other => panic!("{other:?}"),
    }
    for (value, ty, fits) in [
        ("1.23", "decimal(5,2)", true),
        ("1.230", "decimal(5,2)", true),
        ("1.234", "decimal(5,2)", false),
        ("999.99", "decimal(5,2)", true),
        ("1000", "decimal(5,2)", false),
        ("1e2", "decimal(5,2)", true),
        ("922337203685477.5807", "money", true),
        ("-922337203685477.5808", "money", true),
        ("922337203685477.5808", "money", false),
        ("214748.3647", "smallmoney", true),
        ("214748.3648", "smallmoney", false),
        ("x", "decimal(5,2)", false),
        (".", "decimal(5,2)", false),
        ("-0.0", "decimal(5,2)", true),
    ] {
        assert_eq!(put(text(value), ty).is_ok(), fits, "{value} as {ty}");
    }
}

#[test]
fn floats_are_numbers() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(
            put(Arc::new(Float64Array::from(vec![value])), "float")
                .unwrap_err()
                .contains("NaN or infinite")
        );
    }
    assert_eq!(put(text("1e308"), "float").unwrap(), ColumnData::F64(Some(1e308)));
    assert!(put(text("NaN"), "float").is_err() && put(text("1e309"), "float").is_err());
    let negative_zero = put(Arc::new(Float64Array::from(vec![-0.0])), "float").unwrap();
    assert!(matches!(negative_zero, ColumnData::F64(Some(zero)) if zero.is_sign_negative()));
}

#[test]
fn datetime_has_three_hundredths() {
    let millis = |n: i64| Arc::new(TimestampMillisecondArray::from(vec![n])) as ArrayRef;
    for (n, fits) in [
        (0, true),
        (3, true),
        (7, true),
        (10, true),
        (1, false),
        (4, false),
        (997, true),
        (999, false),
        (-3, true),
        (-1, false),
    ] {
        assert_eq!(put(millis(n), "datetime").is_ok(), fits, "{n} ms");
    }
    // All of a second's, there and back.
    for fragments in 0..300_u32 {
        let value = DateTime::new(-20_000, fragments);
        let ms = time::of_datetime(value);
        assert_eq!(put(millis(ms), "datetime").unwrap(), ColumnData::DateTime(Some(value)));
    }
    // 1752-12-31 is before it begins, 1753-01-01 is not.
    assert!(put(millis(-79_259 * 86_400_000), "datetime").is_err());
    assert!(put(millis(-6_847_804_800_000), "datetime").is_ok());
    assert!(put(millis(60_000), "smalldatetime").is_ok() && put(millis(1_000), "smalldatetime").is_err());
}

#[test]
fn moments_keep_their_digits_or_are_refused() {
    let nanos = |n: i64| Arc::new(TimestampNanosecondArray::from(vec![n])) as ArrayRef;
    assert!(put(nanos(100), "datetime2(7)").is_ok());
    assert!(put(nanos(1), "datetime2(7)").unwrap_err().contains("100 ns"));
    assert!(put(nanos(100), "datetime2(6)").unwrap_err().contains("digits"));
    let micros = |n: i64| Arc::new(TimestampMicrosecondArray::from(vec![n])) as ArrayRef;
    let (first, last) = (-62_135_596_800_000_000, 253_402_300_799_999_999);
    assert!(put(micros(first), "datetime2(6)").is_ok() && put(micros(last), "datetime2(6)").is_ok());
    assert!(put(micros(first - 1), "datetime2(6)").is_err() && put(micros(last + 1), "datetime2(6)").is_err());

    // Read: nanoseconds hold 584 years only, and say so.
    let year_9999 = DateTime2::new(tiberius::time::Date::new(3_652_058), Time::new(863_999_999_999, 7));
    let ticks = time::of_datetime2(year_9999);
    assert!(
        time::in_unit(ticks, TimeUnit::Nanosecond)
            .unwrap_err()
            .contains("datetime2(6)")
    );
    assert!(
        time::in_unit(ticks, TimeUnit::Microsecond).is_err(),
        "the seventh digit is not dropped"
    );
    assert_eq!(time::in_unit(ticks - 9, TimeUnit::Microsecond), Ok(last));
}

#[test]
fn texts_are_parsed_where_columns_want_more() {
    for (value, ty, fits) in [
        ("2024-02-29", "date", true),
        ("2023-02-29", "date", false),
        ("24:00:00", "time(7)", false),
        ("23:59:59.9999999", "time(7)", true),
        ("23:59:59.9999999", "time(6)", false),
        ("2024-02-29 12:00:00.123", "datetime2(3)", true),
        ("2024-02-29T12:00:00", "datetime2(0)", true),
        ("2024-02-29 12:00:00.5 +02:00", "datetimeoffset(7)", true),
        ("2024-02-29T12:00:00Z", "datetimeoffset(0)", true),
        ("2024-02-29 12:00:00", "datetimeoffset(0)", false),
        ("6F9619FF-8B86-D011-B42D-00C04FC964FF", "uniqueidentifier", true),
        ("{6f9619ff-8b86-d011-b42d-00c04fc964ff}", "uniqueidentifier", true),
        ("6F9619FF", "uniqueidentifier", false),
        ("yes", "bit", true),
        ("maybe", "bit", false),
        ("é€", "varchar(2)", true),
        ("é€x", "varchar(2)", false),
        ("漢", "varchar(10)", false),
        ("漢", "text", false),
        ("🦀🦀", "nvarchar(4)", true),
        ("🦀🦀", "nvarchar(3)", false),
        ("", "nvarchar(1)", true),
    ] {
        assert_eq!(put(text(value), ty).is_ok(), fits, "{value} as {ty}");
    }
}

#[test]
fn bytes_are_neither_cut_nor_filled_up() {
    let bytes = |b: &'static [u8]| Arc::new(BinaryArray::from(vec![b])) as ArrayRef;
    assert!(put(bytes(b"abcd"), "binary(4)").is_ok());
    assert!(put(bytes(b"abc"), "binary(4)").unwrap_err().contains("fill"));
    assert!(put(bytes(b"abcde"), "varbinary(4)").is_err());
    assert!(put(bytes(b""), "varbinary(max)").is_ok());
    let id = FixedSizeBinaryArray::try_from_iter(
        [*b"\0\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"].iter(),
    )
    .unwrap();
    match put(Arc::new(id), "uniqueidentifier").unwrap() {
        ColumnData::Guid(Some(id)) => assert_eq!(id.to_string(), "00112233-4455-6677-8899-aabbccddeeff"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn types_that_would_round_are_refused_before_any_value() {
    let of =
        |source: DataType, ty: &str| Form::of(&Field::new("c", source, true), &target(ty)).map_err(|fault| fault.code);
    assert_eq!(of(DataType::Float64, "real"), Err(Code::TypeUnsupported));
    assert_eq!(of(DataType::Int64, "float"), Err(Code::TypeUnsupported));
    assert_eq!(of(DataType::Float64, "decimal(10,2)"), Err(Code::TypeUnsupported));
    assert_eq!(
        of(DataType::Decimal128(12, 3), "decimal(12,2)"),
        Err(Code::TypeUnsupported)
    );
    assert_eq!(of(DataType::Utf8, "geography"), Err(Code::TypeUnsupported));
    assert_eq!(of(DataType::Utf8, "timestamp"), Err(Code::TypeUnsupported));
    assert_eq!(of(DataType::Boolean, "int"), Err(Code::SchemaMismatch));
    assert_eq!(
        of(DataType::Timestamp(TimeUnit::Second, None), "datetimeoffset(0)"),
        Err(Code::SchemaMismatch)
    );
    assert_eq!(of(DataType::Null, "int"), Ok(Form::Int));
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    assert_eq!(of(dictionary, "nvarchar(max)"), Ok(Form::Unicode { limit: None }));
}
