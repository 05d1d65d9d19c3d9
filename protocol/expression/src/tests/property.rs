//! Whatever is written, nothing panics; and what is a literal stays one.

use super::world;
use crate::Template;
use proptest::prelude::*;
use serde_json::Value;

/// Words of expressions in any order: nearer to expressions than random letters.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("@"),
        Just("@{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("."),
        Just("?."),
        Just(","),
        Just("'"),
        Just("''"),
        Just("'a'"),
        Just("concat("),
        Just("substring("),
        Just("formatDateTime("),
        Just("utcNow()"),
        Just("item()"),
        Just("pipeline()"),
        Just("parameters"),
        Just("-1"),
        Just("1e400"),
        Just("99999999999999999999"),
        Just("add("),
        Just("range("),
        Just("addDays("),
        Just("split("),
        Just("json("),
        Just("ä"),
        Just("😀"),
        Just(" "),
    ];
    proptest::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_panics(text in words(), other in ".{0,40}") {
        for text in [text.clone(), format!("@{text}"), other] {
            if let Ok(template) = Template::parse(&text) {
                let _ = template.evaluate(&world());
            }
        }
    }

    #[test]
    fn quoted_texts_keep_every_character(text in ".{0,40}") {
        let quoted = text.replace('\'', "''");
        for (written, expected) in [
            (format!("@'{quoted}'"), text.clone()),
            (format!("<@{{'{quoted}'}}>"), format!("<{text}>")),
            (format!("@concat('{quoted}', 'x')"), format!("{text}x")),
        ] {
            let value = Template::parse(&written).unwrap().evaluate(&world()).unwrap();
            prop_assert_eq!(value, Value::String(expected));
        }
    }

    #[test]
    fn whole_numbers_are_exact(a in any::<i64>(), b in any::<i64>()) {
        let sum = Template::parse(&format!("@add({a}, {b})")).unwrap().evaluate(&world());
        match a.checked_add(b) {
            Some(expected) => prop_assert_eq!(sum.unwrap(), Value::from(expected)),
            None => prop_assert!(sum.is_err()),
        }
    }
}
