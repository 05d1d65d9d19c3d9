//! The registration key, and the request with which a node becomes a member of its gateway.

use crate::codes::Code;
use crate::fault::Fault;
use crate::ids::{FactoryId, GatewayId, NodeId};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `SLUICE@<gateway>@<factory>@ServiceEndpoint=<host:port>@ca=<SPKI SHA-256>@<32 random bytes>`.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistrationKey {
    /// The gateway it registers nodes of.
    pub gateway: GatewayId,
    /// The factory that issued it.
    pub factory: FactoryId,
    /// Host and port of the factory's HTTPS endpoint; of several replicas with commas between them.
    pub endpoint: String,
    /// SHA-256 of the SubjectPublicKeyInfo of the factory's CA.
    pub ca_pin: [u8; 32],
    secret: KeySecret,
}

#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
struct KeySecret([u8; 32]);

impl RegistrationKey {
    /// Puts a key together.
    pub fn new(gateway: GatewayId, factory: FactoryId, endpoint: String, ca_pin: [u8; 32], secret: [u8; 32]) -> Self {
        Self {
            gateway,
            factory,
            endpoint,
            ca_pin,
            secret: KeySecret(secret),
        }
    }

    /// Reads a key as a person pasted it.
    ///
    /// # Errors
    /// [`Code::KeyInvalid`], in the words that users of the replaced product know. The key itself is never quoted.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::new(
                Code::KeyInvalid,
                "The gateway key is invalid or empty. Specify a valid gateway key from the portal.",
            ));
        }
        let broken = |what: &str| {
            Fault::new(
                Code::KeyInvalid,
                format!("The content or format of the gateway key is invalid: {what}"),
            )
        };
        if text.starts_with("IR@") || text.starts_with("ADF#") {
            return Err(broken(
                "it is a key of Azure Data Factory, which Sluice cannot join; take the key of a Sluice factory",
            ));
        }
        let parts: Vec<&str> = text.split('@').collect();
        let ["SLUICE", gateway, factory, endpoint, ca, secret] = parts[..] else {
            return Err(broken(
                "it is not of the form SLUICE@gateway@factory@ServiceEndpoint=..@ca=..@secret",
            ));
        };
        let endpoint = endpoint
            .strip_prefix("ServiceEndpoint=")
            .ok_or_else(|| broken("the service endpoint is missing"))?;
        let ca = ca.strip_prefix("ca=").ok_or_else(|| broken("the CA pin is missing"))?;
        if gateway.is_empty() || factory.is_empty() || endpoint.is_empty() {
            return Err(broken("a part of it is empty"));
        }
        let bytes = |part: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(part)
                .ok()
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        };
        Ok(Self {
            gateway: gateway.into(),
            factory: factory.into(),
            endpoint: endpoint.to_owned(),
            ca_pin: bytes(ca).ok_or_else(|| broken("the CA pin is not 32 bytes"))?,
            secret: KeySecret(bytes(secret).ok_or_else(|| broken("the secret is not 32 bytes"))?),
        })
    }

    /// The whole key as text. This is a secret.
    pub fn expose(&self) -> String {
        format!(
            "SLUICE@{}@{}@ServiceEndpoint={}@ca={}@{}",
            self.gateway,
            self.factory,
            self.endpoint,
            BASE64_URL_SAFE_NO_PAD.encode(self.ca_pin),
            BASE64_URL_SAFE_NO_PAD.encode(self.secret.0)
        )
    }
}

impl fmt::Debug for RegistrationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationKey")
            .field("gateway", &self.gateway)
            .field("factory", &self.factory)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// `POST /enrol/v1/nodes` over TLS whose CA matches the key's pin.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The whole registration key.
    pub key: String,
    /// The certificate request, PEM. Only its public key is used.
    pub csr: String,
    /// The name the administrator gave the node.
    pub node_name: String,
    /// The gateway's credential certificate, PEM; credentials are sealed to it.
    pub credential_certificate: String,
    /// The agent's version.
    pub version: String,
    /// The machine's host name.
    pub machine: String,
    /// Whether it takes the place of the gateway's node of the same name, if there is one.
    #[serde(default)]
    pub replace: bool,
    /// Whether the certificate is the node's own, to which an administrator shall have the gateway's keys handed over.
    #[serde(default)]
    pub awaits_keys: bool,
}

impl fmt::Debug for EnrolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolRequest")
            .field("node_name", &self.node_name)
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}

/// The answer to [`EnrolRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolReply {
    /// The gateway.
    pub gateway: GatewayId,
    /// The gateway's name in its data factory.
    pub gateway_name: String,
    /// The data factory's name.
    pub factory_name: String,
    /// The node's new id.
    pub node: NodeId,
    /// The node's certificate, PEM.
    pub certificate: String,
    /// The factory's CA certificates, PEM.
    pub ca: String,
    /// Host and port of the AMQP endpoint.
    pub amqp_endpoint: String,
    /// Base address of the HTTPS endpoint.
    pub https_endpoint: String,
    /// The message broker that carries the channel instead of the AMQP endpoint, if the factory uses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<BrokerAccess>,
    /// Where the factory is reached: every replica that runs, this one among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<ReplicaAddress>,
}

/// Where one replica of the factory is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaAddress {
    /// Base address of the HTTPS endpoint.
    pub https: String,
    /// Host and port of the AMQP endpoint.
    pub amqp: String,
}

/// How a node reaches the message broker that carries the control channel. It holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct BrokerAccess {
    /// `amqps://user@host:port/vhost`.
    pub address: String,
    /// The user's password.
    pub password: String,
    /// The CA certificates to trust for the broker, PEM; the public authorities when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The public key with which the factory's messages are verified.
    pub factory_key: String,
}

impl fmt::Debug for BrokerAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerAccess")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// `POST /enrol/v1/node`: what a registered node asks of its factory outside of the channel, signed with the key of its
/// certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeRequest {
    /// The node's certificate, PEM.
    pub certificate: String,
    /// A [`NodeOrder`] as JSON text, exactly as it was signed.
    pub order: String,
    /// ECDSA P-256 with SHA-256 over the order, ASN.1, base64.
    pub signature: String,
}

/// What a node asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeOrder {
    /// When it was signed, seconds since 1970. An order that is older than five minutes is refused.
    pub at: i64,
    /// The node.
    pub node: NodeId,
    /// What it asks for.
    #[serde(flatten)]
    pub what: NodeAsks,
}

/// What a node asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase")]
pub enum NodeAsks {
    /// It leaves its gateway.
    Leave,
    /// It says which credential certificates it holds the keys of.
    Holds {
        /// Their SHA-256, base64url.
        certificates: Vec<String>,
    },
    /// New credentials shall be sealed to this certificate of the gateway.
    UseCertificate {
        /// The certificate, PEM.
        certificate: String,
    },
    /// Who of the gateway waits for its keys; answered with [`Waiting`].
    Waiting,
    /// Passes the gateway's keys on to a node that waits for them.
    HandOver {
        /// The node that waits.
        to: NodeId,
        /// The keys, each sealed to the certificate that the node waits with.
        keys: Vec<String>,
    },
    /// What was passed on to this node; answered with [`HandedOver`].
    Take,
    /// Another certificate before this one ends; answered with [`Renewed`].
    Renew {
        /// The certificate request, PEM. Only its public key is used.
        csr: String,
    },
    /// It tells that keys have left it in a file, for the factory's audit log.
    Exported(Exported),
}

/// Keys that have left a node in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "exported", rename_all = "camelCase")]
pub enum Exported {
    /// A credential certificate with its key.
    Certificate {
        /// Its SHA-256, base64url.
        thumbprint: String,
    },
    /// The node's identity and all of its credential keys.
    Backup,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { thumbprint } => write!(f, "the certificate {thumbprint} with its key"),
            Self::Backup => f.write_str("a backup of itself"),
        }
    }
}

/// A node's next certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// PEM.
    pub certificate: String,
}

/// The nodes of a gateway that wait for its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The oldest first.
    pub nodes: Vec<WaitingNode>,
}

/// A node that waits for its gateway's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingNode {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Its machine, as it said.
    pub machine: String,
    /// The certificate that it waits with, PEM. Who hands keys over compares its fingerprint with what that machine shows.
    pub certificate: String,
}

/// The gateway's keys for a node that waits.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct HandedOver {
    /// The keys, each sealed to the certificate that the node waits with. None as long as nobody has approved.
    pub keys: Vec<String>,
}

impl fmt::Debug for HandedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOver").field("keys", &self.keys.len()).finish()
    }
}
