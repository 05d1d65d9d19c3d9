//! Reading: what a column becomes, and how it is asked for.

use super::SqlType;
use crate::describe::Described;
use crate::names::quote;
use arrow::datatypes::{DataType, Field, TimeUnit};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;
use std::collections::HashMap;

/// How a column is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    /// The Arrow type.
    pub(crate) arrow: DataType,
    /// What the server is asked to cast it to; it is only done where a column can be named.
    pub(crate) cast: Option<String>,
    /// Whether it is wrong, and not only less, without the cast.
    pub(crate) needs_cast: bool,
    /// As the server names it.
    original: String,
}

impl Carried {
    /// How a column is carried.
    ///
    /// # Errors
    /// `SL6007`, naming it.
    pub(crate) fn of(column: &Described) -> Result<Self, Fault> {
        use SqlType as T;
        let utc = || Some("UTC".into());
        let arrow = match &column.ty {
            T::Bit => DataType::Boolean,
            T::TinyInt => DataType::UInt8,
            T::SmallInt => DataType::Int16,
            T::Int => DataType::Int32,
            T::BigInt => DataType::Int64,
            T::Real => DataType::Float32,
            T::Float => DataType::Float64,
            T::Decimal(p, s) => DataType::Decimal128(*p, i8::try_from(*s).unwrap_or(i8::MAX)),
            T::Money => DataType::Decimal128(19, 4),
            T::SmallMoney => DataType::Decimal128(10, 4),
            T::Date => DataType::Date32,
            T::Time(n) => DataType::Time64(unit(*n)),
            T::SmallDateTime => DataType::Timestamp(TimeUnit::Second, None),
            T::DateTime => DataType::Timestamp(TimeUnit::Millisecond, None),
            T::DateTime2(n) => DataType::Timestamp(unit(*n), None),
            T::DateTimeOffset(n) => DataType::Timestamp(unit(*n), utc()),
            T::Char(_) | T::VarChar(_) | T::NChar(_) | T::NVarChar(_) | T::Text | T::NText => DataType::Utf8,
            T::UniqueIdentifier | T::Xml | T::HierarchyId => DataType::Utf8,
            T::Binary(_) | T::VarBinary(_) | T::Image | T::RowVersion => DataType::Binary,
            T::Other(name) => {
                let text = format!(
                    "column {:?} is of type {name}, which is not carried: cast it in a query",
                    column.name
                );
                return Err(Fault::new(Code::TypeUnsupported, text));
            }
        };
        // The driver reads these as binary fractions, other code pages, or bytes.
        let (cast, needs_cast) = match &column.ty {
            T::Money => (Some("decimal(19,4)"), false),
            T::SmallMoney => (Some("decimal(10,4)"), false),
            T::HierarchyId => (Some("nvarchar(4000)"), true),
            ty if ty.in_code_page() && column.is_utf8() => (Some("nvarchar(max)"), true),
            _ => (None, false),
        };
        Ok(Self {
            arrow,
            cast: cast.map(str::to_owned),
            needs_cast,
            original: column.ty.to_string(),
        })
    }

    /// The expression that reads a column of this name.
    pub(crate) fn expression(&self, name: &str) -> String {
        let quoted = quote(name);
        match &self.cast {
            Some(ty) => format!("CAST({quoted} AS {ty}) AS {quoted}"),
            None => quoted,
        }
    }

    /// The field of a column.
    pub(crate) fn field(&self, name: &str) -> Field {
        let metadata = HashMap::from([(ORIGINAL_TYPE.to_owned(), self.original.clone())]);
        Field::new(name, self.arrow.clone(), true).with_metadata(metadata)
    }
}

/// The coarsest unit of Arrow's 64-bit times that holds so many digits of a second.
fn unit(digits: u8) -> TimeUnit {
    match digits {
        0..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}
