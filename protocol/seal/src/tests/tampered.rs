use super::*;

/// Bits to flip: all of a short part, about a hundred of a long one, always with the first and the last byte.
fn bits(length: usize) -> impl Iterator<Item = usize> {
    let all = length * 8;
    let step = if all <= 128 { 1 } else { all / 96 };
    (0..all).step_by(step).chain(all - 8..all)
}

#[test]
fn every_flipped_bit_is_the_same_failure() {
    for kind in [KeyKind::Rsa3072, KeyKind::P256] {
        let ring = ring(kind);
        let token = sealed(kind);
        let whole = parts(&token);
        let uniform = Fault::new(Code::DecryptFailed, "the sealed credential cannot be opened");
        for part in 1..5 {
            if whole[part].is_empty() {
                continue;
            }
            for bit in bits(whole[part].len()) {
                let mut changed = whole.clone();
                changed[part][bit / 8] ^= 1 << (bit % 8);
                assert_eq!(
                    refusal(&ring, &join(&changed)),
                    uniform,
                    "{kind:?} part {part} bit {bit}"
                );
            }
        }
        assert!(ring.open(&token).is_ok());
    }
}

#[test]
fn a_changed_header_fails_though_its_form_is_right() {
    // The header is authenticated: another order of the same members is another header.
    for kind in [KeyKind::Rsa3072, KeyKind::P256] {
        let changed = with_header(&sealed(kind), |header| header.replace(r#","cty":"json""#, ""));
        assert_eq!(code(&ring(kind), &changed), Code::DecryptFailed);
        let spaced = with_header(&sealed(kind), |header| header.replace("{\"alg", " {\"alg"));
        assert_eq!(code(&ring(kind), &spaced), Code::DecryptFailed);
    }
    let parties = with_header(&sealed(KeyKind::P256), |header| {
        format!("{},\"apu\":\"QQ\"}}", &header[..header.len() - 1])
    });
    assert_eq!(code(&ring(KeyKind::P256), &parties), Code::DecryptFailed);
}

#[test]
fn the_parts_of_two_tokens_do_not_mix() {
    let ring = ring(KeyKind::Rsa3072);
    let (one, two) = (parts(&sealed(KeyKind::Rsa3072)), parts(&sealed(KeyKind::Rsa3072)));
    for part in 1..5 {
        let mut mixed = one.clone();
        mixed[part] = two[part].clone();
        assert_eq!(code(&ring, &join(&mixed)), Code::DecryptFailed, "part {part}");
    }
}

#[test]
fn garbage_never_panics() {
    let ring = ring(KeyKind::P256);
    let token = sealed(KeyKind::P256);
    for end in 0..token.len() {
        let fault = refusal(&ring, &token[..end]);
        assert!(
            matches!(fault.code, Code::SealedInvalid | Code::DecryptFailed),
            "{fault}"
        );
    }
    for text in [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        "\u{e4}.\u{e4}.\u{e4}.\u{e4}.\u{e4}",
        "e30....",
        "W10....",
        "bnVsbA....",
    ] {
        assert_eq!(code(&ring, text), Code::SealedInvalid, "{text}");
    }
}
