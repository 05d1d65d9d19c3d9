use super::*;

fn modifier(precision: i32, scale: i32) -> i32 {
    (precision << 16 | (scale & 0x7ff)) + 4
}

#[test]
fn numerics_become_decimals_that_hold_them() {
    let of = |precision, scale| Carried::of("c", &Type::NUMERIC, modifier(precision, scale)).unwrap();
    assert_eq!(
        of(38, 10).wire,
        Wire::Decimal128 {
            precision: 38,
            scale: 10
        }
    );
    assert_eq!(of(38, 10).full, "numeric(38,10)");
    assert_eq!(
        of(39, 0).wire,
        Wire::Decimal256 {
            precision: 39,
            scale: 0
        }
    );
    assert_eq!(of(3, -2).wire, Wire::Decimal128 { precision: 5, scale: 0 });
    assert_eq!(of(2, 4).wire, Wire::Decimal128 { precision: 4, scale: 4 });
    assert_eq!(of(77, 0).wire, Wire::Text);
    assert!(of(1000, 500).cast);
    let any = Carried::of("c", &Type::NUMERIC, -1).unwrap();
    assert!(any.cast && any.wire == Wire::Text && any.full == "numeric");
}

#[test]
fn what_is_not_exact_is_refused_by_name() {
    for ty in [
        Type::INT4_ARRAY,
        Type::INT4_RANGE,
        Type::MONEY,
        Type::CHAR,
        Type::RECORD,
        Type::REGCLASS,
    ] {
        let fault = Carried::of("the column", &ty, -1).unwrap_err();
        assert_eq!(fault.code, Code::TypeUnsupported);
        assert!(
            fault.message.contains("the column") && fault.message.contains(ty.name()),
            "{fault}"
        );
    }
}

#[test]
fn a_created_column_has_its_old_type_only_where_that_fits() {
    let field = |data_type, original: &str| {
        let metadata = [(ORIGINAL_TYPE.to_owned(), original.to_owned())];
        declared(&Field::new("c", data_type, true).with_metadata(metadata)).unwrap()
    };
    assert_eq!(field(DataType::Utf8, "uuid"), "uuid");
    assert_eq!(field(DataType::Utf8, "numeric"), "numeric");
    assert_eq!(field(DataType::Utf8, "varchar(20)"), "varchar(20)");
    assert_eq!(field(DataType::Decimal128(38, 10), "numeric(38,10)"), "numeric(38,10)");
    assert_eq!(field(DataType::Decimal128(5, 0), "numeric(3,-2)"), "numeric(5,0)");
    assert_eq!(field(DataType::Decimal128(4, 4), "numeric(2,4)"), "numeric(4,4)");
    // Of another store, of another form, or not a type at all.
    assert_eq!(field(DataType::Utf8, "date"), "text");
    assert_eq!(field(DataType::Utf8, "VARCHAR(20)"), "text");
    assert_eq!(field(DataType::Utf8, "int4"), "text");
    assert_eq!(field(DataType::Utf8, "varchar(1); drop table x"), "text");
    assert_eq!(field(DataType::Utf8, "varchar(1,x)"), "text");
    assert_eq!(field(DataType::Utf8, "mood"), "text");
    assert_eq!(field(DataType::UInt64, ""), "numeric(20,0)");
}
