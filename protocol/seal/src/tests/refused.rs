use super::*;

#[test]
fn other_algorithms_are_refused() {
    for kind in [KeyKind::Rsa3072, KeyKind::P256] {
        let ring = ring(kind);
        let token = sealed(kind);
        let mine = if kind == KeyKind::P256 {
            "ECDH-ES"
        } else {
            "RSA-OAEP-256"
        };
        for alg in [
            "RSA1_5",
            "RSA-OAEP",
            "dir",
            "A256KW",
            "A128KW",
            "PBES2-HS256+A128KW",
            "ECDH-ES+A256KW",
            "none",
            "rsa-oaep-256",
            "",
        ] {
            let swapped = with_header(&token, |header| {
                header.replace(&format!(r#""alg":"{mine}""#), &format!(r#""alg":"{alg}""#))
            });
            assert_eq!(code(&ring, &swapped), Code::SealedInvalid, "{alg}");
        }
        for enc in ["A128GCM", "A128CBC-HS256", "A256CBC-HS512", ""] {
            let swapped = with_header(&token, |header| header.replace("A256GCM", enc));
            assert_eq!(code(&ring, &swapped), Code::SealedInvalid, "{enc}");
        }
    }
    // The other algorithm of the closed list, on a key that does not have it.
    let swapped = with_header(&sealed(KeyKind::Rsa3072), |header| {
        header.replace("RSA-OAEP-256", "ECDH-ES")
    });
    assert_eq!(code(&ring(KeyKind::Rsa3072), &swapped), Code::SealedInvalid);
    let swapped = with_header(&sealed(KeyKind::P256), |header| {
        header.replace("ECDH-ES", "RSA-OAEP-256")
    });
    assert_eq!(code(&ring(KeyKind::P256), &swapped), Code::SealedInvalid);
}

#[test]
fn other_header_members_are_refused() {
    let ring = ring(KeyKind::Rsa3072);
    let token = sealed(KeyKind::Rsa3072);
    for member in [
        r#""zip":"DEF""#,
        r#""crit":["exp"]"#,
        r#""jku":"https://evil.example/keys""#,
        r#""x5u":"https://evil.example/cert""#,
        r#""x5c":["MIIB"]"#,
        r#""jwk":{"kty":"RSA"}"#,
        r#""kid":"1""#,
        r#""p2c":100000000"#,
        r#""x":1"#,
        r#""":null"#,
        // Repeated members, also in another spelling of the same name.
        r#""alg":"RSA-OAEP-256""#,
        r#""\u0061lg":"RSA-OAEP-256""#,
        r#""enc":"A256GCM""#,
        r#""cty":"json""#,
        // Members of the other algorithm.
        r#""apu":"QQ""#,
        r#""apv":"QQ""#,
        r#""epk":{"kty":"EC","crv":"P-256","x":"","y":""}"#,
    ] {
        let more = with_header(&token, |header| header.replacen('{', &format!("{{{member},"), 1));
        assert_eq!(code(&ring, &more), Code::SealedInvalid, "{member}");
    }
    for (from, to) in [
        ("sluice-cred", "sluice-key"),
        (r#""typ":"sluice-cred","#, ""),
        (r#""cty":"json""#, r#""cty":"JWT""#),
        (r#""alg":"RSA-OAEP-256""#, r#""alg":null"#),
        (r#""alg":"RSA-OAEP-256","#, ""),
        (r#""x5t#S256":""#, r#""x5t#S256":"A"#),
        (r#""x5t#S256":""#, r#""x5t":""#),
        ("}", "} {}"),
        ("}", ""),
    ] {
        let other = with_header(&token, |header| header.replace(from, to));
        assert_eq!(code(&ring, &other), Code::SealedInvalid, "{from} -> {to}");
    }
    let array = with_header(&token, |_| {
        let name = crate::thumbprint(&key(KeyKind::Rsa3072).certificate_pem).unwrap();
        format!(r#"["RSA-OAEP-256","A256GCM","{name}","sluice-cred","json",null,null,null]"#)
    });
    assert_eq!(code(&ring, &array), Code::SealedInvalid);
}

#[test]
fn sizes_and_shapes_are_checked() {
    let ring = ring(KeyKind::Rsa3072);
    let token = sealed(KeyKind::Rsa3072);
    let whole = parts(&token);
    let resized = |part: usize, length: usize| {
        let mut changed = whole.clone();
        changed[part].resize(length, 0);
        join(&changed)
    };
    for (part, length) in [
        (4, 4),
        (4, 0),
        (4, 15),
        (4, 17),
        (2, 16),
        (2, 11),
        (2, 0),
        (1, 0),
        (1, 383),
        (1, 385),
        (1, 4000),
    ] {
        assert_eq!(
            code(&ring, &resized(part, length)),
            Code::SealedInvalid,
            "part {part} of {length}"
        );
    }
    // An empty ciphertext is of the right form, and its tag is wrong.
    assert_eq!(code(&ring, &resized(3, 0)), Code::DecryptFailed);
    let (four, six) = (join(&whole[..4]), format!("{token}.AA"));
    let (padded, spaced, lines) = (format!("{token}=="), format!(" {token}"), format!("{token}\n"));
    // The last character of a part of 16 bytes carries four bits that must be zero.
    let (head, _) = token.split_at(token.len() - 1);
    let long = resized(3, 70 * 1024);
    let long_header = with_header(&token, |header| format!("{}{header}", " ".repeat(5000)));
    for wrong in [
        &four,
        &six,
        &padded,
        &spaced,
        &lines,
        &format!("{head}_"),
        &long,
        &long_header,
    ] {
        assert_eq!(
            code(&ring, wrong),
            Code::SealedInvalid,
            "{}",
            &wrong[..wrong.len().min(80)]
        );
    }
}

#[test]
fn a_sender_key_that_is_no_point_of_the_curve_is_refused() {
    let ring = ring(KeyKind::P256);
    let token = sealed(KeyKind::P256);
    let with_epk = |epk: serde_json::Value| {
        with_header(&token, |header| {
            let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
            header["epk"] = epk.clone();
            header.to_string()
        })
    };
    let b = |bytes: &[u8]| BASE64.encode(bytes);
    let point = |x: &str, y: &str| serde_json::json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let (zero, one, prime_or_more) = (b(&[0; 32]), b(&[1; 32]), b(&[255; 32]));
    for epk in [
        point(&zero, &zero),
        point(&one, &one),
        point(&prime_or_more, &one),
        point(&b(&[1; 31]), &one),
        point(&one, &b(&[1; 33])),
        point("", ""),
        point("!", "?"),
        serde_json::json!({"kty": "EC", "crv": "P-384", "x": one, "y": one}),
        serde_json::json!({"kty": "OKP", "crv": "P-256", "x": one, "y": one}),
        serde_json::json!({"kty": "EC", "crv": "P-256", "x": one, "y": one, "d": one}),
        serde_json::json!({"kty": "EC", "crv": "P-256", "x": one}),
        serde_json::json!("x"),
        serde_json::Value::Null,
    ] {
        assert_eq!(code(&ring, &with_epk(epk.clone())), Code::SealedInvalid, "{epk}");
    }
    // An encrypted key has no place beside a direct agreement.
    let mut whole = parts(&token);
    whole[1] = vec![1];
    assert_eq!(code(&ring, &join(&whole)), Code::SealedInvalid);
    // Parties may be named, but not at any length.
    let named = with_header(&token, |header| {
        format!("{},\"apu\":\"{}\"}}", &header[..header.len() - 1], "QUFB".repeat(100))
    });
    assert_eq!(code(&ring, &named), Code::SealedInvalid);
}

/// Seals any text to the P-256 key, as another sender could.
fn seal_text(text: &str) -> String {
    use crate::content::{derive_key, encrypt};
    use crate::header::{Alg, Epk, Header};
    use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, agree_ephemeral};
    let certificate = crate::certificate::Certificate::parse(&key(KeyKind::P256).certificate_pem).unwrap();
    let crate::certificate::Recipient::P256(public) = certificate.recipient else {
        unreachable!("the key is of P-256")
    };
    let ephemeral = EphemeralPrivateKey::generate(&ECDH_P256, &aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let epk = Epk::of(ephemeral.compute_public_key().unwrap().as_ref());
    let header = Header::new(Alg::EcdhEs, certificate.thumbprint, epk);
    let content_key = agree_ephemeral(ephemeral, public, (), |agreed| Ok(derive_key(agreed, b"", b""))).unwrap();
    let protected = BASE64.encode(serde_json::to_vec(&header).unwrap());
    let mut content = text.as_bytes().to_vec();
    let (iv, tag) = encrypt(&content_key, &protected, &mut content).unwrap();
    let parts = [&[][..], &iv, &content, &tag].map(|part| BASE64.encode(part));
    format!("{protected}.{}", parts.join("."))
}

#[test]
fn what_is_no_credential_is_refused_without_quoting_it() {
    let ring = ring(KeyKind::P256);
    let good = String::from_utf8(plaintext().encode().to_vec()).unwrap();
    assert!(ring.open(&seal_text(&good)).is_ok());
    for content in [
        "canary",
        "{}",
        "\"canary\"",
        &good.replace("\"v\":1", "\"v\":2"),
        &good.replace("\"v\":1", "\"v\":\"canary\""),
        &good.replace("\"v\":1", "\"v\":1,\"canary\":1"),
        &good.replace("\"iat\"", "\"canary\""),
        &good[..good.len() - 1],
    ] {
        assert_eq!(
            refusal(&ring, &seal_text(content)).code,
            Code::SealedInvalid,
            "{content}"
        );
    }
}
