//! SASL EXTERNAL only: TLS has authenticated the peer already.

use fe2o3_amqp::acceptor::SaslAcceptor;
use fe2o3_amqp::acceptor::sasl_acceptor::SaslServerFrame;
use fe2o3_amqp::types::primitives::{Array, Symbol};
use fe2o3_amqp::types::sasl::{SaslCode, SaslInit, SaslOutcome, SaslResponse};

const EXTERNAL: &str = "EXTERNAL";

/// Accepts EXTERNAL for one peer.
#[derive(Clone, Debug)]
pub(crate) struct External {
    /// The node's id; `None` for a peer that will be refused with a Close, whose authorization identity is of no interest.
    pub(crate) node: Option<String>,
}

impl External {
    /// The authorization identity must be empty or the node itself: nobody acts for another.
    fn permits(&self, authzid: &[u8]) -> bool {
        match &self.node {
            Some(node) => authzid.is_empty() || authzid == node.as_bytes(),
            None => true,
        }
    }
}

impl SaslAcceptor for External {
    fn mechanisms(&self) -> Array<Symbol> {
        Array::from(vec![Symbol::from(EXTERNAL)])
    }

    fn on_init(&mut self, init: SaslInit) -> SaslServerFrame {
        let authzid = init.initial_response.map(|bytes| bytes.into_vec()).unwrap_or_default();
        let permitted = init.mechanism.as_str() == EXTERNAL && self.permits(&authzid);
        outcome(if permitted { SaslCode::Ok } else { SaslCode::Auth })
    }

    fn on_response(&mut self, _response: SaslResponse) -> SaslServerFrame {
        // No challenge is ever sent.
        outcome(SaslCode::Sys)
    }
}

fn outcome(code: SaslCode) -> SaslServerFrame {
    SaslServerFrame::Outcome(SaslOutcome {
        code,
        additional_data: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(node: Option<&str>, mechanism: &str, authzid: Option<&str>) -> SaslCode {
        let mut external = External {
            node: node.map(str::to_owned),
        };
        let init = SaslInit {
            mechanism: Symbol::from(mechanism),
            initial_response: authzid.map(|text| text.as_bytes().to_vec().into()),
            hostname: None,
        };
        match external.on_init(init) {
            SaslServerFrame::Outcome(outcome) => outcome.code,
            SaslServerFrame::Challenge(_) => panic!("no challenge is ever sent"),
        }
    }

    #[test]
    fn only_external_and_only_as_oneself() {
        assert_eq!(code(Some("n1"), "EXTERNAL", None), SaslCode::Ok);
        assert_eq!(code(Some("n1"), "EXTERNAL", Some("")), SaslCode::Ok);
        assert_eq!(code(Some("n1"), "EXTERNAL", Some("n1")), SaslCode::Ok);
        assert_eq!(code(Some("n1"), "EXTERNAL", Some("n2")), SaslCode::Auth);
        assert_eq!(code(Some("n1"), "PLAIN", Some("\0n1\0x")), SaslCode::Auth);
        assert_eq!(code(Some("n1"), "ANONYMOUS", None), SaslCode::Auth);
        assert_eq!(code(None, "EXTERNAL", Some("n2")), SaslCode::Ok);
        assert_eq!(code(None, "PLAIN", None), SaslCode::Auth);
    }
}
