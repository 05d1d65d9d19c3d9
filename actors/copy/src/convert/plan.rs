//! Which conversions there are.

use super::target::Target;
use super::{Converted, Rules, cast, decimal, moment, nested, number, text};
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field};
use sluice_contract::Fault;
use std::sync::Arc;

/// The conversion of one column.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    step: Step,
    to: DataType,
    rules: Arc<Rules>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Between numbers, booleans and times: cast, and cast back to see whether something is lost.
    Cast,
    /// Text, in the form of a number.
    Number,
    Decimal,
    Boolean,
    Guid,
    /// Text, as a date or a time.
    Moment,
    /// To text.
    Text,
    /// A nested value as JSON.
    Json,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Null,
    Boolean,
    Number,
    Text,
    Date,
    Moment,
    MomentWithZone,
    Time,
    Nested,
    Other,
}

impl Family {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Boolean,
            number if number.is_numeric() => Self::Number,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, None) => Self::Moment,
            DataType::Timestamp(_, Some(_)) => Self::MomentWithZone,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            nested if nested.is_nested() => Self::Nested,
            _ => Self::Other,
        }
    }
}

impl Conversion {
    /// The conversion of a column, and the column that it makes.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(crate) fn new(from: &Field, target: Target, rules: &Rules) -> Result<(Self, Field), String> {
        let family = Family::of(from.data_type());
        let step = step(family, target, rules)
            .map_err(|why| format!("column {:?} is of type {} and {why}", from.name(), from.data_type()))?;
        let field = target.field(from);
        let conversion = Self {
            step,
            to: field.data_type().clone(),
            rules: Arc::new(rules.clone()),
        };
        Ok((conversion, field))
    }

    /// Nested values as JSON texts, for `mapComplexValuesToString`; none when the column has none.
    pub(crate) fn of_nested(from: &Field) -> Option<(Self, Field)> {
        (Family::of(from.data_type()) == Family::Nested).then(|| {
            let field = Target::Text.field(from);
            let conversion = Self {
                step: Step::Json,
                to: DataType::Utf8,
                rules: Arc::default(),
            };
            (conversion, field)
        })
    }

    /// Whether a column of times or numbers has a form of its own as text, so that a file of text cannot write it by itself.
    pub(crate) fn has_format(from: &Field, rules: &Rules) -> bool {
        match Family::of(from.data_type()) {
            Family::Date | Family::Moment => rules.date_time.is_some(),
            Family::MomentWithZone => rules.date_time_offset.is_some(),
            Family::Time => rules.time_span.is_some(),
            Family::Number => !from.data_type().is_integer() && rules.culture.decimal_point() != '.',
            _ => false,
        }
    }

    /// Converts a column.
    ///
    /// # Errors
    /// `SL9002` for a defect; a value that does not fit is told in [`Converted::bad`].
    pub(crate) fn apply(&self, column: &ArrayRef) -> Result<Converted, Fault> {
        let plain = match column.data_type() {
            DataType::Dictionary(_, values) => cast(column.as_ref(), values)?,
            DataType::LargeUtf8 | DataType::Utf8View => cast(column.as_ref(), &DataType::Utf8)?,
            _ => column.clone(),
        };
        let rules = &self.rules;
        match self.step {
            Step::Cast => number::cast_exactly(&plain, &self.to, rules.truncate),
            Step::Number => number::parse(&plain, &self.to, rules.culture),
            Step::Decimal => decimal::parse(&plain, &self.to, rules),
            Step::Boolean => text::booleans(&plain, rules.boolean_as_number),
            Step::Guid => text::guids(&plain),
            Step::Moment => moment::parse(&plain, &self.to, rules),
            Step::Text => text::write(&plain, rules),
            Step::Json => nested::write(&plain),
        }
    }
}

fn step(from: Family, to: Target, rules: &Rules) -> Result<Step, String> {
    let number = matches!(
        to,
        Target::Integer { .. } | Target::Single | Target::Double | Target::Decimal { .. }
    );
    Ok(match (from, to) {
        (Family::Null, _) => Step::Cast,
        (Family::Nested, Target::Text) => Step::Json,
        (Family::Other | Family::Nested, _) | (_, Target::Bytes) => return Err("is not converted".to_owned()),
        (_, Target::Text) => Step::Text,
        (Family::Number, _) if number => Step::Cast,
        (Family::Boolean, _) if number => boolean(rules)?,
        (Family::Number, Target::Boolean) => boolean(rules)?,
        (Family::Boolean, Target::Boolean) => Step::Cast,
        (Family::Text, Target::Decimal { .. }) => Step::Decimal,
        (Family::Text, _) if number => Step::Number,
        (Family::Text, Target::Boolean) => Step::Boolean,
        (Family::Text, Target::Guid) => Step::Guid,
        (Family::Text, _) => Step::Moment,
        (Family::MomentWithZone, Target::DateTime | Target::Date) if !rules.truncate => {
            return Err("would lose its offset; `allowDataTruncation` allows that".to_owned());
        }
        (
            Family::Date | Family::Moment | Family::MomentWithZone,
            Target::Date | Target::DateTime | Target::DateTimeOffset,
        )
        | (Family::Time, Target::Time) => Step::Cast,
        _ => return Err("is not converted".to_owned()),
    })
}

fn boolean(rules: &Rules) -> Result<Step, String> {
    match rules.boolean_as_number {
        true => Ok(Step::Cast),
        false => Err("is a number only with `treatBooleanAsNumber`".to_owned()),
    }
}
