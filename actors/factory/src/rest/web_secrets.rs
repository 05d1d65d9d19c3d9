//! Passwords of web activities that a node calls: sealed to its gateway before the pipeline is stored, and kept in the document
//! itself, where only that gateway can open them.

use super::linked_services::seal;
use crate::state::factories::FactoryRow;
use crate::state::{Conn, gateways};
use serde_json::Value;
use sluice_contract::document::{MASK, Reference, member, text};
use sluice_contract::sealed::Secrets;
use sluice_contract::{Code, Fault, Object};
use zeroize::Zeroizing;

/// Where the sealed password stands, beside its mask.
const SEALED: &str = "encryptedCredential";

/// A password that was taken out of a pipeline.
struct Taken {
    /// The JSON pointer of the activity's `typeProperties`.
    place: String,
    gateway: String,
    password: Zeroizing<String>,
}

/// Seals the passwords of all web activities that name a gateway and an address; the others are left where they are.
///
/// # Errors
/// `SL5001` when a gateway is not there, or has no node yet.
pub(super) async fn seal_all(conn: &mut Conn, factory: &FactoryRow, body: &mut Value) -> Result<(), Fault> {
    let mut taken = Vec::new();
    take(body, "", &mut taken);
    for Taken {
        place,
        gateway,
        password,
    } in taken
    {
        let missing = |what: &str| {
            Fault::new(
                Code::NoGateway,
                format!("connectVia names the gateway {gateway}, which {what}"),
            )
        };
        let found = gateways::find(conn, &factory.id, &gateway).await?;
        let found = found.ok_or_else(|| missing("is not in this data factory"))?;
        let Some(settings) = body.pointer_mut(&place).and_then(Value::as_object_mut) else {
            continue;
        };
        let Some(public) = sluice_web::login(settings).map(|login| login.properties) else {
            continue;
        };
        let mut secrets = Secrets::new();
        secrets.insert("password", password.as_str());
        let sealed = seal("WebActivity", &public, secrets, std::slice::from_ref(&found))?;
        let sealed = sealed
            .into_values()
            .next()
            .ok_or_else(|| missing("has no registered node yet"))?;
        if let Some(Value::Object(login)) = inner(settings, "authentication") {
            login.retain(|name, _| !name.eq_ignore_ascii_case(SEALED));
            login.insert(SEALED.to_owned(), sealed.into());
        }
    }
    Ok(())
}

/// Takes the passwords, and leaves their masks.
fn take(value: &mut Value, path: &str, taken: &mut Vec<Taken>) {
    match value {
        Value::Object(object) => {
            if text(object, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("WebActivity"))
                && let Some(key) = object
                    .keys()
                    .find(|key| key.eq_ignore_ascii_case("typeProperties"))
                    .cloned()
                && let Some(Value::Object(settings)) = object.get_mut(&key)
                && let Some((gateway, password)) = password(settings)
            {
                taken.push(Taken {
                    place: format!("{path}/{}", step(&key)),
                    gateway,
                    password,
                });
            }
            for (key, inner) in object.iter_mut() {
                take(inner, &format!("{path}/{}", step(key)), taken);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                take(item, &format!("{path}/{i}"), taken);
            }
        }
        _ => {}
    }
}

/// A step of a JSON pointer.
fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn inner<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Value> {
    let found = object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// The gateway and the new password of an activity whose password can be bound to what it is used for.
fn password(settings: &mut Object) -> Option<(String, Zeroizing<String>)> {
    let gateway = member(settings, "connectVia")
        .and_then(Reference::view)?
        .name
        .to_owned();
    sluice_web::origin(settings)?;
    let Some(Value::Object(login)) = inner(settings, "authentication") else {
        return None;
    };
    let kind = text(login, "type")?;
    if !["Basic", "ServicePrincipal"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let Some(Value::Object(secret)) = inner(login, "password") else {
        return None;
    };
    if !text(secret, "type")?.eq_ignore_ascii_case("SecureString") {
        return None;
    }
    let Some(Value::String(clear)) = inner(secret, "value") else {
        return None;
    };
    if clear == MASK || clear.is_empty() {
        return None;
    }
    Some((gateway, Zeroizing::new(std::mem::replace(clear, MASK.to_owned()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pipeline(url: &str, password: Value, via: Value) -> Value {
        let call = json!({ "name": "w", "type": "WebActivity", "typeProperties": { "url": url, "connectVia": via,
            "authentication": { "type": "ServicePrincipal", "username": "app", "userTenant": "t", "password": password } } });
        let each = json!({ "name": "f", "type": "ForEach", "typeProperties": { "activities": [call] } });
        json!({ "properties": { "activities": [each] } })
    }

    #[test]
    fn passwords_are_found_however_deep_and_masked() {
        let via = json!({ "referenceName": "gw", "type": "IntegrationRuntimeReference" });
        let secret = json!({ "type": "SecureString", "value": "canary-1" });
        let mut body = pipeline("https://a.example/x", secret.clone(), via.clone());
        let mut taken = Vec::new();
        take(&mut body, "", &mut taken);
        assert_eq!(
            (taken.len(), taken[0].gateway.as_str(), taken[0].password.as_str()),
            (1, "gw", "canary-1")
        );
        assert!(!body.to_string().contains("canary"), "{body}");
        assert_eq!(body.pointer(&taken[0].place).unwrap()["url"], "https://a.example/x");
        // Nothing is left to take; there is no gateway; the address is not known yet; a key vault has it.
        let vault = json!({ "type": "AzureKeyVaultSecret", "secretName": "s" });
        for mut body in [
            body,
            pipeline("https://a.example/x", secret.clone(), Value::Null),
            pipeline("@variables('url')", secret, via.clone()),
            pipeline("https://a.example/x", vault, via),
        ] {
            let mut taken = Vec::new();
            take(&mut body, "", &mut taken);
            assert!(taken.is_empty(), "{body}");
        }
    }
}
