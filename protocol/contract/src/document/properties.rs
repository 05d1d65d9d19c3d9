//! A linked service's properties with its secrets beside them, and the binding of one to the other.

use crate::Object;
use crate::sealed::Secrets;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a connector gets to know of its store: the public `typeProperties`, and the opened secrets.
#[derive(Clone, Debug, Default)]
pub struct StoreProperties {
    /// The linked service's `type`.
    pub kind: String,
    /// Its `typeProperties` without secrets.
    pub public: Object,
    /// The opened secrets, by property name.
    pub secrets: Secrets,
}

impl StoreProperties {
    /// A property as text, secret or not, looked up without regard to case. Numbers and booleans are written out.
    pub fn text(&self, name: &str) -> Option<String> {
        if let Some(secret) = self.secrets.get(name) {
            return Some(secret.to_owned());
        }
        match super::member(&self.public, name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A property, or the same under one of its names in the connection string.
    pub fn either(&self, property: &str, in_connection_string: &[&str]) -> Option<String> {
        self.text(property)
            .or_else(|| self.connection_string().get(in_connection_string).map(str::to_owned))
    }

    /// The connection string, taken apart; empty when there is none.
    pub fn connection_string(&self) -> ConnectionString {
        ConnectionString::parse(&self.text("connectionString").unwrap_or_default())
    }

    /// Where the secrets may be used: see [`super::binding_of`].
    pub fn binding(&self) -> BTreeMap<String, String> {
        let members = |name: &str| {
            let mut values = super::binding::members(&self.public, name);
            values.extend(self.secrets.get(name).map(str::to_owned));
            values
        };
        super::binding::bind(&self.kind, members, &self.connection_string())
    }
}

/// `name=value;...`, names without regard to case, values optionally quoted.
#[derive(Clone, Default)]
pub struct ConnectionString(Vec<(String, String)>);

impl std::fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secret.
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl ConnectionString {
    /// Takes a connection string apart. Parts without `=` are left out.
    pub fn parse(text: &str) -> Self {
        let mut pairs = Vec::new();
        let mut rest = text;
        while let Some((name, behind)) = rest.split_once('=') {
            // Before the name there may be parts without `=`.
            let name = name.rsplit(';').next().unwrap_or(name).trim();
            let (value, after) = take_value(behind.trim_start());
            if !name.is_empty() {
                pairs.push((name.to_owned(), value));
            }
            rest = after;
        }
        Self(pairs)
    }

    /// The value of the first of these names that is there.
    pub fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            self.0
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        })
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |pair: &&(String, String)| pair.0.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|(_, value)| value.as_str())
    }

    /// The same without the pairs that `drop` says yes to.
    pub fn without(&self, drop: impl Fn(&str) -> bool) -> String {
        let kept = self.0.iter().filter(|(name, _)| !drop(name));
        let kept = kept.map(|(name, value)| {
            let quoted = value.starts_with(['"', '\'']) || value.trim() != value;
            // What only begins as ODBC's braces do would take the parts behind it for its own.
            if quoted || (value.contains(';') || value.starts_with('{')) && braced(value) != Some(value.len()) {
                format!("{name}=\"{}\"", value.replace('"', "\"\""))
            } else {
                format!("{name}={value}")
            }
        });
        kept.collect::<Vec<_>>().join(";")
    }

    /// The names that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// The first value of what follows a `=`, and what follows the value's `;`.
fn take_value(text: &str) -> (String, &str) {
    let past = |at: usize| text[at..].split_once(';').map_or("", |(_, after)| after);
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        // A quote inside is written twice. One that is never closed takes the rest: better too much of a secret than
        // half of one that is taken for the next part.
        return match closing(&text[1..], quote) {
            Some(end) => {
                let inner = text[1..=end].replace(&format!("{quote}{quote}"), &quote.to_string());
                (inner, past(end + 2))
            }
            None => (text.trim_end().to_owned(), ""),
        };
    }
    let end = braced(text).unwrap_or_else(|| text.find(';').unwrap_or(text.len()));
    (text[..end].trim_end().to_owned(), past(end))
}

/// Where a quoted text ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(quote)?;
        if !text[at + 1..].starts_with(quote) {
            return Some(at);
        }
        from = at + 2;
    }
}

/// The length of ODBC's `{value;with=anything}`. The braces stay: elsewhere they are part of the value.
fn braced(text: &str) -> Option<usize> {
    let end = closing(text.strip_prefix('{')?, '}')? + 2;
    let after = text[end..].trim_start();
    (after.is_empty() || after.starts_with(';')).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_are_taken_apart() {
        let parsed = ConnectionString::parse(
            "Server=tcp:h,1433; Initial Catalog = a b ;Password=\"x;y=z\";junk;Encrypt=true;Pwd=a=b==",
        );
        assert_eq!(parsed.get(&["server"]), Some("tcp:h,1433"));
        assert_eq!(parsed.get(&["database", "initial catalog"]), Some("a b"));
        assert_eq!(parsed.get(&["password"]), Some("x;y=z"));
        assert_eq!(parsed.get(&["encrypt"]), Some("true"));
        assert_eq!(parsed.get(&["pwd"]), Some("a=b=="));
        // A brace that closes only in the part behind it: written again, it must not take that part along.
        for text in ["pwd={a}}b;}I;user=u 7};database=d", "a={;b=}", "a={x}y;b=1"] {
            let parsed = ConnectionString::parse(text);
            let again = ConnectionString::parse(&parsed.without(|_| false));
            assert_eq!(again.0, parsed.0, "{text}");
        }
        for odd in ["", ";", "=", "=;=", "a", "a='", "a=\"b", "'='", "ä=ö"] {
            let _ = ConnectionString::parse(odd);
        }
    }
}
