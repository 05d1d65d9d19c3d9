//! Values as another type: exactly, or not at all.

use crate::convert::{Column, Conversion, Culture, Format, Purpose, Rules, Target};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray, UInt8Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type};
use arrow::util::display::array_value_to_string;
use serde_json::{Value, json};
use sluice_contract::Code;
use std::sync::Arc;

fn rules(settings: Value) -> Rules {
    let translator = json!({"typeConversion": true, "typeConversionSettings": settings});
    Rules::read(translator.as_object().unwrap()).unwrap().unwrap()
}

/// The values as text, `-` where one does not fit; or why there is no such conversion.
fn convert(column: ArrayRef, kind: &str, settings: Value) -> Result<Vec<String>, String> {
    let asked = Column {
        scale: settings["scale"].as_i64().map(|scale| scale as i8),
        ..Column::default()
    };
    let target = Target::parse(kind, &asked).unwrap();
    let mut settings = settings;
    settings.as_object_mut().unwrap().remove("scale");
    let field = Field::new("c", column.data_type().clone(), true);
    let (conversion, to) = Conversion::new(&field, target, &rules(settings))?;
    let converted = conversion.apply(&column).unwrap();
    assert_eq!(converted.column.data_type(), to.data_type());
    // Names of zones are not known to what shows a value.
    let shown = match to.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            cast(&converted.column, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap()
        }
        _ => converted.column.clone(),
    };
    Ok((0..column.len())
        .map(|row| match (converted.bad.contains(&row), column.is_null(row)) {
            (true, _) => "-".to_owned(),
            (_, true) => {
                assert!(converted.column.is_null(row));
                "NULL".to_owned()
            }
            _ => array_value_to_string(&shown, row).unwrap(),
        })
        .collect())
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn ok(column: ArrayRef, kind: &str, settings: Value, expected: &[&str]) {
    let found = convert(column, kind, settings.clone());
    assert_eq!(found.unwrap(), expected, "{kind} {settings}");
}

#[test]
fn texts_become_numbers_or_do_not_fit() {
    let numbers = || texts(&["1", " -7 ", "+3", "1.5", "", "x", "99999999999", "1e2"]);
    ok(
        numbers(),
        "Int32",
        json!({}),
        &["1", "-7", "3", "-", "-", "-", "-", "-"],
    );
    ok(numbers(), "Byte", json!({}), &["1", "-", "3", "-", "-", "-", "-", "-"]);
    ok(
        numbers(),
        "Double",
        json!({}),
        &["1.0", "-7.0", "3.0", "1.5", "-", "-", "99999999999.0", "100.0"],
    );
    let decimals = || {
        texts(&[
            "1",
            "-0.25",
            "0.255",
            "1e2",
            "1e-3",
            ".5",
            "-",
            "1,5",
            "12345678901234567890.5",
        ])
    };
    ok(
        decimals(),
        "Decimal",
        json!({"scale": 2}),
        &[
            "1.00",
            "-0.25",
            "-",
            "100.00",
            "-",
            "0.50",
            "-",
            "-",
            "12345678901234567890.50",
        ],
    );
    ok(
        decimals(),
        "Decimal",
        json!({"scale": 2, "allowDataTruncation": true}),
        &[
            "1.00",
            "-0.25",
            "0.25",
            "100.00",
            "0.00",
            "0.50",
            "-",
            "-",
            "12345678901234567890.50",
        ],
    );
    ok(
        texts(&["1e38", "9e37"]),
        "Decimal",
        json!({"scale": 0}),
        &["-", &format!("9{}", "0".repeat(37))],
    );
}

#[test]
fn numbers_become_narrower_only_without_loss() {
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![
        Some(1),
        None,
        Some(300),
        Some(-1),
        Some(i64::MAX),
    ]));
    ok(wide.clone(), "Int32", json!({}), &["1", "NULL", "300", "-1", "-"]);
    ok(
        wide.clone(),
        "Byte",
        json!({"allowDataTruncation": true}),
        &["1", "NULL", "-", "-", "-"],
    );
    ok(
        wide.clone(),
        "Double",
        json!({}),
        &["1.0", "NULL", "300.0", "-1.0", "-"],
    );
    ok(
        wide.clone(),
        "Double",
        json!({"allowDataTruncation": true}),
        &["1.0", "NULL", "300.0", "-1.0", "9.223372036854776e18"],
    );
    ok(
        wide,
        "String",
        json!({}),
        &["1", "NULL", "300", "-1", "9223372036854775807"],
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 1.5, -1e300, f64::NAN, 0.1]));
    ok(floats.clone(), "Int32", json!({}), &["1", "-", "-", "-", "-"]);
    ok(
        floats.clone(),
        "Int32",
        json!({"allowDataTruncation": true}),
        &["1", "1", "-", "-", "0"],
    );
    ok(floats.clone(), "Single", json!({}), &["1.0", "1.5", "-", "NaN", "-"]);
    ok(
        floats,
        "String",
        json!({}),
        &["1", "1.5", &format!("-1{}", "0".repeat(300)), "NaN", "0.1"],
    );
    let decimals = Decimal128Array::from(vec![150, 200, -5])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let decimals: ArrayRef = Arc::new(decimals);
    ok(decimals.clone(), "Int16", json!({}), &["-", "2", "-"]);
    ok(
        decimals.clone(),
        "Int16",
        json!({"allowDataTruncation": true}),
        &["1", "2", "0"],
    );
    ok(decimals.clone(), "Decimal", json!({"scale": 1}), &["1.5", "2.0", "-"]);
    ok(decimals, "String", json!({}), &["1.50", "2.00", "-0.05"]);
}

#[test]
fn booleans_are_numbers_only_when_asked() {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    let numbers: ArrayRef = Arc::new(UInt8Array::from(vec![0, 1, 2]));
    let asked = || json!({"treatBooleanAsNumber": true});
    assert!(
        convert(flags.clone(), "Int32", json!({}))
            .unwrap_err()
            .contains("treatBooleanAsNumber")
    );
    ok(flags.clone(), "Int32", asked(), &["1", "0", "NULL"]);
    ok(flags.clone(), "Decimal", asked(), &["1", "0", "NULL"]);
    ok(flags, "String", json!({}), &["True", "False", "NULL"]);
    assert!(convert(numbers.clone(), "Boolean", json!({})).is_err());
    ok(numbers.clone(), "Boolean", asked(), &["false", "true", "-"]);
    ok(
        numbers,
        "Boolean",
        json!({"treatBooleanAsNumber": true, "allowDataTruncation": true}),
        &["false", "true", "true"],
    );
    let words = || texts(&["TRUE", " false", "1", "yes"]);
    ok(words(), "Boolean", json!({}), &["true", "false", "-", "-"]);
    ok(words(), "Boolean", asked(), &["true", "false", "true", "-"]);
}

#[test]
fn texts_become_dates_and_times() {
    let usual = || {
        texts(&[
            "2024-02-29T12:30:45.1234567",
            "2024-02-29",
            "2/9/2024 1:05 PM",
            "2023-02-29",
            "12:00",
            "2024-01-01T00:00:00Z",
        ])
    };
    ok(
        usual(),
        "DateTime",
        json!({}),
        &["-", "2024-02-29T00:00:00", "2024-02-09T13:05:00", "-", "-", "-"],
    );
    ok(
        usual(),
        "DateTime",
        json!({"allowDataTruncation": true}),
        &[
            "2024-02-29T12:30:45.123456",
            "2024-02-29T00:00:00",
            "2024-02-09T13:05:00",
            "-",
            "-",
            "2024-01-01T00:00:00",
        ],
    );
    ok(usual(), "Date", json!({}), &["-", "2024-02-29", "-", "-", "-", "-"]);
    let formatted = || texts(&["29.02.2024 23-59", "29.02.2024 24-00", "2024-02-29"]);
    ok(
        formatted(),
        "DateTime",
        json!({"dateTimeFormat": "dd.MM.yyyy HH-mm"}),
        &["2024-02-29T23:59:00", "-", "-"],
    );
    ok(
        texts(&[
            "2024-02-29 01:00:00 +02:00",
            "2024-02-29T01:00:00-05:30",
            "2024-02-29T01:00:00",
        ]),
        "DateTimeOffset",
        json!({}),
        &["2024-02-28T23:00:00Z", "2024-02-29T06:30:00Z", "2024-02-29T01:00:00Z"],
    );
    ok(
        texts(&["01:02:03", "1:02", "25:00:00", "01:02:03.5"]),
        "TimeSpan",
        json!({}),
        &["01:02:03", "01:02:00", "-", "01:02:03.500"],
    );
    ok(
        texts(&[
            "{0F8FAD5B-D9CB-469F-A165-70867728950E}",
            "0f8fad5bd9cb469fa16570867728950e",
            "0f8f",
        ]),
        "Guid",
        json!({}),
        &[
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "-",
        ],
    );
}

#[test]
fn dates_and_times_become_texts_and_each_other() {
    let at = |zone: Option<&str>| -> ArrayRef {
        let values =
            TimestampMicrosecondArray::from(vec![Some(1_709_251_200_250_000), None, Some(1_709_164_800_000_000)]);
        Arc::new(values.with_timezone_opt(zone.map(Arc::<str>::from)))
    };
    ok(
        at(None),
        "String",
        json!({}),
        &["2024-03-01T00:00:00.25", "NULL", "2024-02-29T00:00:00"],
    );
    ok(
        at(Some("UTC")),
        "String",
        json!({}),
        &["2024-03-01T00:00:00.25+00:00", "NULL", "2024-02-29T00:00:00+00:00"],
    );
    ok(
        at(Some("-05:00")),
        "String",
        json!({"dateTimeOffsetFormat": "yyyy-MM-dd HH:mm zzz"}),
        &["2024-02-29 19:00 -05:00", "NULL", "2024-02-28 19:00 -05:00"],
    );
    ok(
        at(None),
        "String",
        json!({"dateTimeFormat": "dddd d MMM yy, h:mm tt"}),
        &["Friday 1 Mar 24, 12:00 AM", "NULL", "Thursday 29 Feb 24, 12:00 AM"],
    );
    ok(at(None), "Date", json!({}), &["-", "NULL", "2024-02-29"]);
    ok(
        at(None),
        "Date",
        json!({"allowDataTruncation": true}),
        &["2024-03-01", "NULL", "2024-02-29"],
    );
    assert!(
        convert(at(Some("UTC")), "DateTime", json!({}))
            .unwrap_err()
            .contains("allowDataTruncation")
    );
    ok(
        at(Some("UTC")),
        "DateTime",
        json!({"allowDataTruncation": true}),
        &["2024-03-01T00:00:00.250", "NULL", "2024-02-29T00:00:00"],
    );
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0, -719_162]));
    ok(
        days,
        "String",
        json!({"dateTimeFormat": "d", "culture": "en-US"}),
        &["1/1/1970", "1/1/0001"],
    );
}

#[test]
fn nested_values_become_json() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None, Some(vec![])]);
    ok(Arc::new(lists), "String", json!({}), &["[1,null]", "NULL", "[]"]);
    let bytes: ArrayRef = Arc::new(arrow::array::BinaryArray::from(vec![b"x".as_ref()]));
    assert!(
        convert(bytes, "String", json!({}))
            .unwrap_err()
            .contains("not converted")
    );
    assert!(convert(texts(&["x"]), "Byte[]", json!({})).is_err());
}

#[test]
fn format_strings_are_those_of_dotnet() {
    let format = |text: &str, culture| Format::parse(text, Purpose::Moment, culture);
    for (text, there) in [
        ("yyyyMMddHHmmssfffffff", "20240307090805".to_owned() + "0420000"),
        ("yy-M-d H:m:s.F", "24-3-7 9:8:5".to_owned()),
        ("yyyy-MM-dd'T'HH:mm:ss.FFFF", "2024-03-07T09:08:05.042".to_owned()),
        ("o", "2024-03-07T09:08:05.0420000Z".to_owned()),
        ("r", "Thu, 07 Mar 2024 09:08:05 GMT".to_owned()),
        ("s", "2024-03-07T09:08:05".to_owned()),
        ("u", "2024-03-07 09:08:05Z".to_owned()),
        ("G", "03/07/2024 09:08:05".to_owned()),
        (r"hh\h tt z zz zzz K", "09h AM +0 +00 +00:00 Z".to_owned()),
        ("%d", "7".to_owned()),
    ] {
        let parsed = format(text, Culture::INVARIANT).unwrap();
        let moment = chrono::NaiveDate::from_ymd_opt(2024, 3, 7)
            .unwrap()
            .and_hms_milli_opt(9, 8, 5, 42)
            .unwrap();
        assert_eq!(parsed.write(moment, Some(0)), there, "{text}");
        if text.contains("yyyy") || ["o", "s", "u"].contains(&text) {
            let read = parsed.read(&there).unwrap().moment;
            assert_eq!(read.date(), moment.date(), "{text}");
        }
    }
    assert_eq!(
        format("F", Culture::EN_US).unwrap().write(Default::default(), None),
        "Thursday, January 1, 1970 12:00:00 AM"
    );
    for wrong in ["", "q", "'open", "yyyyyy", "HHH", "\\", "gg"] {
        assert!(format(wrong, Culture::INVARIANT).is_err(), "{wrong}");
    }
    // Whatever the text is, reading it ends, and ends without a panic.
    let all = format("yyyy-MM-dd HH:mm:ss.FFFFFFF zzz", Culture::INVARIANT).unwrap();
    for strange in [
        "",
        "ä",
        "2024-0",
        "2024-02-30 00:00:00 +00:00",
        "2024-02-03 00:00:00. +99:99",
        "٢٠٢٤-01-01",
        "2024-01-01 00:00:00 +",
    ] {
        assert_eq!(all.read(strange), None, "{strange}");
    }
}

#[test]
fn numbers_and_dates_are_read_and_written_as_in_their_culture() {
    let german = json!({"culture": "de-de"});
    ok(
        texts(&["1.234,56", "-0,5", "1234,5", "+7", "1.5", "1,2,3", "12.34,5", " 1e2 "]),
        "Double",
        german.clone(),
        &["1234.56", "-0.5", "1234.5", "7.0", "-", "-", "-", "100.0"],
    );
    ok(
        texts(&["1\u{a0}234,5", "1 234,5", "1.234,5"]),
        "Double",
        json!({"culture": "fr-FR"}),
        &["1234.5", "1234.5", "-"],
    );
    ok(
        texts(&["12,34,567.5", "1,234,567.5"]),
        "Double",
        json!({"culture": "en-IN"}),
        &["1234567.5", "-"],
    );
    // Nobody said what a comma is.
    ok(texts(&["1,234"]), "Double", json!({}), &["-"]);
    ok(texts(&["1,234"]), "Double", json!({"culture": "en-US"}), &["1234.0"]);
    ok(
        texts(&["2.1.2026", "02.01.2026 3:04:05", "2/1/2026", "2026-01-02", "31.12.2025"]),
        "DateTime",
        german.clone(),
        &[
            "2026-01-02T00:00:00",
            "2026-01-02T03:04:05",
            "2026-01-02T00:00:00",
            "2026-01-02T00:00:00",
            "2025-12-31T00:00:00",
        ],
    );
    ok(
        texts(&["2/1/2026 3:04 PM"]),
        "DateTime",
        json!({"culture": "en-AU"}),
        &["2026-01-02T15:04:00"],
    );
    let halves: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![1234.5, -0.25]));
    ok(halves, "String", german.clone(), &["1234,5", "-0,25"]);
    // A slash of the format is what parts the culture's dates.
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0]));
    ok(
        days,
        "String",
        json!({"culture": "de-DE", "dateTimeFormat": "dd/MM/yyyy"}),
        &["01.01.1970"],
    );
}

/// Every culture reads what it writes.
#[test]
fn every_culture_reads_its_own_dates_and_numbers() {
    let moment = chrono::NaiveDate::from_ymd_opt(2024, 3, 7)
        .unwrap()
        .and_hms_opt(21, 8, 5)
        .unwrap();
    for name in Culture::names() {
        let culture = Culture::parse(&name.to_uppercase()).unwrap();
        let parse = |text: &str| Format::parse(text, Purpose::Moment, culture);
        let written = parse("d").unwrap().write(moment, None);
        let date = moment.date().and_time(chrono::NaiveTime::MIN);
        let found: Vec<_> = culture
            .usual()
            .iter()
            .map(|form| parse(form).unwrap().read(&written))
            .collect();
        let found = found
            .into_iter()
            .flatten()
            .next()
            .unwrap_or_else(|| panic!("{name}: {written}"));
        assert_eq!(found.moment, date, "{name}");
        if let Ok(long) = parse("G") {
            assert_eq!(long.read(&long.write(moment, None)).unwrap().moment, moment, "{name}");
        }
        assert_eq!(
            parse("o").unwrap().write(moment, None),
            "2024-03-07T21:08:05.0000000",
            "{name}"
        );
        let number = format!("-1234{}5", culture.decimal_point());
        assert_eq!(culture.plain_number(&number).as_deref(), Some("-1234.5"), "{name}");
    }
}

#[test]
fn settings_that_are_not_served_are_refused() {
    let read = |settings: Value| {
        let translator = json!({"typeConversion": true, "typeConversionSettings": settings});
        Rules::read(translator.as_object().unwrap())
            .map(drop)
            .map_err(|fault| fault.code)
    };
    assert_eq!(
        read(json!({"culture": "Invariant", "allowDataTruncation": "true"})),
        Ok(())
    );
    assert_eq!(read(json!({"culture": "tlh-QO"})), Err(Code::ActivityUnsupported));
    // The names of its months are not known.
    assert_eq!(
        read(json!({"culture": "de-DE", "dateTimeFormat": "d MMM yyyy"})),
        Err(Code::ActivityUnsupported)
    );
    assert_eq!(
        read(json!({"dateTimeFormat": "yyyyyyy"})),
        Err(Code::ActivityUnsupported)
    );
    assert_eq!(read(json!({"rounding": "up"})), Err(Code::ActivityUnsupported));
    assert_eq!(read(json!({"dateTimeFormat": 7})), Err(Code::DocumentInvalid));
    assert_eq!(read(json!([])), Err(Code::DocumentInvalid));
    assert_eq!(
        Rules::read(
            json!({"typeConversionSettings": {"culture": "de-DE"}})
                .as_object()
                .unwrap()
        ),
        Ok(None)
    );
}
