//! One connection to the server, closed when it is dropped.

use crate::errors;
use crate::settings::{CONNECT_TIMEOUT, Settings};
use crate::wire::channel::Socket;
use crate::wire::login::{LoggedIn, login};
use crate::wire::reply::{Answer, Dialogue, TextRow};
use crate::wire::{Definition, WireError};
use sluice_contract::{Code, Fault};
use sluice_store_wire::tls::Tls;
use socket2::{SockRef, TcpKeepalive};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};

/// What every session sets: moments in UTC, texts in UTF-8, patience with a copy that is slowed down on its other side,
/// and no endless wait for a lock.
const SETUP: &str = "SET NAMES utf8mb4, time_zone = '+00:00', net_read_timeout = 86400, net_write_timeout = 86400, \
     wait_timeout = 86400, lock_wait_timeout = 30, innodb_lock_wait_timeout = 30";

const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection.
pub(crate) struct Session {
    dialogue: Option<Dialogue>,
    settings: Arc<Settings>,
    id: u32,
    running: bool,
}

impl Session {
    /// Connects, logs in and sets the session up.
    ///
    /// # Errors
    /// `SL6001`, `SL6002`, `SL6003`, `SL6014`.
    pub(crate) async fn open(settings: &Arc<Settings>) -> Result<Self, Fault> {
        let tls = settings.tls()?;
        let mut session = Self::login(settings, &tls).await?;
        const DOING: &str = "setting the session up";
        match tokio::time::timeout(CONNECT_TIMEOUT, session.run(DOING, SETUP)).await {
            Ok(done) => done.map(|_| session),
            Err(_) => Err(unanswered(DOING)),
        }
    }

    /// Connects and logs in only.
    ///
    /// # Errors
    /// `SL6001`, `SL6002`, `SL6003`, `SL6014`.
    pub(crate) async fn login(settings: &Arc<Settings>, tls: &Tls) -> Result<Self, Fault> {
        let doing = format!("connecting to {}", settings.place());
        let connecting = async {
            let socket = connect(settings).await?;
            login(socket, settings.is_local(), settings, tls).await
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(LoggedIn { dialogue, greeting })) => Ok(Self {
                dialogue: Some(dialogue),
                settings: settings.clone(),
                id: greeting.id,
                running: false,
            }),
            Ok(Err(error)) => Err(errors::fault(&doing, &error)),
            Err(_) => Err(unanswered(&doing)),
        }
    }

    /// The exchange of packets.
    ///
    /// # Errors
    /// `SL9001` behind [`Self::close`], which takes the session with it.
    pub(crate) fn dialogue(&mut self) -> Result<&mut Dialogue, Fault> {
        self.dialogue
            .as_mut()
            .ok_or_else(|| Fault::new(Code::Internal, "the session is closed"))
    }

    /// Runs one statement, and collects the few rows that it gives.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn run(&mut self, doing: &str, statement: &str) -> Result<Answer, Fault> {
        let dialogue = self.dialogue()?;
        let answered = dialogue.query(statement).await;
        answered.map_err(|error| errors::fault(doing, &error))
    }

    /// The only row of a query's result; none when there is none.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn row(&mut self, doing: &str, query: &str) -> Result<Option<TextRow>, Fault> {
        Ok(self.run(doing, query).await?.rows.into_iter().next())
    }

    /// Has the server say what a query gives, without running it.
    ///
    /// # Errors
    /// `SL6010` when it has parameters; the server's.
    pub(crate) async fn describe(&mut self, doing: &str, query: &str) -> Result<(u32, Vec<Definition>), Fault> {
        let prepared = self.dialogue()?.prepare(query).await;
        let prepared = prepared.map_err(|error| errors::fault(doing, &error))?;
        if prepared.parameters > 0 {
            let text = format!("{doing}: the query has parameters (?), which have no values here");
            return Err(Fault::new(Code::QueryFailed, text));
        }
        Ok((prepared.id, prepared.columns))
    }

    /// Says whether a long statement is running, which dropping the session then has to stop on the server.
    pub(crate) fn set_running(&mut self, running: bool) {
        self.running = running;
    }

    /// Bytes received so far.
    pub(crate) fn received(&self) -> u64 {
        self.dialogue.as_ref().map_or(0, |dialogue| dialogue.channel.received())
    }
}

async fn connect(settings: &Settings) -> Result<Box<dyn Socket>, WireError> {
    if settings.is_local() {
        return Ok(Box::new(UnixStream::connect(&settings.host).await?));
    }
    let addresses = settings.network.addresses(&settings.host, settings.port).await;
    let addresses = addresses.map_err(WireError::NotReached)?;
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    stream.set_nodelay(true)?;
    // A peer that vanished without a word is noticed within a minute, whatever is being waited for.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(Box::new(stream))
}

fn unanswered(doing: &str) -> Fault {
    let text = format!("{doing}: no answer within {} s", CONNECT_TIMEOUT.as_secs());
    Fault::new(Code::StoreUnreachable, text)
}

impl Drop for Session {
    fn drop(&mut self) {
        let (Some(mut dialogue), Ok(runtime)) = (self.dialogue.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let (settings, id, running) = (self.settings.clone(), self.id, self.running);
        runtime.spawn(async move {
            if running {
                // A server notices a closed socket only when it next writes to it, which a sorting query may do in an hour.
                drop(dialogue);
                let killed = async {
                    let mut other = Session::login(&settings, &settings.tls()?).await?;
                    other.run("stopping a statement", &format!("KILL {id}")).await
                };
                if let Err(fault) = killed.await {
                    // Mostly: it has ended by itself.
                    tracing::debug!(%fault, "Statement was not stopped by the server");
                }
            } else {
                // Without a goodbye the server counts an aborted connection.
                let _ = tokio::time::timeout(KILL_TIMEOUT, dialogue.quit()).await;
            }
        });
    }
}
