//! Passwords of users: Argon2id, off the threads that answer requests.

use crate::wire::random;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sluice_contract::{Code, Fault};
use std::sync::LazyLock;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Shorter passwords are guessed.
const SHORTEST: usize = 12;
/// Longer ones only cost time.
const LONGEST: usize = 1024;
/// Each takes 19 MiB and a processor: no flood of logins takes more than this.
const AT_ONCE: usize = 2;

static TURN: Semaphore = Semaphore::const_new(AT_ONCE);

/// What an unknown user's password is compared with, so that it takes as long as a known one's.
static NOBODY: LazyLock<String> = LazyLock::new(|| digest(b"nobody has this password", &[7; 16]).unwrap_or_default());

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn digest(password: &[u8], salt: &[u8]) -> Result<String, Fault> {
    let failed = |e: argon2::password_hash::Error| Fault::new(Code::Internal, format!("Argon2: {e}"));
    let hash: PasswordHash = argon().hash_password_with_salt(password, salt).map_err(failed)?;
    Ok(hash.to_string())
}

/// The PHC string of a new password.
///
/// # Errors
/// `SL4053` when it is too short or too long.
pub(crate) async fn hash(password: Zeroizing<String>) -> Result<String, Fault> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        let what = format!("the password has {length} characters; it needs {SHORTEST} to {LONGEST}");
        return Err(Fault::new(Code::PasswordRefused, what));
    }
    let salt = random()?;
    apart(move || digest(password.as_bytes(), &salt[..16])).await?
}

/// Whether a password is the one behind a PHC string; without one it takes as long and is not.
pub(crate) async fn verify(password: Zeroizing<String>, stored: Option<String>) -> Result<bool, Fault> {
    let known = stored.is_some();
    apart(move || {
        let stored = stored.unwrap_or_else(|| NOBODY.clone());
        let fits =
            PasswordHash::new(&stored).is_ok_and(|hash| argon().verify_password(password.as_bytes(), &hash).is_ok());
        known & fits
    })
    .await
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let failed = |_| Fault::new(Code::Internal, "a password could not be looked at");
    let _turn = TURN
        .acquire()
        .await
        .map_err(|_| Fault::new(Code::Internal, "no turn for a password"))?;
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_known_again_and_nobody_has_one() {
        let secret = || Zeroizing::new("correct horse battery".to_owned());
        let stored = hash(secret()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash(secret()).await.unwrap(), "a salt of its own each time");
        assert!(verify(secret(), Some(stored.clone())).await.unwrap());
        assert!(
            !verify(Zeroizing::new("correct horse".into()), Some(stored))
                .await
                .unwrap()
        );
        assert!(
            !verify(Zeroizing::new("nobody has this password".into()), None)
                .await
                .unwrap()
        );
        assert!(!verify(secret(), Some("no hash".into())).await.unwrap());
        assert_eq!(
            hash(Zeroizing::new("short".into())).await.unwrap_err().code,
            Code::PasswordRefused
        );
    }
}
