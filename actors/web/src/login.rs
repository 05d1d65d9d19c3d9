//! How an activity logs in where it calls, when its secret is for a node.

use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{is_expression, member, text};
use url::Url;

/// How the secret is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// User and password go to the address that is called.
    Basic,
    /// Id and secret of a service principal go to a token service, and its token to the address that is called.
    Principal,
}

/// A login whose secret a node can get: from a key vault, or out of what was sealed to its gateway.
#[derive(Clone, Debug)]
pub struct Login {
    /// How the secret is used.
    pub scheme: Scheme,
    /// The activity's `authentication`, and in `url` the server that is called: what a sealed secret is bound to.
    pub properties: Object,
}

/// The login of an activity's `typeProperties`; none where it has no secret, or one that nobody can get.
pub fn login(settings: &Object) -> Option<Login> {
    let given = member(settings, "authentication")?.as_object()?;
    let kind = text(given, "type")?;
    let scheme = match () {
        () if kind.eq_ignore_ascii_case("Basic") => Scheme::Basic,
        () if kind.eq_ignore_ascii_case("ServicePrincipal") => Scheme::Principal,
        () => return None,
    };
    let password = member(given, "password")?.as_object()?;
    let is = |name: &str| text(password, "type").is_some_and(|kind| kind.eq_ignore_ascii_case(name));
    if !is("AzureKeyVaultSecret") && !is("SecureString") {
        return None;
    }
    let mut properties = given.clone();
    properties.retain(|name, _| !name.eq_ignore_ascii_case("url"));
    properties.insert("url".to_owned(), origin(settings).map_or(Value::Null, Value::from));
    Some(Login { scheme, properties })
}

/// The server that is called, where the document says it and no expression.
pub fn origin(settings: &Object) -> Option<String> {
    let url = member(settings, "url").filter(|url| !is_expression(url))?.as_str()?;
    let origin = Url::parse(url.trim()).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(url: &str, authentication: Value) -> Option<Login> {
        login(
            json!({ "url": url, "authentication": authentication })
                .as_object()
                .unwrap(),
        )
    }

    #[test]
    fn what_a_secret_is_bound_to_is_part_of_the_login() {
        let password = json!({ "type": "SecureString", "value": "**********" });
        let principal = json!({ "type": "serviceprincipal", "username": "app", "password": password, "url": "x" });
        let found = of("https://A.example:443/path?q", principal).unwrap();
        assert_eq!(found.scheme, Scheme::Principal);
        assert_eq!(found.properties["url"], "https://a.example");
        let basic = json!({ "type": "Basic", "username": "me", "password": password });
        assert_eq!(of("http://a:81/", basic).unwrap().properties["url"], "http://a:81");
        for none in [
            json!(null),
            json!({ "type": "MSI" }),
            json!({ "type": "Basic", "password": "x" }),
            json!({ "type": "Basic" }),
        ] {
            assert!(of("https://a", none.clone()).is_none(), "{none}");
        }
    }
}
