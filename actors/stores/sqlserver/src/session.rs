//! One connection to the server, closed when it is dropped.

use crate::errors;
use crate::settings::{DEFAULT_PORT, Encrypt, Settings};
use crate::socket::{Socket, Traffic};
use sluice_contract::{Code, Fault};
use std::net::SocketAddr;
use std::time::Duration;
use tiberius::error::Error;
use tiberius::{Client, EncryptionLevel, Row, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// What every session sets: the behaviour of ADO.NET's sessions, transactions that end with their first error, whole texts,
/// and no wait for a lock without end.
const SETUP: &str = "SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; \
     SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF; SET IMPLICIT_TRANSACTIONS OFF; \
     SET XACT_ABORT ON; SET TEXTSIZE 2147483647; SET DATEFORMAT ymd; SET LOCK_TIMEOUT 30000";

/// How often a server may send a login on to another.
const ROUTES: usize = 3;
/// How long the answer to a short statement may take: longer than any wait for a lock.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the answer to an attention may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection.
pub(crate) struct Session {
    client: Client<Compat<Socket>>,
    traffic: Traffic,
}

impl Session {
    /// Connects, logs in and sets the session up.
    ///
    /// # Errors
    /// `SL6001`, `SL6002`, `SL6003`, `SL6014`.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let (addresses, port) = locate(settings).await?;
        let mut session = Self::login(settings, &addresses, port).await?;
        session.run("setting the session up", SETUP).await?;
        Ok(session)
    }

    /// Connects to the first address that answers, and logs in.
    ///
    /// # Errors
    /// `SL6001`, `SL6002`, `SL6003`, `SL6014`.
    pub(crate) async fn login(settings: &Settings, addresses: &[SocketAddr], port: u16) -> Result<Self, Fault> {
        let levels: &[EncryptionLevel] = match settings.encrypt {
            // A server without any TLS is asked once more, as it wants it.
            Encrypt::Optional => &[EncryptionLevel::Off, EncryptionLevel::NotSupported],
            Encrypt::Mandatory => &[EncryptionLevel::Required],
            Encrypt::Strict => &[EncryptionLevel::Strict],
        };
        let mut outcome = Err(Fault::new(Code::Internal, "no level of encryption was tried"));
        for level in levels {
            outcome = Self::login_at(settings, addresses, port, *level).await;
            match &outcome {
                Err(fault) if matches!(fault.code, Code::TlsFailed | Code::StoreUnreachable) => {}
                _ => break,
            }
        }
        outcome
    }

    async fn login_at(
        settings: &Settings,
        addresses: &[SocketAddr],
        port: u16,
        level: EncryptionLevel,
    ) -> Result<Self, Fault> {
        let (mut host, mut port, mut addresses) = (settings.host.clone(), port, addresses.to_vec());
        for _ in 0..ROUTES {
            let doing = format!("connecting to {host}:{port}");
            let tcp = connect(settings, &addresses)
                .await
                .map_err(|fault| fault.context(&doing))?;
            let traffic = Traffic::default();
            let socket = Socket::new(tcp, traffic.clone())
                .map_err(|error| Fault::new(Code::StoreUnreachable, format!("{doing}: {error}")))?;
            let config = settings.config(&host, port, level);
            let logging_in = Client::connect(config, socket.compat_write());
            let outcome = tokio::time::timeout(settings.timeout, logging_in).await;
            match outcome.map_err(|_| unanswered(&doing, settings.timeout))? {
                Ok(client) => return Ok(Self { client, traffic }),
                // Azure SQL sends logins on to the node that has the database. Wherever that is: the node's policy is asked.
                Err(Error::Routing { host: next, port: at }) => {
                    let routed = settings.network.addresses(&next, at).await;
                    addresses = routed.map_err(|fault| fault.context(format!("{doing}: it sends the login on")))?;
                    (host, port) = (next, at);
                }
                Err(error) => return Err(errors::fault(&doing, &error)),
            }
        }
        let text = format!("{} sends logins on from server to server without end", settings.place());
        Err(Fault::new(Code::StoreUnreachable, text))
    }

    /// The driver's connection.
    pub(crate) fn client(&mut self) -> &mut Client<Compat<Socket>> {
        &mut self.client
    }

    /// What went through this connection.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Runs a batch that returns nothing.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn run(&mut self, doing: &str, batch: &str) -> Result<(), Fault> {
        self.rows(doing, batch).await.map(drop)
    }

    /// Runs a batch; the rows of its first result.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn rows(&mut self, doing: &str, batch: &str) -> Result<Vec<Row>, Fault> {
        let work = async { self.client.simple_query(batch).await?.into_first_result().await };
        within(doing, work).await
    }

    /// Runs a statement with parameters; the rows of its first result.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn query(
        &mut self,
        doing: &str,
        statement: &str,
        values: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Fault> {
        let work = async { self.client.query(statement, values).await?.into_first_result().await };
        within(doing, work).await
    }

    /// Runs a batch for as long as it takes; the rows of its first result. For what grows with the data.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn long(&mut self, doing: &str, batch: &str) -> Result<Vec<Row>, Fault> {
        let work = async { self.client.simple_query(batch).await?.into_first_result().await };
        work.await.map_err(|error| errors::fault(doing, &error))
    }

    /// The same; the rows of its last result. Triggers may return some of their own before it.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn last(&mut self, doing: &str, batch: &str) -> Result<Vec<Row>, Fault> {
        let work = async { self.client.simple_query(batch).await?.into_results().await };
        let results = work.await.map_err(|error| errors::fault(doing, &error))?;
        Ok(results.into_iter().next_back().unwrap_or_default())
    }

    /// Stops what is running, by an attention; the connection ends with it.
    pub(crate) async fn cancel(mut self) {
        match tokio::time::timeout(CANCEL_TIMEOUT, self.client.cancel_query()).await {
            Ok(Ok(())) => {}
            // It was sent all the same, and the closed connection says the rest.
            Ok(Err(error)) => tracing::debug!(%error, "SQL Server's answer to an attention is not understood"),
            Err(_) => tracing::debug!("SQL Server does not answer an attention"),
        }
    }
}

/// The one value of a row, of the type that it has to be of.
///
/// # Errors
/// `SL6009` when the server has sent something else.
pub(crate) fn value<'a, T: tiberius::FromSql<'a>>(
    row: &'a Row,
    column: usize,
    doing: &str,
) -> Result<Option<T>, Fault> {
    row.try_get(column)
        .map_err(|error| Fault::new(Code::StoreFailed, format!("{doing}: unexpected answer: {error}")))
}

async fn within<T>(doing: &str, work: impl Future<Output = tiberius::Result<T>>) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome.map_err(|error| errors::fault(doing, &error)),
        Err(_) => Err(unanswered(doing, PATIENCE)),
    }
}

fn unanswered(doing: &str, patience: Duration) -> Fault {
    let text = format!("{doing}: no answer within {} s", patience.as_secs());
    Fault::new(Code::StoreUnreachable, text)
}

/// The addresses of the server, and the port to connect to.
///
/// # Errors
/// `SL6001`, and `SL5021` of the node's policy.
pub(crate) async fn locate(settings: &Settings) -> Result<(Vec<SocketAddr>, u16), Fault> {
    let Some(instance) = &settings.instance else {
        let port = settings.port.unwrap_or(DEFAULT_PORT);
        let addresses = settings.network.addresses(&settings.host, port).await?;
        return Ok((addresses, port));
    };
    let found = settings.network.resolve(&settings.host, settings.port).await?;
    let port = crate::browser::port(&found, settings.browser, instance).await?;
    // Only now it is known.
    settings.network.permit(&settings.host, port, &found).await?;
    let addresses = found.into_iter().map(|address| SocketAddr::new(address, port));
    Ok((addresses.collect(), port))
}

/// A connection to the first address that takes it.
///
/// # Errors
/// `SL6001`.
pub(crate) async fn connect(settings: &Settings, addresses: &[SocketAddr]) -> Result<TcpStream, Fault> {
    match tokio::time::timeout(settings.timeout, TcpStream::connect(addresses)).await {
        Ok(Ok(tcp)) => Ok(tcp),
        Ok(Err(error)) => Err(Fault::new(Code::StoreUnreachable, error.to_string())),
        Err(_) => Err(Fault::new(Code::StoreUnreachable, "no answer in time")),
    }
}
