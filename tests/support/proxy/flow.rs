//! One connection through the proxy.

use super::{Shared, UNLIMITED, Weather};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// Read at a time.
const CHUNK: usize = 16 * 1024;
/// Pieces under way in one direction; a delay must not become a throttle.
const UNDER_WAY: usize = 256;

/// How a connection ends.
enum End {
    /// Both sides closed it.
    Closed,
    /// Both sides see it reset.
    Reset,
    /// The server sees it closed.
    Orphaned,
}

pub(super) async fn pass_on(mut client: TcpStream, server: u16, number: u64, shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    shared.open.fetch_add(1, Ordering::SeqCst);
    let end = {
        let (client_reads, client_writes) = client.split();
        let (server_reads, server_writes) = server.split();
        let both = async {
            tokio::try_join!(
                flow(client_reads, server_writes, number, &shared),
                flow(server_reads, client_writes, number, &shared),
            )
        };
        tokio::select! {
            biased;
            end = ended(shared.weather.subscribe(), number) => end,
            both = both => both.map_or(End::Reset, |_| End::Closed),
        }
    };
    match end {
        End::Closed => {}
        End::Reset => {
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
        End::Orphaned => {
            drop(server);
            // The client's end is held until it goes away itself, or the test is over.
            let mut rest = vec![0; CHUNK];
            let reset = shared.weather.subscribe();
            tokio::select! {
                () = async { while matches!(client.read(&mut rest).await, Ok(1..)) {} } => {}
                () = cut(reset, number) => {}
            }
        }
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn cut(mut weather: watch::Receiver<Weather>, number: u64) {
    let _ = weather.wait_for(|weather| weather.cut >= number).await;
}

async fn ended(mut weather: watch::Receiver<Weather>, number: u64) -> End {
    match weather
        .wait_for(|weather| weather.cut >= number || weather.orphaned >= number)
        .await
    {
        Ok(weather) if weather.cut < number => End::Orphaned,
        _ => End::Reset,
    }
}

/// The connection is to be reset.
struct Reset;

/// Passes one direction on, until the sender has closed it.
async fn flow(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    number: u64,
    shared: &Shared,
) -> Result<(), Reset> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut weather = shared.weather.subscribe();
        let mut buffer = vec![0; CHUNK];
        loop {
            moving(&mut weather, number).await;
            let Ok(bytes @ 1..) = from.read(&mut buffer).await else {
                return;
            };
            let latency = weather.borrow().latency;
            let piece = (Instant::now() + latency, buffer[..bytes].to_vec());
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    let write = async {
        let mut weather = shared.weather.subscribe();
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            moving(&mut weather, number).await;
            let allowed = allowance(shared, piece.len());
            if to.write_all(&piece[..allowed]).await.is_err() {
                return Err(Reset);
            }
            shared.bytes.fetch_add(allowed as u64, Ordering::SeqCst);
            if allowed < piece.len() {
                // What did pass arrives before the reset does.
                let _ = to.flush().await;
                sleep(Duration::from_millis(20)).await;
                return Err(Reset);
            }
            let rate = weather.borrow().rate;
            if rate > 0 {
                sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await;
            }
        }
        let _ = to.shutdown().await;
        Ok(())
    };
    let reading = async {
        read.await;
        // What was read is still being written.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        written = write => written,
        () = reading => Err(Reset),
    }
}

/// Resolves as soon as something may move on this connection.
async fn moving(weather: &mut watch::Receiver<Weather>, number: u64) {
    let moves = weather
        .wait_for(|weather| !weather.frozen && weather.silent < number)
        .await
        .is_ok();
    if !moves {
        std::future::pending::<()>().await;
    }
}

/// How much of so many bytes may pass.
fn allowance(shared: &Shared, bytes: usize) -> usize {
    let taken = shared
        .budget
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |budget| {
            let left = budget - bytes as i64;
            match budget {
                UNLIMITED => None,
                // The next connection works again.
                _ if left <= 0 => Some(UNLIMITED),
                _ => Some(left),
            }
        });
    match taken {
        Ok(budget) if budget <= bytes as i64 => {
            shared.struck.store(true, Ordering::SeqCst);
            // At least a byte is missing, so that the connection ends here.
            (budget.max(0) as usize).min(bytes - 1)
        }
        _ => bytes,
    }
}
