use super::*;
use arrow::datatypes::TimeUnit;
use tokio_postgres::types::Type;

fn try_fit(source: DataType, target: &Type, modifier: i32) -> Result<Fit, Fault> {
    fit(
        &Field::new("c", source, true),
        &Carried::of("c", target, modifier).unwrap(),
    )
}

fn numeric(precision: i32, scale: i32) -> i32 {
    (precision << 16 | (scale & 0x7ff)) + 4
}

#[test]
fn nothing_is_rounded() {
    for (source, target, modifier) in [
        (DataType::Decimal128(38, 10), Type::NUMERIC, numeric(10, 2)),
        (DataType::Decimal128(10, 2), Type::NUMERIC, numeric(10, 4)),
        (DataType::Decimal128(10, 4), Type::NUMERIC, numeric(20, 2)),
        (DataType::Int64, Type::NUMERIC, numeric(3, -2)),
        (DataType::Float64, Type::NUMERIC, -1),
        (DataType::Float64, Type::FLOAT4, -1),
        (DataType::Int64, Type::FLOAT8, -1),
        (DataType::Utf8, Type::INTERVAL, 0),
    ] {
        let fault = try_fit(source.clone(), &target, modifier).unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported, "{source} {target}");
        assert!(fault.message.contains("\"c\""));
    }
}

#[test]
fn unrelated_types_do_not_fit() {
    for (source, target) in [
        (DataType::Boolean, Type::INT4),
        (DataType::Int32, Type::TIMESTAMP),
        (DataType::Timestamp(TimeUnit::Microsecond, None), Type::TIMESTAMPTZ),
        (DataType::Binary, Type::TEXT),
        (DataType::Int32, Type::INET),
        (DataType::new_list(DataType::Int32, true), Type::TEXT),
    ] {
        let fault = try_fit(source, &target, -1).unwrap_err();
        assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
    }
}

#[test]
fn what_is_exact_fits() {
    let fits = |source, target, modifier, output| {
        let fit = try_fit(source, &target, modifier).unwrap();
        assert_eq!(fit, Fit { output, cast: None }, "{target}");
    };
    fits(DataType::Decimal128(38, 10), Type::NUMERIC, -1, Output::Numeric(None));
    fits(
        DataType::Decimal128(10, 2),
        Type::NUMERIC,
        numeric(12, 4),
        Output::Numeric(Some(4)),
    );
    fits(DataType::Utf8, Type::NUMERIC, numeric(12, 4), Output::Numeric(Some(4)));
    fits(DataType::Int64, Type::INT4, -1, Output::Int4);
    fits(DataType::Utf8View, Type::UUID, -1, Output::Uuid);
    fits(
        DataType::Timestamp(TimeUnit::Nanosecond, None),
        Type::TIMESTAMP,
        3,
        Output::Timestamp(1000),
    );
    fits(DataType::Null, Type::DATE, -1, Output::Text);
    let text = Box::new(DataType::Utf8);
    fits(
        DataType::Dictionary(Box::new(DataType::Int8), text),
        Type::VARCHAR,
        24,
        Output::Text,
    );
    let inet = try_fit(DataType::Utf8, &Type::INET, -1).unwrap();
    assert_eq!(inet.cast.as_deref(), Some("pg_catalog.\"inet\""));
}
