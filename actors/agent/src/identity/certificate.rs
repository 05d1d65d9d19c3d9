//! How long the node's certificate is valid.

use chrono::{DateTime, TimeDelta, Utc};
use sluice_contract::{Code, Fault};

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Validity {
    /// Reads it off the first certificate of a PEM text.
    ///
    /// # Errors
    /// `SL8006` when there is no certificate in it.
    pub(crate) fn of_pem(pem: &str) -> Result<Self, Fault> {
        let unreadable = || Fault::new(Code::NodeStateFailed, "the node's certificate cannot be read");
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_| unreadable())?;
        let certificate = pem.parse_x509().map_err(|_| unreadable())?;
        let time = |at: x509_parser::time::ASN1Time| DateTime::from_timestamp(at.timestamp(), 0);
        let validity = certificate.validity();
        match (time(validity.not_before), time(validity.not_after)) {
            (Some(from), Some(until)) => Ok(Self { from, until }),
            _ => Err(unreadable()),
        }
    }

    /// When it ought to be renewed: at two thirds of its life.
    pub(crate) fn renew_at(&self) -> DateTime<Utc> {
        self.from + TimeDelta::seconds((self.until - self.from).num_seconds() / 3 * 2)
    }
}
