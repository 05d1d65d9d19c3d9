//! What the credential keys are encrypted with, and where it comes from.

use crate::state::{StateDir, read_key, write_private};
use aws_lc_rs::rand;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sluice_contract::{Code, Fault};
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The name of the credential by which systemd hands it over (`LoadCredentialEncrypted=sluice-vault`).
const CREDENTIAL: &str = "sluice-vault";
/// The shortest that a person may choose.
const SHORTEST: usize = 12;

/// A passphrase; wiped when dropped and never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Passphrase {
    /// A passphrase that somebody gave.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// One that a person chooses for the future.
    ///
    /// # Errors
    /// `SL5010` when it has fewer than 12 characters.
    pub fn chosen(text: Zeroizing<String>) -> Result<Self, Fault> {
        if text.chars().count() < SHORTEST {
            let message = format!("the passphrase has fewer than {SHORTEST} characters");
            return Err(Fault::new(Code::PasswordTooShort, message));
        }
        Ok(Self(text))
    }

    /// Reads one from the first line of a file that only its owner can read.
    ///
    /// # Errors
    /// `SL5007` when it is not there, not readable, or readable by others.
    pub fn of_file(path: &Path) -> Result<Self, Fault> {
        of_file(path)?.ok_or_else(|| {
            let message = format!("{}: there is no such file with the vault's passphrase", path.display());
            Fault::new(Code::VaultUnavailable, message).retryable(false)
        })
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// Where a node's own passphrase lies when nobody chose another.
pub(super) fn generated_file(state: &StateDir) -> PathBuf {
    state.vault().join("passphrase")
}

/// The passphrase that is at hand without asking anybody: the one that is given, systemd's credential, or the generated
/// one in the vault.
///
/// # Errors
/// `SL5007` for a file that cannot be used.
pub(crate) fn at_hand(state: &StateDir, given: Option<&Passphrase>) -> Result<Option<Passphrase>, Fault> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    if let Some(directory) = std::env::var_os("CREDENTIALS_DIRECTORY")
        && let Some(passphrase) = of_credential(&Path::new(&directory).join(CREDENTIAL))?
    {
        return Ok(Some(passphrase));
    }
    of_file(&generated_file(state))
}

/// A fresh one, kept in the vault: it protects a key's file that is copied alone, and nothing against who can read the
/// whole directory.
///
/// # Errors
/// `SL8006`, `SL9002`.
pub(super) fn generate(state: &StateDir) -> Result<Passphrase, Fault> {
    let text = generate_text()?;
    write_private(&generated_file(state), text.as_bytes())?;
    Ok(Passphrase(text))
}

/// 32 random bytes as text.
///
/// # Errors
/// `SL9002`.
pub(super) fn generate_text() -> Result<Zeroizing<String>, Fault> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(&mut *bytes).map_err(|_| Fault::new(Code::Internal, "the random generator failed"))?;
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}

fn of_file(path: &Path) -> Result<Option<Passphrase>, Fault> {
    let Some(bytes) = read_key(path)? else { return Ok(None) };
    first_line(path, &bytes).map(Some)
}

/// systemd's directory belongs to the service and its files have mode 0400 or 0440; who may read them is its affair.
fn of_credential(path: &Path) -> Result<Option<Passphrase>, Fault> {
    match std::fs::read(path) {
        Ok(bytes) => first_line(path, &Zeroizing::new(bytes)).map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::new(Code::VaultUnavailable, format!("{}: {e}", path.display()))),
    }
}

fn first_line(path: &Path, bytes: &[u8]) -> Result<Passphrase, Fault> {
    let unusable =
        |why: &str| Fault::new(Code::VaultUnavailable, format!("{}: {why}", path.display())).retryable(false);
    let text = std::str::from_utf8(bytes).map_err(|_| unusable("it is not text"))?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(unusable("it is empty"));
    }
    Ok(Passphrase(Zeroizing::new(line.to_owned())))
}
