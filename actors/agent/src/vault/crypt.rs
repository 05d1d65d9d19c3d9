//! Private keys at rest: PKCS#8 encrypted with a passphrase (PBES2 with scrypt and AES-256-CBC), as openssl reads it.

use super::Passphrase;
use aws_lc_rs::rand;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use sluice_contract::{Code, Fault};
use zeroize::Zeroizing;

/// Cost of scrypt, as a power of two: about 40 ms, and the most that openssl's own limit of memory lets it read.
const LOG_N: u8 = 14;

/// Encrypts a key.
///
/// # Errors
/// `SL5007` when it is no PKCS#8, `SL9002` when the library fails.
pub(super) fn encrypt(key: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let failed = || Fault::new(Code::Internal, "the credential key could not be encrypted");
    let parsed = PrivateKeyInfoRef::try_from(key)
        .map_err(|_| Fault::new(Code::VaultUnavailable, "a credential key is not PKCS#8").retryable(false))?;
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rand::fill(&mut salt)
        .and_then(|()| rand::fill(&mut iv))
        .map_err(|_| failed())?;
    let cost = scrypt::Params::new(LOG_N, 8, 1).map_err(|_| failed())?;
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(|_| failed())?;
    let encrypted = parsed
        .encrypt_with_params(parameters, passphrase.expose())
        .map_err(|_| failed())?;
    Ok(Zeroizing::new(encrypted.as_bytes().to_vec()))
}

/// Whether a key's file is encrypted. Those of earlier versions are not, until the agent starts.
pub(super) fn is_encrypted(file: &[u8]) -> bool {
    EncryptedPrivateKeyInfoRef::try_from(file).is_ok()
}

/// The key in a file.
///
/// # Errors
/// `SL5020` when there is no passphrase for it, `SL5024` when it is a wrong one.
pub(super) fn decrypt(file: Zeroizing<Vec<u8>>, passphrase: Option<&Passphrase>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let Ok(encrypted) = EncryptedPrivateKeyInfoRef::try_from(file.as_slice()) else {
        return Ok(file);
    };
    let Some(passphrase) = passphrase else {
        return Err(Fault::new(
            Code::VaultLocked,
            "the credential keys wait for their passphrase",
        ));
    };
    let key = encrypted
        .decrypt(passphrase.expose())
        .map_err(|_| Fault::new(Code::PassphraseWrong, "it does not open the credential keys"))?;
    // Made in a buffer that is wiped; this copy is, too.
    let key = Zeroizing::new(key.as_bytes().to_vec());
    match PrivateKeyInfoRef::try_from(key.as_slice()) {
        // By chance, one wrong passphrase in some hundred gives something that looks padded.
        Err(_) => Err(Fault::new(
            Code::PassphraseWrong,
            "it does not open the credential keys",
        )),
        Ok(_) => Ok(key),
    }
}
