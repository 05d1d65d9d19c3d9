//! SQL Server Browser: tells the port of a named instance over UDP.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A running browser; ends when dropped.
pub(super) struct Browser {
    /// The port on 127.0.0.1.
    pub(super) port: u16,
    stopping: Arc<AtomicBool>,
}

impl Browser {
    pub(super) fn start(instance: &str, tcp: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let port = socket.local_addr().unwrap().port();
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, instance) = (Arc::clone(&stopping), instance.to_owned());
        std::thread::spawn(move || {
            let mut request = [0; 64];
            while !stop.load(Ordering::Relaxed) {
                let Ok((count, client)) = socket.recv_from(&mut request) else {
                    continue;
                };
                // CLNT_UCAST_INST: 4, then the instance's name.
                let asked = String::from_utf8_lossy(&request[1..count.max(1)])
                    .trim_end_matches('\0')
                    .to_owned();
                if request[0] != 4 || !asked.eq_ignore_ascii_case(&instance) {
                    continue;
                }
                let text =
                    format!("ServerName;PEER;InstanceName;{instance};IsClustered;No;Version;16.0.4001.0;tcp;{tcp};;");
                let mut answer = vec![5];
                answer.extend_from_slice(&(text.len() as u16).to_le_bytes());
                answer.extend_from_slice(text.as_bytes());
                let _ = socket.send_to(&answer, client);
            }
        });
        Self { port, stopping }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
