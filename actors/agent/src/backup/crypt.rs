//! The backup's file: a line that says what it is, salt and nonce, and the content under AES-256-GCM with a key that scrypt
//! makes of the password.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use pkcs8::pkcs5::scrypt;
use sluice_contract::{Code, Fault};
use zeroize::Zeroizing;

const HEAD: &[u8] = b"sluice-backup-1\n";
const SALT: usize = 16;
const NONCE: usize = 12;
/// Cost of scrypt as a power of two: some tenths of a second, 32 MiB.
const LOG_N: u8 = 15;

/// Encrypts a content.
///
/// # Errors
/// `SL9002` when the library fails.
pub(super) fn seal(content: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let failed = || Fault::new(Code::Internal, "the backup could not be encrypted");
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    rand::fill(&mut salt)
        .and_then(|()| rand::fill(&mut nonce))
        .map_err(|_| failed())?;
    let key = key(password, &salt)?;
    let mut sealed = Zeroizing::new(content.to_vec());
    let nonce_ = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce_, Aad::from(HEAD), &mut sealed)
        .map_err(|_| failed())?;
    Ok(Zeroizing::new([HEAD, &salt, &nonce, &sealed, tag.as_ref()].concat()))
}

/// The content of a file.
///
/// # Errors
/// `SL5028`.
pub(super) fn open(file: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let refused = |why: &str| Fault::new(Code::BackupRefused, why);
    let rest = file
        .strip_prefix(HEAD)
        .ok_or_else(|| refused("it is not a backup of a gateway"))?;
    let cut = || refused("it is cut");
    let (salt, rest) = rest.split_at_checked(SALT).ok_or_else(cut)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(cut)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| cut())?;
    let mut content = Zeroizing::new(sealed.to_vec());
    let length = key(password, salt)?
        .open_in_place(nonce, Aad::from(HEAD), &mut content)
        .map_err(|_| refused("the password is wrong, or the file is damaged"))?
        .len();
    content.truncate(length);
    Ok(content)
}

fn key(password: &str, salt: &[u8]) -> Result<LessSafeKey, Fault> {
    let failed = || Fault::new(Code::Internal, "no key could be made of the password");
    let cost = scrypt::Params::new(LOG_N, 8, 1).map_err(|_| failed())?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), salt, &cost, &mut *key).map_err(|_| failed())?;
    UnboundKey::new(&AES_256_GCM, &*key)
        .map(LessSafeKey::new)
        .map_err(|_| failed())
}
