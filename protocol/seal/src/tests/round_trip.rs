use super::*;
use crate::{recipient, seal, thumbprint};

#[test]
fn what_is_sealed_opens_with_both_kinds_of_keys() {
    for kind in [KeyKind::Rsa3072, KeyKind::P256] {
        let token = sealed(kind);
        let opened = ring(kind).open(&token).unwrap();
        assert_eq!(opened.secret.get("PASSWORD"), Some(CANARY));
        assert_eq!((opened.kind.as_str(), opened.iat), ("PostgreSqlV2", 1_700_000_000));
        assert_eq!(opened.bind, plaintext().bind);
        assert_eq!(opened.by, "alice");
        assert_eq!(
            recipient(&token).unwrap(),
            thumbprint(&key(kind).certificate_pem).unwrap()
        );
    }
}

#[test]
fn two_seals_of_the_same_secret_share_nothing_but_the_form() {
    let (one, two) = (parts(&sealed(KeyKind::Rsa3072)), parts(&sealed(KeyKind::Rsa3072)));
    assert_eq!(one[0], two[0]);
    for part in 1..5 {
        assert_ne!(one[part], two[part], "part {part}");
    }
    let (one, two) = (parts(&sealed(KeyKind::P256)), parts(&sealed(KeyKind::P256)));
    assert_ne!(one[0], two[0], "the ephemeral key was used twice");
}

#[test]
fn an_old_key_in_the_ring_still_opens() {
    let token = sealed(KeyKind::Rsa3072);
    let mut ring = ring(KeyKind::P256);
    assert_eq!(code(&ring, &token), Code::UnknownCertificate);
    let old = key(KeyKind::Rsa3072);
    let name = ring.insert(&old.certificate_pem, &old.pkcs8).unwrap();
    assert!(ring.open(&token).is_ok());
    assert_eq!(ring.thumbprints().count(), 2);
    assert!(ring.thumbprints().any(|held| held == name));
}

#[test]
fn the_fault_of_an_unknown_certificate_names_it() {
    let fault = refusal(&ring(KeyKind::P256), &sealed(KeyKind::Rsa3072));
    let name = thumbprint(&key(KeyKind::Rsa3072).certificate_pem).unwrap();
    assert!(fault.message.contains(&name), "{fault}");
}

#[test]
fn a_key_of_another_certificate_is_not_taken() {
    let other = generate_key_of(KeyKind::P256, "other").unwrap();
    let mut ring = KeyRing::new();
    for (certificate, pkcs8) in [
        (&key(KeyKind::P256).certificate_pem, &other.pkcs8[..]),
        (&key(KeyKind::P256).certificate_pem, &key(KeyKind::Rsa3072).pkcs8),
        (&key(KeyKind::Rsa3072).certificate_pem, &other.pkcs8),
        (&other.certificate_pem, b"garbage"),
        (&other.certificate_pem, &other.pkcs8[..other.pkcs8.len() - 1]),
    ] {
        assert_eq!(
            ring.insert(certificate, pkcs8).unwrap_err().code,
            Code::VaultUnavailable
        );
    }
    assert_eq!(ring.thumbprints().count(), 0);
}

#[test]
fn a_certificate_that_cannot_be_sealed_to_is_named_so() {
    let damaged = key(KeyKind::P256).certificate_pem.replacen("MII", "MIJ", 1);
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let p384 = rcgen::CertificateParams::default().self_signed(&p384).unwrap().pem();
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let ed25519 = rcgen::CertificateParams::default().self_signed(&ed25519).unwrap().pem();
    for pem in ["", "x", garbage, &damaged, &p384, &ed25519] {
        let fault = seal(pem, &plaintext()).unwrap_err();
        assert_eq!(fault.code, Code::CertificateInvalid, "{pem}");
        assert_eq!(thumbprint(pem).unwrap_err().code, Code::CertificateInvalid);
    }
}

#[test]
fn a_credential_that_is_too_long_is_refused_when_it_is_sealed() {
    let mut long = plaintext();
    long.secret.insert("password", "x".repeat(40_000));
    let fault = seal(&key(KeyKind::P256).certificate_pem, &long).unwrap_err();
    assert_eq!(fault.code, Code::SealedInvalid);
}

#[test]
fn nothing_prints_a_secret() {
    let gateway_key = key(KeyKind::P256);
    let printed = format!("{gateway_key:?} {:?} {:?}", ring(KeyKind::P256), plaintext());
    assert!(!printed.contains("canary"));
    assert!(!printed.contains(&format!("{:?}", gateway_key.pkcs8)));
}
