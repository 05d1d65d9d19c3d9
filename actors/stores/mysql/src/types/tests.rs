use super::*;

fn column(kind: u8, length: u32, decimals: u8, flags: u16, charset: u16) -> Definition {
    Definition {
        name: "c".into(),
        charset,
        length,
        kind,
        flags,
        decimals,
    }
}

const UNSIGNED: u16 = 0x20;

#[test]
fn columns_are_what_they_were_declared_as() {
    for (column, wire, full) in [
        (column(kind::LONG, 11, 0, 0, 63), Wire::Int32, "int"),
        (
            column(kind::LONGLONG, 20, 0, UNSIGNED, 63),
            Wire::UInt64,
            "bigint unsigned",
        ),
        (
            column(kind::NEWDECIMAL, 67, 30, 0, 63),
            Wire::Decimal256 {
                precision: 65,
                scale: 30,
            },
            "decimal(65,30)",
        ),
        (
            column(kind::NEWDECIMAL, 11, 0, 0, 63),
            Wire::Decimal128 {
                precision: 10,
                scale: 0,
            },
            "decimal(10,0)",
        ),
        (
            column(kind::NEWDECIMAL, 11, 2, UNSIGNED, 63),
            Wire::Decimal128 {
                precision: 10,
                scale: 2,
            },
            "decimal(10,2)",
        ),
        (column(kind::BIT, 1, 0, UNSIGNED, 63), Wire::Bool, "bit(1)"),
        (column(kind::BIT, 64, 0, UNSIGNED, 63), Wire::Bits, "bit(64)"),
        (column(kind::VAR_STRING, 80, 0, 0, 45), Wire::Text, "varchar(20)"),
        (column(kind::STRING, 16, 0, 0, 63), Wire::Bytes, "binary(16)"),
        (column(kind::STRING, 16, 0, 0x100, 45), Wire::Text, "enum"),
        (column(kind::BLOB, 65535, 0, 0, 63), Wire::Bytes, "blob"),
        (column(kind::BLOB, 65535, 0, 0, 45), Wire::Text, "text"),
        (column(kind::TIME, 10, 0, 0, 63), Wire::Time, "time(0)"),
        (column(kind::TIMESTAMP, 26, 6, 0, 63), Wire::Timestamp, "timestamp(6)"),
        (column(kind::TINY, 1, 0, 0, 63), Wire::Int8, "tinyint"),
    ] {
        let carried = Carried::of(&column, false).unwrap();
        assert_eq!((carried.wire, carried.full.as_str()), (wire, full));
    }
    let tiny = Carried::of(&column(kind::TINY, 1, 0, 0, 63), true).unwrap();
    assert_eq!(tiny.wire, Wire::TinyBool);
    let fault = Carried::of(&column(255, 0, 0, 0, 63), false).unwrap_err();
    assert_eq!(fault.code, Code::TypeUnsupported);
    assert!(fault.message.contains("\"c\"") && fault.message.contains("geometry"));
}
