//! The content hash of lists, structs, maps and dictionaries.

use crate::ContentHash;
use arrow::array::builder::*;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::*;
use std::sync::Arc;

fn of(array: impl Array + 'static) -> ContentHash {
    let field = Field::new("c", array.data_type().clone(), true);
    ContentHash::of(&RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::new(array)]).unwrap())
}

/// Types of every kind, for whoever wants to try them all.
pub(super) fn types() -> Vec<DataType> {
    use DataType::*;
    let item = |kind| Arc::new(Field::new("item", kind, true));
    let pair = Fields::from(vec![Field::new("k", Utf8, false), Field::new("v", Int32, true)]);
    let unions = UnionFields::try_new([0_i8, 1], [Field::new("a", Int32, true), Field::new("b", Utf8, true)]).unwrap();
    let mut types = vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(3),
        Decimal32(9, 2),
        Decimal64(18, 2),
        Decimal128(38, 10),
        Decimal256(76, 20),
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
        Interval(IntervalUnit::YearMonth),
        Interval(IntervalUnit::DayTime),
        Interval(IntervalUnit::MonthDayNano),
        List(item(Int32)),
        LargeList(item(Utf8)),
        ListView(item(Int32)),
        LargeListView(item(Int32)),
        FixedSizeList(item(Int32), 2),
        Struct(pair.clone()),
        List(item(Struct(pair.clone()))),
        Map(Arc::new(Field::new("entries", Struct(pair), false)), false),
        Dictionary(Box::new(Int8), Box::new(Utf8)),
        Union(unions, UnionMode::Sparse),
        RunEndEncoded(Arc::new(Field::new("run_ends", Int32, false)), item(Utf8)),
    ];
    for unit in [
        TimeUnit::Second,
        TimeUnit::Millisecond,
        TimeUnit::Microsecond,
        TimeUnit::Nanosecond,
    ] {
        types.extend([
            Timestamp(unit, None),
            Timestamp(unit, Some("UTC".into())),
            Duration(unit),
        ]);
    }
    types
}

#[test]
fn lists_keep_their_bounds() {
    type Rows = Vec<Option<Vec<Option<i32>>>>;
    let lists = |rows: Rows| ListArray::from_iter_primitive::<Int32Type, _, _>(rows);
    let rows: Rows = vec![Some(vec![Some(1), Some(2)]), Some(vec![]), None, Some(vec![None])];
    let list = of(lists(rows.clone()));
    assert_eq!(
        of(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows.clone())),
        list
    );
    let longer: Rows = [vec![Some(vec![Some(9)])], rows].concat();
    assert_eq!(
        of(lists(longer).slice(1, 4)),
        list,
        "a slice's offsets do not begin at 0"
    );
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), None])],
        2,
    );
    let same = lists(vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), None])]);
    assert_eq!(of(fixed), of(same));
    let different = [
        vec![None],
        vec![Some(vec![])],
        vec![Some(vec![None])],
        vec![Some(vec![None, None])],
        vec![Some(vec![Some(1), Some(2)])],
        vec![Some(vec![Some(2), Some(1)])],
        vec![Some(vec![Some(1)]), Some(vec![Some(2)])],
    ];
    let hashes: std::collections::HashSet<_> = different.map(|rows| of(lists(rows)).to_string()).into();
    assert_eq!(hashes.len(), 7);
}

#[test]
fn a_struct_that_is_null_is_not_one_of_nulls() {
    let fields = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Int32, true),
    ]);
    let one = |a: Option<i32>, b: Option<i32>, there: bool| {
        let columns: Vec<ArrayRef> = vec![Arc::new(Int32Array::from(vec![a])), Arc::new(Int32Array::from(vec![b]))];
        of(StructArray::new(fields.clone(), columns, Some(vec![there].into())))
    };
    assert_ne!(one(None, None, true), one(None, None, false));
    assert_ne!(one(Some(1), Some(2), true), one(Some(2), Some(1), true));
    assert_eq!(
        one(Some(1), Some(2), false),
        one(None, None, false),
        "what a null hides does not count"
    );
}

#[test]
fn maps_are_their_entries() {
    let map = |entries: &[(&str, i32)]| {
        let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
        for (key, value) in entries {
            builder.keys().append_value(key);
            builder.values().append_value(*value);
        }
        builder.append(true).unwrap();
        of(builder.finish())
    };
    assert_eq!(map(&[("a", 1), ("b", 2)]), map(&[("a", 1), ("b", 2)]));
    assert_ne!(map(&[("a", 1), ("b", 2)]), map(&[("a", 2), ("b", 1)]));
    assert_ne!(map(&[]), map(&[("a", 1)]));
}

#[test]
fn a_dictionary_is_its_values() {
    let plain = of(StringArray::from(vec![Some("b"), None, Some("a"), Some("b")]));
    let values = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]));
    let by_key = DictionaryArray::new(Int8Array::from(vec![Some(1), None, Some(0), Some(1)]), values.clone());
    assert_eq!(of(by_key), plain);
    let by_value = DictionaryArray::new(Int8Array::from(vec![1, 2, 0, 1]), values);
    assert_eq!(of(by_value), plain, "a key that points to NULL");
}

#[test]
fn types_without_an_encoding_of_their_own_are_told_apart_by_their_text() {
    let runs = |texts: [&str; 3]| of(texts.into_iter().collect::<RunArray<Int32Type>>());
    assert_eq!(runs(["a", "a", "b"]), runs(["b", "a", "a"]));
    assert_ne!(runs(["a", "a", "b"]), runs(["a", "b", "b"]));
}

#[test]
fn a_list_view_may_go_back_and_forth() {
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let values = Arc::new(Int32Array::from(vec![1, 2, 3, 4]));
    let view = ListViewArray::new(item.clone(), vec![2, 0].into(), vec![2, 2].into(), values.clone(), None);
    let list = ListArray::new(item, OffsetBuffer::from_lengths([2, 2]), values, None);
    assert_eq!(of(view), of(list), "the order of rows does not matter");
}
