//! What the content hash must tell apart, and what it must not.

use super::batch;
use crate::ContentHash;
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use std::collections::HashSet;
use std::sync::Arc;

fn table(columns: Vec<ArrayRef>) -> RecordBatch {
    let fields = columns.iter().map(|c| Field::new("c", c.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
}

fn of(array: impl Array + 'static) -> String {
    ContentHash::of(&table(vec![Arc::new(array)])).to_string()
}

#[test]
fn cuts_and_order_do_not_matter() {
    let whole = ContentHash::of(&batch(0, 1_000));
    for cut in [1, 7, 100, 999] {
        let mut sum = ContentHash::default();
        let starts: Vec<usize> = (0..1_000).step_by(cut).collect();
        for start in starts.into_iter().rev() {
            sum.merge(&ContentHash::of(&batch(start, (start + cut).min(1_000))));
        }
        assert_eq!(sum, whole, "in cuts of {cut}");
    }
    let mut sliced = ContentHash::of(&batch(0, 1_000).slice(0, 333));
    sliced.merge(&ContentHash::of(&batch(0, 1_000).slice(333, 667)));
    assert_eq!(sliced, whole);
    assert_ne!(ContentHash::of(&batch(0, 999)), whole);
    assert_ne!(ContentHash::of(&batch(1, 1_001)), whole);
    assert_eq!(ContentHash::of(&batch(0, 0)), ContentHash::default());
}

#[test]
fn the_hash_of_a_table_never_changes() {
    // Hashes are kept in receipts: a later version must find the same.
    assert_eq!(ContentHash::of(&batch(0, 100)).to_string(), GOLDEN);
}

const GOLDEN: &str = "1feec8cb32cbb4471917dab63848227c";

#[test]
fn nothing_is_not_something() {
    let different = [
        of(StringArray::from(vec![None::<&str>])),
        of(StringArray::from(vec![""])),
        of(StringArray::from(vec!["\0"])),
        of(StringArray::from(vec!["0"])),
        of(BinaryArray::from(vec![b"".as_slice()])),
        of(BinaryArray::from(vec![b"0".as_slice()])),
        of(Int64Array::from(vec![0])),
        of(BooleanArray::from(vec![false])),
        of(Float64Array::from(vec![0.0])),
        of(Float64Array::from(vec![-0.0])),
        of(Float64Array::from(vec![f64::NAN])),
        of(Date32Array::from(vec![0])),
        of(Time64MicrosecondArray::from(vec![0])),
        of(TimestampMicrosecondArray::from(vec![0])),
        of(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
        of(DurationSecondArray::from(vec![0])),
        of(Decimal128Array::from(vec![0])),
        of(UInt64Array::from(vec![u64::MAX])),
        of(Int64Array::from(vec![-1])),
        of(Int64Array::from(Vec::<i64>::new())),
    ];
    assert_eq!(
        different.iter().collect::<HashSet<_>>().len(),
        different.len(),
        "{different:#?}"
    );
}

#[test]
fn equal_values_are_equal_in_any_array() {
    let text = ["", "a", "sluice", "a longer text that has more than sixteen bytes"];
    let as_text = of(StringArray::from(text.to_vec()));
    assert_eq!(of(LargeStringArray::from(text.to_vec())), as_text);
    assert_eq!(of(StringViewArray::from(text.to_vec())), as_text);
    assert_eq!(of(text.into_iter().collect::<DictionaryArray<Int32Type>>()), as_text);
    let bytes = text.map(str::as_bytes).to_vec();
    assert_eq!(
        of(BinaryArray::from(bytes.clone())),
        of(LargeBinaryArray::from(bytes.clone()))
    );
    assert_eq!(of(BinaryArray::from(bytes.clone())), of(BinaryViewArray::from(bytes)));
    let fixed = FixedSizeBinaryArray::try_from(vec![b"ab".as_slice(), b"cd"]).unwrap();
    assert_eq!(of(fixed), of(BinaryArray::from(vec![b"ab".as_slice(), b"cd"])));

    let numbers = of(Int64Array::from(vec![1, 2, -3]));
    assert_eq!(of(Int8Array::from(vec![1, 2, -3])), numbers);
    assert_eq!(of(Int16Array::from(vec![1, 2, -3])), numbers);
    assert_eq!(of(Int32Array::from(vec![1, 2, -3])), numbers);
    assert_eq!(of(UInt64Array::from(vec![1, 2])), of(UInt8Array::from(vec![1, 2])));
    assert_eq!(of(UInt32Array::from(vec![1, 2])), of(UInt16Array::from(vec![2, 1])));
    assert_eq!(of(Float32Array::from(vec![0.5])), of(Float64Array::from(vec![0.5])));
    assert_eq!(
        of(Float64Array::from(vec![f64::NAN])),
        of(Float64Array::from(vec![f64::from_bits(f64::NAN.to_bits() | 1)]))
    );

    let seconds = of(TimestampSecondArray::from(vec![-1, 1_700_000_000]));
    assert_eq!(
        of(TimestampMillisecondArray::from(vec![-1_000, 1_700_000_000_000])),
        seconds
    );
    assert_eq!(
        of(TimestampMicrosecondArray::from(vec![-1_000_000, 1_700_000_000_000_000])),
        seconds
    );
    assert_eq!(
        of(TimestampNanosecondArray::from(vec![
            -1_000_000_000,
            1_700_000_000_000_000_000
        ])),
        seconds
    );
    assert_eq!(
        of(Date32Array::from(vec![-1, 20_000])),
        of(Date64Array::from(vec![-86_400_000, 1_728_000_000_000]))
    );
    assert_eq!(
        of(Time32SecondArray::from(vec![61])),
        of(Time64NanosecondArray::from(vec![61_000_000_000]))
    );
    let decimals = |v: i128| Decimal128Array::from(vec![v]).with_precision_and_scale(20, 3).unwrap();
    let narrow = Decimal32Array::from(vec![1_500])
        .with_precision_and_scale(9, 3)
        .unwrap();
    let wide = Decimal256Array::from(vec![arrow::datatypes::i256::from(1_500)])
        .with_precision_and_scale(50, 3)
        .unwrap();
    assert_eq!(of(decimals(1_500)), of(narrow));
    assert_eq!(of(decimals(1_500)), of(wide));
}

#[test]
fn values_belong_to_their_row_and_column() {
    let pair = |a: Vec<i64>, b: Vec<i64>| {
        ContentHash::of(&table(vec![
            Arc::new(Int64Array::from(a)),
            Arc::new(Int64Array::from(b)),
        ]))
    };
    assert_eq!(pair(vec![1, 2], vec![3, 4]), pair(vec![2, 1], vec![4, 3]));
    assert_ne!(
        pair(vec![1, 2], vec![3, 4]),
        pair(vec![1, 2], vec![4, 3]),
        "values changed their row"
    );
    assert_ne!(
        pair(vec![1, 2], vec![3, 4]),
        pair(vec![3, 4], vec![1, 2]),
        "values changed their column"
    );
    assert_ne!(pair(vec![1], vec![1]), pair(vec![1, 1], vec![1, 1]), "a row came twice");
    let text = |a: &str, b: &str| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![a])),
            Arc::new(StringArray::from(vec![b])),
        ];
        ContentHash::of(&table(columns))
    };
    assert_ne!(text("ab", "c"), text("a", "bc"));
}

#[test]
fn every_byte_and_every_length_counts() {
    let mut seen = HashSet::new();
    for length in 0..70 {
        let text = vec![b'x'; length];
        assert!(
            seen.insert(of(BinaryArray::from(vec![text.as_slice()]))),
            "length {length}"
        );
        for at in 0..length {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(
                seen.insert(of(BinaryArray::from(vec![changed.as_slice()]))),
                "byte {at} of {length}"
            );
        }
    }
}

#[test]
fn numbers_in_a_row_do_not_collide() {
    let mut seen = HashSet::new();
    for number in (0..20_000_i64).chain((15..=62).map(|bit| 1 << bit)) {
        assert!(seen.insert(of(Int64Array::from(vec![number]))), "{number}");
    }
}

#[test]
fn every_type_has_a_hash() {
    let empty = |kind: &DataType| new_empty_array(kind);
    for kind in super::hash_nested::types() {
        let nothing = ContentHash::of(&table(vec![empty(&kind)]));
        assert_eq!(nothing, ContentHash::default(), "{kind}");
        let null = new_null_array(&kind, 3);
        assert_ne!(ContentHash::of(&table(vec![null])), ContentHash::default(), "{kind}");
    }
}
