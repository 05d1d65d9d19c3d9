//! Names of types, and what is made of them.

use super::carried::Carried;
use super::declared::declared;
use super::*;
use crate::describe::Described;
use arrow::datatypes::{DataType as D, Field, TimeUnit};
use sluice_contract::Code;
use sluice_store_core::source::ORIGINAL_TYPE;

#[test]
fn names_are_read_and_written_the_same() {
    for name in [
        "bit",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "real",
        "float",
        "decimal(38,38)",
        "money",
        "smallmoney",
        "date",
        "time(0)",
        "smalldatetime",
        "datetime",
        "datetime2(7)",
        "datetimeoffset(3)",
        "char(10)",
        "varchar(8000)",
        "varchar(max)",
        "nchar(4000)",
        "nvarchar(4000)",
        "nvarchar(max)",
        "text",
        "ntext",
        "binary(16)",
        "varbinary(max)",
        "image",
        "uniqueidentifier",
        "xml",
        "timestamp",
        "hierarchyid",
        "geography",
    ] {
        assert_eq!(SqlType::parse(name).to_string(), name);
    }
    assert_eq!(SqlType::parse("NUMERIC(5, 2)"), SqlType::Decimal(5, 2));
    assert_eq!(SqlType::parse("float(24)"), SqlType::Real);
    assert_eq!(SqlType::parse("sysname"), SqlType::NVarChar(Some(128)));
}

fn column(ty: &str) -> Described {
    Described {
        name: "c".into(),
        ty: SqlType::parse(ty),
        nullable: true,
        identity: false,
        computed: false,
        collation: None,
        code_page: None,
    }
}

#[test]
fn what_cannot_be_carried_is_refused_by_name() {
    for ty in ["sql_variant", "geography", "geometry", "vector(3)"] {
        let fault = Carried::of(&column(ty)).unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported);
        assert!(fault.message.contains("\"c\"") && fault.message.contains(ty), "{fault}");
    }
}

/// A table made for what another table gave has the same types.
#[test]
fn declared_types_are_read_as_what_they_were_made_for() {
    let micro = TimeUnit::Microsecond;
    for arrow in [
        D::Boolean,
        D::UInt8,
        D::Int16,
        D::Int32,
        D::Int64,
        D::Float32,
        D::Float64,
        D::Decimal128(38, 38),
        D::Utf8,
        D::Binary,
        D::Date32,
        D::Time64(micro),
        D::Time64(TimeUnit::Nanosecond),
        D::Timestamp(micro, None),
        D::Timestamp(TimeUnit::Nanosecond, None),
        D::Timestamp(micro, Some("UTC".into())),
    ] {
        let ty = declared(&Field::new("c", arrow.clone(), true)).unwrap();
        assert_eq!(Carried::of(&column(&ty.to_string())).unwrap().arrow, arrow, "{ty}");
    }
    for original in [
        "money",
        "smallmoney",
        "datetime",
        "smalldatetime",
        "uniqueidentifier",
        "nvarchar(20)",
        "binary(4)",
        "xml",
    ] {
        let carried = Carried::of(&column(original)).unwrap();
        let field = carried.field("c");
        assert_eq!(field.metadata()[ORIGINAL_TYPE], original);
        assert_eq!(declared(&field).unwrap().to_string(), original);
    }
}

#[test]
fn types_of_other_stores_are_not_taken_for_ours() {
    let of = |arrow: D, original: &str| {
        let field = Field::new("c", arrow, true).with_metadata(std::collections::HashMap::from([(
            ORIGINAL_TYPE.to_owned(),
            original.to_owned(),
        )]));
        declared(&field).unwrap().to_string()
    };
    assert_eq!(of(D::Utf8, "bit(8)"), "nvarchar(max)");
    assert_eq!(of(D::Utf8, "varchar(20)"), "nvarchar(max)");
    assert_eq!(of(D::Utf8, "uuid"), "uniqueidentifier");
    assert_eq!(
        of(D::Timestamp(TimeUnit::Microsecond, None), "datetime"),
        "datetime2(6)"
    );
    for refused in [
        D::Duration(TimeUnit::Second),
        D::Decimal128(10, -2),
        D::Decimal256(50, 2),
    ] {
        let fault = declared(&Field::new("c", refused, true)).unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported);
    }
}
