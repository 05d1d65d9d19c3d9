//! Why a message was not taken, or an answer did not come.

use std::error::Error;
use std::fmt;

/// The message was not accepted; it is handed back and nothing happened.
pub enum SendError<M> {
    /// As many messages are waiting as the component's policy allows. Try again later or pass the pressure on.
    Full(M),
    /// The component has failed, is cooling down or has been stopped.
    Down(M),
}

impl<M> SendError<M> {
    /// The message that was not accepted.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Down(message) => message,
        }
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the component's mailbox is full",
            Self::Down(_) => "the component is not running",
        })
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "SendError::Full",
            Self::Down(_) => "SendError::Down",
        })
    }
}

impl<M> Error for SendError<M> {}

/// No answer. With `Full` and `Down` nothing happened; with the other two the message may or may not have been handled.
pub enum AskError<M> {
    /// As many messages are waiting as the component's policy allows; the message is handed back.
    Full(M),
    /// The component has failed, is cooling down or has been stopped; the message is handed back.
    Down(M),
    /// The component failed, or was stopped, before it answered.
    Restarted,
    /// The deadline passed. A message that has not been started by then is not started any more.
    DeadlinePassed,
}

impl<M> fmt::Display for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the component's mailbox is full",
            Self::Down(_) => "the component is not running",
            Self::Restarted => "the component was restarted before it answered",
            Self::DeadlinePassed => "the component did not answer in time",
        })
    }
}

impl<M> fmt::Debug for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "AskError::Full",
            Self::Down(_) => "AskError::Down",
            Self::Restarted => "AskError::Restarted",
            Self::DeadlinePassed => "AskError::DeadlinePassed",
        })
    }
}

impl<M> Error for AskError<M> {}

impl<M> From<SendError<M>> for AskError<M> {
    fn from(error: SendError<M>) -> Self {
        match error {
            SendError::Full(message) => Self::Full(message),
            SendError::Down(message) => Self::Down(message),
        }
    }
}
