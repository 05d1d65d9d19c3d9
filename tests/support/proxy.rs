//! A TCP peer between a client and a server, which can fall silent: its connections stay open and nothing moves any more.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A proxy on a free port of the loopback interface, as long as it is not dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// Connections made so far.
    made: Arc<AtomicU64>,
    /// Those up to this one are silent.
    silent: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to a port of 127.0.0.1.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (made, silent) = (Arc::new(AtomicU64::new(0)), watch::Sender::new(0));
        let (count, heard) = (made.clone(), silent.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(pass_on(client, server, number, heard.subscribe()));
            }
        });
        Self {
            port,
            made,
            silent,
            accepting,
        }
    }

    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        self.made.load(Ordering::SeqCst)
    }

    /// All connections that are there fall silent for good; later ones work.
    pub fn hush(&self) {
        self.silent.send_replace(self.connections());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass_on(client: TcpStream, server: u16, number: u64, silent: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
        return;
    };
    let (mut client_reads, mut client_writes) = client.into_split();
    let (mut server_reads, mut server_writes) = server.into_split();
    tokio::join!(
        flow(&mut client_reads, &mut server_writes, number, silent.clone()),
        flow(&mut server_reads, &mut client_writes, number, silent),
    );
}

async fn flow<R, W>(from: &mut R, to: &mut W, number: u64, mut silent: watch::Receiver<u64>)
where
    R: AsyncReadExt + Unpin,
    W: AsyncWriteExt + Unpin,
{
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            biased;
            hushed = async { silent.wait_for(|upto| *upto >= number).await.is_ok() } => {
                if hushed {
                    // Both sockets stay open, and nobody reads them.
                    std::future::pending::<()>().await;
                }
                return;
            }
            read = from.read(&mut buffer) => {
                let Ok(bytes @ 1..) = read else { break };
                if to.write_all(&buffer[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
    let _ = to.shutdown().await;
}
