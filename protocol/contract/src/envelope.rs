//! The envelope around every message of the control channel.
//!
//! The body is self-contained JSON: brokers and bridges drop or rewrite headers, so nothing that matters lives in them.

use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;
use crate::ids::{GatewayId, JobId, NodeId};
use crate::message::Message;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The envelope's format version.
pub const VERSION: u8 = 1;
/// The largest envelope, in bytes of JSON. Larger specifications travel by HTTPS reference.
pub const MAX_BYTES: usize = 192 * 1024;

/// One message on the control channel, with all that is needed to route, deduplicate and order it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Format version, [`VERSION`].
    pub v: u8,
    /// The message's type, such as `job.dispatch`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unique; the same for every redelivery. A dispatch has `{job}:{attempt}`.
    pub id: String,
    /// The id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corr: Option<String>,
    /// The gateway it concerns.
    pub gateway: GatewayId,
    /// The node it comes from or goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// The session the sender believes to be in, 0 before `session.welcome`.
    #[serde(default)]
    pub epoch: u64,
    /// Counts the sender's messages of this epoch.
    #[serde(default)]
    pub seq: u64,
    /// When it was made, by the sender's clock.
    pub time: DateTime<Utc>,
    /// When it stops being of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// The job it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The job's attempt, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The fencing token under which the sender acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// W3C `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The factory's signature where a foreign broker carries the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sig: Option<String>,
    /// The message itself; see [`Message`].
    #[serde(default)]
    pub data: Value,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

impl Envelope {
    /// Wraps a message with a fresh id and the type's time to live.
    pub fn new(gateway: GatewayId, message: &Message) -> Self {
        let time = Utc::now();
        Self {
            v: VERSION,
            kind: message.kind().to_owned(),
            id: uuid::Uuid::now_v7().to_string(),
            corr: None,
            gateway,
            node: None,
            epoch: 0,
            seq: 0,
            time,
            expires: message.ttl().and_then(|ttl| time.checked_add_signed(ttl)),
            job: None,
            attempt: None,
            token: None,
            trace: None,
            sig: None,
            data: message.to_data(),
            extra: Object::new(),
        }
    }

    /// Addressed to, or coming from, this node.
    #[must_use]
    pub fn node(mut self, node: NodeId) -> Self {
        self.node = Some(node);
        self
    }

    /// About this attempt of a job.
    #[must_use]
    pub fn job(mut self, job: JobId, attempt: u32, token: Option<u64>) -> Self {
        self.job = Some(job);
        self.attempt = Some(attempt);
        self.token = token;
        self
    }

    /// Answering this envelope.
    #[must_use]
    pub fn answering(mut self, request: &Envelope) -> Self {
        self.corr = Some(request.id.clone());
        self
    }

    /// The typed message; [`Message::Unknown`] for a type of a newer version.
    ///
    /// # Errors
    /// [`Code::MessageInvalid`] when the data is not of its type.
    pub fn message(&self) -> Result<Message, Fault> {
        Message::from_data(&self.kind, &self.data)
    }

    /// Whether it is too old to act on.
    pub fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|at| at < now)
    }

    /// The envelope as JSON text.
    ///
    /// # Errors
    /// [`Code::MessageTooLarge`] over [`MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let bytes = serde_json::to_vec(self).map_err(|e| Fault::new(Code::MessageInvalid, e.to_string()))?;
        if bytes.len() > MAX_BYTES {
            return Err(Fault::new(
                Code::MessageTooLarge,
                format!("{} is {} bytes, the limit is {MAX_BYTES}", self.kind, bytes.len()),
            ));
        }
        Ok(bytes)
    }

    /// Reads an envelope from JSON text.
    ///
    /// # Errors
    /// [`Code::MessageTooLarge`], or [`Code::MessageInvalid`] when it is not an envelope.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_BYTES {
            return Err(Fault::new(
                Code::MessageTooLarge,
                format!("{} bytes, the limit is {MAX_BYTES}", bytes.len()),
            ));
        }
        let envelope: Envelope = serde_json::from_slice(bytes)
            .map_err(|e| Fault::new(Code::MessageInvalid, format!("not an envelope: {e}")))?;
        if envelope.v != VERSION {
            return Err(Fault::new(
                Code::MessageInvalid,
                format!("envelope version {} is not {VERSION}", envelope.v),
            ));
        }
        Ok(envelope)
    }
}
