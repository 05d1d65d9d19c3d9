//! `SecureString` values anywhere in a document.

use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{MASK, text};

/// Replaces the value of every `SecureString` below by the mask, and hands out what was there with its path.
pub(crate) fn mask(value: &mut Value, path: &str, found: &mut dyn FnMut(&str, String)) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match value {
        Value::Object(object) if is_secure_string(object) => {
            for (key, inner) in object.iter_mut() {
                // `defaultValue` stands in declarations of parameters.
                if key.eq_ignore_ascii_case("value") || key.eq_ignore_ascii_case("defaultValue") {
                    match inner {
                        Value::String(text) if text == MASK => {}
                        Value::Null => {}
                        Value::String(text) => {
                            found(path, std::mem::replace(text, MASK.to_owned()));
                        }
                        other => {
                            found(path, other.to_string());
                            *other = MASK.into();
                        }
                    }
                }
            }
        }
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                let path = below(key);
                mask(inner, &path, found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                mask(item, &format!("{path}[{i}]"), found);
            }
        }
        _ => {}
    }
}

fn is_secure_string(object: &Object) -> bool {
    text(object, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("SecureString"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_secrets_are_found_and_masked() {
        let mut value = json!({
            "a": {"b": [{"type": "SecureString", "value": "canary-1"}]},
            "p": {"type": "securestring", "defaultValue": "canary-2"},
            "kept": {"type": "SecureString", "value": MASK},
        });
        let mut found = Vec::new();
        mask(&mut value, "", &mut |path, text| found.push((path.to_owned(), text)));
        assert_eq!(
            found,
            [
                ("a.b[0]".into(), "canary-1".into()),
                ("p".into(), "canary-2".to_owned())
            ]
        );
        assert!(!value.to_string().contains("canary"), "{value}");
    }
}
