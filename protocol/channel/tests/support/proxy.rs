//! A TCP proxy that can break connections, or stop to forward without breaking them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// The proxy; dropping it breaks its connections.
pub struct Proxy {
    pub address: SocketAddr,
    frozen: Arc<AtomicBool>,
    cut: CancellationToken,
}

impl Proxy {
    /// A proxy in front of a server.
    pub fn start(upstream: SocketAddr) -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let proxy = Self {
            address: socket.local_addr().unwrap(),
            frozen: Arc::default(),
            cut: CancellationToken::new(),
        };
        let (frozen, cut) = (proxy.frozen.clone(), proxy.cut.clone());
        let listener = TcpListener::from_std(socket).unwrap();
        let stop = cut.clone();
        let accept = async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(upstream).await else {
                    continue;
                };
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                let up = forward(near_read, far_write, frozen.clone());
                let down = forward(far_read, near_write, frozen.clone());
                let cut = cut.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = async { tokio::join!(up, down); } => {}
                        () = cut.cancelled() => {}
                    }
                });
            }
        };
        tokio::spawn(async move {
            tokio::select! {
                () = accept => {}
                () = stop.cancelled() => {}
            }
        });
        proxy
    }

    /// Breaks every connection, for good.
    pub fn cut(&self) {
        self.cut.cancel();
    }

    /// Forwards nothing more, and breaks nothing.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    frozen: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(n) = from.read(&mut bytes).await {
        if frozen.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if n == 0 || to.write_all(&bytes[..n]).await.is_err() {
            break;
        }
    }
    // One direction's end is the other side's to answer.
    let _ = to.shutdown().await;
}
