//! Numbers that stay whole as long as they can.

use serde_json::{Number, Value};

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Num {
    Whole(i64),
    Float(f64),
}

impl Num {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Some(Self::Whole(whole)),
                None => number.as_f64().map(Self::Float),
            },
            Value::String(text) => {
                let text = text.trim();
                let whole = text.parse().map(Self::Whole);
                whole.ok().or_else(|| {
                    text.parse()
                        .ok()
                        .filter(|float: &f64| float.is_finite())
                        .map(Self::Float)
                })
            }
            _ => None,
        }
    }

    pub(super) fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// When JSON has no such number.
    pub(super) fn value(self) -> Result<Value, String> {
        match self {
            Self::Whole(whole) => Ok(Value::from(whole)),
            Self::Float(float) => Number::from_f64(float)
                .map(Value::Number)
                .ok_or_else(|| "the result is no number".to_owned()),
        }
    }
}

/// A whole number: an integer, a float without fraction, or a text of digits.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match Num::of(value)? {
        Num::Whole(whole) => Some(whole),
        Num::Float(float) => {
            (float.fract() == 0.0 && float.abs() < 9.0e18 && value.is_number()).then_some(float as i64)
        }
    }
}
