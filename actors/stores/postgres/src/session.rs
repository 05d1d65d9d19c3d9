//! One connection to the server, closed when it is dropped.

use crate::errors;
use crate::settings::{CONNECT_TIMEOUT, Settings};
use crate::socket::{ConnectFailed, Socket};
use crate::tap::{Tap, Valve};
use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_wire::tls::Tls;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, CopyOutStream, NoTls};

/// What every session sets: texts that survive a round trip, no wait for a lock without end, and no end of a transaction that
/// only keeps a snapshot.
const SETUP: &str = "SET extra_float_digits = 3; SET IntervalStyle = postgres; SET lock_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = 0; SET standard_conforming_strings = on";

const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection.
pub(crate) struct Session {
    client: Client,
    task: Option<JoinHandle<()>>,
    cancel: CancelToken,
    settings: Settings,
    tls: Tls,
    valve: Valve,
    running: bool,
}

impl Session {
    /// Connects, logs in and sets the session up.
    ///
    /// # Errors
    /// `SL6001`, `SL6002`, `SL6003`, `SL6014`.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let tls = settings.tls()?;
        let session = Self::login(settings, tls).await.map_err(|failed| failed.fault)?;
        const DOING: &str = "setting the session up";
        let set_up = tokio::time::timeout(CONNECT_TIMEOUT, session.run(DOING, SETUP));
        match set_up.await {
            Ok(done) => done.map(|()| session),
            Err(_) => Err(unanswered(DOING)),
        }
    }

    /// Connects and logs in only.
    pub(crate) async fn login(settings: &Settings, tls: Tls) -> Result<Self, ConnectFailed> {
        let socket = Socket::connect(settings, &tls).await?;
        let (tap, valve) = Tap::new(socket);
        let failed = |fault| ConnectFailed { tls: false, fault };
        let doing = format!("connecting to {}:{}", settings.host, settings.port);
        let config = settings.config();
        let connecting = config.connect_raw(tap, NoTls);
        let (client, connection) = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(failed(errors::fault(&doing, &error))),
            Err(_) => return Err(failed(unanswered(&doing))),
        };
        let cancel = client.cancel_token();
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "PostgreSQL connection ended");
            }
        });
        Ok(Self {
            client,
            task: Some(task),
            cancel,
            settings: settings.clone(),
            tls,
            valve,
            running: false,
        })
    }

    /// Runs a COPY to the client, whose data come past the driver; see [`Tap`].
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn copy_past(
        &self,
        doing: &str,
        statement: &str,
        bytes: Arc<AtomicU64>,
    ) -> Result<(CopyOutStream, mpsc::Receiver<Bytes>), Fault> {
        let pieces = self.valve.open(bytes);
        let copy = self.client.copy_out(statement).await;
        Ok((copy.map_err(|error| errors::fault(doing, &error))?, pieces))
    }

    /// Runs statements that return nothing.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn run(&self, doing: &str, statements: &str) -> Result<(), Fault> {
        self.client
            .batch_execute(statements)
            .await
            .map_err(|error| errors::fault(doing, &error))
    }

    /// Says whether a long statement is running, which dropping the session then has to stop on the server.
    pub(crate) fn set_running(&mut self, running: bool) {
        self.running = running;
    }
}

fn unanswered(doing: &str) -> Fault {
    let text = format!("{doing}: no answer within {} s", CONNECT_TIMEOUT.as_secs());
    Fault::new(Code::StoreUnreachable, text)
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        match tokio::runtime::Handle::try_current() {
            // A server notices a closed socket only when it next writes to it, which a sorting query may do in an hour.
            Ok(runtime) if self.running => {
                let (cancel, settings, tls) = (self.cancel.clone(), self.settings.clone(), self.tls.clone());
                runtime.spawn(async move {
                    let cancelling = async {
                        let socket = Socket::connect(&settings, &tls).await.ok()?;
                        cancel.cancel_query_raw(socket, NoTls).await.ok()
                    };
                    if !matches!(tokio::time::timeout(CANCEL_TIMEOUT, cancelling).await, Ok(Some(()))) {
                        tracing::debug!("Cancel request was not delivered");
                    }
                    task.abort();
                });
            }
            _ if self.running => task.abort(),
            // Otherwise the driver says goodbye and closes by itself once the client is gone.
            _ => {}
        }
    }
}
