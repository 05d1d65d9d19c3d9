//! Sealing.

use crate::certificate::{Certificate, Recipient};
use crate::content::{ContentKey, derive_key, encrypt, random_key};
use crate::header::{Alg, Epk, Header};
use crate::token::{MAX_TOKEN, refused};
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, ParsedPublicKey, agree_ephemeral};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use sluice_contract::sealed::Plaintext;
use sluice_contract::{Code, Fault};

/// Seals a credential to a certificate: only the holder of its key can open the token.
///
/// # Errors
/// `SL5008` for a certificate that cannot be sealed to, `SL5004` when the token would be over 64 KiB.
pub fn seal(certificate_pem: &str, plaintext: &Plaintext) -> Result<String, Fault> {
    let certificate = Certificate::parse(certificate_pem)?;
    let mut content = plaintext.encode();
    if content.len() > MAX_TOKEN / 2 {
        return Err(refused("its secrets are over 32 KiB"));
    }
    let sealed = seal_content(&certificate, &mut content);
    // The library's random generator or its memory failed; nothing in the input does this.
    sealed.map_err(|Unspecified| Fault::new(Code::Internal, "the cryptographic library failed to seal a credential"))
}

fn seal_content(certificate: &Certificate, content: &mut [u8]) -> Result<String, Unspecified> {
    let (header, key, encrypted_key) = match &certificate.recipient {
        Recipient::Rsa(public) => wrap(public, &certificate.thumbprint)?,
        Recipient::P256(public) => agree(public, &certificate.thumbprint)?,
    };
    let protected = BASE64.encode(serde_json::to_vec(&header).map_err(|_| Unspecified)?);
    let (iv, tag) = encrypt(&key, &protected, content)?;
    let [key, iv, content, tag] = [&encrypted_key[..], &iv, content, &tag].map(|part| BASE64.encode(part));
    Ok(format!("{protected}.{key}.{iv}.{content}.{tag}"))
}

fn wrap(public: &OaepPublicEncryptingKey, thumbprint: &str) -> Result<(Header, ContentKey, Vec<u8>), Unspecified> {
    let key = random_key()?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    public.encrypt(&OAEP_SHA256_MGF1SHA256, key.as_slice(), &mut wrapped, None)?;
    Ok((Header::new(Alg::RsaOaep256, thumbprint.to_owned(), None), key, wrapped))
}

fn agree(public: &ParsedPublicKey, thumbprint: &str) -> Result<(Header, ContentKey, Vec<u8>), Unspecified> {
    let ephemeral = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
    let epk = Epk::of(ephemeral.compute_public_key()?.as_ref()).ok_or(Unspecified)?;
    let key = agree_ephemeral(ephemeral, public.clone(), Unspecified, |agreed| {
        Ok(derive_key(agreed, b"", b""))
    })?;
    Ok((
        Header::new(Alg::EcdhEs, thumbprint.to_owned(), Some(epk)),
        key,
        Vec::new(),
    ))
}
