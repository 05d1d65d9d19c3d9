//! The type contract at work: what a column's declaration says about its values. It is written down in `contract.rs`.

use arrow::datatypes::{DataType, Field};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;

use crate::decimal::DOUBLE_DIGITS;

/// How a column's values are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Int64,
    Float64,
    Utf8,
    Binary,
    Boolean,
    /// Integers and doubles that are decimals of at most fifteen digits.
    DecimalNumber {
        precision: u8,
        scale: i8,
    },
    /// Texts.
    DecimalText {
        precision: u8,
        scale: i8,
    },
}

impl Carrier {
    /// What a declaration says; none when it says nothing exact.
    pub(crate) fn of(declared: &str) -> Option<Self> {
        let declared = declared.trim().to_ascii_uppercase();
        let contains = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if let Some((precision, scale)) = digits(&declared, &["DECIMAL_TEXT"]) {
            return Some(Self::DecimalText { precision, scale });
        }
        // SQLite's own rules, in its order.
        if contains(&["INT"]) {
            return Some(Self::Int64);
        }
        if contains(&["CHAR", "CLOB", "TEXT"]) {
            return Some(Self::Utf8);
        }
        if contains(&["BLOB"]) {
            return Some(Self::Binary);
        }
        if contains(&["REAL", "FLOA", "DOUB"]) {
            return Some(Self::Float64);
        }
        if matches!(declared.as_str(), "BOOL" | "BOOLEAN") {
            return Some(Self::Boolean);
        }
        match digits(&declared, &["DECIMAL", "NUMERIC", "DEC"]) {
            Some((precision @ ..=DOUBLE_DIGITS, scale)) => Some(Self::DecimalNumber { precision, scale }),
            _ => None,
        }
    }

    /// The Arrow type.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Utf8 => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Boolean => DataType::Boolean,
            Self::DecimalNumber { precision, scale } | Self::DecimalText { precision, scale } => match precision {
                ..=38 => DataType::Decimal128(precision, scale),
                _ => DataType::Decimal256(precision, scale),
            },
        }
    }
}

/// Precision and scale behind one of these words.
pub(crate) fn digits(declared: &str, words: &[&str]) -> Option<(u8, i8)> {
    let (word, arguments) = declared.trim().strip_suffix(')')?.split_once('(')?;
    if !words.iter().any(|known| known.eq_ignore_ascii_case(word.trim())) {
        return None;
    }
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let fits = (1..=76).contains(&precision) && scale >= 0 && i16::from(scale) <= i16::from(precision);
    fits.then_some((precision, scale))
}

/// What SQLite turns a value into when it is stored in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    /// Also no declaration at all: nothing is turned into anything.
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By SQLite's rules.
    pub(crate) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let contains = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if contains(&["INT"]) => Self::Integer,
            () if contains(&["CHAR", "CLOB", "TEXT"]) => Self::Text,
            () if declared.trim().is_empty() || contains(&["BLOB"]) => Self::Blob,
            () if contains(&["REAL", "FLOA", "DOUB"]) => Self::Real,
            () => Self::Numeric,
        }
    }

    /// A declaration of this affinity.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
            Self::Real => "REAL",
            Self::Numeric => "NUMERIC",
        }
    }
}

/// The declaration for a column of a table that is to be created.
///
/// The declaration it once had, where that says the same; otherwise one that holds the Arrow type exactly.
///
/// # Errors
/// `SL6007`, naming column and type.
pub(crate) fn declare(field: &Field) -> Result<String, Fault> {
    if let Some(original) = field.metadata().get(ORIGINAL_TYPE)
        && original
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_ (),".contains(c))
        && is_declaration(original)
        && Carrier::of(original).is_some_and(|carrier| carrier.data_type() == *field.data_type())
    {
        return Ok(original.to_owned());
    }
    Ok(match field.data_type() {
        DataType::Boolean => "BOOLEAN".into(),
        integer if integer.is_integer() => "INTEGER".into(),
        float if float.is_floating() => "REAL".into(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) if *scale >= 0 => {
            format!("DECIMAL_TEXT({precision},{scale})")
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => "TEXT".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB".into(),
        DataType::Date32 | DataType::Date64 => "DATE".into(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".into(),
        DataType::Timestamp(..) => "TIMESTAMP".into(),
        DataType::Dictionary(_, value) => declare(&Field::new(field.name(), value.as_ref().clone(), true))?,
        other => {
            return Err(Fault::new(
                Code::TypeUnsupported,
                format!(
                    "column {:?} is of type {other}, for which SQLite has no exact form here",
                    field.name()
                ),
            ));
        }
    })
}

/// `word word(digits,digits)`, and so nothing that could say more than a type.
fn is_declaration(text: &str) -> bool {
    let (words, arguments) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((words, arguments)) => (words, arguments),
        None => (text, "0"),
    };
    let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_number = |text: &str| !text.trim().is_empty() && text.trim().bytes().all(|c| c.is_ascii_digit());
    words.split_whitespace().all(is_word)
        && !words.contains(['(', ')', ','])
        && arguments.split(',').all(is_number)
        && !words
            .to_ascii_uppercase()
            .split_whitespace()
            .any(|word| CONSTRAINTS.contains(&word))
}

/// Words that would be more than a type in a column's declaration.
const CONSTRAINTS: &[&str] = &[
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_say_what_they_say() {
        for (declared, carrier) in [
            ("INTEGER", Some(Carrier::Int64)),
            ("unsigned big int", Some(Carrier::Int64)),
            ("VARCHAR(20)", Some(Carrier::Utf8)),
            ("Text", Some(Carrier::Utf8)),
            ("BLOB", Some(Carrier::Binary)),
            ("double precision", Some(Carrier::Float64)),
            ("boolean", Some(Carrier::Boolean)),
            (
                "DECIMAL(10, 2)",
                Some(Carrier::DecimalNumber {
                    precision: 10,
                    scale: 2,
                }),
            ),
            (
                "numeric(15)",
                Some(Carrier::DecimalNumber {
                    precision: 15,
                    scale: 0,
                }),
            ),
            ("NUMERIC(16,2)", None),
            (
                "DECIMAL_TEXT(38,10)",
                Some(Carrier::DecimalText {
                    precision: 38,
                    scale: 10,
                }),
            ),
            ("DATE", None),
            ("NUMERIC", None),
            ("", None),
        ] {
            assert_eq!(Carrier::of(declared), carrier, "{declared}");
        }
    }

    #[test]
    fn a_created_column_keeps_its_declaration_where_it_says_the_same() {
        let declare = |data_type, original: &str| {
            let metadata = [(ORIGINAL_TYPE.to_owned(), original.to_owned())];
            super::declare(&Field::new("c", data_type, true).with_metadata(metadata)).unwrap()
        };
        assert_eq!(declare(DataType::Utf8, "VARCHAR(20)"), "VARCHAR(20)");
        assert_eq!(declare(DataType::Decimal128(10, 2), "numeric(10,2)"), "numeric(10,2)");
        assert_eq!(
            declare(DataType::Decimal128(38, 10), "numeric(38,10)"),
            "DECIMAL_TEXT(38,10)"
        );
        assert_eq!(declare(DataType::Utf8, "TEXT) ; DROP"), "TEXT");
        assert_eq!(declare(DataType::Utf8, "TEXT PRIMARY KEY"), "TEXT");
        assert_eq!(declare(DataType::Utf8, "uuid"), "TEXT");
        assert_eq!(declare(DataType::Int32, "integer"), "INTEGER");
    }

    #[test]
    fn affinities_are_sqlites() {
        for (declared, affinity) in [
            ("CHARINT", Affinity::Integer),
            ("DECIMAL_TEXT(3,1)", Affinity::Text),
            ("", Affinity::Blob),
            ("FLOAT", Affinity::Real),
            ("DATE", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared), affinity, "{declared}");
            assert_eq!(Affinity::of(affinity.word()), affinity);
        }
    }
}
