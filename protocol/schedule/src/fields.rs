//! Members of a document, with their place for messages.

use serde_json::{Map, Value};

/// An object of a document.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { object, path }
    }

    /// A member that is there and not null, in any case of its name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let exact = self.object.get(name);
        let found = exact.or_else(|| {
            let mut others = self.object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            others.next().map(|(_, value)| value)
        });
        found.filter(|value| !value.is_null())
    }

    /// What is wrong with a member.
    pub(crate) fn wrong(&self, name: &str, what: &str) -> String {
        format!("`{}.{name}` {what}", self.path)
    }

    /// The same for an error found deeper.
    pub(crate) fn within(&self, name: &str) -> impl Fn(String) -> String {
        let place = format!("{}.{name}", self.path);
        move |what| format!("`{place}`: {what}")
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "is not a text")),
        }
    }

    /// A whole number; also as a text, since documents have them so.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, String> {
        self.get(name)
            .map(|value| whole(value).ok_or_else(|| self.wrong(name, "is not a whole number")))
            .transpose()
    }

    /// A whole number within bounds.
    pub(crate) fn number_in(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, String> {
        match self.number(name)? {
            Some(number) if !(least..=most).contains(&number) => {
                Err(self.wrong(name, &format!("is {number}, and has to be from {least} to {most}")))
            }
            other => Ok(other),
        }
    }

    /// Whole numbers within bounds, sorted, each once. One alone need not be in an array.
    pub(crate) fn numbers(&self, name: &str, least: i64, most: i64) -> Result<Vec<i64>, String> {
        let mut numbers = Vec::new();
        for value in self.items(name) {
            let number = whole(value).ok_or_else(|| self.wrong(name, "holds something that is not a whole number"))?;
            if !(least..=most).contains(&number) {
                return Err(self.wrong(name, &format!("holds {number}; {least} to {most} are possible")));
            }
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// The items of an array; one alone need not be in one.
    pub(crate) fn items(&self, name: &str) -> &'a [Value] {
        match self.get(name) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(one) => std::slice::from_ref(one),
        }
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(self.wrong(name, "is not an object")),
        }
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
