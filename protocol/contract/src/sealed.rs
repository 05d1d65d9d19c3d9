//! What a sealed credential holds, and what binds it to its server. The cipher itself is in `sluice-seal`.

use crate::Object;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The format version of [`Plaintext`].
pub const VERSION: u8 = 1;

/// The plaintext of a sealed credential: the secret members of a linked service, and where they may be used.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plaintext {
    /// Format version.
    pub v: u8,
    /// The linked service's `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where the secret may be used; see [`binding`].
    pub bind: BTreeMap<String, String>,
    /// The secret members.
    pub secret: Secrets,
    /// When it was sealed, seconds since 1970.
    pub iat: i64,
    /// Who sealed it.
    #[serde(default)]
    pub by: String,
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plaintext")
            .field("kind", &self.kind)
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}

/// Secret values by the name of the property they belong to. Wiped when dropped; never printed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, SecretText>);

/// One secret. Wiped when dropped; never printed.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct SecretText(String);

impl Secrets {
    /// No secret.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), SecretText(value.into()));
    }

    /// The secret of a property, looked up without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.0.as_str())
    }

    /// The names of the secret properties.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Plaintext {
    /// As JSON, in a buffer that is wiped. The buffer is made large enough first: one that grows leaves copies behind.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut length = Length(0);
        // Strings and numbers only: serializing cannot fail.
        let _ = serde_json::to_writer(&mut length, self);
        let mut text = Zeroizing::new(Vec::with_capacity(length.0));
        let _ = serde_json::to_writer(&mut *text, self);
        text
    }
}

/// Counts what is written to it.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The members of a linked service that say which server a credential goes to, canonical.
///
/// A credential is bound to them when it is sealed, and they are compared when it is used: whoever changes `server=`
/// does not get the password sent there. `properties` are the linked service's `typeProperties` without secrets.
pub fn binding(kind: &str, properties: &Object) -> BTreeMap<String, String> {
    crate::document::binding_of(kind, properties)
}
