//! `sluice encrypt`: seals a secret to a gateway's certificate on this machine. The factory never sees it.

use super::args::EncryptArgs;
use super::documents::connect;
use super::output::{Output, note};
use crate::api::{read, read_secret_or_ask};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};
use sluice_contract::document::{ConnectionString, LinkedService, StoreProperties, member, take_secrets};
use sluice_contract::sealed::{Plaintext, Secrets, VERSION};
use sluice_contract::{Code, Fault, Object};

pub(super) async fn run(args: EncryptArgs, output: &Output) -> Result<(), Fault> {
    let mut asked = Asked::read(&args)?;
    let certificate = certificate(&args, asked.gateway.as_deref()).await?;
    let mut secrets = take_secrets(&mut asked.properties);
    if secrets.is_empty() {
        let text = read_secret_or_ask(&args.secret_file, &format!("Secret `{}`: ", args.secret))?;
        if text.is_empty() {
            return Err(Fault::new(Code::Usage, "the secret is empty"));
        }
        add(&mut secrets, &mut asked.properties, &args.secret, &text);
    }
    let store = StoreProperties {
        kind: asked.kind.clone(),
        public: asked.properties.clone(),
        secrets,
    };
    let plaintext = Plaintext {
        v: VERSION,
        bind: store.binding(),
        kind: store.kind,
        secret: store.secrets,
        iat: chrono::Utc::now().timestamp(),
        by: "command line".to_owned(),
    };
    for (name, value) in plaintext.bind.iter().filter(|(name, _)| *name != "type") {
        note(format_args!("For {name} {value} only"));
    }
    if plaintext.bind.len() == 1 {
        note("Bound to the type only: no property says which server it is for");
    }
    let sealed = sluice_seal::seal(&certificate, &plaintext)?;
    let thumbprint = sluice_seal::thumbprint(&certificate)?;
    note(format_args!("Sealed to certificate {thumbprint}"));
    print(asked, &sealed, &thumbprint, output);
    Ok(())
}

/// What the secret is for.
struct Asked {
    /// The document it came from.
    document: Option<Value>,
    gateway: Option<String>,
    kind: String,
    properties: Object,
}

impl Asked {
    fn read(args: &EncryptArgs) -> Result<Self, Fault> {
        if let Some(file) = &args.file {
            let text = read(file)?;
            let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
                .map_err(|e| Fault::new(Code::BadJson, format!("{}: not JSON: {e}", file.display())))?;
            let view = LinkedService::view(&document).map_err(|fault| fault.context(file.display()))?;
            return Ok(Self {
                gateway: args.gateway.clone().or_else(|| view.gateway().map(str::to_owned)),
                kind: view.kind().to_owned(),
                properties: view.type_properties().clone(),
                document: Some(document),
            });
        }
        let mut properties = Object::new();
        let plain = [
            ("connectionString", &args.connection_string),
            ("server", &args.server),
            ("database", &args.database),
        ];
        for (name, value) in plain {
            if let Some(value) = value {
                properties.insert(name.to_owned(), value.as_str().into());
            }
        }
        for pair in &args.set {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| Fault::new(Code::Usage, format!("--set {pair:?} is not NAME=VALUE")))?;
            properties.insert(name.trim().to_owned(), value.into());
        }
        let seen = take_secrets(&mut properties.clone());
        if !seen.is_empty() {
            let names: Vec<&str> = seen.names().collect();
            let text = format!(
                "{} holds a secret, and everybody on this machine sees the command line: leave it out, it is read from standard input",
                names.join(", ")
            );
            return Err(Fault::new(Code::Usage, text));
        }
        Ok(Self {
            document: None,
            gateway: args.gateway.clone(),
            kind: args.kind.clone().unwrap_or_default(),
            properties,
        })
    }
}

/// A secret that is a whole connection string also says where it goes.
fn add(secrets: &mut Secrets, properties: &mut Object, name: &str, text: &str) {
    let mut whole = Object::from_iter([(name.to_owned(), Value::from(text))]);
    let taken = take_secrets(&mut whole);
    if name.to_ascii_lowercase().ends_with("string") && !taken.is_empty() {
        properties.extend(whole);
    }
    secrets.insert(name, text);
}

/// The gateway's certificate, when it is the expected one.
async fn certificate(args: &EncryptArgs, gateway: Option<&str>) -> Result<String, Fault> {
    let pem = match &args.certificate {
        Some(file) => read(file)?,
        None => {
            let gateway = gateway.ok_or_else(|| Fault::new(Code::Usage, "name a gateway with --gateway"))?;
            of_factory(args, gateway).await?
        }
    };
    let thumbprint = sluice_seal::thumbprint(&pem)?;
    match args.pin.as_deref() {
        None => note("No --pin: the factory's word is taken for whose certificate this is"),
        Some(pin) if same(pin, &thumbprint) => {}
        Some(pin) => {
            let message = format!("it is {thumbprint}, not {pin}");
            return Err(Fault::new(Code::CertificatePinMismatch, message));
        }
    }
    Ok(pem)
}

async fn of_factory(args: &EncryptArgs, gateway: &str) -> Result<String, Fault> {
    let api = connect(&args.api)?;
    let path = ["integrationRuntimes", gateway, "getConnectionInfo"];
    let info = api.post(&path, &json!({})).await?;
    let key = info["publicKey"].as_str().unwrap_or_default();
    if key.is_empty() {
        let message = format!("the gateway {gateway} has no registered node yet");
        return Err(Fault::new(Code::NoGateway, message));
    }
    let unusable = || Fault::new(Code::CertificateInvalid, "the factory's answer holds no certificate");
    let der = BASE64_STANDARD.decode(key).map_err(|_| unusable())?;
    Ok(sluice_seal::certificate_pem(&der))
}

/// Compares a fingerprint as people write it: base64url, or hexadecimal with or without colons.
fn same(pin: &str, thumbprint: &str) -> bool {
    let pin = pin.trim();
    let hex: String = pin.chars().filter(|c| *c != ':').collect();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(thumbprint).unwrap_or_default();
    let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    !pin.is_empty() && (pin == thumbprint || hex.eq_ignore_ascii_case(&expected))
}

fn print(asked: Asked, sealed: &str, thumbprint: &str, output: &Output) {
    if let Some(mut document) = asked.document {
        let properties = document.get_mut("properties").and_then(|p| p.get_mut("typeProperties"));
        if let Some(Value::Object(properties)) = properties {
            *properties = asked.properties;
            // Whatever was masked is in the sealed credential now.
            properties.retain(|name, value| {
                let mask = Object::from_iter([(name.clone(), value.clone())]);
                !name.eq_ignore_ascii_case("encryptedCredential") && !sluice_contract::document::carry_over(&mask)
            });
            properties.insert("encryptedCredential".to_owned(), sealed.into());
        }
        output.print(&document, |document| {
            serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
        });
        return;
    }
    let mut value = json!({ "encryptedCredential": sealed, "certificate": thumbprint });
    if let Some(text) = member(&asked.properties, "connectionString").and_then(Value::as_str) {
        let bare = ConnectionString::parse(text).without(|name| name.eq_ignore_ascii_case("EncryptedCredential"));
        value["connectionString"] = format!("{bare};EncryptedCredential={sealed}").into();
    }
    output.print(&value, |_| format!("{sealed}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_compared_in_every_spelling() {
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode([0xab; 32]);
        for pin in [thumbprint.clone(), "ab".repeat(32), "AB:".repeat(31) + "ab"] {
            assert!(same(&pin, &thumbprint), "{pin}");
        }
        for pin in ["", "ab", &"ab".repeat(31), &thumbprint[1..]] {
            assert!(!same(pin, &thumbprint), "{pin}");
        }
        assert!(!same("", ""));
    }
}
