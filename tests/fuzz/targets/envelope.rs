//! What comes over the control channel: an envelope with its message, or a fault.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluice_contract::{Code, Envelope};

fuzz_target!(|bytes: &[u8]| {
    match Envelope::decode(bytes) {
        Err(fault) => assert!(matches!(fault.code, Code::MessageInvalid | Code::MessageTooLarge)),
        Ok(envelope) => {
            let message = envelope.message();
            let again = Envelope::decode(&envelope.encode().expect("what was read can be written"))
                .expect("what was written can be read");
            assert_eq!(again, envelope);
            assert_eq!(again.message().is_ok(), message.is_ok());
        }
    }
});
