//! Registration keys.

use crate::enrol::RegistrationKey;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_key_comes_back_as_it_went(
        gateway in "[a-zA-Z0-9-]{1,36}", factory in "[a-zA-Z0-9-]{1,36}", endpoint in "[a-z0-9.:\\[\\]-]{1,40}",
        pin in any::<[u8; 32]>(), secret in any::<[u8; 32]>(),
    ) {
        let key = RegistrationKey::new(gateway.as_str().into(), factory.as_str().into(), endpoint, pin, secret);
        let text = key.expose();
        let back = RegistrationKey::parse(&format!(" \r\n{text}\n")).unwrap();
        prop_assert!(back == key);
        let hidden = text.rsplit('@').next().unwrap();
        let printed = format!("{key:?}");
        prop_assert!(!printed.contains(hidden));
    }

    #[test]
    fn a_key_that_was_cut_or_changed_is_refused_without_being_quoted(
        secret in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(),
    ) {
        let key = RegistrationKey::new("g".into(), "f".into(), "h:1".to_owned(), [1; 32], secret);
        let text = key.expose();
        let hidden = text.rsplit('@').next().unwrap();
        let cut = &text[..end.index(text.len())];
        let mut damaged = text.clone().into_bytes();
        damaged[at.index(text.len())] = b'!';
        for wrong in [cut, &String::from_utf8(damaged).unwrap()] {
            match RegistrationKey::parse(wrong) {
                // A changed name or address still is a key, of somebody else.
                Ok(other) => prop_assert!(other != key && wrong.contains('!')),
                Err(fault) => prop_assert!(!fault.message.contains(&hidden[..8])),
            }
        }
    }
}

#[test]
fn keys_of_the_replaced_product_are_named_so() {
    for text in ["IR@0000@factory@ServiceEndpoint=x@secret", "ADF#0000"] {
        assert!(
            RegistrationKey::parse(text)
                .unwrap_err()
                .message
                .contains("Azure Data Factory")
        );
    }
}
