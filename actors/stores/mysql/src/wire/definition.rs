//! A column as the server describes it.

use super::WireError;
use super::bytes::Bytes;

/// Numbers of types in the protocol.
pub(crate) mod kind {
    pub(crate) const DECIMAL: u8 = 0;
    pub(crate) const TINY: u8 = 1;
    pub(crate) const SHORT: u8 = 2;
    pub(crate) const LONG: u8 = 3;
    pub(crate) const FLOAT: u8 = 4;
    pub(crate) const DOUBLE: u8 = 5;
    pub(crate) const NULL: u8 = 6;
    pub(crate) const TIMESTAMP: u8 = 7;
    pub(crate) const LONGLONG: u8 = 8;
    pub(crate) const INT24: u8 = 9;
    pub(crate) const DATE: u8 = 10;
    pub(crate) const TIME: u8 = 11;
    pub(crate) const DATETIME: u8 = 12;
    pub(crate) const YEAR: u8 = 13;
    pub(crate) const VARCHAR: u8 = 15;
    pub(crate) const BIT: u8 = 16;
    pub(crate) const JSON: u8 = 245;
    pub(crate) const NEWDECIMAL: u8 = 246;
    pub(crate) const ENUM: u8 = 247;
    pub(crate) const SET: u8 = 248;
    pub(crate) const TINY_BLOB: u8 = 249;
    pub(crate) const BLOB: u8 = 252;
    pub(crate) const VAR_STRING: u8 = 253;
    pub(crate) const STRING: u8 = 254;
}

/// The charset of bytes that are no text.
pub(crate) const BINARY: u16 = 63;

/// A result's column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) charset: u16,
    /// Bytes of the longest value as text.
    pub(crate) length: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u16,
    pub(crate) decimals: u8,
}

impl Definition {
    /// Reads a column definition.
    ///
    /// # Errors
    /// When it is malformed.
    pub(crate) fn read(packet: &[u8]) -> Result<Self, WireError> {
        let mut rest = Bytes(packet);
        for _catalog_schema_table_original in 0..4 {
            rest.counted()?;
        }
        let name = String::from_utf8_lossy(rest.counted()?).into_owned();
        let _original = rest.counted()?;
        let _length = rest.number()?;
        Ok(Self {
            name,
            charset: rest.u16()?,
            length: rest.u32()?,
            kind: rest.u8()?,
            flags: rest.u16()?,
            decimals: rest.u8()?,
        })
    }

    pub(crate) fn unsigned(&self) -> bool {
        self.flags & 0x20 != 0
    }

    pub(crate) fn is_enum(&self) -> bool {
        self.flags & 0x100 != 0 || self.kind == kind::ENUM
    }

    pub(crate) fn is_set(&self) -> bool {
        self.flags & 0x800 != 0 || self.kind == kind::SET
    }
}
