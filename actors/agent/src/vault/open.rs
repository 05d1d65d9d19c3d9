//! Opening one credential, and comparing it with what it is about to be used for.

use sluice_contract::document::carry_over;
use sluice_contract::job::Endpoint;
use sluice_contract::sealed::Secrets;
use sluice_contract::{Code, Fault};
use sluice_seal::KeyRing;
use sluice_store_core::StoreProperties;

/// What a connector gets to know of a linked service's store.
///
/// # Errors
/// `SL5005` when the credential was sealed for another type or server, `SL5006` when there is none although the linked
/// service has secrets, and what [`KeyRing::open`] says. No secret is ever quoted.
pub(super) fn open(ring: &KeyRing, endpoint: &Endpoint) -> Result<StoreProperties, Fault> {
    let about = format!("linked service {}", endpoint.name);
    let Some(sealed) = endpoint.sealed.as_deref() else {
        if carry_over(&endpoint.properties) {
            return Err(Fault::new(
                Code::CredentialMissing,
                "it has secrets, but no credential for this gateway",
            )
            .context(about));
        }
        return Ok(StoreProperties {
            kind: endpoint.kind.clone(),
            public: endpoint.properties.clone(),
            secrets: Secrets::new(),
        });
    };
    let plaintext = ring.open(sealed).map_err(|fault| fault.context(&about))?;
    let mismatch = |what: String| Fault::new(Code::BindingMismatch, what).context(&about);
    if !plaintext.kind.eq_ignore_ascii_case(&endpoint.kind) {
        return Err(mismatch(format!(
            "its credential was sealed for a {}, not for a {}",
            plaintext.kind, endpoint.kind
        )));
    }
    let properties = StoreProperties {
        kind: endpoint.kind.clone(),
        public: endpoint.properties.clone(),
        secrets: plaintext.secret,
    };
    let binding = properties.binding();
    if binding != plaintext.bind {
        let differs = |(name, value): &(&String, &String)| plaintext.bind.get(*name) != Some(*value);
        let mut members: Vec<&str> = binding.iter().filter(differs).map(|(name, _)| name.as_str()).collect();
        let gone = plaintext.bind.keys().filter(|name| !binding.contains_key(*name));
        members.extend(gone.map(String::as_str));
        return Err(mismatch(format!(
            "its {} is not what the credential was sealed for",
            members.join(", ")
        )));
    }
    Ok(properties)
}
