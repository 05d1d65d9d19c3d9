//! Arithmetic. Integers stay integers; what does not fit into 64 bits is an error and not another number.

use super::number::Num;
use super::{Args, Body, Function};
use serde_json::Value;

/// As many items as `range` makes at most.
const MAX_RANGE: i64 = 100_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "add",
        form: "add(number, number)",
        about: "the sum",
        body: Body::Strict(|args| both(args, i64::checked_add, |a, b| a + b)),
    },
    Function {
        name: "div",
        form: "div(number, number)",
        about: "the quotient; of integers, without its fraction",
        body: Body::Strict(|args| {
            not_zero(args)?;
            both(args, i64::checked_div, |a, b| a / b)
        }),
    },
    Function {
        name: "max",
        form: "max(number, ...)",
        about: "the greatest of the numbers, or of an array",
        body: Body::Strict(|args| extreme(args, |a, b| a > b)),
    },
    Function {
        name: "min",
        form: "min(number, ...)",
        about: "the least of the numbers, or of an array",
        body: Body::Strict(|args| extreme(args, |a, b| a < b)),
    },
    Function {
        name: "mod",
        form: "mod(number, number)",
        about: "the remainder of a division",
        body: Body::Strict(|args| {
            not_zero(args)?;
            both(args, i64::checked_rem, |a, b| a % b)
        }),
    },
    Function {
        name: "mul",
        form: "mul(number, number)",
        about: "the product",
        body: Body::Strict(|args| both(args, i64::checked_mul, |a, b| a * b)),
    },
    Function {
        name: "rand",
        form: "rand(least, above)",
        about: "a random integer from the first on, below the second",
        body: Body::Strict(|args| {
            let (least, above) = (args.whole(0)?, args.whole(1)?);
            let width = i128::from(above) - i128::from(least);
            if width <= 0 {
                return Err(format!("{above} is not greater than {least}"));
            }
            let drawn = i128::from(least) + i128::from(args.scope.random()) % width;
            i64::try_from(drawn)
                .map(Value::from)
                .map_err(|_| "the numbers are too large".to_owned())
        }),
    },
    Function {
        name: "range",
        form: "range(start, count)",
        about: "an array of so many integers, from the first on",
        body: Body::Strict(|args| {
            let (start, count) = (args.whole(0)?, args.whole(1)?);
            if !(0..=MAX_RANGE).contains(&count) {
                return Err(format!("{count} is no count between 0 and {MAX_RANGE}"));
            }
            let end = start.checked_add(count).ok_or("the numbers are too large")?;
            Ok((start..end).map(Value::from).collect())
        }),
    },
    Function {
        name: "sub",
        form: "sub(number, number)",
        about: "the difference",
        body: Body::Strict(|args| both(args, i64::checked_sub, |a, b| a - b)),
    },
];

fn number(args: &Args<'_>, place: usize) -> Result<Num, String> {
    Num::of(args.value(place)).ok_or_else(|| args.wrong(place, "a number"))
}

fn not_zero(args: &Args<'_>) -> Result<(), String> {
    match number(args, 1)?.float() == 0.0 {
        true => Err("a division by zero".to_owned()),
        false => Ok(()),
    }
}

fn both(args: &Args<'_>, whole: fn(i64, i64) -> Option<i64>, float: fn(f64, f64) -> f64) -> Result<Value, String> {
    match (number(args, 0)?, number(args, 1)?) {
        (Num::Whole(a), Num::Whole(b)) => whole(a, b)
            .map(Value::from)
            .ok_or_else(|| "the result is too large".to_owned()),
        (a, b) => Num::Float(float(a.float(), b.float())).value(),
    }
}

fn extreme(args: &Args<'_>, is_better: fn(f64, f64) -> bool) -> Result<Value, String> {
    let values = match args.values.as_slice() {
        [Value::Array(items)] => items.as_slice(),
        values => values,
    };
    let mut best: Option<Num> = None;
    for value in values {
        let next = Num::of(value).ok_or("one of the values is not a number")?;
        let better = match (best, next) {
            (None, _) => true,
            // Large integers differ where their floats do not.
            (Some(Num::Whole(a)), Num::Whole(b)) => a != b && is_better(1.0, 0.0) == (b > a),
            (Some(a), b) => is_better(b.float(), a.float()),
        };
        if better {
            best = Some(next);
        }
    }
    best.ok_or("there are no numbers")?.value()
}
