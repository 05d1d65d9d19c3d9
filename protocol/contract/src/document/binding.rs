//! Where a credential may be used: the members of a linked service that say which server it goes to.

use super::properties::ConnectionString;
use crate::Object;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Canonical name of a binding member, and the names it goes by in properties and connection strings.
const MEMBERS: &[(&str, &[&str])] = &[
    (
        "server",
        &[
            "server",
            "host",
            "data source",
            "datasource",
            "address",
            "addr",
            "network address",
            "hostname",
            "endpoint",
            "failover partner",
            "hostaddr",
        ],
    ),
    ("port", &["port"]),
    ("database", &["database", "initial catalog", "dbname", "db"]),
    ("account", &["accountName"]),
    (
        "service",
        &[
            "serviceEndpoint",
            "serviceUri",
            "serviceUrl",
            "blobEndpoint",
            "containerUri",
            "endpointSuffix",
            "url",
            "baseUrl",
        ],
    ),
    ("path", &["path", "filename"]),
    // Where a login is exchanged for a token: the secret is sent there first.
    ("authority", &["authority", "authorityHost", "tokenEndpoint"]),
    ("tenant", &["tenant", "userTenant"]),
];

/// The binding of a linked service whose secrets are all outside its properties.
pub fn binding_of(kind: &str, public: &Object) -> BTreeMap<String, String> {
    let connection_string = ConnectionString::parse(super::text(public, "connectionString").unwrap_or_default());
    bind(kind, |name| members(public, name), &connection_string)
}

/// The plain members of this name, in whatever case.
pub(super) fn members(public: &Object, name: &str) -> Vec<String> {
    let named = public.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named
        .filter_map(|(_, value)| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// Every spelling counts: which of two names a driver would believe is its own affair, so a linked service in which a
/// second one was slipped in has another binding than before.
pub(super) fn bind(
    kind: &str,
    members: impl Fn(&str) -> Vec<String>,
    connection_string: &ConnectionString,
) -> BTreeMap<String, String> {
    let mut binding = BTreeMap::from([("type".to_owned(), kind.to_ascii_lowercase())]);
    for (member, names) in MEMBERS {
        let mut values = BTreeSet::new();
        for name in *names {
            values.extend(members(name).iter().filter_map(|value| canonical(value)));
            values.extend(connection_string.all(name).filter_map(canonical));
        }
        if !values.is_empty() {
            let values: Vec<String> = values.into_iter().collect();
            binding.insert((*member).to_owned(), values.join(" and "));
        }
    }
    binding
}

/// A value without what makes no difference; `None` for an empty one.
fn canonical(value: &str) -> Option<String> {
    let value = value.trim().to_ascii_lowercase();
    let value = value
        .strip_prefix("tcp:")
        .unwrap_or(&value)
        .trim_end_matches(['.', '/']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> BTreeMap<String, String> {
        binding_of("PostgreSqlV2", value.as_object().unwrap())
    }

    #[test]
    fn a_changed_server_changes_the_binding() {
        let bind = |text: &str| of(json!({ "connectionString": text }));
        assert_eq!(
            bind("Host=DB.local.;Database=x;Timeout=3"),
            bind("database=X;host=db.local")
        );
        assert_ne!(bind("Host=db.local;Database=x"), bind("Host=evil;Database=x"));
        assert_ne!(
            bind("Host=db.local;Database=x"),
            bind("Host=db.local;Database=x;Port=7")
        );
    }

    #[test]
    fn a_second_name_for_the_server_cannot_hide_behind_the_first() {
        let sealed_for = of(json!({ "server": "db.local", "database": "x" }));
        for sly in [
            json!({ "server": "db.local", "host": "evil", "database": "x" }),
            json!({ "server": "db.local", "database": "x", "connectionString": "host=evil" }),
            json!({ "connectionString": "server=db.local;database=x;host=evil" }),
            json!({ "connectionString": "host=db.local;host=evil;database=x" }),
            json!({ "server": "db.local", "database": "x", "SERVER": "evil" }),
        ] {
            assert_ne!(of(sly.clone()), sealed_for, "{sly}");
        }
        // The same server said twice is the same server.
        let twice = json!({ "server": "db.local", "connectionString": "Data Source=tcp:DB.local.;Initial Catalog=X" });
        assert_eq!(of(twice), sealed_for);
    }
}
