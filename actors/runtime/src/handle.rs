//! What everybody else holds of a component.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::Handler;
use actix::dev::Message;

use crate::slot::Slot;
use crate::{AskError, Component, Health, Idempotent, Port, SendError, Snapshot};

/// A stable reference to a component. It stays valid across restarts, and can be used from any tokio task.
pub struct Handle<A: Component> {
    slot: Arc<Slot<A>>,
}

impl<A: Component> Handle<A> {
    pub(crate) const fn of(slot: Arc<Slot<A>>) -> Self {
        Self { slot }
    }

    /// Sends a message without waiting for anything.
    ///
    /// # Errors
    /// Hands the message back when the mailbox is full or the component is down.
    pub fn tell<M>(&self, m: M) -> Result<(), SendError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        self.slot.push(m, None, None)
    }

    /// Sends a message and waits for room in the mailbox if there is none: how a fast sender goes no faster than the
    /// component. Returns when the message is in the mailbox, not when it is handled.
    ///
    /// Those who wait get room in the order in which they came, and [`Handle::tell`] and [`Handle::ask`] find the mailbox
    /// full meanwhile. (Two who get room at the same time put their messages in when they are there.) A restart of the component keeps the line. There is no deadline: put one around it.
    /// Dropping the future leaves the line; the message is then dropped with it and was not sent.
    ///
    /// # Errors
    /// Hands the message back when the component is down, also when it goes down while the message waits for room, is
    /// stopped or drained. Never [`SendError::Full`].
    pub async fn tell_wait<M>(&self, m: M) -> Result<(), SendError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        self.slot.push_when_room(m).await
    }

    /// Sends a message and waits for the answer, at most until the deadline has passed.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask<M>(&self, m: M, deadline: Duration) -> Result<M::Result, AskError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        crate::ask::ask(&self.slot, m, deadline).await
    }

    /// Like [`Handle::ask`], but asks again, within the same deadline, when the component was restarted before it
    /// answered or its mailbox was full. Only for messages that may be handled twice.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask_retry<M>(&self, m: M, deadline: Duration) -> Result<M::Result, AskError<M>>
    where
        A: Handler<M>,
        M: Message + Idempotent + Clone + Send + 'static,
        M::Result: Send,
    {
        crate::ask::ask_retry(&self.slot, m, deadline).await
    }

    /// A handle for one type of message that does not name the component's type.
    #[must_use]
    pub fn port<M>(&self) -> Port<M>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        Port::of(self.clone())
    }

    /// The id the component was registered with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.slot.id
    }

    /// How the component is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.slot.health()
    }

    /// The component's figures at this moment.
    #[must_use]
    pub fn metrics(&self) -> Snapshot {
        self.slot.snapshot()
    }
}

impl<A: Component> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<A: Component> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("component", &A::NAME)
            .field("id", &self.slot.id)
            .finish()
    }
}
