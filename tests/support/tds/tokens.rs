//! The tokens of an answer.

use super::types::{COLLATION, SqlType};

/// A number and a text that a server says, with its severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlError {
    pub(super) number: u32,
    pub(super) class: u8,
    pub(super) text: String,
}

impl SqlError {
    pub(super) fn new(number: u32, class: u8, text: impl Into<String>) -> Self {
        Self {
            number,
            class,
            text: text.into(),
        }
    }
}

/// A column of a result.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: SqlType,
    pub(super) nullable: bool,
    pub(super) identity: bool,
}

pub(super) const DONE: u8 = 0xfd;
pub(super) const DONE_PROC: u8 = 0xfe;
pub(super) const DONE_IN_PROC: u8 = 0xff;
const MORE: u16 = 1;
const ERROR: u16 = 2;
const COUNT: u16 = 0x10;
const ATTENTION: u16 = 0x20;

/// A text whose length in units takes one byte.
pub(super) fn b_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(units.len() as u8);
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

/// A text whose length in units takes two bytes.
pub(super) fn us_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(0xffff).collect();
    out.extend_from_slice(&(units.len() as u16).to_le_bytes());
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

fn token(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&(body.len() as u16).to_le_bytes());
    out.extend_from_slice(body);
}

/// ERROR.
pub(super) fn error(out: &mut Vec<u8>, error: &SqlError) {
    let mut body = error.number.to_le_bytes().to_vec();
    body.extend_from_slice(&[1, error.class]);
    us_text(&mut body, &error.text);
    b_text(&mut body, "sluice-tds");
    b_text(&mut body, "");
    body.extend_from_slice(&1_u32.to_le_bytes());
    token(out, 0xaa, &body);
}

/// DONE, DONEPROC or DONEINPROC.
pub(super) fn done(out: &mut Vec<u8>, kind: u8, rows: Option<u64>, more: bool, failed: bool) {
    let mut status = if more { MORE } else { 0 };
    status |= if failed { ERROR } else { 0 };
    status |= if rows.is_some() { COUNT } else { 0 };
    raw_done(out, kind, status, rows.unwrap_or(0));
}

/// The acknowledgement of an attention.
pub(super) fn attention(out: &mut Vec<u8>) {
    raw_done(out, DONE, ATTENTION, 0);
}

fn raw_done(out: &mut Vec<u8>, kind: u8, status: u16, rows: u64) {
    out.push(kind);
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&[0xc1, 0]);
    out.extend_from_slice(&rows.to_le_bytes());
}

/// RETURNSTATUS.
pub(super) fn return_status(out: &mut Vec<u8>, value: i32) {
    out.push(0x79);
    out.extend_from_slice(&value.to_le_bytes());
}

/// RETURNVALUE of an int output parameter: the handle of a prepared statement.
pub(super) fn return_handle(out: &mut Vec<u8>, name: &str, value: i32) {
    out.extend_from_slice(&[0xac, 0, 0]);
    b_text(out, name);
    out.push(1);
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&[0x26, 4, 4]);
    out.extend_from_slice(&value.to_le_bytes());
}

/// ENVCHANGE with texts: 1 database, 2 language, 4 packet size, 20 routing is elsewhere.
pub(super) fn env_text(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let mut body = vec![kind];
    b_text(&mut body, new);
    b_text(&mut body, old);
    token(out, 0xe3, &body);
}

/// ENVCHANGE of the collation.
pub(super) fn env_collation(out: &mut Vec<u8>) {
    let mut body = vec![7, 5];
    body.extend_from_slice(&COLLATION);
    body.push(0);
    token(out, 0xe3, &body);
}

/// ENVCHANGE 20: log in elsewhere.
pub(super) fn env_routing(out: &mut Vec<u8>, host: &str, port: u16) {
    let mut place = vec![0];
    place.extend_from_slice(&port.to_le_bytes());
    us_text(&mut place, host);
    let mut body = vec![20];
    body.extend_from_slice(&(place.len() as u16).to_le_bytes());
    body.extend_from_slice(&place);
    body.extend_from_slice(&[0, 0]);
    token(out, 0xe3, &body);
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Begun,
    Committed,
    RolledBack,
}

/// ENVCHANGE 8, 9, 10: the transaction's descriptor.
pub(super) fn env_transaction(out: &mut Vec<u8>, turn: Turn, descriptor: u64) {
    let mut body = Vec::new();
    match turn {
        Turn::Begun => {
            body.extend_from_slice(&[8, 8]);
            body.extend_from_slice(&descriptor.to_le_bytes());
            body.push(0);
        }
        Turn::Committed | Turn::RolledBack => {
            body.extend_from_slice(&[if turn == Turn::Committed { 9 } else { 10 }, 0, 8]);
            body.extend_from_slice(&descriptor.to_le_bytes());
        }
    }
    token(out, 0xe3, &body);
}

/// LOGINACK.
pub(super) fn login_ack(out: &mut Vec<u8>, version: u32) {
    let mut body = vec![1];
    body.extend_from_slice(&version.to_be_bytes());
    b_text(&mut body, "Microsoft SQL Server");
    body.extend_from_slice(&[16, 0, 0x0f, 0xa1]);
    token(out, 0xad, &body);
}

/// COLMETADATA.
pub(super) fn columns(out: &mut Vec<u8>, columns: &[Column]) {
    out.push(0x81);
    out.extend_from_slice(&(columns.len() as u16).to_le_bytes());
    for column in columns {
        out.extend_from_slice(&[0, 0, 0, 0]);
        // Whether it may be written is unknown, as SQL Server says of most.
        let mut flags = if column.identity { 0x10 } else { 0x08_u16 };
        if column.nullable {
            flags |= 1;
        }
        out.extend_from_slice(&flags.to_le_bytes());
        column.ty.announce(out, column.nullable);
        b_text(out, &column.name);
    }
}
