//! The content key and what it encrypts.

use crate::token::{IV, TAG};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// A key of A256GCM, wiped when dropped.
pub(crate) type ContentKey = Zeroizing<[u8; 32]>;

/// A fresh random key.
pub(crate) fn random_key() -> Result<ContentKey, Unspecified> {
    let mut key = Zeroizing::new([0; 32]);
    rand::fill(&mut *key)?;
    Ok(key)
}

/// The key that a direct agreement yields (RFC 7518, 4.6.2): one round of the Concat KDF.
pub(crate) fn derive_key(agreed: &[u8], apu: &[u8], apv: &[u8]) -> ContentKey {
    let mut context = Context::new(&SHA256);
    context.update(&1_u32.to_be_bytes());
    context.update(agreed);
    for info in [b"A256GCM".as_slice(), apu, apv] {
        // All three are short: the header's size is limited.
        context.update(&u32::try_from(info.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(info);
    }
    context.update(&256_u32.to_be_bytes());
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(context.finish().as_ref());
    key
}

/// Encrypts in place under a key that is used this once.
pub(crate) fn encrypt(key: &ContentKey, aad: &str, content: &mut [u8]) -> Result<([u8; IV], [u8; TAG]), Unspecified> {
    let mut iv = [0; IV];
    rand::fill(&mut iv)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice())?);
    let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), content)?;
    Ok((iv, tag.as_ref().try_into().map_err(|_| Unspecified)?))
}

/// Decrypts into a buffer that is wiped when dropped.
pub(crate) fn decrypt(
    key: &ContentKey,
    aad: &str,
    iv: [u8; IV],
    ciphertext: &[u8],
    tag: &[u8; TAG],
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice())?);
    let mut content = Zeroizing::new(vec![0; ciphertext.len()]);
    key.open_separate_gather(
        Nonce::assume_unique_for_key(iv),
        Aad::from(aad),
        ciphertext,
        tag,
        &mut content,
    )?;
    Ok(content)
}
