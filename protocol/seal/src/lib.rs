//! Sealing credentials to a gateway's certificate, and opening them.
//!
//! A sealed credential is a compact JWE (RFC 7516): `RSA-OAEP-256` or `ECDH-ES` on P-256, `A256GCM`, with a closed list of
//! header members. Any JOSE library and a browser's WebCrypto can make one; only a node that holds the certificate's key
//! opens it. Everything that can be refused is refused before a key is used, and every failure after that is the same
//! `SL5003`, so that an attacker learns nothing from the difference.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod certificate;
mod content;
mod encode;
mod header;
mod key;
mod ring;
mod token;

pub use certificate::{certificate_pem, thumbprint};
pub use encode::seal;
pub use key::{GatewayKey, KeyKind, generate_key, generate_key_of};
pub use ring::KeyRing;
pub use token::recipient;

#[cfg(test)]
mod tests;
