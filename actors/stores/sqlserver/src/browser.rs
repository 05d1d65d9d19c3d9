//! Asking SQL Server Browser for the port of a named instance.

use sluice_contract::{Code, Fault};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Where it listens.
pub(crate) const PORT: u16 = 1434;

/// Datagrams are lost: how often one is sent, and how long its answer may take.
const TRIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(1);

/// The request for one instance, and the kind of its answer.
const UNICAST_INSTANCE: u8 = 4;
const ANSWER: u8 = 5;

/// The TCP port of an instance.
///
/// # Errors
/// `SL6001` when nobody answers, or the instance has no TCP port.
pub(crate) async fn port(addresses: &[IpAddr], browser: u16, instance: &str) -> Result<u16, Fault> {
    let failed = |text: String| {
        Fault::new(
            Code::StoreUnreachable,
            format!("asking for the instance {instance:?}: {text}"),
        )
    };
    let Some(address) = addresses.first() else {
        return Err(failed("the server has no address".to_owned()));
    };
    let to = SocketAddr::new(*address, browser);
    let local: SocketAddr = match to {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let asked = async {
        let socket = UdpSocket::bind(local).await?;
        socket.connect(to).await?;
        let mut request = vec![UNICAST_INSTANCE];
        request.extend_from_slice(instance.as_bytes());
        request.push(0);
        let mut answer = vec![0; 1024];
        for _ in 0..TRIES {
            socket.send(&request).await?;
            if let Ok(received) = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await {
                answer.truncate(received?);
                return Ok(Some(answer));
            }
        }
        Ok::<_, std::io::Error>(None)
    };
    let answer = asked.await.map_err(|error| failed(format!("{to}: {error}")))?;
    let answer = answer.ok_or_else(|| {
        failed(format!(
            "SQL Server Browser does not answer at {to} (UDP): name the port, as in host,1433"
        ))
    })?;
    read(&answer).ok_or_else(|| failed("SQL Server Browser names no TCP port for it".to_owned()))
}

/// `5, length, "ServerName;X;InstanceName;Y;...;tcp;1433;;"`.
pub(crate) fn read(answer: &[u8]) -> Option<u16> {
    let text = match answer {
        [ANSWER, _, _, text @ ..] => String::from_utf8_lossy(text),
        _ => return None,
    };
    let mut parts = text.split(';');
    while let Some(name) = parts.next() {
        let value = parts.next()?;
        if name.eq_ignore_ascii_case("tcp") {
            return value.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn answers_are_read_and_junk_is_not() {
        let text = b"\x05\x40\0ServerName;H;InstanceName;I;IsClustered;No;Version;15.0;np;\\\\H\\pipe;tcp;49172;;";
        assert_eq!(read(text), Some(49172));
        for junk in [
            &b""[..],
            b"\x05",
            b"\x05\0\0tcp",
            b"\x05\0\0tcp;x;;",
            b"\x04\0\0tcp;1;;",
            b"\x05\0\0ServerName;tcp;;",
        ] {
            assert_eq!(read(junk), None);
        }
    }
}
