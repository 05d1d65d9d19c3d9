//! A handle that knows the message but not the component.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::Handler;
use actix::dev::Message;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::{AskError, Component, Handle, Health, SendError};

type Told<M> = Result<(), SendError<M>>;
type Answer<M> = Result<<M as Message>::Result, AskError<M>>;

trait Accepts<M: Message>: Send + Sync {
    fn tell(&self, m: M) -> Told<M>;
    fn tell_wait(&self, m: M) -> BoxFuture<'static, Told<M>>;
    fn ask(&self, m: M, deadline: Duration) -> BoxFuture<'static, Answer<M>>;
    fn id(&self) -> &str;
    fn health(&self) -> Health;
}

/// Sends messages of one type to a component whose type it does not name. Made with [`Handle::port`].
pub struct Port<M: Message> {
    target: Arc<dyn Accepts<M>>,
}

impl<M> Port<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    pub(crate) fn of<A>(handle: Handle<A>) -> Self
    where
        A: Component + Handler<M>,
    {
        Self {
            target: Arc::new(handle),
        }
    }

    /// Like [`Handle::tell`].
    ///
    /// # Errors
    /// Hands the message back when the mailbox is full or the component is down.
    pub fn tell(&self, m: M) -> Result<(), SendError<M>> {
        self.target.tell(m)
    }

    /// Like [`Handle::tell_wait`].
    ///
    /// # Errors
    /// Hands the message back when the component is down.
    pub async fn tell_wait(&self, m: M) -> Result<(), SendError<M>> {
        self.target.tell_wait(m).await
    }

    /// Like [`Handle::ask`].
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(&self, m: M, deadline: Duration) -> Result<M::Result, AskError<M>> {
        self.target.ask(m, deadline).await
    }

    /// The id the component was registered with.
    #[must_use]
    pub fn id(&self) -> &str {
        self.target.id()
    }

    /// How the component is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.target.health()
    }
}

impl<A, M> Accepts<M> for Handle<A>
where
    A: Component + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn tell(&self, m: M) -> Told<M> {
        Self::tell(self, m)
    }

    fn tell_wait(&self, m: M) -> BoxFuture<'static, Told<M>> {
        let handle = self.clone();
        async move { Self::tell_wait(&handle, m).await }.boxed()
    }

    fn ask(&self, m: M, deadline: Duration) -> BoxFuture<'static, Answer<M>> {
        let handle = self.clone();
        async move { Self::ask(&handle, m, deadline).await }.boxed()
    }

    fn id(&self) -> &str {
        Self::id(self)
    }

    fn health(&self) -> Health {
        Self::health(self)
    }
}

impl<M: Message> Clone for Port<M> {
    fn clone(&self) -> Self {
        Self {
            target: Arc::clone(&self.target),
        }
    }
}

impl<M: Message> fmt::Debug for Port<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").field("id", &self.target.id()).finish()
    }
}
