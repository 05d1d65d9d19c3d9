//! Identifiers. Each is a string of its own type, so that they cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes over an identifier that came from outside, as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// A fresh identifier; later ones sort behind earlier ones.
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id!(
    /// One deployment of the control plane.
    FactoryId
);
id!(
    /// A logical gateway: Azure Data Factory's self-hosted integration runtime.
    GatewayId
);
id!(
    /// One registered agent of a gateway.
    NodeId
);
id!(
    /// One activity run handed to a gateway.
    JobId
);
id!(
    /// One run of a pipeline.
    RunId
);
