//! A server's COPY stream, whatever it holds and in whatever pieces it comes.

use super::decode::Decoder;
use crate::types::Wire;
use arrow::datatypes::{Field, Schema};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

const WIRES: [Wire; 16] = [
    Wire::Bool,
    Wire::Int2,
    Wire::Int4,
    Wire::Int8,
    Wire::Oid,
    Wire::Float4,
    Wire::Float8,
    Wire::Text,
    Wire::Jsonb,
    Wire::Bytea,
    Wire::Date,
    Wire::Time,
    Wire::TimestampTz,
    Wire::Uuid,
    Wire::Decimal128 {
        precision: 38,
        scale: 10,
    },
    Wire::Decimal256 {
        precision: 76,
        scale: 3,
    },
];

/// The first byte says how many columns there are, the second which type comes first, the third how long the pieces are,
/// the fourth whether rows that do not fit are put aside. What follows is the content of one `CopyData` message, or, with
/// its highest bit set, the messages themselves.
pub(crate) fn copy(bytes: &[u8]) {
    let [count, first, piece, how, rest @ ..] = bytes else {
        return;
    };
    let wires: Vec<Wire> = (0..usize::from(count % 4))
        .map(|index| WIRES[(usize::from(*first) + index) % WIRES.len()])
        .collect();
    let stream = if how & 0x80 == 0 {
        let length = u32::try_from(rest.len() + 4).unwrap_or(u32::MAX);
        [b"d", &length.to_be_bytes()[..], rest].concat()
    } else {
        rest.to_vec()
    };
    let lenient = how & 1 == 1;
    let whole = read(&wires, &stream, stream.len().max(1), lenient);
    let pieces = read(&wires, &stream, usize::from(*piece).max(1), lenient);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.code, Code::DataInvalid);
            assert_eq!(pieces.code, Code::DataInvalid);
        }
        (Ok(_), Err(fault)) | (Err(fault), Ok(_)) => panic!("in pieces it is another stream: {fault}"),
    }
}

/// Rows that were read, and rows that were put aside.
fn read(wires: &[Wire], stream: &[u8], piece: usize, lenient: bool) -> Result<(usize, usize), Fault> {
    let field = |(index, wire): (usize, &Wire)| Field::new(format!("c{index}"), wire.data_type(), true);
    let schema = Arc::new(Schema::new(wires.iter().enumerate().map(field).collect::<Vec<_>>()));
    let mut decoder = Decoder::new(schema, wires, 4096, lenient)?;
    let (mut rows, mut bad) = (0, 0);
    for piece in stream.chunks(piece) {
        decoder.push(piece)?;
        rows += std::iter::from_fn(|| decoder.next())
            .map(|batch| batch.num_rows())
            .sum::<usize>();
        bad += decoder.bad().len();
    }
    decoder.finish()?;
    rows += std::iter::from_fn(|| decoder.next())
        .map(|batch| batch.num_rows())
        .sum::<usize>();
    Ok((rows, bad + decoder.bad().len()))
}
