//! The protected header: a closed list of members, each with a closed list of values.

use crate::token::refused;
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use serde::{Deserialize, Serialize};
use sluice_contract::Fault;

/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;
/// The longest `apu` or `apv` that is taken, in bytes.
const MAX_PARTY: usize = 256;

/// What the header may hold. Unknown and repeated members are refused by serde.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) alg: Alg,
    pub(crate) enc: Enc,
    /// SHA-256 of the certificate's DER, base64url.
    #[serde(rename = "x5t#S256")]
    pub(crate) thumbprint: String,
    pub(crate) typ: Typ,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cty: Option<Cty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) epk: Option<Epk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) apu: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) apv: Option<String>,
}

/// How the content key reaches the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Alg {
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
}

/// How the content is encrypted.
#[derive(Serialize, Deserialize)]
pub(crate) enum Enc {
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

/// What the token is for: another purpose's token is not a credential.
#[derive(Serialize, Deserialize)]
pub(crate) enum Typ {
    #[serde(rename = "sluice-cred")]
    Credential,
}

/// The content's form.
#[derive(Serialize, Deserialize)]
pub(crate) enum Cty {
    #[serde(rename = "json")]
    Json,
}

/// The sender's ephemeral key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Epk {
    kty: Kty,
    crv: Crv,
    x: String,
    y: String,
}

#[derive(Serialize, Deserialize)]
enum Kty {
    #[serde(rename = "EC")]
    Ec,
}

#[derive(Serialize, Deserialize)]
enum Crv {
    #[serde(rename = "P-256")]
    P256,
}

impl Header {
    /// The header of a token made here.
    pub(crate) fn new(alg: Alg, thumbprint: String, epk: Option<Epk>) -> Self {
        Self {
            alg,
            enc: Enc::A256Gcm,
            thumbprint,
            typ: Typ::Credential,
            cty: Some(Cty::Json),
            epk,
            apu: None,
            apv: None,
        }
    }

    /// Reads a header and checks every member; nothing of it is quoted in the fault, it comes from outside.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Fault> {
        // serde would take an array of the members in order for the object.
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err(refused("its header is not an object"));
        }
        let header: Self = serde_json::from_slice(json)
            .map_err(|_| refused("its header has a member or a value that is not of the closed list"))?;
        if BASE64.decode(&header.thumbprint).map(|bytes| bytes.len()) != Ok(32) {
            return Err(refused("x5t#S256 is not a SHA-256"));
        }
        if header.alg == Alg::RsaOaep256 && (header.epk.is_some() || header.apu.is_some() || header.apv.is_some()) {
            return Err(refused("its header has members of another algorithm"));
        }
        header.parties()?;
        Ok(header)
    }

    /// The bytes of `apu` and `apv`.
    pub(crate) fn parties(&self) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let party = |text: &Option<String>| {
            let bytes = BASE64.decode(text.as_deref().unwrap_or_default()).ok();
            bytes
                .filter(|bytes| bytes.len() <= MAX_PARTY)
                .ok_or_else(|| refused("apu or apv has the wrong form"))
        };
        Ok((party(&self.apu)?, party(&self.apv)?))
    }

    /// The sender's key, known to lie on the curve.
    pub(crate) fn sender(&self) -> Result<ParsedPublicKey, Fault> {
        let epk = self.epk.as_ref().ok_or_else(|| refused("epk is missing"))?;
        epk.parse()
    }
}

impl Epk {
    /// From an uncompressed point.
    pub(crate) fn of(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(COORDINATE)?;
        Some(Self {
            kty: Kty::Ec,
            crv: Crv::P256,
            x: BASE64.encode(x),
            y: BASE64.encode(y),
        })
    }

    fn parse(&self) -> Result<ParsedPublicKey, Fault> {
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            let bytes = BASE64.decode(coordinate).ok();
            let bytes = bytes.filter(|bytes| bytes.len() == COORDINATE);
            point.extend(bytes.ok_or_else(|| refused("epk has a coordinate of the wrong form"))?);
        }
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point))
            .map_err(|_| refused("epk is not a point of P-256"))
    }
}
