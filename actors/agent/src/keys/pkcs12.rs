//! PKCS#12 files: a certificate and its key under a password.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, Pkcs12Archive, PrivateKey, PrivateKeyChain};
use sluice_contract::{Code, Fault};
use sluice_seal::{GatewayKey, KeyRing, certificate_pem};
use x509_parser::der_parser::parse_der;
use x509_parser::pem::parse_x509_pem;
use zeroize::Zeroizing;

/// One key and a chain of certificates are far smaller.
const MAX_FILE: usize = 256 * 1024;
/// Rounds of the derivation of keys from the password: about half a second.
const ROUNDS: u32 = 600_000;
const NAME: &str = "sluice gateway";

fn refused(why: &str) -> Fault {
    Fault::new(Code::KeyFileRefused, why)
}

/// Writes a key file.
///
/// # Errors
/// `SL5007` when the key in the vault is damaged.
pub(super) fn write(pair: &GatewayKey, password: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let damaged = || Fault::new(Code::VaultUnavailable, "the credential key in the vault is damaged").retryable(false);
    // Also says whether the two belong together: a file with a foreign key would open nothing on the other machine.
    KeyRing::new().insert(&pair.certificate_pem, &pair.pkcs8)?;
    let (_, block) = parse_x509_pem(pair.certificate_pem.as_bytes()).map_err(|_| damaged())?;
    let certificate = Certificate::from_der(&block.contents).map_err(|_| damaged())?;
    let key = PrivateKey::from_der(&pair.pkcs8).map_err(|_| damaged())?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(&b"1"[..], key, [certificate]);
    store.add_entry(NAME, KeyStoreEntry::PrivateKeyChain(chain));
    store
        .writer(password)
        .encryption_iterations(ROUNDS)
        .mac_iterations(ROUNDS)
        .write()
        .map(Zeroizing::new)
        .map_err(|_| Fault::new(Code::Internal, "the key file could not be made"))
}

/// Reads the one key of a file, and the certificate that belongs to it.
///
/// # Errors
/// `SL5009`.
pub(super) fn read(file: &[u8], password: &str) -> Result<GatewayKey, Fault> {
    if file.len() > MAX_FILE {
        return Err(refused("the file is over 256 KiB"));
    }
    // Version, content, and the check sum under the password. Without the last, anybody could have changed the file.
    let parts = parse_der(file)
        .ok()
        .and_then(|(_, outer)| outer.as_sequence().ok().map(Vec::len));
    match parts {
        Some(3) => {}
        Some(2) => return Err(refused("the file has no check sum (MAC), so it may have been changed")),
        _ => return Err(refused("the file is not PKCS#12")),
    }
    let archive = Pkcs12Archive::from_pkcs12(file, password)
        .map_err(|_| refused("the password is wrong, or the file is damaged"))?;
    let [bag] = archive.keys.as_slice() else {
        return Err(refused(&format!(
            "the file holds {} keys instead of one",
            archive.keys.len()
        )));
    };
    let pkcs8 = Zeroizing::new(bag.key.as_der().to_vec());
    let mut why = None;
    for bag in &archive.certs {
        let certificate_pem = certificate_pem(bag.cert.as_der());
        match KeyRing::new().insert(&certificate_pem, &pkcs8) {
            Ok(_) => return Ok(GatewayKey { certificate_pem, pkcs8 }),
            Err(fault) => why = Some(fault),
        }
    }
    Err(match why {
        Some(fault) => refused(&format!("the file's key cannot be used: {}", fault.message)),
        None => refused("the file holds no certificate"),
    })
}
